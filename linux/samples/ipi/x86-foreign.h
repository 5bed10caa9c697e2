/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What x86-foreign.c and the program on the other processor agree on. All of it
 * is in the first megabyte, which Linux leaves alone and where a processor starts.
 */
#ifndef _X86_FOREIGN_H
#define _X86_FOREIGN_H

/* Physical addresses */
#define FOREIGN_PROGRAM		0x8000
#define FOREIGN_SHARED		0xa000
#define FOREIGN_IDT		0xb000
#define FOREIGN_STACK_TOP	0xd000

/* Words at FOREIGN_SHARED */
#define SHARED_READY		0
#define SHARED_KICK_VECTOR	1
#define SHARED_REQUEST		2
#define SHARED_ANSWER		3
#define SHARED_ANSWER_APIC_ID	4
#define SHARED_ANSWER_VECTOR	5
/* How often the processor took each vector */
#define SHARED_TAKEN		6

/* Bytes of the entry of a vector in the program */
#define FOREIGN_STUB_SIZE	16

#ifndef __ASSEMBLER__
#include <linux/types.h>

extern const u8 foreign_program[], foreign_stubs[], foreign_program_end[];
#endif

#endif /* _X86_FOREIGN_H */
