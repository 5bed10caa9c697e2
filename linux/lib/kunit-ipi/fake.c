// SPDX-License-Identifier: GPL-2.0-only
/*
 * A fake interrupt controller with an IPI domain, for KUnit.
 *
 * Its registers are plain memory. What was written to them is there to be
 * looked at, and fake_raise_on() is the wire to a CPU.
 */

#include <linux/irq.h>
#include <linux/irqdesc.h>
#include <linux/kernel.h>
#include <linux/lockdep.h>
#include <linux/minmax.h>
#include <linux/preempt.h>
#include <linux/prandom.h>
#include <linux/random.h>
#include <linux/smp.h>

#include "fake.h"

#define FAKE_TREE_BASE	0x10000
#define FAKE_MIN_HWIRQS	256U

/* How many hwirqs the sends of a CPU have raised, at any controller */
DEFINE_PER_CPU(unsigned int, fake_sent_here);

static struct fake_ipi *to_fake(struct irq_data *d)
{
	return irq_data_get_irq_chip_data(d);
}

/* Whether the hwirqs of a CPU are in the reverse map of the domain */
bool fake_is_mapped(struct fake_ipi *fake)
{
	return fake->shape != FAKE_BANKED;
}

/* Where a hwirq is marked as handed out: for banked ones at each CPU */
static unsigned long *fake_used(struct fake_ipi *fake, const struct ipi_mapping *map,
				unsigned int cpu)
{
	if (fake_is_mapped(fake) || ipi_mapping_is_external(map))
		return fake->used;
	return fake->cpus[cpu].used;
}

/* Neither senders nor receivers come across a hwirq which was given back */
static void fake_expect_used(struct fake_ipi *fake, const struct ipi_mapping *map,
			     unsigned int cpu, irq_hw_number_t hwirq)
{
	if (!test_bit(hwirq - fake->base, fake_used(fake, map, cpu)))
		atomic_inc(&fake->nr_astray);
}

static void fake_ack(struct irq_data *d)
{
	irq_hw_number_t hwirq = irq_data_get_ipi_hwirq(d);
	unsigned int cpu = smp_processor_id();
	struct fake_ipi *fake = to_fake(d);

	/* The wire of a test reaches CPUs which stop to be targets just now, too */
	if (hwirq != INVALID_HWIRQ)
		fake_expect_used(fake, irq_data_get_ipi_mapping(d), cpu, hwirq);
	fake->cpus[cpu].acked = hwirq;
	atomic_inc(&fake->nr_acked);
}

/* The core sees to it that the CPU has a hwirq */
static void fake_set_enabled(struct irq_data *d, bool enabled)
{
	struct fake_ipi *fake = to_fake(d);
	struct fake_cpu *cpu = &fake->cpus[smp_processor_id()];
	irq_hw_number_t i = irq_data_get_ipi_hwirq(d) - fake->base;

	if (WARN_ON_ONCE(i >= fake->size))
		return;

	if (!fake_is_mapped(fake))
		WRITE_ONCE(cpu->irqs[i], enabled ? d->irq : 0);
	assign_bit(i, cpu->enabled, enabled);
}

static void fake_mask_irq(struct irq_data *d)
{
	fake_set_enabled(d, false);
}

static void fake_unmask_irq(struct irq_data *d)
{
	fake_set_enabled(d, true);
}

/* What the calling CPU makes of a hwirq */
static int fake_handle(struct fake_ipi *fake, irq_hw_number_t hwirq)
{
	unsigned int irq;

	if (fake_is_mapped(fake))
		return generic_handle_domain_irq(fake->domain, hwirq);

	irq = READ_ONCE(fake->cpus[smp_processor_id()].irqs[hwirq - fake->base]);
	return irq ? generic_handle_irq(irq) : -EINVAL;
}

/* A CPU which has the hwirq masked does not get it, now or later */
static void fake_interrupt_here(struct irq_work *work)
{
	struct fake_cpu *cpu = container_of(work, struct fake_cpu, work);
	struct fake_ipi *fake = cpu->fake;
	unsigned int i;

	for_each_set_bit(i, cpu->pending, fake->size) {
		clear_bit(i, cpu->pending);
		/* Clear before the handler looks. Pairs with fake_interrupt(). */
		smp_mb__after_atomic();
		if (test_bit(i, cpu->enabled))
			fake_handle(fake, fake->base + i);
	}
}

static void fake_interrupt(struct fake_ipi *fake, irq_hw_number_t hwirq,
			   unsigned int target)
{
	struct fake_cpu *cpu = &fake->cpus[target];

	/* Dropped here if it is masked: its next owner may have it unmasked soon */
	if (!cpu->pending || !cpu_online(target) ||
	    !test_bit(hwirq - fake->base, cpu->enabled))
		return;

	/* Prior accesses before the bit. Pairs with fake_interrupt_here(). */
	smp_mb__before_atomic();
	set_bit(hwirq - fake->base, cpu->pending);
	irq_work_queue_on(&cpu->work, target);
}

static struct fake_sent fake_sent(const struct ipi_mapping *map,
				  unsigned int cpu, irq_hw_number_t hwirq)
{
	return (struct fake_sent) {
		.hwirq	= hwirq,
		.target	= ipi_mapping_is_external(map) ? ipi_mapping_hwid(map) : cpu,
	};
}

static void fake_send_to(struct fake_ipi *fake, const struct ipi_mapping *map,
			 const struct cpumask *dest)
{
	irq_hw_number_t hwirq;
	unsigned int target;

	for_each_ipi_hwirq(hwirq, target, map, dest) {
		if (fake->nr_sent < nr_cpu_ids)
			fake->sent[fake->nr_sent] = fake_sent(map, target, hwirq);
		fake->nr_sent++;
		__this_cpu_inc(fake_sent_here);
		fake_expect_used(fake, map, target, hwirq);
		if (!ipi_mapping_is_external(map))
			fake_interrupt(fake, hwirq, target);
	}
}

static void fake_send_ipi(struct irq_data *d, const struct cpumask *dest)
{
	const struct ipi_mapping *map = irq_data_get_ipi_mapping(d);
	struct fake_ipi *fake = to_fake(d);
	irq_hw_number_t hwirq;
	unsigned long flags;
	unsigned int target;

	/* A log without a lock would be another driver; the hwirqs are counted */
	if (in_nmi()) {
		for_each_ipi_hwirq(hwirq, target, map, dest) {
			fake_expect_used(fake, map, target, hwirq);
			atomic_inc(&fake->nr_in_nmi);
		}
		return;
	}

	/* Orders prior accesses of the sender, paired by whoever reads the log */
	raw_spin_lock_irqsave(&fake->lock, flags);

	fake->nr_calls++;
	/* An IPI which was not reserved has no hwirqs */
	if (map)
		fake_send_to(fake, map, dest);

	raw_spin_unlock_irqrestore(&fake->lock, flags);
}

/* The chip is that of the devices, too. What follows is not for IPIs. */
static int fake_astray(struct irq_data *d)
{
	atomic_inc(&to_fake(d)->nr_astray);
	return 0;
}

static int fake_set_affinity(struct irq_data *d, const struct cpumask *mask,
			     bool force)
{
	irq_data_update_effective_affinity(d, mask);
	return fake_astray(d);
}

static int fake_set_type(struct irq_data *d, unsigned int type)
{
	return fake_astray(d);
}

static int fake_retrigger(struct irq_data *d)
{
	fake_astray(d);
	return 1;
}

static int fake_set_state(struct irq_data *d, enum irqchip_irq_state which,
			  bool state)
{
	return fake_astray(d);
}

static int fake_get_state(struct irq_data *d, enum irqchip_irq_state which,
			  bool *state)
{
	return fake_astray(d);
}

static int fake_set_wake(struct irq_data *d, unsigned int on)
{
	return fake_astray(d);
}

static const struct irq_chip fake_chip = {
	.name			= "fake",
	.irq_ack		= fake_ack,
	.irq_mask		= fake_mask_irq,
	.irq_unmask		= fake_unmask_irq,
	.irq_set_affinity	= fake_set_affinity,
	.irq_set_type		= fake_set_type,
	.irq_retrigger		= fake_retrigger,
	.irq_set_wake		= fake_set_wake,
	.irq_set_irqchip_state	= fake_set_state,
	.irq_get_irqchip_state	= fake_get_state,
	.send_ipi		= fake_send_ipi,
};

/* What hands hwirqs out and takes them back need not care for others who do */
static void fake_assert_serialized(struct irq_domain *d)
{
	might_sleep();
	lockdep_assert_held(&d->root->mutex);
}

static int fake_alloc_one(struct fake_ipi *fake)
{
	unsigned int i, step = fake->shape == FAKE_GAPS ? 3 : 1;

	for (i = 0; i < fake->nr_hwirqs; i += step) {
		if (!test_and_set_bit(i, fake->used))
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

	fake_assert_serialized(d);
	for (n = 0; n < nr; n++) {
		if (i < 0 || fake->shape != FAKE_UNIFORM)
			i = fake_alloc_one(fake);
		if (i < 0)
			return i;

		cpu = cpumask_nth(fake->shape == FAKE_GAPS ? nr - 1 - n : n, dest);
		ipi_mapping_set(map, cpu, fake->base + i);
		clear_bit(i, fake->cpus[cpu].enabled);
	}
	return 0;
}

/* A number which is free on each of them, though it may be taken elsewhere */
static int fake_alloc_banked(struct irq_domain *d, struct ipi_mapping *map,
			     const struct cpumask *dest)
{
	struct fake_ipi *fake = d->host_data;
	unsigned int i, cpu;

	fake_assert_serialized(d);
	for (i = 0; i < fake->nr_hwirqs; i++) {
		for_each_cpu(cpu, dest) {
			if (test_bit(i, fake->cpus[cpu].used))
				break;
		}
		if (cpu >= nr_cpu_ids)
			break;
	}
	if (i >= fake->nr_hwirqs)
		return -ENOSPC;

	for_each_cpu(cpu, dest) {
		set_bit(i, fake->cpus[cpu].used);
		ipi_mapping_set(map, cpu, fake->base + i);
	}
	return 0;
}

static int fake_alloc_external(struct irq_domain *d, unsigned long hwid,
			       irq_hw_number_t *hwirq)
{
	struct fake_ipi *fake = d->host_data;
	int i;

	fake_assert_serialized(d);
	if (hwid == FAKE_NOBODY)
		return -EINVAL;
	if (hwid < nr_cpu_ids)
		return -EBUSY;

	i = fake_alloc_one(fake);
	if (i < 0)
		return i;

	fake->hwid[i] = hwid;
	*hwirq = fake->base + i;
	return 0;
}

static void fake_free(struct irq_domain *d, const struct ipi_mapping *map,
		      unsigned int cpu, irq_hw_number_t hwirq)
{
	struct fake_ipi *fake = d->host_data;

	fake_assert_serialized(d);
	if (fake->on_free)
		fake->on_free(fake);
	fake->freed = fake_sent(map, cpu, hwirq);

	/* The core must neither free twice nor free what it did not get */
	if (!test_and_clear_bit(hwirq - fake->base, fake_used(fake, map, cpu)))
		KUNIT_FAIL(fake->test, "hwirq %lu is freed twice", hwirq);
}

static const struct ipi_domain_ops fake_ipi_ops = {
	.chip		= &fake_chip,
	.alloc		= fake_alloc,
	.alloc_external	= fake_alloc_external,
	.free		= fake_free,
};

static const struct ipi_domain_ops fake_banked_ops = {
	.chip		= &fake_chip,
	.banked		= true,
	.alloc		= fake_alloc_banked,
	.alloc_external	= fake_alloc_external,
	.free		= fake_free,
};

static const struct irq_domain_ops fake_domain_ops = { };

static void fake_remove_fwnode(void *fwnode)
{
	irq_domain_free_fwnode(fwnode);
}

/* fake_remove_domain - Remove a domain, as a KUnit action */
void fake_remove_domain(void *domain)
{
	irq_domain_remove(domain);
}

/**
 * fake_add_domain - Register the controller's domain, which goes with the test
 * @test:	Test
 * @fake:	Controller
 * @fwnode:	Its firmware node
 */
void fake_add_domain(struct kunit *test, struct fake_ipi *fake,
		     struct fwnode_handle *fwnode)
{
	fake->domain = fake->shape == FAKE_TREE ?
		irq_domain_create_tree(fwnode, &fake_domain_ops, fake) :
		irq_domain_create_linear(fwnode, fake->size, &fake_domain_ops, fake);
	KUNIT_ASSERT_NOT_NULL(test, fake->domain);
	ipi_test_at_exit(test, fake_remove_domain, fake->domain);
}

/**
 * fake_add_ipi_domain - Register the IPI domain, which goes with the test
 * @test:	Test
 * @fake:	Controller, which has a domain
 * @ops:	Its side of the IPI domain
 */
void fake_add_ipi_domain(struct kunit *test, struct fake_ipi *fake,
			 const struct ipi_domain_ops *ops)
{
	fake->ipi = ipi_create_irq_domain(fake->domain->fwnode, fake->domain, ops);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, fake->ipi);
	ipi_test_at_exit(test, fake_remove_domain, fake->ipi);
}

static void *fake_array(struct kunit *test, size_t n, size_t size)
{
	void *array = kunit_kcalloc(test, n, size, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, array);
	return array;
}

static unsigned long *fake_bitmap(struct kunit *test, struct fake_ipi *fake)
{
	return fake_array(test, BITS_TO_LONGS(fake->size), sizeof(long));
}

/* The registers of the controller, as many as the system needs */
static struct fake_ipi *fake_alloc_registers(struct kunit *test)
{
	struct fake_ipi *fake = fake_array(test, 1, sizeof(*fake));
	unsigned int cpu;

	/* Enough for two IPIs to all CPUs with gaps */
	fake->size = max(FAKE_MIN_HWIRQS, 6 * nr_cpu_ids);
	fake->used = fake_bitmap(test, fake);
	fake->hwid = fake_array(test, fake->size, sizeof(*fake->hwid));
	fake->sent = fake_array(test, nr_cpu_ids, sizeof(*fake->sent));
	fake->cpus = fake_array(test, nr_cpu_ids, sizeof(*fake->cpus));
	for_each_possible_cpu(cpu) {
		fake->cpus[cpu].fake = fake;
		fake->cpus[cpu].enabled = fake_bitmap(test, fake);
		fake->cpus[cpu].used = fake_bitmap(test, fake);
		fake->cpus[cpu].irqs = fake_array(test, fake->size, sizeof(int));
	}
	return fake;
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
	struct fake_ipi *fake = fake_alloc_registers(test);
	static atomic_t id;
	struct fwnode_handle *fwnode;

	raw_spin_lock_init(&fake->lock);
	fake->test = test;
	fake->shape = shape;
	fake->ipi_ops = shape == FAKE_BANKED ? &fake_banked_ops : &fake_ipi_ops;
	fake->nr_hwirqs = fake->size;
	fake->base = shape == FAKE_TREE ? FAKE_TREE_BASE : 0;

	fwnode = irq_domain_alloc_named_id_fwnode("fake-ipi", atomic_inc_return(&id));
	KUNIT_ASSERT_NOT_NULL(test, fwnode);
	ipi_test_at_exit(test, fake_remove_fwnode, fwnode);

	fake_add_domain(test, fake, fwnode);
	fake_add_ipi_domain(test, fake, fake->ipi_ops);
	return fake;
}

static void fake_cut(void *ctx)
{
	struct fake_ipi *fake = ctx;
	unsigned int cpu;

	for_each_possible_cpu(cpu)
		irq_work_sync(&fake->cpus[cpu].work);
}

/**
 * fake_wire_up - Let sends interrupt the CPUs, in hard interrupt context
 * @test:	Test
 * @fake:	Controller
 */
void fake_wire_up(struct kunit *test, struct fake_ipi *fake)
{
	unsigned int cpu;

	for_each_possible_cpu(cpu) {
		fake->cpus[cpu].work = IRQ_WORK_INIT_HARD(fake_interrupt_here);
		fake->cpus[cpu].pending = fake_bitmap(test, fake);
	}
	ipi_test_at_exit(test, fake_cut, fake);
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
		case MASK_PAIR:
			set = n < 2;
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

/**
 * fake_add_impossible - Add a CPU to a mask which the system cannot have
 * @mask:	Mask
 *
 * Return: Whether there is one. In a mask of many words, the bits behind the
 *	   last possible CPU do not count.
 */
bool fake_add_impossible(struct cpumask *mask)
{
	unsigned int cpu = cpumask_first_zero(cpu_possible_mask);

	if (cpu >= small_cpumask_bits)
		return false;

	__cpumask_set_cpu(cpu, mask);
	return true;
}

static void fake_dispose(void *virq)
{
	irq_dispose_mapping((unsigned long)virq);
}

/**
 * fake_device - Map a hwirq of a device, until the test ends
 * @test:	Test
 * @fake:	Controller
 * @hwirq:	Hwirq
 *
 * Return: Linux interrupt number.
 */
unsigned int fake_device(struct kunit *test, struct fake_ipi *fake,
			 irq_hw_number_t hwirq)
{
	unsigned int virq = irq_create_mapping(fake->domain, hwirq);

	KUNIT_ASSERT_NE(test, virq, 0);
	ipi_test_at_exit(test, fake_dispose, (void *)(unsigned long)virq);
	return virq;
}

/* fake_reserve - ipi_test_reserve() from a fake controller */
int fake_reserve(struct kunit *test, struct fake_ipi *fake,
		 const struct cpumask *mask)
{
	return ipi_test_reserve(test, fake->ipi, mask);
}

/* fake_reserve_and_request - The same, and count what is received */
int fake_reserve_and_request(struct kunit *test, struct fake_ipi *fake,
			     const struct cpumask *mask)
{
	int virq = fake_reserve(test, fake, mask);

	ipi_test_request(test, virq, ipi_test_count);
	return virq;
}

/* fake_reserve_external - Reserve an IPI to a processor outside of Linux */
int fake_reserve_external(struct kunit *test, struct fake_ipi *fake,
			  unsigned long hwid)
{
	return ipi_test_keep(test, irq_reserve_ipi_external(fake->ipi, hwid));
}

/* fake_is_enabled - Tell whether a CPU has its hwirq of an IPI unmasked */
bool fake_is_enabled(struct fake_ipi *fake, int virq, unsigned int cpu)
{
	irq_hw_number_t i = ipi_get_hwirq(virq, cpu) - fake->base;

	return i < fake->size && test_bit(i, fake->cpus[cpu].enabled);
}

/* fake_count - Count what must not leak */
struct fake_count fake_count(struct fake_ipi *fake)
{
	struct fake_count count = {
		.descs	= ipi_test_nr_descs(),
		.hwirqs	= bitmap_weight(fake->used, fake->size),
		.mapped	= fake->domain->mapcount + fake->ipi->mapcount,
	};
	unsigned int cpu;

	for_each_possible_cpu(cpu)
		count.hwirqs += bitmap_weight(fake->cpus[cpu].used, fake->size);
	for (unsigned int i = 0; i < fake->size; i++)
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
	int		ret;
};

static void fake_raise(void *data)
{
	struct fake_raised *raised = data;

	raised->ret = fake_handle(raised->fake, raised->hwirq);
}

/**
 * fake_raise_on - Raise a hwirq on a CPU and wait for it
 * @fake:	Controller
 * @hwirq:	Hwirq, masked or not
 * @cpu:	CPU, which is online
 *
 * Return: 0, or an error if it leads nowhere.
 */
int fake_raise_on(struct fake_ipi *fake, irq_hw_number_t hwirq, unsigned int cpu)
{
	struct fake_raised raised = { fake, hwirq };
	int ret = smp_call_function_single(cpu, fake_raise, &raised, 1);

	return ret ?: raised.ret;
}

/* fake_clear_log - Forget what was sent */
void fake_clear_log(struct fake_ipi *fake)
{
	fake->nr_calls = 0;
	fake->nr_sent = 0;
}
