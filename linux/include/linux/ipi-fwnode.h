/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * IPIs which a firmware node asks for.
 *
 * For drivers, which select IRQ_IPI_FWNODE. See Documentation/IRQ-ipi.txt.
 */
#ifndef _LINUX_IPI_FWNODE_H
#define _LINUX_IPI_FWNODE_H

struct device;
struct fwnode_handle;

int devm_irq_reserve_ipi_byname(struct device *dev, const char *name);

#if IS_ENABLED(CONFIG_KUNIT)
int fwnode_irq_reserve_ipi(const struct fwnode_handle *fwnode, unsigned int index);
int fwnode_irq_reserve_ipi_byname(const struct fwnode_handle *fwnode, const char *name);
#endif

#endif /* _LINUX_IPI_FWNODE_H */
