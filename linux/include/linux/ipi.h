/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * IPI domains: what an interrupt controller driver needs to offer IPIs.
 *
 * Users of IPIs find what they need in linux/irq.h (sending) and
 * linux/irqdomain.h (reserving). See Documentation/IRQ-ipi.txt.
 */
#ifndef _LINUX_IPI_H
#define _LINUX_IPI_H

#include <linux/cpumask.h>
#include <linux/irq.h>
#include <linux/rcupdate.h>
#include <linux/smp.h>

struct irq_domain;

#ifdef CONFIG_GENERIC_IRQ_IPI_DOMAIN

/**
 * struct ipi_mapping - Target to hwirq table of an IPI
 * @first:	Number of the first target
 * @nr:		Number of entries in @hwirq
 * @external:	The one target is not a CPU of Linux
 * @hwid:	Hardware id of the external target
 * @rcu:	For freeing the mapping behind the back of late readers
 * @hwirq:	Hardware interrupt number of target @first + index, INVALID_HWIRQ
 *		where the IPI has no such target
 *
 * Covers the targets from the first to the last one, and serves every shape of
 * hardware: hwirqs which are consecutive, which have gaps, or which are the
 * same for all targets. A target is the number of a CPU, or 0 for the external
 * target. Use the accessors below.
 */
struct ipi_mapping {
	unsigned int		__private first;
	unsigned int		__private nr;
	bool			__private external;
	unsigned long		__private hwid;
	struct rcu_head		rcu;
	irq_hw_number_t		__private hwirq[] __counted_by(nr);
};

/**
 * irq_data_get_ipi_mapping - Get the mapping of an IPI
 * @d:	Interrupt data of the IPI, of any level of its hierarchy
 *
 * Context: Any, including NMI. In the callbacks of a chip, the mapping stays.
 *	    Elsewhere, until the end of the RCU read side critical section.
 *
 * Return: The mapping, or NULL if the interrupt is not a reserved IPI.
 */
static inline const struct ipi_mapping *irq_data_get_ipi_mapping(struct irq_data *d)
{
	/*
	 * Pairs with the smp_store_release() in ipi_domain_alloc() and the
	 * WRITE_ONCE() in ipi_domain_free()
	 */
	return READ_ONCE(d->common->ipi_mapping);
}

static inline bool ipi_mapping_is_external(const struct ipi_mapping *map)
{
	return ACCESS_PRIVATE(map, external);
}

/**
 * ipi_mapping_get - Look up the hwirq of a target
 * @map:	Mapping of the IPI
 * @target:	Number of a CPU, or 0 for the external target
 *
 * Context: Any, including NMI.
 *
 * Return: The hwirq, or %INVALID_HWIRQ if @target is not a target of the IPI.
 */
static inline irq_hw_number_t ipi_mapping_get(const struct ipi_mapping *map,
					      unsigned int target)
{
	/* A target below the first one wraps around and is out of range, too */
	unsigned int i = target - ACCESS_PRIVATE(map, first);

	if (i >= ACCESS_PRIVATE(map, nr))
		return INVALID_HWIRQ;

	/* Pairs with the WRITE_ONCE() in ipi_mapping_set() */
	return READ_ONCE(ACCESS_PRIVATE(map, hwirq[i]));
}

/**
 * irq_data_get_ipi_hwirq - Look up the hwirq of the calling CPU
 * @d:	Interrupt data of the IPI, of any level of its hierarchy
 *
 * For the irq_ack(), irq_mask() and irq_unmask() callbacks, which act on the
 * hwirq of the CPU they run on.
 *
 * Context: Any in which the caller does not migrate.
 *
 * Return: The hwirq, or %INVALID_HWIRQ if the CPU is not a target of the IPI.
 */
static inline irq_hw_number_t irq_data_get_ipi_hwirq(struct irq_data *d)
{
	return ipi_mapping_get(irq_data_get_ipi_mapping(d), smp_processor_id());
}

/*
 * State of for_each_ipi_hwirq(). The mapping's part is a copy, so that the
 * stores which raise the IPI do not make the loop read it again. @start is the
 * index of the target which is bit 0 of the current word, and wraps around.
 */
struct ipi_iter {
	const irq_hw_number_t	*hwirq;
	unsigned int		first;
	unsigned int		nr;
	const unsigned long	*word;
	unsigned long		bits;
	unsigned int		start;
};

static __always_inline struct ipi_iter
ipi_iter_start(const struct ipi_mapping *map, const struct cpumask *mask)
{
	return (struct ipi_iter) {
		.hwirq	= ACCESS_PRIVATE(map, hwirq),
		.first	= ACCESS_PRIVATE(map, first),
		.nr	= ACCESS_PRIVATE(map, nr),
		.word	= cpumask_bits(mask),
		.bits	= cpumask_bits(mask)[0],
		.start	= -ACCESS_PRIVATE(map, first),
	};
}

/*
 * Takes the mask word by word. for_each_cpu() would search the word anew for
 * each target, and out of line if NR_CPUS is large. Bits beyond the last CPU
 * are out of the mapping's range, too.
 */
static __always_inline bool ipi_iter_find(struct ipi_iter *iter,
					  irq_hw_number_t *hwirq,
					  unsigned int *target)
{
	unsigned int i;

	for (;;) {
		for (; iter->bits; iter->bits &= iter->bits - 1) {
			/* A target below the first one is out of range, too */
			i = iter->start + __ffs(iter->bits);
			if (unlikely(i >= iter->nr))
				continue;

			/* Pairs with the WRITE_ONCE() in ipi_mapping_set() */
			*hwirq = READ_ONCE(iter->hwirq[i]);
			*target = iter->first + i;
			if (likely(*hwirq != INVALID_HWIRQ))
				return true;
		}

		/* If it is known early, the test is at the end of the loop */
		if (small_cpumask_bits <= BITS_PER_LONG)
			return false;

		iter->start += BITS_PER_LONG;
		if (iter->start + iter->first >= small_cpumask_bits)
			return false;
		iter->bits = *++iter->word;
	}
}

/**
 * for_each_ipi_hwirq - Iterate over the hwirqs of the targets in a mask
 * @_hwirq:	irq_hw_number_t, the hwirq of the target
 * @_target:	unsigned int, the target
 * @_map:	Mapping of the IPI
 * @_mask:	Mask handed to the send_ipi() callback
 *
 * Skips what is not a target of the IPI.
 */
#define for_each_ipi_hwirq(_hwirq, _target, _map, _mask)		\
	for (struct ipi_iter __iter = ipi_iter_start(_map, _mask);	\
	     ipi_iter_find(&__iter, &(_hwirq), &(_target));		\
	     __iter.bits &= __iter.bits - 1)

/**
 * struct ipi_domain_ops - Interrupt controller side of an IPI domain
 * @chip:	Chip which handles the hwirqs of IPIs. Its irq_ack(), irq_mask(),
 *		irq_unmask() and irq_eoi() act on irq_data_get_ipi_hwirq() of
 *		the calling CPU. Its send_ipi() gets the mask of all targets,
 *		looks their hwirqs up in the mapping and carries, once per
 *		mask, the barrier which orders prior memory accesses before the
 *		IPI. The callbacks get the interrupt data of either level, whose
 *		chip data is the host data of the controller's domain, and leave
 *		irq_data::hwirq alone.
 * @alloc:	Allocate a hwirq for each CPU in @dest, which is not empty, route
 *		it there, leave it masked and ipi_mapping_set() it. Targets may
 *		share a hwirq. Returns 0, -ENOSPC if no hwirqs are left, or
 *		-EINVAL if a target can not be reached. After an error the core
 *		frees what was set.
 * @alloc_external: Allocate a hwirq for the processor with hardware id @hwid,
 *		which does not run Linux, route it there and leave it unmasked.
 *		Returns as @alloc. Optional.
 * @free:	Free one hwirq, which is neither sent nor resolved any more. Called
 *		once per hwirq, when its last target goes. Leaves it masked and
 *		not pending.
 *
 * @alloc, @alloc_external and @free get the controller's domain and run in
 * process context under the lock of the root domain, which serializes them.
 */
struct ipi_domain_ops {
	const struct irq_chip	*chip;
	int			(*alloc)(struct irq_domain *parent,
					 struct ipi_mapping *map,
					 const struct cpumask *dest);
	int			(*alloc_external)(struct irq_domain *parent,
						  unsigned long hwid,
						  irq_hw_number_t *hwirq);
	void			(*free)(struct irq_domain *parent,
					irq_hw_number_t hwirq);
};

void ipi_mapping_set(struct ipi_mapping *map, unsigned int target,
		     irq_hw_number_t hwirq);
void irq_chip_send_ipi(struct irq_data *data, const struct cpumask *dest);
struct irq_domain *ipi_create_irq_domain(struct irq_domain *parent,
					 const struct ipi_domain_ops *ops);
void irq_set_default_ipi_domain(struct irq_domain *domain);

#else /* CONFIG_GENERIC_IRQ_IPI_DOMAIN */

static inline const struct ipi_mapping *irq_data_get_ipi_mapping(struct irq_data *d)
{
	return NULL;
}

static inline bool ipi_mapping_is_external(const struct ipi_mapping *map)
{
	return false;
}

#endif /* CONFIG_GENERIC_IRQ_IPI_DOMAIN */

/* On UP the affinity mask always has CPU 0, which an external IPI does not reach */
static inline const struct cpumask *irq_data_get_ipi_cpus(struct irq_data *d)
{
	const struct ipi_mapping *map = irq_data_get_ipi_mapping(d);

	if (map && ipi_mapping_is_external(map))
		return cpu_none_mask;
	return irq_data_get_affinity_mask(d);
}

#endif /* _LINUX_IPI_H */
