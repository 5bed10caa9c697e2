// SPDX-License-Identifier: GPL-2.0-only
/* Mode "boot": IPIs to every CPU, then everything the kernel shows of them. */
#include <dirent.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "init.h"

#define IRQ_DEBUGFS	"/sys/kernel/debug/irq/"
#define BACKTRACE_US	1000000

static void show(const char *path)
{
	printf("ipi: begin %s\n", path);
	if (!print_file(path))
		printf("ipi: cannot read %s\n", path);
	printf("ipi: end %s\n", path);
}

static void show_folder(const char *folder)
{
	struct dirent **names;
	char path[512];
	int i, n;

	n = scandir(folder, &names, NULL, versionsort);
	for (i = 0; i < n; i++) {
		if (names[i]->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, names[i]->d_name);
		show(path);
	}
}

void poke_all(void)
{
	cpu_set_t before;
	int cpu;

	poke_init();
	sched_getaffinity(0, sizeof(before), &before);
	for (cpu = 0; cpu < MAX_CPUS; cpu++) {
		if (!cpu_online(cpu) || count_online() < 2)
			continue;
		pin_to_cpu(cpu ? 0 : 1);
		poke_cpu(cpu);
	}
	sched_setaffinity(0, sizeof(before), &before);
	poke_driver();
}

/* An NMI leaves its messages to somebody else, so they come later. */
static void show_backtraces(void)
{
	kernel_waits();
	printf("ipi: begin backtraces\n");
	if (!write_file("/proc/sysrq-trigger", "l"))
		printf("ipi: cannot ask for backtraces\n");
	usleep(BACKTRACE_US);
	kernel_speaks();
	printf("ipi: end backtraces\n");
}

static void show_cpus(const char *which)
{
	char path[64], cpus[256];

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/%s", which);
	read_file(path, cpus, sizeof(cpus));
	printf("ipi: %s %s", which, *cpus ? cpus : "unknown\n");
}

/* What the kernel shows of CPUs and interrupts, and the end marker. */
void show_irqs(void)
{
	kernel_waits();
	show_cpus("present");
	show_cpus("possible");
	printf("ipi: online %d\n", count_online());
	show("/proc/interrupts");
	show_folder(IRQ_DEBUGFS "domains");
	show_folder(IRQ_DEBUGFS "irqs");
	printf("ipi: done\n");
	kernel_speaks();
}

void run_boot(bool backtrace)
{
	poke_all();
	if (backtrace)
		show_backtraces();
	show_irqs();
}
