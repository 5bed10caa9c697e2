// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sending inter-processor interrupts.
 *
 * An IPI is one Linux interrupt, whatever the number of its hwirqs. Arch code
 * and drivers send it with the same callback of the same interrupt chip. See
 * Documentation/IRQ-ipi.txt.
 */

#define pr_fmt(fmt) "genirq/ipi: " fmt

#include <linux/cpumask.h>
#include <linux/export.h>
#include <linux/ipi.h>
#include <linux/irq.h>
#include <linux/lockdep.h>
#include <linux/rcupdate.h>

#include <trace/events/ipi.h>

#include "internals.h"

/* Controllers share a chip between IPIs and devices, so the chip can't tell */
static bool ipi_dest_valid(struct irq_data *data, const struct cpumask *dest)
{
	return irq_data_get_ipi_mapping(data) &&
	       cpumask_subset(dest, irq_data_get_ipi_cpus(data));
}

/* irqd_is_global_ipi() without a load of irq_data::common */
static bool irq_desc_is_global_ipi(struct irq_desc *desc)
{
	return ACCESS_PRIVATE(&desc->irq_common_data, state_use_accessors) &
	       IRQD_GLOBAL_IPI;
}

/* Out of line, so that a global IPI does not pay for saving registers */
static noinline int ipi_check_and_send(struct irq_data *data,
				       const struct cpumask *dest)
{
	/* A target which leaves waits for this sender */
	lockdep_assert_preemption_disabled();

	if (!ipi_dest_valid(data, dest) || !data->chip->send_ipi)
		return -EINVAL;

	data->chip->send_ipi(data, dest);
	return 0;
}

/**
 * irq_desc_send_ipi - Send an IPI to some of its targets
 * @desc:	Descriptor of the IPI
 * @dest:	CPUs to send to, a subset of the targets. Not checked for a global
 *		IPI, where it has to be a subset of the possible CPUs.
 *
 * For arch and core code which keeps the IPI for good. Not for drivers, which
 * use irq_send_ipi().
 *
 * Memory accesses before the call are visible to the targets when they handle
 * the IPI.
 *
 * Context: Any in which the caller can not be preempted, including NMI. Neither
 *	    sleeps nor takes a sleeping lock. May race with irq_destroy_ipi()
 *	    for some of the targets, but not for all: the caller keeps the IPI.
 *
 * Return:
 * * %0		- The IPI is on its way.
 * * %-EINVAL	- @desc is no IPI, its chip can't send, or @dest is not a subset
 *		  of its targets.
 */
int irq_desc_send_ipi(struct irq_desc *desc, const struct cpumask *dest)
{
	struct irq_data *data = irq_desc_get_irq_data(desc);

	if (unlikely(!irq_desc_is_global_ipi(desc)))
		return ipi_check_and_send(data, dest);

	/* The chip of a global IPI can send, see irq_set_chip() */
	data->chip->send_ipi(data, dest);
	return 0;
}

/* @cpus is what the tracepoint shows of @dest: the CPUs of Linux */
static int ipi_trace_send(struct irq_data *data, const struct cpumask *dest,
			  const struct cpumask *cpus, unsigned long callsite)
{
	const struct irq_chip *chip;

	/*
	 * The chips of this level and of the parent are not older than the
	 * mapping. Pairs with the smp_store_release() in ipi_domain_alloc().
	 */
	smp_rmb();

	/* A racing irq_destroy_ipi() replaces the chip */
	chip = READ_ONCE(data->chip);
	if (!chip->send_ipi)
		return -EINVAL;

	trace_ipi_send_cpumask(cpus, callsite, NULL);
	chip->send_ipi(data, dest);
	return 0;
}

/**
 * irq_send_ipi - Send an IPI to some of its targets
 * @virq:	Linux interrupt number from irq_reserve_ipi()
 * @dest:	CPUs to send to, a subset of the targets
 *
 * For drivers. An IPI which nobody reserved, see irq_set_global_ipi(), belongs
 * to the architecture and is refused.
 *
 * Memory accesses before the call are visible to the targets when they handle
 * the IPI.
 *
 * Context: Any, including NMI. Neither sleeps nor takes a sleeping lock. May
 *	    race with irq_destroy_ipi(): the IPI is either sent or refused.
 *
 * Return:
 * * %0		- The IPI is on its way.
 * * %-EINVAL	- @virq is no reserved IPI, its chip can't send, or @dest is not
 *		  a subset of its targets. A target which is not a CPU of Linux
 *		  can't be in @dest, see irq_send_ipi_all().
 */
int irq_send_ipi(unsigned int virq, const struct cpumask *dest)
{
	struct irq_data *data;

	/* Pairs with the synchronize_rcu() in ipi_release_targets() */
	guard(rcu)();

	data = irq_get_irq_data(virq);
	if (!data || !dest || !ipi_dest_valid(data, dest))
		return -EINVAL;

	return ipi_trace_send(data, dest, dest, _RET_IP_);
}
EXPORT_SYMBOL_GPL(irq_send_ipi);

/**
 * irq_send_ipi_all - Send an IPI to all of its targets
 * @virq:	Linux interrupt number from irq_reserve_ipi()
 *
 * Memory accesses before the call are visible to the targets when they handle
 * the IPI.
 *
 * Context: Any, including NMI. Neither sleeps nor takes a sleeping lock. May
 *	    race with irq_destroy_ipi(): the IPI is either sent or refused.
 *
 * Return:
 * * %0		- The IPI is on its way.
 * * %-EINVAL	- @virq is no reserved IPI, or its chip can't send.
 */
int irq_send_ipi_all(unsigned int virq)
{
	const struct ipi_mapping *map;
	const struct cpumask *cpus;
	struct irq_data *data;

	/* Pairs with the synchronize_rcu() in ipi_release_targets() */
	guard(rcu)();

	data = irq_get_irq_data(virq);
	map = data ? irq_data_get_ipi_mapping(data) : NULL;
	if (!map)
		return -EINVAL;

	cpus = irq_data_get_ipi_cpus(data);
	if (ipi_mapping_is_external(map))
		return ipi_trace_send(data, cpumask_of(0), cpus, _RET_IP_);

	return ipi_trace_send(data, cpus, cpus, _RET_IP_);
}
EXPORT_SYMBOL_GPL(irq_send_ipi_all);

/**
 * irq_set_global_ipi - Mark an interrupt as IPI which targets all possible CPUs
 * @virq:	Linux interrupt number
 *
 * For interrupt controllers whose per-CPU interrupts are IPIs by nature, so
 * that arch code does not reserve them from an IPI domain. Once per interrupt,
 * before the first irq_desc_send_ipi(). Drivers can not send it.
 *
 * Context: Any.
 *
 * Return:
 * * %0		- The interrupt is a global IPI.
 * * %-EINVAL	- @virq does not exist, is no per-CPU interrupt, or its chip
 *		  can't send.
 */
int irq_set_global_ipi(unsigned int virq)
{
	struct irq_desc *desc;
	struct irq_data *data;
	unsigned long flags;
	int ret = -EINVAL;

	desc = irq_get_desc_lock(virq, &flags, IRQ_GET_DESC_CHECK_PERCPU);
	if (!desc)
		return ret;

	data = irq_desc_get_irq_data(desc);
	if (data->chip->send_ipi) {
		irq_data_update_affinity(data, cpu_possible_mask);
		irqd_set(data, IRQD_GLOBAL_IPI);
		ret = 0;
	}

	irq_put_desc_unlock(desc, flags);
	return ret;
}
