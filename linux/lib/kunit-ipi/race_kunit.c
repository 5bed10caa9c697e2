// SPDX-License-Identifier: GPL-2.0-only
/*
 * Everybody against those who reserve and destroy.
 */

#include <linux/interrupt.h>
#include <linux/irq.h>
#include <linux/irqdesc.h>
#include <linux/irqflags.h>
#include <linux/kthread.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "fake.h"

/* All of them want the lock of the fake controller, most of the time */
#define MAX_THREADS	8
#define ROUNDS		20
#define NR_TRIED	8
#define TEXT_SIZE	4096

/**
 * struct race - One thread and what it does
 * @fake:	Controller
 * @virq:	IPI which the thread works on
 * @taken:	Which of the numbers behind it belong to somebody else
 * @errors:	What went wrong
 * @rounds:	How often the work was done
 * @body:	The work
 * @task:	The thread
 */
struct race {
	struct fake_ipi		*fake;
	int			virq;
	unsigned long		taken;
	unsigned int		errors;
	unsigned int		rounds;
	void			(*body)(struct race *race);
	struct task_struct	*task;
};

static int race_thread(void *data)
{
	struct race *race = data;

	while (!kthread_should_stop()) {
		race->body(race);
		WRITE_ONCE(race->rounds, race->rounds + 1);
		cond_resched();
	}
	return 0;
}

/* What is not touched by the others must never be refused */
static void race_send(struct race *race)
{
	race->errors += !!irq_send_ipi(race->virq, cpumask_of(raw_smp_processor_id()));
	race->errors += !!irq_send_ipi_all(race->virq);
	race->errors += ipi_get_hwirq(race->virq, 0) == INVALID_HWIRQ;
}

/* An IPI of one's own goes in two steps, and comes back */
static void race_reserve(struct race *race)
{
	const struct cpumask *first = cpumask_of(cpumask_first(cpu_possible_mask));
	int virq = irq_reserve_ipi(race->fake->ipi, cpu_possible_mask);

	if (virq < 0) {
		race->errors++;
		return;
	}
	race->errors += !!irq_send_ipi_all(virq);
	if (num_possible_cpus() > 1) {
		race->errors += !!irq_destroy_ipi(virq, first);
		race->errors += irq_send_ipi(virq, first) != -EINVAL;
		race->errors += !!irq_send_ipi_all(virq);
	}
	race->errors += !!irq_destroy_ipi(virq, NULL);
}

/*
 * The numbers of all IPIs, existing or not, may be tried by anybody. A send is
 * to somebody, or it is refused.
 */
static void race_send_anything(struct race *race)
{
	unsigned int i, before;
	int ret;

	for (i = 0; i < NR_TRIED; i++) {
		if (test_bit(i, &race->taken))
			continue;
		scoped_guard(irqsave) {
			before = this_cpu_read(fake_sent_here);
			ret = irq_send_ipi_all(race->virq + i);
			race->errors += !ret != (this_cpu_read(fake_sent_here) != before);
		}
		ipi_get_hwirq(race->virq + i, 1);
	}
}

/* The numbers behind an IPI which are taken before the race */
static unsigned long race_taken(int virq)
{
	unsigned long taken = 0;

	for (unsigned int i = 1; i < NR_TRIED; i++) {
		struct irq_chip *chip = irq_get_chip(virq + i);

		if (chip && chip != &no_irq_chip)
			__set_bit(i, &taken);
	}
	return taken;
}

/* Hwirqs of all IPIs arrive all the time, spurious as they are */
static void race_receive(struct race *race)
{
	struct fake_ipi *fake = race->fake;

	for (unsigned int i = 0; i < 4 * nr_cpu_ids && i < fake->size; i++)
		fake_raise_on(fake, fake->base + i, smp_processor_id());
}

#ifdef CONFIG_GENERIC_IRQ_DEBUGFS
/* Debugfs shows the domain and whatever IPI it comes across */
static void race_show(struct race *race)
{
	const struct irq_domain_ops *ops = race->fake->ipi->ops;
	struct seq_file m = { .size = TEXT_SIZE };
	struct irq_data *data;
	struct irq_desc *desc;

	m.buf = kzalloc(m.size, GFP_KERNEL);
	if (!m.buf)
		return;

	ops->debug_show(&m, race->fake->ipi, NULL, 0);
	irq_lock_sparse();
	for (int virq = race->virq; virq < race->virq + NR_TRIED; virq++) {
		desc = irq_to_desc(virq);
		data = desc ? irq_desc_get_irq_data(desc) : NULL;
		if (!desc || data->domain != race->fake->ipi)
			continue;
		scoped_guard(raw_spinlock_irqsave, &desc->lock)
			ops->debug_show(&m, NULL, data, 0);
	}
	irq_unlock_sparse();
	kfree(m.buf);
}
#else
static void race_show(struct race *race) { }
#endif

static void race_start(struct kunit *test, struct race *race, unsigned int cpu)
{
	race->task = ipi_test_thread(test, kthread_run_on_cpu(race_thread, race, cpu,
							      "ipi-race/%u"));
}

static void race_await(struct race *races, unsigned int n, unsigned int rounds)
{
	/* All have to get through, the slow ones several times */
	for (unsigned int i = 0; i < n; i++) {
		while (READ_ONCE(races[i].rounds) < rounds)
			schedule_timeout_uninterruptible(1);
	}
}

static struct race *race_create(struct kunit *test, unsigned int n)
{
	struct race *races = kunit_kcalloc(test, n, sizeof(*races), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, races);
	ipi_test_no_hotplug(test);
	return races;
}

static void race_end(struct kunit *test, struct race *races, unsigned int n)
{
	struct fake_ipi *fake = test->priv;

	for (unsigned int i = 0; i < n; i++)
		ipi_test_stop(test, races[i].task);
	for (unsigned int i = 0; i < n; i++)
		KUNIT_EXPECT_EQ(test, races[i].errors, 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&fake->nr_astray), 0);
}

/* IPIs come and go while others are sent, received and looked at on all CPUs */
static void race_all(struct kunit *test)
{
	static void (*const bodies[])(struct race *race) = {
		race_reserve, race_reserve, race_send_anything, race_receive, race_show,
	};
	struct race *races = race_create(test, MAX_THREADS);
	struct fake_ipi *fake = test->priv;
	int virq = fake_reserve(test, fake, cpu_possible_mask);
	unsigned long taken = race_taken(virq);
	struct fake_count before = fake_count(fake);
	unsigned int cpu, i, n = 0;

	for_each_online_cpu(cpu) {
		if (n + ARRAY_SIZE(bodies) >= MAX_THREADS)
			break;
		races[n] = (struct race){ .fake = fake, .virq = virq, .body = race_send };
		race_start(test, &races[n++], cpu);
	}
	for (i = 0; i < ARRAY_SIZE(bodies); i++) {
		races[n] = (struct race){
			.fake = fake, .virq = virq, .taken = taken, .body = bodies[i],
		};
		race_start(test, &races[n++], cpumask_nth(i % num_online_cpus(),
							  cpu_online_mask));
	}
	race_await(races, n, ROUNDS);
	race_end(test, races, n);
	fake_expect_count(test, fake, before);
}

/* The last target stays to the end, so arch code may send to it */
static void race_desc_send(struct race *race)
{
	const struct cpumask *last = cpumask_of(cpumask_last(cpu_possible_mask));

	race->errors += !!ipi_test_desc_send(race->virq, last);
	race->errors += !!irq_send_ipi_all(race->virq);
}

/* Its owner sets it up and gives it up, on one of the CPUs which may leave */
static void race_request(struct race *race)
{
	if (ipi_test_try_request(race->virq, ipi_test_count)) {
		race->errors++;
		return;
	}
	/* In vain if this CPU is no target any more, which is no harm */
	enable_percpu_irq(race->virq, IRQ_TYPE_NONE);
	disable_percpu_irq(race->virq);
	free_percpu_irq(race->virq, &ipi_test_received);
}

static unsigned int nr_enabled(int virq)
{
	return cpumask_weight(irq_to_desc(virq)->percpu_enabled);
}

/* Targets leave one by one while the IPI is requested, enabled and sent */
static void race_targets_leave(struct kunit *test)
{
	unsigned int cpu, last = cpumask_last(cpu_possible_mask);
	struct fake_ipi *fake = test->priv;
	int virq, ret, busy = 0;
	struct race *races;

	ipi_test_need_two(test, cpu_possible_mask);
	races = race_create(test, 2);
	virq = fake_reserve(test, fake, cpu_possible_mask);
	/* Not a global one, so that the mask is looked at */
	if (num_possible_cpus() > 2) {
		cpu = cpumask_nth(1, cpu_possible_mask);
		KUNIT_EXPECT_EQ(test, irq_destroy_ipi(virq, cpumask_of(cpu)), 0);
	}

	races[0] = (struct race){ .fake = fake, .virq = virq, .body = race_desc_send };
	races[1] = (struct race){ .fake = fake, .virq = virq, .body = race_request };
	race_start(test, &races[0], cpumask_last(cpu_online_mask));
	race_start(test, &races[1], cpumask_first(cpu_online_mask));
	race_await(races, 2, ROUNDS);

	for_each_possible_cpu(cpu) {
		if (cpu == last || ipi_get_hwirq(virq, cpu) == INVALID_HWIRQ)
			continue;
		do {
			ret = irq_destroy_ipi(virq, cpumask_of(cpu));
			busy += ret == -EBUSY;
			cond_resched();
		} while (ret == -EBUSY);
		KUNIT_EXPECT_EQ(test, ret, 0);
		KUNIT_EXPECT_EQ(test, irq_send_ipi(virq, cpumask_of(cpu)), -EINVAL);
	}
	race_await(races, 2, races[1].rounds + ROUNDS);
	race_end(test, races, 2);

	kunit_info(test, "%d times in use", busy);
	KUNIT_EXPECT_EQ(test, nr_enabled(virq), 0);
	KUNIT_EXPECT_EQ(test, irq_destroy_ipi(virq, NULL), 0);
}

static struct kunit_case race_cases[] = {
	KUNIT_CASE_SLOW(race_all),
	KUNIT_CASE_SLOW(race_targets_leave),
	{ }
};

static struct kunit_suite race_suite = {
	.name		= "ipi-race",
	.init		= fake_init,
	.test_cases	= race_cases,
};

kunit_test_suite(race_suite);

MODULE_DESCRIPTION("KUnit tests for IPIs which come and go");
MODULE_LICENSE("GPL");
