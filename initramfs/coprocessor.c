// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mode "coprocessor": messages to a VP which does not run Linux, while CPUs of
 * Linux go off and on. Then it is stopped and started again, which must leave
 * nothing behind. The driver is samples/mips-vp.
 */
#include <dirent.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "init.h"

#define DRIVER		"/sys/bus/platform/drivers/vp-coprocessor/"
#define NAME		"coprocessor"
#define DEVICE		DRIVER NAME "/"
#define DOMAINS		"/sys/kernel/debug/irq/domains"
#define FEW		100

static atomic_bool stop;
static atomic_int cycles;
static pthread_t cycler;

static void *hotplug(void *unused)
{
	int cpu;

	while (!atomic_load(&stop)) {
		for (cpu = 1; cpu <= 2; cpu++) {
			avoid_count_wrap();
			if (!set_cpu_online(cpu, "0") || !set_cpu_online(cpu, "1")) {
				printf("ipi: failed: CPU %d does not go off and on\n", cpu);
				return unused;
			}
		}
		atomic_fetch_add(&cycles, 1);
	}
	return unused;
}

/* CPUs 1 and 2 go off and on until it is stopped, which tells how often. */
bool start_cycles(void)
{
	if (!pthread_create(&cycler, NULL, hotplug, NULL))
		return true;
	printf("ipi: failed: no thread\n");
	return false;
}

int stop_cycles(void)
{
	atomic_store(&stop, true);
	pthread_join(cycler, NULL);
	return atomic_load(&cycles);
}

/* The sum of what the files in a folder say after "mapped:". */
static long sum_mapped(const char *folder)
{
	static char text[65536];
	struct dirent *entry;
	char path[512], *at;
	long sum = 0;
	DIR *dir = opendir(folder);

	while (dir && (entry = readdir(dir))) {
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		read_file(path, text, sizeof(text));
		at = strstr(text, "mapped:");
		sum += at ? atol(at + strlen("mapped:")) : 0;
	}
	if (dir)
		closedir(dir);
	return sum;
}

/* Lines for the end, when no message of the kernel gets in between. */
static char notes[65536];

static void note(const char *name, const char *text)
{
	size_t used = strlen(notes);

	snprintf(notes + used, sizeof(notes) - used, "ipi: %s %s%s", name, text,
		 strchr(text, '\n') ? "" : "\n");
}

static void note_file(const char *name, const char *path)
{
	char text[256];

	read_file(path, text, sizeof(text));
	note(name, text);
}

static void note_mapped(void)
{
	char text[64];

	snprintf(text, sizeof(text), "mapped %ld", sum_mapped(DOMAINS));
	note("stopped", text);
}

/* The driver reserves the IPI and starts the VP when it is bound. */
static const char *exchange(int messages)
{
	char number[16];

	snprintf(number, sizeof(number), "%d", messages);
	note_file("reserved", DEVICE "ipi");
	if (!write_file(DEVICE "exchange", number))
		return "no messages";
	note_file("exchange", DEVICE "exchange");
	return NULL;
}

static const char *restart(void)
{
	if (!write_file(DRIVER "unbind", NAME))
		return "the driver does not go";
	note_mapped();
	if (!write_file(DRIVER "bind", NAME))
		return "the driver does not come back";
	return exchange(FEW);
}

void run_coprocessor(int messages, int restarts)
{
	const char *failed;
	int i, cycles;

	poke_all();
	if (!start_cycles())
		return;

	failed = exchange(messages);
	for (i = 0; !failed && i < restarts; i++)
		failed = restart();
	cycles = stop_cycles();

	kernel_waits();
	if (failed)
		printf("ipi: failed: %s\n", failed);
	printf("%sipi: cycles %d\n", notes, cycles);
	kernel_speaks();
	show_irqs();
}
