// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver with an IPI to all CPUs.
 *
 * Each write to /sys/kernel/debug/ipi-sample/send sends it once. The CPUs which
 * took it are in the row "IPI sample" of /proc/interrupts. A CPU enables the IPI
 * when it comes up and disables it when it goes down.
 */

#include <linux/cpuhotplug.h>
#include <linux/cpumask.h>
#include <linux/debugfs.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/interrupt.h>
#include <linux/ipi.h>
#include <linux/irq.h>
#include <linux/module.h>
#include <linux/percpu.h>

/* What request_percpu_irq() wants: something per CPU to know the driver by */
static DEFINE_PER_CPU(int, cookie);
static struct dentry *folder;
static int virq, state;

static irqreturn_t receive(int irq, void *unused)
{
	return IRQ_HANDLED;
}

static int enable(unsigned int cpu)
{
	enable_percpu_irq(virq, IRQ_TYPE_NONE);
	return 0;
}

static int disable(unsigned int cpu)
{
	disable_percpu_irq(virq);
	return 0;
}

static ssize_t send(struct file *file, const char __user *text, size_t size, loff_t *at)
{
	int ret = irq_send_ipi_all(virq);

	return ret ?: size;
}

static const struct file_operations send_fops = {
	.owner	= THIS_MODULE,
	.write	= send,
};

static int __init sample_init(void)
{
	int ret;

	virq = irq_reserve_ipi(irq_find_ipi_domain(NULL), cpu_possible_mask);
	if (virq < 0)
		return virq;

	ret = request_percpu_irq(virq, receive, "IPI sample", &cookie);
	if (ret)
		goto destroy;

	state = cpuhp_setup_state(CPUHP_AP_ONLINE_DYN, "samples/ipi:online", enable, disable);
	if (state < 0) {
		ret = state;
		goto release;
	}

	folder = debugfs_create_dir("ipi-sample", NULL);
	debugfs_create_file("send", 0200, folder, NULL, &send_fops);
	return 0;

release:
	free_percpu_irq(virq, &cookie);
destroy:
	irq_destroy_ipi(virq, NULL);
	return ret;
}
module_init(sample_init);

static void __exit sample_exit(void)
{
	debugfs_remove(folder);
	cpuhp_remove_state(state);
	free_percpu_irq(virq, &cookie);
	irq_destroy_ipi(virq, NULL);
}
module_exit(sample_exit);

MODULE_DESCRIPTION("Sample of a driver with an IPI");
MODULE_LICENSE("GPL");
