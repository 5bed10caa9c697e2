// SPDX-License-Identifier: GPL-2.0-only
/*
 * The IPI domain of a real MIPS GIC, if the system has one.
 */

#include <linux/bitfield.h>
#include <linux/cpu.h>
#include <linux/interrupt.h>
#include <linux/irq.h>
#include <linux/irqdesc.h>
#include <linux/irqdomain.h>
#include <linux/irqnr.h>
#include <linux/minmax.h>
#include <linux/of.h>
#include <linux/percpu.h>
#include <linux/smp.h>
#include <linux/string.h>

#include <asm/mips-cps.h>

#include "real.h"

static int gic_init(struct kunit *test)
{
	struct device_node *node;
	int virq;

	if (!mips_gic_present())
		kunit_skip(test, "no GIC");

	node = of_find_compatible_node(NULL, NULL, "mti,gic");
	test->priv = irq_find_ipi_domain(of_fwnode_handle(node));
	of_node_put(node);
	KUNIT_ASSERT_NOT_NULL(test, test->priv);

	/* Without mti,reserved-ipi-vectors SMP has all hwirqs there are */
	virq = irq_reserve_ipi(test->priv, cpu_possible_mask);
	if (virq == -ENOSPC)
		kunit_skip(test, "SMP has all hwirqs for IPIs");
	KUNIT_ASSERT_GT(test, virq, 0);
	KUNIT_EXPECT_EQ(test, irq_destroy_ipi(virq, NULL), 0);
	return 0;
}

/* The GIC runs out of hwirqs, and all of them come back */
static void gic_exhausted(struct kunit *test)
{
	KUNIT_EXPECT_GE(test, real_expect_all_back(test, test->priv), num_possible_cpus());
}

/* A mask with a hole, and a number for each target that is really its own */
static void gic_mask_with_hole(struct kunit *test)
{
	struct cpumask *mask = kunit_kzalloc(test, cpumask_size(), GFP_KERNEL);
	unsigned int last = cpumask_last(cpu_possible_mask);
	int virq;

	KUNIT_ASSERT_NOT_NULL(test, mask);
	if (last < 2)
		kunit_skip(test, "no room for a hole");
	cpumask_set_cpu(0, mask);
	cpumask_set_cpu(last, mask);

	virq = ipi_test_reserve(test, test->priv, mask);
	KUNIT_EXPECT_NE(test, ipi_get_hwirq(virq, 0), ipi_get_hwirq(virq, last));
	KUNIT_EXPECT_EQ(test, ipi_get_hwirq(virq, 1), INVALID_HWIRQ);
	real_expect_delivery(test, virq, mask);
}

/* Every other hwirq is taken, and an IPI to all CPUs works still */
static void gic_fragmented(struct kunit *test)
{
	unsigned int n, i, cpu, rows = 0;
	irq_hw_number_t hwirq, prev = INVALID_HWIRQ;
	int virqs[REAL_MAX_IPIS], virq;

	n = real_exhaust(test, test->priv, virqs);
	for (i = 0; i < n; i += 2)
		KUNIT_EXPECT_EQ(test, irq_destroy_ipi(virqs[i], NULL), 0);

	virq = irq_reserve_ipi(test->priv, cpu_possible_mask);
	KUNIT_EXPECT_GT(test, virq, 0);
	if (virq > 0) {
		for_each_possible_cpu(cpu) {
			hwirq = ipi_get_hwirq(virq, cpu);
			rows += hwirq == prev + 1;
			prev = hwirq;
		}
		/*
		 * It is no run, so the space was fragmented indeed. Nor is the
		 * first one 0, which is no shared interrupt of the GIC.
		 */
		KUNIT_EXPECT_EQ(test, rows, 0);
		real_expect_delivery(test, virq, cpu_possible_mask);
		KUNIT_EXPECT_EQ(test, irq_destroy_ipi(virq, NULL), 0);
	}

	for (i = 1; i < n; i += 2)
		KUNIT_EXPECT_EQ(test, irq_destroy_ipi(virqs[i], NULL), 0);
}

/* An IPI which nobody received does not hit the next owner of the hwirq */
static void gic_no_stale_ipi(struct kunit *test)
{
	int virq = ipi_test_reserve(test, test->priv, cpu_possible_mask);
	irq_hw_number_t hwirq;

	hwirq = ipi_get_hwirq(virq, 0);
	KUNIT_EXPECT_EQ(test, irq_send_ipi_all(virq), 0);
	KUNIT_ASSERT_EQ(test, irq_destroy_ipi(virq, NULL), 0);

	virq = ipi_test_reserve(test, test->priv, cpu_possible_mask);
	KUNIT_EXPECT_EQ(test, ipi_get_hwirq(virq, 0), hwirq);
	real_expect_delivery(test, virq, cpu_possible_mask);
}

/* The number of the GIC's registers */
static unsigned int intr_of(int virq, unsigned int target)
{
	return ipi_get_hwirq(virq, target) - GIC_NUM_LOCAL_INTRS;
}

/* Neither does one which was raised while the hwirq was nobody's */
static void gic_no_foreign_ipi(struct kunit *test)
{
	int virq = ipi_test_reserve(test, test->priv, cpu_possible_mask);
	unsigned int intr;

	intr = intr_of(virq, 0);
	KUNIT_ASSERT_EQ(test, irq_destroy_ipi(virq, NULL), 0);
	write_gic_wedge(GIC_WEDGE_RW | intr);

	virq = ipi_test_reserve(test, test->priv, cpu_possible_mask);
	KUNIT_EXPECT_EQ(test, intr_of(virq, 0), intr);
	real_expect_delivery(test, virq, cpu_possible_mask);
}

/**
 * struct turn - What the GIC makes of a CPU which enables an IPI, and disables it
 * @virq:	IPI
 * @intr:	The CPU's interrupt
 * @enabled:	It was let through then
 * @disabled:	It was not let through afterwards
 */
struct turn {
	int		virq;
	unsigned int	intr;
	bool		enabled;
	bool		disabled;
};

static void take_turn(void *data)
{
	struct turn *turn = data;

	enable_percpu_irq(turn->virq, IRQ_TYPE_NONE);
	turn->enabled = read_gic_mask(turn->intr);
	disable_percpu_irq(turn->virq);
	turn->disabled = !read_gic_mask(turn->intr);
}

/*
 * The GIC itself lets an enabled IPI through, and a disabled one not.
 * That a masked one is handled together with the next timer interrupt, since it
 * is pending, hides the difference from whoever waits for it.
 */
static void gic_mask_and_unmask(struct kunit *test)
{
	int virq = ipi_test_reserve(test, test->priv, cpu_possible_mask);
	struct turn turn = { .virq = virq };
	unsigned int cpu;

	ipi_test_request(test, virq, ipi_test_count);
	ipi_test_no_hotplug(test);
	for_each_online_cpu(cpu) {
		turn.intr = intr_of(virq, cpu);
		smp_call_function_single(cpu, take_turn, &turn, 1);
		KUNIT_EXPECT_TRUE(test, turn.enabled);
		KUNIT_EXPECT_TRUE(test, turn.disabled);
	}
}

/* A VP which is not there, or is a CPU of Linux, is no external target */
static void gic_external_refused(struct kunit *test)
{
	unsigned int cpu, vp;

	/* No VP is routed to which is not there, up to those which have no bit */
	for (vp = FIELD_GET(GIC_CONFIG_PVPS, read_gic_config()) + 1; vp < 66; vp++)
		KUNIT_EXPECT_EQ(test, irq_reserve_ipi_external(test->priv, vp), -EINVAL);
	KUNIT_EXPECT_EQ(test, irq_reserve_ipi_external(test->priv, 4096), -EINVAL);
	for_each_possible_cpu(cpu) {
		KUNIT_EXPECT_EQ(test, -EINVAL,
				irq_reserve_ipi_external(test->priv, mips_cm_vp_id(cpu)));
	}
}

/* A VP which nr_cpus= keeps from Linux is an external target */
static void gic_external(struct kunit *test)
{
	unsigned int intr, cpu, vp = 0;
	int virq;

	for_each_possible_cpu(cpu)
		vp = max(vp, mips_cm_vp_id(cpu) + 1);
	/* The field is the number of the last VP, or with QEMU the one behind */
	if (vp >= FIELD_GET(GIC_CONFIG_PVPS, read_gic_config()))
		kunit_skip(test, "Linux has all VPs");

	virq = ipi_test_keep(test, irq_reserve_ipi_external(test->priv, vp));
	intr = intr_of(virq, IPI_EXTERNAL);
	KUNIT_EXPECT_TRUE(test, read_gic_mask(intr));
	KUNIT_EXPECT_EQ(test, read_gic_map_vp(intr), BIT(vp));

	KUNIT_EXPECT_FALSE(test, read_gic_pend(intr));
	KUNIT_EXPECT_EQ(test, irq_send_ipi_all(virq), 0);
	KUNIT_EXPECT_TRUE(test, read_gic_pend(intr));

	KUNIT_EXPECT_EQ(test, irq_destroy_ipi(virq, NULL), 0);
	KUNIT_EXPECT_FALSE(test, read_gic_pend(intr));
	KUNIT_EXPECT_FALSE(test, read_gic_mask(intr));
}

#ifdef CONFIG_HOTPLUG_CPU
/* The SMP IPIs which are enabled on a CPU */
static unsigned int nr_smp_ipis(struct kunit *test, unsigned int cpu)
{
	struct irq_desc *desc;
	unsigned int irq, n = 0;

	for_each_irq_desc(irq, desc) {
		const struct irqaction *action = desc->action;

		if (action && action->name && strstarts(action->name, "IPI ") &&
		    irq_desc_get_irq_data(desc)->domain == test->priv)
			n += cpumask_test_cpu(cpu, desc->percpu_enabled);
	}
	return n;
}

/* A CPU which goes down turns its SMP IPIs off, and they stay reserved */
static void gic_smp_hotplug(struct kunit *test)
{
	unsigned int cpu = cpumask_last(cpu_online_mask);

	ipi_test_need_two(test, cpu_online_mask);
	KUNIT_EXPECT_EQ(test, nr_smp_ipis(test, cpu), 2);
	KUNIT_ASSERT_EQ(test, remove_cpu(cpu), 0);
	KUNIT_EXPECT_EQ(test, nr_smp_ipis(test, cpu), 0);
	KUNIT_EXPECT_EQ(test, nr_smp_ipis(test, 0), 2);
	KUNIT_ASSERT_EQ(test, add_cpu(cpu), 0);
	KUNIT_EXPECT_EQ(test, nr_smp_ipis(test, cpu), 2);
}
#endif

static struct kunit_case gic_cases[] = {
	KUNIT_CASE(gic_exhausted),
	KUNIT_CASE(gic_mask_with_hole),
	KUNIT_CASE(gic_fragmented),
	KUNIT_CASE(gic_no_stale_ipi),
	KUNIT_CASE(gic_no_foreign_ipi),
	KUNIT_CASE(gic_mask_and_unmask),
	KUNIT_CASE(gic_external_refused),
	KUNIT_CASE(gic_external),
#ifdef CONFIG_HOTPLUG_CPU
	KUNIT_CASE_SLOW(gic_smp_hotplug),
#endif
	{ }
};

static struct kunit_suite gic_suite = {
	.name		= "ipi-mips-gic",
	.init		= gic_init,
	.test_cases	= gic_cases,
};

kunit_test_suite(gic_suite);

MODULE_DESCRIPTION("KUnit tests for IPIs on the MIPS GIC");
MODULE_LICENSE("GPL");
