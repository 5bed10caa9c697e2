// SPDX-License-Identifier: GPL-2.0-only
/*
 * A sample user of an IPI to a processor which does not run Linux: a virtual
 * processor (VP) of a MIPS CPS, with a program of its own.
 *
 * Linux writes a message to reserved memory and kicks the VP by an IPI. The VP
 * answers there and raises an interrupt of its own. See
 * Documentation/devicetree/bindings/mips/mti,vp-coprocessor.yaml.
 */

#include <linux/bits.h>
#include <linux/completion.h>
#include <linux/hash.h>
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/iopoll.h>
#include <linux/ipi.h>
#include <linux/ipi-fwnode.h>
#include <linux/irq.h>
#include <linux/irqdesc.h>
#include <linux/irqdomain.h>
#include <linux/kstrtox.h>
#include <linux/ktime.h>
#include <linux/mod_devicetable.h>
#include <linux/mutex.h>
#include <linux/of.h>
#include <linux/of_address.h>
#include <linux/platform_device.h>
#include <linux/sysfs.h>

#include <asm/addrspace.h>
#include <asm/mips-cps.h>

#include "mailbox.h"

#define START_US	1000000
#define ANSWER_JIFFIES	(5 * HZ)

/**
 * struct vp - The coprocessor
 * @id:		Its number in the GIC, which is the one within its core, too
 * @base:	Physical address of the program, with the mailbox in the next page
 * @program:	The program
 * @mbox:	The mailbox
 * @ipi:	The IPI which kicks it
 * @answered:	The message @seq has its answer
 * @lock:	Serializes exchanges
 * @seq:	Number of the last message
 * @exchanged:	Messages of the last exchange
 * @lost:	... without an answer
 * @wrong:	... with a wrong one
 * @rate:	... per second
 * @stale:	Answers to another message than the last one, since the start
 */
struct vp {
	unsigned int		id;
	phys_addr_t		base;
	void __iomem		*program;
	void __iomem		*mbox;
	int			ipi;
	struct completion	answered;
	struct mutex		lock;
	u32			seq;
	unsigned int		exchanged;
	unsigned int		lost;
	unsigned int		wrong;
	unsigned int		rate;
	unsigned int		stale;
};

static u32 vp_read(struct vp *vp, unsigned int word)
{
	return __raw_readl(vp->mbox + word);
}

static void vp_write(struct vp *vp, unsigned int word, u32 value)
{
	__raw_writel(value, vp->mbox + word);
}

static bool vp_running(struct vp *vp)
{
	u32 running;

	mips_cm_lock_other(0, 0, vp->id, CM_GCR_Cx_OTHER_BLOCK_LOCAL);
	running = read_cpc_co_vp_running();
	mips_cm_unlock_other();
	return running & BIT(vp->id);
}

static irqreturn_t vp_answered(int irq, void *data)
{
	struct vp *vp = data;

	/* The interrupt is seen before the answer. Pairs with program.S. */
	rmb();
	if (vp_read(vp, MBOX_DONE_SEQ) == READ_ONCE(vp->seq))
		complete(&vp->answered);
	else
		vp->stale++;
	return IRQ_HANDLED;
}

static bool vp_exchange_one(struct vp *vp)
{
	u32 data = hash_32(vp->seq + 1, 32);

	reinit_completion(&vp->answered);
	WRITE_ONCE(vp->seq, vp->seq + 1);
	vp_write(vp, MBOX_DATA, data);
	vp_write(vp, MBOX_SEQ, vp->seq);

	/* Orders the message before the IPI */
	if (irq_send_ipi_all(vp->ipi) ||
	    !wait_for_completion_timeout(&vp->answered, ANSWER_JIFFIES)) {
		vp->lost++;
		return false;
	}

	vp->wrong += vp_read(vp, MBOX_DONE_DATA) != ~data;
	return true;
}

static ssize_t exchange_store(struct device *dev, struct device_attribute *attr,
			      const char *buf, size_t count)
{
	struct vp *vp = dev_get_drvdata(dev);
	unsigned int number;
	ktime_t start;
	int ret;

	ret = kstrtouint(buf, 0, &number);
	if (ret)
		return ret;

	guard(mutex)(&vp->lock);
	vp->exchanged = 0;
	vp->lost = 0;
	vp->wrong = 0;

	start = ktime_get();
	while (vp->exchanged < number && vp_exchange_one(vp))
		vp->exchanged++;
	vp->rate = div64_u64((u64)vp->exchanged * NSEC_PER_SEC,
			     ktime_to_ns(ktime_sub(ktime_get(), start)) ?: 1);
	return count;
}

static ssize_t exchange_show(struct device *dev, struct device_attribute *attr,
			     char *buf)
{
	struct vp *vp = dev_get_drvdata(dev);
	int len;

	guard(mutex)(&vp->lock);
	len = sysfs_emit(buf, "messages %u lost %u wrong %u stale %u rate %u ",
			 vp->exchanged, vp->lost, vp->wrong, vp->stale, vp->rate);
	/* What the program counted, and whether the CPC runs it */
	len += sysfs_emit_at(buf, len, "handled %u empty %u running %u\n",
			     vp_read(vp, MBOX_HANDLED), vp_read(vp, MBOX_EMPTY),
			     vp_running(vp));
	return len;
}
static DEVICE_ATTR_RW(exchange);

static ssize_t ipi_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct vp *vp = dev_get_drvdata(dev);

	return sysfs_emit(buf, "virq %d hwirq %lu\n", vp->ipi,
			  ipi_get_hwirq(vp->ipi, IPI_EXTERNAL));
}
static DEVICE_ATTR_RO(ipi);

static struct attribute *vp_attrs[] = {
	&dev_attr_exchange.attr,
	&dev_attr_ipi.attr,
	NULL
};
ATTRIBUTE_GROUPS(vp);

static void vp_stop(void *data)
{
	struct vp *vp = data;
	bool running;

	mips_cm_lock_other(0, 0, vp->id, CM_GCR_Cx_OTHER_BLOCK_LOCAL);
	write_cpc_co_vp_stop(BIT(vp->id));
	mips_cm_unlock_other();

	if (read_poll_timeout(vp_running, running, !running, 100, START_US, false, vp))
		pr_err("VP %u does not stop\n", vp->id);
}

static int vp_start(struct device *dev, struct vp *vp, int irq)
{
	u32 ready;

	if (vp_running(vp))
		return dev_err_probe(dev, -EBUSY, "VP %u is not free\n", vp->id);

	memcpy_toio(vp->program, vp_program, vp_program_end - vp_program);
	memset_io(vp->mbox, 0, MBOX_PAGE);
	vp_write(vp, MBOX_GIC, CKSEG1ADDR(read_gcr_gic_base() & CM_GCR_GIC_BASE_GICBASE));
	vp_write(vp, MBOX_KICK, ipi_get_hwirq(vp->ipi, IPI_EXTERNAL));
	vp_write(vp, MBOX_ANSWER, irqd_to_hwirq(irq_get_irq_data(irq)) - GIC_NUM_LOCAL_INTRS);

	mips_cm_lock_other(0, 0, vp->id, CM_GCR_Cx_OTHER_BLOCK_LOCAL);
	write_gcr_co_reset_base(CKSEG1ADDR(vp->base));
	/* The VP has all of this before it runs */
	wmb();
	write_cpc_co_vp_run(BIT(vp->id));
	mips_cm_unlock_other();

	if (read_poll_timeout(vp_read, ready, ready, 100, START_US, false, vp, MBOX_READY)) {
		vp_stop(vp);
		return dev_err_probe(dev, -ETIMEDOUT, "VP %u does not start\n", vp->id);
	}
	return 0;
}

static int vp_find(struct device *dev, struct vp *vp)
{
	struct device_node *memory __free(device_node) =
		of_parse_phandle(dev->of_node, "memory-region", 0);
	struct resource res;

	if (of_property_read_u32_index(dev->of_node, "ipis", 1, &vp->id) ||
	    of_address_to_resource(memory, 0, &res))
		return -EINVAL;

	/* What a VP can start from: an uncached page below 512 MiB */
	if (resource_size(&res) < 2 * MBOX_PAGE || res.end >= CSEGX_SIZE ||
	    !IS_ALIGNED(res.start, MBOX_PAGE))
		return -EINVAL;

	vp->base = res.start;
	vp->program = devm_ioremap(dev, res.start, 2 * MBOX_PAGE);
	if (!vp->program)
		return -ENOMEM;

	vp->mbox = vp->program + MBOX_PAGE;
	return 0;
}

static int vp_probe(struct platform_device *pdev)
{
	struct device *dev = &pdev->dev;
	struct vp *vp;
	int irq, ret;

	vp = devm_kzalloc(dev, sizeof(*vp), GFP_KERNEL);
	if (!vp)
		return -ENOMEM;

	init_completion(&vp->answered);
	mutex_init(&vp->lock);
	platform_set_drvdata(pdev, vp);

	ret = vp_find(dev, vp);
	if (ret)
		return dev_err_probe(dev, ret, "no VP or no memory for it\n");

	irq = platform_get_irq(pdev, 0);
	if (irq < 0)
		return irq;

	ret = devm_request_irq(dev, irq, vp_answered, 0, "VP answer", vp);
	if (ret)
		return ret;

	vp->ipi = devm_irq_reserve_ipi_byname(dev, "kick");
	if (vp->ipi < 0)
		return dev_err_probe(dev, vp->ipi, "no IPI\n");

	ret = vp_start(dev, vp, irq);
	if (ret)
		return ret;

	/* Stopped before the IPI is given back */
	return devm_add_action_or_reset(dev, vp_stop, vp);
}

static const struct of_device_id vp_of_match[] = {
	{ .compatible = "mti,vp-coprocessor" },
	{ }
};

static struct platform_driver vp_driver = {
	.probe	= vp_probe,
	.driver	= {
		.name		= "vp-coprocessor",
		.of_match_table	= vp_of_match,
		.dev_groups	= vp_groups,
	},
};
builtin_platform_driver(vp_driver);
