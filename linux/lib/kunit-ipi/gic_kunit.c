// SPDX-License-Identifier: GPL-2.0-only
/*
 * The IPI domain of a real MIPS GIC, if the system has one.
 */

#include <linux/bitfield.h>
#include <linux/bitmap.h>
#include <linux/completion.h>
#include <linux/cpu.h>
#include <linux/delay.h>
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/irq.h>
#include <linux/irqdesc.h>
#include <linux/irqdomain.h>
#include <linux/irqnr.h>
#include <linux/minmax.h>
#include <linux/msi.h>
#include <linux/of.h>
#include <linux/of_irq.h>
#include <linux/percpu.h>
#include <linux/platform_device.h>
#include <linux/smp.h>
#include <linux/string.h>

#include <trace/events/ipi.h>

#include <asm/mips-cps.h>
#include <asm/smp-cps.h>

#include <dt-bindings/interrupt-controller/mips-gic.h>

#include "real.h"

/* A GIC has no more shared interrupts */
#define NR_INTRS	256

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

	/* The GIC may be a small one, or wired to devices in full */
	virq = irq_reserve_ipi(test->priv, cpu_possible_mask);
	if (virq == -ENOSPC)
		kunit_skip(test, "no hwirqs left for IPIs");
	KUNIT_ASSERT_GT(test, virq, 0);
	KUNIT_EXPECT_EQ(test, irq_destroy_ipi(virq, NULL), 0);
	return 0;
}

/* The GIC runs out of hwirqs, and all of them come back */
static void gic_exhausted(struct kunit *test)
{
	KUNIT_EXPECT_GE(test, real_expect_all_back(test, test->priv), num_possible_cpus());
}

/* The shared interrupts which the device tree has for devices, of the first node */
static unsigned int wired_intr(struct device_node *gic)
{
	struct of_phandle_args args;
	struct device_node *np;

	for_each_of_allnodes(np) {
		if (of_irq_parse_one(np, 0, &args))
			continue;
		of_node_put(args.np);
		if (args.np == gic && args.args[0] == GIC_SHARED) {
			of_node_put(np);
			return args.args[1];
		}
	}
	return UINT_MAX;
}

/* IPIs take what is left, but nothing that is a device's, or will be one's */
static void gic_spares_devices(struct kunit *test)
{
	struct irq_domain *ipi = test->priv, *gic = ipi->parent;
	unsigned int wired = wired_intr(irq_domain_get_of_node(gic));
	unsigned int intr, n, i, device;
	int virqs[REAL_MAX_IPIS];

	/* The last one which is nobody's: IPIs would take it first */
	n = real_exhaust(test, ipi, virqs);
	KUNIT_ASSERT_GE(test, n, num_possible_cpus());
	intr = ipi_get_hwirq(virqs[n - 1], 0);

	/* One IPI can have several of them */
	for (i = n - num_possible_cpus(); i < n; i++)
		KUNIT_EXPECT_EQ(test, irq_destroy_ipi(virqs[i], NULL), 0);
	virqs[i = n - num_possible_cpus()] = irq_reserve_ipi(ipi, cpu_possible_mask);
	KUNIT_EXPECT_GT(test, virqs[i], 0);
	real_expect_delivery(test, virqs[i], cpu_possible_mask);
	do {
		KUNIT_EXPECT_EQ(test, irq_destroy_ipi(virqs[i], NULL), 0);
	} while (i--);

	virqs[0] = irq_reserve_ipi(ipi, cpumask_of(0));
	KUNIT_EXPECT_GT(test, virqs[0], 0);
	KUNIT_EXPECT_EQ(test, irq_create_mapping(gic, GIC_NUM_LOCAL_INTRS +
						 ipi_get_hwirq(virqs[0], 0)), 0);
	KUNIT_EXPECT_EQ(test, irq_destroy_ipi(virqs[0], NULL), 0);

	device = irq_create_mapping(gic, GIC_NUM_LOCAL_INTRS + intr);
	if (!device)
		kunit_skip(test, "all of the hwirqs are set aside for IPIs");

	KUNIT_EXPECT_EQ(test, real_exhaust(test, ipi, virqs), n - 1);
	for (i = 0; i < n - 1; i++) {
		KUNIT_EXPECT_NE(test, ipi_get_hwirq(virqs[i], 0), intr);
		KUNIT_EXPECT_NE(test, ipi_get_hwirq(virqs[i], 0), wired);
		KUNIT_EXPECT_EQ(test, irq_destroy_ipi(virqs[i], NULL), 0);
	}
	irq_dispose_mapping(device);
	KUNIT_EXPECT_EQ(test, real_expect_all_back(test, ipi), n);
}

static void need_test_tree(struct kunit *test)
{
	struct device_node *np = of_find_node_by_path("/kunit-ipi");

	if (!np)
		kunit_skip(test, "not the device tree for the tests");
	of_node_put(np);
}

/* Nor what no driver has asked for; the numbers of other controllers are no claims */
static void gic_spares_unprobed(struct kunit *test)
{
	static const unsigned int spared[] = { 16, 18, 20 }, taken[] = { 14, 15, 17, 19 };
	DECLARE_BITMAP(got, NR_INTRS) = {};
	unsigned int n, intr, i;
	int virqs[REAL_MAX_IPIS];

	need_test_tree(test);
	n = real_exhaust(test, test->priv, virqs);
	while (n) {
		intr = ipi_get_hwirq(virqs[--n], 0);
		KUNIT_EXPECT_LT(test, intr, NR_INTRS);
		__set_bit(intr % NR_INTRS, got);
		KUNIT_EXPECT_EQ(test, irq_destroy_ipi(virqs[n], NULL), 0);
	}
	for (i = 0; i < ARRAY_SIZE(spared); i++)
		KUNIT_EXPECT_FALSE_MSG(test, test_bit(spared[i], got), "%u", spared[i]);
	for (i = 0; i < ARRAY_SIZE(taken); i++)
		KUNIT_EXPECT_TRUE_MSG(test, test_bit(taken[i], got), "%u", taken[i]);
}

/* The first interrupt which the device tree sets aside, and the first one behind */
static unsigned int set_aside(struct kunit *test, unsigned int *end)
{
	struct irq_domain *ipi = test->priv;
	u32 v[2];

	if (of_property_read_u32_array(irq_domain_get_of_node(ipi),
				       "mti,reserved-ipi-vectors", v, 2))
		kunit_skip(test, "the device tree sets nothing aside");
	*end = min((u64)v[0] + v[1], UINT_MAX);
	return v[0];
}

static bool device_can_have(struct kunit *test, unsigned int intr)
{
	struct irq_domain *ipi = test->priv;
	unsigned int virq = irq_create_mapping(ipi->parent, GIC_NUM_LOCAL_INTRS + intr);

	irq_dispose_mapping(virq);
	return virq;
}

/* Devices get none of what is set aside for IPIs, and what is next to it */
static void gic_set_aside(struct kunit *test)
{
	unsigned int nr = (FIELD_GET(GIC_CONFIG_NUMINTERRUPTS, read_gic_config()) + 1) * 8;
	unsigned int start, end;

	need_test_tree(test);
	/* The tree may say more than there are */
	start = set_aside(test, &end);
	end = min(end, nr);

	KUNIT_EXPECT_TRUE(test, device_can_have(test, start - 1));
	KUNIT_EXPECT_FALSE(test, device_can_have(test, start));
	KUNIT_EXPECT_FALSE(test, device_can_have(test, end - 1));
	if (end < nr)
		KUNIT_EXPECT_TRUE(test, device_can_have(test, end));
}

/* A device's interrupt is handled as its type wants it, edge or level */
static void gic_device_type(struct kunit *test)
{
	struct irq_domain *ipi = test->priv;
	unsigned int n, intr, device;
	int virqs[REAL_MAX_IPIS];

	n = real_exhaust(test, ipi, virqs);
	intr = ipi_get_hwirq(virqs[n - 1], 0);
	while (n)
		KUNIT_EXPECT_EQ(test, irq_destroy_ipi(virqs[--n], NULL), 0);

	device = irq_create_mapping(ipi->parent, GIC_NUM_LOCAL_INTRS + intr);
	if (!device)
		kunit_skip(test, "all of the hwirqs are set aside for IPIs");
	KUNIT_EXPECT_EQ(test, irq_set_irq_type(device, IRQ_TYPE_EDGE_RISING), 0);
	KUNIT_EXPECT_PTR_EQ(test, irq_to_desc(device)->handle_irq, &handle_edge_irq);
	KUNIT_EXPECT_EQ(test, irq_set_irq_type(device, IRQ_TYPE_LEVEL_HIGH), 0);
	KUNIT_EXPECT_PTR_EQ(test, irq_to_desc(device)->handle_irq, &handle_level_irq);
	irq_dispose_mapping(device);
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
	KUNIT_EXPECT_STREQ(test, irq_get_chip(virq)->name, "MIPS GIC");
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
	if (DIV_ROUND_UP(n, 2) < num_possible_cpus())
		KUNIT_EXPECT_EQ(test, virq, -ENOSPC);
	else
		KUNIT_EXPECT_GT(test, virq, 0);
	if (virq > 0) {
		for_each_possible_cpu(cpu) {
			hwirq = ipi_get_hwirq(virq, cpu);
			rows += hwirq == prev + 1;
			prev = hwirq;
		}
		/*
		 * It is no run, so the space was fragmented indeed. Nor is the
		 * first one 0, which Malta has a device at.
		 */
		KUNIT_EXPECT_EQ(test, rows, 0);
		real_expect_delivery(test, virq, cpu_possible_mask);
		KUNIT_EXPECT_EQ(test, irq_destroy_ipi(virq, NULL), 0);
	}

	for (i = 1; i < n; i += 2)
		KUNIT_EXPECT_EQ(test, irq_destroy_ipi(virqs[i], NULL), 0);
	if (virq == -ENOSPC)
		kunit_skip(test, "every other hwirq is not enough for an IPI to all CPUs");
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

/* Neither does one which was raised while the hwirq was nobody's */
static void gic_no_foreign_ipi(struct kunit *test)
{
	int virq = ipi_test_reserve(test, test->priv, cpu_possible_mask);
	unsigned int intr;

	intr = ipi_get_hwirq(virq, 0);
	KUNIT_ASSERT_EQ(test, irq_destroy_ipi(virq, NULL), 0);
	write_gic_wedge(GIC_WEDGE_RW | intr);

	virq = ipi_test_reserve(test, test->priv, cpu_possible_mask);
	KUNIT_EXPECT_EQ(test, ipi_get_hwirq(virq, 0), intr);
	real_expect_delivery(test, virq, cpu_possible_mask);
}

/* Nor does it matter where the one before has routed it to */
static void gic_routes_anew(struct kunit *test)
{
	int virq = ipi_test_reserve(test, test->priv, cpu_possible_mask);
	unsigned int intr, pin;

	intr = ipi_get_hwirq(virq, 0);
	pin = read_gic_map_pin(intr);
	KUNIT_EXPECT_TRUE(test, pin & GIC_MAP_PIN_MAP_TO_PIN);
	KUNIT_ASSERT_EQ(test, irq_destroy_ipi(virq, NULL), 0);
	write_gic_map_pin(intr, pin ^ 1);

	virq = ipi_test_reserve(test, test->priv, cpu_possible_mask);
	KUNIT_EXPECT_EQ(test, ipi_get_hwirq(virq, 0), intr);
	KUNIT_EXPECT_EQ(test, read_gic_map_pin(intr), pin);
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
		turn.intr = ipi_get_hwirq(virq, cpu);
		smp_call_function_single(cpu, take_turn, &turn, 1);
		KUNIT_EXPECT_TRUE(test, turn.enabled);
		KUNIT_EXPECT_TRUE(test, turn.disabled);
	}
	real_expect_disabled(test, virq, cpu_possible_mask);
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
		KUNIT_EXPECT_EQ(test, -EBUSY,
				irq_reserve_ipi_external(test->priv, mips_cm_vp_id(cpu)));
	}
}

/* A VP which nr_cpus= keeps from Linux is an external target */
static void gic_external(struct kunit *test)
{
	unsigned int intr, cpu, vp = 0;
	struct ipi_arrival arrival;
	bool pending;
	int virq;

	for_each_possible_cpu(cpu)
		vp = max(vp, mips_cm_vp_id(cpu) + 1);
	/* The field is the number of the last VP, or with QEMU the one behind */
	if (vp >= FIELD_GET(GIC_CONFIG_PVPS, read_gic_config()))
		kunit_skip(test, "Linux has all VPs");

	virq = ipi_test_keep(test, irq_reserve_ipi_external(test->priv, vp));
	KUNIT_ASSERT_EQ(test, ipi_get_arrival(virq, IPI_EXTERNAL, &arrival), 0);
	KUNIT_EXPECT_EQ(test, arrival.hwid, vp);
	intr = arrival.hwirq;
	/* IP2 is pin 0 of the GIC */
	KUNIT_EXPECT_EQ(test, arrival.pin,
			(read_gic_map_pin(intr) & GIC_MAP_PIN_MAP) + 2);
	KUNIT_EXPECT_TRUE(test, read_gic_mask(intr));
	KUNIT_EXPECT_EQ(test, read_gic_map_vp(intr), BIT(vp));

	KUNIT_EXPECT_FALSE(test, read_gic_pend(intr));
	KUNIT_EXPECT_EQ(test, irq_get_irqchip_state(virq, IRQCHIP_STATE_PENDING, &pending), 0);
	KUNIT_EXPECT_FALSE(test, pending);
	KUNIT_EXPECT_EQ(test, irq_send_ipi_all(virq), 0);
	KUNIT_EXPECT_TRUE(test, read_gic_pend(intr));
	KUNIT_EXPECT_EQ(test, irq_get_irqchip_state(virq, IRQCHIP_STATE_PENDING, &pending), 0);
	KUNIT_EXPECT_TRUE(test, pending);

	KUNIT_EXPECT_EQ(test, irq_destroy_ipi(virq, NULL), 0);
	KUNIT_EXPECT_FALSE(test, read_gic_pend(intr));
	KUNIT_EXPECT_FALSE(test, read_gic_mask(intr));
}

#ifdef CONFIG_MIPS_CPS
/* A VP is either a possible CPU or foreign, and the GIC thinks the same */
static void gic_foreign_vps(struct kunit *test)
{
	unsigned int cpu, core, vp;
	u32 foreign;
	int virq;

	if (!cpu_has_vp || mips_cps_multicluster_cpus())
		kunit_skip(test, "no VPs, or no numbers for them");

	for_each_possible_cpu(cpu) {
		core = cpu_core(&cpu_data[cpu]);
		foreign = mips_cps_foreign_vps(0, core);
		KUNIT_EXPECT_FALSE(test, foreign & BIT(cpu_vpe_id(&cpu_data[cpu])));

		for (vp = 0; vp < mips_cps_numvps(0, core); vp++) {
			virq = irq_reserve_ipi_external(test->priv,
							core * mips_cm_max_vp_width() + vp);
			if (foreign & BIT(vp)) {
				KUNIT_EXPECT_GT(test, virq, 0);
				KUNIT_EXPECT_EQ(test, irq_destroy_ipi(virq, NULL), 0);
			} else {
				KUNIT_EXPECT_EQ(test, virq, -EBUSY);
			}
		}
	}
}

/* What happens to a core of four VPs, of which some are foreign and some run */
static void gic_foreign_vps_spared(struct kunit *test)
{
	static const struct {
		u32	foreign;
		u32	running;
		bool	may_power_off;
		bool	may_reset;
	} cases[] = {
		{ 0x0, 0x0, true,  true },
		{ 0x0, 0xf, true,  true },
		{ 0x8, 0x0, false, true },
		{ 0x8, 0x7, false, true },
		{ 0x8, 0x8, false, false },
		{ 0x8, 0xf, false, false },
		{ 0xa, 0x2, false, false },
		{ 0xf, 0x0, false, true },
	};

	for (int i = 0; i < ARRAY_SIZE(cases); i++) {
		KUNIT_EXPECT_EQ(test, mips_cps_may_power_off(cases[i].foreign),
				cases[i].may_power_off);
		KUNIT_EXPECT_EQ(test, mips_cps_may_reset(cases[i].foreign, cases[i].running),
				cases[i].may_reset);
	}
}
#endif

static struct irq_desc *resched_desc(void)
{
	struct irq_desc *desc;
	unsigned int irq;

	for_each_irq_desc(irq, desc) {
		const struct irqaction *action = desc->action;

		if (action && action->name && !strcmp(action->name, "IPI resched"))
			return desc;
	}
	return NULL;
}

/* A CPU which is to reschedule is told by an IPI */
static void gic_smp_resched(struct kunit *test)
{
	unsigned int cpu = cpumask_last(cpu_online_mask), before, tries;
	struct irq_desc *desc;

	ipi_test_need_two(test, cpu_online_mask);
	ipi_test_no_hotplug(test);
	desc = resched_desc();
	KUNIT_ASSERT_NOT_NULL(test, desc);

	before = irq_desc_kstat_cpu(desc, cpu);
	smp_send_reschedule(cpu);
	for (tries = 100; tries && irq_desc_kstat_cpu(desc, cpu) == before; tries--)
		msleep(20);
	KUNIT_EXPECT_NE(test, irq_desc_kstat_cpu(desc, cpu), before);
}

/* What the device tree sets aside for IPIs goes first, so that devices have the rest */
static void gic_smp_set_aside(struct kunit *test)
{
	struct irq_desc *desc = resched_desc();
	unsigned int start, end, cpu, intr;

	start = set_aside(test, &end);
	KUNIT_ASSERT_NOT_NULL(test, desc);
	for_each_possible_cpu(cpu) {
		intr = ipi_get_hwirq(irq_desc_get_irq(desc), cpu);
		KUNIT_EXPECT_GE(test, intr, start);
		KUNIT_EXPECT_LT(test, intr, end);
	}
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

#ifdef CONFIG_MIPS_GIC_MSI

#define NR_DOORBELLS	2

/**
 * struct doorbell - An interrupt which is raised by a message
 * @msg:	The message
 * @writes:	How often it was written
 * @rung:	The interrupt was handled
 * @cpu:	Where
 */
struct doorbell {
	struct msi_msg		msg;
	unsigned int		writes;
	struct completion	rung;
	unsigned int		cpu;
};

static struct doorbell doorbells[NR_DOORBELLS];
static struct platform_device *test_pdev;

static void doorbell_write_msg(struct msi_desc *desc, struct msi_msg *msg)
{
	doorbells[desc->msi_index].msg = *msg;
	doorbells[desc->msi_index].writes++;
}

static irqreturn_t doorbell_handler(int irq, void *data)
{
	struct doorbell *bell = data;

	bell->cpu = smp_processor_id();
	return IRQ_WAKE_THREAD;
}

static irqreturn_t doorbell_thread(int irq, void *data)
{
	struct doorbell *bell = data;

	complete(&bell->rung);
	return IRQ_HANDLED;
}

static void doorbell_free_irq(void *bell)
{
	free_irq(msi_get_virq(&test_pdev->dev, (struct doorbell *)bell - doorbells), bell);
}

static void doorbell_free(void *pdev)
{
	platform_device_msi_free_irqs_all(&((struct platform_device *)pdev)->dev);
}

static void doorbell_unregister(void *pdev)
{
	platform_device_unregister(pdev);
}

/* As a driver gets them, whose node has msi-parent */
static int doorbells_alloc(struct kunit *test)
{
	struct irq_domain *ipi = test->priv;

	test_pdev = platform_device_register_simple("kunit-doorbell", PLATFORM_DEVID_AUTO,
						    NULL, 0);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, test_pdev);
	ipi_test_at_exit(test, doorbell_unregister, test_pdev);

	dev_set_msi_domain(&test_pdev->dev,
			   irq_find_matching_fwnode(ipi->fwnode, DOMAIN_BUS_PLATFORM_MSI));
	return platform_device_msi_init_and_alloc_irqs(&test_pdev->dev, NR_DOORBELLS,
						       doorbell_write_msg);
}

static void doorbells_request(struct kunit *test)
{
	int ret;

	KUNIT_ASSERT_EQ(test, doorbells_alloc(test), 0);
	ipi_test_at_exit(test, doorbell_free, test_pdev);

	for (int i = 0; i < NR_DOORBELLS; i++) {
		init_completion(&doorbells[i].rung);
		ret = request_threaded_irq(msi_get_virq(&test_pdev->dev, i), doorbell_handler,
					   doorbell_thread, 0, "kunit-doorbell", &doorbells[i]);
		KUNIT_ASSERT_EQ(test, ret, 0);
		ipi_test_at_exit(test, doorbell_free_irq, &doorbells[i]);
	}
}

/* What firmware does with a message: writes it */
static void doorbell_ring(struct kunit *test, unsigned int i)
{
	struct msi_msg *msg = &doorbells[i].msg;
	void __iomem *wedge = ioremap((u64)msg->address_hi << 32 | msg->address_lo, 4);

	KUNIT_ASSERT_NOT_NULL(test, (__force void *)wedge);
	__raw_writel(msg->data, wedge);
	iounmap(wedge);
}

static void expect_rung(struct kunit *test, unsigned int i)
{
	doorbell_ring(test, i);
	KUNIT_EXPECT_GT(test, wait_for_completion_timeout(&doorbells[i].rung, 10 * HZ), 0);
	KUNIT_EXPECT_FALSE(test, try_wait_for_completion(&doorbells[!i].rung));
}

/* A doorbell is handled by its own handler, as often as it is rung */
static void gic_doorbells(struct kunit *test)
{
	struct irq_domain *ipi = test->priv;
	struct irq_data *data;
	int i;

	/* One number for several of the GIC's: the two are not the same from here on */
	ipi_test_reserve(test, ipi, cpu_possible_mask);
	doorbells_request(test);
	data = irq_get_irq_data(msi_get_virq(&test_pdev->dev, 0));
	KUNIT_EXPECT_TRUE_MSG(test, strstarts(data->chip->name, "GIC-"), "%s", data->chip->name);
	KUNIT_EXPECT_STREQ(test, data->parent_data->chip->name, "MIPS GIC-MSI");
	KUNIT_EXPECT_EQ(test, irqd_get_trigger_type(data), IRQ_TYPE_EDGE_RISING);
	KUNIT_EXPECT_PTR_EQ(test, irq_find_matching_fwnode(ipi->fwnode, DOMAIN_BUS_ANY),
			    ipi->parent);
	for (i = 0; i < NR_DOORBELLS; i++) {
		expect_rung(test, i);
		expect_rung(test, i);
	}

	disable_irq(msi_get_virq(&test_pdev->dev, 0));
	doorbell_ring(test, 0);
	KUNIT_EXPECT_EQ(test, wait_for_completion_timeout(&doorbells[0].rung, 2), 0);
	enable_irq(msi_get_virq(&test_pdev->dev, 0));
	KUNIT_EXPECT_GT(test, wait_for_completion_timeout(&doorbells[0].rung, 10 * HZ), 0);
}

/* Doorbells come from the pool of IPIs, and go back there, silent */
static void gic_doorbells_and_ipis(struct kunit *test)
{
	unsigned int before = real_expect_all_back(test, test->priv), intr;
	const struct cpumask *last = cpumask_of(cpumask_last(cpu_online_mask));
	int virq;

	doorbells_request(test);
	intr = doorbells[0].msg.data & ~GIC_WEDGE_RW;
	KUNIT_EXPECT_TRUE(test, read_gic_mask(intr));
	KUNIT_EXPECT_EQ(test, real_expect_all_back(test, test->priv), before - NR_DOORBELLS);

	for (int i = 0; i < NR_DOORBELLS; i++)
		kunit_release_action(test, doorbell_free_irq, &doorbells[i]);
	doorbell_ring(test, 0);
	kunit_release_action(test, doorbell_free, test_pdev);
	KUNIT_EXPECT_FALSE(test, read_gic_mask(intr));
	KUNIT_EXPECT_FALSE(test, read_gic_pend(intr));
	KUNIT_EXPECT_EQ(test, real_expect_all_back(test, test->priv), before);

	/* What was the doorbell's CPU does not take the IPI of another one */
	ipi_test_no_hotplug(test);
	virq = ipi_test_reserve(test, test->priv, last);
	KUNIT_EXPECT_EQ(test, ipi_get_hwirq(virq, cpumask_first(last)), intr);
	ipi_test_request(test, virq, ipi_test_count);
	real_expect_disabled(test, virq, last);
}

/* There is none left if IPIs have taken all, and who asks is told */
static void gic_doorbells_none_left(struct kunit *test)
{
	int virqs[REAL_MAX_IPIS], ret;
	unsigned int n, i;

	n = real_exhaust(test, test->priv, virqs);
	ret = doorbells_alloc(test);
	for (i = 0; i < n; i++)
		KUNIT_EXPECT_EQ(test, irq_destroy_ipi(virqs[i], NULL), 0);
	if (n == REAL_MAX_IPIS)
		kunit_skip(test, "the GIC has more hwirqs than the test takes");
	KUNIT_EXPECT_EQ(test, ret, -ENOSPC);
}

/* A doorbell is handled on the CPU that it is set to, and its message stays */
static void gic_doorbell_affinity(struct kunit *test)
{
	unsigned int cpu = cpumask_last(cpu_online_mask), irq, writes;

	ipi_test_need_two(test, cpu_online_mask);
	doorbells_request(test);
	irq = msi_get_virq(&test_pdev->dev, 0);
	writes = doorbells[0].writes;

	KUNIT_EXPECT_EQ(test, irq_set_affinity(irq, cpumask_of(0)), 0);
	expect_rung(test, 0);
	KUNIT_EXPECT_EQ(test, doorbells[0].cpu, 0);
	KUNIT_EXPECT_EQ(test, irq_set_affinity(irq, cpumask_of(cpu)), 0);
	expect_rung(test, 0);
	KUNIT_EXPECT_EQ(test, doorbells[0].cpu, cpu);
	KUNIT_EXPECT_EQ(test, doorbells[0].writes, writes);
}

#ifdef CONFIG_HOTPLUG_CPU
/* A doorbell moves when its CPU goes off */
static void gic_doorbell_hotplug(struct kunit *test)
{
	unsigned int cpu = cpumask_last(cpu_online_mask);

	ipi_test_need_two(test, cpu_online_mask);
	doorbells_request(test);
	KUNIT_EXPECT_EQ(test, irq_set_affinity(msi_get_virq(&test_pdev->dev, 0),
					       cpumask_of(cpu)), 0);
	KUNIT_ASSERT_EQ(test, remove_cpu(cpu), 0);
	expect_rung(test, 0);
	KUNIT_EXPECT_NE(test, doorbells[0].cpu, cpu);
	KUNIT_ASSERT_EQ(test, add_cpu(cpu), 0);
	expect_rung(test, 0);
}
#endif

#endif /* CONFIG_MIPS_GIC_MSI */

static struct kunit_case gic_cases[] = {
	KUNIT_CASE(gic_exhausted),
	KUNIT_CASE(gic_spares_devices),
	KUNIT_CASE(gic_spares_unprobed),
	KUNIT_CASE(gic_set_aside),
	KUNIT_CASE(gic_device_type),
	KUNIT_CASE(gic_mask_with_hole),
	KUNIT_CASE(gic_fragmented),
	KUNIT_CASE(gic_no_stale_ipi),
	KUNIT_CASE(gic_no_foreign_ipi),
	KUNIT_CASE(gic_routes_anew),
	KUNIT_CASE(gic_mask_and_unmask),
	KUNIT_CASE(gic_external_refused),
	KUNIT_CASE(gic_external),
#ifdef CONFIG_MIPS_CPS
	KUNIT_CASE(gic_foreign_vps),
	KUNIT_CASE(gic_foreign_vps_spared),
#endif
#ifdef CONFIG_MIPS_GIC_MSI
	KUNIT_CASE(gic_doorbells),
	KUNIT_CASE(gic_doorbells_and_ipis),
	KUNIT_CASE(gic_doorbells_none_left),
	KUNIT_CASE(gic_doorbell_affinity),
#ifdef CONFIG_HOTPLUG_CPU
	KUNIT_CASE_SLOW(gic_doorbell_hotplug),
#endif
#endif
	KUNIT_CASE(gic_smp_resched),
	KUNIT_CASE(gic_smp_set_aside),
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
