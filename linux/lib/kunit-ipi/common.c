// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the IPI suites share.
 */

#include <linux/cleanup.h>
#include <linux/cpu.h>
#include <linux/irq.h>
#include <linux/irqdesc.h>
#include <linux/irqnr.h>
#include <linux/kthread.h>
#include <linux/percpu.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include <linux/smp.h>
#include <linux/tracepoint.h>

#include <trace/events/kmem.h>

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
