// SPDX-License-Identifier: GPL-2.0-only
/*
 * The IPI domain of a real MIPS GIC, if the system has one: R2, R16.
 */

#include <linux/cpu.h>
#include <linux/delay.h>
#include <linux/interrupt.h>
#include <linux/irq.h>
#include <linux/irqdomain.h>
#include <linux/of.h>

#include <asm/mips-cps.h>

#include <kunit/test.h>

#define MAX_IPIS	64

static DEFINE_PER_CPU(unsigned int, received);

static irqreturn_t count_received(int irq, void *dev)
{
	(*(unsigned int *)dev)++;
	return IRQ_HANDLED;
}

static void enable_here(void *virq)
{
	enable_percpu_irq((unsigned long)virq, IRQ_TYPE_NONE);
}

static void disable_here(void *virq)
{
	disable_percpu_irq((unsigned long)virq);
}

static int gic_init(struct kunit *test)
{
	struct device_node *node;

	if (!mips_gic_present())
		kunit_skip(test, "no GIC");

	node = of_find_compatible_node(NULL, NULL, "mti,gic");
	test->priv = irq_find_ipi_domain(of_node_to_fwnode(node));
	of_node_put(node);
	KUNIT_ASSERT_NOT_NULL(test, test->priv);
	return 0;
}

/* Reserve IPIs to one CPU until there are no more hwirqs */
static unsigned int exhaust(struct kunit *test, int *virqs)
{
	unsigned int n = 0;
	int virq;

	while ((virq = irq_reserve_ipi(test->priv, cpumask_of(0))) > 0) {
		KUNIT_ASSERT_LT(test, n, MAX_IPIS);
		virqs[n++] = virq;
	}
	KUNIT_EXPECT_EQ(test, virq, -ENOSPC);
	return n;
}

/* R2: with no hwirqs left it is -ENOSPC, and all come back */
static void gic_exhausted(struct kunit *test)
{
	int virqs[MAX_IPIS];
	unsigned int n, first = 0;

	for (int i = 0; i < 3; i++) {
		n = exhaust(test, virqs);
		KUNIT_EXPECT_GE(test, n, num_possible_cpus());
		if (i)
			KUNIT_EXPECT_EQ(test, n, first);
		first = n;
		while (n--)
			KUNIT_EXPECT_EQ(test, irq_destroy_ipi(virqs[n], NULL), 0);
	}
}

/* Every target gets the IPI, nobody else does, and each of them once */
static void expect_delivery(struct kunit *test, int virq, const struct cpumask *mask)
{
	unsigned int cpu, tries;

	for_each_possible_cpu(cpu)
		per_cpu(received, cpu) = 0;

	KUNIT_ASSERT_EQ(test, 0, request_percpu_irq(virq, count_received, "kunit",
						    &received));
	cpus_read_lock();
	on_each_cpu_mask(mask, enable_here, (void *)(unsigned long)virq, true);

	KUNIT_EXPECT_EQ(test, irq_send_ipi_all(virq), 0);
	for (tries = 0; tries < 100; tries++) {
		unsigned int missing = 0;

		for_each_cpu_and(cpu, mask, cpu_online_mask)
			missing += !READ_ONCE(per_cpu(received, cpu));
		if (!missing)
			break;
		msleep(20);
	}

	on_each_cpu_mask(mask, disable_here, (void *)(unsigned long)virq, true);
	for_each_online_cpu(cpu)
		KUNIT_EXPECT_EQ(test, per_cpu(received, cpu), cpumask_test_cpu(cpu, mask));
	cpus_read_unlock();
	free_percpu_irq(virq, &received);
}

/* R2: a mask with a hole, and a number for each target that is really its own */
static void gic_mask_with_hole(struct kunit *test)
{
	struct cpumask *mask = kunit_kzalloc(test, cpumask_size(), GFP_KERNEL);
	unsigned int last = cpumask_last(cpu_possible_mask);
	int virq;

	KUNIT_ASSERT_NOT_NULL(test, mask);
	KUNIT_ASSERT_GT(test, last, 1);
	cpumask_set_cpu(0, mask);
	cpumask_set_cpu(last, mask);

	virq = irq_reserve_ipi(test->priv, mask);
	KUNIT_ASSERT_GT(test, virq, 0);
	KUNIT_EXPECT_NE(test, ipi_get_hwirq(virq, 0), ipi_get_hwirq(virq, last));
	KUNIT_EXPECT_EQ(test, ipi_get_hwirq(virq, 1), INVALID_HWIRQ);
	expect_delivery(test, virq, mask);
	KUNIT_EXPECT_EQ(test, irq_destroy_ipi(virq, NULL), 0);
}

/* R2, R16: every other hwirq is taken, and an IPI to all CPUs works still */
static void gic_fragmented(struct kunit *test)
{
	unsigned int n, i, cpu, rows = 0;
	irq_hw_number_t hwirq, prev = 0;
	int virqs[MAX_IPIS], virq;

	n = exhaust(test, virqs);
	for (i = 0; i < n; i += 2)
		KUNIT_EXPECT_EQ(test, irq_destroy_ipi(virqs[i], NULL), 0);

	virq = irq_reserve_ipi(test->priv, cpu_possible_mask);
	KUNIT_EXPECT_GT(test, virq, 0);
	if (virq > 0) {
		for_each_possible_cpu(cpu) {
			hwirq = ipi_get_hwirq(virq, cpu);
			rows += cpu && hwirq == prev + 1;
			prev = hwirq;
		}
		/* It is no run, so the space was fragmented indeed */
		KUNIT_EXPECT_EQ(test, rows, 0);
		expect_delivery(test, virq, cpu_possible_mask);
		KUNIT_EXPECT_EQ(test, irq_destroy_ipi(virq, NULL), 0);
	}

	for (i = 1; i < n; i += 2)
		KUNIT_EXPECT_EQ(test, irq_destroy_ipi(virqs[i], NULL), 0);
}

/* R16: an IPI which nobody received does not hit the next owner of the hwirq */
static void gic_no_stale_ipi(struct kunit *test)
{
	int virq = irq_reserve_ipi(test->priv, cpu_possible_mask);
	irq_hw_number_t hwirq;

	KUNIT_ASSERT_GT(test, virq, 0);
	hwirq = ipi_get_hwirq(virq, 0);
	KUNIT_EXPECT_EQ(test, irq_send_ipi_all(virq), 0);
	KUNIT_ASSERT_EQ(test, irq_destroy_ipi(virq, NULL), 0);

	virq = irq_reserve_ipi(test->priv, cpu_possible_mask);
	KUNIT_ASSERT_GT(test, virq, 0);
	KUNIT_EXPECT_EQ(test, ipi_get_hwirq(virq, 0), hwirq);
	expect_delivery(test, virq, cpu_possible_mask);
	KUNIT_EXPECT_EQ(test, irq_destroy_ipi(virq, NULL), 0);
}

/* R9: a VP which is not there, or is a CPU of Linux, is no external target */
static void gic_external_refused(struct kunit *test)
{
	unsigned int cpu;

	KUNIT_EXPECT_EQ(test, irq_reserve_ipi_external(test->priv, 4096), -EINVAL);
	for_each_possible_cpu(cpu) {
		KUNIT_EXPECT_EQ(test, -EINVAL,
				irq_reserve_ipi_external(test->priv, mips_cm_vp_id(cpu)));
	}
}

static struct kunit_case gic_cases[] = {
	KUNIT_CASE(gic_exhausted),
	KUNIT_CASE(gic_mask_with_hole),
	KUNIT_CASE(gic_fragmented),
	KUNIT_CASE(gic_no_stale_ipi),
	KUNIT_CASE(gic_external_refused),
	{ }
};

static struct kunit_suite gic_suite = {
	.name		= "ipi-mips-gic",
	.init		= gic_init,
	.test_cases	= gic_cases,
};
kunit_test_suite(gic_suite);

MODULE_DESCRIPTION("KUnit tests for IPIs on the MIPS GIC");
MODULE_LICENSE("GPL");
