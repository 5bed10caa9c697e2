// SPDX-License-Identifier: GPL-2.0-only
/*
 * SMP IPIs of platforms whose interrupt controller has an IPI domain: the GIC,
 * or the CPU interrupt controller of a core with the MT ASE.
 */

#define pr_fmt(fmt) "smp-ipi: " fmt

#include <linux/cpumask.h>
#include <linux/init.h>
#include <linux/interrupt.h>
#include <linux/ipi.h>
#include <linux/irq.h>
#include <linux/irqdesc.h>
#include <linux/irqdomain.h>
#include <linux/of.h>
#include <linux/of_irq.h>
#include <linux/percpu.h>
#include <linux/printk.h>
#include <linux/smp.h>

#include <asm/mips-cps.h>
#include <asm/smp-ops.h>

static irqreturn_t ipi_call_interrupt(int irq, void *dev_id)
{
	generic_smp_call_function_interrupt();
	return IRQ_HANDLED;
}

static irqreturn_t ipi_resched_interrupt(int irq, void *dev_id)
{
	scheduler_ipi();
	return IRQ_HANDLED;
}

enum {
	IPI_CALL,
	IPI_RESCHED,
	NR_SMP_IPIS,
};

static struct smp_ipi {
	const char	*name;
	irq_handler_t	handler;
	struct irq_desc	*desc;
	int		virq;
} smp_ipis[NR_SMP_IPIS] __ro_after_init = {
	[IPI_CALL]	= { "IPI call",		ipi_call_interrupt },
	[IPI_RESCHED]	= { "IPI resched",	ipi_resched_interrupt },
};

/* request_percpu_irq() insists on a per-CPU cookie */
static DEFINE_PER_CPU(int, smp_ipi_cookie);

/*
 * A core which has left the coherent domain does not take interrupts. Power it
 * up, until it has reported back.
 */
static void power_up_cores(const struct cpumask *mask)
{
	unsigned long flags;
	unsigned int cpu;

	local_irq_save(flags);

	for_each_cpu_andnot(cpu, mask, &cpu_coherent_mask) {
		if (cpus_are_siblings(cpu, smp_processor_id()))
			continue;

		while (!cpumask_test_cpu(cpu, &cpu_coherent_mask)) {
			mips_cm_lock_other_cpu(cpu, CM_GCR_Cx_OTHER_BLOCK_LOCAL);
			mips_cpc_lock_other(cpu_core(&cpu_data[cpu]));
			write_cpc_co_cmd(CPC_Cx_CMD_PWRUP);
			mips_cpc_unlock_other();
			mips_cm_unlock_other();
		}
	}

	local_irq_restore(flags);
}

void mips_smp_send_ipi_mask(const struct cpumask *mask, unsigned int action)
{
	switch (action) {
	case SMP_CALL_FUNCTION:
		irq_desc_send_ipi(smp_ipis[IPI_CALL].desc, mask);
		break;
	case SMP_RESCHEDULE_YOURSELF:
		irq_desc_send_ipi(smp_ipis[IPI_RESCHED].desc, mask);
		break;
	default:
		WARN_ONCE(1, "Unknown IPI %u\n", action);
		return;
	}

	if (!mips_cpc_present())
		return;

	/*
	 * Raise the IPI before the look at the mask: a CPU which leaves the
	 * coherent domain later finds it pending. Pairs with the barrier in
	 * cps_pm_enter_state().
	 */
	smp_mb();
	if (!cpumask_subset(mask, &cpu_coherent_mask))
		power_up_cores(mask);
}

void mips_smp_send_ipi_single(int cpu, unsigned int action)
{
	mips_smp_send_ipi_mask(cpumask_of(cpu), action);
}

/**
 * mips_smp_ipi_enable - Turn the reception of SMP IPIs on
 *
 * Context: On the CPU which comes up, interrupts are off.
 */
void mips_smp_ipi_enable(void)
{
	for (unsigned int i = 0; i < NR_SMP_IPIS; i++) {
		if (smp_ipis[i].desc)
			enable_percpu_irq(smp_ipis[i].virq, IRQ_TYPE_NONE);
	}
}

/**
 * mips_smp_ipi_disable - Turn the reception of SMP IPIs off
 *
 * The reservation stays.
 *
 * Context: On the CPU which goes down, interrupts are off.
 */
void mips_smp_ipi_disable(void)
{
	for (unsigned int i = 0; i < NR_SMP_IPIS; i++) {
		if (smp_ipis[i].desc)
			disable_percpu_irq(smp_ipis[i].virq);
	}
}

static struct irq_domain * __init smp_ipi_domain(void)
{
	struct irq_domain *domain = NULL;
	struct device_node *node;

	node = of_irq_find_parent(of_root);
	if (node)
		domain = irq_find_ipi_domain(of_fwnode_handle(node));
	of_node_put(node);

	/* The device tree of some platforms does not tell */
	return domain ?: irq_find_ipi_domain(NULL);
}

static int __init smp_ipi_setup(struct smp_ipi *ipi, struct irq_domain *domain)
{
	int ret, virq;

	virq = irq_reserve_ipi(domain, cpu_possible_mask);
	if (virq < 0)
		return virq;

	ret = request_percpu_irq(virq, ipi->handler, ipi->name, &smp_ipi_cookie);
	if (ret) {
		irq_destroy_ipi(virq, NULL);
		return ret;
	}

	ipi->virq = virq;
	ipi->desc = irq_to_desc(virq);
	return 0;
}

static void __init smp_ipi_cleanup(struct smp_ipi *ipi)
{
	if (!ipi->desc)
		return;

	ipi->desc = NULL;
	free_percpu_irq(ipi->virq, &smp_ipi_cookie);
	irq_destroy_ipi(ipi->virq, NULL);
}

static int __init smp_ipis_setup(void)
{
	struct irq_domain *domain = smp_ipi_domain();
	int ret;

	/*
	 * A kernel with support for IPI domains may run on a system which has
	 * none. That is fine as long as there is one CPU.
	 */
	if (!domain)
		return num_present_cpus() > 1 ? -ENODEV : 0;

	for (unsigned int i = 0; i < NR_SMP_IPIS; i++) {
		ret = smp_ipi_setup(&smp_ipis[i], domain);
		if (ret) {
			while (i--)
				smp_ipi_cleanup(&smp_ipis[i]);
			return ret;
		}
	}
	return 0;
}

static int __init mips_smp_ipi_init(void)
{
	extern const struct plat_smp_ops *mp_ops;	/* private */
	int ret;

	/* Some platforms have IPIs of their own */
	if (mp_ops->send_ipi_mask != mips_smp_send_ipi_mask ||
	    num_possible_cpus() == 1)
		return 0;

	ret = smp_ipis_setup();
	if (ret) {
		pr_err("No IPIs, continuing with one CPU: %d\n", ret);
		init_cpu_present(cpumask_of(0));
		return ret;
	}

	local_irq_disable();
	mips_smp_ipi_enable();
	local_irq_enable();
	return 0;
}
early_initcall(mips_smp_ipi_init);
