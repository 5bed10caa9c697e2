// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the suites for real interrupt controllers share.
 */

#include <linux/cpu.h>
#include <linux/delay.h>
#include <linux/interrupt.h>
#include <linux/irq.h>
#include <linux/percpu.h>

#include "real.h"

#define DELIVERY_MS	20
#define DELIVERY_TRIES	100

/*
 * No assertions here: they may not end a thread which is not the test's own,
 * nor one which has IPIs to give back.
 */

/**
 * real_exhaust - Reserve IPIs to the first CPU until there are no more hwirqs,
 *		  or REAL_MAX_IPIS: some controllers have thousands
 * @test:	Test
 * @domain:	IPI domain
 * @virqs:	Where they go, REAL_MAX_IPIS at most
 *
 * Return: How many there were.
 */
unsigned int real_exhaust(struct kunit *test, struct irq_domain *domain, int *virqs)
{
	unsigned int n;
	int virq = 0;

	for (n = 0; n < REAL_MAX_IPIS; n++) {
		virq = irq_reserve_ipi(domain, cpumask_of(0));
		if (virq < 0)
			break;
		virqs[n] = virq;
	}
	if (n < REAL_MAX_IPIS)
		KUNIT_EXPECT_EQ(test, virq, -ENOSPC);
	return n;
}

/**
 * real_expect_all_back - Expect that all hwirqs can be had and used repeatedly
 * @test:	Test
 * @domain:	IPI domain
 *
 * Return: How many there are.
 */
unsigned int real_expect_all_back(struct kunit *test, struct irq_domain *domain)
{
	unsigned int n, i, first = 0;
	int virqs[REAL_MAX_IPIS];

	for (int round = 0; round < 3; round++) {
		n = real_exhaust(test, domain, virqs);
		if (!round)
			first = n;
		KUNIT_EXPECT_EQ(test, n, first);
		for (i = 0; i < n; i++)
			KUNIT_EXPECT_EQ(test, irq_send_ipi_all(virqs[i]), 0);
		for (i = 0; i < n; i++)
			KUNIT_EXPECT_EQ(test, irq_destroy_ipi(virqs[i], NULL), 0);
	}
	return first;
}

static unsigned int nr_missing(const struct cpumask *mask)
{
	unsigned int cpu, n = 0;

	for_each_cpu_and(cpu, mask, cpu_online_mask)
		n += !READ_ONCE(per_cpu(ipi_test_received, cpu));
	return n;
}

/* real_wait - Wait until each CPU of a mask has been interrupted, for two seconds at most */
void real_wait(const struct cpumask *mask)
{
	for (unsigned int tries = 0; nr_missing(mask) && tries < DELIVERY_TRIES; tries++)
		msleep(DELIVERY_MS);
}

/**
 * real_expect_disabled - Expect that a CPU which has disabled an IPI does not take it
 * @test:	Test, which keeps CPUs from going on and off
 * @virq:	IPI, which is requested for ipi_test_count()
 * @mask:	Its targets
 *
 * Nor is it handled together with another interrupt: a timer's comes meanwhile.
 * And the kernel stays silent: x86 reports a vector from the second time on, if it
 * has forgotten whose it is.
 */
void real_expect_disabled(struct kunit *test, int virq, const struct cpumask *mask)
{
	unsigned int cpu, sends;

	ipi_test_enable_on(mask, virq);
	ipi_test_disable_on(mask, virq);
	for (sends = 0; sends < 2; sends++) {
		KUNIT_EXPECT_EQ(test, irq_send_ipi_all(virq), 0);
		msleep(DELIVERY_MS);
	}
	for_each_online_cpu(cpu)
		KUNIT_EXPECT_EQ(test, per_cpu(ipi_test_received, cpu), 0);
}

/* real_disabled - Case of the suites whose private data is an IPI domain */
void real_disabled(struct kunit *test)
{
	int virq = ipi_test_reserve(test, test->priv, cpu_possible_mask);

	ipi_test_no_hotplug(test);
	ipi_test_request(test, virq, ipi_test_count);
	real_expect_disabled(test, virq, cpu_possible_mask);
}

/**
 * real_expect_delivery - Expect that each target gets an IPI once, nobody else
 * @test:	Test
 * @virq:	IPI, which is not requested
 * @mask:	Its targets
 */
void real_expect_delivery(struct kunit *test, int virq, const struct cpumask *mask)
{
	unsigned int cpu;
	int err = ipi_test_try_request(virq, ipi_test_count);

	KUNIT_EXPECT_EQ(test, err, 0);
	if (err)
		return;

	cpus_read_lock();
	ipi_test_enable_on(mask, virq);

	/* Nothing comes before it was sent */
	msleep(DELIVERY_MS);
	for_each_online_cpu(cpu)
		KUNIT_EXPECT_EQ(test, READ_ONCE(per_cpu(ipi_test_received, cpu)), 0);

	KUNIT_EXPECT_EQ(test, irq_send_ipi_all(virq), 0);
	real_wait(mask);
	ipi_test_disable_on(mask, virq);
	for_each_online_cpu(cpu) {
		KUNIT_EXPECT_EQ(test, per_cpu(ipi_test_received, cpu),
				cpumask_test_cpu(cpu, mask));
	}
	cpus_read_unlock();
	free_percpu_irq(virq, &ipi_test_received);
}
