// SPDX-License-Identifier: GPL-2.0-only
/*
 * The mapping from target to hwirq, and back.
 */

#include <linux/irq.h>

#include "fake.h"

/* Every target has a hwirq, and nobody else has one */
static void mapping_covers_targets(struct kunit *test)
{
	const struct fake_case *param = test->param_value;
	struct fake_ipi *fake = test->priv;
	struct cpumask *mask = fake_mask(test, param->mask);
	const struct ipi_mapping *map;
	irq_hw_number_t hwirq;
	unsigned int cpu;
	int virq;

	virq = fake_reserve(test, fake, mask);
	map = ipi_test_mapping(virq);
	KUNIT_ASSERT_NOT_NULL(test, map);

	for (cpu = 0; cpu < nr_cpu_ids + 2; cpu++) {
		hwirq = ipi_get_hwirq(virq, cpu);
		KUNIT_EXPECT_EQ(test, hwirq, ipi_mapping_get(map, cpu));

		if (cpu < nr_cpu_ids && cpumask_test_cpu(cpu, mask)) {
			KUNIT_EXPECT_GE(test, hwirq, fake->base);
			KUNIT_EXPECT_LT(test, hwirq, fake->base + fake->size);
		} else {
			KUNIT_EXPECT_EQ(test, hwirq, INVALID_HWIRQ);
		}
	}
	KUNIT_EXPECT_EQ(test, ipi_get_hwirq(virq, IPI_EXTERNAL), INVALID_HWIRQ);
}

/* The mapping is as large as the targets need, and not as the system */
static void mapping_is_sized_by_targets(struct kunit *test)
{
	const struct fake_case *param = test->param_value;
	struct fake_ipi *fake = test->priv;
	struct cpumask *mask = fake_mask(test, param->mask);
	int virq = fake_reserve(test, fake, mask);
	const struct ipi_mapping *map = ipi_test_mapping(virq);

	KUNIT_EXPECT_EQ(test, ACCESS_PRIVATE(map, nr),
			cpumask_last(mask) - cpumask_first(mask) + 1);
}

/* A walk finds the targets in order, whatever else is in the mask */
static void mapping_iterates(struct kunit *test)
{
	const struct fake_case *param = test->param_value;
	struct fake_ipi *fake = test->priv;
	struct cpumask *mask = fake_mask(test, param->mask);
	int virq = fake_reserve(test, fake, mask);
	const struct ipi_mapping *map = ipi_test_mapping(virq);
	unsigned int target, next = cpumask_first(mask), n = 0;
	irq_hw_number_t hwirq;

	for_each_ipi_hwirq(hwirq, target, map, cpu_all_mask) {
		KUNIT_ASSERT_EQ(test, target, next);
		KUNIT_EXPECT_EQ(test, hwirq, ipi_get_hwirq(virq, target));
		next = cpumask_next(target, mask);
		n++;
	}
	KUNIT_EXPECT_EQ(test, n, cpumask_weight(mask));

	for_each_ipi_hwirq(hwirq, target, map, cpu_none_mask)
		KUNIT_FAIL(test, "CPU %u is in no mask", target);
}

/* Hwirq 0 is a number like any other */
static void mapping_hwirq_zero(struct kunit *test)
{
	struct fake_ipi *fake = test->priv;
	unsigned int first = cpumask_first(cpu_possible_mask);
	int virq = fake_reserve(test, fake, cpu_possible_mask);

	KUNIT_EXPECT_EQ(test, ipi_get_hwirq(virq, first), 0);
	KUNIT_EXPECT_EQ(test, irq_find_mapping(fake->domain, 0), virq);
}

/* The shape of the hardware is what the controller makes of it */
static void mapping_keeps_shape(struct kunit *test)
{
	static const int steps[] = {
		[FAKE_ROW]	= 1,
		[FAKE_GAPS]	= -3,
		[FAKE_TREE]	= 1,
		[FAKE_UNIFORM]	= 0,
		[FAKE_BANKED]	= 0,
	};
	const struct fake_case *param = test->param_value;
	struct fake_ipi *fake = test->priv;
	struct cpumask *mask = fake_mask(test, param->mask);
	int last = cpumask_weight(mask) - 1;
	int step = steps[param->shape];
	unsigned int cpu, hwirq = fake->base + (step < 0 ? -step * last : 0);
	int virq;

	virq = fake_reserve(test, fake, mask);
	KUNIT_EXPECT_EQ(test, ipi_mapping_get_uniform(ipi_test_mapping(virq)),
			step && last ? INVALID_HWIRQ : hwirq);
	for_each_cpu(cpu, mask) {
		KUNIT_EXPECT_EQ(test, ipi_get_hwirq(virq, cpu), hwirq);
		hwirq += step;
	}
}

/* All hwirqs of an IPI resolve to it, and all others to nothing */
static void mapping_resolves(struct kunit *test)
{
	const struct fake_case *param = test->param_value;
	struct fake_ipi *fake = test->priv;
	struct cpumask *mask = fake_mask(test, param->mask);
	unsigned int i, virq;

	virq = fake_reserve(test, fake, mask);
	for (i = 0; i < fake->size; i++) {
		KUNIT_EXPECT_EQ(test, irq_find_mapping(fake->domain, fake->base + i),
				test_bit(i, fake->used) ? virq : 0);
	}
	/* Nor does the number which is no hwirq */
	KUNIT_EXPECT_EQ(test, irq_find_mapping(fake->domain, INVALID_HWIRQ), 0);
}

/* Two IPIs share neither virq nor hwirqs */
static void mapping_two_ipis(struct kunit *test)
{
	const struct fake_case *param = test->param_value;
	struct fake_ipi *fake = test->priv;
	struct cpumask *mask = fake_mask(test, param->mask);
	int virq[2];
	unsigned int cpu;

	for (int i = 0; i < 2; i++)
		virq[i] = fake_reserve(test, fake, mask);
	KUNIT_EXPECT_NE(test, virq[0], virq[1]);

	for (int i = 0; i < 2; i++) {
		for_each_cpu(cpu, mask) {
			KUNIT_EXPECT_EQ(test, fake_is_mapped(fake) ? virq[i] : 0,
					irq_find_mapping(fake->domain,
							 ipi_get_hwirq(virq[i], cpu)));
		}
	}
}

/* What is no IPI has no hwirqs */
static void mapping_not_an_ipi(struct kunit *test)
{
	struct fake_ipi *fake = test->priv;
	unsigned int device = fake_device(test, fake, 7);

	KUNIT_EXPECT_EQ(test, ipi_get_hwirq(device, 0), INVALID_HWIRQ);
	KUNIT_EXPECT_EQ(test, ipi_get_hwirq(INT_MAX, 0), INVALID_HWIRQ);
}

KUNIT_ARRAY_PARAM_DESC(fake, fake_cases, desc);

static struct kunit_case mapping_cases[] = {
	KUNIT_CASE_PARAM(mapping_covers_targets, fake_gen_params),
	KUNIT_CASE_PARAM(mapping_is_sized_by_targets, fake_gen_params),
	KUNIT_CASE_PARAM(mapping_iterates, fake_gen_params),
	KUNIT_CASE_PARAM(mapping_keeps_shape, fake_gen_params),
	KUNIT_CASE_PARAM(mapping_resolves, fake_gen_params),
	KUNIT_CASE_PARAM(mapping_two_ipis, fake_gen_params),
	KUNIT_CASE(mapping_hwirq_zero),
	KUNIT_CASE(mapping_not_an_ipi),
	{ }
};

static struct kunit_suite mapping_suite = {
	.name		= "ipi-mapping",
	.init		= fake_init,
	.test_cases	= mapping_cases,
};

kunit_test_suite(mapping_suite);

MODULE_DESCRIPTION("KUnit tests for the hwirqs of IPIs");
MODULE_LICENSE("GPL");
