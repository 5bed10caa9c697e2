// SPDX-License-Identifier: GPL-2.0-only
/*
 * IPIs which a firmware node asks for: always to a processor outside of Linux.
 *
 * A specifier names the controller and the processor. See
 * Documentation/devicetree/bindings/interrupt-controller/ipi-consumer.yaml
 * and Documentation/IRQ-ipi.txt.
 */

#define pr_fmt(fmt) "genirq/ipi: " fmt

#include <linux/cleanup.h>
#include <linux/device.h>
#include <linux/export.h>
#include <linux/ipi.h>
#include <linux/ipi-fwnode.h>
#include <linux/irqdomain.h>
#include <linux/property.h>

#include <kunit/visibility.h>

/* The cells of a specifier are one number */
static int ipi_read_hwid(const struct fwnode_reference_args *spec, unsigned long *hwid)
{
	u64 id = 0;

	if (!spec->nargs || spec->nargs > 2)
		return -EINVAL;

	for (unsigned int i = 0; i < spec->nargs; i++)
		id = id << 32 | (u32)spec->args[i];

	*hwid = id;
	return *hwid == id ? 0 : -EINVAL;
}

/*
 * A controller which is there may still be on its way to an IPI domain, as any
 * supplier may. One which is disabled is not.
 */
static int ipi_find_domain(const struct fwnode_handle *fwnode,
			   struct fwnode_handle *controller,
			   struct irq_domain **domain)
{
	*domain = irq_find_ipi_domain(controller);
	if (*domain)
		return 0;

	if (fwnode_device_is_available(controller))
		return -EPROBE_DEFER;

	pr_err("%pfw: %pfw is disabled\n", fwnode, controller);
	return -ENODEV;
}

static int ipi_reserve_hwid(const struct fwnode_handle *fwnode,
			    struct irq_domain *domain, unsigned long hwid)
{
	int virq = irq_reserve_ipi_external(domain, hwid);

	if (virq == -EBUSY)
		pr_err("%pfw: processor %lu may run Linux\n", fwnode, hwid);
	if (virq != -EINVAL)
		return virq;

	pr_err("%pfw: processor %lu is out of reach\n", fwnode, hwid);
	return -ENXIO;
}

/* The IPI of entry @index in ipis, or an error of devm_irq_reserve_ipi_byname() */
VISIBLE_IF_KUNIT
int fwnode_irq_reserve_ipi(const struct fwnode_handle *fwnode, unsigned int index)
{
	struct fwnode_handle *controller __free(fwnode_handle) = NULL;
	struct fwnode_reference_args spec;
	struct irq_domain *domain;
	unsigned long hwid;
	int ret;

	ret = fwnode_property_get_reference_args(fwnode, "ipis", "#ipi-cells", 0,
						 index, &spec);
	if (ret)
		return ret;

	controller = spec.fwnode;
	if (ipi_read_hwid(&spec, &hwid)) {
		pr_err("%pfw: no processor has the id in entry %u of ipis\n", fwnode, index);
		return -EINVAL;
	}

	ret = ipi_find_domain(fwnode, controller, &domain);
	return ret ?: ipi_reserve_hwid(fwnode, domain, hwid);
}

VISIBLE_IF_KUNIT
int fwnode_irq_reserve_ipi_byname(const struct fwnode_handle *fwnode, const char *name)
{
	int index = fwnode_property_match_string(fwnode, "ipi-names", name);

	if (index == -EINVAL || index == -ENODATA)
		return -ENOENT;

	/* It is no list of strings */
	if (index == -EPROTO || index == -EILSEQ)
		return -EINVAL;

	return index < 0 ? index : fwnode_irq_reserve_ipi(fwnode, index);
}

static void devm_ipi_destroy(void *virq)
{
	irq_destroy_ipi((unsigned long)virq, NULL);
}

/**
 * devm_irq_reserve_ipi_byname - Reserve an IPI which the node of a device asks for
 * @dev:	Device whose firmware node asks for the IPI
 * @name:	Name in its ipi-names
 *
 * This is irq_reserve_ipi_external() with the controller and the hardware id
 * which the specifier names. irq_send_ipi_all() sends the IPI, ipi_get_arrival()
 * has what the program of the processor needs to know. The IPI is destroyed when
 * the driver is unbound.
 *
 * Context: Process context, may sleep.
 *
 * Return: Linux interrupt number, or
 * * %-ENOENT	- The node does not ask for such an IPI.
 * * %-EPROBE_DEFER - The controller has no IPI domain yet.
 * * %-ENODEV	- The controller is disabled.
 * * %-ENXIO	- There is no such processor, or the controller cannot reach it.
 * * %-EBUSY	- Linux may run on the processor.
 * * %-EINVAL	- The tree is wrong: no controller, an id of not one or two
 *		  cells, or one which is too large, or names that are none.
 * * %-ENOMEM	- No descriptor or no memory.
 * * %-ENOSPC	- No hwirqs left.
 */
int devm_irq_reserve_ipi_byname(struct device *dev, const char *name)
{
	int virq = fwnode_irq_reserve_ipi_byname(dev_fwnode(dev), name);
	int ret;

	if (virq < 0)
		return virq;

	ret = devm_add_action_or_reset(dev, devm_ipi_destroy, (void *)(unsigned long)virq);
	return ret ?: virq;
}
EXPORT_SYMBOL_GPL(devm_irq_reserve_ipi_byname);
