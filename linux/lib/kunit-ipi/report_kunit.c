// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the layer says of those who use it wrongly, and that it survives them.
 */

#include <linux/irq.h>
#include <linux/irqdomain.h>
#include <linux/smp.h>
#include <linux/sprintf.h>
#include <linux/string.h>

#include "fake.h"

static void expect_said(struct kunit *test, void (*func)(struct kunit *test, int virq),
			int virq, const char *what)
{
	struct ipi_test_log log;

	ipi_test_log_start(test, &log);
	func(test, virq);
	ipi_test_log_stop(test, &log);

	KUNIT_EXPECT_EQ(test, log.nr, 1);
	KUNIT_EXPECT_NOT_NULL_MSG(test, strstr(log.text, what), "%s", log.text);
}

static void refuse_destroy(struct kunit *test, int virq)
{
	KUNIT_EXPECT_EQ(test, irq_destroy_ipi(virq, NULL), -EBUSY);
}

static void refuse_device(struct kunit *test, int virq)
{
	struct fake_ipi *fake = test->priv;
	unsigned int cpu = cpumask_first(cpu_possible_mask);

	KUNIT_EXPECT_EQ(test, irq_create_mapping(fake->domain, ipi_get_hwirq(virq, cpu)), 0);
}

/* Whose driver does not get an interrupt finds out why */
static void report_no_device(struct kunit *test)
{
	int virq = fake_reserve(test, test->priv, cpu_possible_mask);

	expect_said(test, refuse_device, virq, "is an IPI, no device can have it");
}

/* Who looks for an IPI that does not go finds its number in the log */
static void report_in_use(struct kunit *test)
{
	int virq = fake_reserve_and_request(test, test->priv, cpu_possible_mask);
	char what[32];

	scnprintf(what, sizeof(what), "IPI %d ", virq);
	expect_said(test, refuse_destroy, virq, what);
}

static void enable_here(struct kunit *test, int virq)
{
	const struct cpumask *here = cpumask_of(raw_smp_processor_id());

	ipi_test_enable_on(here, virq);
	ipi_test_disable_on(here, virq);
}

/* Who enables an IPI where it cannot arrive finds both numbers in the log */
static void report_no_target(struct kunit *test)
{
	unsigned int cpu = ipi_test_stay(test);
	char what[64];
	int virq;

	ipi_test_need_two(test, cpu_possible_mask);
	virq = fake_reserve_and_request(test, test->priv,
					cpumask_of(cpumask_any_but(cpu_possible_mask, cpu)));
	scnprintf(what, sizeof(what), "IPI %d has no target CPU %u,", virq, cpu);
	expect_said(test, enable_here, virq, what);
}

/* Older versions of KUnit cannot keep a warning which is provoked out of the log */
#ifdef kunit_warning_suppress
/* The fake controller, but for a callback that is wrong */
static struct ipi_domain_ops careless_ops;

static void add_careless(struct kunit *test)
{
	struct fake_ipi *fake = test->priv;

	if (!IS_ENABLED(CONFIG_BUG))
		kunit_skip(test, "needs CONFIG_BUG");
	kunit_release_action(test, fake_remove_domain, fake->ipi);
	fake_add_ipi_domain(test, fake, &careless_ops);
}

static int alloc_too_many(struct irq_domain *d, struct ipi_mapping *map,
			  const struct cpumask *dest)
{
	struct fake_ipi *fake = d->host_data;
	int ret = fake->ipi_ops->alloc(d, map, dest);

	ipi_mapping_set(map, cpumask_last(dest) + 1, 0);
	return ret;
}

/* A target which nobody asked for is written nowhere */
static void report_too_many(struct kunit *test)
{
	struct fake_ipi *fake = test->priv;

	careless_ops = *fake->ipi_ops;
	careless_ops.alloc = alloc_too_many;
	add_careless(test);

	kunit_warning_suppress(test) {
		fake_reserve(test, fake, cpu_possible_mask);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, 1);
	}
}

static int alloc_too_few(struct irq_domain *d, struct ipi_mapping *map,
			 const struct cpumask *dest)
{
	struct fake_ipi *fake = d->host_data;
	int ret = fake->ipi_ops->alloc(d, map, dest);
	unsigned int last = cpumask_last(dest);

	fake->ipi_ops->free(d, map, last, ipi_mapping_get(map, last));
	ipi_mapping_set(map, last, INVALID_HWIRQ);
	return ret;
}

static int alloc_external_nothing(struct irq_domain *d, unsigned long hwid,
				  irq_hw_number_t *hwirq)
{
	*hwirq = INVALID_HWIRQ;
	return 0;
}

/* An IPI which lacks a hwirq is none. Some architectures warn once, hence one test. */
static void report_too_few(struct kunit *test)
{
	struct fake_ipi *fake = test->priv;
	struct fake_count before;

	careless_ops = *fake->ipi_ops;
	careless_ops.alloc = alloc_too_few;
	careless_ops.alloc_external = alloc_external_nothing;
	add_careless(test);
	before = fake_count(fake);

	kunit_warning_suppress(test) {
		KUNIT_EXPECT_EQ(test, irq_reserve_ipi(fake->ipi, cpu_possible_mask), -EINVAL);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, 1);
		KUNIT_EXPECT_EQ(test, irq_reserve_ipi_external(fake->ipi, 1234), -EINVAL);
		fake_expect_count(test, fake, before);
	}
}

/* Who disposes of an IPI as of any interrupt leaks nothing */
static void report_disposed(struct kunit *test)
{
	struct fake_ipi *fake = test->priv;
	struct fake_count before = fake_count(fake);
	int virq;

	if (!IS_ENABLED(CONFIG_BUG))
		kunit_skip(test, "needs CONFIG_BUG");
	virq = irq_reserve_ipi(fake->ipi, cpu_possible_mask);
	KUNIT_ASSERT_GT(test, virq, 0);
	kunit_warning_suppress(test) {
		irq_dispose_mapping(virq);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, 1);
	}
	fake_expect_count(test, fake, before);
}
#endif

static struct kunit_case report_cases[] = {
	KUNIT_CASE(report_no_device),
	KUNIT_CASE(report_in_use),
	KUNIT_CASE(report_no_target),
#ifdef kunit_warning_suppress
	KUNIT_CASE(report_too_many),
	KUNIT_CASE(report_too_few),
	KUNIT_CASE(report_disposed),
#endif
	{ }
};

static struct kunit_suite report_suite = {
	.name		= "ipi-report",
	.init		= fake_init,
	.test_cases	= report_cases,
};

/* Messages and warnings may come once: not to be run again from debugfs */
kunit_test_init_section_suite(report_suite);

MODULE_DESCRIPTION("KUnit tests for what is said of wrong uses of IPIs");
MODULE_LICENSE("GPL");
