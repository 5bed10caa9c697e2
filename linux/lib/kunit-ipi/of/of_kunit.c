// SPDX-License-Identifier: GPL-2.0-only
/*
 * IPIs which a device tree node asks for: every form of the binding.
 */

#include <linux/device.h>
#include <linux/fwnode.h>
#include <linux/interrupt.h>
#include <linux/ipi-fwnode.h>
#include <linux/irq.h>
#include <linux/of.h>
#include <linux/sched.h>
#include <linux/string.h>

#include <kunit/device.h>
#include <kunit/of.h>

#include "../fake.h"

/* The processor in ipi_kunit.dtso which is none of Linux */
#define OTHER_HWID	0x4b1d

enum {
	CONTROLLER0,
	CONTROLLER1,
	CPUS_ONLY,
	WIRED,
	LATE,
	NR_FAKES,
};

static const char * const fake_names[NR_FAKES] = {
	[CONTROLLER0]	= "kunit-controller0",
	[CONTROLLER1]	= "kunit-controller1",
	[CPUS_ONLY]	= "kunit-cpus-only",
	[WIRED]		= "kunit-wired",
	[LATE]		= "kunit-late",
};

struct of_fakes {
	struct fake_ipi		*fake[NR_FAKES];
	struct fake_count	before[NR_FAKES];
	struct ipi_domain_ops	cpus_only_ops;
};

static struct device_node *find_node(struct kunit *test, const char *name)
{
	struct device_node *np = of_find_node_by_name(NULL, name);

	KUNIT_ASSERT_NOT_NULL_MSG(test, np, "no node %s", name);
	of_node_put_kunit(test, np);
	return np;
}

/* Moves a fake controller to its node in the device tree */
static void add_domain(struct kunit *test, int i)
{
	struct device_node *np = find_node(test, fake_names[i]);
	struct of_fakes *fakes = test->priv;

	fake_add_domain(test, fakes->fake[i], of_fwnode_handle(np));
}

static void add_controller(struct kunit *test, int i, const struct ipi_domain_ops *ops)
{
	struct of_fakes *fakes = test->priv;

	add_domain(test, i);
	fake_add_ipi_domain(test, fakes->fake[i], ops);
}

static int of_init(struct kunit *test)
{
	struct of_fakes *fakes = kunit_kzalloc(test, sizeof(*fakes), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, fakes);
	test->priv = fakes;
	KUNIT_ASSERT_EQ(test, 0, of_overlay_apply_kunit(test, ipi_kunit));

	for (int i = 0; i < NR_FAKES; i++)
		fakes->fake[i] = fake_create(test, FAKE_ROW);

	fakes->cpus_only_ops = *fakes->fake[CPUS_ONLY]->ipi_ops;
	fakes->cpus_only_ops.alloc_external = NULL;

	add_controller(test, CONTROLLER0, fakes->fake[CONTROLLER0]->ipi_ops);
	add_controller(test, CONTROLLER1, fakes->fake[CONTROLLER1]->ipi_ops);
	add_controller(test, CPUS_ONLY, &fakes->cpus_only_ops);
	add_domain(test, WIRED);

	for (int i = 0; i < NR_FAKES; i++)
		fakes->before[i] = fake_count(fakes->fake[i]);
	return 0;
}

static void expect_no_leak(struct kunit *test)
{
	struct of_fakes *fakes = test->priv;

	for (int i = 0; i < NR_FAKES; i++)
		fake_expect_count(test, fakes->fake[i], fakes->before[i]);
}

static int reserve(struct kunit *test, const char *name, unsigned int index)
{
	return fwnode_irq_reserve_ipi(of_fwnode_handle(find_node(test, name)), index);
}

static int reserve_byname(struct kunit *test, const char *node, const char *name)
{
	return fwnode_irq_reserve_ipi_byname(of_fwnode_handle(find_node(test, node)), name);
}

static void expect_refused(struct kunit *test, const char *name,
			   unsigned int index, int error)
{
	KUNIT_EXPECT_EQ_MSG(test, reserve(test, name, index), error, "%s, %u", name, index);
	expect_no_leak(test);
}

static void expect_external(struct kunit *test, int virq, int controller,
			    unsigned long hwid)
{
	struct of_fakes *fakes = test->priv;
	struct fake_ipi *fake = fakes->fake[controller];
	irq_hw_number_t hwirq;

	KUNIT_ASSERT_GT(test, virq, 0);
	KUNIT_ASSERT_NOT_NULL(test, irq_get_irq_data(virq));
	KUNIT_EXPECT_PTR_EQ(test, irq_get_irq_data(virq)->domain, fake->ipi);
	KUNIT_EXPECT_TRUE(test, ipi_mapping_is_external(ipi_test_mapping(virq)));

	hwirq = ipi_get_hwirq(virq, IPI_EXTERNAL);
	KUNIT_ASSERT_LT(test, hwirq, fake->size);
	KUNIT_EXPECT_EQ(test, fake->hwid[hwirq], hwid);

	fake_clear_log(fake);
	KUNIT_EXPECT_EQ(test, irq_send_ipi_all(virq), 0);
	KUNIT_EXPECT_EQ(test, fake->nr_sent, 1);
	KUNIT_EXPECT_EQ(test, fake->sent[0].hwirq, hwirq);
}

static void destroy(struct kunit *test, int virq)
{
	KUNIT_EXPECT_EQ(test, irq_destroy_ipi(virq, NULL), 0);
	expect_no_leak(test);
}

/* Controller and processor are those of the specifier */
static void of_controllers(struct kunit *test)
{
	int virq = reserve(test, "kunit-good", 0);

	expect_external(test, virq, CONTROLLER0, OTHER_HWID);
	KUNIT_EXPECT_EQ(test, request_irq(virq, ipi_test_count, 0, "kunit", test), -EINVAL);
	KUNIT_EXPECT_EQ(test, ipi_test_try_request(virq, ipi_test_count), -EINVAL);
	destroy(test, virq);

	virq = reserve(test, "kunit-good", 1);
	expect_external(test, virq, CONTROLLER1, OTHER_HWID);
	destroy(test, virq);
}

/* An id which takes both of its two cells */
static void of_two_cells(struct kunit *test)
{
	int virq;

	if (!IS_ENABLED(CONFIG_64BIT)) {
		expect_refused(test, "kunit-good", 2, -EINVAL);
		return;
	}

	virq = reserve(test, "kunit-good", 2);
	expect_external(test, virq, CONTROLLER1, (unsigned long)BIT_ULL(32));
	destroy(test, virq);
}

/* Two entries with one processor are two IPIs */
static void of_same_target_twice(struct kunit *test)
{
	int one = reserve(test, "kunit-good", 0), two = reserve(test, "kunit-good", 4);

	expect_external(test, one, CONTROLLER0, OTHER_HWID);
	expect_external(test, two, CONTROLLER0, OTHER_HWID);
	KUNIT_EXPECT_NE(test, one, two);
	KUNIT_EXPECT_NE(test, ipi_get_hwirq(one, IPI_EXTERNAL),
			ipi_get_hwirq(two, IPI_EXTERNAL));
	KUNIT_EXPECT_EQ(test, irq_destroy_ipi(one, NULL), 0);
	destroy(test, two);
}

static void of_by_name(struct kunit *test)
{
	int virq = reserve_byname(test, "kunit-good", "other");

	expect_external(test, virq, CONTROLLER0, OTHER_HWID);
	destroy(test, virq);

	virq = reserve_byname(test, "kunit-good", "same-id");
	expect_external(test, virq, CONTROLLER1, OTHER_HWID);
	destroy(test, virq);
}

/* What a node does not ask for is told from what it asks for wrongly */
static void of_not_asked_for(struct kunit *test)
{
	expect_refused(test, "kunit-no-ipis", 0, -ENOENT);
	expect_refused(test, "kunit-good", 5, -ENOENT);
	/* An entry which is left out */
	expect_refused(test, "kunit-good", 3, -ENOENT);

	KUNIT_EXPECT_EQ(test, fwnode_irq_reserve_ipi(NULL, 0), -ENOENT);
	KUNIT_EXPECT_EQ(test, fwnode_irq_reserve_ipi_byname(NULL, "other"), -ENOENT);
	KUNIT_EXPECT_EQ(test, reserve_byname(test, "kunit-good", "unknown"), -ENOENT);
	KUNIT_EXPECT_EQ(test, reserve_byname(test, "kunit-good", "left-out"), -ENOENT);
	KUNIT_EXPECT_EQ(test, reserve_byname(test, "kunit-no-names", "other"), -ENOENT);
	KUNIT_EXPECT_EQ(test, reserve_byname(test, "kunit-bad-names", "beyond"), -ENOENT);
	expect_no_leak(test);
}

/* The last name has no end, of which the compiler of device trees would warn */
static void of_names_without_end(struct kunit *test)
{
	struct property *names = of_find_property(find_node(test, "kunit-bad-names"),
						  "ipi-names", NULL);

	KUNIT_ASSERT_NOT_NULL(test, names);
	names->length--;
	KUNIT_EXPECT_EQ(test, reserve_byname(test, "kunit-bad-names", "beyond"), -EINVAL);
	expect_no_leak(test);
}

static void of_bad_specifiers(struct kunit *test)
{
	static const char * const names[] = {
		"kunit-no-id-cell", "kunit-long-id", "kunit-no-provider",
		"kunit-dangling", "kunit-short",
	};

	for (int i = 0; i < ARRAY_SIZE(names); i++)
		expect_refused(test, names[i], 0, -EINVAL);
}

/* A controller may be about to register its IPI domain, but not if it is disabled */
static void of_no_ipi_domain(struct kunit *test)
{
	expect_refused(test, "kunit-to-wired", 0, -EPROBE_DEFER);
	expect_refused(test, "kunit-to-disabled", 0, -ENODEV);
}

static void of_out_of_reach(struct kunit *test)
{
	expect_refused(test, "kunit-to-cpus-only", 0, -ENXIO);
	expect_refused(test, "kunit-to-nobody", 0, -ENXIO);
}

/* Never to a CPU of Linux */
static void of_linux_cpu(struct kunit *test)
{
	expect_refused(test, "kunit-to-linux", 0, -EBUSY);
}

static void of_no_hwirqs(struct kunit *test)
{
	struct of_fakes *fakes = test->priv;

	fakes->fake[CONTROLLER0]->nr_hwirqs = 0;
	expect_refused(test, "kunit-good", 0, -ENOSPC);
}

static void expect_said(struct kunit *test, const char *name, const char *what)
{
	struct fwnode_handle *fwnode = of_fwnode_handle(find_node(test, name));
	struct ipi_test_log log;
	const char *at;
	int virq;

	ipi_test_log_start(test, &log);
	virq = fwnode_irq_reserve_ipi(fwnode, 0);
	ipi_test_log_stop(test, &log);
	if (virq > 0)
		destroy(test, virq);

	KUNIT_EXPECT_EQ_MSG(test, log.nr, !!what, "%s: %s", name, log.text);
	if (what) {
		at = strstr(log.text, name);
		KUNIT_EXPECT_TRUE_MSG(test, at && strstr(at, what), "%s: %s", name, log.text);
	}
}

/* Who writes the device tree is told which node is wrong, and what in it */
static void of_tells_why(struct kunit *test)
{
	/* Processors are in decimal there */
	expect_said(test, "kunit-no-id-cell", " 0 ");
	expect_said(test, "kunit-to-disabled", "kunit-disabled");
	expect_said(test, "kunit-to-linux", " 0 ");
	expect_said(test, "kunit-to-nobody", " 57005 ");
	expect_said(test, "kunit-to-cpus-only", " 19229 ");
}

/* And of what is right, or comes later, nothing is said */
static void of_tells_nothing(struct kunit *test)
{
	expect_said(test, "kunit-good", NULL);
	expect_said(test, "kunit-to-wired", NULL);
	expect_said(test, "kunit-no-ipis", NULL);
}

/* A controller which comes later is waited for */
static void of_deferred(struct kunit *test)
{
	struct of_fakes *fakes = test->priv;
	int virq;

	expect_refused(test, "kunit-to-late", 0, -EPROBE_DEFER);

	add_controller(test, LATE, fakes->fake[LATE]->ipi_ops);
	virq = reserve(test, "kunit-to-late", 0);
	expect_external(test, virq, LATE, OTHER_HWID);
	destroy(test, virq);
}

/* The devm variant: the IPI goes with the device */
static void of_devm(struct kunit *test)
{
	struct device *dev = kunit_device_register(test, "kunit-ipi");
	struct of_fakes *fakes = test->priv;
	int virq;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dev);
	KUNIT_EXPECT_EQ(test, devm_irq_reserve_ipi_byname(dev, "other"), -ENOENT);
	device_set_node(dev, of_fwnode_handle(find_node(test, "kunit-good")));

	virq = devm_irq_reserve_ipi_byname(dev, "other");
	expect_external(test, virq, CONTROLLER0, OTHER_HWID);
	virq = devm_irq_reserve_ipi_byname(dev, "again");
	expect_external(test, virq, CONTROLLER0, OTHER_HWID);
	KUNIT_EXPECT_EQ(test, fake_count(fakes->fake[CONTROLLER0]).hwirqs,
			fakes->before[CONTROLLER0].hwirqs + 2);
	KUNIT_EXPECT_EQ(test, devm_irq_reserve_ipi_byname(dev, "unknown"), -ENOENT);

	kunit_device_unregister(test, dev);
	expect_no_leak(test);
}

#ifdef CONFIG_FAILSLAB
/* An IPI that the device cannot keep goes at once */
static void of_devm_no_memory(struct kunit *test)
{
	struct device_node *node = find_node(test, "kunit-good");
	unsigned int failures = 0;

	ipi_test_prepare_failslab(test);
	/* The last one first, since what is cached by a failed try is not allocated again */
	for (unsigned int nth = MAX_NTH; nth; nth--) {
		struct device *dev = kunit_device_register(test, "kunit-ipi");
		int virq;

		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dev);
		device_set_node(dev, of_fwnode_handle(node));

		current->fail_nth = nth;
		virq = devm_irq_reserve_ipi_byname(dev, "other");
		failures += !current->fail_nth;
		KUNIT_EXPECT_FALSE(test, nth == MAX_NTH && failures);
		current->fail_nth = 0;

		/* What went wrong may be nothing that the IPI needs */
		if (virq > 0)
			expect_external(test, virq, CONTROLLER0, OTHER_HWID);
		kunit_device_unregister(test, dev);
		expect_no_leak(test);
	}
	KUNIT_EXPECT_GT(test, failures, 1);
}
#endif

static struct kunit_case of_cases[] = {
	KUNIT_CASE(of_controllers),
	KUNIT_CASE(of_two_cells),
	KUNIT_CASE(of_same_target_twice),
	KUNIT_CASE(of_by_name),
	KUNIT_CASE(of_not_asked_for),
	KUNIT_CASE(of_names_without_end),
	KUNIT_CASE(of_bad_specifiers),
	KUNIT_CASE(of_no_ipi_domain),
	KUNIT_CASE(of_out_of_reach),
	KUNIT_CASE(of_linux_cpu),
	KUNIT_CASE(of_no_hwirqs),
	KUNIT_CASE(of_tells_why),
	KUNIT_CASE(of_tells_nothing),
	KUNIT_CASE(of_deferred),
	KUNIT_CASE(of_devm),
#ifdef CONFIG_FAILSLAB
	KUNIT_CASE(of_devm_no_memory),
#endif
	{ }
};

static struct kunit_suite of_suite = {
	.name		= "ipi-of",
	.init		= of_init,
	.test_cases	= of_cases,
};

/* Built-in overlays are init data: not to be run again from debugfs */
kunit_test_init_section_suite(of_suite);

MODULE_DESCRIPTION("KUnit tests for IPIs from the device tree");
MODULE_LICENSE("GPL");
