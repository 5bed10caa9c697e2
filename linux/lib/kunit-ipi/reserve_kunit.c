// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reserving IPIs.
 */

#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/irq.h>
#include <linux/irqdesc.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "fake.h"

/* One virq and one descriptor, whatever the number of targets */
static void reserve_takes_one_virq(struct kunit *test)
{
	const struct fake_case *param = test->param_value;
	struct fake_ipi *fake = test->priv;
	struct cpumask *mask = fake_mask(test, param->mask);
	struct fake_count before = fake_count(fake);
	struct fake_count after;
	int virq;

	virq = fake_reserve(test, fake, mask);
	after = fake_count(fake);

	KUNIT_EXPECT_EQ(test, after.descs, before.descs + 1);
	KUNIT_EXPECT_TRUE(test, cpumask_equal(mask, irq_get_affinity_mask(virq)));
}

/* There is a hwirq per target, or one in all, and no more */
static void reserve_takes_hwirqs(struct kunit *test)
{
	const struct fake_case *param = test->param_value;
	struct fake_ipi *fake = test->priv;
	struct cpumask *mask = fake_mask(test, param->mask);
	unsigned int want = param->shape == FAKE_UNIFORM ? 1 : cpumask_weight(mask);
	struct fake_count count;

	fake_reserve(test, fake, mask);
	count = fake_count(fake);

	KUNIT_EXPECT_EQ(test, count.hwirqs, want);
	KUNIT_EXPECT_EQ(test, count.mappings, fake_is_mapped(fake) ? want : 0);
}

/* Hwirqs which are scattered over the whole space will do */
static void reserve_fragmented(struct kunit *test)
{
	struct fake_ipi *fake = test->priv;
	unsigned int i, want = num_possible_cpus();
	unsigned int cpu, nth = 0;
	int virq;

	/* All but every fifth one are taken */
	for (i = 0; i < fake->size; i++) {
		if (i % 5)
			__set_bit(i, fake->used);
	}

	virq = fake_reserve(test, fake, cpu_possible_mask);
	for_each_possible_cpu(cpu)
		KUNIT_EXPECT_EQ(test, ipi_get_hwirq(virq, cpu), 5 * nth++);
	KUNIT_EXPECT_EQ(test, nth, want);
}

static void reserve_expect_refused(struct kunit *test, struct irq_domain *domain,
				   const struct cpumask *mask, int err)
{
	struct fake_ipi *fake = test->priv;
	struct fake_count before = fake_count(fake);

	KUNIT_EXPECT_EQ(test, irq_reserve_ipi(domain, mask), err);
	fake_expect_count(test, fake, before);
}

/* What is not an IPI domain is refused */
static void reserve_not_ipi_domain(struct kunit *test)
{
	struct fake_ipi *fake = test->priv;

	reserve_expect_refused(test, NULL, cpu_possible_mask, -EINVAL);
	reserve_expect_refused(test, fake->domain, cpu_possible_mask, -EINVAL);
}

/* A mask which makes no sense is refused */
static void reserve_bad_mask(struct kunit *test)
{
	struct fake_ipi *fake = test->priv;

	reserve_expect_refused(test, fake->ipi, NULL, -EINVAL);
	reserve_expect_refused(test, fake->ipi, cpu_none_mask, -EINVAL);
}

static struct {
	const struct ipi_domain_ops	*ops;
	struct cpumask			*mask;
} changing;

static int change_and_alloc(struct irq_domain *d, struct ipi_mapping *map,
			    const struct cpumask *dest)
{
	cpumask_clear(changing.mask);
	return changing.ops->alloc(d, map, dest);
}

/* The mask may be one which changes, as that of the online CPUs */
static void reserve_changing_mask(struct kunit *test)
{
	struct fake_ipi *fake = test->priv;
	struct ipi_domain_ops ops = *fake->ipi_ops;
	struct irq_domain *ipi;
	unsigned int cpu;
	int virq;

	ops.alloc = change_and_alloc;
	ipi = ipi_create_irq_domain(NULL, fake->domain, &ops);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, ipi);

	changing.ops = fake->ipi_ops;
	changing.mask = fake_mask(test, MASK_ALL);
	virq = irq_reserve_ipi(ipi, changing.mask);
	KUNIT_EXPECT_GT(test, virq, 0);
	for_each_possible_cpu(cpu)
		KUNIT_EXPECT_NE(test, ipi_get_hwirq(virq, cpu), INVALID_HWIRQ);
	KUNIT_EXPECT_TRUE(test, irqd_is_global_ipi(irq_get_irq_data(virq)));
	KUNIT_EXPECT_EQ(test, irq_destroy_ipi(virq, NULL), 0);
	irq_domain_remove(ipi);
}

/* A mask with a CPU which cannot exist is refused */
static void reserve_impossible_cpu(struct kunit *test)
{
	struct cpumask *mask = fake_mask(test, MASK_ALL);
	struct fake_ipi *fake = test->priv;

	if (!fake_add_impossible(mask))
		kunit_skip(test, "masks have no room for an impossible CPU");
	reserve_expect_refused(test, fake->ipi, mask, -EINVAL);
}

/* No hwirqs left is an error which leaks nothing and goes away again */
static void reserve_no_hwirqs(struct kunit *test)
{
	struct fake_ipi *fake = test->priv;
	struct fake_count before;
	int virq;

	fake->nr_hwirqs = 2 * num_possible_cpus() - 1;
	virq = fake_reserve(test, fake, cpu_possible_mask);

	before = fake_count(fake);
	for (int i = 0; i < 3; i++) {
		KUNIT_EXPECT_EQ(test, irq_reserve_ipi(fake->ipi, cpu_possible_mask),
				-ENOSPC);
		fake_expect_count(test, fake, before);
	}

	KUNIT_EXPECT_EQ(test, irq_destroy_ipi(virq, NULL), 0);
	fake_reserve(test, fake, cpu_possible_mask);
}

/* A controller whose hwirq resolves to a device already gets an error */
static void reserve_busy_hwirq(struct kunit *test)
{
	struct fake_ipi *fake = test->priv;
	/* The last one, so that there is something to undo */
	irq_hw_number_t hwirq = fake->base + num_possible_cpus() - 1;
	unsigned int device = fake_device(test, fake, hwirq);
	struct fake_count before = fake_count(fake);

	KUNIT_EXPECT_EQ(test, irq_reserve_ipi(fake->ipi, cpu_possible_mask), -EINVAL);
	fake_expect_count(test, fake, before);
	KUNIT_EXPECT_EQ(test, irq_find_mapping(fake->domain, hwirq), device);
}

#define READER_MS	100

/**
 * struct withdrawn - What others do to a reservation which fails
 * @virq:	Its number
 * @inside:	The reader has begun
 * @done:	The reader has ended
 * @early:	A hwirq was given back before
 * @sent:	What a send returned when the hwirqs were given back
 */
static struct withdrawn {
	int			virq;
	struct completion	inside;
	bool			done;
	bool			early;
	int			sent;
} withdrawn;

static int withdrawn_reader(void *unused)
{
	rcu_read_lock();
	complete(&withdrawn.inside);
	/* Longer than a reservation takes which does not wait */
	mdelay(READER_MS);
	WRITE_ONCE(withdrawn.done, true);
	rcu_read_unlock();

	return ipi_test_wait_for_stop();
}

static void look_at_withdrawn(struct fake_ipi *fake)
{
	withdrawn.early |= !READ_ONCE(withdrawn.done);
	withdrawn.sent = irq_send_ipi_all(withdrawn.virq);
}

/*
 * Senders may have found an IPI whose last hwirq cannot be had. The others go
 * back when they are done, and nobody finds it any more.
 */
static void reserve_failed_is_withdrawn(struct kunit *test)
{
	irq_hw_number_t hwirq = num_possible_cpus() - 1;
	struct fake_ipi *fake = test->priv;
	struct task_struct *task;
	unsigned int other;

	ipi_test_need_two(test, cpu_online_mask);
	set_cpus_allowed_ptr(current, cpumask_of(raw_smp_processor_id()));
	other = cpumask_any_but(cpu_online_mask, raw_smp_processor_id());

	/* The lowest number which is free is that of the next IPI, too */
	fake_device(test, fake, hwirq);
	withdrawn = (struct withdrawn) {
		.virq = fake_reserve(test, fake, cpumask_of(0)),
		.sent = 1,
	};
	KUNIT_ASSERT_EQ(test, irq_destroy_ipi(withdrawn.virq, NULL), 0);

	init_completion(&withdrawn.inside);
	task = kthread_run_on_cpu(withdrawn_reader, NULL, other, "ipi-withdrawn/%u");
	ipi_test_thread(test, task);
	wait_for_completion(&withdrawn.inside);
	fake->on_free = look_at_withdrawn;
	KUNIT_EXPECT_EQ(test, irq_reserve_ipi(fake->ipi, cpu_possible_mask), -EINVAL);
	ipi_test_stop(test, task);

	KUNIT_EXPECT_FALSE(test, withdrawn.early);
	KUNIT_EXPECT_EQ(test, withdrawn.sent, -EINVAL);
	KUNIT_EXPECT_EQ(test, fake->nr_sent, 0);
}

/* A hwirq which the controller's domain does not have is an error */
static void reserve_no_such_hwirq(struct kunit *test)
{
	struct fake_ipi *fake = test->priv;

	/* The last CPU does not get one */
	fake->base = fake->size - num_possible_cpus() + 1;
	reserve_expect_refused(test, fake->ipi, cpu_possible_mask, -EINVAL);
}

#ifndef CONFIG_SMP
#define NR_ROUNDS	4096

static unsigned long slab_pages(void)
{
	rcu_barrier();
	kvfree_rcu_barrier();
	return global_node_page_state_pages(NR_SLAB_UNRECLAIMABLE_B);
}

/* With SMP, the counter lags behind */
static void expect_no_leak(struct kunit *test, struct fake_ipi *fake)
{
	unsigned long pages = slab_pages(), before;

	/* Of free slabs some stay, and more on a busy host; what leaks, leaks in each round */
	for (int round = 0; round < 5; round++) {
		before = pages;
		for (int i = 0; i < NR_ROUNDS; i++) {
			int virq = irq_reserve_ipi(fake->ipi, cpu_possible_mask);

			if (virq > 0)
				irq_destroy_ipi(virq, NULL);
		}
		pages = slab_pages();
		/* The smallest objects with a struct rcu_head, and a half of them */
		if (pages < before + NR_ROUNDS * 32 / 2 / PAGE_SIZE)
			return;
	}
	KUNIT_FAIL(test, "%lu pages, and %lu before the last round", pages, before);
}

/* A reservation which fails keeps no memory */
static void reserve_failed_keeps_no_memory(struct kunit *test)
{
	struct fake_ipi *fake = test->priv;

	fake->nr_hwirqs = 0;
	expect_no_leak(test, fake);
}

/* Nor does one which is destroyed */
static void reserve_destroyed_keeps_no_memory(struct kunit *test)
{
	expect_no_leak(test, test->priv);
}
#endif

#ifndef CONFIG_SPARSE_IRQ
/*
 * No descriptor is -ENOMEM. With SPARSE_IRQ there is no end to the numbers,
 * and the suite ipi-fault lets the allocation of the descriptor fail.
 */
static void reserve_no_descriptor(struct kunit *test)
{
	struct fake_ipi *fake = test->priv;
	struct fake_count before;
	unsigned int n = 0;
	int irq, *irqs;

	irqs = kunit_kcalloc(test, NR_IRQS, sizeof(*irqs), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, irqs);
	while ((irq = irq_alloc_desc(NUMA_NO_NODE)) >= 0)
		irqs[n++] = irq;

	before = fake_count(fake);
	KUNIT_EXPECT_EQ(test, irq_reserve_ipi(fake->ipi, cpu_possible_mask), -ENOMEM);
	fake_expect_count(test, fake, before);

	while (n--)
		irq_free_desc(irqs[n]);
}
#endif

/* Global means all possible CPUs, and it is recorded when reserving */
static void reserve_records_global(struct kunit *test)
{
	const struct fake_case *param = test->param_value;
	struct fake_ipi *fake = test->priv;
	struct cpumask *mask = fake_mask(test, param->mask);
	int virq;

	virq = fake_reserve(test, fake, mask);
	KUNIT_EXPECT_EQ(test, irqd_is_global_ipi(irq_get_irq_data(virq)),
			cpumask_equal(mask, cpu_possible_mask));
}

KUNIT_ARRAY_PARAM_DESC(fake, fake_cases, desc);

/* A device that names the hwirq of an IPI is refused, and the IPI stays as it is */
static void reserve_no_device(struct kunit *test)
{
	struct fake_ipi *fake = test->priv;
	int virq = fake_reserve(test, fake, cpu_possible_mask);
	irq_hw_number_t hwirq = ipi_get_hwirq(virq, cpumask_first(cpu_possible_mask));
	struct irq_fwspec fwspec = {
		.fwnode		= fake->domain->fwnode,
		.param_count	= 1,
		.param		= { hwirq },
	};
	unsigned int device;

	KUNIT_EXPECT_EQ(test, irq_create_mapping(fake->domain, hwirq), 0);
	KUNIT_EXPECT_EQ(test, irq_create_fwspec_mapping(&fwspec), 0);

	/* It is the device's as soon as the IPI is gone, as often as it asks */
	KUNIT_ASSERT_EQ(test, irq_destroy_ipi(virq, NULL), 0);
	device = irq_create_fwspec_mapping(&fwspec);
	KUNIT_ASSERT_NE(test, device, 0);
	KUNIT_EXPECT_EQ(test, fake_device(test, fake, hwirq), device);
	KUNIT_EXPECT_EQ(test, irq_create_fwspec_mapping(&fwspec), device);
}

static struct kunit_case reserve_cases[] = {
	KUNIT_CASE_PARAM(reserve_takes_one_virq, fake_gen_params),
	KUNIT_CASE_PARAM(reserve_takes_hwirqs, fake_gen_params),
	KUNIT_CASE_PARAM(reserve_records_global, fake_gen_params),
	KUNIT_CASE(reserve_fragmented),
	KUNIT_CASE(reserve_not_ipi_domain),
	KUNIT_CASE(reserve_bad_mask),
	KUNIT_CASE(reserve_changing_mask),
	KUNIT_CASE(reserve_impossible_cpu),
	KUNIT_CASE(reserve_no_hwirqs),
	KUNIT_CASE(reserve_busy_hwirq),
	KUNIT_CASE(reserve_failed_is_withdrawn),
	KUNIT_CASE(reserve_no_such_hwirq),
	KUNIT_CASE(reserve_no_device),
#ifndef CONFIG_SMP
	KUNIT_CASE(reserve_failed_keeps_no_memory),
	KUNIT_CASE(reserve_destroyed_keeps_no_memory),
#endif
#ifndef CONFIG_SPARSE_IRQ
	KUNIT_CASE(reserve_no_descriptor),
#endif
	{ }
};

static struct kunit_suite reserve_suite = {
	.name		= "ipi-reserve",
	.init		= fake_init,
	.test_cases	= reserve_cases,
};

kunit_test_suite(reserve_suite);

MODULE_DESCRIPTION("KUnit tests for reserving IPIs");
MODULE_LICENSE("GPL");
