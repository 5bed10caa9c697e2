// SPDX-License-Identifier: GPL-2.0-only
/*
 * Firmware of a MIPS VP: an rpmsg device which announces two services and sends
 * back what they get.
 *
 * It runs uncached and takes no interrupts: they only end its wait. Linux sees
 * every write in order, and so does the VP, with a sync where that matters.
 */
#include <stdint.h>

typedef uint32_t __u32;
#include "../../include/linux/remoteproc/mips_vp.h"

#define NR_VRINGS		2
#define NR_BUFFERS		64
#define VRING_ALIGN		4096
#define ANY_ADDRESS		0xffffffff

/* Resource table, see include/linux/remoteproc.h */
#define RSC_VDEV		3
#define VIRTIO_ID_RPMSG		7
#define VIRTIO_RPMSG_F_NS	1
#define DRIVER_OK		4

/* Messages, see drivers/rpmsg */
#define NAME_SERVICE		53
#define NAME_SIZE		32
#define ECHO_SAMPLE		0x400
#define ECHO_RAW		0x401

/* Commands to a service: the first byte of a message of two, and a letter */
#define COMMAND			'!'
#define CRASH			'c'
#define DROP			'd'
#define SPOIL			's'
#define REPEAT			'r'
#define HALT			'h'

/* Registers */
#define C0_STATUS		"$12"
#define C0_CMGCRBASE		"$15, 3"
#define STATUS_BEV		0x00400000
#define STATUS_IP0		8
#define GCR_GIC_BASE		0x80
#define GIC_WEDGE		0x280
#define GIC_PEND		0x480
#define GIC_VL_RMASK		0x800c
#define ALL_LOCAL		0x7f

#define read_c0(reg) ({					\
	uint32_t __v;						\
	__asm__ __volatile__("mfc0 %0, " reg : "=r"(__v));	\
	__v; })
#define write_c0(reg, v)	\
	__asm__ __volatile__("mtc0 %0, " reg "; ehb" : : "r"(v) : "memory")
#define sync()			__asm__ __volatile__("sync" : : : "memory")
#define wait()			__asm__ __volatile__("wait" : : : "memory")

struct vring {
	uint32_t da;
	uint32_t align;
	uint32_t num;
	uint32_t notifyid;
	uint32_t pa;
};

static volatile struct {
	uint32_t version;
	uint32_t num;
	uint32_t reserved[2];
	uint32_t offset[2];

	uint32_t vp_type;
	struct mips_vp_resource vp;

	uint32_t vdev_type;
	struct {
		uint32_t id;
		uint32_t notifyid;
		uint32_t dfeatures;
		uint32_t gfeatures;
		uint32_t config_len;
		uint8_t status;
		uint8_t num_of_vrings;
		uint8_t reserved[2];
		struct vring vring[NR_VRINGS];
	} vdev;
} table __attribute__((section(".resource_table"), used)) = {
	.version = 1,
	.num = 2,
	.offset = { 24, 52 },
	.vp_type = MIPS_VP_RESOURCE,
	.vdev_type = RSC_VDEV,
	.vdev = {
		.id = VIRTIO_ID_RPMSG,
		.dfeatures = VIRTIO_RPMSG_F_NS,
		.num_of_vrings = NR_VRINGS,
		.vring = {
			{ ANY_ADDRESS, VRING_ALIGN, NR_BUFFERS, 0, 0 },
			{ ANY_ADDRESS, VRING_ALIGN, NR_BUFFERS, 0, 0 },
		},
	},
};

_Static_assert(__builtin_offsetof(__typeof__(table), vp_type) == 24, "offset[0]");
_Static_assert(__builtin_offsetof(__typeof__(table), vdev_type) == 52, "offset[1]");

struct desc {
	uint64_t addr;
	uint32_t len;
	uint16_t flags;
	uint16_t next;
};

struct avail {
	uint16_t flags;
	uint16_t idx;
	uint16_t ring[NR_BUFFERS];
};

struct used {
	uint16_t flags;
	uint16_t idx;
	struct {
		uint32_t id;
		uint32_t len;
	} ring[NR_BUFFERS];
};

#define NO_INTERRUPT		1

/* Buffers which Linux provides, and which go back to it */
struct queue {
	volatile struct desc *desc;
	volatile struct avail *avail;
	volatile struct used *used;
	uint16_t taken;
};

struct message {
	uint32_t src;
	uint32_t dst;
	uint32_t reserved;
	uint16_t len;
	uint16_t flags;
	uint8_t data[];
};

struct service {
	char name[NAME_SIZE];
	uint32_t addr;
	uint32_t flags;
};

static const struct service services[] = {
	{ "rpmsg-client-sample", ECHO_SAMPLE, 0 },
	{ "rpmsg-raw", ECHO_RAW, 0 },
};

/* To Linux and from Linux, in this order */
static struct queue to, from;
static volatile uint8_t *gic;
static int ring;
static char fault;

/* The uncached alias of a physical address below 512 MiB */
static volatile void *uncached(uint32_t pa)
{
	return (volatile void *)(0xa0000000 | pa);
}

static volatile uint32_t *gic_reg(uint32_t offset)
{
	return (volatile uint32_t *)(gic + offset);
}

static void gic_init(void)
{
	volatile uint8_t *gcr = uncached(read_c0(C0_CMGCRBASE) << 4);

	gic = uncached(*(volatile uint32_t *)(gcr + GCR_GIC_BASE) & ~0xfff);
	/* None of the interrupts which the GIC has for each VP */
	*gic_reg(GIC_VL_RMASK) = ALL_LOCAL;
	/* Without IE, an interrupt ends a wait and is not taken */
	write_c0(C0_STATUS, STATUS_BEV | 1 << (STATUS_IP0 + table.vp.kick_pin));
}

/* Until Linux kicks. What it does after this raises the interrupt again. */
static void wait_for_kick(void)
{
	uint32_t kick = table.vp.kick_number;

	while (!(*gic_reg(GIC_PEND + kick / 32 * 4) >> kick % 32 & 1))
		wait();
	*gic_reg(GIC_WEDGE) = kick;
	sync();
}

static void ring_doorbell(void)
{
	sync();
	*(volatile uint32_t *)uncached(table.vp.doorbell_low) = table.vp.doorbell_data;
}

static void crash(uint32_t code)
{
	table.vp.fault = code;
	ring_doorbell();
	for (;;)
		wait();
}

static void queue_init(struct queue *queue, volatile struct vring *vring)
{
	uint32_t at = vring->da;

	queue->desc = uncached(at);
	at += NR_BUFFERS * sizeof(struct desc);
	queue->avail = uncached(at);
	at += sizeof(struct avail) + sizeof(uint16_t);
	queue->used = uncached((at + VRING_ALIGN - 1) & -VRING_ALIGN);
	queue->taken = 0;
}

static int queue_empty(struct queue *queue)
{
	return queue->taken == queue->avail->idx;
}

static uint16_t queue_take(struct queue *queue)
{
	/* The index before the entry */
	sync();
	return queue->avail->ring[queue->taken++ % NR_BUFFERS];
}

static void queue_give(struct queue *queue, uint16_t id, uint32_t len)
{
	uint16_t idx = queue->used->idx;

	queue->used->ring[idx % NR_BUFFERS].id = id;
	queue->used->ring[idx % NR_BUFFERS].len = len;
	/* The entry before the index, and that before the look at the flags */
	sync();
	queue->used->idx = idx + 1;
	sync();
	if (!(queue->avail->flags & NO_INTERRUPT))
		ring = 1;
}

static void copy(volatile uint8_t *to, const volatile uint8_t *from, uint32_t len)
{
	while (len--)
		*to++ = *from++;
}

/* There is a buffer, and the message fits: it was in one of the same size */
static void send(uint32_t src, uint32_t dst, const volatile void *data, uint16_t len)
{
	uint16_t id = queue_take(&to);
	volatile struct message *msg = uncached(to.desc[id].addr);

	msg->src = src;
	msg->dst = dst;
	msg->reserved = 0;
	msg->len = len;
	msg->flags = 0;
	copy(msg->data, data, len);
	queue_give(&to, id, sizeof(*msg) + len);
}

static void answer(volatile struct message *msg)
{
	if (msg->len == 2 && msg->data[0] == COMMAND) {
		if (msg->data[1] == CRASH)
			crash(CRASH);
		while (msg->data[1] == HALT)
			wait();
		fault = msg->data[1];
		return;
	}

	if (fault == DROP) {
		fault = 0;
		return;
	}
	if (fault == SPOIL) {
		fault = 0;
		msg->data[0] ^= 1;
	}
	send(msg->dst, msg->src, msg->data, msg->len);
}

/* A message stays where it is until there is a buffer for two answers to it */
static void serve(void)
{
	while (!queue_empty(&from) && (uint16_t)(to.avail->idx - to.taken) > 1) {
		uint16_t id = queue_take(&from);
		volatile struct message *msg = uncached(from.desc[id].addr);
		int again = fault == REPEAT;

		answer(msg);
		if (again) {
			fault = 0;
			answer(msg);
		}
		queue_give(&from, id, 0);
	}
}

static void announce(void)
{
	for (unsigned int i = 0; i < sizeof(services) / sizeof(*services); i++)
		send(0, NAME_SERVICE, &services[i], sizeof(services[i]));
}

void firmware(void)
{
	int up = 0;

	gic_init();
	for (;;) {
		wait_for_kick();
		if (!(table.vdev.status & DRIVER_OK)) {
			up = 0;
			continue;
		}
		if (!up) {
			queue_init(&to, &table.vdev.vring[0]);
			queue_init(&from, &table.vdev.vring[1]);
			announce();
			up = 1;
		}
		serve();
		if (ring)
			ring_doorbell();
		ring = 0;
	}
}
