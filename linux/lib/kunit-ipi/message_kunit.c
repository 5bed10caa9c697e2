// SPDX-License-Identifier: GPL-2.0-only
/*
 * Message passing, over IPIs of the platform's own controller, or over the fake
 * one where the platform has none to spare.
 *
 * Each of the first CPUs sends to random sets of them. A message is a number
 * which is written before the IPI is sent, and the receiver has to see it when
 * it handles the IPI. A sender waits for its receivers, so an IPI which is lost,
 * or a receiver which sees an old number, is a message that is never answered.
 *
 * Beside that, all hwirqs which are left are reserved, sent and given back.
 */

#include <linux/interrupt.h>
#include <linux/irq.h>
#include <linux/irqdomain.h>
#include <linux/kthread.h>
#include <linux/moduleparam.h>
#include <linux/prandom.h>
#include <linux/random.h>
#include <linux/string.h>
#include <linux/swait.h>

#include "fake.h"
#include "real.h"

/* More of them would only need more memory */
#define MAX_CPUS	16
#define TIMEOUT		(10 * HZ)

static unsigned int messages = 20000;
module_param(messages, uint, 0444);
MODULE_PARM_DESC(messages, "Number of messages");

/* Those which are online */
static struct cpumask cpus;

/* Written by sender [0] for receiver [1], and the other way round */
static unsigned int sent[MAX_CPUS][MAX_CPUS];
static unsigned int seen[MAX_CPUS][MAX_CPUS];

/**
 * struct sender - The thread of a CPU
 * @cpu:	CPU it runs on
 * @virq:	IPI it sends
 * @quota:	How many messages it has to send
 * @answered:	How many were answered
 * @task:	The thread
 * @wait:	Where it waits for answers
 * @rnd:	Which sets of CPUs it sends to
 * @mask:	The set
 */
static struct sender {
	unsigned int		cpu;
	int			virq;
	unsigned int		quota;
	unsigned int		answered;
	struct task_struct	*task;
	struct swait_queue_head	wait;
	struct rnd_state	rnd;
	struct cpumask		mask;
} senders[MAX_CPUS];

/**
 * struct churn - The thread which reserves and destroys
 * @test:	Test
 * @domain:	IPI domain
 * @rounds:	How often everything was reserved and given back
 * @task:	The thread
 */
struct churn {
	struct kunit		*test;
	struct irq_domain	*domain;
	unsigned int		rounds;
	struct task_struct	*task;
};

static irqreturn_t receive(int irq, void *dev)
{
	unsigned int sender, number, me = smp_processor_id();

	for (sender = 0; sender < MAX_CPUS; sender++) {
		number = READ_ONCE(sent[sender][me]);
		if (seen[sender][me] == number)
			continue;
		WRITE_ONCE(seen[sender][me], number);
		swake_up_one(&senders[sender].wait);
	}
	return IRQ_HANDLED;
}

static void random_mask(struct sender *s)
{
	unsigned int cpu;

	do {
		cpumask_clear(&s->mask);
		for_each_cpu(cpu, &cpus) {
			if (prandom_u32_state(&s->rnd) % 2)
				cpumask_set_cpu(cpu, &s->mask);
		}
	} while (cpumask_empty(&s->mask));
}

static bool all_answered(struct sender *s)
{
	unsigned int cpu;

	for_each_cpu(cpu, &s->mask) {
		if (READ_ONCE(seen[s->cpu][cpu]) != sent[s->cpu][cpu])
			return false;
	}
	return true;
}

static bool send_message(struct sender *s)
{
	unsigned int cpu;

	random_mask(s);
	for_each_cpu(cpu, &s->mask)
		WRITE_ONCE(sent[s->cpu][cpu], sent[s->cpu][cpu] + 1);

	return !irq_send_ipi(s->virq, &s->mask) &&
	       swait_event_timeout_exclusive(s->wait, all_answered(s), TIMEOUT);
}

static int sender_thread(void *data)
{
	struct sender *s = data;

	while (s->answered < s->quota && send_message(s))
		WRITE_ONCE(s->answered, s->answered + cpumask_weight(&s->mask));

	return ipi_test_wait_for_stop();
}

static int churn_thread(void *data)
{
	struct churn *churn = data;

	do {
		real_expect_all_back(churn->test, churn->domain);
		churn->rounds++;
	} while (!kthread_should_stop());
	return 0;
}

/* One CPU can send to itself, but nobody can if they are all off */
static void choose_cpus(struct kunit *test)
{
	unsigned int cpu;

	ipi_test_no_hotplug(test);
	cpumask_clear(&cpus);
	for (cpu = 0; cpu < min(MAX_CPUS, nr_cpu_ids); cpu++) {
		if (cpu_online(cpu))
			cpumask_set_cpu(cpu, &cpus);
	}
	if (cpumask_empty(&cpus))
		kunit_skip(test, "the first CPUs are offline");
}

static void start_sender(struct kunit *test, unsigned int cpu, int virq, u64 seed)
{
	struct sender *s = &senders[cpu];

	s->cpu = cpu;
	s->virq = virq;
	s->quota = DIV_ROUND_UP(messages, cpumask_weight(&cpus));
	s->answered = 0;
	init_swait_queue_head(&s->wait);
	prandom_seed_state(&s->rnd, seed + cpu);
	s->task = ipi_test_thread(test, kthread_run_on_cpu(sender_thread, s, cpu,
							   "ipi-message/%u"));
}

/* As long as it gets ahead, it may take its time */
static void wait_for_sender(struct sender *s)
{
	unsigned int last, patience = 0;

	while (READ_ONCE(s->answered) < s->quota && patience < 2 * TIMEOUT) {
		last = READ_ONCE(s->answered);
		patience += HZ / 10;
		schedule_timeout_uninterruptible(HZ / 10);
		if (READ_ONCE(s->answered) != last)
			patience = 0;
	}
}

/* No message is lost, none is stale, and no hwirq leaks beside it */
static void message_is_seen(struct kunit *test)
{
	struct churn churn = { .test = test, .domain = test->priv };
	unsigned int cpu, nr_descs = ipi_test_nr_descs(), total = 0;
	u64 seed = get_random_u64();
	int virq;

	kunit_info(test, "seed 0x%llx", seed);
	choose_cpus(test);
	virq = ipi_test_reserve(test, churn.domain, cpu_possible_mask);
	ipi_test_request(test, virq, receive);
	ipi_test_enable_on(&cpus, virq);

	memset(sent, 0, sizeof(sent));
	memset(seen, 0, sizeof(seen));
	for_each_cpu(cpu, &cpus)
		start_sender(test, cpu, virq, seed);
	churn.task = ipi_test_thread(test, kthread_run(churn_thread, &churn, "ipi-churn"));

	for_each_cpu(cpu, &cpus) {
		struct sender *s = &senders[cpu];

		wait_for_sender(s);
		ipi_test_stop(test, s->task);
		KUNIT_EXPECT_GE(test, s->answered, s->quota);
		total += s->answered;
	}
	ipi_test_stop(test, churn.task);
	kunit_info(test, "%u messages, %u rounds", total, churn.rounds);

	ipi_test_release(test, virq);
	KUNIT_EXPECT_EQ(test, irq_destroy_ipi(virq, NULL), 0);
	KUNIT_EXPECT_EQ(test, ipi_test_nr_descs(), nr_descs);
}

/* A target gets an IPI once, and none that was for the last owner of its hwirq */
static void message_to_one(struct kunit *test)
{
	const struct cpumask *last = cpumask_of(cpumask_last(cpu_online_mask));
	int virq = ipi_test_reserve(test, test->priv, last);

	KUNIT_EXPECT_EQ(test, irq_send_ipi_all(virq), 0);
	KUNIT_ASSERT_EQ(test, irq_destroy_ipi(virq, NULL), 0);

	virq = ipi_test_reserve(test, test->priv, last);
	real_expect_delivery(test, virq, last);
}

static struct kunit_case message_cases[] = {
	KUNIT_CASE(message_to_one),
	KUNIT_CASE(real_disabled),
	KUNIT_CASE_SLOW(message_is_seen),
	{ }
};

/* The hwirqs of the fake which message_is_seen() has to reserve all the time */
#define FAKE_SPARE	16

static struct irq_domain *fake_ipi_domain(struct kunit *test)
{
	struct fake_ipi *fake = fake_create(test, FAKE_ROW);

	fake->nr_hwirqs = num_possible_cpus() + FAKE_SPARE;
	fake_wire_up(test, fake);
	return fake->ipi;
}

static int message_init(struct kunit *test)
{
	struct irq_domain *domain = irq_find_ipi_domain(NULL);
	int virq = domain ? irq_reserve_ipi(domain, cpu_possible_mask) : -ENOSPC;

	if (virq == -ENOSPC) {
		kunit_info(test, "over the fake controller");
		domain = fake_ipi_domain(test);
	} else {
		KUNIT_ASSERT_GT(test, virq, 0);
		KUNIT_ASSERT_EQ(test, irq_destroy_ipi(virq, NULL), 0);
	}
	test->priv = domain;
	return 0;
}

static struct kunit_suite message_suite = {
	.name		= "ipi-message",
	.init		= message_init,
	.test_cases	= message_cases,
};

kunit_test_suite(message_suite);

MODULE_DESCRIPTION("KUnit test for passing messages over IPIs");
MODULE_LICENSE("GPL");
