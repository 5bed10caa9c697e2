// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mode "shell": Debian has no busybox for MIPS release 6, and looking at
 * /proc and /sys needs little: ls, cat, echo into a file, CPUs off and on.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "init.h"

static void do_help(char *unused)
{
	puts("ls [folder]         cat file...        echo text > file\n"
	     "cd folder           irqs               online CPU | offline CPU\n"
	     "poke CPU            help               exit");
}

static void do_ls(char *args)
{
	struct dirent **names;
	const char *folder = *args ? args : ".";
	int i, n;

	n = scandir(folder, &names, NULL, versionsort);
	if (n < 0)
		perror(folder);
	for (i = 0; i < n; i++) {
		if (names[i]->d_name[0] != '.')
			puts(names[i]->d_name);
	}
}

static void do_cat(char *args)
{
	char *name;

	for (name = strtok(args, " "); name; name = strtok(NULL, " ")) {
		if (!print_file(name))
			perror(name);
	}
}

static void do_echo(char *args)
{
	char *file = strchr(args, '>');

	if (!file) {
		puts(args);
		return;
	}
	*file++ = '\0';
	file += strspn(file, " ");
	if (!write_file(file, args))
		perror(file);
}

static void do_cd(char *args)
{
	if (chdir(args))
		perror(args);
}

static void do_irqs(char *unused)
{
	print_file("/proc/interrupts");
}

static void do_online(char *cpu)
{
	if (!set_cpu_online(atoi(cpu), "1"))
		perror(cpu);
}

static void do_offline(char *cpu)
{
	if (!set_cpu_online(atoi(cpu), "0"))
		perror(cpu);
}

static void do_poke(char *args)
{
	int cpu = atoi(args);

	pin_to_cpu(cpu ? 0 : 1);
	poke_cpu(cpu);
}

static const struct command {
	const char *name;
	void (*run)(char *args);
} commands[] = {
	{ "help",	do_help },
	{ "ls",		do_ls },
	{ "cat",	do_cat },
	{ "echo",	do_echo },
	{ "cd",		do_cd },
	{ "irqs",	do_irqs },
	{ "online",	do_online },
	{ "offline",	do_offline },
	{ "poke",	do_poke },
};

static void run_line(char *line)
{
	char *args = line + strcspn(line, " ");
	size_t i;

	if (*args)
		*args++ = '\0';
	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (!strcmp(line, commands[i].name)) {
			commands[i].run(args);
			return;
		}
	}
	if (*line)
		printf("%s: unknown, try help\n", line);
}

void run_shell(void)
{
	char line[1024];

	poke_init();
	do_help(NULL);
	for (;;) {
		printf("# ");
		fflush(stdout);
		if (!fgets(line, sizeof(line), stdin))
			break;
		line[strcspn(line, "\n")] = '\0';
		if (!strcmp(line, "exit"))
			break;
		run_line(line);
	}
}
