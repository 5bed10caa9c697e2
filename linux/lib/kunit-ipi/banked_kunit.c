// SPDX-License-Identifier: GPL-2.0-only
/*
 * Controllers each of whose CPUs has hwirqs of its own.
 */

#include <linux/irq.h>
#include <linux/kernel_stat.h>

#include "fake.h"

static unsigned int nr_taken(struct fake_ipi *fake, unsigned int cpu)
{
	return bitmap_weight(fake->cpus[cpu].used, fake->size);
}

/* The controller finds the interrupt by itself, so its domain knows nothing */
static void banked_no_alias(struct kunit *test)
{
	struct fake_ipi *fake = test->priv;
	int virq[2];

	for (int i = 0; i < 2; i++) {
		virq[i] = fake_reserve(test, fake, cpu_possible_mask);
		KUNIT_EXPECT_EQ(test, ipi_get_hwirq(virq[i], 0), i);
	}
	KUNIT_EXPECT_EQ(test, fake_count(fake).mappings, 0);
	/* What a device has in the domain is not touched by either */
	for (int i = 0; i < 2; i++) {
		unsigned int device = fake_device(test, fake, i);

		KUNIT_EXPECT_EQ(test, irq_destroy_ipi(virq[i], NULL), 0);
		KUNIT_EXPECT_EQ(test, irq_find_mapping(fake->domain, i), device);
	}
}

/* IPIs without a common target share a number, and each receives its own */
static void banked_shared_number(struct kunit *test)
{
	unsigned int first = cpumask_first(cpu_online_mask);
	unsigned int last = cpumask_last(cpu_online_mask);
	struct fake_ipi *fake = test->priv;
	int one, two;

	ipi_test_need_two(test, cpu_online_mask);
	ipi_test_no_hotplug(test);
	one = fake_reserve_and_request(test, fake, cpumask_of(first));
	two = fake_reserve_and_request(test, fake, cpumask_of(last));
	KUNIT_EXPECT_EQ(test, ipi_get_hwirq(one, first), ipi_get_hwirq(two, last));

	ipi_test_enable_on(cpumask_of(first), one);
	ipi_test_enable_on(cpumask_of(last), two);
	KUNIT_EXPECT_EQ(test, 0, fake_raise_on(fake, ipi_get_hwirq(one, first), first));
	KUNIT_EXPECT_EQ(test, kstat_irqs_usr(one), 1);
	KUNIT_EXPECT_EQ(test, kstat_irqs_usr(two), 0);
	KUNIT_EXPECT_EQ(test, 0, fake_raise_on(fake, ipi_get_hwirq(two, last), last));
	KUNIT_EXPECT_EQ(test, kstat_irqs_usr(one), 1);
	KUNIT_EXPECT_EQ(test, kstat_irqs_usr(two), 1);
}

/* A number is given back where a target leaves, and taken where one stays */
static void banked_freed_per_cpu(struct kunit *test)
{
	unsigned int first = cpumask_first(cpu_possible_mask), cpu;
	struct fake_ipi *fake = test->priv;
	int virq = fake_reserve(test, fake, cpu_possible_mask), other;

	ipi_test_need_two(test, cpu_possible_mask);
	KUNIT_EXPECT_EQ(test, irq_destroy_ipi(virq, cpumask_of(first)), 0);
	for_each_possible_cpu(cpu)
		KUNIT_EXPECT_EQ(test, nr_taken(fake, cpu), cpu != first);

	other = fake_reserve(test, fake, cpumask_of(first));
	KUNIT_EXPECT_EQ(test, ipi_get_hwirq(other, first), 0);
	KUNIT_EXPECT_EQ(test, irq_destroy_ipi(virq, NULL), 0);
	for_each_possible_cpu(cpu)
		KUNIT_EXPECT_EQ(test, nr_taken(fake, cpu), cpu == first);
	KUNIT_EXPECT_EQ(test, irq_send_ipi_all(other), 0);
}

/* What is free on some of the targets only will not do */
static void banked_no_common_number(struct kunit *test)
{
	struct fake_ipi *fake = test->priv;
	struct fake_count before;

	ipi_test_need_two(test, cpu_possible_mask);
	fake->nr_hwirqs = 2;
	set_bit(0, fake->cpus[cpumask_first(cpu_possible_mask)].used);
	set_bit(1, fake->cpus[cpumask_last(cpu_possible_mask)].used);

	before = fake_count(fake);
	KUNIT_EXPECT_EQ(test, irq_reserve_ipi(fake->ipi, cpu_possible_mask), -ENOSPC);
	fake_expect_count(test, fake, before);
	fake_reserve(test, fake, cpumask_of(cpumask_first(cpu_possible_mask)));
}

static struct kunit_case banked_cases[] = {
	KUNIT_CASE(banked_no_alias),
	KUNIT_CASE(banked_shared_number),
	KUNIT_CASE(banked_freed_per_cpu),
	KUNIT_CASE(banked_no_common_number),
	{ }
};

static int banked_init(struct kunit *test)
{
	test->priv = fake_create(test, FAKE_BANKED);
	return 0;
}

static struct kunit_suite banked_suite = {
	.name		= "ipi-banked",
	.init		= banked_init,
	.test_cases	= banked_cases,
};

kunit_test_suite(banked_suite);

MODULE_DESCRIPTION("KUnit tests for IPIs on banked hwirqs");
MODULE_LICENSE("GPL");
