// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bits of an irq matrix which are the same on several CPUs.
 *
 * Each case has a matrix of its own, in which a CPU is online when the case says
 * so. A matrix cannot be given back: they are small, and this is a kernel for tests.
 */

#include <linux/cpumask.h>
#include <linux/irq.h>
#include <linux/smp.h>
#include <linux/tracepoint.h>

#include "../common.h"

struct cpumap;
#include <trace/events/irq_matrix.h>

#define START	8
#define END	24
#define NR	(END - START)

static int __init matrix_init(struct kunit *test)
{
	ipi_test_need_two(test, cpu_online_mask);
	test->priv = irq_alloc_matrix(END + START, START, END);
	return test->priv ? 0 : -ENOMEM;
}

static void call_online(void *m)
{
	irq_matrix_online(m);
}

static void call_offline(void *m)
{
	irq_matrix_offline(m);
}

static void call_allocated(void *m)
{
	this_cpu_write(ipi_test_received, irq_matrix_allocated(m));
}

/* A and B are the first two CPUs */
static unsigned int cpu_a(void)
{
	return cpumask_first(cpu_online_mask);
}

static unsigned int cpu_b(void)
{
	return cpumask_next(cpu_a(), cpu_online_mask);
}

static void online(struct kunit *test, unsigned int cpu)
{
	KUNIT_ASSERT_EQ(test, smp_call_function_single(cpu, call_online, test->priv, true), 0);
}

static void offline(struct kunit *test, unsigned int cpu)
{
	KUNIT_ASSERT_EQ(test, smp_call_function_single(cpu, call_offline, test->priv, true), 0);
}

static unsigned int available(struct kunit *test)
{
	return irq_matrix_available(test->priv, false);
}

static struct cpumask *both(struct kunit *test)
{
	struct cpumask *mask = kunit_kzalloc(test, cpumask_size(), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, mask);
	cpumask_set_cpu(cpu_a(), mask);
	cpumask_set_cpu(cpu_b(), mask);
	return mask;
}

static int alloc_single(struct kunit *test, unsigned int cpu)
{
	unsigned int unused;

	return irq_matrix_alloc(test->priv, cpumask_of(cpu), false, &unused);
}

/* All that is left on a CPU, which does not have @bit */
static void expect_left_without(struct kunit *test, unsigned int cpu, unsigned int nr, int bit)
{
	int got;

	for (; nr; nr--) {
		got = alloc_single(test, cpu);
		KUNIT_EXPECT_GE(test, got, 0);
		KUNIT_EXPECT_NE(test, got, bit);
	}
	KUNIT_EXPECT_EQ(test, alloc_single(test, cpu), -ENOSPC);
}

/* It is taken on each of the CPUs, and on no other */
static void common_is_taken(struct kunit *test)
{
	int bit;

	online(test, cpu_a());
	online(test, cpu_b());
	bit = irq_matrix_alloc_common(test->priv, both(test));
	KUNIT_EXPECT_GE(test, bit, START);
	KUNIT_EXPECT_LT(test, bit, END);
	KUNIT_EXPECT_EQ(test, available(test), 2 * NR - 2);
	expect_left_without(test, cpu_a(), NR - 1, bit);
	expect_left_without(test, cpu_b(), NR - 1, bit);
}

/* One CPU gives it back, and can have it again, while the other keeps it */
static void common_freed_on_one(struct kunit *test)
{
	int bit;

	online(test, cpu_a());
	online(test, cpu_b());
	bit = irq_matrix_alloc_common(test->priv, both(test));
	irq_matrix_free_common(test->priv, cpu_b(), bit);
	KUNIT_EXPECT_EQ(test, available(test), 2 * NR - 1);
	KUNIT_EXPECT_EQ(test, irq_matrix_alloc_common(test->priv, cpumask_of(cpu_b())), bit);
	KUNIT_EXPECT_NE(test, irq_matrix_alloc_common(test->priv, cpumask_of(cpu_a())), bit);
}

/* B is offline while it is allocated, and finds it taken when it comes up */
static void expect_taken_when_back(struct kunit *test)
{
	int bit, more;

	bit = irq_matrix_alloc_common(test->priv, both(test));
	more = irq_matrix_alloc_common(test->priv, cpumask_of(cpu_b()));
	KUNIT_EXPECT_NE(test, bit, more);
	KUNIT_EXPECT_EQ(test, available(test), NR - 1);
	irq_matrix_free_common(test->priv, cpu_b(), more);
	online(test, cpu_b());
	KUNIT_EXPECT_EQ(test, available(test), 2 * NR - 2);
	expect_left_without(test, cpu_b(), NR - 1, bit);
}

/* It was never online */
static void common_before_online(struct kunit *test)
{
	online(test, cpu_a());
	expect_taken_when_back(test);
}

/* It was online before */
static void common_while_offline(struct kunit *test)
{
	online(test, cpu_a());
	online(test, cpu_b());
	offline(test, cpu_b());
	expect_taken_when_back(test);
}

/* Nor does it get lost where it was allocated before the CPU went */
static void common_kept_offline(struct kunit *test)
{
	int bit;

	online(test, cpu_a());
	online(test, cpu_b());
	bit = irq_matrix_alloc_common(test->priv, both(test));
	offline(test, cpu_b());
	KUNIT_EXPECT_EQ(test, available(test), NR - 1);
	online(test, cpu_b());
	expect_left_without(test, cpu_b(), NR - 1, bit);
	offline(test, cpu_b());
	irq_matrix_free_common(test->priv, cpu_b(), bit);
	online(test, cpu_b());
	KUNIT_EXPECT_EQ(test, alloc_single(test, cpu_b()), bit);
}

/* Single interrupts get bits from the start, so that the end is left for all */
static void common_from_the_end(struct kunit *test)
{
	int bit;

	online(test, cpu_a());
	online(test, cpu_b());
	KUNIT_EXPECT_EQ(test, alloc_single(test, cpu_a()), START);
	bit = irq_matrix_alloc_common(test->priv, both(test));
	KUNIT_EXPECT_EQ(test, bit, END - 1);
	KUNIT_EXPECT_EQ(test, irq_matrix_alloc_common(test->priv, both(test)), END - 2);
}

/* Down to the first bit and not below, and what is the system's is nobody's */
static void common_exhausted(struct kunit *test)
{
	int n, lowest = END;

	irq_matrix_assign_system(test->priv, START + 1, false);
	online(test, cpu_a());
	online(test, cpu_b());
	for (n = 0; n < NR - 1; n++) {
		lowest = irq_matrix_alloc_common(test->priv, both(test));
		KUNIT_EXPECT_NE(test, lowest, START + 1);
	}
	KUNIT_EXPECT_EQ(test, lowest, START);
	KUNIT_EXPECT_EQ(test, available(test), 0);
	KUNIT_EXPECT_EQ(test, irq_matrix_alloc_common(test->priv, both(test)), -ENOSPC);
	KUNIT_EXPECT_EQ(test, irq_matrix_alloc_common(test->priv, cpu_none_mask), -EINVAL);
}

/* Each CPU has bits left, and no bit is left on both; nothing is taken then */
static void common_fragmented(struct kunit *test)
{
	unsigned int before;
	int n;

	online(test, cpu_a());
	online(test, cpu_b());
	/* All of A, which keeps the first half, and the first half of B */
	for (n = 0; n < NR; n++)
		alloc_single(test, cpu_a());
	for (n = 0; n < NR / 2; n++) {
		irq_matrix_free(test->priv, cpu_a(), START + n, false);
		alloc_single(test, cpu_b());
	}
	before = available(test);
	KUNIT_EXPECT_EQ(test, before, NR);
	KUNIT_EXPECT_EQ(test, irq_matrix_alloc_common(test->priv, both(test)), -ENOSPC);
	KUNIT_EXPECT_EQ(test, available(test), before);
	KUNIT_EXPECT_GE(test, irq_matrix_alloc_common(test->priv, cpumask_of(cpu_a())), 0);
}

/* What interrupts were promised that have no bit yet is not for IPIs */
static void common_leaves_reserved(struct kunit *test)
{
	int n;

	online(test, cpu_a());
	online(test, cpu_b());
	for (n = 0; n < 2 * NR - 2; n++)
		irq_matrix_reserve(test->priv);
	KUNIT_EXPECT_GE(test, irq_matrix_alloc_common(test->priv, both(test)), 0);
	KUNIT_EXPECT_EQ(test, irq_matrix_alloc_common(test->priv, both(test)), -ENOSPC);
	irq_matrix_remove_reserved(test->priv);
	KUNIT_EXPECT_EQ(test, irq_matrix_alloc_common(test->priv, both(test)), -ENOSPC);
	irq_matrix_remove_reserved(test->priv);
	KUNIT_EXPECT_GE(test, irq_matrix_alloc_common(test->priv, both(test)), 0);
}

/* Managed interrupts which wait for their CPU keep their bits, here the last one */
static void common_leaves_managed(struct kunit *test)
{
	int n;

	online(test, cpu_a());
	for (n = 0; n < NR; n++)
		KUNIT_EXPECT_EQ(test, irq_matrix_reserve_managed(test->priv, both(test)), 0);
	for (n = 0; n < NR - 1; n++)
		irq_matrix_remove_managed(test->priv, both(test));
	KUNIT_EXPECT_EQ(test, irq_matrix_alloc_common(test->priv, both(test)), END - 2);
	KUNIT_EXPECT_EQ(test, irq_matrix_alloc_common(test->priv, cpumask_of(cpu_b())), END - 3);
}

/* They are not among the interrupts which have to move when the CPU goes */
static void common_does_not_move(struct kunit *test)
{
	online(test, cpu_a());
	KUNIT_EXPECT_GE(test, irq_matrix_alloc_common(test->priv, cpumask_of(cpu_a())), 0);
	KUNIT_EXPECT_GE(test, alloc_single(test, cpu_a()), 0);
	smp_call_function_single(cpu_a(), call_allocated, test->priv, true);
	KUNIT_EXPECT_EQ(test, per_cpu(ipi_test_received, cpu_a()), 1);
}

/**
 * struct traced - What the trace events say of the bits of a matrix
 * @matrix:	The matrix
 * @bit:	The last one which was allocated
 * @cpus:	Where
 */
struct traced {
	struct irq_matrix	*matrix;
	int			bit;
	struct cpumask		*cpus;
};

static void probe_alloc(void *data, int bit, unsigned int cpu, struct irq_matrix *m,
			struct cpumap *cm)
{
	struct traced *traced = data;

	if (m != traced->matrix)
		return;

	traced->bit = bit;
	cpumask_set_cpu(cpu, traced->cpus);
}

static void probe_free(void *data, int bit, unsigned int cpu, struct irq_matrix *m,
		       struct cpumap *cm)
{
	struct traced *traced = data;

	if (m == traced->matrix && bit == traced->bit)
		cpumask_clear_cpu(cpu, traced->cpus);
}

/* A trace says on which CPUs a bit is taken, and given back */
static void common_is_traced(struct kunit *test)
{
	struct traced traced = { .matrix = test->priv, .bit = -1, .cpus = both(test) };
	const struct cpumask *mask = both(test);
	int bit;

	if (!IS_ENABLED(CONFIG_TRACEPOINTS))
		kunit_skip(test, "no trace events");

	online(test, cpu_a());
	online(test, cpu_b());
	cpumask_clear(traced.cpus);
	KUNIT_ASSERT_EQ(test, 0, register_trace_irq_matrix_alloc(probe_alloc, &traced));
	KUNIT_EXPECT_EQ(test, 0, register_trace_irq_matrix_free(probe_free, &traced));

	bit = irq_matrix_alloc_common(test->priv, mask);
	KUNIT_EXPECT_EQ(test, traced.bit, bit);
	KUNIT_EXPECT_TRUE(test, cpumask_equal(traced.cpus, mask));
	irq_matrix_free_common(test->priv, cpu_b(), bit);
	KUNIT_EXPECT_TRUE(test, cpumask_equal(traced.cpus, cpumask_of(cpu_a())));

	unregister_trace_irq_matrix_free(probe_free, &traced);
	unregister_trace_irq_matrix_alloc(probe_alloc, &traced);
	tracepoint_synchronize_unregister();
}

/* The number of vectors is right when a CPU is back, whenever a driver came or went */
static void managed_while_offline(struct kunit *test)
{
	online(test, cpu_a());
	online(test, cpu_b());
	KUNIT_EXPECT_EQ(test, irq_matrix_reserve_managed(test->priv, cpumask_of(cpu_b())), 0);
	KUNIT_EXPECT_EQ(test, available(test), 2 * NR - 1);
	offline(test, cpu_b());
	KUNIT_EXPECT_EQ(test, irq_matrix_reserve_managed(test->priv, cpumask_of(cpu_b())), 0);
	KUNIT_EXPECT_EQ(test, available(test), NR);
	online(test, cpu_b());
	KUNIT_EXPECT_EQ(test, available(test), 2 * NR - 2);

	offline(test, cpu_b());
	irq_matrix_remove_managed(test->priv, cpumask_of(cpu_b()));
	KUNIT_EXPECT_EQ(test, available(test), NR);
	online(test, cpu_b());
	irq_matrix_remove_managed(test->priv, cpumask_of(cpu_b()));
	KUNIT_EXPECT_EQ(test, available(test), 2 * NR);
}

static struct kunit_case __refdata matrix_cases[] = {
	KUNIT_CASE(common_is_taken),
	KUNIT_CASE(common_freed_on_one),
	KUNIT_CASE(common_before_online),
	KUNIT_CASE(common_while_offline),
	KUNIT_CASE(common_kept_offline),
	KUNIT_CASE(common_from_the_end),
	KUNIT_CASE(common_exhausted),
	KUNIT_CASE(common_fragmented),
	KUNIT_CASE(common_leaves_reserved),
	KUNIT_CASE(common_leaves_managed),
	KUNIT_CASE(common_does_not_move),
	KUNIT_CASE(common_is_traced),
	KUNIT_CASE(managed_while_offline),
	{ }
};

/* Of the init section, as is the function that makes a matrix */
static struct kunit_suite __refdata matrix_suite = {
	.name		= "irq-matrix",
	.init		= matrix_init,
	.test_cases	= matrix_cases,
};

kunit_test_init_section_suite(matrix_suite);

MODULE_DESCRIPTION("KUnit tests for common bits of an irq matrix");
MODULE_LICENSE("GPL");
