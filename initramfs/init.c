// SPDX-License-Identifier: GPL-2.0-only
/*
 * The one program of the initramfs. "ipi.mode=" on the kernel command line
 * says what it does: "boot" (the default) makes IPIs and prints what the
 * kernel knows about them, "stress" takes CPUs off and on under load,
 * "remoteproc" talks to a VP which does not run Linux, "foreign" to such a
 * processor of a PC, "shell" is interactive. All end in a reboot, on which QEMU stops.
 *
 * Lines that tools/verdict.py reads start with "ipi: ".
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <unistd.h>

#include "init.h"

static char cmdline[4096];

/* The value of "name=" on the kernel command line, or nothing. */
static const char *option(const char *name)
{
	static char value[64];
	const char *at = strstr(cmdline, name);

	if (!at || sscanf(at + strlen(name), "=%63s", value) != 1)
		return "";
	return value;
}

static int number(const char *name)
{
	return atoi(option(name));
}

static void mount_all(void)
{
	mkdir("/proc", 0755);
	mkdir("/sys", 0755);
	mkdir("/dev", 0755);
	mount("proc", "/proc", "proc", 0, NULL);
	mount("sysfs", "/sys", "sysfs", 0, NULL);
	mount("debugfs", "/sys/kernel/debug", "debugfs", 0, NULL);
	mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
}

static void open_console(void)
{
	int fd = open("/dev/console", O_RDWR);

	if (fd < 0)
		return;
	dup2(fd, 0);
	dup2(fd, 1);
	dup2(fd, 2);
	setvbuf(stdout, NULL, _IOLBF, 0);
}

int main(void)
{
	const char *mode;

	mount_all();
	open_console();
	read_file("/proc/cmdline", cmdline, sizeof(cmdline));

	mode = option("ipi.mode");
	if (!strcmp(mode, "stress"))
		run_stress(number("ipi.rounds"), number("ipi.off"),
			   number("ipi.torture"));
	else if (!strcmp(mode, "remoteproc"))
		run_remoteproc(number("ipi.messages"), number("ipi.restarts"));
	else if (!strcmp(mode, "foreign"))
		run_foreign(number("ipi.messages"));
	else if (!strcmp(mode, "shell"))
		run_shell();
	else
		run_boot(number("ipi.backtrace"));

	sync();
	reboot(RB_AUTOBOOT);
	return 1;
}
