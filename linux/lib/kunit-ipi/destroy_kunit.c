// SPDX-License-Identifier: GPL-2.0-only
/*
 * Destroying IPIs, or some of their targets.
 */

#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/interrupt.h>
#include <linux/irq.h>
#include <linux/irqdesc.h>
#include <linux/kthread.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>

#include "fake.h"

#define READER_MS	100
/* As long as nobody lets the holder go: the kernel complains after 21 s */
#define HOLDER_MS	5000

/* Everything comes back, again and again */
static void destroy_gives_back(struct kunit *test)
{
	const struct fake_case *param = test->param_value;
	struct fake_ipi *fake = test->priv;
	struct cpumask *mask = fake_mask(test, param->mask);
	struct fake_count before = fake_count(fake);

	for (int i = 0; i < 3; i++) {
		int virq = irq_reserve_ipi(fake->ipi, mask);

		KUNIT_ASSERT_GT(test, virq, 0);
		KUNIT_EXPECT_EQ(test, irq_destroy_ipi(virq, i ? mask : NULL), 0);
		fake_expect_count(test, fake, before);
		KUNIT_EXPECT_EQ(test, irq_send_ipi(virq, mask), -EINVAL);
		KUNIT_EXPECT_EQ(test, irq_destroy_ipi(virq, NULL), -EINVAL);
	}
	KUNIT_EXPECT_EQ(test, fake->nr_sent, 0);
}

/* The descriptor of an IPI is as good as new for somebody else */
static void destroy_leaves_no_trace(struct kunit *test)
{
	struct fake_ipi *fake = test->priv;
	int virq = fake_reserve(test, fake, cpu_possible_mask);
	struct irq_data *data;
	int irq;

	KUNIT_ASSERT_EQ(test, irq_destroy_ipi(virq, NULL), 0);

	irq = irq_alloc_desc_at(virq, NUMA_NO_NODE);
	KUNIT_ASSERT_EQ(test, irq, virq);
	data = irq_get_irq_data(irq);
	KUNIT_EXPECT_FALSE(test, irqd_is_global_ipi(data));
	KUNIT_EXPECT_NULL(test, ipi_test_mapping(irq));
	KUNIT_EXPECT_FALSE(test, irq_is_percpu_devid(irq));
	KUNIT_EXPECT_EQ(test, irq_set_percpu_devid(irq), 0);
	irq_free_desc(irq);
}

#ifdef CONFIG_SPARSE_IRQ
static void destroy_all_targets(void *virq)
{
	irq_destroy_ipi((unsigned long)virq, NULL);
}

/* What a descriptor has for a per-CPU interrupt goes with it */
static void destroy_frees_percpu_state(struct kunit *test)
{
	unsigned long virq = fake_reserve(test, test->priv, cpu_possible_mask);
	const void *enabled = irq_to_desc(virq)->percpu_enabled;

	KUNIT_ASSERT_NOT_NULL(test, enabled);
	KUNIT_EXPECT_TRUE(test, ipi_test_frees(test, destroy_all_targets, (void *)virq, enabled));
}
#endif

/* The targets which stay go on, those which leave are refused */
static void destroy_subset(struct kunit *test)
{
	const struct fake_case *param = test->param_value;
	struct fake_ipi *fake = test->priv;
	struct cpumask *mask = fake_mask(test, param->mask);
	struct fake_count empty = fake_count(fake);
	int virq = fake_reserve(test, fake, mask);
	unsigned int cpu, left = cpumask_weight(mask);
	irq_hw_number_t hwirq;

	for_each_cpu(cpu, mask) {
		struct fake_count count;

		hwirq = ipi_get_hwirq(virq, cpu);
		KUNIT_EXPECT_EQ(test, irq_destroy_ipi(virq, cpumask_of(cpu)), 0);
		left--;
		if (!left)
			break;

		KUNIT_EXPECT_EQ(test, cpumask_weight(irq_get_affinity_mask(virq)), left);
		KUNIT_EXPECT_FALSE(test, irqd_is_global_ipi(irq_get_irq_data(virq)));
		KUNIT_EXPECT_EQ(test, ipi_get_hwirq(virq, cpu), INVALID_HWIRQ);
		KUNIT_EXPECT_EQ(test, irq_send_ipi(virq, cpumask_of(cpu)), -EINVAL);
		KUNIT_EXPECT_EQ(test, irq_send_ipi(virq, mask), -EINVAL);
		KUNIT_EXPECT_EQ(test, ipi_test_desc_send(virq, mask), -EINVAL);
		KUNIT_EXPECT_EQ(test, fake->nr_sent, 0);

		KUNIT_EXPECT_EQ(test, irq_send_ipi_all(virq), 0);
		KUNIT_EXPECT_EQ(test, fake->nr_sent, left);
		fake_clear_log(fake);

		count = fake_count(fake);
		if (param->shape == FAKE_UNIFORM) {
			KUNIT_EXPECT_EQ(test, count.hwirqs, 1);
			KUNIT_EXPECT_EQ(test, irq_find_mapping(fake->domain, hwirq), virq);
		} else {
			KUNIT_EXPECT_EQ(test, count.hwirqs, left);
			KUNIT_EXPECT_EQ(test, irq_find_mapping(fake->domain, hwirq), 0);
			KUNIT_EXPECT_EQ(test, fake->freed.target, cpu);
			KUNIT_EXPECT_EQ(test, fake->freed.hwirq, hwirq);
		}
		KUNIT_EXPECT_EQ(test, count.mappings,
				fake_is_mapped(fake) ? count.hwirqs : 0);
	}
	fake_expect_count(test, fake, empty);
}

/* What all targets share stays for the first of them, too */
static void destroy_all_but_first(struct kunit *test)
{
	const struct fake_case *param = test->param_value;
	struct fake_ipi *fake = test->priv;
	struct cpumask *mask = fake_mask(test, param->mask);
	unsigned int first = cpumask_first(mask);
	int virq = fake_reserve(test, fake, mask);
	irq_hw_number_t hwirq = ipi_get_hwirq(virq, first);

	cpumask_clear_cpu(first, mask);
	KUNIT_EXPECT_EQ(test, irq_destroy_ipi(virq, mask), cpumask_empty(mask) ? -EINVAL : 0);
	KUNIT_EXPECT_EQ(test, fake_count(fake).hwirqs, 1);
	KUNIT_EXPECT_EQ(test, irq_find_mapping(fake->domain, hwirq),
			fake_is_mapped(fake) ? virq : 0);

	KUNIT_EXPECT_EQ(test, irq_send_ipi_all(virq), 0);
	KUNIT_EXPECT_EQ(test, fake->nr_sent, 1);
	KUNIT_EXPECT_EQ(test, fake->sent[0].hwirq, hwirq);
}

/**
 * struct reader - One who looked an IPI up and is not done yet
 * @fake:	Controller
 * @virq:	IPI
 * @inside:	The reader has begun
 * @early:	A hwirq was given back before the reader has ended
 */
struct reader {
	struct fake_ipi		*fake;
	int			virq;
	struct completion	inside;
	bool			early;
};

static unsigned int nr_used(struct fake_ipi *fake)
{
	return bitmap_weight(fake->used, fake->size);
}

static int reader_thread(void *data)
{
	struct reader *reader = data;
	unsigned int used = nr_used(reader->fake);

	rcu_read_lock();
	complete(&reader->inside);
	/* Longer than a destroy takes which does not wait */
	mdelay(READER_MS);
	reader->early = nr_used(reader->fake) != used;
	rcu_read_unlock();

	return ipi_test_wait_for_stop();
}

/* No hwirq goes to its next owner while somebody may send the former */
static void destroy_waits_for_senders(struct kunit *test)
{
	const struct cpumask *first = cpumask_of(cpumask_first(cpu_possible_mask));
	const struct cpumask *const dests[] = { first, NULL };
	unsigned int other = cpumask_any_but(cpu_online_mask, raw_smp_processor_id());
	struct reader reader = { .fake = test->priv };
	struct task_struct *task;

	ipi_test_need_two(test, cpu_online_mask);
	reader.virq = fake_reserve(test, reader.fake, cpu_possible_mask);

	for (int i = 0; i < ARRAY_SIZE(dests); i++) {
		init_completion(&reader.inside);
		task = kthread_run_on_cpu(reader_thread, &reader, other, "ipi-reader/%u");
		ipi_test_thread(test, task);
		wait_for_completion(&reader.inside);
		KUNIT_EXPECT_EQ(test, irq_destroy_ipi(reader.virq, dests[i]), 0);
		ipi_test_stop(test, task);
		KUNIT_EXPECT_FALSE(test, reader.early);
	}
	KUNIT_EXPECT_EQ(test, nr_used(reader.fake), 0);
}

/**
 * struct late_reader - One who looks at the mapping when its hwirqs are gone
 * @virq:	IPI
 * @go:		The hwirqs are about to be freed
 * @inside:	The reader has the mapping
 * @changed:	How much of it was not what it has to be
 */
static struct late_reader {
	int			virq;
	struct completion	go;
	struct completion	inside;
	unsigned int		changed;
} late_reader;

static int late_reader_thread(void *unused)
{
	struct late_reader *reader = &late_reader;
	const struct ipi_mapping *map;
	unsigned long hwid;
	unsigned int cpu;

	wait_for_completion(&reader->go);
	rcu_read_lock();
	map = irq_data_get_ipi_mapping(irq_get_irq_data(reader->virq));
	hwid = ipi_mapping_hwid(map);
	complete(&reader->inside);
	/* Longer than the rest of a destroy takes */
	mdelay(READER_MS);
	for_each_possible_cpu(cpu)
		reader->changed += ipi_mapping_get(map, cpu) != INVALID_HWIRQ;
	/* Poison has no entries */
	reader->changed += ipi_mapping_hwid(map) != hwid;
	rcu_read_unlock();

	return ipi_test_wait_for_stop();
}

/* The last hwirq: the core has waited for all who came before */
static void let_late_reader_in(struct fake_ipi *fake)
{
	if (nr_used(fake) > 1)
		return;
	complete(&late_reader.go);
	wait_for_completion(&late_reader.inside);
}

/* A mapping stays as long as somebody may look at it */
static void destroy_keeps_mapping_for_readers(struct kunit *test)
{
	unsigned int other = cpumask_any_but(cpu_online_mask, raw_smp_processor_id());
	struct fake_ipi *fake = test->priv;
	struct task_struct *task;

	ipi_test_need_two(test, cpu_online_mask);
	late_reader.virq = fake_reserve(test, fake, cpu_possible_mask);
	late_reader.changed = 0;
	init_completion(&late_reader.go);
	init_completion(&late_reader.inside);

	task = kthread_run_on_cpu(late_reader_thread, NULL, other, "ipi-late-reader/%u");
	ipi_test_thread(test, task);
	fake->on_free = let_late_reader_in;
	KUNIT_EXPECT_EQ(test, irq_destroy_ipi(late_reader.virq, NULL), 0);
	ipi_test_stop(test, task);
	KUNIT_EXPECT_EQ(test, late_reader.changed, 0);
}

/**
 * struct viewer - One who shows the mapping, as debugfs does
 * @data:	Interrupt data of the IPI
 * @go:		The hwirqs are about to be freed
 * @inside:	The viewer has the lock of the descriptor
 * @kept:	The mapping was there as long as that
 */
static struct viewer {
	struct irq_data		*data;
	struct completion	go;
	bool			inside;
	bool			kept;
} viewer;

static int viewer_thread(void *unused)
{
	wait_for_completion(&viewer.go);
	scoped_guard(raw_spinlock_irqsave, &irq_data_to_desc(viewer.data)->lock) {
		WRITE_ONCE(viewer.inside, true);
		/* Longer than the rest of a destroy takes */
		mdelay(READER_MS);
		viewer.kept = rcu_access_pointer(viewer.data->common->ipi_mapping);
	}
	return ipi_test_wait_for_stop();
}

static void let_viewer_in(struct fake_ipi *fake)
{
	complete_all(&viewer.go);
	while (!READ_ONCE(viewer.inside))
		cond_resched();
}

/* A mapping does not go while somebody looks at it under the lock of the descriptor */
static void destroy_keeps_mapping_for_viewers(struct kunit *test)
{
	unsigned int other = cpumask_any_but(cpu_online_mask, raw_smp_processor_id());
	struct fake_ipi *fake = test->priv;
	struct task_struct *task;
	int virq;

	ipi_test_need_two(test, cpu_online_mask);
	virq = fake_reserve(test, fake, cpumask_of(other));
	viewer = (struct viewer) { .data = irq_get_irq_data(virq) };
	init_completion(&viewer.go);

	task = kthread_run_on_cpu(viewer_thread, NULL, other, "ipi-viewer/%u");
	ipi_test_thread(test, task);
	fake->on_free = let_viewer_in;
	KUNIT_EXPECT_EQ(test, irq_destroy_ipi(virq, NULL), 0);
	ipi_test_stop(test, task);
	KUNIT_EXPECT_TRUE(test, viewer.kept);
}

/**
 * struct holder - One who keeps who destroys an IPI waiting
 * @virq:	IPI
 * @inside:	The holder is in a critical section of RCU
 * @let_go:	It may leave
 * @gave_up:	It has left without that
 */
static struct holder {
	int			virq;
	struct completion	inside;
	bool			let_go;
	bool			gave_up;
} holder;

static int holder_thread(void *unused)
{
	rcu_read_lock();
	complete(&holder.inside);
	for (unsigned int ms = 0; !READ_ONCE(holder.let_go) && ms < HOLDER_MS; ms++)
		mdelay(1);
	WRITE_ONCE(holder.gave_up, !holder.let_go);
	rcu_read_unlock();

	return ipi_test_wait_for_stop();
}

static int destroyer_thread(void *unused)
{
	irq_destroy_ipi(holder.virq, NULL);
	return ipi_test_wait_for_stop();
}

/* Who destroys waits for a grace period, and who reserves does not wait for that */
static void destroy_does_not_hold_up(struct kunit *test)
{
	unsigned int here = raw_smp_processor_id();
	unsigned int other = cpumask_any_but(cpu_online_mask, here);
	struct task_struct *late, *destroyer;
	struct fake_ipi *fake = test->priv;

	ipi_test_need_two(test, cpu_online_mask);
	ipi_test_no_hotplug(test);
	holder = (struct holder) {
		.virq = fake_reserve(test, fake, cpumask_of(other)),
	};
	init_completion(&holder.inside);

	late = kthread_run_on_cpu(holder_thread, NULL, other, "ipi-holder/%u");
	ipi_test_thread(test, late);
	wait_for_completion(&holder.inside);

	destroyer = kthread_run_on_cpu(destroyer_thread, NULL, here, "ipi-destroyer/%u");
	ipi_test_thread(test, destroyer);
	while (!irq_send_ipi_all(holder.virq) && !READ_ONCE(holder.gave_up))
		schedule_timeout_uninterruptible(1);

	fake_reserve(test, fake, cpumask_of(here));
	WRITE_ONCE(holder.let_go, true);
	ipi_test_stop(test, destroyer);
	ipi_test_stop(test, late);
	KUNIT_EXPECT_FALSE(test, holder.gave_up);
}

/**
 * struct intruder - One who tries an IPI while its hwirqs are given back
 * @virq:	IPI
 * @cpu:	The last target, whose hwirq is there when the first one is freed
 * @tried:	The first one was freed
 * @sent:	What irq_send_ipi() returned
 * @sent_all:	What irq_send_ipi_all() returned
 * @hwirq:	Its hwirq, as drivers are told
 * @requested:	What the request returned
 * @enabled:	The controller was told to unmask the hwirq
 * @disabled:	The controller was told to mask it
 */
static struct intruder {
	int		virq;
	unsigned int	cpu;
	bool		tried;
	int		sent;
	int		sent_all;
	irq_hw_number_t	hwirq;
	int		requested;
	bool		enabled;
	bool		disabled;
} intruder;

static void intrude(struct fake_ipi *fake)
{
	struct intruder *in = &intruder;

	if (in->tried)
		return;
	in->tried = true;

	in->sent = irq_send_ipi(in->virq, cpumask_of(in->cpu));
	in->sent_all = irq_send_ipi_all(in->virq);
	in->hwirq = ipi_get_hwirq(in->virq, in->cpu);

	in->requested = ipi_test_try_request(in->virq, ipi_test_count);
	if (!in->requested)
		free_percpu_irq(in->virq, &ipi_test_received);

	/* Enabling takes no request: a chained handler does without */
	ipi_test_enable_on(cpumask_of(in->cpu), in->virq);
	in->enabled = !bitmap_empty(fake->cpus[in->cpu].enabled, fake->size);
	bitmap_fill(fake->cpus[in->cpu].enabled, fake->size);
	ipi_test_disable_on(cpumask_of(in->cpu), in->virq);
	in->disabled = !bitmap_full(fake->cpus[in->cpu].enabled, fake->size);
	bitmap_zero(fake->cpus[in->cpu].enabled, fake->size);
}

/* From its first step on, nobody gets hold of what is being destroyed */
static void destroy_hands_off(struct kunit *test)
{
	struct fake_ipi *fake = test->priv;
	unsigned int cpu = cpumask_last(cpu_online_mask);
	int virq = fake_reserve(test, fake, cpu_possible_mask);

	ipi_test_need_two(test, cpu_online_mask);
	ipi_test_no_hotplug(test);
	intruder = (struct intruder) { .virq = virq, .cpu = cpu };
	fake->on_free = intrude;
	KUNIT_EXPECT_EQ(test, irq_destroy_ipi(virq, NULL), 0);
	KUNIT_ASSERT_TRUE(test, intruder.tried);
	KUNIT_EXPECT_EQ(test, intruder.sent, -EINVAL);
	KUNIT_EXPECT_EQ(test, intruder.sent_all, -EINVAL);
	KUNIT_EXPECT_EQ(test, fake->nr_calls, 0);
	KUNIT_EXPECT_EQ(test, intruder.hwirq, INVALID_HWIRQ);
	KUNIT_EXPECT_EQ(test, intruder.requested, -EINVAL);
	KUNIT_EXPECT_FALSE(test, intruder.enabled);
	KUNIT_EXPECT_FALSE(test, intruder.disabled);
}

/* Nor does a CPU which is leaving, while the others go on */
static void destroy_hands_off_leaving(struct kunit *test)
{
	struct cpumask *leaving = fake_mask(test, MASK_ALL);
	unsigned int cpu = cpumask_last(cpu_online_mask);
	struct fake_ipi *fake = test->priv;
	int virq = fake_reserve(test, fake, cpu_possible_mask);

	ipi_test_need_two(test, cpu_online_mask);
	ipi_test_no_hotplug(test);
	/* One stays, and two leave, the last of which tries */
	cpumask_clear_cpu(cpumask_first(cpu_possible_mask), leaving);
	if (cpumask_weight(leaving) < 2 || cpumask_first(leaving) == cpu)
		kunit_skip(test, "needs three CPUs");

	intruder = (struct intruder) { .virq = virq, .cpu = cpu };
	fake->on_free = intrude;
	KUNIT_EXPECT_EQ(test, irq_destroy_ipi(virq, leaving), 0);
	KUNIT_ASSERT_TRUE(test, intruder.tried);
	KUNIT_EXPECT_EQ(test, intruder.sent, -EINVAL);
	KUNIT_EXPECT_EQ(test, intruder.sent_all, 0);
	KUNIT_EXPECT_EQ(test, fake->nr_sent, 1);
	KUNIT_EXPECT_EQ(test, intruder.requested, 0);
	KUNIT_EXPECT_FALSE(test, intruder.enabled);
	KUNIT_EXPECT_FALSE(test, intruder.disabled);
}

/**
 * struct changer - One who changes the caller's mask in the middle of a destroy
 * @root:	Domain whose mutex the destroy waits for when it has copied the mask
 * @destroyer:	Thread which destroys the IPI
 * @mask:	Mask
 * @inside:	The lock is held
 */
struct changer {
	struct irq_domain	*root;
	struct task_struct	*destroyer;
	struct cpumask		*mask;
	bool			inside;
};

static int changer_thread(void *data)
{
	struct changer *changer = data;

	scoped_guard(mutex, &changer->root->mutex) {
		WRITE_ONCE(changer->inside, true);
		/* It has copied the mask when it sleeps, unless another destroy holds it up */
		while (READ_ONCE(changer->destroyer->__state) != TASK_UNINTERRUPTIBLE)
			schedule_timeout_uninterruptible(1);
		cpumask_copy(changer->mask, cpu_possible_mask);
	}
	return ipi_test_wait_for_stop();
}

/* The mask may be one which changes, as that of the online CPUs */
static void destroy_changing_mask(struct kunit *test)
{
	struct fake_ipi *fake = test->priv;
	int virq = fake_reserve(test, fake, cpu_possible_mask);
	struct changer changer = { .root = fake->ipi->root, .destroyer = current };
	struct task_struct *task;

	ipi_test_need_two(test, cpu_possible_mask);
	changer.mask = fake_mask(test, MASK_SINGLE);
	task = ipi_test_thread(test, kthread_run(changer_thread, &changer, "ipi-changer"));
	while (!READ_ONCE(changer.inside))
		cond_resched();
	KUNIT_EXPECT_EQ(test, irq_destroy_ipi(virq, changer.mask), 0);
	ipi_test_stop(test, task);

	KUNIT_ASSERT_NOT_NULL(test, irq_get_irq_data(virq));
	KUNIT_EXPECT_EQ(test, cpumask_weight(irq_get_affinity_mask(virq)),
			num_possible_cpus() - 1);
	KUNIT_EXPECT_EQ(test, nr_used(fake), num_possible_cpus() - 1);
	KUNIT_EXPECT_EQ(test, irq_send_ipi_all(virq), 0);
	KUNIT_EXPECT_EQ(test, irq_destroy_ipi(virq, NULL), 0);
}

static void destroy_last(void *virq)
{
	irq_destroy_ipi((unsigned long)virq, cpumask_of(cpumask_last(cpu_possible_mask)));
}

static bool has_all_targets(struct irq_desc *desc)
{
	return cpumask_equal(irq_data_get_affinity_mask(&desc->irq_data), cpu_possible_mask);
}

/* No target leaves while the lock is held, as it is to request or enable an IPI */
static void destroy_under_lock(struct kunit *test)
{
	int virq = fake_reserve(test, test->priv, cpu_possible_mask);

	ipi_test_need_two(test, cpu_online_mask);
	KUNIT_EXPECT_TRUE(test, ipi_test_under_lock(test, virq, destroy_last, has_all_targets));
	KUNIT_EXPECT_EQ(test, cpumask_weight(irq_get_affinity_mask(virq)),
			num_possible_cpus() - 1);
}

/* A hwirq which was given back serves the next IPI, and only that */
static void destroy_subset_then_reserve(struct kunit *test)
{
	struct fake_ipi *fake = test->priv;
	unsigned int first = cpumask_first(cpu_possible_mask);
	int virq = fake_reserve(test, fake, cpu_possible_mask);
	irq_hw_number_t hwirq = ipi_get_hwirq(virq, first);
	struct fake_count all = fake_count(fake);
	int next;

	ipi_test_need_two(test, cpu_possible_mask);
	KUNIT_ASSERT_EQ(test, irq_destroy_ipi(virq, cpumask_of(first)), 0);
	next = fake_reserve(test, fake, cpumask_of(first));
	KUNIT_EXPECT_EQ(test, ipi_get_hwirq(next, first), hwirq);
	KUNIT_EXPECT_EQ(test, irq_find_mapping(fake->domain, hwirq), next);

	/* Destroying the former owner must not take it away */
	KUNIT_EXPECT_EQ(test, irq_destroy_ipi(virq, NULL), 0);
	KUNIT_EXPECT_EQ(test, irq_find_mapping(fake->domain, hwirq), next);
	KUNIT_EXPECT_EQ(test, fake_count(fake).hwirqs, 1);
	KUNIT_EXPECT_EQ(test, fake_count(fake).descs, all.descs);
}

/* Wrong arguments are refused and change nothing */
static void destroy_bad_arguments(struct kunit *test)
{
	struct fake_ipi *fake = test->priv;
	const struct cpumask *one = cpumask_of(cpumask_first(cpu_possible_mask));
	unsigned int device = fake_device(test, fake, 7);
	int virq = fake_reserve(test, fake, one);
	struct fake_count before = fake_count(fake);

	KUNIT_EXPECT_EQ(test, irq_destroy_ipi(virq, cpu_none_mask), -EINVAL);
	if (num_possible_cpus() > 1)
		KUNIT_EXPECT_EQ(test, irq_destroy_ipi(virq, cpu_possible_mask), -EINVAL);
	KUNIT_EXPECT_EQ(test, irq_destroy_ipi(device, one), -EINVAL);
	KUNIT_EXPECT_EQ(test, irq_destroy_ipi(INT_MAX, one), -EINVAL);
	fake_expect_count(test, fake, before);
	KUNIT_EXPECT_EQ(test, irq_send_ipi(virq, one), 0);
}

/* An IPI which is requested is not destroyed, in whole or in part */
static void destroy_requested(struct kunit *test)
{
	struct fake_ipi *fake = test->priv;
	int virq = fake_reserve(test, fake, cpu_possible_mask);
	struct fake_count before = fake_count(fake);
	unsigned int cpu;

	ipi_test_request(test, virq, ipi_test_count);
	KUNIT_EXPECT_EQ(test, irq_destroy_ipi(virq, NULL), -EBUSY);
	KUNIT_EXPECT_EQ(test, irq_destroy_ipi(virq, cpu_possible_mask), -EBUSY);
	for_each_possible_cpu(cpu)
		KUNIT_EXPECT_EQ(test, irq_destroy_ipi(virq, cpumask_of(cpu)), -EBUSY);
	KUNIT_EXPECT_TRUE(test, irqd_is_global_ipi(irq_get_irq_data(virq)));
	fake_expect_count(test, fake, before);
	KUNIT_EXPECT_EQ(test, irq_send_ipi_all(virq), 0);

	ipi_test_release(test, virq);
	KUNIT_EXPECT_EQ(test, irq_destroy_ipi(virq, NULL), 0);
}

/*
 * One enabled CPU among those which leave is enough to keep all of them, and one
 * among those which stay does not matter. Nobody has requested the IPI:
 * a chained handler does without.
 */
static void destroy_enabled_target(struct kunit *test)
{
	unsigned int cpu = raw_smp_processor_id(), other;
	struct cpumask *leaving = fake_mask(test, MASK_ALL);
	struct fake_ipi *fake = test->priv;
	int virq = fake_reserve(test, fake, cpu_possible_mask);

	ipi_test_need_two(test, cpu_possible_mask);
	/* The test does not migrate: the suite pins it */
	ipi_test_enable_on(cpumask_of(cpu), virq);
	other = cpumask_any_but(cpu_possible_mask, cpu);

	KUNIT_EXPECT_EQ(test, irq_destroy_ipi(virq, cpumask_of(cpu)), -EBUSY);
	KUNIT_EXPECT_EQ(test, irq_destroy_ipi(virq, NULL), -EBUSY);
	if (cpumask_weight(leaving) > 2) {
		cpumask_clear_cpu(other, leaving);
		KUNIT_EXPECT_EQ(test, irq_destroy_ipi(virq, leaving), -EBUSY);
	}
	KUNIT_EXPECT_EQ(test, cpumask_weight(irq_get_affinity_mask(virq)),
			num_possible_cpus());

	KUNIT_EXPECT_EQ(test, irq_destroy_ipi(virq, cpumask_of(other)), 0);
	KUNIT_EXPECT_EQ(test, irq_send_ipi(virq, cpumask_of(cpu)), 0);

	ipi_test_disable_on(cpumask_of(cpu), virq);
	KUNIT_EXPECT_EQ(test, irq_destroy_ipi(virq, cpumask_of(cpu)), 0);
}

/* Who enables the IPI on a CPU which is no target does not keep it */
static void destroy_enabled_elsewhere(struct kunit *test)
{
	unsigned int cpu = raw_smp_processor_id();
	struct fake_ipi *fake = test->priv;
	int virq;

	ipi_test_need_two(test, cpu_possible_mask);
	virq = fake_reserve(test, fake, cpumask_of(cpumask_any_but(cpu_possible_mask, cpu)));
	ipi_test_enable_on(cpumask_of(cpu), virq);
	KUNIT_EXPECT_EQ(test, bitmap_weight(fake->cpus[cpu].enabled, fake->size), 0);
	KUNIT_EXPECT_EQ(test, irq_destroy_ipi(virq, NULL), 0);
}

/* What /proc/irq shows of the targets follows them */
static void destroy_effective_affinity(struct kunit *test)
{
	struct fake_ipi *fake = test->priv;
	int virq = fake_reserve(test, fake, cpu_possible_mask);
	struct irq_data *data = irq_get_irq_data(virq);
	unsigned int first = cpumask_first(cpu_possible_mask);

	ipi_test_need_two(test, cpu_possible_mask);
	KUNIT_EXPECT_TRUE(test, cpumask_equal(irq_data_get_effective_affinity_mask(data),
					      cpu_possible_mask));
	KUNIT_ASSERT_EQ(test, irq_destroy_ipi(virq, cpumask_of(first)), 0);
	KUNIT_EXPECT_FALSE(test, cpumask_test_cpu(first, irq_data_get_affinity_mask(data)));
	KUNIT_EXPECT_TRUE(test, cpumask_equal(irq_data_get_effective_affinity_mask(data),
					      irq_data_get_affinity_mask(data)));
}

KUNIT_ARRAY_PARAM_DESC(fake, fake_cases, desc);

static struct kunit_case destroy_cases[] = {
	KUNIT_CASE_PARAM(destroy_gives_back, fake_gen_params),
	KUNIT_CASE_PARAM(destroy_subset, fake_gen_params),
	KUNIT_CASE_PARAM(destroy_all_but_first, fake_gen_params),
	KUNIT_CASE(destroy_leaves_no_trace),
#ifdef CONFIG_SPARSE_IRQ
	KUNIT_CASE(destroy_frees_percpu_state),
#endif
	KUNIT_CASE(destroy_subset_then_reserve),
	KUNIT_CASE(destroy_waits_for_senders),
	KUNIT_CASE(destroy_keeps_mapping_for_readers),
	KUNIT_CASE(destroy_keeps_mapping_for_viewers),
	KUNIT_CASE(destroy_does_not_hold_up),
	KUNIT_CASE(destroy_hands_off),
	KUNIT_CASE(destroy_hands_off_leaving),
	KUNIT_CASE(destroy_changing_mask),
	KUNIT_CASE(destroy_under_lock),
	KUNIT_CASE(destroy_bad_arguments),
	KUNIT_CASE(destroy_requested),
	KUNIT_CASE(destroy_enabled_target),
	KUNIT_CASE(destroy_enabled_elsewhere),
	KUNIT_CASE(destroy_effective_affinity),
	{ }
};

static int destroy_init(struct kunit *test)
{
	set_cpus_allowed_ptr(current, cpumask_of(raw_smp_processor_id()));
	return fake_init(test);
}

static struct kunit_suite destroy_suite = {
	.name		= "ipi-destroy",
	.init		= destroy_init,
	.test_cases	= destroy_cases,
};

kunit_test_suite(destroy_suite);

MODULE_DESCRIPTION("KUnit tests for destroying IPIs");
MODULE_LICENSE("GPL");
