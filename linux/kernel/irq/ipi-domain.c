// SPDX-License-Identifier: GPL-2.0-only
/*
 * IPI domains: reserving inter-processor interrupts from a controller.
 *
 * An IPI domain is a child of the domain of an interrupt controller. Each
 * interrupt in it is one IPI, which has as many hwirqs of the controller as the
 * hardware needs for its targets. See Documentation/IRQ-ipi.txt.
 */

#define pr_fmt(fmt) "genirq/ipi: " fmt

#include <linux/cleanup.h>
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/ipi.h>
#include <linux/irq.h>
#include <linux/irqdomain.h>
#include <linux/mutex.h>
#include <linux/radix-tree.h>
#include <linux/rcupdate.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include "internals.h"

/**
 * struct ipi_domain - Host data of an IPI domain
 * @ops:	Interrupt controller side of the domain
 * @chip:	Chip of the domain's own level, which defers to the parent
 * @parent_chip: Chip of the parent's level: what an IPI needs of the controller's
 */
struct ipi_domain {
	const struct ipi_domain_ops	*ops;
	struct irq_chip			chip;
	struct irq_chip			parent_chip;
};

/**
 * struct ipi_alloc_info - What an IPI domain is asked for
 * @dest:	CPUs of Linux, or NULL for an external target
 * @hwid:	Hardware id of the external target
 */
struct ipi_alloc_info {
	const struct cpumask	*dest;
	unsigned long		hwid;
};

/*
 * Serializes those who destroy, so that each of them can wait for a grace period
 * without the lock of the root domain. Outside of that lock.
 */
static DEFINE_MUTEX(ipi_destroy_mutex);

/* The targets which leave: the caller's mask may be that of the online CPUs */
static struct cpumask ipi_leaving;

/* What irq_find_ipi_domain() returns if no controller is named */
static struct irq_domain *ipi_default_domain;

/* Shorthands for the private part of struct ipi_mapping */
#define map_nr(map)		ACCESS_PRIVATE(map, nr)
#define map_hwirq(map, i)	ACCESS_PRIVATE(map, hwirq[i])
#define map_target(map, i)	(ACCESS_PRIVATE(map, first) + (i))

static struct ipi_mapping *ipi_mapping_alloc(const struct ipi_alloc_info *info)
{
	unsigned int i, first = 0, nr = 1;
	struct ipi_mapping *map;

	if (info->dest) {
		first = cpumask_first(info->dest);
		nr = cpumask_last(info->dest) - first + 1;
	}

	map = kzalloc(struct_size(map, hwirq, nr), GFP_KERNEL);
	if (!map)
		return NULL;

	ACCESS_PRIVATE(map, first) = first;
	ACCESS_PRIVATE(map, nr) = nr;
	ACCESS_PRIVATE(map, nr_cpus) = info->dest ? nr : 0;
	ACCESS_PRIVATE(map, hwid) = info->hwid;
	for (i = 0; i < nr; i++)
		map_hwirq(map, i) = INVALID_HWIRQ;
	return map;
}

/**
 * ipi_mapping_set - Set the hwirq of a target
 * @map:	Mapping handed to ipi_domain_ops::alloc
 * @cpu:	One of the CPUs which the callback was asked for
 * @hwirq:	Hardware interrupt number in the controller's domain
 *
 * Context: ipi_domain_ops::alloc.
 */
void ipi_mapping_set(struct ipi_mapping *map, unsigned int cpu,
		     irq_hw_number_t hwirq)
{
	unsigned int i = cpu - map_target(map, 0);

	if (!WARN_ON_ONCE(i >= map_nr(map)))
		map_hwirq(map, i) = hwirq;
}
EXPORT_SYMBOL_GPL(ipi_mapping_set);

/* For who changes it: under the lock of the root domain nobody else does */
static struct ipi_mapping *ipi_own_mapping(struct irq_data *data)
{
	return rcu_dereference_protected(data->common->ipi_mapping,
					 lockdep_is_held(&data->domain->root->mutex));
}

/*
 * Targets leave an IPI in three steps: no sends any more, out of the reverse map,
 * which stops reception, and, when nobody is left who looked before, out of the
 * mapping and back to the controller.
 *
 * @staying are the CPUs which remain targets.
 */
static bool ipi_hwirq_stays(const struct ipi_mapping *map, irq_hw_number_t hwirq,
			    const struct cpumask *staying)
{
	for (unsigned int i = 0; i < map_nr(map); i++) {
		if (map_hwirq(map, i) == hwirq &&
		    cpumask_test_cpu(map_target(map, i), staying))
			return true;
	}
	return false;
}

static void ipi_remove_aliases(struct irq_data *data,
			       const struct ipi_mapping *map,
			       const struct cpumask *staying)
{
	struct ipi_domain *ipid = data->domain->host_data;

	if (ipid->ops->banked)
		return;

	for (unsigned int i = 0; i < map_nr(map); i++) {
		irq_hw_number_t hwirq = map_hwirq(map, i);

		if (hwirq != INVALID_HWIRQ && !ipi_hwirq_stays(map, hwirq, staying))
			irq_domain_remove_alias(data->parent_data, hwirq);
	}
}

static void ipi_free_hwirqs(struct irq_data *data, struct ipi_mapping *map,
			    const struct cpumask *staying)
{
	struct irq_domain *domain = data->domain;
	struct ipi_domain *ipid = domain->host_data;

	for (unsigned int i = 0; i < map_nr(map); i++) {
		irq_hw_number_t hwirq = map_hwirq(map, i);

		if (hwirq == INVALID_HWIRQ ||
		    cpumask_test_cpu(map_target(map, i), staying))
			continue;

		/* Pairs with the READ_ONCE() in ipi_mapping_get() */
		WRITE_ONCE(map_hwirq(map, i), INVALID_HWIRQ);

		/* The last one of those who share it gives it back */
		if (ipid->ops->banked || !ipi_hwirq_stays(map, hwirq, cpu_all_mask))
			ipid->ops->free(domain->parent, map, map_target(map, i), hwirq);
	}
}

static int ipi_alloc_hwirqs(struct irq_domain *domain, struct ipi_mapping *map,
			    const struct ipi_alloc_info *info)
{
	struct ipi_domain *ipid = domain->host_data;
	irq_hw_number_t hwirq;
	int ret;

	if (info->dest)
		return ipid->ops->alloc(domain->parent, map, info->dest);

	if (!ipid->ops->alloc_external)
		return -EINVAL;

	ret = ipid->ops->alloc_external(domain->parent, info->hwid, &hwirq);
	if (!ret)
		ipi_mapping_set(map, 0, hwirq);
	return ret;
}

/* Make all hwirqs resolve to the IPI */
static int ipi_insert_aliases(struct irq_data *data, const struct ipi_mapping *map)
{
	struct ipi_domain *ipid = data->domain->host_data;
	int ret;

	if (ipid->ops->banked)
		return 0;

	for (unsigned int i = 0; i < map_nr(map); i++) {
		if (map_hwirq(map, i) == INVALID_HWIRQ)
			continue;

		ret = irq_domain_insert_alias(data->parent_data, map_hwirq(map, i));
		if (ret)
			return ret;
	}
	return 0;
}

static bool ipi_mapping_complete(const struct ipi_mapping *map,
				 const struct ipi_alloc_info *info)
{
	unsigned int cpu;

	if (!info->dest)
		return map_hwirq(map, 0) != INVALID_HWIRQ;

	for_each_cpu(cpu, info->dest) {
		if (ipi_mapping_get(map, cpu) == INVALID_HWIRQ)
			return false;
	}
	return true;
}

/* The first entry is that of a target */
static irq_hw_number_t ipi_uniform_hwirq(const struct ipi_mapping *map)
{
	for (unsigned int i = 1; i < map_nr(map); i++) {
		if (map_hwirq(map, i) != INVALID_HWIRQ &&
		    map_hwirq(map, i) != map_hwirq(map, 0))
			return INVALID_HWIRQ;
	}
	return map_hwirq(map, 0);
}

/* All that a receiver needs, but for a way to get here */
static int ipi_setup_irq(struct irq_data *data, const struct ipi_alloc_info *info)
{
	struct irq_domain *domain = data->domain, *parent = domain->parent;
	struct ipi_domain *ipid = domain->host_data;
	unsigned int virq = data->irq;

	/* The parent has many hwirqs or none, see ipi_insert_aliases() */
	irq_domain_set_hwirq_and_chip(parent, virq, INVALID_HWIRQ,
				      &ipid->parent_chip, parent->host_data);
	/*
	 * The interrupt number is a hwirq which is unique among the IPIs of the
	 * domain, however their targets and the controller's hwirqs change.
	 */
	irq_domain_set_hwirq_and_chip(domain, virq, virq, &ipid->chip, NULL);

	/* Levels behind the controller play no part in an IPI */
	if (parent->parent)
		irq_domain_disconnect_hierarchy(parent->parent, virq);

	if (!info->dest)
		return 0;

	irq_set_handler(virq, handle_percpu_devid_irq);
	return irq_set_percpu_devid(virq);
}

/* When this returns, nobody is left who may send or receive the IPI */
static void ipi_withdraw(struct irq_data *data, struct ipi_mapping *map)
{
	/* Pairs with the READ_ONCE() in ipi_find_mapping() */
	WRITE_ONCE(ACCESS_PRIVATE(map, gone), true);
	ipi_remove_aliases(data, map, cpu_none_mask);
	synchronize_rcu();
}

/*
 * Let senders and receivers find the IPI, when all of it is there. Who sends by
 * number may try any.
 */
static int ipi_publish(struct irq_data *data, struct ipi_mapping *map)
{
	int ret;

	/* Pairs with irq_data_get_ipi_mapping(), ipi_find_chip(), ipi_get_arrival() */
	rcu_assign_pointer(data->common->ipi_mapping, map);

	ret = ipi_insert_aliases(data, map);
	if (ret)
		ipi_withdraw(data, map);
	return ret;
}

/* Debugfs looks at the mapping under the lock, others under RCU */
static void ipi_drop_mapping(struct irq_data *data, struct ipi_mapping *map)
{
	scoped_guard(raw_spinlock_irqsave, &irq_data_to_desc(data)->lock)
		RCU_INIT_POINTER(data->common->ipi_mapping, NULL);
	kfree_rcu(map, rcu);
}

static int ipi_setup(struct irq_domain *domain, struct irq_data *data,
		     struct ipi_mapping *map, const struct ipi_alloc_info *info)
{
	int ret;

	ret = ipi_alloc_hwirqs(domain, map, info);
	if (ret)
		return ret;

	if (WARN_ON_ONCE(!ipi_mapping_complete(map, info)))
		return -EINVAL;

	ACCESS_PRIVATE(map, uniform) = ipi_uniform_hwirq(map);

	ret = ipi_setup_irq(data, info);
	return ret ?: ipi_publish(data, map);
}

static int ipi_domain_alloc(struct irq_domain *domain, unsigned int virq,
			    unsigned int nr_irqs, void *arg)
{
	struct irq_data *data = irq_domain_get_irq_data(domain, virq);
	struct ipi_alloc_info info = *(struct ipi_alloc_info *)arg;
	struct ipi_mapping *map;
	int ret;

	/* From here on a copy: the caller's mask may be that of the online CPUs */
	irq_data_update_affinity(data, info.dest ?: cpu_none_mask);
	irq_data_update_effective_affinity(data, info.dest ?: cpu_none_mask);
	if (info.dest)
		info.dest = irq_data_get_affinity_mask(data);

	map = ipi_mapping_alloc(&info);
	if (!map)
		return -ENOMEM;

	ret = ipi_setup(domain, data, map, &info);
	if (ret) {
		ipi_free_hwirqs(data, map, cpu_none_mask);
		ipi_drop_mapping(data, map);
		return ret;
	}

	if (info.dest && cpumask_equal(info.dest, cpu_possible_mask))
		irqd_set(data, IRQD_GLOBAL_IPI);
	return 0;
}

static void ipi_domain_free(struct irq_domain *domain, unsigned int virq,
			    unsigned int nr_irqs)
{
	struct irq_data *data = irq_domain_get_irq_data(domain, virq);
	struct ipi_mapping *map = ipi_own_mapping(data);

	/* irq_dispose_mapping() and its like know nothing of hwirqs */
	if (WARN_ON_ONCE(!ACCESS_PRIVATE(map, gone))) {
		ipi_withdraw(data, map);
		ipi_free_hwirqs(data, map, cpu_none_mask);
	}
	ipi_drop_mapping(data, map);

	irq_domain_reset_irq_data(data->parent_data);
	irq_domain_reset_irq_data(data);
}

/* Not to be found by the interrupt specifiers of devices */
static int ipi_domain_match(struct irq_domain *domain, struct device_node *node,
			    enum irq_domain_bus_token bus_token)
{
	return 0;
}

static int ipi_domain_select(struct irq_domain *domain, struct irq_fwspec *fwspec,
			     enum irq_domain_bus_token bus_token)
{
	return bus_token == DOMAIN_BUS_IPI && fwspec->fwnode &&
	       fwspec->fwnode == domain->fwnode;
}

#ifdef CONFIG_GENERIC_IRQ_DEBUGFS
static void ipi_debug_show_mapping(struct seq_file *m,
				   const struct ipi_mapping *map, int ind)
{
	if (!map)
		return;

	if (ipi_mapping_is_external(map)) {
		seq_printf(m, "%*sexternal %lu: hwirq %lu sent %ld\n", ind, "",
			   ipi_mapping_hwid(map), map_hwirq(map, 0),
			   atomic_long_read(&ACCESS_PRIVATE(map, sent)));
		return;
	}

	for (unsigned int i = 0; i < map_nr(map); i++) {
		/* A target may leave meanwhile */
		irq_hw_number_t hwirq = READ_ONCE(map_hwirq(map, i));

		if (hwirq != INVALID_HWIRQ) {
			seq_printf(m, "%*scpu %u: hwirq %lu\n", ind, "",
				   map_target(map, i), hwirq);
		}
	}
}

/* Shows one IPI, or all IPIs of a domain */
static void ipi_domain_debug_show(struct seq_file *m, struct irq_domain *domain,
				  struct irq_data *data, int ind)
{
	struct radix_tree_iter iter;
	void __rcu **slot;

	if (data) {
		/* The caller holds the lock of the descriptor */
		ipi_debug_show_mapping(m, irq_data_get_ipi_mapping(data), ind);
		return;
	}

	guard(mutex)(&domain->root->mutex);
	radix_tree_for_each_slot(slot, &domain->revmap_tree, &iter, 0) {
		data = rcu_dereference_protected(*slot, true);
		seq_printf(m, "%*sirq %u:\n", ind, "", data->irq);
		ipi_debug_show_mapping(m, ipi_own_mapping(data), ind + 1);
	}
}
#endif

static const struct irq_domain_ops ipi_irq_domain_ops = {
	.match		= ipi_domain_match,
	.select		= ipi_domain_select,
	.alloc		= ipi_domain_alloc,
	.free		= ipi_domain_free,
#ifdef CONFIG_GENERIC_IRQ_DEBUGFS
	.debug_show	= ipi_domain_debug_show,
#endif
};

/**
 * irq_chip_send_ipi - Let the parent send an IPI
 * @data:	Interrupt data of the IPI domain's level
 * @dest:	Targets
 *
 * The send_ipi() callback of an IPI domain's chip. The parent finds the hwirqs
 * in the mapping, see irq_data_get_ipi_mapping().
 *
 * Context: Any, including NMI.
 */
void irq_chip_send_ipi(struct irq_data *data, const struct cpumask *dest)
{
	data = data->parent_data;
	data->chip->send_ipi(data, dest);
}

/*
 * The core may mask or acknowledge any interrupt on any CPU: kexec does, and a
 * resend by software. A controller is asked only where there is a hwirq.
 */
static inline bool ipi_is_here(struct irq_data *data)
{
	const struct ipi_mapping *map = irq_data_get_ipi_mapping(data);

	return map && ipi_mapping_get(map, smp_processor_id()) != INVALID_HWIRQ;
}

/* The irq_chip_*_parent() functions would be one more call for a receiver */
static void ipi_chip_ack(struct irq_data *data)
{
	if (likely(ipi_is_here(data))) {
		data = data->parent_data;
		data->chip->irq_ack(data);
	}
}

static void ipi_chip_eoi(struct irq_data *data)
{
	if (likely(ipi_is_here(data))) {
		data = data->parent_data;
		data->chip->irq_eoi(data);
	}
}

/*
 * An IPI which is being destroyed, or of which this CPU is leaving the targets,
 * has its hwirq for a while still. The controller might find it gone when it looks,
 * unless ipi_destroy() has to wait for that: so ask for what ipi_shrink() changes
 * before the grace period. Pairs with the WRITE_ONCE() there, under the same lock
 * of the descriptor.
 */
static noinline bool ipi_is_target(struct irq_data *data)
{
	return ipi_is_here(data) &&
	       !READ_ONCE(ACCESS_PRIVATE(irq_data_get_ipi_mapping(data), gone)) &&
	       cpumask_test_cpu(smp_processor_id(), irq_data_get_affinity_mask(data));
}

/* A CPU which leaves has nothing to mask */
static void ipi_chip_mask(struct irq_data *data)
{
	if (ipi_is_target(data))
		irq_chip_mask_parent(data);
}

static void ipi_chip_unmask(struct irq_data *data)
{
	if (ipi_is_target(data))
		irq_chip_unmask_parent(data);
	else
		pr_err_ratelimited("IPI %u has no target CPU %u, not unmasked\n",
				   data->irq, smp_processor_id());
}

/* The number behind the name is the domain's, no hwirq of the controller */
static void ipi_chip_print(struct irq_data *data, struct seq_file *m)
{
	seq_printf(m, "%s-IPI", data->chip->name);
}

/* Whether an external target has taken the IPI, or the CPU which asks */
static int ipi_chip_get_state(struct irq_data *data, enum irqchip_irq_state which,
			      bool *state)
{
	const struct ipi_mapping *map = irq_data_get_ipi_mapping(data);
	struct ipi_domain *ipid = data->domain->host_data;
	irq_hw_number_t hwirq;

	if (!map || which != IRQCHIP_STATE_PENDING)
		return -EINVAL;

	hwirq = ipi_mapping_is_external(map) ? READ_ONCE(map_hwirq(map, 0)) :
		ipi_mapping_get(map, smp_processor_id());
	if (hwirq == INVALID_HWIRQ)
		return -EINVAL;

	*state = ipid->ops->is_pending(data->domain->parent, hwirq);
	return 0;
}

/*
 * An IPI has no affinity, no trigger type and no state that could be set. The
 * core looks for callbacks at the levels below, too, so the controller's level
 * has no more of them than the domain's own.
 */
static void ipi_domain_set_chips(struct ipi_domain *ipid)
{
	const struct irq_chip *chip = ipid->ops->chip;

	ipid->parent_chip = (struct irq_chip) {
		.name		= chip->name,
		.irq_ack	= chip->irq_ack,
		.irq_mask	= chip->irq_mask,
		.irq_unmask	= chip->irq_unmask,
		.irq_eoi	= chip->irq_eoi,
		.send_ipi	= chip->send_ipi,
	};
	ipid->chip = (struct irq_chip) {
		.name		= chip->name,
		.irq_ack	= chip->irq_ack ? ipi_chip_ack : NULL,
		.irq_mask	= ipi_chip_mask,
		.irq_unmask	= ipi_chip_unmask,
		.irq_eoi	= chip->irq_eoi ? ipi_chip_eoi : NULL,
		.irq_print_chip	= ipi_chip_print,
		.irq_get_irqchip_state = ipid->ops->is_pending ? ipi_chip_get_state : NULL,
		.send_ipi	= irq_chip_send_ipi,
	};
}

static void ipi_domain_exit(struct irq_domain *domain)
{
	if (READ_ONCE(ipi_default_domain) == domain)
		WRITE_ONCE(ipi_default_domain, NULL);
	kfree(domain->host_data);
}

static bool ipi_ops_complete(const struct ipi_domain_ops *ops)
{
	return ops->alloc && ops->free && ops->chip && ops->chip->irq_mask &&
	       ops->chip->irq_unmask && ops->chip->send_ipi;
}

/**
 * ipi_create_irq_domain - Create the IPI domain of an interrupt controller
 * @fwnode:	Firmware node by which the domain is found, or NULL
 * @parent:	Domain of the interrupt controller
 * @ops:	Interrupt controller side. @ops and its chip have to stay.
 *
 * The domain goes with irq_domain_remove(), after all of its IPIs.
 *
 * Context: Process context, may sleep.
 *
 * Return: The domain, or an error pointer: %-EINVAL if @ops is incomplete,
 *	   %-ENOMEM if there is no memory.
 */
struct irq_domain *ipi_create_irq_domain(struct fwnode_handle *fwnode,
					 struct irq_domain *parent,
					 const struct ipi_domain_ops *ops)
{
	struct irq_domain_info info = {
		.fwnode		= fwnode,
		.domain_flags	= IRQ_DOMAIN_FLAG_IPI,
		.hwirq_max	= ~0U,
		.bus_token	= DOMAIN_BUS_IPI,
		.ops		= &ipi_irq_domain_ops,
		.parent		= parent,
		.exit		= ipi_domain_exit,
	};
	struct irq_domain *domain;
	struct ipi_domain *ipid;

	if (!ipi_ops_complete(ops))
		return ERR_PTR(-EINVAL);

	ipid = kzalloc(sizeof(*ipid), GFP_KERNEL);
	if (!ipid)
		return ERR_PTR(-ENOMEM);

	ipid->ops = ops;
	ipi_domain_set_chips(ipid);
	info.host_data = ipid;

	domain = irq_domain_instantiate(&info);
	if (IS_ERR(domain))
		kfree(ipid);
	return domain;
}
EXPORT_SYMBOL_GPL(ipi_create_irq_domain);

/**
 * irq_set_default_ipi_domain - Set the platform's default IPI domain
 * @domain:	IPI domain
 *
 * For interrupt controllers which deliver the IPIs of a platform. The outermost
 * controller comes up last and wins.
 *
 * Context: Any.
 */
void irq_set_default_ipi_domain(struct irq_domain *domain)
{
	WRITE_ONCE(ipi_default_domain, domain);
}

/**
 * irq_find_ipi_domain - Find the IPI domain of an interrupt controller
 * @fwnode:	Firmware node of the controller, NULL for the platform's default
 *
 * Context: Process context, may sleep.
 *
 * Return: The IPI domain, or NULL if there is none.
 */
struct irq_domain *irq_find_ipi_domain(struct fwnode_handle *fwnode)
{
	struct irq_domain *domain;

	if (!fwnode)
		return READ_ONCE(ipi_default_domain);

	/* Some controllers have a domain of their own for per-CPU interrupts */
	domain = irq_find_matching_fwnode(fwnode, DOMAIN_BUS_IPI);
	return domain && irq_domain_is_ipi(domain) ? domain : NULL;
}
EXPORT_SYMBOL_GPL(irq_find_ipi_domain);

static int ipi_reserve(struct irq_domain *domain, struct ipi_alloc_info *info)
{
	if (!domain || !irq_domain_is_ipi(domain))
		return -EINVAL;

	return irq_domain_alloc_irqs(domain, 1, NUMA_NO_NODE, info);
}

/**
 * irq_reserve_ipi - Reserve an IPI to CPUs of Linux
 * @domain:	IPI domain, see irq_find_ipi_domain()
 * @dest:	Target CPUs, any non-empty set of possible CPUs
 *
 * The IPI is a per-CPU interrupt: the handler is set up by
 * request_percpu_irq(), and each target turns its reception on and off by
 * enable_percpu_irq() and disable_percpu_irq(). If @dest are all possible CPUs
 * the IPI is a global one.
 *
 * Context: Process context, may sleep.
 *
 * Return: Linux interrupt number, or
 * * %-EINVAL	- @domain is no IPI domain, @dest is empty or has a CPU which
 *		  cannot exist, or the controller cannot reach a target or hands
 *		  a hwirq out which resolves to another interrupt.
 * * %-ENOMEM	- No descriptor or no memory.
 * * %-ENOSPC	- No hwirqs left.
 */
int irq_reserve_ipi(struct irq_domain *domain, const struct cpumask *dest)
{
	struct ipi_alloc_info info = { .dest = dest };

	if (!dest || cpumask_empty(dest) ||
	    !cpumask_subset(dest, cpu_possible_mask))
		return -EINVAL;

	return ipi_reserve(domain, &info);
}
EXPORT_SYMBOL_GPL(irq_reserve_ipi);

/**
 * irq_reserve_ipi_external - Reserve an IPI to a processor outside of Linux
 * @domain:	IPI domain, see irq_find_ipi_domain()
 * @hwid:	Hardware id of the processor, as the controller counts
 *
 * For a coprocessor or a CPU which Linux never owns. The IPI cannot be
 * requested. irq_send_ipi_all() sends it, and ipi_get_arrival() with IPI_EXTERNAL
 * has what the firmware on the other side needs to know.
 *
 * Context: Process context, may sleep.
 *
 * Return: Linux interrupt number, or
 * * %-EINVAL	- @domain is no IPI domain, or the controller cannot reach @hwid
 *		  or hands a hwirq out which resolves to another interrupt.
 * * %-EBUSY	- Linux may run on the processor.
 * * %-ENOMEM	- No descriptor or no memory.
 * * %-ENOSPC	- No hwirqs left.
 */
int irq_reserve_ipi_external(struct irq_domain *domain, unsigned long hwid)
{
	struct ipi_alloc_info info = { .hwid = hwid };
	int virq;

	virq = ipi_reserve(domain, &info);
	if (virq > 0) {
		irq_set_status_flags(virq, _IRQ_NOREQUEST | _IRQ_NOPROBE |
				     _IRQ_NO_BALANCING);
	}
	return virq;
}
EXPORT_SYMBOL_GPL(irq_reserve_ipi_external);

static void ipi_remove_targets(struct irq_data *data,
			       const struct cpumask *leaving)
{
#ifdef CONFIG_SMP
	struct cpumask *targets = data->common->affinity;

	/* Senders may look on, and never find it empty */
	cpumask_andnot(targets, targets, leaving);
	irq_data_update_effective_affinity(data, targets);
#endif
}

/* An IPI to an external target cannot be enabled and has no mask */
static bool ipi_in_use(struct irq_desc *desc, const struct cpumask *leaving)
{
	if (irq_desc_has_action(desc))
		return true;

	return desc->percpu_enabled && cpumask_intersects(desc->percpu_enabled, leaving);
}

/* Stop sends to the CPUs which leave, or, if nobody stays, all sends */
static int ipi_shrink(struct irq_desc *desc, struct ipi_mapping *map,
		      const struct cpumask *leaving)
{
	struct irq_data *data = irq_desc_get_irq_data(desc);

	guard(raw_spinlock_irqsave)(&desc->lock);

	/* enable_percpu_irq() takes the lock, too. A request does not look again. */
	if (ipi_in_use(desc, leaving ?: irq_data_get_affinity_mask(data)))
		return -EBUSY;

	irqd_clear(data, IRQD_GLOBAL_IPI);
	if (leaving) {
		ipi_remove_targets(data, leaving);
	} else {
		irq_settings_set_norequest(desc);
		/* Pairs with the READ_ONCE() in ipi_find_mapping() */
		WRITE_ONCE(ACCESS_PRIVATE(map, gone), true);
	}
	return 0;
}

static int ipi_destroy(unsigned int virq, const struct cpumask *leaving)
{
	struct irq_data *data = irq_get_irq_data(virq);
	struct irq_domain *domain = data ? data->domain : NULL;
	const struct cpumask *targets, *staying;
	struct ipi_mapping *map;
	int ret;

	lockdep_assert_held(&ipi_destroy_mutex);

	if (!domain || !irq_domain_is_ipi(domain))
		return -EINVAL;

	targets = irq_data_get_affinity_mask(data);

	scoped_guard(mutex, &domain->root->mutex) {
		map = ipi_own_mapping(data);
		/* Its reservation is not complete */
		if (!map)
			return -EINVAL;

		if (leaving && (ipi_mapping_is_external(map) || cpumask_empty(leaving) ||
				!cpumask_subset(leaving, targets)))
			return -EINVAL;

		if (leaving && cpumask_equal(leaving, targets))
			leaving = NULL;
		staying = leaving ? targets : cpu_none_mask;

		ret = ipi_shrink(irq_data_to_desc(data), map, leaving);
		if (ret) {
			pr_warn_ratelimited("IPI %u is in use, not destroyed\n", virq);
			return ret;
		}
		ipi_remove_aliases(data, map, staying);
	}

	/*
	 * Pairs with the disabled preemption of irq_send_ipi(),
	 * irq_send_ipi_all() and irq_desc_send_ipi(), and with the disabled
	 * interrupts of a receiver. None of them shall raise
	 * or acknowledge a hwirq which has its next owner.
	 */
	synchronize_rcu();

	scoped_guard(mutex, &domain->root->mutex)
		ipi_free_hwirqs(data, map, staying);

	if (!leaving)
		irq_domain_free_irqs(virq, 1);
	return 0;
}

/**
 * irq_destroy_ipi - Give an IPI or some of its targets back
 * @virq:	Linux interrupt number from irq_reserve_ipi() or
 *		irq_reserve_ipi_external()
 * @dest:	CPUs which leave the targets, or NULL for all targets
 *
 * If targets remain, @virq and they stay as they are. Otherwise @virq is gone.
 * A global IPI which loses a target is not global any more.
 *
 * Senders, receivers and further calls of this function may race with it. Who
 * requests and enables the IPI has to be done with it, as with any interrupt.
 * Only for the owner of @virq: a number which somebody else is reserving may go
 * at any time.
 *
 * Context: Process context, may sleep.
 *
 * Return:
 * * %0		- Hwirqs, reverse mappings and, with the last target, the
 *		  descriptor are given back.
 * * %-EINVAL	- @virq is no IPI, or @dest is empty or not a subset of its
 *		  targets.
 * * %-EBUSY	- The IPI is requested, or enabled on a CPU which would leave.
 */
int irq_destroy_ipi(unsigned int virq, const struct cpumask *dest)
{
	guard(mutex)(&ipi_destroy_mutex);

	if (!dest)
		return ipi_destroy(virq, NULL);

	cpumask_copy(&ipi_leaving, dest);
	return ipi_destroy(virq, &ipi_leaving);
}
EXPORT_SYMBOL_GPL(irq_destroy_ipi);

static irq_hw_number_t ipi_lookup(const struct ipi_mapping *map, unsigned int target)
{
	if (target == IPI_EXTERNAL && ipi_mapping_is_external(map))
		return READ_ONCE(map_hwirq(map, 0));

	return ipi_mapping_get(map, target);
}

/**
 * ipi_get_arrival - Find out how an IPI arrives at a target
 * @virq:	Linux interrupt number of the IPI
 * @target:	Number of a target CPU, or IPI_EXTERNAL
 * @arrival:	What the firmware on the other side has to be told
 *
 * Context: Any.
 *
 * Return:
 * * %0		- @arrival is filled in.
 * * %-EINVAL	- @virq is no reserved IPI or has no such target.
 */
int ipi_get_arrival(unsigned int virq, unsigned int target,
		    struct ipi_arrival *arrival)
{
	const struct ipi_mapping *map;
	const struct ipi_domain *ipid;
	struct irq_domain *domain;
	struct irq_data *data;

	/* Pairs with the synchronize_rcu() in ipi_destroy() */
	guard(rcu)();

	data = irq_get_irq_data(virq);
	map = data ? irq_data_get_ipi_mapping(data) : NULL;
	/* Pairs with the WRITE_ONCE() in ipi_shrink() and ipi_withdraw() */
	if (!map || READ_ONCE(ACCESS_PRIVATE(map, gone)))
		return -EINVAL;

	*arrival = (struct ipi_arrival) {
		.hwid	= ipi_mapping_hwid(map),
		.hwirq	= ipi_lookup(map, target),
	};
	if (arrival->hwirq == INVALID_HWIRQ)
		return -EINVAL;

	/*
	 * The domain is older than the mapping, but not reached through it. Pairs
	 * with the rcu_assign_pointer() in ipi_publish().
	 */
	smp_rmb();

	domain = READ_ONCE(data->domain);
	ipid = domain->host_data;
	if (ipid->ops->arrival)
		ipid->ops->arrival(domain->parent, arrival);
	return 0;
}
EXPORT_SYMBOL_GPL(ipi_get_arrival);

/**
 * ipi_get_hwirq - Get the number by which an IPI reaches a target
 * @virq:	Linux interrupt number of the IPI
 * @target:	Number of a target CPU, or IPI_EXTERNAL
 *
 * The part of ipi_get_arrival() which is different for each IPI.
 *
 * Context: Any.
 *
 * Return: ipi_arrival::hwirq, or %INVALID_HWIRQ if @virq is no reserved IPI or
 *	   has no such target.
 */
irq_hw_number_t ipi_get_hwirq(unsigned int virq, unsigned int target)
{
	struct ipi_arrival arrival;

	return ipi_get_arrival(virq, target, &arrival) ? INVALID_HWIRQ : arrival.hwirq;
}
EXPORT_SYMBOL_GPL(ipi_get_hwirq);
