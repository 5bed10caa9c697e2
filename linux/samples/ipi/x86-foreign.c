// SPDX-License-Identifier: GPL-2.0-only
/*
 * Messages between Linux and a processor which Linux does not own.
 *
 * Boot with nr_cpus= smaller than the number of processors, and tell the APIC id
 * of one that is left by x86_foreign.apic_id=. It gets a small program and is
 * started by INIT and SIPI, as Linux starts a CPU of its own. Linux kicks it by an
 * external IPI. It answers by an IPI of Linux, whose vector the layer told.
 *
 * In /sys/kernel/debug/ipi-foreign:
 *
 * exchange	Write a number of messages to have them exchanged, read what came
 *		of it.
 * broadcast	Write to send an IPI to all processors by the APIC's shorthand, as
 *		Linux does with its own IPIs if it has all processors.
 * taken	The vectors which the program took, and how often.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/completion.h>
#include <linux/debugfs.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/init.h>
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/ipi.h>
#include <linux/irq.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/seq_file.h>
#include <linux/smp.h>
#include <linux/string.h>

#include <asm/apic.h>
#include <asm/desc_defs.h>
#include <asm/irq_vectors.h>
#include <asm/realmode.h>

#include "x86-foreign.h"

#define CODE_SEGMENT	8
#define START_TRIES	1000

static int apic_id = -1;
module_param(apic_id, int, 0444);
MODULE_PARM_DESC(apic_id, "APIC id of the processor that gets the program");

static DEFINE_MUTEX(exchange_mutex);
static DECLARE_COMPLETION(answered);
static DEFINE_PER_CPU(unsigned int, answers);
static int kick_virq, answer_virq, all_virq;
static u32 *shared;

static struct {
	unsigned int	messages;
	unsigned int	lost;
	unsigned int	wrong;
	unsigned int	stray;
} result;

static irqreturn_t receive(int irq, void *count)
{
	(*(unsigned int *)count)++;
	complete(&answered);
	return IRQ_HANDLED;
}

static void enable_answers(void *unused)
{
	enable_percpu_irq(answer_virq, IRQ_TYPE_NONE);
}

static void exchange_one(u32 request)
{
	WRITE_ONCE(shared[SHARED_REQUEST], request);
	if (irq_send_ipi_all(kick_virq) ||
	    !wait_for_completion_timeout(&answered, 10 * HZ)) {
		result.lost++;
		return;
	}
	result.wrong += READ_ONCE(shared[SHARED_ANSWER]) != ~request;
	/* There is one answer to each message */
	if (try_wait_for_completion(&answered))
		result.stray++;
}

static ssize_t exchange_write(struct file *file, const char __user *text, size_t size,
			      loff_t *at)
{
	unsigned int nr, i;
	int ret = kstrtouint_from_user(text, size, 0, &nr);

	if (ret)
		return ret;

	guard(mutex)(&exchange_mutex);
	memset(&result, 0, sizeof(result));
	for (i = 0; i < nr && !result.lost; i++) {
		exchange_one(i * 2654435761U);
		result.messages++;
	}
	return size;
}

static int exchange_show(struct seq_file *m, void *unused)
{
	guard(mutex)(&exchange_mutex);
	seq_printf(m, "messages %u lost %u wrong %u stray %u\n", result.messages,
		   result.lost, result.wrong, result.stray);
	return 0;
}

static int exchange_open(struct inode *inode, struct file *file)
{
	return single_open(file, exchange_show, NULL);
}

static const struct file_operations exchange_fops = {
	.open		= exchange_open,
	.read		= seq_read,
	.write		= exchange_write,
	.release	= single_release,
};

static ssize_t broadcast_write(struct file *file, const char __user *text, size_t size,
			       loff_t *at)
{
	/* Reserved by Linux on all of its CPUs, which ignore it */
	preempt_disable();
	__apic_send_IPI_allbutself(ipi_get_hwirq(all_virq, 0));
	preempt_enable();
	return size;
}

static const struct file_operations broadcast_fops = {
	.write	= broadcast_write,
};

static int taken_show(struct seq_file *m, void *unused)
{
	for (int vector = 0; vector < NR_VECTORS; vector++) {
		u32 n = READ_ONCE(shared[SHARED_TAKEN + vector]);

		if (n)
			seq_printf(m, "%s %u\n", vector == shared[SHARED_KICK_VECTOR] ? "kicks" :
				   vector == ipi_get_hwirq(all_virq, 0) ? "broadcasts" :
				   "others", n);
	}
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(taken);

static void copy_program(void)
{
	struct desc_struct *idt = __va(FOREIGN_IDT);

	memcpy(__va(FOREIGN_PROGRAM), foreign_program, foreign_program_end - foreign_program);
	for (int vector = 0; vector < NR_VECTORS; vector++) {
		u32 stub = FOREIGN_PROGRAM + (foreign_stubs - foreign_program) +
			   vector * FOREIGN_STUB_SIZE;

		/* A gate of 32 bits has the size of a segment descriptor */
		((u32 *)&idt[vector])[0] = CODE_SEGMENT << 16 | (stub & 0xffff);
		((u32 *)&idt[vector])[1] = (stub & 0xffff0000) | 0x8e00;
	}
	memset(shared, 0, (SHARED_TAKEN + NR_VECTORS) * sizeof(*shared));
}

static int start_program(void)
{
	unsigned int tries;

	apic_icr_write(APIC_INT_LEVELTRIG | APIC_INT_ASSERT | APIC_DM_INIT, apic_id);
	mdelay(10);
	apic_icr_write(APIC_INT_LEVELTRIG | APIC_DM_INIT, apic_id);
	mdelay(10);
	for (tries = 0; tries < 2; tries++) {
		apic_icr_write(APIC_DM_STARTUP | FOREIGN_PROGRAM >> PAGE_SHIFT, apic_id);
		mdelay(1);
	}

	for (tries = 0; !READ_ONCE(shared[SHARED_READY]) && tries < START_TRIES; tries++)
		usleep_range(1000, 2000);
	return shared[SHARED_READY] ? 0 : -ETIMEDOUT;
}

/* From the vectors on, nothing is made up: the layer knows them */
static int reserve(struct irq_domain *domain)
{
	kick_virq = irq_reserve_ipi_external(domain, apic_id);
	if (kick_virq < 0)
		return kick_virq;

	answer_virq = irq_reserve_ipi(domain, cpumask_of(0));
	if (answer_virq < 0)
		return answer_virq;

	all_virq = irq_reserve_ipi(domain, cpu_possible_mask);
	return all_virq < 0 ? all_virq : 0;
}

static void release(void)
{
	if (all_virq > 0)
		irq_destroy_ipi(all_virq, NULL);
	if (answer_virq > 0)
		irq_destroy_ipi(answer_virq, NULL);
	if (kick_virq > 0)
		irq_destroy_ipi(kick_virq, NULL);
}

static int start(void)
{
	int ret;

	ret = reserve(irq_find_ipi_domain(NULL));
	if (ret)
		return ret;

	copy_program();
	shared[SHARED_KICK_VECTOR] = ipi_get_hwirq(kick_virq, IPI_EXTERNAL);
	shared[SHARED_ANSWER_VECTOR] = ipi_get_hwirq(answer_virq, 0);
	shared[SHARED_ANSWER_APIC_ID] = per_cpu(x86_cpu_to_apicid, 0);

	ret = start_program();
	if (ret)
		return ret;

	ret = request_percpu_irq(answer_virq, receive, "foreign answer", &answers);
	if (ret)
		return ret;

	ret = smp_call_function_single(0, enable_answers, NULL, true);
	if (ret)
		free_percpu_irq(answer_virq, &answers);
	return ret;
}

static int __init foreign_init(void)
{
	struct dentry *folder;
	int ret;

	if (apic_id < 0)
		return 0;

	/* Linux's own start code is in the first megabyte, too, but far behind */
	if (__pa(real_mode_header) < FOREIGN_STACK_TOP)
		return -EBUSY;

	shared = __va(FOREIGN_SHARED);
	ret = start();
	if (ret) {
		pr_err("cannot talk to APIC id %d: %d\n", apic_id, ret);
		release();
		return ret;
	}

	folder = debugfs_create_dir("ipi-foreign", NULL);
	debugfs_create_file("exchange", 0600, folder, NULL, &exchange_fops);
	debugfs_create_file("broadcast", 0200, folder, NULL, &broadcast_fops);
	debugfs_create_file("taken", 0400, folder, NULL, &taken_fops);
	return 0;
}
late_initcall(foreign_init);
