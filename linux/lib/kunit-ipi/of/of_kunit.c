// SPDX-License-Identifier: GPL-2.0-only
/*
 * IPIs which a device tree node asks for: every form of the binding.
 */

#include <linux/cpu.h>
#include <linux/cpumask.h>
#include <linux/fwnode.h>
#include <linux/interrupt.h>
#include <linux/ipi-fwnode.h>
#include <linux/irq.h>
#include <linux/of.h>

#include <kunit/device.h>
#include <kunit/of.h>

#include "../fake.h"

/* The processor in /cpus of ipi_kunit.dtso which is none of Linux */
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
	return of_irq_reserve_ipi(find_node(test, name), index);
}

static void expect_refused(struct kunit *test, const char *name,
			   unsigned int index, int error)
{
	KUNIT_EXPECT_EQ_MSG(test, reserve(test, name, index), error, "%s, %u", name, index);
	expect_no_leak(test);
}

static bool is_external(unsigned int virq)
{
	return ipi_mapping_is_external(ipi_test_mapping(virq));
}

static void expect_external(struct kunit *test, int virq, int controller,
			    unsigned long hwid)
{
	struct of_fakes *fakes = test->priv;
	struct fake_ipi *fake = fakes->fake[controller];
	irq_hw_number_t hwirq;

	KUNIT_ASSERT_GT(test, virq, 0);
	KUNIT_EXPECT_PTR_EQ(test, irq_get_irq_data(virq)->domain, fake->ipi);
	KUNIT_EXPECT_TRUE(test, is_external(virq));

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

static int cpu_of_hwid(unsigned long hwid)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		if (arch_match_cpu_phys_id(cpu, hwid))
			return cpu;
	}
	return -ENODEV;
}

/* A CPU of Linux gets a per-CPU interrupt */
static void of_linux_cpu(struct kunit *test)
{
	int virq = ipi_test_keep(test, reserve(test, "kunit-good", 0));
	struct irq_data *data = irq_get_irq_data(virq);
	struct of_fakes *fakes = test->priv;
	int cpu = cpu_of_hwid(0);

	KUNIT_ASSERT_GE(test, cpu, 0);
	KUNIT_EXPECT_PTR_EQ(test, data->domain, fakes->fake[CONTROLLER0]->ipi);
	KUNIT_EXPECT_FALSE(test, is_external(virq));
	KUNIT_EXPECT_TRUE(test, cpumask_equal(irq_data_get_affinity_mask(data),
					      cpumask_of(cpu)));
	KUNIT_EXPECT_EQ(test, irq_send_ipi(virq, cpumask_of(cpu)), 0);

	ipi_test_request(test, virq, ipi_test_count);
	ipi_test_release(test, virq);
	destroy(test, virq);
}

/* A CPU in the tree which Linux does not own is external */
static void of_other_cpu(struct kunit *test)
{
	int virq = reserve(test, "kunit-good", 1);

	expect_external(test, virq, CONTROLLER0, OTHER_HWID);
	KUNIT_EXPECT_EQ(test, request_irq(virq, ipi_test_count, 0, "kunit", test), -EINVAL);
	KUNIT_EXPECT_EQ(test, ipi_test_try_request(virq, ipi_test_count), -EINVAL);
	destroy(test, virq);
}

/* Elsewhere than in /cpus, id 0 is not the CPU of Linux with that id */
static void of_other_branch(struct kunit *test)
{
	int virq = reserve(test, "kunit-good", 2);

	expect_external(test, virq, CONTROLLER0, 0);
	destroy(test, virq);
}

/* An id of two cells */
static void of_two_cells(struct kunit *test)
{
	int virq;

	if (!IS_ENABLED(CONFIG_64BIT)) {
		expect_refused(test, "kunit-good", 3, -EINVAL);
		return;
	}

	virq = reserve(test, "kunit-good", 3);
	expect_external(test, virq, CONTROLLER0, (unsigned long)BIT_ULL(32));
	destroy(test, virq);
}

/* Two entries with one target are two IPIs */
static void of_same_target_twice(struct kunit *test)
{
	int one = reserve(test, "kunit-good", 1), two = reserve(test, "kunit-good", 4);

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
	struct device_node *good = find_node(test, "kunit-good");
	int virq;

	virq = of_irq_reserve_ipi_byname(good, "other");
	expect_external(test, virq, CONTROLLER0, OTHER_HWID);
	destroy(test, virq);

	virq = of_irq_reserve_ipi_byname(good, "dsp");
	expect_external(test, virq, CONTROLLER0, 0);
	destroy(test, virq);
}

/* The controller is the one of the nearest node which names one */
static void of_parents(struct kunit *test)
{
	static const struct {
		const char	*name;
		int		controller;
	} cases[] = {
		{ "kunit-inherits",	CONTROLLER0 },
		{ "kunit-own-parent",	CONTROLLER1 },
		{ "kunit-nearest",	CONTROLLER1 },
	};

	for (int i = 0; i < ARRAY_SIZE(cases); i++) {
		int virq = reserve(test, cases[i].name, 0);

		expect_external(test, virq, cases[i].controller, OTHER_HWID);
		destroy(test, virq);
	}
}

/* What a node does not ask for is told from what it asks for wrongly */
static void of_not_asked_for(struct kunit *test)
{
	struct device_node *good = find_node(test, "kunit-good");

	expect_refused(test, "kunit-no-targets", 0, -ENOENT);
	expect_refused(test, "kunit-good", 5, -ENOENT);
	/* An entry which is left out */
	expect_refused(test, "kunit-bad", 6, -ENOENT);

	KUNIT_EXPECT_EQ(test, of_irq_reserve_ipi(NULL, 0), -ENOENT);
	KUNIT_EXPECT_EQ(test, of_irq_reserve_ipi_byname(good, "unknown"), -ENOENT);
	KUNIT_EXPECT_EQ(test, of_irq_reserve_ipi_byname(find_node(test, "kunit-inherits"),
							"other"), -ENOENT);
	KUNIT_EXPECT_EQ(test, of_irq_reserve_ipi_byname(find_node(test, "kunit-bad-names"),
							"beyond"), -ENOENT);
	expect_no_leak(test);
}

static void of_bad_targets(struct kunit *test)
{
	static const unsigned int indices[] = {
		/* Two threads, no reg, no device_type, three cells, a size */
		0, 1, 2, 3, 4,
		/* No node, no processor but a controller */
		5, 7,
	};

	for (int i = 0; i < ARRAY_SIZE(indices); i++)
		expect_refused(test, "kunit-bad", indices[i], -EINVAL);
}

static void of_bad_parents(struct kunit *test)
{
	expect_refused(test, "kunit-orphan", 0, -EINVAL);
	expect_refused(test, "kunit-bad-parent", 0, -EINVAL);
}

/* A controller may be about to register its IPI domain, but not if it is disabled */
static void of_no_ipi_domain(struct kunit *test)
{
	expect_refused(test, "kunit-to-wired", 0, -EPROBE_DEFER);
	expect_refused(test, "kunit-to-disabled", 0, -ENODEV);
}

static void of_out_of_reach(struct kunit *test)
{
	int virq;

	expect_refused(test, "kunit-to-cpus-only", 0, -ENXIO);

	virq = reserve(test, "kunit-to-cpus-only", 1);
	KUNIT_ASSERT_GT(test, virq, 0);
	destroy(test, virq);
}

static void of_no_hwirqs(struct kunit *test)
{
	struct of_fakes *fakes = test->priv;

	fakes->fake[CONTROLLER0]->nr_hwirqs = 0;
	expect_refused(test, "kunit-good", 0, -ENOSPC);
	expect_refused(test, "kunit-good", 1, -ENOSPC);
}

/* A controller which may come is waited for, but not if the tree is wrong */
static void of_deferred(struct kunit *test)
{
	struct of_fakes *fakes = test->priv;
	int virq;

	expect_refused(test, "kunit-to-late", 0, -EPROBE_DEFER);
	expect_refused(test, "kunit-to-late", 1, -EINVAL);

	add_controller(test, LATE, fakes->fake[LATE]->ipi_ops);
	virq = reserve(test, "kunit-to-late", 0);
	expect_external(test, virq, LATE, OTHER_HWID);
	destroy(test, virq);
}

/* The devm variants: the IPI goes with the device */
static void of_devm(struct kunit *test)
{
	struct device *dev = kunit_device_register(test, "kunit-ipi");
	struct of_fakes *fakes = test->priv;
	int virq;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dev);
	device_set_node(dev, of_fwnode_handle(find_node(test, "kunit-good")));

	virq = devm_of_irq_reserve_ipi(dev, 1);
	expect_external(test, virq, CONTROLLER0, OTHER_HWID);
	virq = devm_of_irq_reserve_ipi_byname(dev, "dsp");
	expect_external(test, virq, CONTROLLER0, 0);
	KUNIT_EXPECT_EQ(test, fake_count(fakes->fake[CONTROLLER0]).hwirqs,
			fakes->before[CONTROLLER0].hwirqs + 2);

	KUNIT_EXPECT_EQ(test, devm_of_irq_reserve_ipi(dev, 5), -ENOENT);
	KUNIT_EXPECT_EQ(test, devm_of_irq_reserve_ipi_byname(dev, "unknown"), -ENOENT);

	kunit_device_unregister(test, dev);
	expect_no_leak(test);
}

static struct kunit_case of_cases[] = {
	KUNIT_CASE(of_linux_cpu),
	KUNIT_CASE(of_other_cpu),
	KUNIT_CASE(of_other_branch),
	KUNIT_CASE(of_two_cells),
	KUNIT_CASE(of_same_target_twice),
	KUNIT_CASE(of_by_name),
	KUNIT_CASE(of_parents),
	KUNIT_CASE(of_not_asked_for),
	KUNIT_CASE(of_bad_targets),
	KUNIT_CASE(of_bad_parents),
	KUNIT_CASE(of_no_ipi_domain),
	KUNIT_CASE(of_out_of_reach),
	KUNIT_CASE(of_no_hwirqs),
	KUNIT_CASE(of_deferred),
	KUNIT_CASE(of_devm),
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
