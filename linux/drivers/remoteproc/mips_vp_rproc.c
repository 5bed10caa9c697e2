// SPDX-License-Identifier: GPL-2.0-only
/*
 * A virtual processor (VP) of a MIPS Coherent Processing System which Linux does
 * not run on, as remote processor.
 *
 * Linux kicks it by an IPI of the GIC, and is interrupted by a message which the
 * VP writes to the GIC. The firmware runs in kernel mode and reaches all memory:
 * it is as trusted as Linux.
 */

#include <linux/bits.h>
#include <linux/cleanup.h>
#include <linux/cpu.h>
#include <linux/dma-map-ops.h>
#include <linux/dma-mapping.h>
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/iopoll.h>
#include <linux/ipi.h>
#include <linux/ipi-fwnode.h>
#include <linux/irq.h>
#include <linux/mod_devicetable.h>
#include <linux/msi.h>
#include <linux/of.h>
#include <linux/of_address.h>
#include <linux/platform_device.h>
#include <linux/remoteproc.h>
#include <linux/remoteproc/mips_vp.h>
#include <linux/sizes.h>
#include <linux/workqueue.h>

#include <asm/addrspace.h>
#include <asm/mips-cps.h>
#include <asm/smp-cps.h>

#include "remoteproc_internal.h"

#define STOP_US		1000000

/**
 * struct mips_vp - A VP with firmware
 * @rproc:	The remote processor
 * @core:	Core that the VP belongs to
 * @vp:		Number of the VP in its core
 * @kick:	The IPI which kicks it
 * @arrival:	How the firmware sees the IPI
 * @doorbell:	The interrupt it raises
 * @msg:	How it does that
 * @hear:	Looks at what the firmware has for Linux
 * @ears:	Hears the doorbell while the devices of the firmware are there, and
 *		stops the VP before they go
 * @firmware:	The memory it is loaded to
 * @mem:	The same, mapped
 * @rsc:	Offset in the resource table of what the firmware is told, or 0
 */
struct mips_vp {
	struct rproc		*rproc;
	unsigned int		core;
	unsigned int		vp;
	int			kick;
	struct ipi_arrival	arrival;
	int			doorbell;
	struct msi_msg		msg;
	struct work_struct	hear;
	struct rproc_subdev	ears;
	struct resource		firmware;
	void __iomem		*mem;
	int			rsc;
};

static void mips_vp_lock_other(const struct mips_vp *vp)
{
	mips_cm_lock_other(0, vp->core, vp->vp, CM_GCR_Cx_OTHER_BLOCK_LOCAL);
}

static bool mips_vp_running(const struct mips_vp *vp)
{
	u32 running;

	mips_vp_lock_other(vp);
	running = read_cpc_co_vp_running();
	mips_cm_unlock_other();
	return running & BIT(vp->vp);
}

/* An address is a physical one, or in an unmapped alias of 32 bit firmware */
static void *mips_vp_da_to_va(struct rproc *rproc, u64 da, size_t len, bool *is_iomem)
{
	struct mips_vp *vp = rproc->priv;
	phys_addr_t pa = CPHYSADDR(da);

	if (da != pa && da != (u32)CKSEG0ADDR(pa) && da != (u32)CKSEG1ADDR(pa))
		return NULL;

	if (pa < vp->firmware.start || len > resource_size(&vp->firmware) ||
	    pa - vp->firmware.start > resource_size(&vp->firmware) - len)
		return NULL;

	if (is_iomem)
		*is_iomem = true;
	return (void __force *)vp->mem + (pa - vp->firmware.start);
}

static int mips_vp_prepare(struct rproc *rproc)
{
	struct mips_vp *vp = rproc->priv;

	/* That of the firmware before */
	vp->rsc = 0;
	return 0;
}

static int mips_vp_handle_rsc(struct rproc *rproc, u32 type, void *rsc, int offset, int avail)
{
	struct mips_vp *vp = rproc->priv;

	if (type != MIPS_VP_RESOURCE)
		return RSC_IGNORED;

	if (avail < sizeof(struct mips_vp_resource)) {
		dev_err(&rproc->dev, "the resource of the VP is truncated\n");
		return -EINVAL;
	}

	vp->rsc = offset;
	*(struct mips_vp_resource *)rsc = (struct mips_vp_resource) {
		.kick_number	= vp->arrival.hwirq,
		.kick_pin	= vp->arrival.pin,
		.doorbell_low	= vp->msg.address_lo,
		.doorbell_high	= vp->msg.address_hi,
		.doorbell_data	= vp->msg.data,
	};
	return RSC_HANDLED;
}

static int mips_vp_check(struct rproc *rproc)
{
	struct mips_vp *vp = rproc->priv;

	if (!vp->rsc) {
		dev_err(&rproc->dev, "the firmware has no resource of the VP\n");
		return -EINVAL;
	}

	if (!IS_ALIGNED(rproc->bootaddr, SZ_4K) ||
	    !mips_vp_da_to_va(rproc, rproc->bootaddr, SZ_4K, NULL)) {
		dev_err(&rproc->dev, "a VP cannot start at %#llx\n", rproc->bootaddr);
		return -EINVAL;
	}
	return 0;
}

static int mips_vp_run(struct rproc *rproc)
{
	struct mips_vp *vp = rproc->priv;

	/* A CPU of Linux that comes up would reset the core between look and start */
	guard(cpus_read_lock)();

	if (mips_vp_running(vp)) {
		dev_err(&rproc->dev, "VP %lu runs already\n", vp->arrival.hwid);
		return -EBUSY;
	}

	if (!mips_cps_core_is_up(0, vp->core)) {
		dev_err(&rproc->dev, "core %u is not up\n", vp->core);
		return -ENODEV;
	}

	mips_vp_lock_other(vp);
	write_gcr_co_reset_base(CKSEG1ADDR(CPHYSADDR(rproc->bootaddr)));
	/* The firmware is there before the VP runs */
	wmb();
	write_cpc_co_vp_run(BIT(vp->vp));
	mips_cm_unlock_other();
	return 0;
}

static int mips_vp_start(struct rproc *rproc)
{
	struct mips_vp *vp = rproc->priv;
	int ret;

	ret = mips_vp_check(rproc);
	if (ret)
		return ret;

	ret = mips_vp_run(rproc);
	if (ret)
		return ret;

	/* Started after the devices of the firmware, and stopped before them */
	rproc_add_subdev(rproc, &vp->ears);
	return 0;
}

/* Whoever has stopped the VP before will do */
static int mips_vp_halt(struct mips_vp *vp)
{
	bool running;
	int ret;

	mips_vp_lock_other(vp);
	write_cpc_co_vp_stop(BIT(vp->vp));
	mips_cm_unlock_other();

	ret = read_poll_timeout(mips_vp_running, running, !running, 100, STOP_US, false, vp);
	if (ret)
		dev_err(&vp->rproc->dev, "VP %lu does not stop\n", vp->arrival.hwid);
	return ret;
}

static int mips_vp_stop(struct rproc *rproc)
{
	struct mips_vp *vp = rproc->priv;
	int ret;

	ret = mips_vp_halt(vp);
	if (!ret)
		rproc_remove_subdev(rproc, &vp->ears);
	return ret;
}

static void mips_vp_kick(struct rproc *rproc, int vqid)
{
	struct mips_vp *vp = rproc->priv;
	int ret;

	/* Orders the message before the IPI */
	ret = irq_send_ipi_all(vp->kick);
	if (ret)
		dev_err_ratelimited(&rproc->dev, "cannot kick VP %lu: %d\n", vp->arrival.hwid, ret);
}

static const struct rproc_ops mips_vp_ops = {
	.prepare	= mips_vp_prepare,
	.start		= mips_vp_start,
	.stop		= mips_vp_stop,
	.kick		= mips_vp_kick,
	.da_to_va	= mips_vp_da_to_va,
	.handle_rsc	= mips_vp_handle_rsc,
};

static int mips_vp_listen(struct rproc_subdev *ears)
{
	enable_irq(container_of(ears, struct mips_vp, ears)->doorbell);
	return 0;
}

/*
 * When the VP has stopped, neither side looks at the virtqueues any more, and they
 * and their buffers can go. They go as well if it has not, since the core does not
 * ask.
 */
static void mips_vp_ignore(struct rproc_subdev *ears, bool crashed)
{
	struct mips_vp *vp = container_of(ears, struct mips_vp, ears);

	mips_vp_halt(vp);
	disable_irq(vp->doorbell);
	cancel_work_sync(&vp->hear);
}

static void mips_vp_hear(struct work_struct *work)
{
	struct mips_vp *vp = container_of(work, struct mips_vp, hear);
	struct rproc *rproc = vp->rproc;
	const struct mips_vp_resource *rsc = (void *)rproc->table_ptr + vp->rsc;
	u32 fault = READ_ONCE(rsc->fault);

	if (fault) {
		dev_err(&rproc->dev, "the firmware reports fault %u\n", fault);
		rproc_report_crash(rproc, RPROC_FATAL_ERROR);
		return;
	}

	for (int id = 0; id <= rproc->max_notifyid; id++)
		rproc_vq_interrupt(rproc, id);
}

/*
 * The firmware may ring faster than its messages are handled. The thread of an
 * interrupt is a real-time one, and would keep its CPU from all others.
 */
static irqreturn_t mips_vp_rung(int irq, void *data)
{
	struct mips_vp *vp = data;

	schedule_work(&vp->hear);
	return IRQ_HANDLED;
}

static void mips_vp_write_msg(struct msi_desc *desc, struct msi_msg *msg)
{
	struct mips_vp *vp = dev_get_drvdata(msi_desc_to_dev(desc));

	vp->msg = *msg;
}

static void mips_vp_free_doorbell(void *dev)
{
	platform_device_msi_free_irqs_all(dev);
}

static int mips_vp_get_doorbell(struct device *dev, struct mips_vp *vp)
{
	int ret;

	ret = platform_device_msi_init_and_alloc_irqs(dev, 1, mips_vp_write_msg);
	if (ret)
		return dev_err_probe(dev, ret, "no doorbell\n");

	ret = devm_add_action_or_reset(dev, mips_vp_free_doorbell, dev);
	if (ret)
		return ret;

	INIT_WORK(&vp->hear, mips_vp_hear);
	vp->doorbell = msi_get_virq(dev, 0);
	vp->ears.start = mips_vp_listen;
	vp->ears.stop = mips_vp_ignore;
	return devm_request_irq(dev, vp->doorbell, mips_vp_rung, IRQF_NO_AUTOEN,
				dev_name(dev), vp);
}

/* The GIC numbers the VPs core by core, and leaves room behind small ones */
static int mips_vp_find(struct mips_vp *vp)
{
	unsigned int core, first;

	for (core = 0; core < mips_cps_numcores(0); core++) {
		first = core * mips_cm_max_vp_width();
		if (vp->arrival.hwid < first ||
		    vp->arrival.hwid - first >= mips_cps_numvps(0, core))
			continue;

		vp->core = core;
		vp->vp = vp->arrival.hwid - first;

		/* With nosmt there are VPs which Linux neither owns nor gave up */
		return mips_cps_foreign_vps(0, core) & BIT(vp->vp) ? 0 : -EBUSY;
	}
	return -ENODEV;
}

static int mips_vp_get_kick(struct device *dev, struct mips_vp *vp)
{
	int ret;

	vp->kick = devm_irq_reserve_ipi_byname(dev, "kick");
	if (vp->kick < 0)
		return dev_err_probe(dev, vp->kick, "no IPI to a VP\n");

	ret = ipi_get_arrival(vp->kick, IPI_EXTERNAL, &vp->arrival);
	if (ret)
		return ret;

	ret = mips_vp_find(vp);
	if (ret)
		dev_err(dev, "VP %lu is not for firmware: %d\n", vp->arrival.hwid, ret);
	return ret;
}

static int mips_vp_get_memory(struct device *dev, struct mips_vp *vp)
{
	struct device_node *np __free(device_node) =
		of_parse_phandle(dev->of_node, "memory-region", 0);
	int ret;

	/*
	 * The VP has vrings and messages in its cache. The devices which have them
	 * here are children of @dev without a node, and get the default.
	 */
	if (!dma_default_coherent)
		return dev_err_probe(dev, -EINVAL, "needs coherent DMA\n");

	/* A VP of 32 bits reaches what is in its unmapped segments */
	ret = dma_set_mask_and_coherent(dev, CSEGX_SIZE - 1);
	if (ret)
		return dev_err_probe(dev, ret, "cannot keep DMA to the first 512 MiB\n");

	if (of_address_to_resource(np, 0, &vp->firmware) || vp->firmware.end >= CSEGX_SIZE)
		return dev_err_probe(dev, -EINVAL, "no memory where a VP can start\n");

	vp->mem = devm_ioremap(dev, vp->firmware.start, resource_size(&vp->firmware));
	return vp->mem ? 0 : -ENOMEM;
}

static int mips_vp_probe(struct platform_device *pdev)
{
	struct device *dev = &pdev->dev;
	const char *firmware = NULL;
	struct rproc *rproc;
	struct mips_vp *vp;
	int ret;

	rproc_of_parse_firmware(dev, 0, &firmware);
	rproc = devm_rproc_alloc(dev, dev->of_node->name, &mips_vp_ops, firmware, sizeof(*vp));
	if (!rproc)
		return -ENOMEM;

	/* The file system with the firmware is there later */
	rproc->auto_boot = false;
	vp = rproc->priv;
	vp->rproc = rproc;
	platform_set_drvdata(pdev, vp);

	ret = mips_vp_get_memory(dev, vp);
	if (ret)
		return ret;

	ret = mips_vp_get_kick(dev, vp);
	if (ret)
		return ret;

	ret = mips_vp_get_doorbell(dev, vp);
	if (ret)
		return ret;

	return devm_rproc_add(dev, rproc);
}

/* The kernel which kexec starts knows nothing of the firmware */
static void mips_vp_shutdown(struct platform_device *pdev)
{
	struct mips_vp *vp = platform_get_drvdata(pdev);
	struct rproc *rproc = vp->rproc;
	int ret;

	if (rproc->state != RPROC_RUNNING && rproc->state != RPROC_CRASHED)
		return;

	ret = rproc_shutdown(rproc);
	if (ret)
		dev_err(&pdev->dev, "cannot shut the VP down: %d\n", ret);
}

static const struct of_device_id mips_vp_of_match[] = {
	{ .compatible = "mti,vp-rproc" },
	{ }
};

static struct platform_driver mips_vp_driver = {
	.probe		= mips_vp_probe,
	.shutdown	= mips_vp_shutdown,
	.driver		= {
		.name		= "mips-vp-rproc",
		.of_match_table	= mips_vp_of_match,
	},
};
builtin_platform_driver(mips_vp_driver);
