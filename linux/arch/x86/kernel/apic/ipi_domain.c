// SPDX-License-Identifier: GPL-2.0-only
/*
 * The IPI domain of the local APICs, a child of the vector domain.
 *
 * An IPI has one vector, which is the same on all of its targets. The way back
 * from the vector to the interrupt is vector_irq, by CPU: a target which has the
 * IPI enabled finds the descriptor there, any other one finds VECTOR_IPI_MASKED
 * and ignores the interrupt.
 */

#include <linux/cpu.h>
#include <linux/cpufeature.h>
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/init.h>
#include <linux/ipi.h>
#include <linux/irq.h>
#include <linux/irqdomain.h>
#include <linux/list.h>
#include <linux/preempt.h>
#include <linux/slab.h>
#include <linux/smp.h>

#include <asm/apic.h>
#include <asm/barrier.h>
#include <asm/hw_irq.h>
#include <asm/irqdomain.h>

#include "local.h"

/*
 * Software may not raise an IPI, nor any other interrupt of the vector domain: the
 * handler would not run in hard interrupt context, and no APIC waits for the EOI.
 * The flag is under the lock of the descriptor, as is the call.
 */
static void x86_ipi_unmask(struct irq_data *data)
{
	irqd_set_handle_enforce_irqctx(data);
	this_cpu_write(vector_irq[irq_data_get_ipi_hwirq(data)], irq_data_to_desc(data));
}

static void x86_ipi_mask(struct irq_data *data)
{
	this_cpu_write(vector_irq[irq_data_get_ipi_hwirq(data)], VECTOR_IPI_MASKED);
}

static void x86_ipi_ack(struct irq_data *data)
{
	apic_eoi();
}

/*
 * An NMI may come between a sender's writes to ICR2 and ICR. The sender waited
 * for the ICR before, so it is left idle, too.
 */
static u32 x86_ipi_save_icr2(void)
{
	return in_nmi() && !x2apic_mode ? apic_read(APIC_ICR2) : 0;
}

static void x86_ipi_restore_icr2(u32 icr2)
{
	if (in_nmi() && !x2apic_mode) {
		apic_wait_icr_idle();
		apic_write(APIC_ICR2, icr2);
	}
}

/*
 * For masks with CPUs which are offline: an APIC may not know their ids, or take
 * that of a CPU which was never there for a broadcast. And for NMIs, since an APIC
 * may have a mask of its own in the works.
 */
static noinline void x86_ipi_send_each(const struct cpumask *dest, int vector)
{
	u32 icr2 = x86_ipi_save_icr2();
	unsigned int cpu;

	for_each_cpu_and(cpu, dest, cpu_online_mask)
		__apic_send_IPI(cpu, vector);
	x86_ipi_restore_icr2(icr2);
}

static void x86_ipi_send_external(u32 apic_id, unsigned int vector)
{
	unsigned long flags;
	u32 icr2;

	/*
	 * The write to the MSR of an x2APIC does not wait for memory accesses.
	 * Pairs with the interrupt entry of the other processor.
	 */
	weak_wrmsr_fence();

	local_irq_save(flags);
	icr2 = x86_ipi_save_icr2();
	apic_wait_icr_idle();
	apic_icr_write(APIC_DEST_PHYSICAL | APIC_DM_FIXED | vector, apic_id);
	x86_ipi_restore_icr2(icr2);
	local_irq_restore(flags);
}

static void x86_ipi_send_mask(const struct cpumask *dest, int vector)
{
	if (unlikely(!cpumask_subset(dest, cpu_online_mask)))
		x86_ipi_send_each(dest, vector);
	else
		__apic_send_IPI_mask(dest, vector);
}

/* Out of line, so that a global IPI does not pay for saving registers */
static noinline void x86_ipi_send_some(const struct ipi_mapping *map,
				       const struct cpumask *dest)
{
	irq_hw_number_t vector = ipi_mapping_get_uniform(map);

	if (ipi_mapping_is_external(map))
		x86_ipi_send_external(ipi_mapping_hwid(map), vector);
	else if (in_nmi())
		x86_ipi_send_each(dest, vector);
	else
		x86_ipi_send_mask(dest, vector);
}

static void x86_ipi_send(struct irq_data *data, const struct cpumask *dest)
{
	const struct ipi_mapping *map = irq_data_get_ipi_mapping(data);
	irq_hw_number_t vector = ipi_mapping_get_uniform(map);

	/*
	 * Only a global IPI is broadcast, like those of SMP: a CPU which is coming
	 * up gets a broadcast, too, and others have no mark for the vector, or have
	 * it for another IPI.
	 */
	if (unlikely(!irqd_is_global_ipi(data) || in_nmi())) {
		x86_ipi_send_some(map, dest);
		return;
	}

	if (!__apic_send_IPI_shorthand(dest, vector))
		x86_ipi_send_mask(dest, vector);
}

static const struct irq_chip x86_ipi_chip = {
	.name		= "APIC",
	.irq_mask	= x86_ipi_mask,
	.irq_unmask	= x86_ipi_unmask,
	.irq_ack	= x86_ipi_ack,
	.send_ipi	= x86_ipi_send,
};

static int x86_ipi_alloc(struct irq_domain *parent, struct ipi_mapping *map,
			 const struct cpumask *dest)
{
	int vector = x86_ipi_alloc_vector(dest);
	unsigned int cpu;

	if (vector < 0)
		return vector;

	for_each_cpu(cpu, dest)
		ipi_mapping_set(map, cpu, vector);
	return 0;
}

/**
 * struct x86_ipi_foreign - The vectors of a processor outside of Linux
 * @node:	In x86_ipi_foreigns
 * @apic_id:	APIC id of the processor
 * @vectors:	Those which IPIs have
 */
struct x86_ipi_foreign {
	struct list_head	node;
	u32			apic_id;
	DECLARE_BITMAP(vectors, NR_VECTORS);
};

/* Under the lock of the vector domain */
static LIST_HEAD(x86_ipi_foreigns);

/*
 * All ones are a broadcast, and a possible CPU may run Linux one day. The topology
 * knows the ids of CPUs which Linux has rejected, too.
 */
static int x86_ipi_check_foreign(unsigned long hwid)
{
	unsigned int cpu;

	if (hwid >= U32_MAX || !apic_id_valid(hwid))
		return -EINVAL;

	for_each_possible_cpu(cpu) {
		if (arch_match_cpu_phys_id(cpu, hwid))
			return -EBUSY;
	}
	return 0;
}

static struct x86_ipi_foreign *x86_ipi_find_foreign(u32 apic_id)
{
	struct x86_ipi_foreign *foreign;

	list_for_each_entry(foreign, &x86_ipi_foreigns, node) {
		if (foreign->apic_id == apic_id)
			return foreign;
	}
	return NULL;
}

static struct x86_ipi_foreign *x86_ipi_get_foreign(u32 apic_id)
{
	struct x86_ipi_foreign *foreign = x86_ipi_find_foreign(apic_id);

	if (foreign)
		return foreign;

	foreign = kzalloc(sizeof(*foreign), GFP_KERNEL);
	if (foreign) {
		foreign->apic_id = apic_id;
		list_add(&foreign->node, &x86_ipi_foreigns);
	}
	return foreign;
}

static void x86_ipi_put_foreign(struct x86_ipi_foreign *foreign)
{
	if (bitmap_empty(foreign->vectors, NR_VECTORS)) {
		list_del(&foreign->node);
		kfree(foreign);
	}
}

static int x86_ipi_alloc_external(struct irq_domain *parent, unsigned long hwid,
				  irq_hw_number_t *hwirq)
{
	struct x86_ipi_foreign *foreign;
	int ret;

	ret = x86_ipi_check_foreign(hwid);
	if (ret)
		return ret;

	foreign = x86_ipi_get_foreign(hwid);
	if (!foreign)
		return -ENOMEM;

	*hwirq = find_next_zero_bit(foreign->vectors, NR_VECTORS, FIRST_EXTERNAL_VECTOR);
	if (*hwirq >= NR_VECTORS)
		return -ENOSPC;

	set_bit(*hwirq, foreign->vectors);
	return 0;
}

/* What is pending at a foreign processor is for its program to take */
static void x86_ipi_free(struct irq_domain *parent, const struct ipi_mapping *map,
			 unsigned int cpu, irq_hw_number_t hwirq)
{
	struct x86_ipi_foreign *foreign;

	if (!ipi_mapping_is_external(map)) {
		x86_ipi_free_vector(cpu, hwirq);
		return;
	}

	foreign = x86_ipi_find_foreign(ipi_mapping_hwid(map));
	clear_bit(hwirq, foreign->vectors);
	x86_ipi_put_foreign(foreign);
}

static const struct ipi_domain_ops x86_ipi_ops = {
	.chip		= &x86_ipi_chip,
	.banked		= true,
	.alloc		= x86_ipi_alloc,
	.alloc_external	= x86_ipi_alloc_external,
	.free		= x86_ipi_free,
};

/* Xen PV guests have event channels instead of vectors */
static int __init x86_ipi_init(void)
{
	struct irq_domain *domain;

	if (apic_is_disabled || cpu_feature_enabled(X86_FEATURE_XENPV))
		return 0;

	domain = ipi_create_irq_domain(x86_vector_domain->fwnode, x86_vector_domain,
				       &x86_ipi_ops);
	if (IS_ERR(domain))
		return PTR_ERR(domain);

	irq_set_default_ipi_domain(domain);
	return 0;
}
arch_initcall(x86_ipi_init);
