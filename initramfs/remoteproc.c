// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mode "remoteproc": messages to the firmware of a VP which does not run Linux,
 * while CPUs of Linux go off and on. The VP is started and stopped, crashes and is
 * recovered, is handed bad firmware, and loses its driver under load. None of this
 * may leave anything behind. See drivers/remoteproc/mips_vp_rproc.c and
 * samples/mips-vp.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "init.h"

#define DRIVER		"/sys/bus/platform/drivers/mips-vp-rproc/"
#define NAME		"remoteproc"
#define RPROC		"/sys/class/remoteproc/remoteproc0/"
#define FIRMWARE	"mips-vp.elf"
#define FOLDER		"/lib/firmware/"
#define MODULE		"/rpmsg_client_sample.ko"
#define DOMAINS		"/sys/kernel/debug/irq/domains"
#define FEW		100
#define CRASHES		3
#define UNBINDS		3
/* What a buffer has room for, and the most of them */
#define MAX_SIZE	496
#define MAX_BUFFERS	64
#define MAX_DEVICES	4
#define WINDOW		32
#define MIN_SIZE	8
#define READY_MS	20000
/*
 * A message is late after half of the time in which it is lost. On a busy host a
 * CPU takes up to 7 s to come up, and nobody is heard meanwhile.
 */
#define LATE_MS		15000
#define LOST_MS		30000

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

__attribute__((format(printf, 1, 2)))
static void note(const char *format, ...)
{
	size_t used = strlen(notes);
	va_list args;

	va_start(args, format);
	used += snprintf(notes + used, sizeof(notes) - used, "ipi: ");
	vsnprintf(notes + used, sizeof(notes) - used, format, args);
	va_end(args);
	strncat(notes, "\n", sizeof(notes) - strlen(notes) - 1);
}

static uint32_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool state_is(const char *state)
{
	char text[32];

	read_file(RPROC "state", text, sizeof(text));
	return !strncmp(text, state, strlen(state));
}

/*
 * The service is there as soon as the firmware has announced it. A device which is
 * still open when its firmware goes keeps its number for a while.
 */
static int open_device(void)
{
	uint32_t start = now_ms();
	char path[32];
	int fd, i;

	do {
		for (i = 0; i < MAX_DEVICES; i++) {
			snprintf(path, sizeof(path), "/dev/rpmsg%d", i);
			fd = open(path, O_RDWR | O_NONBLOCK);
			if (fd >= 0)
				return fd;
		}
		usleep(10000);
	} while (now_ms() - start < READY_MS);
	return -1;
}

static int start_vp(void)
{
	return write_file(RPROC "state", "start") ? open_device() : -1;
}

/* Each message has a size and contents of its own. */
static size_t fill(uint8_t *buf, uint32_t number)
{
	size_t i, size = MIN_SIZE + number * 37 % (MAX_SIZE - MIN_SIZE + 1);

	for (i = 0; i < size; i++)
		buf[i] = number * 7 + i * 13;
	memcpy(buf, &number, sizeof(number));
	return size;
}

/*
 * Not more than WINDOW messages are under way, so that the kernel's sample always
 * has a buffer: it sends from the thread which would free one, and would wait for
 * 15 s.
 */
struct flood {
	int fd;
	uint32_t number;
	uint32_t *sent;
	sem_t room;
	atomic_bool over;
	bool failed;
};

static bool send(int fd, const void *buf, size_t size)
{
	ssize_t done;

	do {
		done = write(fd, buf, size);
	} while (done < 0 && errno == EAGAIN && !usleep(100));
	return done == (ssize_t)size;
}

static void *write_messages(void *arg)
{
	struct flood *flood = arg;
	uint8_t buf[MAX_SIZE];
	uint32_t i;

	for (i = 0; i < flood->number; i++) {
		size_t size = fill(buf, i);

		sem_wait(&flood->room);
		flood->sent[i] = now_ms();
		if (atomic_load(&flood->over) || !send(flood->fd, buf, size)) {
			flood->failed = true;
			break;
		}
	}
	return NULL;
}

struct tally {
	uint32_t echoed;
	uint32_t lost;
	uint32_t wrong;
	uint32_t repeated;
	uint32_t late;
};

/* Which message it is tells its number, unless its contents are those of no other. */
static void count(struct tally *tally, const struct flood *flood, const uint8_t *got,
		  ssize_t size, uint32_t *next)
{
	uint8_t wanted[MAX_SIZE];
	uint32_t number;

	memcpy(&number, got, sizeof(number));
	if (size < MIN_SIZE || number >= flood->number ||
	    fill(wanted, number) != (size_t)size || memcmp(got, wanted, size)) {
		tally->wrong++;
		(*next)++;
		return;
	}
	if (number < *next) {
		tally->repeated++;
		return;
	}
	tally->lost += number - *next;
	tally->echoed++;
	tally->late += now_ms() - flood->sent[number] > LATE_MS;
	*next = number + 1;
}

static void read_echoes(struct tally *tally, struct flood *flood)
{
	struct pollfd poller = { .fd = flood->fd, .events = POLLIN };
	uint8_t buf[MAX_SIZE];
	uint32_t next = 0;

	while (next < flood->number && poll(&poller, 1, LOST_MS) > 0 &&
	       (poller.revents & POLLIN)) {
		ssize_t size = read(flood->fd, buf, sizeof(buf));

		if (size < 0)
			break;
		count(tally, flood, buf, size, &next);
		sem_post(&flood->room);
	}
	tally->lost += flood->number - next;
	atomic_store(&flood->over, true);
	sem_post(&flood->room);

	/* What comes now is one too many */
	while (poll(&poller, 1, 100) > 0 && (poller.revents & POLLIN) &&
	       read(flood->fd, buf, sizeof(buf)) >= 0)
		tally->repeated++;
}

/* Numbered messages, of which all have to come back, in order. */
static const char *exchange(int fd, int number)
{
	struct flood flood = { .fd = fd, .number = number,
			       .sent = calloc(number, sizeof(uint32_t)) };
	struct tally tally = { 0 };
	uint32_t start = now_ms(), ms;
	pthread_t writer;

	sem_init(&flood.room, 0, WINDOW);
	if (!flood.sent || pthread_create(&writer, NULL, write_messages, &flood))
		return "no thread or no memory";
	read_echoes(&tally, &flood);
	ms = now_ms() - start;
	pthread_join(writer, NULL);
	free(flood.sent);
	note("exchange messages %d echoed %u lost %u wrong %u repeated %u late %u rate %u",
	     number, tally.echoed, tally.lost, tally.wrong, tally.repeated, tally.late,
	     (uint32_t)(tally.echoed * 1000ULL / (ms ?: 1)));
	return flood.failed ? "a message is not sent" : NULL;
}

static const char *few(int fd)
{
	const char *failed = fd < 0 ? "the services are not there" : exchange(fd, FEW);

	close(fd);
	return failed;
}

static const char *restart(void)
{
	if (!write_file(RPROC "state", "stop"))
		return "the VP does not stop";
	note("stopped mapped %ld", sum_mapped(DOMAINS));
	return few(start_vp());
}

/* The firmware crashes when it is told to, and Linux starts it again. */
static const char *crash(void)
{
	struct pollfd poller = { .fd = open_device(), .events = POLLPRI };
	uint32_t start = now_ms();

	if (poller.fd < 0 || write(poller.fd, "!c", 2) != 2)
		return "the firmware is not told to crash";
	/* The device goes with the firmware */
	while (poll(&poller, 1, 10) >= 0 && !(poller.revents & POLLERR) &&
	       now_ms() - start < READY_MS)
		usleep(1000);
	close(poller.fd);
	while (!state_is("running") && now_ms() - start < READY_MS)
		usleep(10000);
	return few(open_device());
}

/* The copy of the firmware, cut off or with a byte of it changed. */
static bool spoil(const char *name, size_t size, long at, uint8_t value)
{
	static uint8_t buf[65536];
	char path[128];
	int fd = open(FOLDER FIRMWARE, O_RDONLY);
	ssize_t got = fd < 0 ? -1 : read(fd, buf, sizeof(buf));

	close(fd);
	if (got <= 0)
		return false;
	if (size && size < (size_t)got)
		got = size;
	if (at >= 0)
		buf[at] = value;
	snprintf(path, sizeof(path), FOLDER "%s", name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	if (fd < 0 || write(fd, buf, got) != got)
		return false;
	close(fd);
	return true;
}

/* Where the resource table is in the file: it begins with 1, 2, 0, 0, 24, 52. */
static long find_table(void)
{
	static const uint32_t head[6] = { 1, 2, 0, 0, 24, 52 };
	static uint8_t buf[65536];
	int fd = open(FOLDER FIRMWARE, O_RDONLY);
	ssize_t got = fd < 0 ? -1 : read(fd, buf, sizeof(buf));
	long at;

	close(fd);
	for (at = 0; at + (long)sizeof(head) < got; at++) {
		if (!memcmp(buf + at, head, sizeof(head)))
			return at;
	}
	return -1;
}

static void try_firmware(const char *name)
{
	int fd, error = 0;

	if (!write_file(RPROC "firmware", name)) {
		note("bad %s is not taken", name);
		return;
	}
	fd = open(RPROC "state", O_WRONLY);
	if (fd < 0 || write(fd, "start", 5) < 0)
		error = errno;
	close(fd);
	note("bad %s errno %d offline %d mapped %ld", name, error, state_is("offline"),
	     sum_mapped(DOMAINS));
}

static const char *bad_firmware(void)
{
	long table = find_table();
	long before = sum_mapped(DOMAINS);

	if (table < 0 || !write_file(RPROC "state", "stop"))
		return "there is no firmware that could be spoilt";
	mkdir(FOLDER, 0755);
	if (!spoil("tiny", 20, -1, 0) || !spoil("half", 4096 + 16, -1, 0) ||
	    /* Another magic, entry point, version of the table, and type in it */
	    !spoil("magic", 0, 0, 0) || !spoil("entry", 0, 24 + 2, 0xff) ||
	    !spoil("version", 0, table, 2) || !spoil("foreign", 0, table + 24, 129))
		return "the firmware is not spoilt";

	note("bad before mapped %ld", before);
	try_firmware("missing");
	try_firmware("tiny");
	try_firmware("half");
	try_firmware("magic");
	try_firmware("entry");
	try_firmware("version");
	try_firmware("foreign");
	if (!write_file(RPROC "firmware", FIRMWARE))
		return "the firmware is not taken back";
	return few(start_vp());
}

/* A message of more than a buffer, and more messages than buffers. */
static const char *bad_messages(void)
{
	static const uint8_t buf[MAX_SIZE + 1];
	int fd = open_device(), sent = 0, error;
	ssize_t done;

	if (fd < 0)
		return "the services are not there";
	done = write(fd, buf, sizeof(buf));
	note("bad size refused %d", done < 0 && errno == EMSGSIZE);

	/* The sample has had its messages by now */
	sleep(3);
	if (write(fd, "!h", 2) != 2)
		return "the firmware is not told to halt";
	sleep(1);
	do {
		done = write(fd, buf, MAX_SIZE);
		error = done < 0 ? errno : 0;
	} while (!error && ++sent <= MAX_BUFFERS);
	close(fd);
	note("bad full refused %d fits %d", error == EAGAIN, sent > 0 && sent <= MAX_BUFFERS);
	return restart();
}

static bool read_echo(int fd)
{
	struct pollfd poller = { .fd = fd, .events = POLLIN };
	uint8_t buf[MAX_SIZE];

	return poll(&poller, 1, LOST_MS) > 0 && (poller.revents & POLLIN) &&
	       read(fd, buf, sizeof(buf)) > 0;
}

static void *write_for_ever(void *unused)
{
	int fd = open_device();
	uint8_t buf[MAX_SIZE];
	uint32_t i;

	for (i = 0; fd >= 0 && send(fd, buf, fill(buf, i)); i++) {
		if (i >= WINDOW && !read_echo(fd))
			break;
	}
	note("unbound after %d messages", i > 0);
	close(fd);
	return unused;
}

static const char *unbind(void)
{
	pthread_t writer;

	if (pthread_create(&writer, NULL, write_for_ever, NULL))
		return "no thread";
	usleep(300000);
	if (!write_file(DRIVER "unbind", NAME))
		return "the driver does not go";
	pthread_join(writer, NULL);
	note("unbound mapped %ld", sum_mapped(DOMAINS));
	if (!write_file(DRIVER "bind", NAME))
		return "the driver does not come back";
	return few(start_vp());
}

/* The kernel's own sample sends its messages each time the VP is started. */
static bool load_sample(void)
{
	int fd = open(MODULE, O_RDONLY | O_CLOEXEC);

	return fd >= 0 && !syscall(SYS_finit_module, fd, "", 0) && !close(fd);
}

static const char *repeat(const char *(*step)(void), int times)
{
	const char *failed = NULL;

	while (!failed && times--)
		failed = step();
	return failed;
}

static const char *run_all(int messages, int restarts)
{
	const char *failed;
	int fd;

	if (!load_sample())
		return "no sample of rpmsg";
	fd = start_vp();
	if (fd < 0)
		return "the VP does not start, or announces no service";
	failed = exchange(fd, messages);
	close(fd);
	failed = failed ?: repeat(restart, restarts);
	failed = failed ?: repeat(crash, CRASHES);
	failed = failed ?: bad_firmware();
	failed = failed ?: bad_messages();
	return failed ?: repeat(unbind, UNBINDS);
}

void run_remoteproc(int messages, int restarts)
{
	const char *failed;
	int cycles;

	poke_all();
	if (!start_cycles())
		return;
	failed = run_all(messages, restarts);
	cycles = stop_cycles();
	show_leaks();

	kernel_waits();
	if (failed)
		printf("ipi: failed: %s\n", failed);
	printf("%sipi: cycles %d\n", notes, cycles);
	kernel_speaks();
	show_irqs();
}
