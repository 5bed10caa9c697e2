/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The program of the coprocessor. It runs where it was copied to, uncached and
 * without a stack, and takes no interrupts: they only end its wait.
 */

#include <asm/asm.h>
#include <asm/mipsregs.h>
#include <asm/regdef.h>

#include "mailbox.h"

#define GIC_WEDGE	0x280
#define GIC_PEND	0x480
#define GIC_VL_RMASK	0x800c
#define ALL_LOCAL	0x7f
/* The GIC has no other pins. Software and the own timer have the rest. */
#define PINS		(STATUSF_IP2 | STATUSF_IP3 | STATUSF_IP4 | \
			 STATUSF_IP5 | STATUSF_IP6)

	.section .rodata
	.set	push
	.set	noreorder
	.balign	8

EXPORT(vp_program)
	/* s0: mailbox */
	bal	1f
	 nop
1:	ins	ra, zero, 0, 12
	addiu	s0, ra, MBOX_PAGE

	/* s1: GIC, s2: interrupt of the kick, s3: what raises the answer */
	lw	s1, MBOX_GIC(s0)
	lw	s2, MBOX_KICK(s0)
	lw	s3, MBOX_ANSWER(s0)
	lui	t0, 0x8000
	or	s3, s3, t0

	/* s4: word of the GIC which has the pending bit of the kick */
	srl	s4, s2, 5
	sll	s4, s4, 2
	addu	s4, s4, s1

	/* None of the interrupts which the GIC has for each VP */
	ori	t0, zero, GIC_VL_RMASK
	addu	t0, t0, s1
	li	t1, ALL_LOCAL
	sw	t1, 0(t0)

	li	t0, ST0_BEV | PINS
	mtc0	t0, CP0_STATUS
	ehb

	/* s5: the last message */
	lw	s5, MBOX_SEQ(s0)
	li	t0, 1
	sw	t0, MBOX_READY(s0)

	/* Without IE, an interrupt ends the wait and is not taken */
2:	wait
	lw	t0, GIC_PEND(s4)
	srlv	t0, t0, s2
	andi	t0, t0, 1
	beqz	t0, 2b
	 nop

	/*
	 * Clear the interrupt before the message is read: one which is written
	 * later raises it again. Pairs with the barrier of the send.
	 */
	sw	s2, GIC_WEDGE(s1)
	sync
	lw	t0, MBOX_SEQ(s0)
	beq	t0, s5, 3f
	 nop

	move	s5, t0
	lw	t1, MBOX_DATA(s0)
	not	t1, t1
	sw	t1, MBOX_DONE_DATA(s0)
	lw	t1, MBOX_HANDLED(s0)
	addiu	t1, t1, 1
	sw	t1, MBOX_HANDLED(s0)
	sw	t0, MBOX_DONE_SEQ(s0)
	/* The answer is there before its interrupt. Pairs with vp_answered(). */
	sync
	sw	s3, GIC_WEDGE(s1)
	b	2b
	 nop

	/* An IPI without a message */
3:	lw	t1, MBOX_EMPTY(s0)
	addiu	t1, t1, 1
	sw	t1, MBOX_EMPTY(s0)
	b	2b
	 nop
EXPORT(vp_program_end)

	.set	pop
