// SPDX-License-Identifier: GPL-2.0-only
/*
 * Firmware of a MIPS VP: an rpmsg device which announces two services and sends
 * back what they get.
 *
 * It runs uncached, shares memory with Linux by means of coherent caches, and
 * takes no interrupts: they only end its wait.
 */
typedef __UINT8_TYPE__ u8;
typedef __UINT16_TYPE__ u16;
typedef __UINT32_TYPE__ u32;
typedef __UINT64_TYPE__ u64;
typedef u32 __u32;

#include "../../include/linux/remoteproc/mips_vp.h"

#define __section(name)	__attribute__((section(name)))
#define __used		__attribute__((used))
#define offsetof	__builtin_offsetof
#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))

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
#define STATUS_BEV		0x00400000
#define STATUS_IP0		8
#define GCR_GIC_BASE		0x80
#define GIC_WEDGE		0x280
#define GIC_PEND		0x480
#define GIC_VL_RMASK		0x800c
#define ALL_LOCAL		0x7f

static inline u32 read_cmgcrbase(void)
{
	u32 base;

	__asm__ __volatile__("mfc0 %0, $15, 3" : "=r"(base));
	return base << 4;
}

static inline void write_status(u32 status)
{
	__asm__ __volatile__("mtc0 %0, $12; ehb" : : "r"(status) : "memory");
}

static inline void sync(void)
{
	__asm__ __volatile__("sync" : : : "memory");
}

static inline void wait(void)
{
	__asm__ __volatile__("wait" : : : "memory");
}

struct vring {
	u32 da;
	u32 align;
	u32 num;
	u32 notifyid;
	u32 pa;
};

struct table {
	u32 version;
	u32 num;
	u32 reserved[2];
	u32 offset[2];

	u32 vp_type;
	struct mips_vp_resource vp;

	u32 vdev_type;
	struct {
		u32 id;
		u32 notifyid;
		u32 dfeatures;
		u32 gfeatures;
		u32 config_len;
		u8 status;
		u8 num_of_vrings;
		u8 reserved[2];
		struct vring vring[NR_VRINGS];
	} vdev;
};

static volatile struct table table __section(".resource_table") __used = {
	.version = 1,
	.num = 2,
	.offset = { offsetof(struct table, vp_type), offsetof(struct table, vdev_type) },
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

struct desc {
	u64 addr;
	u32 len;
	u16 flags;
	u16 next;
};

struct avail {
	u16 flags;
	u16 idx;
	u16 ring[NR_BUFFERS];
};

struct used {
	u16 flags;
	u16 idx;
	struct {
		u32 id;
		u32 len;
	} ring[NR_BUFFERS];
};

#define NO_INTERRUPT		1

/* Buffers which Linux provides, and which go back to it */
struct queue {
	volatile struct desc *desc;
	volatile struct avail *avail;
	volatile struct used *used;
	u16 taken;
};

struct message {
	u32 src;
	u32 dst;
	u32 reserved;
	u16 len;
	u16 flags;
	u8 data[];
};

struct service {
	char name[NAME_SIZE];
	u32 addr;
	u32 flags;
};

static const struct service services[] = {
	{ "rpmsg-client-sample", ECHO_SAMPLE, 0 },
	{ "rpmsg-raw", ECHO_RAW, 0 },
};

/* To Linux and from Linux, in this order */
static struct queue to, from;
static volatile u8 *gic;
static int ring;
static char fault;

/* The two aliases of a physical address below 512 MiB */
static volatile void *uncached(u32 pa)
{
	return (volatile void *)(0xa0000000 | pa);
}

static volatile void *coherent(u32 pa)
{
	return (volatile void *)(0x80000000 | pa);
}

static volatile u32 *gic_reg(u32 offset)
{
	return (volatile u32 *)(gic + offset);
}

static void gic_init(void)
{
	volatile u8 *gcr = uncached(read_cmgcrbase());

	gic = uncached(*(volatile u32 *)(gcr + GCR_GIC_BASE) & ~0xfff);
	/* None of the interrupts which the GIC has for each VP */
	*gic_reg(GIC_VL_RMASK) = ALL_LOCAL;
	/* Without IE, an interrupt ends a wait and is not taken */
	write_status(STATUS_BEV | 1 << (STATUS_IP0 + table.vp.kick_pin));
}

/* Until Linux kicks. What it does after this raises the interrupt again. */
static void wait_for_kick(void)
{
	u32 kick = table.vp.kick_number;

	while (!(*gic_reg(GIC_PEND + kick / 32 * 4) >> kick % 32 & 1))
		wait();
	*gic_reg(GIC_WEDGE) = kick;
	sync();
}

static void ring_doorbell(void)
{
	sync();
	*(volatile u32 *)uncached(table.vp.doorbell_low) = table.vp.doorbell_data;
}

static void crash(u32 code)
{
	table.vp.fault = code;
	ring_doorbell();
	for (;;)
		wait();
}

static void queue_init(struct queue *queue, volatile struct vring *vring)
{
	u32 at = vring->da;

	queue->desc = coherent(at);
	at += NR_BUFFERS * sizeof(struct desc);
	queue->avail = coherent(at);
	at += sizeof(struct avail) + sizeof(u16);
	queue->used = coherent((at + VRING_ALIGN - 1) & -VRING_ALIGN);
	queue->taken = 0;
}

static int queue_empty(struct queue *queue)
{
	return queue->taken == queue->avail->idx;
}

static u16 queue_take(struct queue *queue)
{
	/* The index before the entry */
	sync();
	return queue->avail->ring[queue->taken++ % NR_BUFFERS];
}

static void queue_give(struct queue *queue, u16 id, u32 len)
{
	u16 idx = queue->used->idx;

	queue->used->ring[idx % NR_BUFFERS].id = id;
	queue->used->ring[idx % NR_BUFFERS].len = len;
	/* The entry before the index, and that before the look at the flags */
	sync();
	queue->used->idx = idx + 1;
	sync();
	if (!(queue->avail->flags & NO_INTERRUPT))
		ring = 1;
}

static void copy(volatile u8 *to, const volatile u8 *from, u32 len)
{
	while (len--)
		*to++ = *from++;
}

/* There is a buffer, and the message fits: it was in one of the same size */
static void send(u32 src, u32 dst, const volatile void *data, u16 len)
{
	u16 id = queue_take(&to);
	volatile struct message *msg = coherent(to.desc[id].addr);

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
	while (!queue_empty(&from) && (u16)(to.avail->idx - to.taken) > 1) {
		u16 id = queue_take(&from);
		volatile struct message *msg = coherent(from.desc[id].addr);
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
	for (unsigned int i = 0; i < ARRAY_SIZE(services); i++)
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
