/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef INIT_H
#define INIT_H

#include <stdbool.h>
#include <stddef.h>

#define MAX_CPUS	64

/* util.c */
void read_file(const char *path, char *buf, size_t size);
bool write_file(const char *path, const char *text);
bool print_file(const char *path);
void pin_to_cpu(int cpu);
bool cpu_online(int cpu);
int count_online(void);
void kernel_waits(void);
void kernel_speaks(void);

/* poke.c: makes IPIs */
void poke_init(void);
void poke_cpu(int cpu);
void poke_driver(void);

/* stress.c: CPUs go off and on */
bool set_cpu_online(int cpu, const char *state);
void avoid_count_wrap(void);
void show_leaks(void);

/* remoteproc.c: CPUs go off and on meanwhile */
bool start_cycles(void);
int stop_cycles(void);

/* boot.c */
void poke_all(void);
void show_irqs(void);

/* One per mode. */
void run_boot(bool backtrace);
void run_stress(int rounds, int off, bool torture);
void run_remoteproc(int messages, int restarts);
void run_foreign(int messages);
void run_shell(void);

#endif
