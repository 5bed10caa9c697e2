// SPDX-License-Identifier: GPL-2.0-only
/*
 * Message passing over IPIs of the platform's own controller: R6, R15.
 *
 * Each CPU sends to random sets of CPUs. A message is a number which is written
 * before the IPI is sent, and the receiver has to see it when it handles the
 * IPI. A sender waits for its receivers, so an IPI which is lost, or a receiver
 * which sees an old number, is a message that is never answered.
 */

#include <linux/cpu.h>
#include <linux/interrupt.h>
#include <linux/irq.h>
#include <linux/irqdomain.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/moduleparam.h>
#include <linux/prandom.h>
#include <linux/random.h>

#include <kunit/test.h>

#define MAX_CPUS	16
#define TIMEOUT		(10 * HZ)

static unsigned int messages = 20000;
module_param(messages, uint, 0444);
MODULE_PARM_DESC(messages, "Number of messages");

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
 * @rnd:	Which sets of CPUs it sends to
 * @mask:	The set
 */
struct sender {
	unsigned int		cpu;
	int			virq;
	unsigned int		quota;
	unsigned int		answered;
	struct task_struct	*task;
	struct rnd_state	rnd;
	struct cpumask		mask;
};

static DEFINE_PER_CPU(int, cookie);

static irqreturn_t receive(int irq, void *dev)
{
	unsigned int sender, me = smp_processor_id();

	for (sender = 0; sender < MAX_CPUS; sender++)
		WRITE_ONCE(seen[sender][me], READ_ONCE(sent[sender][me]));
	return IRQ_HANDLED;
}

static void random_mask(struct sender *s)
{
	unsigned int cpu;

	do {
		cpumask_clear(&s->mask);
		for_each_online_cpu(cpu) {
			if (prandom_u32_state(&s->rnd) % 2)
				cpumask_set_cpu(cpu, &s->mask);
		}
	} while (cpumask_empty(&s->mask));
}

static bool answered(struct sender *s)
{
	unsigned long end = jiffies + TIMEOUT;
	unsigned int cpu;

	for_each_cpu(cpu, &s->mask) {
		while (READ_ONCE(seen[s->cpu][cpu]) != sent[s->cpu][cpu]) {
			if (time_after(jiffies, end))
				return false;
			cond_resched();
			cpu_relax();
		}
	}
	return true;
}

static int send_messages(void *data)
{
	struct sender *s = data;
	unsigned int cpu;

	while (s->answered < s->quota) {
		random_mask(s);
		for_each_cpu(cpu, &s->mask)
			WRITE_ONCE(sent[s->cpu][cpu], sent[s->cpu][cpu] + 1);

		if (irq_send_ipi(s->virq, &s->mask) || !answered(s))
			break;
		s->answered += cpumask_weight(&s->mask);
	}

	while (!kthread_should_stop())
		schedule_timeout_interruptible(HZ / 10);
	return 0;
}

static void enable_here(void *virq)
{
	enable_percpu_irq((unsigned long)virq, IRQ_TYPE_NONE);
}

static void disable_here(void *virq)
{
	disable_percpu_irq((unsigned long)virq);
}

/* R15: no message is lost, and none is stale */
static void message_is_seen(struct kunit *test)
{
	struct irq_domain *domain = irq_find_ipi_domain(NULL);
	struct sender *senders;
	unsigned int cpu, quota, total = 0;
	u64 seed = get_random_u64();
	int virq;

	KUNIT_ASSERT_NOT_NULL(test, domain);
	senders = kunit_kcalloc(test, MAX_CPUS, sizeof(*senders), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, senders);
	virq = irq_reserve_ipi(domain, cpu_possible_mask);
	KUNIT_ASSERT_GT(test, virq, 0);
	KUNIT_ASSERT_EQ(test, 0, request_percpu_irq(virq, receive, "kunit", &cookie));

	cpu_hotplug_disable();
	on_each_cpu(enable_here, (void *)(unsigned long)virq, 1);

	kunit_info(test, "seed 0x%llx", seed);
	quota = DIV_ROUND_UP(messages, num_online_cpus());
	for_each_online_cpu(cpu) {
		struct sender *s = &senders[cpu];

		KUNIT_ASSERT_LT(test, cpu, MAX_CPUS);
		s->cpu = cpu;
		s->virq = virq;
		s->quota = quota;
		prandom_seed_state(&s->rnd, seed + cpu);
		s->task = kthread_create(send_messages, s, "ipi-message/%u", cpu);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, s->task);
		kthread_bind(s->task, cpu);
		wake_up_process(s->task);
	}

	for_each_online_cpu(cpu) {
		struct sender *s = &senders[cpu];
		unsigned int last, patience = 0;

		/* As long as it gets ahead, it may take its time */
		do {
			last = READ_ONCE(s->answered);
			schedule_timeout_uninterruptible(HZ / 10);
			patience = READ_ONCE(s->answered) == last ? patience + 1 : 0;
		} while (READ_ONCE(s->answered) < quota && patience < 150);

		kthread_stop(s->task);
		KUNIT_EXPECT_GE(test, s->answered, quota);
		total += s->answered;
	}
	kunit_info(test, "%u messages", total);

	on_each_cpu(disable_here, (void *)(unsigned long)virq, 1);
	cpu_hotplug_enable();
	free_percpu_irq(virq, &cookie);
	KUNIT_EXPECT_EQ(test, irq_destroy_ipi(virq, NULL), 0);
}

static struct kunit_case message_cases[] = {
	KUNIT_CASE_SLOW(message_is_seen),
	{ }
};

static int message_init(struct kunit *test)
{
	if (!irq_find_ipi_domain(NULL))
		kunit_skip(test, "no IPI domain for CPUs of Linux");
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
