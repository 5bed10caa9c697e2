/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A fake interrupt controller with an IPI domain, for KUnit.
 */
#ifndef _KUNIT_IPI_FAKE_H
#define _KUNIT_IPI_FAKE_H

#include <linux/atomic.h>
#include <linux/bitmap.h>
#include <linux/cpumask.h>
#include <linux/fwnode.h>
#include <linux/ipi.h>
#include <linux/irq_work.h>
#include <linux/irqdomain.h>
#include <linux/spinlock.h>

#include <kunit/test.h>

#include "common.h"

/* How the controller hands out hwirqs */
enum fake_shape {
	FAKE_ROW,	/* One per CPU, the lowest which are free */
	FAKE_GAPS,	/* One per CPU, every third one, the last CPU first */
	FAKE_TREE,	/* One per CPU, too large for a linear reverse map */
	FAKE_UNIFORM,	/* The same for all targets */
	FAKE_BANKED,	/* The same for all targets, each of which has its own */
};

/* The hardware id of no processor; that of a CPU of Linux is its number */
#define FAKE_NOBODY	0xdead

enum fake_mask {
	MASK_SINGLE,
	MASK_PAIR,
	MASK_ALL,
	MASK_OFFSET,
	MASK_HOLES,
	MASK_ALTERNATING,
	MASK_RANDOM,
};

struct fake_case {
	const char	*desc;
	enum fake_shape	shape;
	enum fake_mask	mask;
};

#define FAKE_CASES_OF_SHAPE(name, shape)		\
	{ name ", one CPU",	shape, MASK_SINGLE },	\
	{ name ", two CPUs",	shape, MASK_PAIR },	\
	{ name ", all CPUs",	shape, MASK_ALL },	\
	{ name ", offset",	shape, MASK_OFFSET },	\
	{ name ", holes",	shape, MASK_HOLES },	\
	{ name ", alternating",	shape, MASK_ALTERNATING },	\
	{ name ", random",	shape, MASK_RANDOM }

/* Use with KUNIT_ARRAY_PARAM_DESC(name, fake_cases, desc) */
static const struct fake_case fake_cases[] __maybe_unused = {
	FAKE_CASES_OF_SHAPE("row", FAKE_ROW),
	FAKE_CASES_OF_SHAPE("gaps", FAKE_GAPS),
	FAKE_CASES_OF_SHAPE("tree", FAKE_TREE),
	FAKE_CASES_OF_SHAPE("uniform", FAKE_UNIFORM),
	FAKE_CASES_OF_SHAPE("banked", FAKE_BANKED),
};

/**
 * struct fake_cpu - The controller's registers of a CPU, and the wire to it
 * @fake:	Controller
 * @enabled:	Hwirqs which are unmasked
 * @used:	Hwirqs which are handed out, if they are banked
 * @irqs:	The interrupt which a banked hwirq leads to
 * @acked:	The last hwirq which was acknowledged
 * @work:	Interrupts the CPU
 * @pending:	Hwirqs which were raised, or NULL if sends interrupt nobody
 */
struct fake_cpu {
	struct fake_ipi	*fake;
	unsigned long	*enabled;
	unsigned long	*used;
	unsigned int	*irqs;
	irq_hw_number_t	acked;
	struct irq_work	work;
	unsigned long	*pending;
};

/**
 * struct fake_sent - One hwirq which was raised or freed
 * @hwirq:	Hwirq
 * @target:	Its target: the CPU, or the hardware id if it is external
 */
struct fake_sent {
	irq_hw_number_t	hwirq;
	unsigned long	target;
};

/**
 * struct fake_ipi - A fake controller and what was done to it
 * @test:	Test which it goes with
 * @domain:	The controller's domain
 * @ipi:	Its IPI domain
 * @ipi_ops:	The controller's side of it
 * @shape:	How hwirqs are handed out
 * @base:	First hwirq
 * @size:	Number of hwirqs
 * @nr_hwirqs:	How many of them are for IPIs
 * @used:	Hwirqs which are handed out
 * @hwid:	Hardware id of the external target which a hwirq is routed to
 * @nr_calls:	Number of send_ipi() calls
 * @nr_sent:	Number of hwirqs raised
 * @sent:	The first of them, in order, nr_cpu_ids at most
 * @nr_in_nmi:	Number of hwirqs raised from NMIs
 * @freed:	The last hwirq which was freed
 * @nr_acked:	Number of acknowledged hwirqs
 * @nr_astray:	How often the core asked for what is not there, or not for IPIs
 * @lock:	Protects the log
 * @on_free:	Called before a hwirq is freed, if set
 * @cpus:	One per CPU
 */
struct fake_ipi {
	struct kunit		*test;
	struct irq_domain	*domain;
	struct irq_domain	*ipi;
	const struct ipi_domain_ops *ipi_ops;
	enum fake_shape		shape;
	irq_hw_number_t		base;
	unsigned int		size;
	unsigned int		nr_hwirqs;
	unsigned long		*used;
	unsigned long		*hwid;
	unsigned int		nr_calls;
	unsigned int		nr_sent;
	struct fake_sent	*sent;
	atomic_t		nr_in_nmi;
	struct fake_sent	freed;
	atomic_t		nr_acked;
	atomic_t		nr_astray;
	raw_spinlock_t		lock;
	void			(*on_free)(struct fake_ipi *fake);
	struct fake_cpu		*cpus;
};

/**
 * struct fake_count - Resources which must not leak
 * @descs:	Interrupt descriptors in the system
 * @hwirqs:	Hwirqs handed out by the controller
 * @mappings:	Hwirqs which resolve to an interrupt
 * @mapped:	Interrupts in the controller's and the IPI domain
 */
struct fake_count {
	unsigned int	descs;
	unsigned int	hwirqs;
	unsigned int	mappings;
	unsigned int	mapped;
};

DECLARE_PER_CPU(unsigned int, fake_sent_here);

int fake_init(struct kunit *test);
void fake_add_domain(struct kunit *test, struct fake_ipi *fake,
		     struct fwnode_handle *fwnode);
void fake_add_ipi_domain(struct kunit *test, struct fake_ipi *fake,
			 const struct ipi_domain_ops *ops);
struct fake_ipi *fake_create(struct kunit *test, enum fake_shape shape);
void fake_wire_up(struct kunit *test, struct fake_ipi *fake);
struct cpumask *fake_mask(struct kunit *test, enum fake_mask kind);
bool fake_add_impossible(struct cpumask *mask);
unsigned int fake_device(struct kunit *test, struct fake_ipi *fake,
			 irq_hw_number_t hwirq);
int fake_reserve(struct kunit *test, struct fake_ipi *fake,
		 const struct cpumask *mask);
int fake_reserve_and_request(struct kunit *test, struct fake_ipi *fake,
			     const struct cpumask *mask);
int fake_reserve_external(struct kunit *test, struct fake_ipi *fake,
			  unsigned long hwid);
bool fake_is_mapped(struct fake_ipi *fake);
bool fake_is_enabled(struct fake_ipi *fake, int virq, unsigned int cpu);
struct fake_count fake_count(struct fake_ipi *fake);
void fake_expect_count(struct kunit *test, struct fake_ipi *fake,
		       struct fake_count before);
int fake_raise_on(struct fake_ipi *fake, irq_hw_number_t hwirq, unsigned int cpu);
void fake_clear_log(struct fake_ipi *fake);
void fake_remove_domain(void *domain);

#endif /* _KUNIT_IPI_FAKE_H */
