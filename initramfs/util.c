// SPDX-License-Identifier: GPL-2.0-only
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/klog.h>
#include <termios.h>
#include <unistd.h>

#include "init.h"

/* The actions of syslog(2). */
#define READ_ALL	3
#define CLEAR		5
#define CONSOLE_OFF	6
#define CONSOLE_ON	7

/* Reads what fits and always terminates @buf, also when there is no file. */
void read_file(const char *path, char *buf, size_t size)
{
	size_t used = 0;
	ssize_t got = 1;
	int fd = open(path, O_RDONLY);

	while (fd >= 0 && got > 0 && used < size - 1) {
		got = read(fd, buf + used, size - 1 - used);
		if (got > 0)
			used += got;
	}
	buf[used] = '\0';
	if (fd >= 0)
		close(fd);
}

bool write_file(const char *path, const char *text)
{
	size_t len = strlen(text);
	bool done;
	int fd = open(path, O_WRONLY);

	if (fd < 0)
		return false;
	done = write(fd, text, len) == (ssize_t)len;
	close(fd);
	return done;
}

bool print_file(const char *path)
{
	char buf[1024];
	ssize_t got;
	int fd = open(path, O_RDONLY);

	if (fd < 0)
		return false;
	while ((got = read(fd, buf, sizeof(buf))) > 0)
		fwrite(buf, 1, got, stdout);
	fflush(stdout);
	close(fd);
	return true;
}

void pin_to_cpu(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

/* A CPU that cannot go off has no "online" file; it is there if its folder is. */
bool cpu_online(int cpu)
{
	char path[64], state[8];

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d/online", cpu);
	if (!access(path, F_OK)) {
		read_file(path, state, sizeof(state));
		return state[0] == '1';
	}
	*strrchr(path, '/') = '\0';
	return !access(path, F_OK);
}

int count_online(void)
{
	return sysconf(_SC_NPROCESSORS_ONLN);
}

static char kernel_log[65536];

/*
 * A kernel message in the middle of a line would make it unreadable. Until
 * kernel_speaks() they are kept back; that prints them.
 *
 * What is on its way to the console would be lost, so wait for a moment in which
 * the kernel says nothing. It may have more to say than one waits for.
 */
void kernel_waits(void)
{
	int tries = 50;

	do {
		klogctl(CLEAR, NULL, 0);
		usleep(200000);
	} while (klogctl(READ_ALL, kernel_log, sizeof(kernel_log)) > 0 && --tries);
	klogctl(CONSOLE_OFF, NULL, 0);
}

void kernel_speaks(void)
{
	int len = klogctl(READ_ALL, kernel_log, sizeof(kernel_log));

	if (len > 0)
		fwrite(kernel_log, 1, len, stdout);
	fflush(stdout);
	tcdrain(STDOUT_FILENO);
	klogctl(CONSOLE_ON, NULL, 0);
}
