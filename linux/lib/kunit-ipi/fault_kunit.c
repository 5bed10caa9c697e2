// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every allocation on the way fails once.
 */

#include <linux/debugfs.h>
#include <linux/fault-inject.h>
#include <linux/irq.h>
#include <linux/irqdesc.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/tracepoint.h>

#include <trace/events/kmem.h>

#include "fake.h"

/* Settings of failslab, which are in its files in debugfs only */
static bool *ignore_gfp_wait, old_ignore_gfp_wait;
static unsigned long *verbose, old_verbose;

static void *failslab_setting(struct kunit *test, const char *name)
{
	struct dentry *dir = debugfs_lookup("failslab", NULL);
	struct dentry *file;
	void *value;

	if (!dir)
		kunit_skip(test, "no failslab in debugfs");
	file = debugfs_lookup(name, dir);
	dput(dir);
	KUNIT_ASSERT_NOT_NULL(test, file);
	value = d_inode(file)->i_private;
	dput(file);
	return value;
}

static void restore_failslab(void *unused)
{
	*ignore_gfp_wait = old_ignore_gfp_wait;
	*verbose = old_verbose;
}

/**
 * ipi_test_prepare_failslab - Let current->fail_nth count all allocations
 * @test:	Test
 *
 * By default, failslab spares allocations which may sleep, and dumps the stack
 * when it strikes. The test is skipped if that cannot be changed.
 */
void ipi_test_prepare_failslab(struct kunit *test)
{
	ignore_gfp_wait = failslab_setting(test, "ignore-gfp-wait");
	verbose = failslab_setting(test, "verbose");

	old_ignore_gfp_wait = *ignore_gfp_wait;
	old_verbose = *verbose;
	ipi_test_at_exit(test, restore_failslab, NULL);
	*ignore_gfp_wait = false;
	*verbose = 0;
}

static int fault_init(struct kunit *test)
{
	ipi_test_prepare_failslab(test);
	return fake_init(test);
}

/* Fail the nth allocation of func(), and return whether there was one */
static bool fail_nth(struct kunit *test, unsigned int nth,
		     int (*func)(struct fake_ipi *fake), int *ret)
{
	bool failed;

	current->fail_nth = nth;
	*ret = func(test->priv);
	failed = !current->fail_nth;
	current->fail_nth = 0;
	return failed;
}

static int reserve_all(struct fake_ipi *fake)
{
	return irq_reserve_ipi(fake->ipi, cpu_possible_mask);
}

static int reserve_external(struct fake_ipi *fake)
{
	return irq_reserve_ipi_external(fake->ipi, 1234);
}

static int create_domain(struct fake_ipi *fake)
{
	struct irq_domain *ipi = ipi_create_irq_domain(fake->domain->fwnode, fake->domain,
						       fake->ipi_ops);

	if (IS_ERR(ipi))
		return PTR_ERR(ipi);
	irq_domain_remove(ipi);
	return 0;
}

static void expect_no_leak(struct kunit *test, int (*func)(struct fake_ipi *fake),
			   bool destroy)
{
	struct fake_ipi *fake = test->priv;
	struct fake_count before = fake_count(fake);
	unsigned int nth, failures = 0;
	bool failed = true;
	int ret;

	for (nth = 1; failed && nth < MAX_NTH; nth++) {
		failed = fail_nth(test, nth, func, &ret);
		if (ret < 0) {
			failures++;
			KUNIT_EXPECT_EQ(test, ret, -ENOMEM);
		} else if (destroy) {
			/* What went wrong was nothing that the IPI needs */
			KUNIT_EXPECT_EQ(test, irq_is_percpu_devid(ret), func == reserve_all);
			KUNIT_EXPECT_EQ(test, irq_destroy_ipi(ret, NULL), 0);
		}
		fake_expect_count(test, fake, before);
	}
	KUNIT_EXPECT_GE(test, ret, 0);
	KUNIT_EXPECT_GT(test, failures, 1);
	kunit_info(test, "%u failures out of %u allocations", failures, nth - 2);
}

/* Memory runs out anywhere while reserving */
static void fault_reserve(struct kunit *test)
{
	expect_no_leak(test, reserve_all, true);
}

/* Memory runs out anywhere while reserving for a processor outside of Linux */
static void fault_reserve_external(struct kunit *test)
{
	expect_no_leak(test, reserve_external, true);
}

/* Memory runs out anywhere while an IPI domain is created */
static void fault_create_domain(struct kunit *test)
{
	expect_no_leak(test, create_domain, false);
}

#ifdef CONFIG_TRACEPOINTS
/**
 * struct balance - What a task has allocated and not freed
 * @task:	Task
 * @nr:		Number of objects
 */
struct balance {
	struct task_struct	*task;
	int			nr;
};

static void probe_kmalloc(void *data, unsigned long call_site, const void *ptr,
			  size_t bytes_req, size_t bytes_alloc, gfp_t gfp_flags, int node)
{
	struct balance *balance = data;

	if (in_task() && current == balance->task && ptr)
		balance->nr++;
}

static void probe_kfree(void *data, unsigned long call_site, const void *ptr)
{
	struct balance *balance = data;

	if (in_task() && current == balance->task && ptr)
		balance->nr--;
}

/* A domain which cannot be created leaves nothing behind */
static void fault_create_domain_frees(struct kunit *test)
{
	struct balance balance = { .task = current };
	unsigned int nth;
	int ret = -ENOMEM;

	KUNIT_ASSERT_EQ(test, 0, register_trace_kmalloc(probe_kmalloc, &balance));
	KUNIT_EXPECT_EQ(test, 0, register_trace_kfree(probe_kfree, &balance));
	for (nth = 1; ret < 0 && nth < MAX_NTH; nth++) {
		balance.nr = 0;
		fail_nth(test, nth, create_domain, &ret);
		if (ret < 0)
			KUNIT_EXPECT_EQ_MSG(test, balance.nr, 0, "allocation %u fails", nth);
	}
	unregister_trace_kmalloc(probe_kmalloc, &balance);
	unregister_trace_kfree(probe_kfree, &balance);
	tracepoint_synchronize_unregister();
	KUNIT_EXPECT_GT(test, nth, 2);
}
#endif

/* Destroying needs no memory */
static void fault_destroy(struct kunit *test)
{
	struct fake_ipi *fake = test->priv;
	struct fake_count before = fake_count(fake);
	int virq, ret[2];

	ipi_test_need_two(test, cpu_possible_mask);
	virq = fake_reserve(test, fake, cpu_possible_mask);

	current->fail_nth = 1;
	ret[0] = irq_destroy_ipi(virq, cpumask_of(cpumask_first(cpu_possible_mask)));
	current->fail_nth = 1;
	ret[1] = irq_destroy_ipi(virq, NULL);
	current->fail_nth = 0;

	KUNIT_EXPECT_EQ(test, ret[0], 0);
	KUNIT_EXPECT_EQ(test, ret[1], 0);
	fake_expect_count(test, fake, before);
}

KUNIT_ARRAY_PARAM_DESC(fake, fake_cases, desc);

static struct kunit_case fault_cases[] = {
	KUNIT_CASE_PARAM(fault_reserve, fake_gen_params),
	KUNIT_CASE(fault_reserve_external),
	KUNIT_CASE(fault_create_domain),
#ifdef CONFIG_TRACEPOINTS
	KUNIT_CASE(fault_create_domain_frees),
#endif
	KUNIT_CASE(fault_destroy),
	{ }
};

static struct kunit_suite fault_suite = {
	.name		= "ipi-fault",
	.init		= fault_init,
	.test_cases	= fault_cases,
};

kunit_test_suite(fault_suite);

MODULE_DESCRIPTION("KUnit tests for IPIs when memory runs out");
MODULE_LICENSE("GPL");
