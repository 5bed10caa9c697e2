/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The program of the processor which Linux does not own.
 *
 * It starts in real mode at FOREIGN_PROGRAM, goes on in protected mode without
 * paging, counts the interrupts it takes, and answers those of one vector: the
 * request's complement is the answer, and an interrupt says that it is there.
 */
#include <linux/linkage.h>

#include "x86-foreign.h"

#define APIC(reg)	(0xfee00000 + (reg))
#define SHARED(word)	(FOREIGN_SHARED + 4 * (word))
/* Where a label is when the program has been copied */
#define AT(label)	(FOREIGN_PROGRAM + (label) - foreign_program)

	/* Data for Linux */
	.section .rodata, "a"
	.balign 16
	.globl foreign_program, foreign_stubs, foreign_program_end

	.code16
foreign_program:
	cli
	movw	%cs, %ax
	movw	%ax, %ds
	lgdtl	gdt_pointer - foreign_program
	movl	%cr0, %eax
	orl	$1, %eax
	movl	%eax, %cr0
	ljmpl	$8, $AT(protected)

	.code32
protected:
	movl	$16, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	movl	$FOREIGN_STACK_TOP, %esp
	lidt	AT(idt_pointer)

	/* The local APIC takes interrupts */
	movl	$0x1ff, APIC(0xf0)
	movl	$1, SHARED(SHARED_READY)
	sti
1:	hlt
	jmp	1b

taken:
	pushal
	movl	32(%esp), %eax
	incl	SHARED(SHARED_TAKEN)(, %eax, 4)
	/* An NMI is not in service at the APIC */
	cmpl	$2, %eax
	je	3f
	movl	$0, APIC(0xb0)
	cmpl	SHARED(SHARED_KICK_VECTOR), %eax
	jne	3f

	/* Stores are seen in order, so the answer is there before its interrupt */
	movl	SHARED(SHARED_REQUEST), %ebx
	notl	%ebx
	movl	%ebx, SHARED(SHARED_ANSWER)
2:	testl	$0x1000, APIC(0x300)
	jnz	2b
	movl	SHARED(SHARED_ANSWER_APIC_ID), %ebx
	shll	$24, %ebx
	movl	%ebx, APIC(0x310)
	movl	SHARED(SHARED_ANSWER_VECTOR), %ebx
	movl	%ebx, APIC(0x300)
3:	popal
	addl	$4, %esp
	iret

	.balign FOREIGN_STUB_SIZE
foreign_stubs:
	.set	vector, 0
	.rept	256
	.balign FOREIGN_STUB_SIZE
	pushl	$vector
	jmp	taken
	.set	vector, vector + 1
	.endr

	.balign 8
gdt:
	.quad	0
	.quad	0x00cf9b000000ffff
	.quad	0x00cf93000000ffff
gdt_pointer:
	.word	gdt_pointer - gdt - 1
	.long	AT(gdt)
idt_pointer:
	.word	256 * 8 - 1
	.long	FOREIGN_IDT
foreign_program_end:
	.code64
