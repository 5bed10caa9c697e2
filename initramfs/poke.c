// SPDX-License-Identifier: GPL-2.0-only
/*
 * Makes IPIs on purpose. A spinning thread is pinned to the target CPU:
 * membarrier() then has to call a function there (IPI call), and when the
 * running thread goes from the real-time class to the fair one, its CPU has to
 * reschedule (IPI resched). A new nice value does that only if the CPU has
 * more to run.
 */
#include <linux/membarrier.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "init.h"

#define POKES	4
#define SAMPLE	"/sys/kernel/debug/ipi-sample/send"

struct spinner {
	pthread_t thread;
	int cpu;
	atomic_int tid;
	atomic_bool stop;
};

static void *spin(void *arg)
{
	struct spinner *s = arg;

	pin_to_cpu(s->cpu);
	atomic_store(&s->tid, syscall(SYS_gettid));
	while (!atomic_load(&s->stop))
		;
	return NULL;
}

void poke_init(void)
{
	syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0);
}

/* Must run on another CPU than @cpu, else there is nobody to send an IPI to. */
void poke_cpu(int cpu)
{
	const struct sched_param fifo = { .sched_priority = 1 }, fair = { 0 };
	struct spinner s = { .cpu = cpu };
	int i;

	if (pthread_create(&s.thread, NULL, spin, &s))
		return;
	while (!atomic_load(&s.tid))
		usleep(100);

	for (i = 0; i < POKES; i++) {
		syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
		sched_setscheduler(s.tid, SCHED_FIFO, &fifo);
		sched_setscheduler(s.tid, SCHED_OTHER, &fair);
		usleep(1000);
	}

	atomic_store(&s.stop, true);
	pthread_join(s.thread, NULL);
}

/* The IPI of a driver, where the kernel has samples/ipi; else it is false. */
bool poke_driver(void)
{
	int i;

	for (i = 0; i < POKES; i++) {
		if (!write_file(SAMPLE, "1"))
			return false;
		usleep(1000);
	}
	return true;
}
