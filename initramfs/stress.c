// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mode "stress": every CPU but the first goes off and on while threads keep
 * SMP calls running: membarrier(), TLB shootdowns by mprotect(), wake-ups
 * through pipes, a driver's IPI, and the kernel's own scftorture. After each
 * return the CPU must receive each kind of IPI. Before that, the last CPU stays
 * off for as long as the command line says.
 */
#include <fcntl.h>
#include <linux/membarrier.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "init.h"

#define PAUSE_US	5000
#define TRIES		20
#define SPINS		200000
#define LOAD_IPIS	100
#define LOAD_US		60000000
#define LEAK_AGE_US	6000000
#define OFF_NEWS	10

/* Only a CPU which runs a thread of this process is called, so be one. */
static void *barriers(void *unused)
{
	volatile int spins;

	for (;;) {
		syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
		for (spins = 0; spins < SPINS; spins++)
			;
		usleep(PAUSE_US);
	}
	return unused;
}

static void *shootdowns(void *unused)
{
	size_t size = sysconf(_SC_PAGESIZE);
	char *page = mmap(NULL, size, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	while (page != MAP_FAILED) {
		page[0]++;
		mprotect(page, size, PROT_READ);
		mprotect(page, size, PROT_READ | PROT_WRITE);
		usleep(PAUSE_US);
	}
	return unused;
}

static int ping[2], pong[2];

static void *pinger(void *unused)
{
	char c = 0;

	while (write(ping[1], &c, 1) == 1 && read(pong[0], &c, 1) == 1)
		usleep(PAUSE_US);
	return unused;
}

/* Left to itself it would be woken where the pinger runs, without an IPI. */
static void *ponger(void *unused)
{
	int cpu, cpus = sysconf(_SC_NPROCESSORS_CONF);
	char c;

	for (cpu = 0;; cpu = (cpu + 1) % cpus) {
		if (read(ping[0], &c, 1) != 1 || write(pong[1], &c, 1) != 1)
			return unused;
		pin_to_cpu(cpu);
	}
}

static void *driver(void *unused)
{
	while (poke_driver())
		usleep(PAUSE_US);
	return unused;
}

static bool start_load(void)
{
	static void *(*const jobs[])(void *) = {
		barriers, barriers, shootdowns, shootdowns, pinger, ponger, driver,
	};
	pthread_t thread;
	size_t i;

	if (pipe(ping) || pipe(pong))
		return false;
	for (i = 0; i < sizeof(jobs) / sizeof(jobs[0]); i++) {
		if (pthread_create(&thread, NULL, jobs[i], NULL))
			return false;
	}
	return true;
}

/* Its report when it goes tells whether all went well. */
static const struct module {
	const char *name;
	const char *params;
} modules[] = {
	{ "torture",	"" },
	{ "scftorture",	"stat_interval=30" },
};

#define NR_MODULES	(sizeof(modules) / sizeof(modules[0]))

static bool load_modules(void)
{
	char path[64];
	size_t i;
	int fd;

	for (i = 0; i < NR_MODULES; i++) {
		snprintf(path, sizeof(path), "/%s.ko", modules[i].name);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0 || syscall(SYS_finit_module, fd, modules[i].params, 0)) {
			printf("ipi: failed: module %s: %m\n", modules[i].name);
			return false;
		}
		close(fd);
	}
	return true;
}

static bool unload_modules(void)
{
	size_t i;

	for (i = NR_MODULES; i--;) {
		if (syscall(SYS_delete_module, modules[i].name, 0)) {
			printf("ipi: failed: module %s stays: %m\n", modules[i].name);
			return false;
		}
	}
	return true;
}

/* What /proc/interrupts calls them: MIPS, and arm, arm64, riscv, x86. */
static const char *const call_names[] = {
	"IPI call", "Function call interrupts", NULL,
};

static const char *const resched_names[] = {
	"IPI resched", "Rescheduling interrupts", NULL,
};

static const char *const driver_names[] = { "IPI sample", NULL };

static bool ends_with_one_of(const char *line, const char *const *names)
{
	size_t len = strlen(line), end;

	for (; *names; names++) {
		end = strlen(*names);
		if (len >= end && !strcmp(line + len - end, *names))
			return true;
	}
	return false;
}

/*
 * The sum of @cpu's counts in the rows of /proc/interrupts that end with
 * one of @names. The heading has a column for each online CPU only.
 */
static unsigned long ipi_count(const char *const *names, int cpu)
{
	static char text[65536];
	char heading[16], *line, *rest, *field;
	unsigned long sum = 0;
	int column = -1, i;

	read_file("/proc/interrupts", text, sizeof(text));
	snprintf(heading, sizeof(heading), "CPU%d", cpu);

	line = strtok_r(text, "\n", &rest);
	field = strtok(line, " ");
	for (i = 0; field; i++, field = strtok(NULL, " ")) {
		if (!strcmp(field, heading))
			column = i;
	}
	if (column < 0)
		return 0;

	while ((line = strtok_r(NULL, "\n", &rest))) {
		if (!ends_with_one_of(line, names))
			continue;
		strtok(line, " ");
		for (i = 0, field = strtok(NULL, " "); field && i < column; i++)
			field = strtok(NULL, " ");
		if (field)
			sum += strtoul(field, NULL, 10);
	}
	return sum;
}

static bool counts_rise(int cpu)
{
	unsigned long call = ipi_count(call_names, cpu);
	unsigned long resched = ipi_count(resched_names, cpu);
	unsigned long driver = ipi_count(driver_names, cpu);
	int i;

	for (i = 0; i < TRIES; i++) {
		bool sent = poke_driver();

		poke_cpu(cpu);
		if (ipi_count(call_names, cpu) > call &&
		    ipi_count(resched_names, cpu) > resched &&
		    (!sent || ipi_count(driver_names, cpu) > driver))
			return true;
	}
	return false;
}

static unsigned long ipi_sum(const char *const *names)
{
	unsigned long sum = 0;
	int cpu;

	for (cpu = 0; cpu < MAX_CPUS; cpu++)
		sum += ipi_count(names, cpu);
	return sum;
}

/* A load which stays on one CPU would be none. */
static bool load_sends(void)
{
	unsigned long call = ipi_sum(call_names) + LOAD_IPIS;
	unsigned long resched = ipi_sum(resched_names) + LOAD_IPIS;
	long us;

	for (us = 0; us < LOAD_US; us += PAUSE_US) {
		if (ipi_sum(call_names) >= call &&
		    ipi_sum(resched_names) >= resched)
			return true;
		usleep(PAUSE_US);
	}
	return false;
}

bool set_cpu_online(int cpu, const char *state)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d/online", cpu);
	return write_file(path, state) && cpu_online(cpu) == (state[0] == '1');
}

/*
 * The base's check_counter_warp() misses its end and spins for a whole turn
 * of the 32 bit Count register (26 s) if a MIPS CPU comes up just before the
 * register wraps. That is not what is tested here, so let the wrap pass: on a
 * busy host a CPU takes up to 7 s to come up.
 */
void avoid_count_wrap(void)
{
#ifdef __mips__
	unsigned int count;

	do {
		usleep(PAUSE_US);
		asm volatile("rdhwr %0, $2" : "=r" (count));
	} while (count >= 0xa0000000);
#endif
}

/* A timer of the CPU may meet its end meanwhile, and must not wake it. */
static void stay_off(int cpu, int seconds)
{
	int i;

	for (i = 1; i <= seconds; i++) {
		sleep(1);
		if (i % OFF_NEWS == 0)
			printf("off %d %d\n", cpu, i);
	}
	avoid_count_wrap();
}

static bool cycle(int cpu, int off)
{
	avoid_count_wrap();
	if (!set_cpu_online(cpu, "0")) {
		printf("ipi: failed: CPU %d does not go off\n", cpu);
		return false;
	}
	if (off)
		stay_off(cpu, off);
	if (!set_cpu_online(cpu, "1")) {
		printf("ipi: failed: CPU %d does not come back\n", cpu);
		return false;
	}
	if (!counts_rise(cpu)) {
		printf("ipi: failed: CPU %d gets no IPIs after its return\n", cpu);
		return false;
	}
	return true;
}

/* Without hotplug the same load runs, and each round pokes every CPU. */
static bool round_trip(int cpus, bool hotplug)
{
	int cpu;

	for (cpu = 1; cpu < cpus; cpu++) {
		if (hotplug ? !cycle(cpu, 0) : !counts_rise(cpu))
			return false;
	}
	return true;
}

/*
 * Only what two scans call a leak is one, and only what is older than
 * kmemleak's minimum age is looked at.
 */
void show_leaks(void)
{
	static const char file[] = "/sys/kernel/debug/kmemleak";
	int i;

	if (access(file, W_OK))
		return;
	for (i = 0; i < 2; i++) {
		usleep(LEAK_AGE_US);
		if (!write_file(file, "scan"))
			printf("ipi: failed: kmemleak does not scan: %m\n");
	}
	printf("ipi: begin leaks\n");
	print_file(file);
	printf("ipi: end leaks\n");
}

void run_stress(int rounds, int off, bool torture)
{
	bool hotplug = !access("/sys/devices/system/cpu/cpu1/online", W_OK);
	int cpus = count_online();
	int i;

	/* Before this thread is pinned: the new ones inherit where it may run */
	poke_init();
	if (!start_load() || !load_sends()) {
		printf("ipi: failed: the load does not start, or sends no IPIs\n");
		return;
	}
	pin_to_cpu(0);
	if (torture && !load_modules())
		return;

	if (hotplug && !cycle(cpus - 1, off))
		return;
	for (i = 1; i <= rounds; i++) {
		if (!round_trip(cpus, hotplug))
			return;
		printf("round %d\n", i);
	}
	if (torture && !unload_modules())
		return;
	show_leaks();
	kernel_waits();
	printf("ipi: rounds %d\n", rounds);
	printf("ipi: hotplug %d\n", hotplug);
	if (hotplug)
		printf("ipi: off %d\n", off);
	kernel_speaks();
	show_irqs();
}
