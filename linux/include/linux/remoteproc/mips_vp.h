/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What Linux tells the firmware of a MIPS VP, and the firmware Linux, in the
 * resource table. Firmware includes this, too, and defines __u32 before.
 */
#ifndef _LINUX_REMOTEPROC_MIPS_VP_H
#define _LINUX_REMOTEPROC_MIPS_VP_H

/* Type of the resource, one of those for vendors */
#define MIPS_VP_RESOURCE	128

/**
 * struct mips_vp_resource - How Linux and the VP interrupt each other
 * @kick_number:	Shared interrupt of the GIC by which Linux kicks the VP
 * @kick_pin:		Bit in Cause.IP which it sets there, or its vector if the cores
 *			have an external interrupt controller
 * @doorbell_low:	Physical address the VP writes to interrupt Linux
 * @doorbell_high:	Its upper half
 * @doorbell_data:	What it writes there
 * @fault:		Set by the firmware, before it rings the doorbell, when it
 *			has crashed
 *
 * All but @fault is filled in before the firmware is started.
 */
struct mips_vp_resource {
	__u32	kick_number;
	__u32	kick_pin;
	__u32	doorbell_low;
	__u32	doorbell_high;
	__u32	doorbell_data;
	__u32	fault;
};

#endif /* _LINUX_REMOTEPROC_MIPS_VP_H */
