// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the IPI suites share.
 */

#include <linux/cleanup.h>
#include <linux/cpu.h>
#include <linux/delay.h>
#include <linux/irq.h>
#include <linux/irqdesc.h>
#include <linux/irqnr.h>
#include <linux/kthread.h>
#include <linux/percpu.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include <linux/smp.h>
#include <linux/spinlock.h>
#include <linux/sprintf.h>
#include <linux/string.h>
#include <linux/tracepoint.h>

#include <trace/events/kmem.h>
#include <trace/events/printk.h>

#include "common.h"

/* How often ipi_test_count() ran since the last request */
DEFINE_PER_CPU(unsigned int, ipi_test_received);

/* ipi_test_at_exit - Have something done when the test ends */
void ipi_test_at_exit(struct kunit *test, kunit_action_t *action, void *ctx)
{
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, action, ctx));
}

/* ipi_test_need_two - Skip a test for which one CPU is not enough */
void ipi_test_need_two(struct kunit *test, const struct cpumask *mask)
{
	if (cpumask_weight(mask) < 2)
		kunit_skip(test, "needs two CPUs");
}

static void allow_hotplug(void *unused)
{
	cpu_hotplug_enable();
}

/* ipi_test_no_hotplug - Let the CPUs which are online be so until the test ends */
void ipi_test_no_hotplug(struct kunit *test)
{
	cpu_hotplug_disable();
	ipi_test_at_exit(test, allow_hotplug, NULL);
}

/* ipi_test_stay - Let the thread of a test stay on a CPU, which stays online */
unsigned int ipi_test_stay(struct kunit *test)
{
	unsigned int cpu;

	ipi_test_no_hotplug(test);
	cpu = cpumask_first(cpu_online_mask);
	KUNIT_ASSERT_EQ(test, 0, set_cpus_allowed_ptr(current, cpumask_of(cpu)));
	return cpu;
}

/* ipi_test_nr_descs - Count the interrupt descriptors in the system */
unsigned int ipi_test_nr_descs(void)
{
	unsigned int irq, n = 0;

	irq_lock_sparse();
	for_each_active_irq(irq)
		n++;
	irq_unlock_sparse();
	return n;
}

static void destroy(void *virq)
{
	/* Fails if the test has done so itself */
	irq_destroy_ipi((unsigned long)virq, NULL);
}

/**
 * ipi_test_keep - Let an IPI go with the test
 * @test:	Test, which fails if there is no IPI
 * @virq:	Linux interrupt number, or an error
 *
 * Return: The same.
 */
int ipi_test_keep(struct kunit *test, int virq)
{
	KUNIT_ASSERT_GT(test, virq, 0);
	ipi_test_at_exit(test, destroy, (void *)(unsigned long)virq);
	return virq;
}

/* ipi_test_reserve - Reserve an IPI, which goes with the test */
int ipi_test_reserve(struct kunit *test, struct irq_domain *domain,
		     const struct cpumask *mask)
{
	return ipi_test_keep(test, irq_reserve_ipi(domain, mask));
}

/* ipi_test_count - Handler which counts what each CPU receives */
irqreturn_t ipi_test_count(int irq, void *dev)
{
	unsigned int *received = dev;

	/* The handler gets the cookie of the CPU it runs on */
	if (received == this_cpu_ptr(&ipi_test_received))
		(*received)++;
	return IRQ_HANDLED;
}

/* ipi_test_try_request - Request an IPI, and return whether that failed */
int ipi_test_try_request(int virq, irq_handler_t handler)
{
	unsigned int cpu;

	for_each_possible_cpu(cpu)
		per_cpu(ipi_test_received, cpu) = 0;

	return request_percpu_irq(virq, handler, "kunit", &ipi_test_received);
}

/* A test which was aborted may have left it enabled */
static void release(void *virq)
{
	ipi_test_disable_on(cpu_online_mask, (unsigned long)virq);
	free_percpu_irq((unsigned long)virq, &ipi_test_received);
}

/**
 * ipi_test_request - Request an IPI until the test ends
 * @test:	Test, which fails if it can't be requested
 * @virq:	IPI
 * @handler:	Handler
 */
void ipi_test_request(struct kunit *test, int virq, irq_handler_t handler)
{
	KUNIT_ASSERT_EQ(test, 0, ipi_test_try_request(virq, handler));
	ipi_test_at_exit(test, release, (void *)(unsigned long)virq);
}

/* ipi_test_release - Undo ipi_test_request() before the test ends */
void ipi_test_release(struct kunit *test, int virq)
{
	kunit_release_action(test, release, (void *)(unsigned long)virq);
}

/* ipi_test_mapping - Get the mapping of an IPI which the test keeps */
const struct ipi_mapping *ipi_test_mapping(int virq)
{
	guard(rcu)();

	return irq_data_get_ipi_mapping(irq_get_irq_data(virq));
}

/* ipi_test_desc_send - irq_desc_send_ipi() as from arch code, which is not preempted */
int ipi_test_desc_send(int virq, const struct cpumask *mask)
{
	guard(preempt)();

	return irq_desc_send_ipi(irq_to_desc(virq), mask);
}

static void enable_here(void *virq)
{
	enable_percpu_irq((unsigned long)virq, IRQ_TYPE_NONE);
}

/* ipi_test_enable_on - Enable an IPI on those CPUs of a mask which are online */
void ipi_test_enable_on(const struct cpumask *mask, int virq)
{
	on_each_cpu_mask(mask, enable_here, (void *)(unsigned long)virq, true);
}

static void disable_here(void *virq)
{
	disable_percpu_irq((unsigned long)virq);
}

/* ipi_test_disable_on - Disable an IPI on those CPUs of a mask which are online */
void ipi_test_disable_on(const struct cpumask *mask, int virq)
{
	on_each_cpu_mask(mask, disable_here, (void *)(unsigned long)virq, true);
}

#ifdef CONFIG_TRACEPOINTS
struct freed {
	const void	*ptr;
	bool		seen;
};

static void probe_kfree(void *data, unsigned long call_site, const void *ptr)
{
	struct freed *freed = data;

	if (ptr == freed->ptr)
		WRITE_ONCE(freed->seen, true);
}
#endif

/**
 * ipi_test_frees - Tell whether a function frees what nobody else does
 * @test:	Test
 * @func:	Function, which may leave it to an RCU callback
 * @arg:	Its argument
 * @ptr:	What has to be freed
 *
 * Return: Whether it was. The test is skipped if there is no tracepoint that tells.
 */
bool ipi_test_frees(struct kunit *test, void (*func)(void *arg), void *arg, const void *ptr)
{
#ifdef CONFIG_TRACEPOINTS
	struct freed freed = { .ptr = ptr };

	KUNIT_ASSERT_EQ(test, 0, register_trace_kfree(probe_kfree, &freed));
	func(arg);
	rcu_barrier();
	unregister_trace_kfree(probe_kfree, &freed);
	tracepoint_synchronize_unregister();
	return freed.seen;
#else
	func(arg);
	kunit_skip(test, "no tracepoint tells what is freed");
#endif
}

static bool has_prefix(const char *text, size_t len, const char *prefix)
{
	return len >= strlen(prefix) && !memcmp(text, prefix, strlen(prefix));
}

static void probe_console(void *data, const char *text, size_t len)
{
	struct ipi_test_log *log = data;

	if (in_task() && current == log->task && (has_prefix(text, len, "genirq/ipi: ") ||
						  has_prefix(text, len, "irq: "))) {
		log->nr++;
		scnprintf(log->text, sizeof(log->text), "%.*s", (int)len, text);
	}
}

/**
 * ipi_test_log_start - Listen to what the layer writes in the calling thread
 * @test:	Test, which is skipped if there is no tracepoint
 * @log:	What it writes. Until ipi_test_log_stop(), no assertion may fail.
 */
void ipi_test_log_start(struct kunit *test, struct ipi_test_log *log)
{
	if (!IS_ENABLED(CONFIG_PRINTK) || !IS_ENABLED(CONFIG_TRACEPOINTS))
		kunit_skip(test, "no tracepoint tells what is written");

	*log = (struct ipi_test_log) { .task = current };
	KUNIT_ASSERT_EQ(test, 0, register_trace_console(probe_console, log));
}

/* ipi_test_log_stop - Stop listening */
void ipi_test_log_stop(struct kunit *test, struct ipi_test_log *log)
{
	KUNIT_EXPECT_EQ(test, 0, unregister_trace_console(probe_console, log));
	tracepoint_synchronize_unregister();
}

static void stop(void *task)
{
	kthread_stop(task);
}

/**
 * ipi_test_thread - Let a thread go with the test
 * @test:	Test, which fails if there is no thread
 * @task:	Thread which runs until it is stopped, or an error
 *
 * Return: The same.
 */
struct task_struct *ipi_test_thread(struct kunit *test, struct task_struct *task)
{
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, task);
	ipi_test_at_exit(test, stop, task);
	return task;
}

/* ipi_test_wait_for_stop - What a thread does which has nothing more to do */
int ipi_test_wait_for_stop(void)
{
	while (!kthread_should_stop())
		schedule_timeout_interruptible(1);
	return 0;
}

/* ipi_test_stop - Wait until a thread has done its work */
void ipi_test_stop(struct kunit *test, struct task_struct *task)
{
	kunit_release_action(test, stop, task);
}

/**
 * struct holder - Who holds the lock of a descriptor
 * @desc:	Descriptor
 * @look:	What the holder looks at in the end
 * @held:	The lock is held
 * @begun:	Somebody else is about to want it
 * @kept:	What @look said
 */
struct holder {
	struct irq_desc	*desc;
	bool		(*look)(struct irq_desc *desc);
	bool		held;
	bool		begun;
	bool		kept;
};

static int holder_thread(void *data)
{
	struct holder *holder = data;

	scoped_guard(raw_spinlock_irqsave, &holder->desc->lock) {
		WRITE_ONCE(holder->held, true);
		/* Not for ever: who keeps the other CPU may wait for this one */
		for (int i = 0; i < 20000 && !READ_ONCE(holder->begun); i++)
			udelay(5);
		/* Longer than it takes to get to the lock */
		mdelay(100);
		holder->kept = holder->look(holder->desc);
	}
	return ipi_test_wait_for_stop();
}

/**
 * ipi_test_under_lock - Have something done while another CPU holds a descriptor's lock
 * @test:	Test, which is skipped if there is no other CPU
 * @irq:	Linux interrupt number
 * @func:	What has to wait for the lock
 * @kept:	Whether the descriptor is as it was before
 *
 * Return: Whether it was, until the lock was released.
 */
bool ipi_test_under_lock(struct kunit *test, unsigned int irq, void (*func)(void *irq),
			 bool (*kept)(struct irq_desc *desc))
{
	struct holder holder = { .desc = irq_to_desc(irq), .look = kept };
	unsigned int cpu = ipi_test_stay(test);
	struct task_struct *task;

	ipi_test_need_two(test, cpu_online_mask);
	task = kthread_run_on_cpu(holder_thread, &holder,
				  cpumask_any_but(cpu_online_mask, cpu), "ipi-holder/%u");
	ipi_test_thread(test, task);
	while (!READ_ONCE(holder.held))
		cond_resched();
	WRITE_ONCE(holder.begun, true);
	func((void *)(unsigned long)irq);
	ipi_test_stop(test, task);
	return holder.kept;
}
