// SPDX-License-Identifier: GPL-2.0-only
/*
 * What it costs to send and to receive an IPI.
 *
 * The controller is a mock whose trigger and acknowledge are one store each, so
 * that what is left is the IPI layer. The same source is built into the base
 * and into the series. tools/ipi/measure/bench.py copies it to lib/ and reads the result:
 * lines of "bench: <what> <where> <how> <targets> <figure>". The figure is the
 * cost of 100 times, or what two IPIs take.
 */

#define pr_fmt(fmt) "bench: " fmt

#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/init.h>
#include <linux/interrupt.h>
#include <linux/irq.h>
#include <linux/irqdesc.h>
#include <linux/irqdomain.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/percpu.h>
#include <linux/printk.h>
#include <linux/rcupdate.h>
#include <linux/reboot.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/smp.h>

#ifdef CONFIG_X86
#include <asm/hardirq.h>
#include <asm/msr.h>
#endif

#ifdef CONFIG_IPI_BENCH_RESOURCES
#include <trace/events/kmem.h>
#include <trace/events/percpu.h>
#endif

#define NR_TIMES	100
#define NR_RUNS		10
#define NR_CALLS	10
#define NR_CALL_RUNS	4
#define NR_HWIRQS	2048

/**
 * struct mock - A controller
 * @name:	Name of the shape of its hwirqs
 * @step:	Distance of the hwirqs of an IPI, 0 if it has only one
 * @next:	First hwirq which is free
 * @tree:	The reverse map is a tree and not an array
 * @whole:	One store is enough for the whole mask
 * @trigger:	Register which raises an IPI
 * @acked:	Register which clears one
 * @domain:	The controller's domain
 * @ipi:	Its IPI domain
 */
struct mock {
	const char		*name;
	unsigned int		step;
	unsigned int		next;
	bool			tree;
	bool			whole;
	u32			trigger;
	u32			acked;
	struct irq_domain	*domain;
	struct irq_domain	*ipi;
};

static struct mock mocks[] __initdata = {
	{ .name = "row",	.step = 1 },
	{ .name = "gaps",	.step = 3 },
	{ .name = "tree",	.step = 1, .next = 0x10000, .tree = true },
	{ .name = "uniform",	.step = 0 },
	{ .name = "mask",	.step = 0, .whole = true },
};

static struct mock sgi __initdata = { .name = "sgi" };

static DEFINE_PER_CPU(int, cookie);

static irqreturn_t bench_handler(int irq, void *dev_id)
{
	return IRQ_HANDLED;
}

static void mock_nop(struct irq_data *d)
{
}

static void mock_clear(struct irq_data *d)
{
	struct mock *mock = irq_data_get_irq_chip_data(d);

	WRITE_ONCE(mock->acked, irqd_to_hwirq(d));
}

static void mock_send_whole(struct irq_data *d, const struct cpumask *dest)
{
	struct mock *mock = irq_data_get_irq_chip_data(d);

	WRITE_ONCE(mock->trigger, cpumask_bits(dest)[0]);
}

/* @_op is the callback that the kernel at hand sends with */
#define MOCK_CHIP(_op, _send)			\
{						\
	.name		= "mock",		\
	.irq_ack	= mock_ack,		\
	.irq_mask	= mock_nop,		\
	.irq_unmask	= mock_nop,		\
	._op		= _send,		\
}

#if __has_include(<linux/ipi.h>)
/* The series */

#include <linux/ipi.h>

static void mock_send(struct irq_data *d, const struct cpumask *dest)
{
	const struct ipi_mapping *map = irq_data_get_ipi_mapping(d);
	struct mock *mock = irq_data_get_irq_chip_data(d);
	irq_hw_number_t hwirq;
	unsigned int cpu;

	for_each_ipi_hwirq(hwirq, cpu, map, dest)
		WRITE_ONCE(mock->trigger, hwirq);
}

static void mock_ack(struct irq_data *d)
{
	struct mock *mock = irq_data_get_irq_chip_data(d);

	WRITE_ONCE(mock->acked, irq_data_get_ipi_hwirq(d));
}

static int mock_alloc(struct irq_domain *d, struct ipi_mapping *map,
		      const struct cpumask *dest)
{
	struct mock *mock = d->host_data;
	unsigned int cpu;

	for_each_cpu(cpu, dest) {
		ipi_mapping_set(map, cpu, mock->next);
		mock->next += mock->step;
	}
	mock->next += !mock->step;
	return 0;
}

static void mock_free(struct irq_domain *d, const struct ipi_mapping *map,
		      unsigned int cpu, irq_hw_number_t hwirq)
{
}

#define SEND_WHOLE		send_ipi

static const struct irq_chip mock_chip = MOCK_CHIP(send_ipi, mock_send);
static const struct irq_chip mock_whole_chip = MOCK_CHIP(SEND_WHOLE, mock_send_whole);

#define MOCK_OPS(_chip)				\
{						\
	.chip		= _chip,		\
	.alloc		= mock_alloc,		\
	.free		= mock_free,		\
}

static const struct ipi_domain_ops mock_ops = MOCK_OPS(&mock_chip);
static const struct ipi_domain_ops mock_whole_ops = MOCK_OPS(&mock_whole_chip);

static struct irq_domain * __init mock_ipi_domain(struct mock *mock)
{
	return ipi_create_irq_domain(mock->domain->fwnode, mock->domain,
				     mock->whole ? &mock_whole_ops : &mock_ops);
}

static int __init bench_request(int virq, unsigned int nr)
{
	int ret = request_percpu_irq(virq, bench_handler, "bench", &cookie);

	if (!ret)
		enable_percpu_irq(virq, IRQ_TYPE_NONE);
	return ret;
}

/* Bytes of the mapping, which IPIs without an IPI domain do not have */
static size_t __init mapping_size(const struct irq_desc *desc)
{
	return ksize(rcu_access_pointer(desc->irq_common_data.ipi_mapping));
}

#define mark_sgi(virq)		irq_set_global_ipi(virq)
#define send_desc(desc, mask)	irq_desc_send_ipi(desc, mask)
#define send_virq(virq, mask)	irq_send_ipi(virq, mask)
#define send_all(virq, mask)	irq_send_ipi_all(virq)

#else
/* The base */

static void mock_send(struct irq_data *d, unsigned int cpu)
{
	struct mock *mock = irq_data_get_irq_chip_data(d);

	WRITE_ONCE(mock->trigger, irqd_to_hwirq(d));
}

#define mock_ack		mock_clear
#define SEND_WHOLE		ipi_send_mask

static const struct irq_chip mock_chip = MOCK_CHIP(ipi_send_single, mock_send);
static const struct irq_chip mock_whole_chip = MOCK_CHIP(SEND_WHOLE, mock_send_whole);

static int mock_alloc(struct irq_domain *d, unsigned int virq, unsigned int nr,
		      void *arg)
{
	struct mock *mock = d->host_data;
	const struct irq_chip *chip = mock->whole ? &mock_whole_chip : &mock_chip;

	for (unsigned int i = 0; i < nr; i++) {
		irq_domain_set_hwirq_and_chip(d, virq + i, mock->next, chip, mock);
		irq_domain_set_hwirq_and_chip(d->parent, virq + i, mock->next, chip,
					      mock);
		irq_set_handler(virq + i, handle_percpu_irq);
		mock->next += mock->step ?: 1;
	}
	return 0;
}

static const struct irq_domain_ops mock_ops = {
	.alloc	= mock_alloc,
	.free	= irq_domain_free_irqs_common,
};

static struct irq_domain * __init mock_ipi_domain(struct mock *mock)
{
	return irq_domain_create_hierarchy(mock->domain,
					   mock->step ? IRQ_DOMAIN_FLAG_IPI_PER_CPU :
							IRQ_DOMAIN_FLAG_IPI_SINGLE,
					   mock->tree ? 0 : NR_HWIRQS,
					   mock->domain->fwnode, &mock_ops, mock);
}

static int __init bench_request(int virq, unsigned int nr)
{
	int ret = 0;

	for (unsigned int i = 0; i < nr && !ret; i++)
		ret = request_irq(virq + i, bench_handler, IRQF_PERCPU, "bench", &cookie);
	return ret;
}

static size_t __init mapping_size(const struct irq_desc *desc)
{
	return 0;
}

#define mark_sgi(virq)		0
#define send_desc(desc, mask)	__ipi_send_mask(desc, mask)
#define send_virq(virq, mask)	ipi_send_mask(virq, mask)
#define send_all(virq, mask)	ipi_send_mask(virq, mask)

#endif

/* No IPI domain: an interrupt which is an IPI by nature */
static const struct irq_chip sgi_chip = {
	.name		= "sgi",
	.irq_mask	= mock_nop,
	.irq_unmask	= mock_nop,
	.irq_eoi	= mock_clear,
	.SEND_WHOLE	= mock_send_whole,
};

#ifdef CONFIG_ARM64
/* With -icount shift=0 a cycle is an instruction */
static u64 bench_now(void)
{
	isb();
	return read_sysreg(pmccntr_el0);
}

static void __init bench_start_clock(void)
{
	write_sysreg(0, pmccfiltr_el0);
	write_sysreg(BIT(31), pmcntenset_el0);
	write_sysreg(BIT(6) | BIT(0), pmcr_el0);
}
#elif defined(CONFIG_X86)
/* With -icount shift=0 the TSC counts instructions */
static u64 bench_now(void)
{
	return rdtsc_ordered();
}

static void __init bench_start_clock(void) {}
#else
static u64 bench_now(void)
{
	return ktime_get_ns();
}

static void __init bench_start_clock(void) {}
#endif

/* Of reading the clock */
static u64 clock_cost __initdata = U64_MAX;

static void __init bench_calibrate(void)
{
	u64 start;

	for (unsigned int run = 0; run < NR_RUNS; run++) {
		start = bench_now();
		clock_cost = min(clock_cost, bench_now() - start);
	}
}

/* The best of some runs, as the cost of 100 times */
#define __bench(enter, leave, runs, times, statement)			\
({									\
	u64 _best = U64_MAX;						\
									\
	for (unsigned int _run = 0; _run < (runs); _run++) {		\
		u64 _start;						\
									\
		enter;							\
		_start = bench_now();					\
		for (unsigned int _i = 0; _i < (times); _i++)		\
			statement;					\
		_best = min(_best, bench_now() - _start);		\
		leave;							\
	}								\
	(_best - min(_best, clock_cost)) * (NR_TIMES / (times));	\
})

#define bench(statement)						\
	__bench(local_irq_disable(), local_irq_enable(), NR_RUNS, NR_TIMES,	\
		statement)

/*
 * For what waits until other CPUs have handled an IPI. On Malta that may take a
 * tick each time, so it is done less often, and RCU gets its turn in between.
 */
#define bench_call(statement)						\
	__bench(preempt_disable(), ({ preempt_enable(); cond_resched(); }),	\
		NR_CALL_RUNS, NR_CALLS, statement)

static void __init report(const char *what, const char *where, const char *how,
			  unsigned int targets, u64 cost)
{
	pr_info("%s %s %s %u %llu\n", what, where, how, targets, cost);
}

static struct cpumask targets __initdata;

static void __init set_targets(unsigned int n)
{
	cpumask_clear(&targets);
	for (unsigned int cpu = 0; cpu < n; cpu++)
		cpumask_set_cpu(cpu, &targets);
}

static noinline void __init bench_send(struct mock *mock, int virq)
{
	struct irq_desc *desc = irq_to_desc(virq);
	unsigned int n;
	int part;

	for (n = 1; n <= num_possible_cpus(); n *= 2) {
		set_targets(n);

		report("send", mock->name, "desc", n, bench(send_desc(desc, &targets)));
		report("send", mock->name, "virq", n, bench(send_virq(virq, &targets)));

		part = irq_reserve_ipi(mock->ipi, &targets);
		if (part <= 0) {
			pr_info("error: no IPI to %u targets: %d\n", n, part);
			continue;
		}
		report("send", mock->name, "all", n, bench(send_all(part, &targets)));
		irq_destroy_ipi(part, &targets);
	}
}

static noinline void __init bench_receive(struct mock *mock, int virq)
{
	struct irq_domain *domain = mock->domain;
	unsigned int hwirq = ipi_get_hwirq(virq, 0);
	int ret;

	ret = bench_request(virq, 1);
	if (ret)
		pr_info("error: request: %d\n", ret);
	else
		report("receive", mock->name, "domain", 1,
		       bench(generic_handle_domain_irq(domain, hwirq)));
}

static int sgi_map(struct irq_domain *d, unsigned int virq, irq_hw_number_t hwirq)
{
	irq_set_percpu_devid(virq);
	irq_domain_set_info(d, virq, hwirq, &sgi_chip, d->host_data,
			    handle_percpu_devid_irq, NULL, NULL);
	return 0;
}

static const struct irq_domain_ops sgi_ops = {
	.map	= sgi_map,
};

/* The IPIs of an ARM GIC: one hwirq, the whole mask at once, nothing reserved */
static int __init bench_sgi(void)
{
	struct fwnode_handle *fwnode = irq_domain_alloc_named_fwnode(sgi.name);
	struct irq_domain *domain;
	struct irq_desc *desc;
	unsigned int n;
	int ret, virq;

	domain = irq_domain_create_linear(fwnode, 1, &sgi_ops, &sgi);
	virq = irq_create_mapping(domain, 0);
	if (!virq)
		return -EINVAL;

	ret = mark_sgi(virq) ?: request_percpu_irq(virq, bench_handler, "sgi", &cookie);
	if (ret)
		return ret;

	desc = irq_to_desc(virq);
	for (n = 1; n <= num_possible_cpus(); n *= 2) {
		set_targets(n);
		report("send", "sgi", "desc", n, bench(send_desc(desc, &targets)));
	}

	enable_percpu_irq(virq, IRQ_TYPE_NONE);
	report("receive", "sgi", "domain", 1, bench(generic_handle_domain_irq(domain, 0)));
	return 0;
}

#ifdef CONFIG_IPI_BENCH_RESOURCES
/**
 * struct taken - What is taken in the whole system
 * @descs:	Descriptors, which are virqs
 * @proc:	Folders in /proc/irq
 * @sysfs:	Folders in /sys/kernel/irq
 * @rows:	Rows of /proc/interrupts
 * @slab:	Bytes of slab
 * @percpu:	Bytes of per-CPU memory, of all CPUs
 */
struct taken {
	long	descs;
	long	proc;
	long	sysfs;
	long	rows;
	long	slab;
	long	percpu;
};

static struct taken taken;

static void trace_kmalloc_add(void *data, unsigned long site, const void *ptr, size_t req,
			      size_t bytes, gfp_t gfp, int node)
{
	taken.slab += bytes;
}

static void trace_kfree_sub(void *data, unsigned long site, const void *ptr)
{
	taken.slab -= ksize(ptr);
}

static void trace_cache_add(void *data, unsigned long site, const void *ptr,
			    struct kmem_cache *cache, gfp_t gfp, int node)
{
	taken.slab += kmem_cache_size(cache);
}

static void trace_cache_sub(void *data, unsigned long site, const void *ptr,
			    const struct kmem_cache *cache)
{
	taken.slab -= kmem_cache_size((struct kmem_cache *)cache);
}

static void trace_percpu_add(void *data, unsigned long site, bool reserved, bool atomic,
			     size_t size, size_t align, void *base, int off,
			     void __percpu *ptr, size_t bytes, gfp_t gfp)
{
	taken.percpu += size * num_possible_cpus();
}

static int __init bench_start_count(void)
{
	return register_trace_kmalloc(trace_kmalloc_add, NULL) ?:
	       register_trace_kfree(trace_kfree_sub, NULL) ?:
	       register_trace_kmem_cache_alloc(trace_cache_add, NULL) ?:
	       register_trace_kmem_cache_free(trace_cache_sub, NULL) ?:
	       register_trace_percpu_alloc_percpu(trace_percpu_add, NULL);
}

static struct taken __init take_stock(void)
{
	struct taken now;
	unsigned int irq;

	rcu_barrier();
	now = taken;
	irq_lock_sparse();
	for_each_active_irq(irq) {
		struct irq_desc *desc = irq_to_desc(irq);

		now.descs++;
		now.proc += !!desc->dir;
		now.sysfs += desc->kobj.state_in_sysfs;
		now.rows += !!desc->action;
	}
	irq_unlock_sparse();
	return now;
}

/* What two IPIs take which are requested, as the ones of SMP are */
static int __init bench_resources(struct mock *mock)
{
	struct taken old, now;
	unsigned int hwirqs;
	int ret, virq;

	for (unsigned int n = 4; n <= num_possible_cpus(); n *= 4) {
		set_targets(n);

		old = take_stock();
		hwirqs = mock->next;
		for (unsigned int i = 0; i < 2; i++) {
			virq = irq_reserve_ipi(mock->ipi, &targets);
			if (virq <= 0)
				return virq ?: -EINVAL;
			ret = bench_request(virq, mock->step ? n : 1);
			if (ret)
				return ret;
		}
		now = take_stock();
		hwirqs = (mock->next - hwirqs) / (mock->step ?: 1);

		report("take", mock->name, "virqs", n, now.descs - old.descs);
		report("take", mock->name, "hwirqs", n, hwirqs);
		report("take", mock->name, "proc", n, now.proc - old.proc);
		report("take", mock->name, "sysfs", n, now.sysfs - old.sysfs);
		report("take", mock->name, "rows", n, now.rows - old.rows);
		report("take", mock->name, "slab", n, now.slab - old.slab);
		report("take", mock->name, "percpu", n, now.percpu - old.percpu);
	}
	return 0;
}
#else
static int __init bench_start_count(void)
{
	return 0;
}

static int __init bench_resources(struct mock *mock)
{
	return 0;
}
#endif

static const struct irq_domain_ops mock_domain_ops = { };

static int __init bench_mock(struct mock *mock)
{
	struct fwnode_handle *fwnode = irq_domain_alloc_named_fwnode(mock->name);
	int virq;

	mock->domain = mock->tree ?
		irq_domain_create_tree(fwnode, &mock_domain_ops, mock) :
		irq_domain_create_linear(fwnode, NR_HWIRQS, &mock_domain_ops, mock);
	if (!mock->domain)
		return -ENOMEM;

	mock->ipi = mock_ipi_domain(mock);
	if (IS_ERR_OR_NULL(mock->ipi))
		return -ENOMEM;
	irq_domain_update_bus_token(mock->ipi, DOMAIN_BUS_IPI);

	virq = irq_reserve_ipi(mock->ipi, cpu_possible_mask);
	if (virq <= 0)
		return virq ?: -EINVAL;

	bench_send(mock, virq);
	bench_receive(mock, virq);
	return 0;
}

/*
 * What other CPUs receive. Few at a time, since all CPUs of QEMU have one count of
 * instructions: what another one does in between is in it.
 */
#define NR_SENDS	10
#define NR_SEND_RUNS	100

#define bench_machine(statement)						\
	__bench(local_irq_disable(), local_irq_enable(), NR_SEND_RUNS, NR_SENDS,	\
		statement)

#ifdef CONFIG_X86
/*
 * An IPI of the local APICs to some CPUs, beside the kernel's call of a function on
 * the same ones, of which there is none.
 */

/* What it takes to be interrupted by a send to oneself, without the send */
#define bench_taken(statement)							\
	(__bench(preempt_disable(), preempt_enable(), NR_SEND_RUNS, NR_SENDS,	\
		 statement) - bench_machine(statement))

static unsigned int __init function_calls(void)
{
	/* Without these functions the counts are an array */
#ifdef arch_irq_stat
	return this_cpu_read(irq_stat.irq_call_count);
#else
	return this_cpu_read(irq_stat.counts[IRQ_COUNT_CALL_FUNCTION]);
#endif
}

static int __init bench_calls(unsigned int n)
{
	unsigned int self = raw_smp_processor_id(), before = function_calls();

	report("send", "vector", "call", n,
	       bench_machine(arch_send_call_function_ipi_mask(&targets)));
	if (n > 1)
		return 0;

	report("receive", "vector", "call", 1,
	       bench_taken(arch_send_call_function_single_ipi(self)));
	/* Those sent with interrupts disabled come together, the others one by one */
	return function_calls() - before < NR_SENDS * NR_SEND_RUNS ? -EIO : 0;
}

#ifdef CONFIG_X86_IPI_DOMAIN
static DEFINE_PER_CPU(unsigned int, vector_count);

static irqreturn_t vector_handler(int irq, void *count)
{
	(*(unsigned int *)count)++;
	return IRQ_HANDLED;
}

static int __init bench_ipis(unsigned int n)
{
	static struct irq_desc *desc __initdata;
	const struct cpumask *self = cpumask_of(raw_smp_processor_id());
	int ret, virq;

	if (!desc) {
		virq = irq_reserve_ipi(irq_find_ipi_domain(NULL), cpu_possible_mask);
		if (virq < 0)
			return virq;
		ret = request_percpu_irq(virq, vector_handler, "bench", &vector_count);
		if (ret)
			return ret;
		enable_percpu_irq(virq, IRQ_TYPE_NONE);
		desc = irq_to_desc(virq);
	}

	report("send", "vector", "desc", n, bench_machine(irq_desc_send_ipi(desc, &targets)));
	if (n > 1)
		return 0;

	report("receive", "vector", "desc", 1, bench_taken(irq_desc_send_ipi(desc, self)));
	return this_cpu_read(vector_count) < NR_SENDS * NR_SEND_RUNS ? -EIO : 0;
}
#else
static int __init bench_ipis(unsigned int n)
{
	return 0;
}
#endif

/* To all others the APICs broadcast, to fewer they send one by one */
static int __init bench_vectors(void)
{
	unsigned int cpu, n = 0;
	int ret = 0;

	cpumask_clear(&targets);
	for_each_online_cpu(cpu) {
		if (ret || cpu == raw_smp_processor_id())
			continue;

		cpumask_set_cpu(cpu, &targets);
		n++;
		if (n == 1 || n == 3 || n >= 62)
			ret = bench_calls(n) ?: bench_ipis(n);
	}
	return ret;
}
#else
static int __init bench_vectors(void)
{
	return 0;
}
#endif

/*
 * What the IPIs of ARM's machines take, which are allocated long before anything
 * here could count: their descriptors, interrupt data, statistics and mappings.
 */
static void __init bench_machine_takes(void)
{
	long virqs = 0, slab = 0, percpu = 0;
	unsigned int irq;

	for_each_active_irq(irq) {
		struct irq_desc *desc = irq_to_desc(irq);
		struct irq_data *d = &desc->irq_data;

		if (!desc->action || strcmp(desc->action->name, "IPI"))
			continue;

		virqs++;
		slab += ksize(desc) + ksize(desc->action) + ksize(desc->percpu_enabled) +
			mapping_size(desc);
		while ((d = d->parent_data))
			slab += ksize(d);
		percpu += sizeof(*desc->kstat_irqs) * num_possible_cpus();
	}

	report("take", "machine", "virqs", num_possible_cpus(), virqs);
	report("take", "machine", "slab", num_possible_cpus(), slab);
	report("take", "machine", "percpu", num_possible_cpus(), percpu);
}

/* The descriptor of an IPI of the machine itself, the first one if each CPU has one */
static struct irq_desc * __init find_ipi(const char *name)
{
	unsigned int irq;

	for_each_active_irq(irq) {
		struct irq_desc *desc = irq_to_desc(irq);

		if (desc->action && desc->action->name &&
		    !strcmp(desc->action->name, name))
			return desc;
	}
	return NULL;
}

static void bench_nop(void *info)
{
}

static struct completion ping, pong;

static int bench_partner(void *info)
{
	while (!kthread_should_stop()) {
		wait_for_completion(&ping);
		complete(&pong);
	}
	return 0;
}

/*
 * There and back again between two CPUs, each of them asleep when it is woken. On
 * Malta the instructions are counted from here to the end.
 */
static noinline u64 __init bench_wakes(void)
{
	return __bench(, , NR_RUNS, NR_TIMES, { complete(&ping); wait_for_completion(&pong); });
}

static int __init bench_wake(unsigned int cpu)
{
	struct task_struct *task;

	init_completion(&ping);
	init_completion(&pong);
	task = kthread_create_on_cpu(bench_partner, NULL, cpu, "bench/%u");
	if (IS_ERR(task))
		return PTR_ERR(task);

	wake_up_process(task);
	report("call", "smp", "wake", 1, bench_wakes());
	return 0;
}

/* The IPIs of the machine itself, if more than one CPU is up */
static int __init bench_smp(void)
{
	unsigned int cpu, self = raw_smp_processor_id(), n = 0;
	struct irq_desc *desc = find_ipi("IPI resched");

	if (num_online_cpus() == 1)
		return 0;

	if (IS_ENABLED(CONFIG_ARM64))
		bench_machine_takes();

	cpumask_clear(&targets);
	for_each_online_cpu(cpu) {
		if (cpu == self)
			continue;

		cpumask_set_cpu(cpu, &targets);
		n++;
		if (desc)
			report("send", "machine", "desc", n,
			       bench(send_desc(desc, &targets)));
		if (IS_ENABLED(CONFIG_ARM64))
			report("send", "machine", "call", n,
			       bench_machine(arch_send_call_function_ipi_mask(&targets)));
		report("call", "smp", "many", n,
		       bench_call(smp_call_function_many(&targets, bench_nop, NULL, true)));
		report("call", "smp", "single", n,
		       bench_call(smp_call_function_single(cpu, bench_nop, NULL, 1)));
	}
	return bench_wake(cpumask_last(&targets));
}

static void __init check(const char *what, int ret)
{
	if (ret)
		pr_info("error: %s: %d\n", what, ret);
}

static int __init bench_init(void)
{
	set_cpus_allowed_ptr(current, cpumask_of(0));
	bench_start_clock();
	bench_calibrate();
	for (unsigned int i = 0; i < ARRAY_SIZE(mocks); i++)
		check(mocks[i].name, bench_mock(&mocks[i]));
	check("sgi", bench_sgi());
	check("count", bench_start_count());
	for (unsigned int i = 0; i < ARRAY_SIZE(mocks); i++)
		check(mocks[i].name, bench_resources(&mocks[i]));
	check("vectors", bench_vectors());
	if (!IS_ENABLED(CONFIG_X86))
		check("smp", bench_smp());

	pr_info("end\n");
	kernel_restart(NULL);
	return 0;
}
late_initcall_sync(bench_init);
