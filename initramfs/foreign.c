// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mode "foreign": messages to a processor of a PC which does not run Linux, while
 * CPUs go off and on, and all of them are asked for backtraces by NMI. Linux's own
 * broadcasts must not reach that processor, which a broadcast on purpose does. The
 * driver is samples/ipi/x86-foreign.c.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "init.h"

#define FOLDER		"/sys/kernel/debug/ipi-foreign/"
#define BACKTRACE_US	300000
#define BROADCASTS	3

static atomic_bool stop;

static void *ask_for_backtraces(void *unused)
{
	while (!atomic_load(&stop)) {
		write_file("/proc/sysrq-trigger", "l");
		usleep(BACKTRACE_US);
	}
	return unused;
}

static bool exchange(int messages)
{
	pthread_t thread;
	char number[16];
	bool done;

	if (pthread_create(&thread, NULL, ask_for_backtraces, NULL))
		return false;
	snprintf(number, sizeof(number), "%d", messages);
	done = write_file(FOLDER "exchange", number);
	atomic_store(&stop, true);
	pthread_join(thread, NULL);
	return done;
}

/* The kernel's messages are kept back, so that each of these is a line of its own */
static void show(const char *what, const char *file)
{
	printf("ipi: begin %s\n", what);
	if (!print_file(file))
		printf("ipi: cannot read %s\n", file);
	printf("ipi: end %s\n", what);
}

void run_foreign(int messages)
{
	bool done;
	int cycles, i;

	poke_all();
	if (!start_cycles())
		return;
	printf("ipi: begin backtraces\n");
	done = exchange(messages);
	cycles = stop_cycles();
	usleep(BACKTRACE_US);
	printf("\nipi: end backtraces\n");

	kernel_waits();
	if (!done)
		printf("ipi: failed: no messages\n");
	printf("ipi: cycles %d\n", cycles);
	show("exchange", FOLDER "exchange");
	show("taken", FOLDER "taken");
	for (i = 0; i < BROADCASTS && write_file(FOLDER "broadcast", "1"); i++)
		usleep(1000);
	show("taken-broadcasts", FOLDER "taken");
	kernel_speaks();
	show_irqs();
}
