/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * IPIs which a firmware node asks for.
 *
 * For drivers, which select IRQ_IPI_FWNODE. See Documentation/IRQ-ipi.txt.
 */
#ifndef _LINUX_IPI_FWNODE_H
#define _LINUX_IPI_FWNODE_H

#include <linux/of.h>
#include <linux/property.h>

struct device;

int fwnode_irq_reserve_ipi(const struct fwnode_handle *fwnode,
			   unsigned int index);
int fwnode_irq_reserve_ipi_byname(const struct fwnode_handle *fwnode,
				  const char *name);
int devm_of_irq_reserve_ipi(struct device *dev, unsigned int index);
int devm_of_irq_reserve_ipi_byname(struct device *dev, const char *name);

/**
 * of_irq_reserve_ipi - Reserve an IPI which a device tree node asks for
 * @np:		Node of the device
 * @index:	Index in ipi-targets
 *
 * Context: Process context, may sleep.
 *
 * Return: As fwnode_irq_reserve_ipi().
 */
static inline int of_irq_reserve_ipi(struct device_node *np, unsigned int index)
{
	return fwnode_irq_reserve_ipi(of_fwnode_handle(np), index);
}

/**
 * of_irq_reserve_ipi_byname - Reserve an IPI which a device tree node asks for
 * @np:		Node of the device
 * @name:	Name in ipi-names
 *
 * Context: Process context, may sleep.
 *
 * Return: As fwnode_irq_reserve_ipi().
 */
static inline int of_irq_reserve_ipi_byname(struct device_node *np,
					    const char *name)
{
	return fwnode_irq_reserve_ipi_byname(of_fwnode_handle(np), name);
}

#endif /* _LINUX_IPI_FWNODE_H */
