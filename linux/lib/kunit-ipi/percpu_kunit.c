// SPDX-License-Identifier: GPL-2.0-only
/*
 * IPIs to CPUs of Linux are per-CPU interrupts.
 */

#include <linux/cpu.h>
#include <linux/irq.h>
#include <linux/irqdesc.h>

#include "fake.h"

/* An IPI to CPUs of Linux is requested as per-CPU interrupt, once */
static void percpu_request(struct kunit *test)
{
	int virq = fake_reserve_and_request(test, test->priv, cpu_possible_mask);

	KUNIT_EXPECT_TRUE(test, irq_is_percpu_devid(virq));
	KUNIT_EXPECT_EQ(test, ipi_test_try_request(virq, ipi_test_count), -EBUSY);
}

/* A CPU which is no target can't enable the IPI, nor do harm by trying */
static void percpu_enable_no_target(struct kunit *test)
{
	struct fake_ipi *fake = test->priv;
	unsigned int cpu = cpumask_first(cpu_online_mask);
	unsigned int other = cpumask_last(cpu_online_mask);
	int virq = fake_reserve_and_request(test, fake, cpumask_of(cpu));

	ipi_test_need_two(test, cpu_online_mask);
	ipi_test_no_hotplug(test);
	ipi_test_enable_on(cpumask_of(cpu), virq);
	ipi_test_enable_on(cpumask_of(other), virq);
	KUNIT_EXPECT_TRUE(test, fake_is_enabled(fake, virq, cpu));
	KUNIT_EXPECT_EQ(test, cpumask_weight(irq_to_desc(virq)->percpu_enabled), 1);

	ipi_test_disable_on(cpumask_of(other), virq);
	KUNIT_EXPECT_TRUE(test, fake_is_enabled(fake, virq, cpu));
}

/* Each CPU unmasks and masks its own hwirq, and no other one */
static void percpu_enable_own_hwirq(struct kunit *test)
{
	const struct fake_case *param = test->param_value;
	struct fake_ipi *fake = test->priv;
	struct cpumask *mask = fake_mask(test, param->mask);
	int virq = fake_reserve_and_request(test, fake, mask);
	unsigned int cpu, other;

	ipi_test_no_hotplug(test);
	for_each_cpu_and(cpu, mask, cpu_online_mask) {
		ipi_test_enable_on(cpumask_of(cpu), virq);
		KUNIT_EXPECT_EQ(test, bitmap_weight(fake->cpus[cpu].enabled, fake->size), 1);
		for_each_cpu_and(other, mask, cpu_online_mask)
			KUNIT_EXPECT_EQ(test, fake_is_enabled(fake, virq, other), other == cpu);

		ipi_test_disable_on(cpumask_of(cpu), virq);
		KUNIT_EXPECT_FALSE(test, fake_is_enabled(fake, virq, cpu));
	}
}

/* The reservation and the other CPUs do not care for a CPU which goes */
static void percpu_disable_keeps_reservation(struct kunit *test)
{
	struct fake_ipi *fake = test->priv;
	int virq = fake_reserve_and_request(test, fake, cpu_possible_mask);
	struct fake_count before = fake_count(fake);
	unsigned int cpu = cpumask_last(cpu_online_mask);

	ipi_test_need_two(test, cpu_online_mask);
	ipi_test_no_hotplug(test);
	ipi_test_enable_on(cpu_online_mask, virq);

	ipi_test_disable_on(cpumask_of(cpu), virq);
	fake_expect_count(test, fake, before);
	KUNIT_EXPECT_EQ(test, irq_send_ipi(virq, cpumask_of(cpu)), 0);
	KUNIT_EXPECT_TRUE(test, fake_is_enabled(fake, virq, cpumask_first(cpu_online_mask)));

	ipi_test_enable_on(cpumask_of(cpu), virq);
	KUNIT_EXPECT_TRUE(test, fake_is_enabled(fake, virq, cpu));
}

#ifdef CONFIG_HOTPLUG_CPU
/* A CPU goes off and comes back, and receives the IPI as before */
static void percpu_hotplug(struct kunit *test)
{
	struct fake_ipi *fake = test->priv;
	int virq = fake_reserve_and_request(test, fake, cpu_possible_mask);
	unsigned int cpu = cpumask_last(cpu_online_mask);

	ipi_test_need_two(test, cpu_online_mask);
	if (!cpu_is_hotpluggable(cpu))
		kunit_skip(test, "CPU %u can not go off", cpu);

	ipi_test_enable_on(cpumask_of(cpu), virq);
	ipi_test_disable_on(cpumask_of(cpu), virq);
	KUNIT_ASSERT_EQ(test, remove_cpu(cpu), 0);

	KUNIT_EXPECT_NE(test, ipi_get_hwirq(virq, cpu), INVALID_HWIRQ);
	KUNIT_EXPECT_EQ(test, irq_send_ipi(virq, cpumask_of(cpu)), 0);
	KUNIT_EXPECT_TRUE(test, cpumask_equal(irq_get_affinity_mask(virq),
					      cpu_possible_mask));

	KUNIT_ASSERT_EQ(test, add_cpu(cpu), 0);
	ipi_test_enable_on(cpumask_of(cpu), virq);
	KUNIT_EXPECT_TRUE(test, fake_is_enabled(fake, virq, cpu));
	fake_raise_on(fake, ipi_get_hwirq(virq, cpu), cpu);
	KUNIT_EXPECT_EQ(test, fake->cpus[cpu].acked, ipi_get_hwirq(virq, cpu));
}
#endif

/* An IPI has no affinity that could be set */
static void percpu_no_affinity(struct kunit *test)
{
	const struct fake_case *param = test->param_value;
	struct cpumask *mask = fake_mask(test, param->mask);
	int virq = fake_reserve_and_request(test, test->priv, mask);

	KUNIT_EXPECT_FALSE(test, irq_can_set_affinity(virq));
	KUNIT_EXPECT_NE(test, irq_set_affinity(virq, cpumask_of(0)), 0);
	KUNIT_EXPECT_TRUE(test, cpumask_equal(irq_get_affinity_mask(virq), mask));
}

KUNIT_ARRAY_PARAM_DESC(fake, fake_cases, desc);

static struct kunit_case percpu_cases[] = {
	KUNIT_CASE(percpu_request),
	KUNIT_CASE(percpu_enable_no_target),
	KUNIT_CASE_PARAM(percpu_enable_own_hwirq, fake_gen_params),
	KUNIT_CASE(percpu_disable_keeps_reservation),
#ifdef CONFIG_HOTPLUG_CPU
	KUNIT_CASE_SLOW(percpu_hotplug),
#endif
	KUNIT_CASE_PARAM(percpu_no_affinity, fake_gen_params),
	{ }
};

static struct kunit_suite percpu_suite = {
	.name		= "ipi-percpu",
	.init		= fake_init,
	.test_cases	= percpu_cases,
};

kunit_test_suite(percpu_suite);

MODULE_DESCRIPTION("KUnit tests for IPIs as per-CPU interrupts");
MODULE_LICENSE("GPL");
