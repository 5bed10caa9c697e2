# SPDX-License-Identifier: GPL-2.0-only
"""Each bad log in tests/logs is refused, and for the reason it was made for."""

import dataclasses
import unittest

from support import TOP, Scratch

import coprocessor
import machine
import verdict
from common import Refused

LOGS = TOP / "tests" / "logs"
MALTA = machine.load("malta")
COPROCESSOR = machine.load("malta-coprocessor")
NMI = dataclasses.replace(machine.load("arm64-nmi"), cpus=2)

# What a bad log's faults must be, all of them.
BAD = {
    "no-end-marker": ["the end marker is not there"],
    "cpu-missing": ["3 CPUs came up, not 4"],
    "row-missing": ["0 rows 'IPI resched', not 1", "2 virqs in the IPI domains"],
    "row-per-cpu": ["4 rows 'IPI call', not 1"] + ["row 'IPI call'"] * 4 + ["2 virqs"],
    "row-unexpected": ["an IPI row that nobody expects: 'IPI other'", "2 virqs"],
    "no-count-on-a-cpu": ["row 'IPI call' (virq 26) has no count on CPU 2"],
    "column-missing": ["row 'IPI call' has counts of 3", "row 'IPI resched' has"],
    "virq-without-row": ["3 virqs in the IPI domains [26, 27, 28], but 2"],
    "warning": ["the kernel reports: [    2.1] WARNING: CPU: 1"],
    "bug": ["the kernel reports: [    2.1] BUG: scheduling"],
    "oops": ["the kernel reports: [    2.1] Oops[#1]"],
    "call-trace": ["the kernel reports: [    2.1] Call Trace:"],
    "lockdep": ["the kernel reports: [    2.1] INFO: trying to register"],
    "rcu-stall": ["the kernel reports: [   31.3] rcu: INFO: rcu_sched"],
    "panic": ["the kernel reports: [    2.1] Kernel panic", "the end marker",
              "the number of CPUs", "0 rows 'IPI call'", "0 rows 'IPI resched'"],
    "unreadable": ["ipi: cannot read /proc/interrupts"],
}
BAD_STRESS = {
    "stress-round-missing": ["the 3 rounds were not all"],
    "stress-no-hotplug": ["the CPUs did not go off and on"],
    "stress-cpu-silent": ["ipi: failed: CPU 2 gets no IPIs", "the end marker",
                          "the number of CPUs", "the 3 rounds", "the CPUs did not",
                          "0 rows", "0 rows", "the messages did not", "scftorture did not"],
    "stress-messages-lost": ["the messages did not all arrive"],
    "stress-messages-few": ["20003 messages arrived, not 1000000"],
    "stress-messages-alone": ["no IPI was reserved and destroyed"],
    "stress-messages-skipped": ["the messages did not all arrive"],
    "stress-torture-fails": ["scftorture did not succeed"],
    "stress-torture-hotplug": ["scftorture did not succeed"],
    "stress-torture-idle": ["scftorture called no function"],
    "stress-leak": ["1 unreferenced objects"],
    "stress-slab-poison": ["the kernel reports: [   99.100000] BUG kmalloc-64"],
    "stress-ubsan": ["the kernel reports: [   99.100000] UBSAN: array"],
    "stress-kmemleak-says": ["the kernel reports: [   99.100000] kmemleak: 2 new"],
}
BAD_NMI = {
    "nmi-cpu-silent": ["backtraces of the CPUs [0], not of each of 2"],
    "nmi-further-traces": ["3 call traces among the backtraces of 2 CPUs"],
    "nmi-warning": ["the kernel reports: <4>[    4.2] WARNING: CPU: 1"],
    "nmi-trace-elsewhere": ["the kernel reports: [    4.2] Call trace:"],
    "nmi-not-said": ["the kernel does not say 'Pseudo-NMIs enabled'"],
}
BAD_COPROCESSOR = {
    "coprocessor-lost": ["messages is 412 of 1000", "lost is 1 of", "handled is 413 of"],
    "coprocessor-wrong": ["wrong is 1 of 1000 messages"],
    "coprocessor-stale": ["stale is 2 of 1000 messages"],
    "coprocessor-empty": ["empty is 1 of 100 messages"],
    "coprocessor-stopped": ["running is 0 of 1000 messages, not 1"],
    "coprocessor-not-restarted": ["2 exchanges, not 3", "1 times 'stopped', not 2",
                                  "2 times 'reserved', not 3"],
    "coprocessor-irq-leaked": ["'reserved' has {'virq': 30, 'hwirq': 37} after"],
    "coprocessor-mapping-leaked": ["'stopped' has {'mapped': 41} after"],
    "coprocessor-hwirq-leaked": ["'reserved' has {'virq': 29, 'hwirq': 38} after"],
    "coprocessor-no-hotplug": ["the CPUs did not go off and on"],
    "coprocessor-other-target": ["the IPI {'virq': 29, 'hwirq': 37} is not one to"],
    "coprocessor-driver-stays": ["ipi: failed: the driver does not go"],
}


def run_of(name, status=0):
    return verdict.Run((LOGS / f"{name}.log").read_text(), status, 120)


def judge_coprocessor(run):
    return coprocessor.judge(COPROCESSOR, run, 1000, 2)


class Judge(unittest.TestCase):
    def assert_faults(self, wanted, faults):
        self.assertEqual(len(wanted), len(faults), faults)
        for start, fault in zip(wanted, faults):
            self.assertTrue(fault.startswith(start), f"{fault!r} is not {start!r}")

    def test_good(self):
        self.assertEqual([], verdict.judge_boot(MALTA, run_of("good")))

    def test_good_with_the_serial_line_ends(self):
        run = run_of("good")
        run.log = run.log.replace("\n", "\r\n")
        self.assertEqual([], verdict.judge_boot(MALTA, run))

    def test_good_stress(self):
        self.assertEqual([], verdict.judge_stress(MALTA, run_of("stress-good"), 3))

    def test_good_nmi(self):
        self.assertEqual([], verdict.judge_boot(NMI, run_of("nmi-good")))

    def test_good_coprocessor(self):
        self.assertEqual([], judge_coprocessor(run_of("coprocessor-good")))

    def test_backtraces_that_nobody_asked_for(self):
        quiet = dataclasses.replace(NMI, backtrace=False)
        self.assert_faults(["the kernel reports: <4>[    4.100401] Call trace:"],
                           verdict.judge_boot(quiet, run_of("nmi-good")))

    def test_qemu_status(self):
        self.assert_faults(["QEMU ended with status 1"],
                           verdict.judge_boot(MALTA, run_of("good", status=1)))

    def test_time_out(self):
        self.assert_faults(["time-out: QEMU was killed after 120 s"],
                           verdict.judge_boot(MALTA, run_of("good", status=None)))

    def test_empty_log(self):
        self.assertTrue(verdict.judge_boot(MALTA, verdict.Run("", 0, 120)))

    def test_every_log_is_used(self):
        names = {path.stem for path in LOGS.glob("*.log")}
        self.assertEqual(names, {"good", "stress-good", "nmi-good", "coprocessor-good",
                                 *BAD, *BAD_STRESS, *BAD_NMI, *BAD_COPROCESSOR})

    def test_up_machine_has_no_rows(self):
        up = machine.load("malta-up")
        faults = verdict.judge_boot(up, run_of("good"))
        self.assertIn("an IPI row that nobody expects: 'IPI call'", faults)

    def test_rows_that_an_architecture_lists(self):
        text = ("           CPU0       CPU1\n"
                " 11:          1          2    GICv3  27 Level     arch_timer\n"
                "IPI0:         3          4       Rescheduling interrupts\n")
        row, = verdict.ipi_rows(text)
        self.assertEqual((None, [3, 4], "Rescheduling interrupts"),
                         (row.virq, row.counts, row.name))

    def test_level_and_chip_name_do_not_confuse(self):
        text = ("           CPU0\n"
                " 26:         59  MIPS GIC IPI 127 Edge      IPI call\n")
        row, = verdict.ipi_rows(text)
        self.assertEqual((26, "IPI call"), (row.virq, row.name))


def _add(name, judge, wanted):
    def test(self):
        self.assert_faults(wanted, judge(run_of(name)))
    setattr(Judge, f"test_log_{name.replace('-', '_')}", test)


for _name, _wanted in BAD.items():
    _add(_name, lambda run: verdict.judge_boot(MALTA, run), _wanted)
for _name, _wanted in BAD_NMI.items():
    _add(_name, lambda run: verdict.judge_boot(NMI, run), _wanted)
for _name, _wanted in BAD_COPROCESSOR.items():
    _add(_name, judge_coprocessor, _wanted)
for _name, _wanted in BAD_STRESS.items():
    _add(_name, lambda run: verdict.judge_stress(MALTA, run, 3), _wanted)


class Show(Scratch):
    def test_rows_domain_and_mapping(self):
        verdict.show(run_of("good"))
        said = self.said.getvalue()
        self.assertIn("MIPS GIC 131  IPI resched", said)
        self.assertIn("parent: :interrupt-controller@1bdc0000", said)
        self.assertIn("irqs/27", said)
        self.assertNotIn("irqs/25", said)


class Restart(unittest.TestCase):
    """What a stopped CPU of the base reports is no fault; all else is."""

    RESTART = "[    2.0] reboot: Restarting system\n"
    WARNING = ("[    2.1] WARNING: CPU: 2 PID: 0 at kernel/smp.c:661 "
               "smp_call_function_single+0x224/0x228\n")
    TRACE = "[    2.1] Call Trace:\n[    2.1] [<f0>] {}+0x24c/0x2f8\n"
    END = "[    2.1] ---[ end trace 0000000000000000 ]---\n"
    DEAD = WARNING + TRACE.format("rcutree_report_cpu_dead") + END

    def test_report_to_rcu(self):
        self.assertEqual([], verdict.trouble(self.RESTART + self.DEAD + self.DEAD))

    def test_report_which_the_reset_cut_off(self):
        self.assertEqual([], verdict.trouble(self.RESTART + self.WARNING))

    def test_before_the_restart(self):
        self.assertEqual(2, len(verdict.trouble(self.DEAD + self.RESTART)))

    def test_another_caller(self):
        other = self.WARNING + self.TRACE.format("irq_destroy_ipi") + self.END
        self.assertEqual(2, len(verdict.trouble(self.RESTART + other)))

    def test_another_caller_which_the_reset_cut_off(self):
        other = self.WARNING + self.TRACE.format("irq_destroy_ipi")
        self.assertEqual(2, len(verdict.trouble(self.RESTART + other)))

    def test_a_trace_which_the_reset_cut_off(self):
        cut_off = self.WARNING + self.TRACE.format("rcutree_report_cpu_dead")
        self.assertEqual([], verdict.trouble(self.RESTART + cut_off))
        empty, _, _ = cut_off.partition("[<f0>]")
        self.assertEqual(2, len(verdict.trouble(self.RESTART + empty)))

    def test_a_further_trace(self):
        further = self.WARNING + 2 * self.TRACE.format("rcutree_report_cpu_dead") + self.END
        self.assertEqual(3, len(verdict.trouble(self.RESTART + further)))

    def test_a_report_without_a_trace_that_goes_on(self):
        self.assertEqual(1, len(verdict.trouble(self.RESTART + self.WARNING + self.END)))

    def test_another_report_in_what_the_reset_cut_off(self):
        log = self.RESTART + self.WARNING + "[    2.2] BUG: scheduling while atomic\n"
        self.assertEqual(2, len(verdict.trouble(log)))

    def test_another_report(self):
        other = "[    2.2] WARNING: CPU: 0 PID: 1 at kernel/irq/ipi.c:61 x+0x2/0x3\n"
        self.assertEqual(1, len(verdict.trouble(self.RESTART + self.DEAD + other)))
        self.assertEqual(1, len(verdict.trouble(self.RESTART + other + self.DEAD)))


class Excerpt(unittest.TestCase):
    def test_starts_with_the_first_report(self):
        run = run_of("rcu-stall")
        shown = verdict.excerpt(run.log, verdict.judge_boot(MALTA, run))
        self.assertIn("rcu: INFO: rcu_sched", shown[0])

    def test_does_not_start_with_a_backtrace_that_was_asked_for(self):
        run = run_of("nmi-warning")
        shown = verdict.excerpt(run.log, verdict.judge_boot(NMI, run))
        self.assertIn("WARNING: CPU: 1", shown[0])

    def test_is_the_end_of_a_console_without_one(self):
        shown = verdict.excerpt("\r\n".join(map(str, range(100))), [])
        self.assertEqual("99", shown[-1])
        self.assertLess(len(shown), 20)

    def test_what_is_reported_again_and_again_is_said_once(self):
        run = run_of("rcu-stall")
        run.log += "[   99.3] rcu: INFO: rcu_sched\n" * 9
        faults = verdict.judge_boot(MALTA, run)
        self.assertEqual(4, len(faults))
        self.assertEqual("the kernel reports 7 times more", faults[-1])


class Conclude(Scratch):
    def test_the_console_is_in_the_verdict(self):
        with self.assertRaisesRegex(Refused, "(?s)boot it: why .*rcu: INFO: rcu_sched"):
            verdict.conclude("boot it", ["why", *verdict.judge_boot(MALTA, run_of("rcu-stall"))],
                             LOGS / "rcu-stall.log")
