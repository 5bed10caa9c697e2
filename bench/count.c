// SPDX-License-Identifier: GPL-2.0-only
/*
 * A plugin of QEMU that counts the instructions of all CPUs from the last time at the
 * address from= to the address to=. No Debian package has the header, so what is used of
 * it is declared here. VERSION is that of the interface.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct qemu_plugin_tb;
struct qemu_plugin_insn;

void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t id,
					   void (*cb)(uint64_t id, struct qemu_plugin_tb *tb));
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *tb,
					  void (*cb)(unsigned int cpu, void *data),
					  int flags, void *data);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t i);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);

int qemu_plugin_version = VERSION;

static uint64_t from, to, counted;

static void start(unsigned int cpu, void *data)
{
	counted = 0;
}

static void end(unsigned int cpu, void *data)
{
	fprintf(stderr, "counted: %llu\n", (unsigned long long)counted);
}

/* All CPUs of Malta are one thread of QEMU */
static void count(unsigned int cpu, void *data)
{
	counted += (uintptr_t)data;
}

static void translate(uint64_t id, struct qemu_plugin_tb *tb)
{
	size_t n = qemu_plugin_tb_n_insns(tb);
	uint64_t address = qemu_plugin_insn_vaddr(qemu_plugin_tb_get_insn(tb, 0));

	/* Functions begin a block, since they are called */
	if (address == from)
		qemu_plugin_register_vcpu_tb_exec_cb(tb, start, 0, NULL);
	if (address == to)
		qemu_plugin_register_vcpu_tb_exec_cb(tb, end, 0, NULL);
	qemu_plugin_register_vcpu_tb_exec_cb(tb, count, 0, (void *)(uintptr_t)n);
}

int qemu_plugin_install(uint64_t id, const void *info, int argc, char **argv)
{
	for (int i = 0; i < argc; i++) {
		if (!strncmp(argv[i], "from=", 5))
			from = strtoull(argv[i] + 5, NULL, 16);
		else if (!strncmp(argv[i], "to=", 3))
			to = strtoull(argv[i] + 3, NULL, 16);
	}
	qemu_plugin_register_vcpu_tb_trans_cb(id, translate);
	return 0;
}
