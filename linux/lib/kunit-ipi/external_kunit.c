// SPDX-License-Identifier: GPL-2.0-only
/*
 * IPIs to processors which do not run Linux.
 */

#include <linux/interrupt.h>
#include <linux/irq.h>
#include <linux/irqdesc.h>
#include <linux/smp.h>
#include <linux/tracepoint.h>

#include <trace/events/ipi.h>

#include "fake.h"

/* A number which no CPU of Linux has */
#define HWID	1234

/* An external IPI takes one hwirq, which is routed to the hardware id */
static void external_takes_one_hwirq(struct kunit *test)
{
	struct fake_ipi *fake = test->priv;
	struct fake_count before = fake_count(fake);
	int virq = fake_reserve_external(test, fake, HWID);
	struct fake_count after = fake_count(fake);
	irq_hw_number_t hwirq = ipi_get_hwirq(virq, IPI_EXTERNAL);
	unsigned int cpu;

	KUNIT_EXPECT_EQ(test, after.descs, before.descs + 1);
	KUNIT_EXPECT_EQ(test, after.hwirqs, before.hwirqs + 1);
	KUNIT_EXPECT_TRUE(test, test_bit(hwirq - fake->base, fake->used));
	KUNIT_EXPECT_EQ(test, fake->hwid[hwirq - fake->base], HWID);
	for_each_possible_cpu(cpu)
		KUNIT_EXPECT_EQ(test, ipi_get_hwirq(virq, cpu), INVALID_HWIRQ);

	KUNIT_EXPECT_EQ(test, irq_destroy_ipi(virq, NULL), 0);
	fake_expect_count(test, fake, before);
}

/* Linux can't request what it does not receive */
static void external_no_request(struct kunit *test)
{
	int virq = fake_reserve_external(test, test->priv, HWID);

	KUNIT_EXPECT_EQ(test, request_irq(virq, ipi_test_count, 0, "kunit", test), -EINVAL);
	KUNIT_EXPECT_EQ(test, ipi_test_try_request(virq, ipi_test_count), -EINVAL);
	KUNIT_EXPECT_FALSE(test, irq_can_set_affinity(virq));
	KUNIT_EXPECT_EQ(test, irq_destroy_ipi(virq, NULL), 0);
}

/* The flags say the same to everybody else, and to the next owner nothing */
static void external_flags(struct kunit *test)
{
	unsigned int flags = IRQ_NOREQUEST | IRQ_NOPROBE | IRQ_NO_BALANCING;
	int virq = fake_reserve_external(test, test->priv, HWID);
	struct irq_desc *desc = irq_to_desc(virq);

	KUNIT_EXPECT_EQ(test, desc->status_use_accessors & flags, flags);
	KUNIT_EXPECT_FALSE(test, irq_is_percpu_devid(virq));
	/* On UP there is no mask which could be empty */
	if (IS_ENABLED(CONFIG_SMP)) {
		KUNIT_EXPECT_TRUE(test, cpumask_empty(irq_get_affinity_mask(virq)));
		KUNIT_EXPECT_TRUE(test, cpumask_empty(irq_get_effective_affinity_mask(virq)));
	}
	KUNIT_EXPECT_EQ(test, irq_destroy_ipi(virq, NULL), 0);

	virq = fake_reserve(test, test->priv, cpu_possible_mask);
	KUNIT_EXPECT_EQ(test, irq_to_desc(virq)->status_use_accessors & IRQ_NOREQUEST, 0);
}

/* An external IPI is sent to all of its targets, of which no CPU of Linux is one */
static void external_send(struct kunit *test)
{
	struct fake_ipi *fake = test->priv;
	int virq = fake_reserve_external(test, fake, HWID);

	KUNIT_EXPECT_EQ(test, irq_send_ipi_all(virq), 0);
	KUNIT_EXPECT_EQ(test, fake->nr_calls, 1);
	KUNIT_EXPECT_EQ(test, fake->nr_sent, 1);
	KUNIT_EXPECT_EQ(test, fake->sent[0].hwirq, ipi_get_hwirq(virq, IPI_EXTERNAL));
	KUNIT_EXPECT_EQ(test, fake->sent[0].target, HWID);

	KUNIT_EXPECT_EQ(test, irq_send_ipi(virq, cpumask_of(0)), -EINVAL);
	KUNIT_EXPECT_EQ(test, irq_send_ipi(virq, cpu_possible_mask), -EINVAL);
	KUNIT_EXPECT_EQ(test, ipi_test_desc_send(virq, cpumask_of(0)), -EINVAL);
	KUNIT_EXPECT_EQ(test, fake->nr_calls, 1);
	KUNIT_EXPECT_FALSE(test, irqd_is_global_ipi(irq_get_irq_data(virq)));

	KUNIT_EXPECT_EQ(test, irq_destroy_ipi(virq, cpumask_of(0)), -EINVAL);
	KUNIT_EXPECT_EQ(test, irq_destroy_ipi(virq, NULL), 0);
	KUNIT_EXPECT_EQ(test, fake->freed.target, HWID);
	KUNIT_EXPECT_EQ(test, irq_send_ipi_all(virq), -EINVAL);
}

/* Nor is it sent by a chip which cannot */
static void external_no_chip(struct kunit *test)
{
	struct fake_ipi *fake = test->priv;
	int virq = fake_reserve_external(test, fake, HWID);
	struct irq_chip *chip = irq_get_chip(virq);

	irq_set_chip(virq, &dummy_irq_chip);
	KUNIT_EXPECT_EQ(test, irq_send_ipi_all(virq), -EINVAL);
	KUNIT_EXPECT_EQ(test, fake->nr_calls, 0);

	irq_set_chip(virq, chip);
	KUNIT_EXPECT_EQ(test, irq_send_ipi_all(virq), 0);
	KUNIT_EXPECT_EQ(test, fake->nr_calls, 1);
}

/**
 * struct trace_log - What the tracepoints said
 * @irq:	Number of the last IPI to an external target
 * @hwid:	That target
 * @nr:		How many there were
 * @nr_cpus:	How many were said to be for CPUs
 */
struct trace_log {
	unsigned int	irq;
	unsigned long	hwid;
	unsigned int	nr;
	unsigned int	nr_cpus;
};

static void probe_external(void *data, unsigned int irq, unsigned long hwid,
			   unsigned long callsite)
{
	struct trace_log *log = data;

	log->irq = irq;
	log->hwid = hwid;
	log->nr++;
}

static void probe_cpus(void *data, const struct cpumask *mask, unsigned long callsite,
		       void *callback)
{
	struct trace_log *log = data;

	/* Nobody else sends to no CPU */
	log->nr_cpus += cpumask_empty(mask);
}

/* A send to an external target has a tracepoint of its own */
static void external_is_traced(struct kunit *test)
{
	int virq = fake_reserve_external(test, test->priv, HWID);
	struct trace_log log = { };

	if (!IS_ENABLED(CONFIG_TRACEPOINTS))
		kunit_skip(test, "no tracepoints");

	KUNIT_ASSERT_EQ(test, 0, register_trace_ipi_send_external(probe_external, &log));
	KUNIT_EXPECT_EQ(test, 0, register_trace_ipi_send_cpumask(probe_cpus, &log));
	KUNIT_EXPECT_EQ(test, irq_send_ipi_all(virq), 0);
	KUNIT_EXPECT_EQ(test, irq_send_ipi(virq, cpumask_of(0)), -EINVAL);
	unregister_trace_ipi_send_cpumask(probe_cpus, &log);
	unregister_trace_ipi_send_external(probe_external, &log);
	tracepoint_synchronize_unregister();

	KUNIT_EXPECT_EQ(test, log.nr, 1);
	KUNIT_EXPECT_EQ(test, log.irq, virq);
	KUNIT_EXPECT_EQ(test, log.hwid, HWID);
	KUNIT_EXPECT_EQ(test, log.nr_cpus, 0);
}

#define OFFSET	1000
#define PIN	5

static void renumber(struct irq_domain *parent, struct ipi_arrival *arrival)
{
	arrival->hwirq += OFFSET;
	arrival->pin = PIN;
}

static irq_hw_number_t pending_hwirq;

static bool is_pending(struct irq_domain *parent, irq_hw_number_t hwirq)
{
	return hwirq == pending_hwirq;
}

/* The controller as it is, with optional callbacks */
static void add_callbacks(struct kunit *test, struct fake_ipi *fake)
{
	struct ipi_domain_ops *ops = kunit_kzalloc(test, sizeof(*ops), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, ops);
	*ops = *fake->ipi_ops;
	ops->arrival = renumber;
	ops->is_pending = is_pending;
	kunit_release_action(test, fake_remove_domain, fake->ipi);
	fake_add_ipi_domain(test, fake, ops);
}

/* Whether an IPI was taken can be asked for, if the controller can tell */
static void external_pending(struct kunit *test)
{
	struct fake_ipi *fake = test->priv;
	bool pending;
	int virq;

	virq = fake_reserve_external(test, fake, HWID);
	KUNIT_EXPECT_NE(test, irq_get_irqchip_state(virq, IRQCHIP_STATE_PENDING, &pending), 0);
	KUNIT_EXPECT_EQ(test, irq_destroy_ipi(virq, NULL), 0);

	add_callbacks(test, fake);
	virq = fake_reserve_external(test, fake, HWID);
	KUNIT_EXPECT_EQ(test, irq_send_ipi_all(virq), 0);

	pending_hwirq = fake->sent[0].hwirq;
	KUNIT_EXPECT_EQ(test, irq_get_irqchip_state(virq, IRQCHIP_STATE_PENDING, &pending), 0);
	KUNIT_EXPECT_TRUE(test, pending);
	pending_hwirq = INVALID_HWIRQ;
	KUNIT_EXPECT_EQ(test, irq_get_irqchip_state(virq, IRQCHIP_STATE_PENDING, &pending), 0);
	KUNIT_EXPECT_FALSE(test, pending);
	KUNIT_EXPECT_EQ(test, irq_get_irqchip_state(virq, IRQCHIP_STATE_MASKED, &pending),
			-EINVAL);
}

/**
 * struct question - What a CPU asks of an IPI
 * @virq:	IPI
 * @ret:	What irq_get_irqchip_state() returned
 * @pending:	What it said
 */
struct question {
	int	virq;
	int	ret;
	bool	pending;
};

static void ask_pending(void *ptr)
{
	struct question *question = ptr;

	question->ret = irq_get_irqchip_state(question->virq, IRQCHIP_STATE_PENDING,
					      &question->pending);
}

/* Of an IPI to CPUs it is the state on the CPU which asks, if that is a target */
static void external_pending_on_cpu(struct kunit *test)
{
	unsigned int cpu = cpumask_last(cpu_online_mask);
	struct fake_ipi *fake = test->priv;
	struct question question;

	ipi_test_need_two(test, cpu_online_mask);
	ipi_test_no_hotplug(test);
	add_callbacks(test, fake);
	question.virq = fake_reserve(test, fake, cpu_possible_mask);

	pending_hwirq = ipi_mapping_get(ipi_test_mapping(question.virq), cpu);
	KUNIT_ASSERT_EQ(test, smp_call_function_single(cpu, ask_pending, &question, true), 0);
	KUNIT_EXPECT_EQ(test, question.ret, 0);
	KUNIT_EXPECT_TRUE(test, question.pending);

	pending_hwirq = ipi_mapping_get(ipi_test_mapping(question.virq), 0);
	KUNIT_ASSERT_EQ(test, smp_call_function_single(cpu, ask_pending, &question, true), 0);
	KUNIT_EXPECT_EQ(test, question.ret, 0);
	KUNIT_EXPECT_FALSE(test, question.pending);

	KUNIT_EXPECT_EQ(test, irq_destroy_ipi(question.virq, cpumask_of(cpu)), 0);
	KUNIT_ASSERT_EQ(test, smp_call_function_single(cpu, ask_pending, &question, true), 0);
	KUNIT_EXPECT_EQ(test, question.ret, -EINVAL);
}

/* What firmware is told is what the controller makes of the hwirq */
static void external_arrival(struct kunit *test)
{
	struct fake_ipi *fake = test->priv;
	struct ipi_arrival arrival;
	int virq;

	virq = fake_reserve_external(test, fake, HWID);
	KUNIT_EXPECT_EQ(test, ipi_get_arrival(virq, IPI_EXTERNAL, &arrival), 0);
	KUNIT_EXPECT_EQ(test, arrival.hwid, HWID);
	KUNIT_EXPECT_EQ(test, arrival.pin, 0);
	KUNIT_EXPECT_TRUE(test, test_bit(arrival.hwirq - fake->base, fake->used));
	KUNIT_EXPECT_EQ(test, ipi_get_arrival(virq, 0, &arrival), -EINVAL);
	KUNIT_EXPECT_EQ(test, irq_destroy_ipi(virq, NULL), 0);
	KUNIT_EXPECT_EQ(test, ipi_get_arrival(virq, IPI_EXTERNAL, &arrival), -EINVAL);
	KUNIT_EXPECT_EQ(test, ipi_get_arrival(0, IPI_EXTERNAL, &arrival), -EINVAL);

	add_callbacks(test, fake);
	virq = fake_reserve_external(test, fake, HWID);
	KUNIT_EXPECT_EQ(test, irq_send_ipi_all(virq), 0);
	KUNIT_EXPECT_EQ(test, ipi_get_arrival(virq, IPI_EXTERNAL, &arrival), 0);
	KUNIT_EXPECT_EQ(test, arrival.hwirq, fake->sent[0].hwirq + OFFSET);
	KUNIT_EXPECT_EQ(test, arrival.pin, PIN);
	KUNIT_EXPECT_EQ(test, ipi_get_hwirq(virq, IPI_EXTERNAL), arrival.hwirq);

	virq = fake_reserve(test, fake, cpumask_of(0));
	KUNIT_EXPECT_EQ(test, ipi_get_arrival(virq, 0, &arrival), 0);
	KUNIT_EXPECT_EQ(test, arrival.hwirq,
			ipi_mapping_get(ipi_test_mapping(virq), 0) + OFFSET);
	KUNIT_EXPECT_EQ(test, ipi_get_arrival(virq, IPI_EXTERNAL, &arrival), -EINVAL);
}

/* There are the same refusals as for CPUs of Linux */
static void external_refused(struct kunit *test)
{
	struct fake_ipi *fake = test->priv;
	struct fake_count before;

	KUNIT_EXPECT_EQ(test, irq_reserve_ipi_external(NULL, HWID), -EINVAL);
	KUNIT_EXPECT_EQ(test, irq_reserve_ipi_external(fake->domain, HWID), -EINVAL);

	before = fake_count(fake);
	KUNIT_EXPECT_EQ(test, irq_reserve_ipi_external(fake->ipi, FAKE_NOBODY), -EINVAL);
	KUNIT_EXPECT_EQ(test, irq_reserve_ipi_external(fake->ipi, 0), -EBUSY);
	fake_expect_count(test, fake, before);

	fake->nr_hwirqs = 0;
	before = fake_count(fake);
	KUNIT_EXPECT_EQ(test, irq_reserve_ipi_external(fake->ipi, HWID), -ENOSPC);
	fake_expect_count(test, fake, before);
}

static struct kunit_case external_cases[] = {
	KUNIT_CASE(external_takes_one_hwirq),
	KUNIT_CASE(external_no_request),
	KUNIT_CASE(external_flags),
	KUNIT_CASE(external_send),
	KUNIT_CASE(external_no_chip),
	KUNIT_CASE(external_is_traced),
	KUNIT_CASE(external_pending),
	KUNIT_CASE(external_pending_on_cpu),
	KUNIT_CASE(external_arrival),
	KUNIT_CASE(external_refused),
	{ }
};

static struct kunit_suite external_suite = {
	.name		= "ipi-external",
	.init		= fake_init,
	.test_cases	= external_cases,
};

kunit_test_suite(external_suite);

MODULE_DESCRIPTION("KUnit tests for IPIs to processors outside of Linux");
MODULE_LICENSE("GPL");
