// SPDX-License-Identifier: GPL-2.0-only
/*
 * IPIs which a firmware node asks for.
 *
 * A node names the processor it interrupts, and a node above it the controller.
 * See Documentation/devicetree/bindings/interrupt-controller/ipi-consumer.yaml
 * and Documentation/IRQ-ipi.txt.
 */

#define pr_fmt(fmt) "genirq/ipi: " fmt

#include <linux/cleanup.h>
#include <linux/cpu.h>
#include <linux/cpumask.h>
#include <linux/device.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/ipi.h>
#include <linux/ipi-fwnode.h>
#include <linux/irq.h>
#include <linux/irqdomain.h>
#include <linux/of.h>
#include <linux/property.h>

/**
 * struct ipi_processor - Target of an IPI
 * @cpu:	Number of the CPU, negative if it is none of Linux
 * @hwid:	Hardware id
 */
struct ipi_processor {
	int		cpu;
	unsigned long	hwid;
};

/* A reference to no node at all is as wrong as one which cannot be read */
static struct fwnode_handle *ipi_find_node(const struct fwnode_handle *fwnode,
					   const char *prop, unsigned int index)
{
	struct fwnode_handle *node = fwnode_find_reference(fwnode, prop, index);

	return node ?: ERR_PTR(-EINVAL);
}

/* The nearest node with ipi-parent counts */
static struct fwnode_handle *ipi_find_controller(const struct fwnode_handle *fwnode)
{
	struct fwnode_handle *node, *controller = ERR_PTR(-EINVAL);

	node = fwnode_handle_get((struct fwnode_handle *)fwnode);
	while (node && !fwnode_property_present(node, "ipi-parent"))
		node = fwnode_get_next_parent(node);

	if (node)
		controller = ipi_find_node(node, "ipi-parent", 0);
	fwnode_handle_put(node);
	return controller;
}

/*
 * A controller which is there may still be on its way to an IPI domain, as any
 * supplier may. One which is disabled is not.
 */
static int ipi_find_domain(const struct fwnode_handle *fwnode,
			   struct irq_domain **domain)
{
	struct fwnode_handle *controller __free(fwnode_handle) =
		ipi_find_controller(fwnode);

	if (IS_ERR(controller)) {
		pr_err("%pfw: no valid ipi-parent, here or above\n", fwnode);
		return -EINVAL;
	}

	*domain = irq_find_ipi_domain(controller);
	if (*domain)
		return 0;

	if (fwnode_device_is_available(controller))
		return -EPROBE_DEFER;

	pr_err("%pfw: %pfw is disabled\n", fwnode, controller);
	return -ENODEV;
}

/* One number for one processor: a node with several threads is ambiguous */
static int ipi_of_read_hwid(struct device_node *np, unsigned long *hwid)
{
	int cells = of_n_addr_cells(np), len;
	const __be32 *reg;
	u64 id;

	reg = of_get_property(np, "reg", &len);
	if (!reg || !cells || cells > 2 || len != cells * sizeof(*reg))
		return -EINVAL;

	id = of_read_number(reg, cells);
	*hwid = id;
	return *hwid == id ? 0 : -EINVAL;
}

/*
 * Elsewhere than in /cpus the numbers mean other processors. The nodes of the
 * CPU devices are of no use: a tree without /cpus may get one from an overlay.
 */
static int ipi_of_find_cpu(struct device_node *np)
{
	struct device_node *cpus __free(device_node) =
		of_find_node_by_path("/cpus");
	int cpu;

	if (np->parent != cpus)
		return -ENODEV;

	for_each_possible_cpu(cpu) {
		if (arch_find_n_match_cpu_physical_id(np, cpu, NULL))
			return cpu;
	}
	return -ENODEV;
}

static int ipi_find_processor(const struct fwnode_handle *target,
			      struct ipi_processor *proc)
{
	struct device_node *np = to_of_node(target);

	if (!np || !of_node_is_type(np, "cpu")) {
		pr_err("%pfw: not a processor\n", target);
		return -EINVAL;
	}

	if (ipi_of_read_hwid(np, &proc->hwid)) {
		pr_err("%pfw: reg is not one number of #address-cells\n", target);
		return -EINVAL;
	}

	proc->cpu = ipi_of_find_cpu(np);
	return 0;
}

static int ipi_reserve_processor(struct irq_domain *domain,
				 const struct ipi_processor *proc)
{
	if (proc->cpu >= 0)
		return irq_reserve_ipi(domain, cpumask_of(proc->cpu));

	return irq_reserve_ipi_external(domain, proc->hwid);
}

/**
 * fwnode_irq_reserve_ipi - Reserve an IPI which a firmware node asks for
 * @fwnode:	Firmware node of the device
 * @index:	Index in its ipi-targets
 *
 * If the target is a CPU of Linux, this is irq_reserve_ipi() for that CPU, and
 * otherwise irq_reserve_ipi_external() with the hardware id of the processor.
 * irq_send_ipi_all() sends either, and irq_destroy_ipi() gives it back.
 *
 * So far processors are known from the device tree only.
 *
 * Context: Process context, may sleep.
 *
 * Return: Linux interrupt number, or
 * * %-ENOENT	- The node does not ask for such an IPI.
 * * %-EPROBE_DEFER - The controller has no IPI domain yet.
 * * %-ENODEV	- The controller is disabled.
 * * %-ENXIO	- The controller cannot reach the target.
 * * %-EINVAL	- The tree is wrong: no ipi-parent, a target which is no
 *		  processor, or one whose reg is not one number with the right
 *		  number of cells. The console tells which.
 * * %-ENOMEM	- No descriptor or no memory.
 * * %-ENOSPC	- No hwirqs left.
 */
int fwnode_irq_reserve_ipi(const struct fwnode_handle *fwnode,
			   unsigned int index)
{
	struct fwnode_handle *target __free(fwnode_handle) =
		ipi_find_node(fwnode, "ipi-targets", index);
	struct ipi_processor proc;
	struct irq_domain *domain;
	int ret;

	if (IS_ERR(target))
		return PTR_ERR(target);

	ret = ipi_find_processor(target, &proc);
	if (ret)
		return ret;

	ret = ipi_find_domain(fwnode, &domain);
	if (ret)
		return ret;

	ret = ipi_reserve_processor(domain, &proc);
	if (ret == -EINVAL) {
		pr_err("%pfw: %pfw is out of reach\n", fwnode, target);
		return -ENXIO;
	}
	return ret;
}
EXPORT_SYMBOL_GPL(fwnode_irq_reserve_ipi);

/**
 * fwnode_irq_reserve_ipi_byname - Reserve an IPI which a firmware node asks for
 * @fwnode:	Firmware node of the device
 * @name:	Name in its ipi-names
 *
 * Context: Process context, may sleep.
 *
 * Return: As fwnode_irq_reserve_ipi().
 */
int fwnode_irq_reserve_ipi_byname(const struct fwnode_handle *fwnode,
				  const char *name)
{
	int index = fwnode_property_match_string(fwnode, "ipi-names", name);

	if (index == -EINVAL || index == -ENODATA)
		return -ENOENT;

	return index < 0 ? index : fwnode_irq_reserve_ipi(fwnode, index);
}
EXPORT_SYMBOL_GPL(fwnode_irq_reserve_ipi_byname);

static void devm_ipi_destroy(void *virq)
{
	irq_destroy_ipi((unsigned long)virq, NULL);
}

static int devm_ipi_add(struct device *dev, int virq)
{
	int ret;

	if (virq < 0)
		return virq;

	ret = devm_add_action_or_reset(dev, devm_ipi_destroy,
				       (void *)(unsigned long)virq);
	return ret ?: virq;
}

/**
 * devm_of_irq_reserve_ipi - Reserve an IPI which goes with the driver
 * @dev:	Device whose device tree node asks for the IPI
 * @index:	Index in ipi-targets
 *
 * The IPI is destroyed when the driver is unbound, and must not be requested
 * then.
 *
 * Context: Process context, may sleep.
 *
 * Return: As fwnode_irq_reserve_ipi().
 */
int devm_of_irq_reserve_ipi(struct device *dev, unsigned int index)
{
	return devm_ipi_add(dev, of_irq_reserve_ipi(dev->of_node, index));
}
EXPORT_SYMBOL_GPL(devm_of_irq_reserve_ipi);

/**
 * devm_of_irq_reserve_ipi_byname - Reserve an IPI which goes with the driver
 * @dev:	Device whose device tree node asks for the IPI
 * @name:	Name in ipi-names
 *
 * The IPI is destroyed when the driver is unbound, and must not be requested
 * then.
 *
 * Context: Process context, may sleep.
 *
 * Return: As fwnode_irq_reserve_ipi().
 */
int devm_of_irq_reserve_ipi_byname(struct device *dev, const char *name)
{
	return devm_ipi_add(dev, of_irq_reserve_ipi_byname(dev->of_node, name));
}
EXPORT_SYMBOL_GPL(devm_of_irq_reserve_ipi_byname);
