// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupt descriptors which are used again. Without SPARSE_IRQ they stay.
 */

#include <linux/cpumask.h>
#include <linux/irq.h>
#include <linux/irqdesc.h>
#include <linux/slab.h>

#include "common.h"

static int alloc_desc(struct kunit *test)
{
	int irq = irq_alloc_desc(NUMA_NO_NODE);

	KUNIT_ASSERT_GT(test, irq, 0);
	return irq;
}

static void __maybe_unused free_desc(void *irq)
{
	irq_free_desc((unsigned long)irq);
}

#ifdef CONFIG_GENERIC_IRQ_DEBUGFS
static void desc_frees_device_name(struct kunit *test)
{
	const char *name = kstrdup("kunit", GFP_KERNEL);
	int irq;

	KUNIT_ASSERT_NOT_NULL(test, name);
	irq = alloc_desc(test);
	irq_to_desc(irq)->dev_name = name;
	KUNIT_EXPECT_TRUE(test, ipi_test_frees(test, free_desc, (void *)(unsigned long)irq,
					       name));
}
#else
static void desc_frees_device_name(struct kunit *test)
{
	kunit_skip(test, "no device names without GENERIC_IRQ_DEBUGFS");
}
#endif

/* An interrupt becomes a per-CPU one once */
static void desc_is_percpu_once(struct kunit *test)
{
	int irq = alloc_desc(test);

	KUNIT_EXPECT_EQ(test, irq_set_percpu_devid(irq), 0);
	KUNIT_EXPECT_TRUE(test, irq_is_percpu_devid(irq));
	KUNIT_EXPECT_EQ(test, irq_set_percpu_devid(irq), -EINVAL);
	irq_free_desc(irq);
	KUNIT_EXPECT_EQ(test, irq_set_percpu_devid(NR_IRQS), -EINVAL);
}

#ifndef CONFIG_SPARSE_IRQ
/* The next owner of a number finds nothing of the one before */
static void desc_is_new(struct kunit *test)
{
	int irq = alloc_desc(test);

	irqd_set_trigger_type(irq_get_irq_data(irq), IRQ_TYPE_SENSE_MASK);
	irq_free_desc(irq);
	KUNIT_ASSERT_EQ(test, irq_alloc_desc_at(irq, NUMA_NO_NODE), irq);
	KUNIT_EXPECT_EQ(test, irq_get_trigger_type(irq), IRQ_TYPE_NONE);
	irq_free_desc(irq);
}

/* So does the next per-CPU interrupt: no CPU has it enabled, and no memory leaks */
static void desc_is_percpu_again(struct kunit *test)
{
	int irq = alloc_desc(test);
	struct cpumask *enabled;

	KUNIT_EXPECT_EQ(test, irq_set_percpu_devid(irq), 0);
	enabled = irq_to_desc(irq)->percpu_enabled;
	cpumask_set_cpu(0, enabled);
	irq_free_desc(irq);

	KUNIT_ASSERT_EQ(test, irq_alloc_desc_at(irq, NUMA_NO_NODE), irq);
	KUNIT_EXPECT_FALSE(test, irq_is_percpu_devid(irq));
	KUNIT_EXPECT_EQ(test, irq_set_percpu_devid(irq), 0);
	KUNIT_EXPECT_PTR_EQ(test, irq_to_desc(irq)->percpu_enabled, enabled);
	KUNIT_EXPECT_TRUE(test, cpumask_empty(enabled));
	irq_free_desc(irq);
}

static bool desc_is_kept(struct irq_desc *desc)
{
	return irqd_get_trigger_type(&desc->irq_data) == IRQ_TYPE_EDGE_RISING;
}

/* Who holds the lock of a descriptor does not see it change */
static void desc_freed_under_lock(struct kunit *test)
{
	int irq;

	ipi_test_need_two(test, cpu_online_mask);
	irq = alloc_desc(test);
	irqd_set_trigger_type(irq_get_irq_data(irq), IRQ_TYPE_EDGE_RISING);
	KUNIT_EXPECT_TRUE(test, ipi_test_under_lock(test, irq, free_desc, desc_is_kept));
}
#endif

static struct kunit_case desc_cases[] = {
	KUNIT_CASE(desc_frees_device_name),
	KUNIT_CASE(desc_is_percpu_once),
#ifndef CONFIG_SPARSE_IRQ
	KUNIT_CASE(desc_is_new),
	KUNIT_CASE(desc_is_percpu_again),
	KUNIT_CASE(desc_freed_under_lock),
#endif
	{ }
};

static struct kunit_suite desc_suite = {
	.name		= "ipi-desc",
	.test_cases	= desc_cases,
};

kunit_test_suite(desc_suite);

MODULE_DESCRIPTION("KUnit tests for interrupt descriptors which are used again");
MODULE_LICENSE("GPL");
