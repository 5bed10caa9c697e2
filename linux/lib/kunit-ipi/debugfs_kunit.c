// SPDX-License-Identifier: GPL-2.0-only
/*
 * What debugfs shows of IPIs.
 */

#include <linux/irq.h>
#include <linux/irqdesc.h>
#include <linux/seq_file.h>

#include "fake.h"

#define LINE_SIZE	64

/* Either of a domain or of an interrupt */
static const char *show(struct kunit *test, struct irq_domain *domain,
			struct irq_data *data)
{
	struct seq_file m = { .size = LINE_SIZE * (nr_cpu_ids + 4) };
	struct fake_ipi *fake = test->priv;

	m.buf = kunit_kzalloc(test, m.size, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, m.buf);
	if (!data) {
		fake->ipi->ops->debug_show(&m, domain, NULL, 0);
		return m.buf;
	}
	/* As debugfs does for an interrupt */
	scoped_guard(raw_spinlock_irqsave, &irq_data_to_desc(data)->lock)
		fake->ipi->ops->debug_show(&m, domain, data, 0);
	return m.buf;
}

/* There is one line per target, with its hwirq, and none for the others */
static void debugfs_shows_mapping(struct kunit *test)
{
	const struct fake_case *param = test->param_value;
	struct fake_ipi *fake = test->priv;
	struct cpumask *mask = fake_mask(test, param->mask);
	int virq = fake_reserve(test, fake, mask);
	const char *text = show(test, NULL, irq_get_irq_data(virq));
	unsigned int cpu, lines = 0;
	char line[LINE_SIZE];

	for_each_cpu(cpu, mask) {
		snprintf(line, sizeof(line), "cpu %u: hwirq %lu\n", cpu,
			 ipi_get_hwirq(virq, cpu));
		KUNIT_EXPECT_NOT_NULL_MSG(test, strstr(text, line), "no %s in %s", line, text);
	}
	for (; *text; text++)
		lines += *text == '\n';
	KUNIT_EXPECT_EQ(test, lines, cpumask_weight(mask));
}

/* An external target is shown by its hardware id, and how often it was sent to */
static void debugfs_shows_external(struct kunit *test)
{
	int virq = fake_reserve_external(test, test->priv, 99);

	KUNIT_EXPECT_STREQ(test, show(test, NULL, irq_get_irq_data(virq)),
			   "external 99: hwirq 0 sent 0\n");
	KUNIT_EXPECT_EQ(test, irq_send_ipi_all(virq), 0);
	KUNIT_EXPECT_EQ(test, irq_send_ipi_all(virq), 0);
	KUNIT_EXPECT_STREQ(test, show(test, NULL, irq_get_irq_data(virq)),
			   "external 99: hwirq 0 sent 2\n");
}

/* A domain shows all of its IPIs */
static void debugfs_shows_domain(struct kunit *test)
{
	struct fake_ipi *fake = test->priv;
	unsigned int cpu = cpumask_first(cpu_possible_mask);
	char want[128];
	int virq[2];

	KUNIT_EXPECT_STREQ(test, show(test, fake->ipi, NULL), "");
	for (int i = 0; i < 2; i++)
		virq[i] = fake_reserve(test, fake, cpumask_of(cpu));

	snprintf(want, sizeof(want),
		 "irq %d:\n cpu %u: hwirq 0\nirq %d:\n cpu %u: hwirq 1\n",
		 virq[0], cpu, virq[1], cpu);
	KUNIT_EXPECT_STREQ(test, show(test, fake->ipi, NULL), want);
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
