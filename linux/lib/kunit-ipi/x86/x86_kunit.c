// SPDX-License-Identifier: GPL-2.0-only
/*
 * The IPI domain of the local APICs of x86.
 */

#include <linux/cpu.h>
#include <linux/cpuhotplug.h>
#include <linux/delay.h>
#include <linux/interrupt.h>
#include <linux/irq.h>
#include <linux/irqdesc.h>
#include <linux/irqdomain.h>
#include <linux/kthread.h>
#include <linux/prandom.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/smp.h>
#include <linux/sprintf.h>
#include <linux/string.h>

#include <asm/apic.h>
#include <asm/hw_irq.h>
#include <asm/irqdomain.h>
#include <asm/nmi.h>

#include "../real.h"

#define SETTLE_MS	20
#define TRIES		100
#define HOLD_MS		100
/* How many sends a CPU waits for while it comes up, and how long at most */
#define SENDS		10
#define SENDS_MS	1000
/* There are no more CPUs than that under test */
#define FOREIGN_ID	200
#define STATE_SIZE	SZ_16K
#define STEPS		10000
/* After how many of them a CPU goes off or on */
#define TURN		500

static int vectors_init(struct kunit *test)
{
	test->priv = irq_find_ipi_domain(NULL);
	if (!test->priv)
		kunit_skip(test, "no local APIC");
	KUNIT_ASSERT_PTR_EQ(test, ((struct irq_domain *)test->priv)->parent,
			    x86_vector_domain);
	return 0;
}

static unsigned int last_cpu(void)
{
	return cpumask_last(cpu_online_mask);
}

static void x86_need_three(struct kunit *test)
{
	if (num_online_cpus() < 3)
		kunit_skip(test, "needs three CPUs");
}

static struct cpumask *two_cpus(struct kunit *test, unsigned int a, unsigned int b)
{
	struct cpumask *mask = kunit_kzalloc(test, cpumask_size(), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, mask);
	cpumask_set_cpu(a, mask);
	cpumask_set_cpu(b, mask);
	return mask;
}

static void x86_add_cpu(void *cpu)
{
	/* Does nothing if it is online */
	add_cpu((unsigned long)cpu);
}

/* The CPU is back when the test ends, at the latest */
static void x86_remove_cpu(struct kunit *test, unsigned int cpu)
{
	KUNIT_ASSERT_EQ(test, remove_cpu(cpu), 0);
	ipi_test_at_exit(test, x86_add_cpu, (void *)(unsigned long)cpu);
}

/* All counters and bits of the vector matrix, as in debugfs */
static const char *vector_state(struct kunit *test)
{
	struct seq_file m = { .size = STATE_SIZE };

	if (!IS_ENABLED(CONFIG_GENERIC_IRQ_DEBUGFS))
		kunit_skip(test, "the vector domain shows nothing without debugfs");

	m.buf = kunit_kzalloc(test, m.size, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, m.buf);
#ifdef CONFIG_GENERIC_IRQ_DEBUGFS
	x86_vector_domain->ops->debug_show(&m, x86_vector_domain, NULL, 0);
#endif
	KUNIT_ASSERT_LT(test, m.count, m.size);
	return m.buf;
}

/* A vector for devices, of one CPU, until the test ends */
static void free_device(void *virq)
{
	irq_domain_free_irqs((unsigned long)virq, 1);
}

static int alloc_device(struct kunit *test, unsigned int cpu)
{
	struct irq_alloc_info info;
	int virq;

	init_irq_alloc_info(&info, cpumask_of(cpu));
	virq = irq_domain_alloc_irqs(x86_vector_domain, 1, NUMA_NO_NODE, &info);
	if (virq > 0)
		ipi_test_at_exit(test, free_device, (void *)(unsigned long)virq);
	return virq;
}

/* What debugfs shows of a CPU: vectors which are free, managed, in use, and IPIs */
struct vector_row {
	unsigned int avl, man, mac, act, com;
};

static struct vector_row vector_row(struct kunit *test, unsigned int cpu)
{
	const char *line = strstr(vector_state(test), "| avl | man | mac | act | com |");
	struct vector_row row = {};
	unsigned int nr;

	KUNIT_ASSERT_NOT_NULL(test, line);
	while ((line = strchr(line, '\n'))) {
		line++;
		if (sscanf(line, "%u %u %u %u %u %u", &nr, &row.avl, &row.man, &row.mac,
			   &row.act, &row.com) == 6 && nr == cpu)
			return row;
	}
	KUNIT_FAIL(test, "CPU%u is not shown", cpu);
	return row;
}

/* IPIs have a column of their own, since they do not move when their CPU goes off */
static void x86_shown(struct kunit *test)
{
	unsigned int cpu = last_cpu();
	struct vector_row before = vector_row(test, cpu), after;

	ipi_test_reserve(test, test->priv, cpumask_of(cpu));
	ipi_test_reserve(test, test->priv, cpumask_of(cpu));
	KUNIT_EXPECT_GT(test, alloc_device(test, cpu), 0);

	after = vector_row(test, cpu);
	KUNIT_EXPECT_EQ(test, after.avl, before.avl - 3);
	KUNIT_EXPECT_EQ(test, after.man, before.man);
	KUNIT_EXPECT_EQ(test, after.mac, before.mac);
	KUNIT_EXPECT_EQ(test, after.act, before.act + 1);
	KUNIT_EXPECT_EQ(test, after.com, before.com + 2);
}

/* One vector for all targets, which is none of the system's */
static void x86_one_vector(struct kunit *test)
{
	int virq = ipi_test_reserve(test, test->priv, cpu_possible_mask);
	irq_hw_number_t vector = ipi_get_hwirq(virq, 0);
	unsigned int cpu;

	KUNIT_EXPECT_GE(test, vector, FIRST_EXTERNAL_VECTOR);
	KUNIT_EXPECT_LT(test, vector, FIRST_SYSTEM_VECTOR);
	for_each_possible_cpu(cpu)
		KUNIT_EXPECT_EQ(test, ipi_get_hwirq(virq, cpu), vector);
	KUNIT_EXPECT_STREQ(test, irq_get_chip(virq)->name, "APIC");
	real_expect_delivery(test, virq, cpu_possible_mask);
}

/* One of arch code, for which the APICs may broadcast, comes to all, or to some */
static void x86_global(struct kunit *test)
{
	int virq = ipi_test_reserve(test, test->priv, cpu_possible_mask);
	struct cpumask *some = two_cpus(test, 0, last_cpu());
	unsigned int cpu;

	x86_need_three(test);
	KUNIT_ASSERT_EQ(test, irq_set_global_ipi(virq), 0);
	real_expect_delivery(test, virq, cpu_possible_mask);

	ipi_test_no_hotplug(test);
	ipi_test_request(test, virq, ipi_test_count);
	ipi_test_enable_on(cpu_online_mask, virq);
	KUNIT_EXPECT_EQ(test, ipi_test_desc_send(virq, some), 0);
	real_wait(some);
	for_each_online_cpu(cpu) {
		KUNIT_EXPECT_EQ(test, per_cpu(ipi_test_received, cpu),
				cpumask_test_cpu(cpu, some));
	}
}

static void count_call(void *unused)
{
	this_cpu_inc(ipi_test_received);
}

/* The threads which are busy. They may begin when the case has failed. */
static atomic_t busy;

static int be_busy(void *unused)
{
	atomic_inc(&busy);
	while (!kthread_should_stop())
		cond_resched();
	return 0;
}

/*
 * So does the function call of SMP, which is a broadcast for all others, and for one no
 * mask. They are busy, since an idle CPU looks for calls without being told.
 */
static void x86_call_some(struct kunit *test)
{
	unsigned int self = ipi_test_stay(test), cpu, b, c;
	struct cpumask *mask;

	if (num_online_cpus() < 4)
		kunit_skip(test, "needs four CPUs");

	for_each_possible_cpu(cpu)
		per_cpu(ipi_test_received, cpu) = 0;
	b = cpumask_next(self, cpu_online_mask);
	c = cpumask_next(b, cpu_online_mask);
	mask = two_cpus(test, b, c);
	atomic_set(&busy, 0);
	for_each_cpu(cpu, mask)
		ipi_test_thread(test, kthread_run_on_cpu(be_busy, NULL, cpu, "ipi-busy/%u"));
	while (atomic_read(&busy) < 2)
		msleep(SETTLE_MS);

	on_each_cpu_mask(mask, count_call, NULL, false);
	real_wait(mask);
	for_each_online_cpu(cpu) {
		KUNIT_EXPECT_EQ(test, READ_ONCE(per_cpu(ipi_test_received, cpu)),
				cpumask_test_cpu(cpu, mask));
	}
}

/* IPIs share a vector only if no target has both */
static void x86_disjoint_share(struct kunit *test)
{
	unsigned int last = last_cpu();
	int virqs[3];

	ipi_test_need_two(test, cpu_online_mask);
	virqs[0] = ipi_test_reserve(test, test->priv, cpumask_of(0));
	virqs[1] = ipi_test_reserve(test, test->priv, cpumask_of(last));
	virqs[2] = ipi_test_reserve(test, test->priv, two_cpus(test, 0, last));
	KUNIT_EXPECT_EQ(test, ipi_get_hwirq(virqs[0], 0), ipi_get_hwirq(virqs[1], last));
	KUNIT_EXPECT_NE(test, ipi_get_hwirq(virqs[2], 0), ipi_get_hwirq(virqs[0], 0));

	real_expect_delivery(test, virqs[0], cpumask_of(0));
	real_expect_delivery(test, virqs[1], cpumask_of(last));
	real_expect_delivery(test, virqs[2], two_cpus(test, 0, last));
}

/* A target that leaves gives its vector back, and the others keep theirs */
static void x86_partial_destroy(struct kunit *test)
{
	unsigned int last = last_cpu();
	irq_hw_number_t vector;
	int virq, next;

	ipi_test_need_two(test, cpu_online_mask);
	virq = ipi_test_reserve(test, test->priv, two_cpus(test, 0, last));
	vector = ipi_get_hwirq(virq, 0);
	KUNIT_ASSERT_EQ(test, irq_destroy_ipi(virq, cpumask_of(last)), 0);

	next = ipi_test_reserve(test, test->priv, cpumask_of(last));
	KUNIT_EXPECT_EQ(test, ipi_get_hwirq(next, last), vector);
	next = ipi_test_reserve(test, test->priv, cpumask_of(0));
	KUNIT_EXPECT_NE(test, ipi_get_hwirq(next, 0), vector);
	real_expect_delivery(test, virq, cpumask_of(0));
}

/* What comes to a CPU which does not take it is gone, before and after it did */
static void x86_masked_send(struct kunit *test)
{
	int virq = ipi_test_reserve(test, test->priv, cpu_possible_mask);

	for (int round = 0; round < 2; round++) {
		KUNIT_EXPECT_EQ(test, irq_send_ipi_all(virq), 0);
		msleep(SETTLE_MS);
		real_expect_delivery(test, virq, cpu_possible_mask);
	}
}

/* Nor does one take it which software has raised: no APIC waits for the acknowledge */
static void x86_not_injected(struct kunit *test)
{
	int virq = ipi_test_reserve(test, test->priv, cpu_possible_mask);
	unsigned int cpu;

	if (!IS_ENABLED(CONFIG_GENERIC_IRQ_INJECTION))
		kunit_skip(test, "the kernel cannot inject interrupts");

	ipi_test_no_hotplug(test);
	ipi_test_request(test, virq, ipi_test_count);
	ipi_test_enable_on(cpu_online_mask, virq);
	KUNIT_EXPECT_EQ(test, irq_inject_interrupt(virq), -EINVAL);
	msleep(SETTLE_MS);
	for_each_online_cpu(cpu)
		KUNIT_EXPECT_EQ(test, per_cpu(ipi_test_received, cpu), 0);
}

/* Until there are no more, which leaves no trace */
static void x86_exhausted(struct kunit *test)
{
	int *virqs = kunit_kcalloc(test, NR_VECTORS, sizeof(*virqs), GFP_KERNEL);
	const char *before = vector_state(test);
	unsigned int n;
	int virq;

	KUNIT_ASSERT_NOT_NULL(test, virqs);
	for (n = 0; n < NR_VECTORS; n++) {
		virq = irq_reserve_ipi(test->priv, cpu_possible_mask);
		if (virq < 0)
			break;
		virqs[n] = virq;
	}
	KUNIT_EXPECT_EQ(test, virq, -ENOSPC);
	KUNIT_EXPECT_GT(test, n, (FIRST_SYSTEM_VECTOR - FIRST_EXTERNAL_VECTOR) / 2);
	while (n)
		KUNIT_EXPECT_EQ(test, irq_destroy_ipi(virqs[--n], NULL), 0);
	KUNIT_EXPECT_STREQ(test, vector_state(test), before);
}

/* An IPI to a CPU that is offline has its vector when the CPU is back, devices not */
static void x86_reserved_offline(struct kunit *test)
{
	unsigned int cpu = last_cpu();
	irq_hw_number_t vector;
	int virq, device;

	ipi_test_need_two(test, cpu_online_mask);
	x86_remove_cpu(test, cpu);
	virq = ipi_test_reserve(test, test->priv, cpumask_of(cpu));
	vector = ipi_get_hwirq(virq, cpu);
	KUNIT_EXPECT_EQ(test, irq_send_ipi_all(virq), 0);
	KUNIT_ASSERT_EQ(test, add_cpu(cpu), 0);

	while ((device = alloc_device(test, cpu)) > 0)
		KUNIT_EXPECT_NE(test, irq_cfg(device)->vector, vector);
	KUNIT_EXPECT_EQ(test, device, -ENOSPC);
	real_expect_delivery(test, virq, cpumask_of(cpu));
}

/* Destroyed while its target is offline, and the vector is free when that is back */
static void x86_destroyed_offline(struct kunit *test)
{
	unsigned int cpu = last_cpu();
	const char *before;
	int virq;

	ipi_test_need_two(test, cpu_online_mask);
	before = vector_state(test);
	virq = ipi_test_reserve(test, test->priv, cpumask_of(cpu));
	x86_remove_cpu(test, cpu);
	KUNIT_EXPECT_EQ(test, irq_destroy_ipi(virq, NULL), 0);
	KUNIT_ASSERT_EQ(test, add_cpu(cpu), 0);
	KUNIT_EXPECT_STREQ(test, vector_state(test), before);
}

/*
 * Who forgets to disable an IPI on a CPU that goes offline gets nothing there
 * until it is enabled anew. The other targets do not notice.
 */
static void x86_enabled_offline(struct kunit *test)
{
	unsigned int cpu = last_cpu();
	int virq;

	ipi_test_need_two(test, cpu_online_mask);
	virq = ipi_test_reserve(test, test->priv, two_cpus(test, 0, cpu));
	ipi_test_request(test, virq, ipi_test_count);
	ipi_test_enable_on(cpu_online_mask, virq);

	x86_remove_cpu(test, cpu);
	KUNIT_EXPECT_EQ(test, irq_send_ipi_all(virq), 0);
	KUNIT_ASSERT_EQ(test, add_cpu(cpu), 0);
	/* Long after the one before, with which it would be one */
	KUNIT_EXPECT_EQ(test, irq_send_ipi_all(virq), 0);
	msleep(SETTLE_MS);
	KUNIT_EXPECT_EQ(test, per_cpu(ipi_test_received, 0), 2);
	KUNIT_EXPECT_EQ(test, per_cpu(ipi_test_received, cpu), 0);

	ipi_test_enable_on(cpumask_of(cpu), virq);
	KUNIT_EXPECT_EQ(test, irq_send_ipi_all(virq), 0);
	msleep(SETTLE_MS);
	KUNIT_EXPECT_EQ(test, per_cpu(ipi_test_received, 0), 3);
	KUNIT_EXPECT_EQ(test, per_cpu(ipi_test_received, cpu), 1);
}

/*
 * A mask with CPUs which are offline, or were never there, reaches the others
 * once: the id of a CPU that does not exist is a broadcast to an APIC.
 */
static void x86_send_to_offline(struct kunit *test)
{
	unsigned int cpu, last = last_cpu();
	int virq;

	ipi_test_need_two(test, cpu_online_mask);
	virq = ipi_test_reserve(test, test->priv, cpu_possible_mask);
	ipi_test_request(test, virq, ipi_test_count);
	ipi_test_enable_on(cpu_online_mask, virq);
	x86_remove_cpu(test, last);

	KUNIT_EXPECT_EQ(test, irq_send_ipi_all(virq), 0);
	/* Two which are pending at a time are one */
	msleep(SETTLE_MS);
	KUNIT_EXPECT_EQ(test, ipi_test_desc_send(virq, cpu_possible_mask), 0);
	KUNIT_EXPECT_EQ(test, irq_send_ipi(virq, cpumask_of(last)), 0);
	msleep(SETTLE_MS);
	for_each_possible_cpu(cpu) {
		KUNIT_EXPECT_EQ(test, per_cpu(ipi_test_received, cpu),
				cpu_online(cpu) ? 2 : 0);
	}
}

/* Of interrupt controllers, and x86 has no use for it */
#define STARTING	CPUHP_AP_IRQ_GIC_STARTING

/* What is sent, how often, and what of it a CPU sees which comes up */
static struct {
	int		virq;
	unsigned int	vector;
	unsigned int	sends;
	unsigned int	seen;
	bool		pending;
} coming_up;

static int broadcaster(void *unused)
{
	while (!kthread_should_stop()) {
		irq_send_ipi_all(coming_up.virq);
		WRITE_ONCE(coming_up.sends, coming_up.sends + 1);
		cond_resched();
	}
	return 0;
}

/* The APIC is on, the CPU takes no interrupts yet and is not among those online */
static int wait_for_sends(unsigned int cpu)
{
	unsigned int before = READ_ONCE(coming_up.sends);

	for (unsigned int ms = 0; coming_up.seen < SENDS && ms < SENDS_MS; ms++) {
		mdelay(1);
		coming_up.seen = READ_ONCE(coming_up.sends) - before;
	}
	coming_up.pending = lapic_vector_set_in_irr(coming_up.vector);
	return 0;
}

static void remove_starting(void *unused)
{
	cpuhp_remove_state_nocalls(STARTING);
}

/*
 * A CPU which is coming up is no target, though the targets are all that are
 * online: a broadcast would be pending there. Two CPUs have to be left for one.
 */
static void x86_not_broadcast(struct kunit *test)
{
	unsigned int cpu = last_cpu();
	struct task_struct *task;
	int virq;

	x86_need_three(test);
	x86_remove_cpu(test, cpu);
	virq = ipi_test_reserve(test, test->priv, cpu_online_mask);
	coming_up = (typeof(coming_up)) { .virq = virq, .vector = ipi_get_hwirq(virq, 0) };
	KUNIT_ASSERT_EQ(test, 0, cpuhp_setup_state_nocalls(STARTING, "x86/ipi-kunit:starting",
							   wait_for_sends, NULL));
	ipi_test_at_exit(test, remove_starting, NULL);

	task = ipi_test_thread(test, kthread_run(broadcaster, NULL, "ipi-broadcaster"));
	KUNIT_EXPECT_EQ(test, add_cpu(cpu), 0);
	ipi_test_stop(test, task);
	KUNIT_EXPECT_GE(test, coming_up.seen, SENDS);
	KUNIT_EXPECT_FALSE(test, coming_up.pending);
}

/**
 * struct held - A CPU which does not take interrupts for a while
 * @here:	It has them off
 * @go:		It may go on
 */
struct held {
	bool	here;
	bool	go;
};

static void hold(void *data)
{
	struct held *held = data;

	WRITE_ONCE(held->here, true);
	while (!READ_ONCE(held->go))
		cpu_relax();
}

static int let_go(void *data)
{
	struct held *held = data;

	while (!READ_ONCE(held->here) && !kthread_should_stop())
		schedule_timeout_interruptible(1);
	msleep(HOLD_MS);
	WRITE_ONCE(held->go, true);
	return ipi_test_wait_for_stop();
}

/*
 * An IPI is pending at its target when the vector is freed. That waits for it, so
 * that it does not come by the vector's next owner. Not by irq_destroy_ipi(), which
 * waits for a grace period before: a target that has interrupts off holds it up, and
 * only one that is idle does not.
 */
static void x86_freed_pending(struct kunit *test)
{
	static struct held held;
	static call_single_data_t csd = CSD_INIT(hold, &held);
	unsigned int cpu = last_cpu(), first = cpumask_first(cpu_online_mask);
	unsigned int second = cpumask_next(first, cpu_online_mask);
	int vector, virq;

	x86_need_three(test);
	ipi_test_no_hotplug(test);
	held = (struct held) { };
	ipi_test_thread(test, kthread_run_on_cpu(let_go, &held, first, "ipi-let-go/%u"));
	/* Elsewhere, since neither CPU could run both. The thread of a test ends with it. */
	KUNIT_ASSERT_EQ(test, 0, set_cpus_allowed_ptr(current, cpumask_of(second)));
	vector = x86_ipi_alloc_vector(cpumask_of(cpu));
	KUNIT_ASSERT_GT(test, vector, 0);

	KUNIT_EXPECT_EQ(test, smp_call_function_single_async(cpu, &csd), 0);
	while (!READ_ONCE(held.here))
		cpu_relax();
	scoped_guard(preempt)
		__apic_send_IPI(cpu, vector);
	x86_ipi_free_vector(cpu, vector);
	KUNIT_EXPECT_TRUE(test, READ_ONCE(held.go));

	virq = ipi_test_reserve(test, test->priv, cpumask_of(cpu));
	KUNIT_EXPECT_EQ(test, ipi_get_hwirq(virq, cpu), vector);
	real_expect_delivery(test, virq, cpumask_of(cpu));
}

static void random_mask(struct cpumask *mask, struct rnd_state *rnd)
{
	unsigned int cpu;

	do {
		cpumask_clear(mask);
		for_each_possible_cpu(cpu) {
			if (prandom_u32_state(rnd) % 2)
				cpumask_set_cpu(cpu, mask);
		}
	} while (cpumask_empty(mask));
}

/* Random reservations, releases, and CPUs which go and come: nothing is left over */
static void x86_random(struct kunit *test)
{
	unsigned int cpu = last_cpu(), i;
	const char *before;
	struct cpumask *mask;
	struct rnd_state rnd;
	int virqs[32] = { };

	ipi_test_need_two(test, cpu_online_mask);
	before = vector_state(test);
	mask = two_cpus(test, 0, cpu);
	prandom_seed_state(&rnd, 14);
	for (unsigned int step = 0; step < STEPS; step++) {
		i = prandom_u32_state(&rnd) % ARRAY_SIZE(virqs);
		if (virqs[i] > 0) {
			KUNIT_EXPECT_EQ(test, irq_destroy_ipi(virqs[i], NULL), 0);
			virqs[i] = 0;
		} else {
			random_mask(mask, &rnd);
			virqs[i] = irq_reserve_ipi(test->priv, mask);
			KUNIT_EXPECT_GT(test, virqs[i], 0);
		}
		if (!(step % TURN))
			KUNIT_EXPECT_EQ(test, 0, cpu_online(cpu) ? remove_cpu(cpu) : add_cpu(cpu));
	}
	x86_add_cpu((void *)(unsigned long)cpu);
	for (i = 0; i < ARRAY_SIZE(virqs); i++) {
		if (virqs[i] > 0)
			KUNIT_EXPECT_EQ(test, irq_destroy_ipi(virqs[i], NULL), 0);
	}
	KUNIT_EXPECT_STREQ(test, vector_state(test), before);
}

#define OTHER_ID	SET_XAPIC_DEST_FIELD(5)

/* What an NMI sends, once, and what it leaves in the APIC's destination register */
static struct {
	int		virq;
	struct cpumask	*dest;
	int		ret;
	u32		icr2;
	bool		done;
} in_nmi_send;

/* As if it had come between the two writes of a sender who sends to OTHER_ID */
static int send_in_nmi(unsigned int type, struct pt_regs *regs)
{
	u32 icr2 = OTHER_ID;

	if (in_nmi_send.done)
		return NMI_DONE;

	if (!x2apic_mode) {
		icr2 = apic_read(APIC_ICR2);
		apic_write(APIC_ICR2, OTHER_ID);
	}
	in_nmi_send.ret = in_nmi_send.dest ? irq_send_ipi(in_nmi_send.virq, in_nmi_send.dest) :
			  irq_send_ipi_all(in_nmi_send.virq);
	in_nmi_send.icr2 = x2apic_mode ? OTHER_ID : apic_read(APIC_ICR2);
	if (!x2apic_mode)
		apic_write(APIC_ICR2, icr2);
	WRITE_ONCE(in_nmi_send.done, true);
	return NMI_HANDLED;
}

/* To @dest, or to all; the sender whom the NMI interrupted reaches its own target */
static void send_by_nmi(struct kunit *test, int virq, struct cpumask *dest)
{
	unsigned int tries;

	in_nmi_send.virq = virq;
	in_nmi_send.dest = dest;
	in_nmi_send.done = false;
	KUNIT_ASSERT_EQ(test, 0, register_nmi_handler(NMI_LOCAL, send_in_nmi, 0, "ipi-x86"));
	scoped_guard(preempt)
		__apic_send_IPI(cpumask_any_but(cpu_online_mask, smp_processor_id()), NMI_VECTOR);
	for (tries = 0; !READ_ONCE(in_nmi_send.done) && tries < TRIES; tries++)
		msleep(SETTLE_MS);
	unregister_nmi_handler(NMI_LOCAL, "ipi-x86");

	KUNIT_EXPECT_TRUE(test, in_nmi_send.done);
	KUNIT_EXPECT_EQ(test, in_nmi_send.ret, 0);
	KUNIT_EXPECT_EQ(test, in_nmi_send.icr2, OTHER_ID);
	msleep(SETTLE_MS);
}

/* It reaches its targets, some by itself, and those of a global one, too */
static void x86_send_from_nmi(struct kunit *test)
{
	struct cpumask *some = two_cpus(test, 0, last_cpu());
	unsigned int cpu;
	int virq;

	ipi_test_need_two(test, cpu_online_mask);
	ipi_test_no_hotplug(test);
	virq = ipi_test_reserve(test, test->priv, cpu_possible_mask);
	ipi_test_request(test, virq, ipi_test_count);
	ipi_test_enable_on(cpu_online_mask, virq);

	send_by_nmi(test, virq, NULL);
	for_each_online_cpu(cpu)
		KUNIT_EXPECT_EQ(test, per_cpu(ipi_test_received, cpu), 1);

	KUNIT_ASSERT_EQ(test, irq_set_global_ipi(virq), 0);
	send_by_nmi(test, virq, some);
	for_each_online_cpu(cpu) {
		KUNIT_EXPECT_EQ(test, per_cpu(ipi_test_received, cpu),
				cpumask_test_cpu(cpu, some) ? 2 : 1);
	}
}

/* Not what is Linux's, also if it is not there yet, nor what is nobody's */
static void x86_external_refused(struct kunit *test)
{
	unsigned int id, refused = 0;
	int virq;

	for (id = 0; id < FOREIGN_ID; id++) {
		virq = irq_reserve_ipi_external(test->priv, id);
		if (virq == -EBUSY)
			refused++;
		else
			KUNIT_EXPECT_EQ(test, irq_destroy_ipi(virq, NULL), 0);
	}
	KUNIT_EXPECT_EQ(test, refused, num_possible_cpus());

	/* The broadcasts of x2APICs and of the others, which may be an id of the former */
	KUNIT_EXPECT_EQ(test, irq_reserve_ipi_external(test->priv, U32_MAX), -EINVAL);
	if (!x2apic_mode)
		KUNIT_EXPECT_EQ(test, irq_reserve_ipi_external(test->priv, 255), -EINVAL);
#ifdef CONFIG_64BIT
	KUNIT_EXPECT_EQ(test, irq_reserve_ipi_external(test->priv, 1UL << 32), -EINVAL);
#endif
}

/* Each foreign processor has vectors of its own, and all come back */
static void x86_external(struct kunit *test)
{
	const char *before = vector_state(test);
	int virqs[2], other;

	virqs[0] = ipi_test_keep(test, irq_reserve_ipi_external(test->priv, FOREIGN_ID));
	virqs[1] = ipi_test_keep(test, irq_reserve_ipi_external(test->priv, FOREIGN_ID));
	other = ipi_test_keep(test, irq_reserve_ipi_external(test->priv, FOREIGN_ID + 1));

	KUNIT_EXPECT_GE(test, ipi_get_hwirq(virqs[0], IPI_EXTERNAL), FIRST_EXTERNAL_VECTOR);
	KUNIT_EXPECT_NE(test, ipi_get_hwirq(virqs[0], IPI_EXTERNAL),
			ipi_get_hwirq(virqs[1], IPI_EXTERNAL));
	KUNIT_EXPECT_EQ(test, ipi_get_hwirq(virqs[0], IPI_EXTERNAL),
			ipi_get_hwirq(other, IPI_EXTERNAL));
	/* Nobody is there to take it */
	KUNIT_EXPECT_EQ(test, irq_send_ipi_all(virqs[0]), 0);
	KUNIT_EXPECT_STREQ(test, vector_state(test), before);

	KUNIT_EXPECT_EQ(test, irq_destroy_ipi(virqs[0], NULL), 0);
	virqs[0] = ipi_test_keep(test, irq_reserve_ipi_external(test->priv, FOREIGN_ID));
	KUNIT_EXPECT_EQ(test, ipi_get_hwirq(virqs[0], IPI_EXTERNAL),
			ipi_get_hwirq(other, IPI_EXTERNAL));
}

/* The command that goes to its APIC. Where no CPU is, there is no program to ask. */
static void x86_external_sends(struct kunit *test)
{
	int virq = ipi_test_keep(test, irq_reserve_ipi_external(test->priv, FOREIGN_ID));
	unsigned long flags;
	u64 icr;
	int ret;

	/* The command of another IPI would take its place */
	local_irq_save(flags);
	ret = irq_send_ipi_all(virq);
	icr = apic_icr_read();
	local_irq_restore(flags);

	KUNIT_EXPECT_EQ(test, ret, 0);
	KUNIT_EXPECT_EQ(test, lower_32_bits(icr) & ~APIC_ICR_BUSY, APIC_DEST_PHYSICAL |
			APIC_DM_FIXED | ipi_get_hwirq(virq, IPI_EXTERNAL));
	/* QEMU's x2APIC does not tell the upper half */
	if (!x2apic_mode)
		KUNIT_EXPECT_EQ(test, GET_XAPIC_DEST_FIELD(upper_32_bits(icr)), FOREIGN_ID);

	if (num_online_cpus() > 1)
		send_by_nmi(test, virq, NULL);
}

/* A foreign processor has as many vectors as there are */
static void x86_external_exhausted(struct kunit *test)
{
	int *virqs = kunit_kcalloc(test, NR_VECTORS, sizeof(*virqs), GFP_KERNEL);
	unsigned int n;
	int virq;

	KUNIT_ASSERT_NOT_NULL(test, virqs);
	for (int round = 0; round < 2; round++) {
		for (n = 0; n < NR_VECTORS; n++) {
			virq = irq_reserve_ipi_external(test->priv, FOREIGN_ID);
			if (virq < 0)
				break;
			virqs[n] = virq;
		}
		KUNIT_EXPECT_EQ(test, virq, -ENOSPC);
		KUNIT_EXPECT_EQ(test, n, NR_VECTORS - FIRST_EXTERNAL_VECTOR);
		while (n)
			KUNIT_EXPECT_EQ(test, irq_destroy_ipi(virqs[--n], NULL), 0);
	}
}

static struct kunit_case x86_cases[] = {
	KUNIT_CASE(x86_one_vector),
	KUNIT_CASE(x86_global),
	KUNIT_CASE(x86_call_some),
	KUNIT_CASE(x86_disjoint_share),
	KUNIT_CASE(x86_partial_destroy),
	KUNIT_CASE(x86_masked_send),
	KUNIT_CASE(real_disabled),
	KUNIT_CASE(x86_not_injected),
	KUNIT_CASE(x86_shown),
	KUNIT_CASE_SLOW(x86_exhausted),
	KUNIT_CASE_SLOW(x86_reserved_offline),
	KUNIT_CASE_SLOW(x86_destroyed_offline),
	KUNIT_CASE_SLOW(x86_enabled_offline),
	KUNIT_CASE_SLOW(x86_send_to_offline),
	KUNIT_CASE_SLOW(x86_not_broadcast),
	KUNIT_CASE(x86_freed_pending),
	KUNIT_CASE_ATTR(x86_random, { .speed = KUNIT_SPEED_VERY_SLOW }),
	KUNIT_CASE(x86_send_from_nmi),
	KUNIT_CASE(x86_external_refused),
	KUNIT_CASE(x86_external),
	KUNIT_CASE(x86_external_sends),
	KUNIT_CASE_SLOW(x86_external_exhausted),
	{ }
};

static struct kunit_suite x86_suite = {
	.name		= "ipi-x86",
	.init		= vectors_init,
	.test_cases	= x86_cases,
};

kunit_test_suite(x86_suite);

MODULE_DESCRIPTION("KUnit tests for IPIs on the local APICs of x86");
MODULE_LICENSE("GPL");
