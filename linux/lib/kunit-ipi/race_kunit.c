// SPDX-License-Identifier: GPL-2.0-only
/*
 * Senders against those who reserve and destroy.
 */

#include <linux/irq.h>
#include <linux/kthread.h>
#include <linux/sched.h>

#include "fake.h"

/* All of them want the lock of the fake controller, most of the time */
#define MAX_THREADS	8
#define ROUNDS		20

/**
 * struct race - One thread and what it does
 * @fake:	Controller
 * @virq:	IPI to send, which stays
 * @errors:	What went wrong
 * @rounds:	How often the work was done
 * @body:	The work
 * @task:	The thread
 */
struct race {
	struct fake_ipi		*fake;
	int			virq;
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
	race->errors += !!irq_destroy_ipi(virq, first);
	race->errors += irq_send_ipi(virq, first) != -EINVAL;
	race->errors += !!irq_send_ipi_all(virq);
	race->errors += !!irq_destroy_ipi(virq, NULL);
}

/* The numbers of all IPIs, existing or not, may be tried by anybody */
static void race_send_anything(struct race *race)
{
	for (int virq = race->virq; virq < race->virq + 8; virq++) {
		irq_send_ipi_all(virq);
		ipi_get_hwirq(virq, 1);
	}
}

static void race_start(struct kunit *test, struct race *race, unsigned int cpu)
{
	race->task = ipi_test_thread(test, kthread_run_on_cpu(race_thread, race, cpu,
							      "ipi-race/%u"));
}

/* IPIs come and go while others are sent from all CPUs */
static void race_senders(struct kunit *test)
{
	struct race *races = kunit_kcalloc(test, MAX_THREADS, sizeof(*races), GFP_KERNEL);
	struct fake_ipi *fake = test->priv;
	int virq = fake_reserve(test, fake, cpu_possible_mask);
	struct fake_count before = fake_count(fake);
	unsigned int cpu, i, n = 0;

	KUNIT_ASSERT_NOT_NULL(test, races);
	ipi_test_need_two(test, cpu_possible_mask);
	ipi_test_no_hotplug(test);

	for_each_online_cpu(cpu) {
		if (n + 4 > MAX_THREADS)
			break;
		races[n] = (struct race){ .fake = fake, .virq = virq, .body = race_send };
		race_start(test, &races[n++], cpu);
	}
	for (i = 0; i < 3; i++) {
		races[n] = (struct race){
			.fake = fake, .virq = virq,
			.body = i < 2 ? race_reserve : race_send_anything,
		};
		race_start(test, &races[n], cpumask_nth(i % num_online_cpus(),
							cpu_online_mask));
		n++;
	}

	/* All have to get through, the slow ones several times */
	for (i = 0; i < n; i++) {
		while (READ_ONCE(races[i].rounds) < ROUNDS)
			schedule_timeout_uninterruptible(1);
	}
	for (i = 0; i < n; i++)
		ipi_test_stop(test, races[i].task);

	for (i = 0; i < n; i++)
		KUNIT_EXPECT_EQ(test, races[i].errors, 0);
	fake_expect_count(test, fake, before);
}

static struct kunit_case race_cases[] = {
	KUNIT_CASE_SLOW(race_senders),
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
