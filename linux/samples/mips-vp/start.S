/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where the VP starts: uncached, without a stack, and with interrupts off, which
 * they stay.
 */
	.set	noreorder

	.section .text.start, "ax"
	.globl	_start
_start:
	/* Out of the error level, on which a wait may not end */
	lui	$8, 0x0040
	mtc0	$8, $12
	/* The unmapped segment that is cached is coherent, as it is for Linux */
	mfc0	$8, $16
	li	$9, 5
	ins	$8, $9, 0, 3
	mtc0	$8, $16
	ehb
	lui	$sp, %hi(stack_end)
	addiu	$sp, $sp, %lo(stack_end)
	jal	firmware
	 nop
1:	wait
	b	1b
	 nop

	.bss
	.balign	16
	.space	4096
stack_end:
