// SPDX-License-Identifier: GPL-2.0-only
/*
 * IPIs to CPUs of Linux are per-CPU interrupts.
 */

#include <linux/cpu.h>
#include <linux/interrupt.h>
#include <linux/irq.h>
#include <linux/irqdesc.h>
#include <linux/irqflags.h>
#include <linux/smp.h>

#include "fake.h"

/* An IPI to CPUs of Linux is requested as per-CPU interrupt, once */
static void percpu_request(struct kunit *test)
{
	int virq = fake_reserve_and_request(test, test->priv, cpu_possible_mask);

	KUNIT_EXPECT_TRUE(test, irq_is_percpu_devid(virq));
	KUNIT_EXPECT_LT(test, ipi_test_try_request(virq, ipi_test_count), 0);
}

/* A CPU which is no target cannot enable the IPI, nor do harm by trying */
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
	KUNIT_EXPECT_EQ(test, bitmap_weight(fake->cpus[other].enabled, fake->size), 0);

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
		kunit_skip(test, "CPU %u cannot go off", cpu);

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

static void bring_up(void *cpu)
{
	add_cpu((unsigned long)cpu);
}

/* A CPU which is off when the IPI is reserved and sent is a target like others */
static void percpu_reserve_offline(struct kunit *test)
{
	struct fake_ipi *fake = test->priv;
	unsigned int device = fake_device(test, fake, fake->size - 1);
	unsigned long cpu = cpumask_last(cpu_online_mask);
	int virq;

	ipi_test_need_two(test, cpu_online_mask);
	if (!cpu_is_hotpluggable(cpu))
		kunit_skip(test, "CPU %lu cannot go off", cpu);

	KUNIT_ASSERT_EQ(test, remove_cpu(cpu), 0);
	ipi_test_at_exit(test, bring_up, (void *)cpu);
	virq = fake_reserve_and_request(test, fake, cpu_possible_mask);
	KUNIT_EXPECT_NE(test, ipi_get_hwirq(virq, cpu), INVALID_HWIRQ);
	KUNIT_EXPECT_TRUE(test, irqd_is_global_ipi(irq_get_irq_data(virq)));
	KUNIT_EXPECT_EQ(test, irq_send_ipi(virq, cpumask_of(cpu)), 0);
	KUNIT_EXPECT_EQ(test, irq_send_ipi_all(virq), 0);
	KUNIT_EXPECT_EQ(test, fake->nr_sent, 1 + num_possible_cpus());

	/* And so it is of a global IPI which arch code has not reserved */
	irq_set_chip(device, irq_get_irq_data(virq)->parent_data->chip);
	KUNIT_EXPECT_EQ(test, irq_set_percpu_devid(device), 0);
	KUNIT_EXPECT_EQ(test, irq_set_global_ipi(device), 0);
	KUNIT_EXPECT_TRUE(test, cpumask_test_cpu(cpu, irq_get_affinity_mask(device)));

	kunit_release_action(test, bring_up, (void *)cpu);
	KUNIT_ASSERT_TRUE(test, cpu_online(cpu));
	ipi_test_enable_on(cpumask_of(cpu), virq);
	KUNIT_EXPECT_EQ(test, fake_raise_on(fake, ipi_get_hwirq(virq, cpu), cpu), 0);
	KUNIT_EXPECT_EQ(test, per_cpu(ipi_test_received, cpu), 1);
}
#endif

/* An IPI has no affinity that could be set, though the controller's devices have */
static void percpu_no_affinity(struct kunit *test)
{
	const struct fake_case *param = test->param_value;
	struct fake_ipi *fake = test->priv;
	struct cpumask *mask = fake_mask(test, param->mask);
	int virq = fake_reserve_and_request(test, fake, mask);
	struct irq_data *data = irq_get_irq_data(virq);

	KUNIT_EXPECT_FALSE(test, irq_can_set_affinity(virq));
	KUNIT_EXPECT_NE(test, irq_set_affinity(virq, cpumask_of(0)), 0);
	/* Without SMP this one has nothing to do, and says so by success */
	if (IS_ENABLED(CONFIG_SMP))
		KUNIT_EXPECT_NE(test, irq_force_affinity(virq, cpumask_of(0)), 0);
	KUNIT_EXPECT_TRUE(test, cpumask_equal(irq_get_affinity_mask(virq), mask));
	KUNIT_EXPECT_TRUE(test, cpumask_equal(irq_data_get_effective_affinity_mask(data),
					      mask));
	KUNIT_EXPECT_EQ(test, atomic_read(&fake->nr_astray), 0);
}

/* Nor does anything else of the controller's chip get to see an IPI */
static void percpu_not_a_device(struct kunit *test)
{
	struct fake_ipi *fake = test->priv;
	int virq = fake_reserve_and_request(test, fake, cpu_possible_mask);
	bool pending;

	irq_set_irq_type(virq, IRQ_TYPE_EDGE_RISING);
	KUNIT_EXPECT_NE(test, irq_set_irq_wake(virq, 1), 0);
	KUNIT_EXPECT_NE(test, irq_set_irqchip_state(virq, IRQCHIP_STATE_PENDING, true), 0);
	KUNIT_EXPECT_NE(test, irq_get_irqchip_state(virq, IRQCHIP_STATE_PENDING, &pending), 0);
#ifdef CONFIG_GENERIC_IRQ_INJECTION
	/* The handler may run by software, the controller is not told to raise it */
	irq_inject_interrupt(virq);
#endif
	KUNIT_EXPECT_EQ(test, atomic_read(&fake->nr_astray), 0);
}

/* What the core may do to any interrupt, on any CPU: kexec masks them all */
static void meddle(void *ptr)
{
	struct irq_data *data = ptr;
	unsigned long flags;

	local_irq_save(flags);
	data->chip->irq_mask(data);
	data->chip->irq_ack(data);
	data->chip->irq_unmask(data);
	local_irq_restore(flags);
}

static void expect_no_effect(struct kunit *test, int virq, unsigned int cpu)
{
	struct fake_ipi *fake = test->priv;
	unsigned int enabled = bitmap_weight(fake->cpus[cpu].enabled, fake->size);
	unsigned int acked = atomic_read(&fake->nr_acked);

	smp_call_function_single(cpu, meddle, irq_get_irq_data(virq), 1);
	KUNIT_EXPECT_EQ(test, bitmap_weight(fake->cpus[cpu].enabled, fake->size), enabled);
	KUNIT_EXPECT_EQ(test, atomic_read(&fake->nr_acked), acked);
	KUNIT_EXPECT_EQ(test, atomic_read(&fake->nr_astray), 0);
}

/* A controller is not bothered on CPUs which are no targets */
static void percpu_meddled_with(struct kunit *test)
{
	const struct fake_case *param = test->param_value;
	struct fake_ipi *fake = test->priv;
	struct cpumask *mask = fake_mask(test, param->mask);
	int virq = fake_reserve(test, fake, mask);
	int external = fake_reserve_external(test, fake, 99);
	unsigned int cpu;

	ipi_test_no_hotplug(test);
	for_each_online_cpu(cpu) {
		if (!cpumask_test_cpu(cpu, mask))
			expect_no_effect(test, virq, cpu);
		expect_no_effect(test, external, cpu);
	}
}

/* Nor for an IPI which has no mapping any more, or not yet */
static void percpu_meddled_with_too_early(struct kunit *test)
{
	struct fake_ipi *fake = test->priv;
	unsigned int device = fake_device(test, fake, fake->size - 1);
	int virq = fake_reserve(test, fake, cpu_possible_mask);

	ipi_test_no_hotplug(test);
	irq_set_chip_data(device, fake);
	irq_set_chip(device, irq_get_chip(virq));
	expect_no_effect(test, device, cpumask_first(cpu_online_mask));
}

KUNIT_ARRAY_PARAM_DESC(fake, fake_cases, desc);

static struct kunit_case percpu_cases[] = {
	KUNIT_CASE(percpu_request),
	KUNIT_CASE(percpu_enable_no_target),
	KUNIT_CASE_PARAM(percpu_enable_own_hwirq, fake_gen_params),
	KUNIT_CASE(percpu_disable_keeps_reservation),
#ifdef CONFIG_HOTPLUG_CPU
	KUNIT_CASE_SLOW(percpu_hotplug),
	KUNIT_CASE_SLOW(percpu_reserve_offline),
#endif
	KUNIT_CASE_PARAM(percpu_no_affinity, fake_gen_params),
	KUNIT_CASE(percpu_not_a_device),
	KUNIT_CASE_PARAM(percpu_meddled_with, fake_gen_params),
	KUNIT_CASE(percpu_meddled_with_too_early),
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
