// SPDX-License-Identifier: GPL-2.0-only
/*
 * The IPI domain of the MIPS CPU interrupt controller. SMP takes both of its
 * hwirqs, so they are left if the system was booted with nr_cpus=1.
 */

#include <linux/delay.h>
#include <linux/irq.h>
#include <linux/irqdomain.h>
#include <linux/percpu.h>

#include <asm/cpu-features.h>
#include <asm/mach-generic/irq.h>
#include <asm/mipsregs.h>

#include "real.h"

#define NR_SW_IRQS	2

/* An interrupt of the CPU which is for devices */
#define CPU_INTC_DEVICE	2

static int cpu_intc_init(struct kunit *test)
{
	struct irq_data *data;

	if (!cpu_has_mipsmt)
		kunit_skip(test, "no MT ASE");
	if (num_possible_cpus() > 1)
		kunit_skip(test, "SMP has both software interrupts");

	/* The default one, unless a controller like the GIC is in front */
	test->priv = irq_find_ipi_domain(NULL);
	KUNIT_ASSERT_NOT_NULL(test, test->priv);
	data = irq_get_irq_data(MIPS_CPU_IRQ_BASE + CPU_INTC_DEVICE);
	KUNIT_ASSERT_NOT_NULL(test, data);
	if (((struct irq_domain *)test->priv)->parent != data->domain)
		kunit_skip(test, "another controller has the IPIs");
	return 0;
}

/* There are two hwirqs, a third one is -ENOSPC, and both come back */
static void cpu_intc_exhausted(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, real_expect_all_back(test, test->priv), NR_SW_IRQS);
}

/* Each of the two is delivered, also when the IPI which had it before was not */
static void cpu_intc_delivery(struct kunit *test)
{
	const struct cpumask *mask = cpumask_of(0);
	int virqs[NR_SW_IRQS];

	for (int i = 0; i < NR_SW_IRQS; i++) {
		virqs[i] = ipi_test_reserve(test, test->priv, mask);
		KUNIT_EXPECT_EQ(test, ipi_get_hwirq(virqs[i], 0), i);
		KUNIT_EXPECT_EQ(test, irq_send_ipi_all(virqs[i]), 0);
		KUNIT_ASSERT_EQ(test, irq_destroy_ipi(virqs[i], NULL), 0);
		virqs[i] = ipi_test_reserve(test, test->priv, mask);
	}
	for (int i = 0; i < NR_SW_IRQS; i++)
		real_expect_delivery(test, virqs[i], mask);
}

/* A masked IPI waits until it is unmasked, and an unmasked one is let through */
static void cpu_intc_mask_and_unmask(struct kunit *test)
{
	int virq = ipi_test_reserve(test, test->priv, cpumask_of(0));
	unsigned int bit = IE_SW0 << ipi_get_hwirq(virq, 0);

	ipi_test_request(test, virq, ipi_test_count);
	ipi_test_enable_on(cpumask_of(0), virq);
	KUNIT_EXPECT_TRUE(test, read_c0_status() & bit);
	ipi_test_disable_on(cpumask_of(0), virq);
	KUNIT_EXPECT_FALSE(test, read_c0_status() & bit);

	/* The next timer interrupt is no occasion to handle it */
	KUNIT_EXPECT_EQ(test, irq_send_ipi_all(virq), 0);
	msleep(20);
	KUNIT_EXPECT_EQ(test, per_cpu(ipi_test_received, 0), 0);
	ipi_test_enable_on(cpumask_of(0), virq);
	msleep(20);
	KUNIT_EXPECT_EQ(test, per_cpu(ipi_test_received, 0), 1);
}

/* No device can have a software interrupt, whether an IPI has it or not */
static void cpu_intc_no_device(struct kunit *test)
{
	struct irq_domain *ipi = test->priv;

	for (int i = 0; i < NR_SW_IRQS; i++)
		KUNIT_EXPECT_EQ(test, irq_create_mapping(ipi->parent, i), 0);
}

/* Processors outside of Linux are out of reach */
static void cpu_intc_external(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, irq_reserve_ipi_external(test->priv, 1), -EINVAL);
}

static struct kunit_case cpu_intc_cases[] = {
	KUNIT_CASE(cpu_intc_exhausted),
	KUNIT_CASE(cpu_intc_delivery),
	KUNIT_CASE(cpu_intc_mask_and_unmask),
	KUNIT_CASE(cpu_intc_no_device),
	KUNIT_CASE(cpu_intc_external),
	{ }
};

static struct kunit_suite cpu_intc_suite = {
	.name		= "ipi-mips-cpu",
	.init		= cpu_intc_init,
	.test_cases	= cpu_intc_cases,
};

kunit_test_suite(cpu_intc_suite);

MODULE_DESCRIPTION("KUnit tests for IPIs on the MIPS CPU interrupt controller");
MODULE_LICENSE("GPL");
