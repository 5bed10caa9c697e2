/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What Linux and the program of the coprocessor share: offsets of 32 bit words
 * in the page after the program.
 */
#ifndef _SAMPLES_MIPS_VP_MAILBOX_H
#define _SAMPLES_MIPS_VP_MAILBOX_H

/* Both the program and the mailbox have a page of this size */
#define MBOX_PAGE	0x1000

/* Written by Linux before the start: the GIC, and two of its interrupts */
#define MBOX_GIC	0x00
#define MBOX_KICK	0x04
#define MBOX_ANSWER	0x08

/* Written by Linux, message after message */
#define MBOX_SEQ	0x10
#define MBOX_DATA	0x14

/* Written by the program: it is up, answers, and what it counted */
#define MBOX_READY	0x20
#define MBOX_DONE_SEQ	0x24
#define MBOX_DONE_DATA	0x28
#define MBOX_HANDLED	0x2c
#define MBOX_EMPTY	0x30

#ifndef __ASSEMBLY__
extern const char vp_program[], vp_program_end[];
#endif

#endif /* _SAMPLES_MIPS_VP_MAILBOX_H */
