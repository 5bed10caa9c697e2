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
#include <linux/preempt.h>
#include <linux/printk.h>

#include <trace/events/ipi.h>

#include "internals.h"

#ifdef CONFIG_GENERIC_IRQ_IPI_DOMAIN

/*
 * On UP the affinity mask always has CPU 0, which an external IPI does not
 * reach.
 */
static bool ipi_dest_valid(struct irq_data *data, const struct ipi_mapping *map,
			   const struct cpumask *dest)
{
	return !ipi_mapping_is_external(map) && !cpumask_empty(dest) &&
	       cpumask_subset(dest, irq_data_get_affinity_mask(data));
}

static bool ipi_is_reserved(struct irq_data *data)
{
	return irq_data_get_ipi_mapping(data);
}

static bool ipi_can_send(struct irq_data *data, const struct cpumask *dest)
{
	const struct ipi_mapping *map = irq_data_get_ipi_mapping(data);

	return map && ipi_dest_valid(data, map, dest) && data->chip->send_ipi;
}

/* The IPI of a driver, or NULL if there is none or it is about to go */
static const struct ipi_mapping *ipi_find_mapping(struct irq_data *data)
{
	const struct ipi_mapping *map = data ? irq_data_get_ipi_mapping(data) : NULL;

	/*
	 * The affinity mask and the chips of both levels are older than the
	 * mapping, but not reached through it. Pairs with the
	 * rcu_assign_pointer() in ipi_publish().
	 */
	smp_rmb();

	/* Pairs with the WRITE_ONCE() in ipi_shrink() and ipi_withdraw() */
	return map && !READ_ONCE(ACCESS_PRIVATE(map, gone)) ? map : NULL;
}

/* The chip of a driver's IPI, or NULL if it cannot send */
static const struct irq_chip *ipi_find_chip(struct irq_data *data)
{
	const struct irq_chip *chip = READ_ONCE(data->chip);

	return chip->send_ipi ? chip : NULL;
}

static int ipi_send_cpus(struct irq_data *data, const struct cpumask *cpus,
			 unsigned long callsite)
{
	const struct irq_chip *chip = ipi_find_chip(data);

	if (!chip)
		return -EINVAL;

	trace_ipi_send_cpumask(cpus, callsite, NULL);
	chip->send_ipi(data, cpus);
	return 0;
}

static int ipi_send_external(struct irq_data *data, const struct ipi_mapping *map,
			     unsigned long callsite)
{
	const struct irq_chip *chip = ipi_find_chip(data);

	if (!chip)
		return -EINVAL;

	trace_ipi_send_external(data->irq, ipi_mapping_hwid(map), callsite);
	/* Nobody else counts it: the target has no counter in Linux */
	atomic_long_inc((atomic_long_t *)&ACCESS_PRIVATE(map, sent));
	/* Its entry in the mapping is found by bit 0 */
	chip->send_ipi(data, cpumask_of(0));
	return 0;
}

/**
 * irq_send_ipi - Send an IPI to some of its targets
 * @virq:	Linux interrupt number from irq_reserve_ipi()
 * @dest:	CPUs to send to, a subset of the targets, not empty
 *
 * For drivers. An IPI which nobody reserved, see irq_set_global_ipi(), belongs
 * to the architecture and is refused.
 *
 * Stores before the call are visible to the targets when they handle
 * the IPI. A target which is offline or has the IPI disabled may lose it, see
 * Documentation/IRQ-ipi.txt.
 *
 * Context: Any, including NMI, with the exception that Documentation/IRQ-ipi.txt
 *	    names. Neither sleeps nor takes a sleeping lock. May race with
 *	    irq_destroy_ipi(): the IPI is either sent or refused.
 *
 * Return:
 * * %0		- The IPI is on its way to all of @dest.
 * * %-EINVAL	- @virq is no reserved IPI, its chip cannot send, or @dest is
 *		  empty or not a subset of its targets. A target which is not a
 *		  CPU of Linux cannot be in @dest, see irq_send_ipi_all().
 */
int irq_send_ipi(unsigned int virq, const struct cpumask *dest)
{
	const struct ipi_mapping *map;
	struct irq_data *data;

	/* For the chip, too. Pairs with the synchronize_rcu() in ipi_destroy() */
	guard(preempt)();

	data = irq_get_irq_data(virq);
	map = ipi_find_mapping(data);
	if (!map || !dest || !ipi_dest_valid(data, map, dest))
		return -EINVAL;

	return ipi_send_cpus(data, dest, _RET_IP_);
}
EXPORT_SYMBOL_GPL(irq_send_ipi);

/**
 * irq_send_ipi_all - Send an IPI to all of its targets
 * @virq:	Linux interrupt number from irq_reserve_ipi() or
 *		irq_reserve_ipi_external()
 *
 * Stores before the call are visible to the targets when they handle
 * the IPI. A target which is offline or has the IPI disabled may lose it, see
 * Documentation/IRQ-ipi.txt.
 *
 * Context: Any, including NMI, with the exception that Documentation/IRQ-ipi.txt
 *	    names. Neither sleeps nor takes a sleeping lock. May race with
 *	    irq_destroy_ipi(): the IPI is either sent or refused.
 *
 * Return:
 * * %0		- The IPI is on its way to all targets.
 * * %-EINVAL	- @virq is no reserved IPI, or its chip cannot send.
 */
int irq_send_ipi_all(unsigned int virq)
{
	const struct ipi_mapping *map;
	struct irq_data *data;

	/* For the chip, too. Pairs with the synchronize_rcu() in ipi_destroy() */
	guard(preempt)();

	data = irq_get_irq_data(virq);
	map = ipi_find_mapping(data);
	if (!map)
		return -EINVAL;

	if (ipi_mapping_is_external(map))
		return ipi_send_external(data, map, _RET_IP_);

	return ipi_send_cpus(data, irq_data_get_affinity_mask(data), _RET_IP_);
}
EXPORT_SYMBOL_GPL(irq_send_ipi_all);

#else /* CONFIG_GENERIC_IRQ_IPI_DOMAIN */

static bool ipi_is_reserved(struct irq_data *data)
{
	return false;
}

/* What is not reserved is not checked either: it is global or no IPI */
static bool ipi_can_send(struct irq_data *data, const struct cpumask *dest)
{
	return false;
}

#endif /* CONFIG_GENERIC_IRQ_IPI_DOMAIN */

/* irqd_is_global_ipi() without a load of irq_data::common */
static bool irq_desc_is_global_ipi(struct irq_desc *desc)
{
	return ACCESS_PRIVATE(&desc->irq_common_data, state_use_accessors) &
	       IRQD_GLOBAL_IPI;
}

/* Out of line, so that a global IPI does not pay for saving registers */
static noinline int ipi_check_and_send(struct irq_data *data,
				       const struct cpumask *dest,
				       unsigned long callsite)
{
	/* A target which leaves waits for this sender */
	lockdep_assert_preemption_disabled();

	if (likely(ipi_can_send(data, dest))) {
		data->chip->send_ipi(data, dest);
		return 0;
	}

	/*
	 * Arch code ignores the error, and who waits for the target waits for
	 * ever. The caller may hold the lock of a run queue.
	 */
	printk_deferred_once(KERN_WARNING pr_fmt("%pS cannot send IPI %u\n"),
			     (void *)callsite, data->irq);
	return -EINVAL;
}

/**
 * irq_desc_send_ipi - Send an IPI to some of its targets
 * @desc:	Descriptor of the IPI
 * @dest:	CPUs to send to, a subset of the targets, not empty. Not checked for
 *		a global IPI, where it has to be a subset of the possible CPUs.
 *
 * For arch and core code which keeps the IPI for good. Not for drivers, which
 * use irq_send_ipi().
 *
 * Stores before the call are visible to the targets when they handle
 * the IPI.
 *
 * Context: Any in which the caller cannot be preempted, including NMI. Neither
 *	    sleeps nor takes a sleeping lock. May race with irq_destroy_ipi()
 *	    for some of the targets, but not for all: the caller keeps the IPI.
 *
 * Return:
 * * %0		- The IPI is on its way.
 * * %-EINVAL	- @desc is no IPI, its chip cannot send, or @dest is empty or
 *		  not a subset of its targets. The first time, a message says so.
 */
int irq_desc_send_ipi(struct irq_desc *desc, const struct cpumask *dest)
{
	struct irq_data *data = irq_desc_get_irq_data(desc);

	if (unlikely(!irq_desc_is_global_ipi(desc)))
		return ipi_check_and_send(data, dest, _RET_IP_);

	/* The chip of a global IPI can send: checked where the flag is set */
	data->chip->send_ipi(data, dest);
	return 0;
}

/**
 * irq_set_global_ipi - Mark an interrupt as IPI which targets all possible CPUs
 * @virq:	Linux interrupt number
 *
 * For interrupt controllers whose per-CPU interrupts are IPIs by nature, so
 * that arch code does not reserve them from an IPI domain. Once per interrupt,
 * before the first irq_desc_send_ipi(), with the chip that it keeps. Drivers
 * cannot send what they have not reserved.
 *
 * Context: Any.
 *
 * Return:
 * * %0		- The interrupt is a global IPI.
 * * %-EINVAL	- @virq does not exist, is no per-CPU interrupt, its chip
 *		  cannot send, or it was reserved for some of the CPUs only.
 */
int irq_set_global_ipi(unsigned int virq)
{
	struct irq_desc *desc = irq_to_desc(virq);
	struct irq_data *data;

	if (!desc || !irq_settings_is_per_cpu_devid(desc))
		return -EINVAL;

	guard(raw_spinlock_irqsave)(&desc->lock);

	data = irq_desc_get_irq_data(desc);
	if (!data->chip->send_ipi)
		return -EINVAL;

	/* What was reserved has the targets it was reserved for */
	if (ipi_is_reserved(data) && !irqd_is_global_ipi(data))
		return -EINVAL;

	irq_data_update_affinity(data, cpu_possible_mask);
	irqd_set(data, IRQD_GLOBAL_IPI);
	return 0;
}
