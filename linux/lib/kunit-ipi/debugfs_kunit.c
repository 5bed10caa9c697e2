// SPDX-License-Identifier: GPL-2.0-only
/*
 * What debugfs shows of IPIs: R14.
 */

#include <linux/irq.h>
#include <linux/seq_file.h>

#include "fake.h"

#define BUF_SIZE	8192

static const char *show_domain(struct kunit *test, struct fake_ipi *fake)
{
	struct seq_file m = { .size = BUF_SIZE };

	m.buf = kunit_kzalloc(test, BUF_SIZE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, m.buf);
	fake->ipi->ops->debug_show(&m, fake->ipi, NULL, 0);
	return m.buf;
}

static const char *show(struct kunit *test, struct fake_ipi *fake, int virq)
{
	struct seq_file m = { .size = BUF_SIZE };

	m.buf = kunit_kzalloc(test, BUF_SIZE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, m.buf);
	fake->ipi->ops->debug_show(&m, NULL, irq_get_irq_data(virq), 0);
	return m.buf;
}

/* R14: one line per target, with its hwirq, and none for the others */
static void debugfs_shows_mapping(struct kunit *test)
{
	const struct fake_case *param = test->param_value;
	struct fake_ipi *fake = test->priv;
	struct cpumask *mask = fake_mask(test, param->mask);
	int virq = fake_reserve(test, fake, mask);
	const char *text = show(test, fake, virq);
	unsigned int cpu, lines = 0;
	char line[64];

	for_each_cpu(cpu, mask) {
		snprintf(line, sizeof(line), "cpu %u: hwirq %lu\n", cpu,
			 ipi_get_hwirq(virq, cpu));
		KUNIT_EXPECT_NOT_NULL_MSG(test, strstr(text, line), "no %s in %s", line, text);
	}
	for (; *text; text++)
		lines += *text == '\n';
	KUNIT_EXPECT_EQ(test, lines, cpumask_weight(mask));
}

/* R14: an external target is shown by its hardware id */
static void debugfs_shows_external(struct kunit *test)
{
	struct fake_ipi *fake = test->priv;
	int virq = irq_reserve_ipi_external(fake->ipi, 99);

	KUNIT_ASSERT_GT(test, virq, 0);
	KUNIT_EXPECT_STREQ(test, show(test, fake, virq), "external 99: hwirq 0\n");
	KUNIT_EXPECT_EQ(test, irq_destroy_ipi(virq, NULL), 0);
}

/* R14: a domain shows all of its IPIs */
static void debugfs_shows_domain(struct kunit *test)
{
	struct fake_ipi *fake = test->priv;
	unsigned int cpu = cpumask_first(cpu_possible_mask);
	char want[128];
	int virq[2];

	KUNIT_EXPECT_STREQ(test, show_domain(test, fake), "");
	for (int i = 0; i < 2; i++)
		virq[i] = fake_reserve(test, fake, cpumask_of(cpu));

	snprintf(want, sizeof(want),
		 "irq %d:\n cpu %u: hwirq 0\nirq %d:\n cpu %u: hwirq 1\n",
		 virq[0], cpu, virq[1], cpu);
	KUNIT_EXPECT_STREQ(test, show_domain(test, fake), want);
}

KUNIT_ARRAY_PARAM_DESC(fake, fake_cases, desc);

static struct kunit_case debugfs_cases[] = {
	KUNIT_CASE_PARAM(debugfs_shows_mapping, fake_gen_params),
	KUNIT_CASE(debugfs_shows_external),
	KUNIT_CASE(debugfs_shows_domain),
	{ }
};

static struct kunit_suite debugfs_suite = {
	.name		= "ipi-debugfs",
	.init		= fake_init,
	.test_cases	= debugfs_cases,
};

kunit_test_suite(debugfs_suite);

MODULE_DESCRIPTION("KUnit tests for IPIs in debugfs");
MODULE_LICENSE("GPL");
