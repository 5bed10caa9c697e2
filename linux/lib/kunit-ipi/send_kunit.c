// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sending IPIs, seen at the registers of the controller.
 */

#include <linux/delay.h>
#include <linux/irq.h>
#include <linux/irqdesc.h>
#include <linux/irqflags.h>
#include <linux/kgdb.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/tracepoint.h>

#include <trace/events/ipi.h>
#include <trace/events/irq.h>

#include "fake.h"

#define NMI_MS		20
#define NMI_TRIES	100

/* One call, one hwirq per target, in the order of the targets */
static void expect_sent(struct kunit *test, int virq, const struct cpumask *mask)
{
	struct fake_ipi *fake = test->priv;
	unsigned int cpu, n = 0;

	KUNIT_EXPECT_EQ(test, fake->nr_calls, 1);
	KUNIT_ASSERT_EQ(test, fake->nr_sent, cpumask_weight(mask));
	for_each_cpu(cpu, mask) {
		KUNIT_EXPECT_EQ(test, fake->sent[n].target, cpu);
		KUNIT_EXPECT_EQ(test, fake->sent[n].hwirq, ipi_get_hwirq(virq, cpu));
		n++;
	}
	fake_clear_log(fake);
}

static void expect_silence(struct kunit *test)
{
	struct fake_ipi *fake = test->priv;

	KUNIT_EXPECT_EQ(test, fake->nr_calls, 0);
	KUNIT_EXPECT_EQ(test, fake->nr_sent, 0);
}

/* Every function raises the hwirqs of the targets, once */
static void send_raises_hwirqs(struct kunit *test)
{
	const struct fake_case *param = test->param_value;
	struct fake_ipi *fake = test->priv;
	struct cpumask *mask = fake_mask(test, param->mask);
	int virq = fake_reserve(test, fake, mask);
	unsigned int cpu;

	KUNIT_EXPECT_EQ(test, irq_send_ipi(virq, mask), 0);
	expect_sent(test, virq, mask);

	KUNIT_EXPECT_EQ(test, irq_send_ipi_all(virq), 0);
	expect_sent(test, virq, mask);

	KUNIT_EXPECT_EQ(test, ipi_test_desc_send(virq, mask), 0);
	expect_sent(test, virq, mask);

	for_each_cpu(cpu, mask) {
		KUNIT_EXPECT_EQ(test, irq_send_ipi(virq, cpumask_of(cpu)), 0);
		expect_sent(test, virq, cpumask_of(cpu));
	}
}

/* Sends work with interrupts disabled */
static void send_irqs_off(struct kunit *test)
{
	const struct fake_case *param = test->param_value;
	struct fake_ipi *fake = test->priv;
	struct cpumask *mask = fake_mask(test, param->mask);
	int virq = fake_reserve(test, fake, mask);
	int err[3];

	local_irq_disable();
	err[0] = irq_send_ipi(virq, mask);
	err[1] = irq_send_ipi_all(virq);
	err[2] = irq_desc_send_ipi(irq_to_desc(virq), mask);
	local_irq_enable();

	for (int i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, err[i], 0);
	KUNIT_EXPECT_EQ(test, fake->nr_calls, 3);
	KUNIT_EXPECT_EQ(test, fake->nr_sent, 3 * cpumask_weight(mask));
}

/* An empty mask is refused, except where masks are not checked at all */
static void send_to_nobody(struct kunit *test)
{
	const struct fake_case *param = test->param_value;
	struct fake_ipi *fake = test->priv;
	struct cpumask *mask = fake_mask(test, param->mask);
	int virq = fake_reserve(test, fake, mask);

	KUNIT_EXPECT_EQ(test, irq_send_ipi(virq, cpu_none_mask), -EINVAL);
	expect_silence(test);
	if (!cpumask_equal(mask, cpu_possible_mask))
		KUNIT_EXPECT_EQ(test, ipi_test_desc_send(virq, cpu_none_mask), -EINVAL);
	expect_silence(test);
}

/* A mask which is not a subset of the targets is refused as a whole */
static void send_outside_of_targets(struct kunit *test)
{
	const struct fake_case *param = test->param_value;
	struct fake_ipi *fake = test->priv;
	struct cpumask *mask = fake_mask(test, param->mask);
	struct cpumask *more = fake_mask(test, MASK_ALL);
	int virq = fake_reserve(test, fake, mask);
	bool global = cpumask_equal(mask, more);

	KUNIT_EXPECT_EQ(test, irq_send_ipi(virq, NULL), -EINVAL);
	expect_silence(test);
	if (!global)
		KUNIT_EXPECT_EQ(test, ipi_test_desc_send(virq, more), -EINVAL);
	expect_silence(test);

	/* Only an impossible CPU is no target of an IPI to all of them */
	if (global && !fake_add_impossible(more))
		return;
	KUNIT_EXPECT_EQ(test, irq_send_ipi(virq, more), -EINVAL);
	expect_silence(test);
}

/* What is no IPI is not sent, though its chip could */
static void send_not_an_ipi(struct kunit *test)
{
	struct fake_ipi *fake = test->priv;
	unsigned int device = fake_device(test, fake, 7);
	int ipi = fake_reserve(test, fake, cpumask_of(cpumask_first(cpu_possible_mask)));
	struct irq_data *parent = irq_get_irq_data(ipi)->parent_data;

	irq_set_chip_data(device, fake);
	irq_set_chip(device, parent->chip);

	KUNIT_EXPECT_EQ(test, irq_send_ipi(device, cpu_possible_mask), -EINVAL);
	KUNIT_EXPECT_EQ(test, irq_send_ipi_all(device), -EINVAL);
	KUNIT_EXPECT_EQ(test, ipi_test_desc_send(device, cpu_possible_mask), -EINVAL);
	expect_silence(test);
}

/* No descriptor is refused, and a chip which cannot send */
static void send_no_chip(struct kunit *test)
{
	const struct cpumask *mask = cpumask_of(cpumask_first(cpu_possible_mask));
	int virq = fake_reserve(test, test->priv, mask);
	struct irq_chip *chip = irq_get_chip(virq);

	KUNIT_EXPECT_EQ(test, irq_send_ipi(INT_MAX, cpu_possible_mask), -EINVAL);
	KUNIT_EXPECT_EQ(test, irq_send_ipi_all(INT_MAX), -EINVAL);

	irq_set_chip(virq, &dummy_irq_chip);
	KUNIT_EXPECT_EQ(test, irq_send_ipi(virq, mask), -EINVAL);
	KUNIT_EXPECT_EQ(test, irq_send_ipi_all(virq), -EINVAL);
	/* With one CPU this is a global IPI, whose chip is not looked at */
	if (num_possible_cpus() > 1)
		KUNIT_EXPECT_EQ(test, ipi_test_desc_send(virq, mask), -EINVAL);
	expect_silence(test);
	irq_set_chip(virq, chip);
}

/* A global IPI by nature is a per-CPU interrupt whose chip can send */
static void send_set_global(struct kunit *test)
{
	struct fake_ipi *fake = test->priv;
	unsigned int device = fake_device(test, fake, 7);
	int ipi = fake_reserve(test, fake, cpumask_of(cpumask_first(cpu_possible_mask)));
	struct irq_data *parent = irq_get_irq_data(ipi)->parent_data;

	KUNIT_EXPECT_EQ(test, irq_set_global_ipi(INT_MAX), -EINVAL);

	/* It can be sent, but is no per-CPU interrupt; the other way round; both */
	irq_set_chip(device, parent->chip);
	KUNIT_EXPECT_EQ(test, irq_set_global_ipi(device), -EINVAL);
	irq_set_chip(device, NULL);
	KUNIT_ASSERT_EQ(test, irq_set_percpu_devid(device), 0);
	KUNIT_EXPECT_EQ(test, irq_set_global_ipi(device), -EINVAL);
	KUNIT_EXPECT_FALSE(test, irqd_is_global_ipi(irq_get_irq_data(device)));

	/* Whatever its affinity was, as by irqaffinity= on the command line */
	irq_data_update_affinity(irq_get_irq_data(device), cpumask_of(0));
	irq_set_chip(device, parent->chip);
	KUNIT_EXPECT_EQ(test, irq_set_global_ipi(device), 0);
	KUNIT_EXPECT_TRUE(test, irqd_is_global_ipi(irq_get_irq_data(device)));
	KUNIT_EXPECT_TRUE(test, cpumask_equal(irq_get_affinity_mask(device),
					      cpu_possible_mask));

	/* It was not reserved, so it is for arch code only */
	irq_set_chip_data(device, fake);
	KUNIT_EXPECT_EQ(test, irq_send_ipi(device, cpu_possible_mask), -EINVAL);
	KUNIT_EXPECT_EQ(test, irq_send_ipi_all(device), -EINVAL);
	expect_silence(test);
	KUNIT_EXPECT_EQ(test, ipi_test_desc_send(device, cpu_possible_mask), 0);
	KUNIT_EXPECT_EQ(test, fake->nr_calls, 1);
}

/* Arch code may have reserved it, but for all CPUs */
static void send_set_global_reserved(struct kunit *test)
{
	struct fake_ipi *fake = test->priv;
	int one = fake_reserve(test, fake, cpumask_of(cpumask_first(cpu_possible_mask)));
	int all = fake_reserve(test, fake, cpu_possible_mask);

	KUNIT_EXPECT_EQ(test, irq_set_global_ipi(all), 0);
	KUNIT_EXPECT_TRUE(test, irqd_is_global_ipi(irq_get_irq_data(all)));

	/* With one CPU, that is all of them */
	if (num_possible_cpus() > 1) {
		KUNIT_EXPECT_EQ(test, irq_set_global_ipi(one), -EINVAL);
		KUNIT_EXPECT_FALSE(test, irqd_is_global_ipi(irq_get_irq_data(one)));
	}
}

static void set_global(void *irq)
{
	irq_set_global_ipi((unsigned long)irq);
}

static bool is_not_global(struct irq_desc *desc)
{
	return !irqd_is_global_ipi(&desc->irq_data);
}

/* The flag is in one word with others, so whoever changes them comes first */
static void send_set_global_waits(struct kunit *test)
{
	struct fake_ipi *fake = test->priv;
	unsigned int device = fake_device(test, fake, 7);
	int ipi = fake_reserve(test, fake, cpumask_of(cpumask_first(cpu_possible_mask)));

	ipi_test_need_two(test, cpu_online_mask);
	irq_set_chip(device, irq_get_irq_data(ipi)->parent_data->chip);
	KUNIT_ASSERT_EQ(test, irq_set_percpu_devid(device), 0);
	KUNIT_EXPECT_TRUE(test, ipi_test_under_lock(test, device, set_global, is_not_global));
	KUNIT_EXPECT_TRUE(test, irqd_is_global_ipi(irq_get_irq_data(device)));
}

/* The next owner of the number of a global IPI has an ordinary interrupt */
static void send_global_goes(struct kunit *test)
{
	struct fake_ipi *fake = test->priv;
	int ipi = fake_reserve(test, fake, cpumask_of(cpumask_first(cpu_possible_mask)));
	int irq = irq_alloc_desc(NUMA_NO_NODE);

	KUNIT_ASSERT_GT(test, irq, 0);
	irq_set_chip(irq, irq_get_irq_data(ipi)->parent_data->chip);
	KUNIT_EXPECT_EQ(test, irq_set_percpu_devid(irq), 0);
	KUNIT_EXPECT_EQ(test, irq_set_global_ipi(irq), 0);
	irq_free_desc(irq);

	KUNIT_ASSERT_EQ(test, irq_alloc_desc_at(irq, NUMA_NO_NODE), irq);
	KUNIT_EXPECT_FALSE(test, irqd_is_global_ipi(irq_get_irq_data(irq)));
	irq_free_desc(irq);
}

#ifdef CONFIG_TRACEPOINTS
/**
 * struct probe - What the tracepoint says of the sends of a task
 * @task:	Who sends
 * @n:		How many sends there were
 * @mask:	CPUs of the last one
 */
struct probe {
	struct task_struct	*task;
	unsigned int		n;
	struct cpumask		*mask;
};

static void probe_send(void *data, const struct cpumask *mask,
		       unsigned long callsite, void *callback)
{
	struct probe *probe = data;

	/* The scheduler's own IPIs pass by here, too */
	if (in_task() && current == probe->task && !callback) {
		probe->n++;
		cpumask_copy(probe->mask, mask);
	}
}

/* The tracepoint fires once per send of a driver, with the CPUs of the send */
static void send_is_traced(struct kunit *test)
{
	struct probe probe = { .task = current, .mask = fake_mask(test, MASK_ALL) };
	const struct cpumask *one = cpumask_of(cpumask_first(cpu_possible_mask));
	struct fake_ipi *fake = test->priv;
	int virq = fake_reserve(test, fake, cpu_possible_mask);

	KUNIT_ASSERT_EQ(test, 0, register_trace_ipi_send_cpumask(probe_send, &probe));
	irq_send_ipi(virq, one);
	KUNIT_EXPECT_EQ(test, probe.n, 1);
	KUNIT_EXPECT_TRUE(test, cpumask_equal(probe.mask, one));
	irq_send_ipi_all(virq);
	KUNIT_EXPECT_EQ(test, probe.n, 2);
	KUNIT_EXPECT_TRUE(test, cpumask_equal(probe.mask, cpu_possible_mask));
	irq_send_ipi(INT_MAX, cpu_possible_mask);
	KUNIT_EXPECT_EQ(test, probe.n, 2);
	unregister_trace_ipi_send_cpumask(probe_send, &probe);
	tracepoint_synchronize_unregister();
}
#endif

#if defined(CONFIG_TRACEPOINTS) && defined(CONFIG_KGDB) && defined(CONFIG_ARM64_PSEUDO_NMI)
/**
 * struct nmi_sender - What is sent from the NMI which rounds CPUs up for kgdb
 * @virq:	IPI to all CPUs
 * @nr:		How often it was sent
 * @errors:	How often that was refused
 */
struct nmi_sender {
	int		virq;
	atomic_t	nr;
	atomic_t	errors;
};

static void send_in_nmi(void *data, int irq, struct irqaction *action)
{
	struct nmi_sender *sender = data;

	if (!in_nmi())
		return;
	atomic_add(!!irq_send_ipi_all(sender->virq), &sender->errors);
	atomic_add(!!irq_send_ipi(sender->virq, cpumask_of(smp_processor_id())),
		   &sender->errors);
	atomic_add(!!irq_desc_send_ipi(irq_to_desc(sender->virq), cpu_possible_mask),
		   &sender->errors);
	atomic_inc(&sender->nr);
}

/* An NMI may hit a CPU which holds any lock, and sends from there */
static void send_from_nmi(struct kunit *test)
{
	struct fake_ipi *fake = test->priv;
	struct nmi_sender sender = { };
	unsigned int tries;

	if (!system_uses_irq_prio_masking())
		kunit_skip(test, "no pseudo NMIs");
	ipi_test_need_two(test, cpu_online_mask);

	sender.virq = fake_reserve(test, fake, cpu_possible_mask);
	KUNIT_ASSERT_EQ(test, 0, register_trace_irq_handler_entry(send_in_nmi, &sender));
	kgdb_roundup_cpus();
	for (tries = 0; !atomic_read(&sender.nr) && tries < NMI_TRIES; tries++)
		msleep(NMI_MS);
	unregister_trace_irq_handler_entry(send_in_nmi, &sender);
	tracepoint_synchronize_unregister();

	KUNIT_EXPECT_GT(test, atomic_read(&sender.nr), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&sender.errors), 0);
	/* Two sends to all CPUs and one to a single one, each time */
	KUNIT_EXPECT_EQ(test, atomic_read(&fake->nr_in_nmi),
			atomic_read(&sender.nr) * (2 * num_possible_cpus() + 1));
	KUNIT_EXPECT_EQ(test, atomic_read(&fake->nr_astray), 0);
}

#define SEND_FROM_NMI	KUNIT_CASE(send_from_nmi),
#else
#define SEND_FROM_NMI
#endif

KUNIT_ARRAY_PARAM_DESC(fake, fake_cases, desc);

static struct kunit_case send_cases[] = {
	KUNIT_CASE_PARAM(send_raises_hwirqs, fake_gen_params),
	KUNIT_CASE_PARAM(send_irqs_off, fake_gen_params),
	KUNIT_CASE_PARAM(send_outside_of_targets, fake_gen_params),
	KUNIT_CASE_PARAM(send_to_nobody, fake_gen_params),
	KUNIT_CASE(send_not_an_ipi),
	KUNIT_CASE(send_no_chip),
	KUNIT_CASE(send_set_global),
	KUNIT_CASE(send_set_global_reserved),
	KUNIT_CASE(send_set_global_waits),
	KUNIT_CASE(send_global_goes),
#ifdef CONFIG_TRACEPOINTS
	KUNIT_CASE(send_is_traced),
#endif
	SEND_FROM_NMI
	{ }
};

static struct kunit_suite send_suite = {
	.name		= "ipi-send",
	.init		= fake_init,
	.test_cases	= send_cases,
};

kunit_test_suite(send_suite);

MODULE_DESCRIPTION("KUnit tests for sending IPIs");
MODULE_LICENSE("GPL");
