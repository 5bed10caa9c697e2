/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the suites for real interrupt controllers share.
 */
#ifndef _KUNIT_IPI_REAL_H
#define _KUNIT_IPI_REAL_H

#include <linux/cpumask.h>
#include <linux/irqdomain.h>

#include <kunit/test.h>

#include "common.h"

#define REAL_MAX_IPIS	128

unsigned int real_exhaust(struct kunit *test, struct irq_domain *domain, int *virqs);
unsigned int real_expect_all_back(struct kunit *test, struct irq_domain *domain);
void real_wait(const struct cpumask *mask);
void real_expect_disabled(struct kunit *test, int virq, const struct cpumask *mask);
void real_disabled(struct kunit *test);
void real_expect_delivery(struct kunit *test, int virq, const struct cpumask *mask);

#endif /* _KUNIT_IPI_REAL_H */
