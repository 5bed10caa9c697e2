/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Inter-processor interrupts: reserving and sending them, and what an interrupt
 * controller driver needs to offer them. See Documentation/IRQ-ipi.txt.
 */
#ifndef _LINUX_IPI_H
#define _LINUX_IPI_H

#include <linux/atomic.h>
#include <linux/cpumask.h>
#include <linux/errno.h>
#include <linux/irq.h>
#include <linux/irqdomain.h>
#include <linux/limits.h>
#include <linux/rcupdate.h>
#include <linux/smp.h>

struct irq_desc;
struct ipi_arrival;

/* Arch and core code, with GENERIC_IRQ_IPI */
int irq_desc_send_ipi(struct irq_desc *desc, const struct cpumask *dest);
int irq_set_global_ipi(unsigned int virq);

/* For ipi_get_arrival(): the target of an IPI which does not run Linux */
#define IPI_EXTERNAL	UINT_MAX

/**
 * struct ipi_arrival - How an IPI arrives at a target
 * @hwid:	Hardware id of the target, if it is external
 * @hwirq:	Number by which the target's program sees the IPI at the controller
 *		and clears it, as the controller's manual counts
 * @pin:	Input of the target where the IPI arrives, as the processor's manual
 *		counts; 0 if there is only one
 *
 * Firmware is handed these as they are.
 */
struct ipi_arrival {
	unsigned long		hwid;
	irq_hw_number_t		hwirq;
	unsigned int		pin;
};

#ifdef CONFIG_GENERIC_IRQ_IPI_DOMAIN

/* Users of IPIs */
struct irq_domain *irq_find_ipi_domain(struct fwnode_handle *fwnode);
int irq_reserve_ipi(struct irq_domain *domain, const struct cpumask *dest);
int irq_reserve_ipi_external(struct irq_domain *domain, unsigned long hwid);
int irq_destroy_ipi(unsigned int virq, const struct cpumask *dest);
int irq_send_ipi(unsigned int virq, const struct cpumask *dest);
int irq_send_ipi_all(unsigned int virq);
irq_hw_number_t ipi_get_hwirq(unsigned int virq, unsigned int target);
int ipi_get_arrival(unsigned int virq, unsigned int target,
		    struct ipi_arrival *arrival);

/**
 * struct ipi_mapping - Target to hwirq table of an IPI
 * @first:	Number of the first target
 * @nr:		Number of entries in @hwirq
 * @nr_cpus:	Number of entries for CPUs: @nr, or 0 if the target is external
 * @gone:	The IPI is being destroyed
 * @hwid:	Hardware id of the external target
 * @sent:	How often the IPI was sent to the external target
 * @rcu:	For freeing the mapping behind the back of late readers
 * @uniform:	The hwirq which all targets share, or INVALID_HWIRQ
 * @hwirq:	Hardware interrupt number of target @first + index, INVALID_HWIRQ
 *		where the IPI has no such target
 *
 * Covers the targets from the first to the last one, and serves every shape of
 * hardware: hwirqs which are consecutive, which have gaps, or which are the
 * same for all targets. The external target is entry 0. Use the accessors
 * below.
 */
struct ipi_mapping {
	unsigned int		__private first;
	unsigned int		__private nr;
	unsigned int		__private nr_cpus;
	bool			__private gone;
	unsigned long		__private hwid;
	atomic_long_t		__private sent;
	struct rcu_head		rcu;
	irq_hw_number_t		__private uniform;
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
	 * A global IPI of arch code is sent from CPUs which RCU does not watch,
	 * too. Its owner keeps it. Pairs with the rcu_assign_pointer() in
	 * ipi_publish().
	 */
	return rcu_dereference_check(d->common->ipi_mapping,
				     rcu_read_lock_any_held() ||
				     irqd_is_global_ipi(d));
}

/**
 * ipi_mapping_is_external - Tell whether the target runs Linux
 * @map:	Mapping of the IPI
 *
 * Return: True for an IPI of irq_reserve_ipi_external().
 */
static inline bool ipi_mapping_is_external(const struct ipi_mapping *map)
{
	return !ACCESS_PRIVATE(map, nr_cpus);
}

/**
 * ipi_mapping_hwid - Get the hardware id of the external target
 * @map:	Mapping of an IPI for which ipi_mapping_is_external() is true
 *
 * For controllers whose trigger names the destination.
 *
 * Return: What irq_reserve_ipi_external() was called with.
 */
static inline unsigned long ipi_mapping_hwid(const struct ipi_mapping *map)
{
	return ACCESS_PRIVATE(map, hwid);
}

/**
 * ipi_mapping_get - Look up the hwirq of a CPU
 * @map:	Mapping of the IPI
 * @cpu:	Number of the CPU, any number will do
 *
 * Context: Any, including NMI.
 *
 * Return: The hwirq, or %INVALID_HWIRQ if @cpu is not a target of the IPI.
 */
static inline irq_hw_number_t ipi_mapping_get(const struct ipi_mapping *map,
					      unsigned int cpu)
{
	/* A CPU below the first target wraps around and is out of range, too */
	unsigned int i = cpu - ACCESS_PRIVATE(map, first);

	if (i >= ACCESS_PRIVATE(map, nr_cpus))
		return INVALID_HWIRQ;

	/* Pairs with the WRITE_ONCE() in ipi_free_hwirqs() */
	return READ_ONCE(ACCESS_PRIVATE(map, hwirq[i]));
}

/**
 * ipi_mapping_get_uniform - Look up the hwirq which all targets share
 * @map:	Mapping of the IPI
 *
 * For controllers which send a number to a mask of CPUs at once.
 *
 * Context: Any, including NMI.
 *
 * Return: The hwirq, or %INVALID_HWIRQ if the targets have several.
 */
static inline irq_hw_number_t ipi_mapping_get_uniform(const struct ipi_mapping *map)
{
	return ACCESS_PRIVATE(map, uniform);
}

/**
 * irq_data_get_ipi_hwirq - Look up the hwirq of the calling CPU
 * @d:	Interrupt data of the IPI, of any level of its hierarchy
 *
 * For the irq_ack(), irq_mask(), irq_unmask() and irq_eoi() callbacks of a
 * controller, which act on the hwirq of the CPU they run on. The core invokes
 * them on CPUs which have one only.
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

			/* Pairs with the WRITE_ONCE() in ipi_free_hwirqs() */
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
 * @_target:	unsigned int, the CPU; no CPU if ipi_mapping_is_external()
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
 * @chip:	How the controller handles the hwirqs of IPIs, see below
 * @banked:	Each CPU has hwirqs of its own, so that the same number on two
 *		CPUs may belong to two IPIs. The controller finds the interrupt
 *		of a hwirq by CPU: its irq_unmask() lets the calling CPU's hwirq
 *		lead to the interrupt, and its irq_mask() to nothing. Otherwise
 *		the reverse map of the controller's domain has all hwirqs.
 * @alloc:	Allocate a hwirq for each CPU in @dest, which is not empty, route
 *		it there, leave it masked and ipi_mapping_set() it. CPUs which
 *		are offline are no exception. Targets may share a hwirq. Returns
 *		0, -ENOSPC if no hwirqs are left, or -EINVAL if a target cannot
 *		be reached. After an error the core frees what was set.
 * @alloc_external: Allocate a hwirq for the processor with hardware id @hwid,
 *		which does not run Linux, route it there and leave it unmasked.
 *		Returns 0, -ENOMEM, -ENOSPC if no hwirqs are left, -EINVAL if
 *		there is no such processor or it cannot be reached, or -EBUSY if
 *		it is a CPU which Linux may own. Optional.
 * @arrival:	Turn ipi_arrival::hwirq, which is a hwirq of the controller's
 *		domain, into the number that the manual has, and fill in
 *		ipi_arrival::pin. Runs in any context. Optional, if the hwirq is
 *		that number and there is one pin.
 * @is_pending:	Tell whether @hwirq was raised and the target has not acknowledged
 *		it yet. Of a banked one this is about the calling CPU. Runs in any
 *		context. Optional, for irq_get_irqchip_state().
 * @free:	Free @hwirq, which is neither sent nor resolved any more, and leave
 *		it masked and not pending, on a CPU that is offline by the time it
 *		comes up. If @banked, this is for each target @cpu that leaves.
 *		Otherwise it is once for each hwirq, when its last target @cpu
 *		leaves. If ipi_mapping_is_external(), @cpu is none and
 *		ipi_mapping_hwid() is the target.
 *
 * Of @chip, these callbacks are used and no others: irq_mask(), irq_unmask(),
 * irq_ack() and irq_eoi(), the latter two if they are there, and send_ipi().
 * They get the interrupt data of the controller's domain, whose chip data is
 * the domain's host data and whose hwirq is INVALID_HWIRQ. The first four act
 * on irq_data_get_ipi_hwirq(), and run on CPUs which have one. A CPU that leaves
 * the targets loses it while the hwirqs of others still lead to the IPI, so those
 * which the CPU has not enabled must not reach it. send_ipi() gets the CPUs to
 * send to and runs with preemption disabled. It looks their hwirqs up in the
 * mapping, and carries, once per mask, the barrier that orders prior stores
 * before the IPI. The mask of a global IPI is not checked: it may be
 * empty, or have CPUs which do not exist. For an external target the mask has no
 * meaning but to for_each_ipi_hwirq().
 *
 * @alloc, @alloc_external and @free get the controller's domain and run in
 * process context under the lock of the root domain, which serializes them. They
 * neither reserve nor destroy IPIs, nor take the lock of CPU hotplug.
 */
struct ipi_domain_ops {
	const struct irq_chip	*chip;
	bool			banked;
	int			(*alloc)(struct irq_domain *parent,
					 struct ipi_mapping *map,
					 const struct cpumask *dest);
	int			(*alloc_external)(struct irq_domain *parent,
						  unsigned long hwid,
						  irq_hw_number_t *hwirq);
	void			(*arrival)(struct irq_domain *parent,
					   struct ipi_arrival *arrival);
	bool			(*is_pending)(struct irq_domain *parent,
					      irq_hw_number_t hwirq);
	void			(*free)(struct irq_domain *parent,
					const struct ipi_mapping *map,
					unsigned int cpu,
					irq_hw_number_t hwirq);
};

void ipi_mapping_set(struct ipi_mapping *map, unsigned int cpu,
		     irq_hw_number_t hwirq);
void irq_chip_send_ipi(struct irq_data *data, const struct cpumask *dest);
struct irq_domain *ipi_create_irq_domain(struct fwnode_handle *fwnode,
					 struct irq_domain *parent,
					 const struct ipi_domain_ops *ops);
void irq_set_default_ipi_domain(struct irq_domain *domain);

#else /* CONFIG_GENERIC_IRQ_IPI_DOMAIN */

/* There is no IPI domain, and so no IPI that could be reserved */
static inline struct irq_domain *irq_find_ipi_domain(struct fwnode_handle *fwnode)
{
	return NULL;
}

static inline int irq_reserve_ipi(struct irq_domain *domain,
				  const struct cpumask *dest)
{
	return -EINVAL;
}

static inline int irq_reserve_ipi_external(struct irq_domain *domain,
					   unsigned long hwid)
{
	return -EINVAL;
}

static inline int irq_destroy_ipi(unsigned int virq, const struct cpumask *dest)
{
	return -EINVAL;
}

static inline int irq_send_ipi(unsigned int virq, const struct cpumask *dest)
{
	return -EINVAL;
}

static inline int irq_send_ipi_all(unsigned int virq)
{
	return -EINVAL;
}

static inline irq_hw_number_t ipi_get_hwirq(unsigned int virq,
					    unsigned int target)
{
	return INVALID_HWIRQ;
}

static inline int ipi_get_arrival(unsigned int virq, unsigned int target,
				  struct ipi_arrival *arrival)
{
	return -EINVAL;
}

#endif /* CONFIG_GENERIC_IRQ_IPI_DOMAIN */

#endif /* _LINUX_IPI_H */
