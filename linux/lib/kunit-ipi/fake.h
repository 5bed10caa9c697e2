/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A fake interrupt controller with an IPI domain, for KUnit.
 */
#ifndef _KUNIT_IPI_FAKE_H
#define _KUNIT_IPI_FAKE_H

#include <linux/bitmap.h>
#include <linux/cpumask.h>
#include <linux/ipi.h>
#include <linux/irq_work.h>
#include <linux/irqdomain.h>
#include <linux/minmax.h>
#include <linux/spinlock.h>

#include <kunit/resource.h>
#include <kunit/test.h>

/* Enough for two IPIs to all CPUs with gaps */
#define FAKE_NR_HWIRQS	MAX(256, 6 * NR_CPUS)
#define FAKE_MAX_SENT	1024

/* How the controller hands out hwirqs */
enum fake_shape {
	FAKE_ROW,	/* One per CPU, the lowest which are free */
	FAKE_GAPS,	/* One per CPU, every third one, the last CPU first */
	FAKE_TREE,	/* One per CPU, too large for a linear reverse map */
	FAKE_UNIFORM,	/* The same for all targets */
};

enum fake_mask {
	MASK_SINGLE,
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
};

/**
 * struct fake_wire - How a CPU is interrupted, if the controller is wired
 * @fake:	Controller
 * @work:	Interrupts the CPU
 * @pending:	Hwirqs which were raised
 */
struct fake_wire {
	struct fake_ipi	*fake;
	struct irq_work	work;
	DECLARE_BITMAP(pending, FAKE_NR_HWIRQS);
};

/**
 * struct fake_ipi - A fake controller and what was done to it
 * @domain:	The controller's domain
 * @ipi:	Its IPI domain
 * @ipi_ops:	The controller's side of it
 * @shape:	How hwirqs are handed out
 * @base:	First hwirq
 * @nr_hwirqs:	Number of hwirqs
 * @used:	Hwirqs which are handed out
 * @enabled:	CPUs on which a hwirq is unmasked
 * @hwid:	Hardware id of the external target which a hwirq is routed to
 * @nr_calls:	Number of send_ipi() calls
 * @nr_sent:	Number of hwirqs raised
 * @sent:	The hwirqs which were raised, in order
 * @sent_target: The targets they were raised for
 * @nr_acked:	Number of acknowledged hwirqs
 * @acked:	The last hwirq which a CPU acknowledged
 * @lock:	Protects the log
 * @on_free:	Called before a hwirq is freed, if set
 * @wires:	One per CPU, or NULL if nobody is interrupted by a send
 */
struct fake_ipi {
	struct irq_domain	*domain;
	struct irq_domain	*ipi;
	const struct ipi_domain_ops *ipi_ops;
	enum fake_shape		shape;
	irq_hw_number_t		base;
	unsigned int		nr_hwirqs;
	DECLARE_BITMAP(used, FAKE_NR_HWIRQS);
	struct cpumask		enabled[FAKE_NR_HWIRQS];
	unsigned long		hwid[FAKE_NR_HWIRQS];
	unsigned int		nr_calls;
	unsigned int		nr_sent;
	irq_hw_number_t		sent[FAKE_MAX_SENT];
	unsigned int		sent_target[FAKE_MAX_SENT];
	atomic_t		nr_acked;
	irq_hw_number_t		acked[NR_CPUS];
	raw_spinlock_t		lock;
	void			(*on_free)(void);
	struct fake_wire	*wires;
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

int fake_init(struct kunit *test);
void fake_at_exit(struct kunit *test, kunit_action_t *action, void *ctx);
struct fake_ipi *fake_create(struct kunit *test, enum fake_shape shape);
void fake_wire_up(struct kunit *test, struct fake_ipi *fake);
struct cpumask *fake_mask(struct kunit *test, enum fake_mask kind);
int fake_reserve(struct kunit *test, struct fake_ipi *fake,
		 const struct cpumask *mask);
struct fake_count fake_count(struct fake_ipi *fake);
void fake_expect_count(struct kunit *test, struct fake_ipi *fake,
		       struct fake_count before);
void fake_raise_on(struct fake_ipi *fake, irq_hw_number_t hwirq, unsigned int cpu);
void fake_clear_log(struct fake_ipi *fake);
void fake_remove_domain(void *domain);

#endif /* _KUNIT_IPI_FAKE_H */
