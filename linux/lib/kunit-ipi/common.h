/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the IPI suites share.
 *
 * A failed assertion ends the thread of the test on the spot. What it leaves
 * behind is undone by the actions which the functions below register.
 */
#ifndef _KUNIT_IPI_COMMON_H
#define _KUNIT_IPI_COMMON_H

#include <linux/cpumask.h>
#include <linux/interrupt.h>
#include <linux/ipi.h>
#include <linux/irqdesc.h>
#include <linux/irqdomain.h>
#include <linux/percpu-defs.h>
#include <linux/sched.h>

#include <kunit/resource.h>
#include <kunit/test.h>

DECLARE_PER_CPU(unsigned int, ipi_test_received);

void ipi_test_at_exit(struct kunit *test, kunit_action_t *action, void *ctx);
void ipi_test_need_two(struct kunit *test, const struct cpumask *mask);
void ipi_test_no_hotplug(struct kunit *test);
unsigned int ipi_test_stay(struct kunit *test);
unsigned int ipi_test_nr_descs(void);

int ipi_test_keep(struct kunit *test, int virq);
int ipi_test_reserve(struct kunit *test, struct irq_domain *domain,
		     const struct cpumask *mask);
irqreturn_t ipi_test_count(int irq, void *dev);
int ipi_test_try_request(int virq, irq_handler_t handler);
void ipi_test_request(struct kunit *test, int virq, irq_handler_t handler);
void ipi_test_release(struct kunit *test, int virq);
const struct ipi_mapping *ipi_test_mapping(int virq);
int ipi_test_desc_send(int virq, const struct cpumask *mask);
void ipi_test_enable_on(const struct cpumask *mask, int virq);
void ipi_test_disable_on(const struct cpumask *mask, int virq);

/* More allocations than this are not expected on any way */
#define MAX_NTH		(64 + nr_cpu_ids)

void ipi_test_prepare_failslab(struct kunit *test);
bool ipi_test_frees(struct kunit *test, void (*func)(void *arg), void *arg, const void *ptr);

/**
 * struct ipi_test_log - What the layer writes to the log in the thread of a test
 * @task:	Thread
 * @nr:		Number of lines
 * @text:	The last one
 */
struct ipi_test_log {
	struct task_struct	*task;
	unsigned int		nr;
	char			text[128];
};

void ipi_test_log_start(struct kunit *test, struct ipi_test_log *log);
void ipi_test_log_stop(struct kunit *test, struct ipi_test_log *log);

bool ipi_test_under_lock(struct kunit *test, unsigned int irq, void (*func)(void *irq),
			 bool (*kept)(struct irq_desc *desc));

struct task_struct *ipi_test_thread(struct kunit *test, struct task_struct *task);
int ipi_test_wait_for_stop(void);
void ipi_test_stop(struct kunit *test, struct task_struct *task);

#endif /* _KUNIT_IPI_COMMON_H */
