// SPDX-License-Identifier: GPL-2.0-only
/*
 * Receiving IPIs.
 */

#include <linux/irq.h>
#include <linux/irqdesc.h>
#include <linux/kernel_stat.h>
#include <linux/percpu.h>
#include <linux/slab.h>
#include <linux/smp.h>

#include "fake.h"

/* A hwirq ends up in the handler of its IPI, on the CPU it was raised on */
static void receive_runs_handler(struct kunit *test)
{
	const struct fake_case *param = test->param_value;
	struct fake_ipi *fake = test->priv;
	struct cpumask *mask = fake_mask(test, param->mask);
	int virq = fake_reserve_and_request(test, fake, mask);
	unsigned int cpu;

	ipi_test_no_hotplug(test);
	ipi_test_enable_on(mask, virq);
	for_each_cpu_and(cpu, mask, cpu_online_mask) {
		for (int i = 0; i < 3; i++)
			fake_raise_on(fake, ipi_get_hwirq(virq, cpu), cpu);
	}
	for_each_online_cpu(cpu) {
		KUNIT_EXPECT_EQ(test, per_cpu(ipi_test_received, cpu),
				cpumask_test_cpu(cpu, mask) ? 3 : 0);
	}
}

/*
 * The acknowledged hwirq is the one of the CPU which handles the IPI. The counts
 * which /proc/interrupts shows are per CPU, once per IPI.
 */
static void receive_acks_and_counts_once(struct kunit *test)
{
	const struct fake_case *param = test->param_value;
	struct fake_ipi *fake = test->priv;
	struct cpumask *mask = fake_mask(test, param->mask);
	int virq = fake_reserve_and_request(test, fake, mask);
	unsigned int cpu, n = 0;

	ipi_test_no_hotplug(test);
	ipi_test_enable_on(mask, virq);
	for_each_cpu_and(cpu, mask, cpu_online_mask) {
		irq_hw_number_t hwirq = ipi_get_hwirq(virq, cpu);

		fake->cpus[cpu].acked = INVALID_HWIRQ;
		fake_raise_on(fake, hwirq, cpu);
		n++;
		KUNIT_EXPECT_EQ(test, fake->cpus[cpu].acked, hwirq);
		KUNIT_EXPECT_EQ(test, atomic_read(&fake->nr_acked), n);
		KUNIT_EXPECT_EQ(test, irq_desc_kstat_cpu(irq_to_desc(virq), cpu), 1);
		KUNIT_EXPECT_EQ(test, kstat_irqs_usr(virq), n);
	}
}

/* Of a controller which wants to know when an interrupt ends, and not when it begins */
struct eoi_controller {
	struct ipi_domain_ops	ops;
	struct irq_chip		chip;
};

static void end_here(void *data)
{
	irq_data_get_irq_chip(data)->irq_eoi(data);
}

/* The controller hears once of the end of an IPI, on a CPU which has a hwirq of it */
static void receive_eoi(struct kunit *test)
{
	struct eoi_controller *eoi = kunit_kzalloc(test, sizeof(*eoi), GFP_KERNEL);
	unsigned int cpu = cpumask_first(cpu_online_mask);
	struct fake_ipi *fake = test->priv;
	struct irq_domain *ipi;
	int virq, external;

	KUNIT_ASSERT_NOT_NULL(test, eoi);
	ipi_test_no_hotplug(test);
	eoi->chip = *fake->ipi_ops->chip;
	eoi->chip.irq_eoi = eoi->chip.irq_ack;
	eoi->chip.irq_ack = NULL;
	eoi->ops = *fake->ipi_ops;
	eoi->ops.chip = &eoi->chip;
	ipi = ipi_create_irq_domain(NULL, fake->domain, &eoi->ops);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, ipi);
	ipi_test_at_exit(test, fake_remove_domain, ipi);

	virq = ipi_test_reserve(test, ipi, cpumask_of(cpu));
	KUNIT_EXPECT_NULL(test, irq_get_chip(virq)->irq_ack);
	KUNIT_ASSERT_NOT_NULL(test, irq_get_chip(virq)->irq_eoi);
	ipi_test_request(test, virq, ipi_test_count);
	ipi_test_enable_on(cpumask_of(cpu), virq);
	KUNIT_EXPECT_EQ(test, fake_raise_on(fake, ipi_get_hwirq(virq, cpu), cpu), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&fake->nr_acked), 1);
	KUNIT_EXPECT_EQ(test, fake->cpus[cpu].acked, ipi_get_hwirq(virq, cpu));

	external = ipi_test_keep(test, irq_reserve_ipi_external(ipi, 99));
	smp_call_function_single(cpu, end_here, irq_get_irq_data(external), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&fake->nr_acked), 1);

	/* The other controller is of the other kind */
	virq = fake_reserve(test, fake, cpumask_of(cpu));
	KUNIT_EXPECT_NULL(test, irq_get_chip(virq)->irq_eoi);
}

/* A hwirq which was given back is nobody's */
static void receive_after_destroy(struct kunit *test)
{
	const struct fake_case *param = test->param_value;
	struct fake_ipi *fake = test->priv;
	struct cpumask *mask = fake_mask(test, param->mask);
	int virq = fake_reserve(test, fake, mask);
	irq_hw_number_t hwirq = ipi_get_hwirq(virq, cpumask_first(mask));
	unsigned int cpu;

	KUNIT_ASSERT_EQ(test, irq_destroy_ipi(virq, NULL), 0);
	ipi_test_no_hotplug(test);
	for_each_online_cpu(cpu)
		KUNIT_EXPECT_NE(test, fake_raise_on(fake, hwirq, cpu), 0);
}

KUNIT_ARRAY_PARAM_DESC(fake, fake_cases, desc);

static struct kunit_case receive_cases[] = {
	KUNIT_CASE_PARAM(receive_runs_handler, fake_gen_params),
	KUNIT_CASE_PARAM(receive_acks_and_counts_once, fake_gen_params),
	KUNIT_CASE_PARAM(receive_after_destroy, fake_gen_params),
	KUNIT_CASE(receive_eoi),
	{ }
};

static struct kunit_suite receive_suite = {
	.name		= "ipi-receive",
	.init		= fake_init,
	.test_cases	= receive_cases,
};

kunit_test_suite(receive_suite);

MODULE_DESCRIPTION("KUnit tests for receiving IPIs");
MODULE_LICENSE("GPL");
