// SPDX-License-Identifier: GPL-2.0-only
/*
 * IPI domains, of which there can be several.
 */

#include <linux/irq.h>
#include <linux/irqdomain.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include "fake.h"

/* The IPI domain is a child of the controller's domain */
static void domains_hierarchy(struct kunit *test)
{
	struct fake_ipi *fake = test->priv;
	int virq = fake_reserve(test, fake, cpu_possible_mask);
	struct irq_data *data = irq_get_irq_data(virq);

	KUNIT_EXPECT_TRUE(test, irq_domain_is_ipi(fake->ipi));
	KUNIT_EXPECT_FALSE(test, irq_domain_is_ipi(fake->domain));
	KUNIT_EXPECT_PTR_EQ(test, fake->ipi->parent, fake->domain);
	KUNIT_EXPECT_EQ(test, fake->ipi->bus_token, DOMAIN_BUS_IPI);

	KUNIT_EXPECT_PTR_EQ(test, data->domain, fake->ipi);
	KUNIT_ASSERT_NOT_NULL(test, data->parent_data);
	KUNIT_EXPECT_PTR_EQ(test, data->parent_data->domain, fake->domain);
	KUNIT_EXPECT_NULL(test, data->parent_data->parent_data);
}

/* Both levels are named after the controller, and /proc/interrupts tells them apart */
static void domains_chip_names(struct kunit *test)
{
	struct irq_data *data = irq_get_irq_data(fake_reserve(test, test->priv, cpu_possible_mask));
	char text[32] = "";
	struct seq_file m = { .buf = text, .size = sizeof(text) };

	data->chip->irq_print_chip(data, &m);
	KUNIT_EXPECT_STREQ(test, text, "fake-IPI");
	KUNIT_EXPECT_STREQ(test, data->chip->name, "fake");
	KUNIT_EXPECT_STREQ(test, data->parent_data->chip->name, "fake");
}

/* Each domain is found by its firmware node, and takes only its own hwirqs */
static void domains_found_by_fwnode(struct kunit *test)
{
	struct fake_ipi *fake[2] = { test->priv, fake_create(test, FAKE_UNIFORM) };
	struct fake_count before;

	for (int i = 0; i < 2; i++) {
		KUNIT_EXPECT_PTR_EQ(test, irq_find_ipi_domain(fake[i]->domain->fwnode),
				    fake[i]->ipi);
	}

	before = fake_count(fake[1]);
	fake_reserve(test, fake[0], cpu_possible_mask);
	KUNIT_EXPECT_EQ(test, fake_count(fake[1]).hwirqs, before.hwirqs);
	KUNIT_EXPECT_EQ(test, fake_count(fake[1]).mappings, before.mappings);
	KUNIT_EXPECT_EQ(test, fake_count(fake[0]).hwirqs, num_possible_cpus());
}

/* Sends go to the controller which the IPI was reserved from */
static void domains_send_apart(struct kunit *test)
{
	struct fake_ipi *fake[2] = { test->priv, fake_create(test, FAKE_GAPS) };
	int virq[2];

	for (int i = 0; i < 2; i++)
		virq[i] = fake_reserve(test, fake[i], cpu_possible_mask);

	irq_send_ipi_all(virq[1]);
	KUNIT_EXPECT_EQ(test, fake[0]->nr_calls, 0);
	KUNIT_EXPECT_EQ(test, fake[1]->nr_calls, 1);
}

/* The firmware node of a device's interrupt does not lead to IPIs */
static void domains_not_for_devices(struct kunit *test)
{
	struct fake_ipi *fake = test->priv;
	struct fwnode_handle *fwnode = fake->domain->fwnode;

	KUNIT_EXPECT_PTR_EQ(test, irq_find_matching_fwnode(fwnode, DOMAIN_BUS_ANY),
			    fake->domain);
	KUNIT_EXPECT_PTR_NE(test, irq_find_matching_fwnode(fwnode, DOMAIN_BUS_WIRED),
			    fake->ipi);
}

/* A domain for per-CPU interrupts, which some controllers have, does not hand out IPIs */
static void domains_of_percpu_irqs(struct kunit *test)
{
	struct fake_ipi *fake = test->priv;

	kunit_release_action(test, fake_remove_domain, fake->ipi);
	irq_domain_update_bus_token(fake->domain, DOMAIN_BUS_IPI);
	KUNIT_EXPECT_NULL(test, irq_find_ipi_domain(fake->domain->fwnode));
}

/* Without a firmware node there is the default, until it goes */
static void domains_default(struct kunit *test)
{
	struct irq_domain *platform = irq_find_ipi_domain(NULL);
	struct fake_ipi *fake = test->priv;

	irq_set_default_ipi_domain(fake->ipi);
	KUNIT_EXPECT_PTR_EQ(test, irq_find_ipi_domain(NULL), fake->ipi);

	kunit_release_action(test, fake_remove_domain, fake->ipi);
	KUNIT_EXPECT_NULL(test, irq_find_ipi_domain(NULL));

	irq_set_default_ipi_domain(platform);
	KUNIT_EXPECT_PTR_EQ(test, irq_find_ipi_domain(NULL), platform);
}

/* What belongs to a domain is two chips and a pointer */
static void domains_small(struct kunit *test)
{
	struct fake_ipi *fake = test->priv;

	KUNIT_EXPECT_LE(test, ksize(fake->ipi->host_data),
			kmalloc_size_roundup(3 * sizeof(struct irq_chip)));
}

/* It goes with the domain */
static void domains_free_all(struct kunit *test)
{
	struct fake_ipi *fake = test->priv;
	struct irq_domain *ipi = ipi_create_irq_domain(NULL, fake->domain, fake->ipi_ops);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, ipi);
	KUNIT_EXPECT_TRUE(test, ipi_test_frees(test, fake_remove_domain, ipi, ipi->host_data));
}

/* A controller which has no IPI domain is not replaced by the default one */
static void domains_no_default_for_fwnode(struct kunit *test)
{
	struct irq_domain *platform = irq_find_ipi_domain(NULL);
	struct fake_ipi *fake = test->priv, *other = fake_create(test, FAKE_ROW);

	irq_set_default_ipi_domain(fake->ipi);
	kunit_release_action(test, fake_remove_domain, other->ipi);
	KUNIT_EXPECT_NULL(test, irq_find_ipi_domain(other->domain->fwnode));
	KUNIT_EXPECT_PTR_EQ(test, irq_find_ipi_domain(NULL), fake->ipi);
	irq_set_default_ipi_domain(platform);
}

static int stacked_alloc(struct irq_domain *d, unsigned int virq,
			 unsigned int nr_irqs, void *arg)
{
	return -EINVAL;
}

static const struct irq_domain_ops stacked_ops = {
	.alloc	= stacked_alloc,
};

/* Levels behind the controller are no part of an IPI */
static void domains_deep_hierarchy(struct kunit *test)
{
	struct fake_ipi *fake = test->priv, *inner = fake_create(test, FAKE_ROW);
	struct irq_domain *stacked, *ipi;
	int virq;

	/* The controller of the fixture moves onto another one */
	stacked = irq_domain_create_hierarchy(inner->domain, 0, fake->size, NULL,
					      &stacked_ops, fake);
	KUNIT_ASSERT_NOT_NULL(test, stacked);
	ipi_test_at_exit(test, fake_remove_domain, stacked);
	ipi = ipi_create_irq_domain(stacked->fwnode, stacked, fake->ipi_ops);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, ipi);
	ipi_test_at_exit(test, fake_remove_domain, ipi);

	virq = irq_reserve_ipi(ipi, cpu_possible_mask);
	KUNIT_ASSERT_GT(test, virq, 0);
	KUNIT_EXPECT_NULL(test, irq_get_irq_data(virq)->parent_data->parent_data);
	KUNIT_EXPECT_EQ(test, irq_send_ipi_all(virq), 0);
	KUNIT_EXPECT_EQ(test, fake->nr_sent, num_possible_cpus());
	KUNIT_EXPECT_EQ(test, irq_destroy_ipi(virq, NULL), 0);
}

static unsigned int nr_activated, nr_deactivated;
static int activate_error;

static int count_activate(struct irq_domain *d, struct irq_data *data, bool reserve)
{
	nr_activated++;
	return activate_error;
}

static void count_deactivate(struct irq_domain *d, struct irq_data *data)
{
	nr_deactivated++;
}

static int counting_alloc(struct irq_domain *d, unsigned int virq,
			  unsigned int nr_irqs, void *arg)
{
	for (; d; d = d->parent)
		irq_domain_set_hwirq_and_chip(d, virq, 0, &dummy_irq_chip, NULL);
	return 0;
}

static const struct irq_domain_ops counting_ops = {
	.alloc		= counting_alloc,
	.free		= irq_domain_free_irqs_top,
	.activate	= count_activate,
	.deactivate	= count_deactivate,
};

static void expect_activates(struct kunit *test, unsigned int irq, int error,
			     unsigned int activated, unsigned int deactivated)
{
	struct irq_data *data = irq_get_irq_data(irq);

	nr_activated = 0;
	nr_deactivated = 0;
	activate_error = error;
	KUNIT_EXPECT_EQ(test, irq_domain_activate_irq(data, false), error);
	irq_domain_deactivate_irq(data);
	KUNIT_EXPECT_EQ(test, nr_activated, activated);
	KUNIT_EXPECT_EQ(test, nr_deactivated, deactivated);
}

/* The levels are asked to activate an interrupt of a device, but no IPI, which has no hwirq */
static void domains_activate(struct kunit *test)
{
	struct fake_ipi *fake = test->priv;
	struct irq_domain *domain, *child, *ipi;
	int virq, device;

	domain = irq_domain_create_hierarchy(NULL, 0, fake->size, NULL, &counting_ops, fake);
	KUNIT_ASSERT_NOT_NULL(test, domain);
	ipi_test_at_exit(test, fake_remove_domain, domain);
	child = irq_domain_create_hierarchy(domain, 0, fake->size, NULL, &counting_ops, NULL);
	KUNIT_ASSERT_NOT_NULL(test, child);
	ipi_test_at_exit(test, fake_remove_domain, child);
	ipi = ipi_create_irq_domain(NULL, domain, fake->ipi_ops);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, ipi);
	ipi_test_at_exit(test, fake_remove_domain, ipi);

	virq = irq_reserve_ipi(ipi, cpu_possible_mask);
	KUNIT_ASSERT_GT(test, virq, 0);
	expect_activates(test, virq, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, irq_destroy_ipi(virq, NULL), 0);

	device = irq_domain_alloc_irqs(child, 1, NUMA_NO_NODE, NULL);
	KUNIT_ASSERT_GT(test, device, 0);
	expect_activates(test, device, 0, 2, 2);
	/* The inner level fails, and the outer one is left alone */
	expect_activates(test, device, -EBUSY, 1, 0);
	irq_domain_free_irqs(device, 1);

	/* Nor is a level which has no need of it */
	expect_activates(test, fake_device(test, fake, 7), 0, 0, 0);
}

/* Nobody finds an IPI domain without a firmware node, and it works like others */
static void domains_no_fwnode(struct kunit *test)
{
	struct fake_ipi *fake = test->priv;
	struct irq_domain *ipi = ipi_create_irq_domain(NULL, fake->domain, fake->ipi_ops);
	struct irq_fwspec nobody = { };
	int virq;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, ipi);
	ipi_test_at_exit(test, fake_remove_domain, ipi);
	KUNIT_EXPECT_NULL(test, irq_find_matching_fwspec(&nobody, DOMAIN_BUS_IPI));
	KUNIT_EXPECT_PTR_EQ(test, irq_find_ipi_domain(fake->domain->fwnode), fake->ipi);

	virq = irq_reserve_ipi(ipi, cpu_possible_mask);
	KUNIT_ASSERT_GT(test, virq, 0);
	KUNIT_EXPECT_EQ(test, irq_send_ipi_all(virq), 0);
	KUNIT_EXPECT_EQ(test, fake->nr_sent, num_possible_cpus());
	KUNIT_EXPECT_EQ(test, irq_destroy_ipi(virq, NULL), 0);
}

static long create_error(struct fake_ipi *fake, const struct ipi_domain_ops *ops)
{
	return PTR_ERR(ipi_create_irq_domain(fake->domain->fwnode, fake->domain, ops));
}

/* A controller which lacks a callback does not get an IPI domain */
static void domains_incomplete_ops(struct kunit *test)
{
	struct fake_ipi *fake = test->priv;
	struct ipi_domain_ops ops = *fake->ipi_ops;

	ops.free = NULL;
	KUNIT_EXPECT_EQ(test, create_error(fake, &ops), -EINVAL);
	ops = *fake->ipi_ops;
	ops.chip = NULL;
	KUNIT_EXPECT_EQ(test, create_error(fake, &ops), -EINVAL);
	for (int i = 0; i < 3; i++) {
		struct irq_chip chip = *fake->ipi_ops->chip;

		ops.chip = &chip;
		if (i == 0)
			chip.irq_mask = NULL;
		if (i == 1)
			chip.irq_unmask = NULL;
		if (i == 2)
			chip.send_ipi = NULL;
		KUNIT_EXPECT_EQ(test, create_error(fake, &ops), -EINVAL);
	}
	ops = *fake->ipi_ops;
	ops.alloc = NULL;
	KUNIT_EXPECT_EQ(test, create_error(fake, &ops), -EINVAL);
}

/* A controller need not reach anything but CPUs of Linux */
static void domains_no_external(struct kunit *test)
{
	struct fake_ipi *fake = test->priv;
	struct ipi_domain_ops ops = *fake->ipi_ops;
	struct fake_count before;
	struct irq_domain *ipi;

	ops.alloc_external = NULL;
	ipi = ipi_create_irq_domain(fake->domain->fwnode, fake->domain, &ops);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, ipi);

	before = fake_count(fake);
	KUNIT_EXPECT_EQ(test, irq_reserve_ipi_external(ipi, 1), -EINVAL);
	fake_expect_count(test, fake, before);
	irq_domain_remove(ipi);
}

static struct kunit_case domains_cases[] = {
	KUNIT_CASE(domains_hierarchy),
	KUNIT_CASE(domains_chip_names),
	KUNIT_CASE(domains_found_by_fwnode),
	KUNIT_CASE(domains_send_apart),
	KUNIT_CASE(domains_not_for_devices),
	KUNIT_CASE(domains_of_percpu_irqs),
	KUNIT_CASE(domains_default),
	KUNIT_CASE(domains_no_default_for_fwnode),
	KUNIT_CASE(domains_small),
	KUNIT_CASE(domains_free_all),
	KUNIT_CASE(domains_deep_hierarchy),
	KUNIT_CASE(domains_activate),
	KUNIT_CASE(domains_no_fwnode),
	KUNIT_CASE(domains_incomplete_ops),
	KUNIT_CASE(domains_no_external),
	{ }
};

static struct kunit_suite domains_suite = {
	.name		= "ipi-domains",
	.init		= fake_init,
	.test_cases	= domains_cases,
};

kunit_test_suite(domains_suite);

MODULE_DESCRIPTION("KUnit tests for IPI domains");
MODULE_LICENSE("GPL");
