// SPDX-License-Identifier: GPL-2.0-only
/*
 * A fake interrupt controller with an IPI domain, for KUnit.
 *
 * Its registers are plain memory. What was written to them is there to be
 * looked at, and fake_raise_on() is the wire to a CPU.
 */

#include <linux/fwnode.h>
#include <linux/interrupt.h>
#include <linux/irq.h>
#include <linux/irqdesc.h>
#include <linux/irqnr.h>
#include <linux/prandom.h>
#include <linux/random.h>
#include <linux/smp.h>

#include <kunit/test-bug.h>

#include "fake.h"

#define FAKE_TREE_BASE	0x10000

static struct fake_ipi *to_fake(struct irq_data *d)
{
	return irq_data_get_irq_chip_data(d);
}

static void fake_ack(struct irq_data *d)
{
	struct fake_ipi *fake = to_fake(d);

	fake->acked[smp_processor_id()] = irq_data_get_ipi_hwirq(d);
	atomic_inc(&fake->nr_acked);
}

/* The CPUs which have this CPU's hwirq enabled. The core sees to it that it has one. */
static struct cpumask *fake_enabled(struct irq_data *d)
{
	struct fake_ipi *fake = to_fake(d);
	irq_hw_number_t i = irq_data_get_ipi_hwirq(d) - fake->base;

	return WARN_ON_ONCE(i >= FAKE_NR_HWIRQS) ? NULL : &fake->enabled[i];
}

static void fake_mask_irq(struct irq_data *d)
{
	struct cpumask *enabled = fake_enabled(d);

	if (enabled)
		cpumask_clear_cpu(smp_processor_id(), enabled);
}

static void fake_unmask_irq(struct irq_data *d)
{
	struct cpumask *enabled = fake_enabled(d);

	if (enabled)
		cpumask_set_cpu(smp_processor_id(), enabled);
}

/* A CPU which has the hwirq masked does not get it, now or later */
static void fake_interrupt_here(struct irq_work *work)
{
	struct fake_wire *wire = container_of(work, struct fake_wire, work);
	struct fake_ipi *fake = wire->fake;
	unsigned int i;

	for_each_set_bit(i, wire->pending, FAKE_NR_HWIRQS) {
		clear_bit(i, wire->pending);
		/* Clear before the handler looks. Pairs with fake_interrupt(). */
		smp_mb__after_atomic();
		if (cpumask_test_cpu(smp_processor_id(), &fake->enabled[i]))
			generic_handle_domain_irq(fake->domain, fake->base + i);
	}
}

static void fake_interrupt(struct fake_ipi *fake, irq_hw_number_t hwirq,
			   unsigned int cpu)
{
	if (!fake->wires || !cpu_online(cpu))
		return;

	/* Prior accesses before the bit. Pairs with fake_interrupt_here(). */
	smp_mb__before_atomic();
	set_bit(hwirq - fake->base, fake->wires[cpu].pending);
	irq_work_queue_on(&fake->wires[cpu].work, cpu);
}

static void fake_send_ipi(struct irq_data *d, const struct cpumask *dest)
{
	const struct ipi_mapping *map = irq_data_get_ipi_mapping(d);
	struct fake_ipi *fake = to_fake(d);
	irq_hw_number_t hwirq;
	unsigned int target;
	unsigned long flags;

	/* Orders prior accesses of the sender, paired by whoever reads the log */
	raw_spin_lock_irqsave(&fake->lock, flags);

	fake->nr_calls++;
	for_each_ipi_hwirq(hwirq, target, map, dest) {
		if (fake->nr_sent < FAKE_MAX_SENT) {
			fake->sent[fake->nr_sent] = hwirq;
			fake->sent_target[fake->nr_sent] = target;
		}
		fake->nr_sent++;
		fake_interrupt(fake, hwirq, target);
	}

	raw_spin_unlock_irqrestore(&fake->lock, flags);
}

static const struct irq_chip fake_chip = {
	.name		= "fake",
	.irq_ack	= fake_ack,
	.irq_mask	= fake_mask_irq,
	.irq_unmask	= fake_unmask_irq,
	.send_ipi	= fake_send_ipi,
};

static int fake_alloc_one(struct fake_ipi *fake)
{
	unsigned int i, step = fake->shape == FAKE_GAPS ? 3 : 1;

	for (i = 0; i < fake->nr_hwirqs; i += step) {
		if (!__test_and_set_bit(i, fake->used))
			return i;
	}
	return -ENOSPC;
}

static int fake_alloc(struct irq_domain *d, struct ipi_mapping *map,
		      const struct cpumask *dest)
{
	unsigned int n, cpu, nr = cpumask_weight(dest);
	struct fake_ipi *fake = d->host_data;
	int i = -1;

	for (n = 0; n < nr; n++) {
		if (i < 0 || fake->shape != FAKE_UNIFORM)
			i = fake_alloc_one(fake);
		if (i < 0)
			return i;

		cpu = cpumask_nth(fake->shape == FAKE_GAPS ? nr - 1 - n : n, dest);
		ipi_mapping_set(map, cpu, fake->base + i);
		cpumask_clear(&fake->enabled[i]);
	}
	return 0;
}

static int fake_alloc_external(struct irq_domain *d, unsigned long hwid,
			       irq_hw_number_t *hwirq)
{
	struct fake_ipi *fake = d->host_data;
	int i = fake_alloc_one(fake);

	if (i < 0)
		return i;

	fake->hwid[i] = hwid;
	*hwirq = fake->base + i;
	return 0;
}

static void fake_free(struct irq_domain *d, irq_hw_number_t hwirq)
{
	struct fake_ipi *fake = d->host_data;
	struct kunit *test = kunit_get_current_test();

	if (fake->on_free)
		fake->on_free();

	/* The core must neither free twice nor free what it did not get */
	if (!__test_and_clear_bit(hwirq - fake->base, fake->used) && test)
		KUNIT_FAIL(test, "hwirq %lu is freed twice", hwirq);
}

static const struct ipi_domain_ops fake_ipi_ops = {
	.chip		= &fake_chip,
	.alloc		= fake_alloc,
	.alloc_external	= fake_alloc_external,
	.free		= fake_free,
};

static const struct irq_domain_ops fake_domain_ops = { };

static void fake_remove_fwnode(void *fwnode)
{
	irq_domain_free_fwnode(fwnode);
}

/* fake_at_exit - Have something done when the test ends */
void fake_at_exit(struct kunit *test, kunit_action_t *action, void *ctx)
{
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, action, ctx));
}

/* fake_remove_domain - Remove a domain, as a KUnit action */
void fake_remove_domain(void *domain)
{
	irq_domain_remove(domain);
}

/**
 * fake_create - Create a fake controller, which goes with the test
 * @test:	Test
 * @shape:	How hwirqs are handed out
 *
 * Return: The controller.
 */
struct fake_ipi *fake_create(struct kunit *test, enum fake_shape shape)
{
	static atomic_t id;
	unsigned int size = shape == FAKE_TREE ? 0 : FAKE_NR_HWIRQS;
	struct fwnode_handle *fwnode;
	struct fake_ipi *fake;

	fake = kunit_kzalloc(test, sizeof(*fake), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, fake);
	raw_spin_lock_init(&fake->lock);
	fake->shape = shape;
	fake->ipi_ops = &fake_ipi_ops;
	fake->nr_hwirqs = FAKE_NR_HWIRQS;
	fake->base = shape == FAKE_TREE ? FAKE_TREE_BASE : 0;

	fwnode = irq_domain_alloc_named_id_fwnode("fake-ipi", atomic_inc_return(&id));
	KUNIT_ASSERT_NOT_NULL(test, fwnode);
	fake_at_exit(test, fake_remove_fwnode, fwnode);

	fake->domain = size ? irq_domain_create_linear(fwnode, size,
						       &fake_domain_ops, fake) :
			      irq_domain_create_tree(fwnode, &fake_domain_ops, fake);
	KUNIT_ASSERT_NOT_NULL(test, fake->domain);
	fake_at_exit(test, fake_remove_domain, fake->domain);

	fake->ipi = ipi_create_irq_domain(fake->domain, &fake_ipi_ops);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, fake->ipi);
	fake_at_exit(test, fake_remove_domain, fake->ipi);
	return fake;
}

static void fake_cut(void *ctx)
{
	struct fake_ipi *fake = ctx;
	unsigned int cpu;

	for_each_possible_cpu(cpu)
		irq_work_sync(&fake->wires[cpu].work);
}

/**
 * fake_wire_up - Let sends interrupt the CPUs, in hard interrupt context
 * @test:	Test
 * @fake:	Controller
 */
void fake_wire_up(struct kunit *test, struct fake_ipi *fake)
{
	unsigned int cpu;

	fake->wires = kunit_kcalloc(test, nr_cpu_ids, sizeof(*fake->wires), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, fake->wires);
	for_each_possible_cpu(cpu) {
		fake->wires[cpu].fake = fake;
		fake->wires[cpu].work = IRQ_WORK_INIT_HARD(fake_interrupt_here);
	}
	fake_at_exit(test, fake_cut, fake);
}

/**
 * fake_init - Init function of the suites: test->priv is a fake controller
 * @test:	Test, its parameter is NULL or a struct fake_case
 *
 * Return: 0.
 */
int fake_init(struct kunit *test)
{
	const struct fake_case *param = test->param_value;

	test->priv = fake_create(test, param ? param->shape : FAKE_ROW);
	return 0;
}

/**
 * fake_mask - Make a mask of possible CPUs
 * @test:	Test, which the mask goes with
 * @kind:	What kind of mask. Never empty.
 *
 * Return: The mask.
 */
struct cpumask *fake_mask(struct kunit *test, enum fake_mask kind)
{
	unsigned int cpu, n = 0, last = cpumask_last(cpu_possible_mask);
	struct cpumask *mask;
	struct rnd_state rnd;
	u64 seed;

	mask = kunit_kzalloc(test, cpumask_size(), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, mask);

	if (kind == MASK_RANDOM) {
		seed = get_random_u64();
		prandom_seed_state(&rnd, seed);
		kunit_info(test, "seed 0x%llx", seed);
	}

	for_each_possible_cpu(cpu) {
		bool set = false;

		switch (kind) {
		case MASK_SINGLE:
			set = cpu == last;
			break;
		case MASK_ALL:
			set = true;
			break;
		case MASK_OFFSET:
			set = n > 0;
			break;
		case MASK_HOLES:
			set = n == 0 || cpu == last;
			break;
		case MASK_ALTERNATING:
			set = n % 2;
			break;
		case MASK_RANDOM:
			set = prandom_u32_state(&rnd) % 2;
			break;
		}
		if (set)
			cpumask_set_cpu(cpu, mask);
		n++;
	}

	if (cpumask_empty(mask))
		cpumask_set_cpu(last, mask);
	return mask;
}

static void fake_destroy(void *virq)
{
	/* Fails if the test has done so itself */
	irq_destroy_ipi((unsigned long)virq, NULL);
}

/**
 * fake_reserve - Reserve an IPI, which goes with the test
 * @test:	Test, which fails if there is no IPI
 * @fake:	Controller
 * @mask:	Targets
 *
 * Return: Linux interrupt number.
 */
int fake_reserve(struct kunit *test, struct fake_ipi *fake,
		 const struct cpumask *mask)
{
	int virq = irq_reserve_ipi(fake->ipi, mask);

	KUNIT_ASSERT_GT(test, virq, 0);
	fake_at_exit(test, fake_destroy, (void *)(unsigned long)virq);
	return virq;
}

/* fake_count - Count what must not leak */
struct fake_count fake_count(struct fake_ipi *fake)
{
	struct fake_count count = { };
	unsigned int i, irq;

	irq_lock_sparse();
	for_each_active_irq(irq)
		count.descs++;
	irq_unlock_sparse();

	count.hwirqs = bitmap_weight(fake->used, FAKE_NR_HWIRQS);
	count.mapped = fake->domain->mapcount + fake->ipi->mapcount;
	for (i = 0; i < FAKE_NR_HWIRQS; i++)
		count.mappings += !!irq_find_mapping(fake->domain, fake->base + i);
	return count;
}

/* fake_expect_count - Expect that nothing leaked */
void fake_expect_count(struct kunit *test, struct fake_ipi *fake,
		       struct fake_count before)
{
	struct fake_count now = fake_count(fake);

	KUNIT_EXPECT_EQ(test, now.descs, before.descs);
	KUNIT_EXPECT_EQ(test, now.hwirqs, before.hwirqs);
	KUNIT_EXPECT_EQ(test, now.mappings, before.mappings);
	KUNIT_EXPECT_EQ(test, now.mapped, before.mapped);
}

struct fake_raised {
	struct fake_ipi	*fake;
	irq_hw_number_t	hwirq;
};

static void fake_raise(void *data)
{
	struct fake_raised *raised = data;

	generic_handle_domain_irq(raised->fake->domain, raised->hwirq);
}

/* fake_raise_on - Raise a hwirq on a CPU which is online and wait for it */
void fake_raise_on(struct fake_ipi *fake, irq_hw_number_t hwirq, unsigned int cpu)
{
	struct fake_raised raised = { fake, hwirq };

	smp_call_function_single(cpu, fake_raise, &raised, 1);
}

/* fake_clear_log - Forget what was sent */
void fake_clear_log(struct fake_ipi *fake)
{
	fake->nr_calls = 0;
	fake->nr_sent = 0;
}
