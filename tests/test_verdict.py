# SPDX-License-Identifier: GPL-2.0-only
"""A good log with one thing wrong is refused, and for that reason alone."""

import dataclasses
import unittest
from unittest import mock

from support import TOP, Scratch

from ipi.common import Refused
from ipi.machines import boot, foreign, kernel_log, kunit, machine, remoteproc, report, verdict

LOGS = TOP / "tests" / "logs"
MALTA = machine.load("malta")
REMOTEPROC = machine.load("malta-remoteproc")
FOREIGN = machine.load("x86_64-foreign")
NMI = dataclasses.replace(machine.load("arm64-nmi"), cpus=2)

CALL = " 26:         59         37         28         35  MIPS GIC 127  IPI call\n"
RESCHED = " 27:          5          9         10          8  MIPS GIC 131  IPI resched\n"
ROW_PER_CPU = """\
 26:         40          0          0          0  MIPS GIC 127  IPI call
 28:          0         41          0          0  MIPS GIC 128  IPI call
 29:          0          0         42          0  MIPS GIC 129  IPI call
 30:          0          0          0         43  MIPS GIC 130  IPI call
"""
IRQ_28 = """\
ipi: begin /sys/kernel/debug/irq/irqs/28
domain:  :interrupt-controller@1bdc0000-6
ipi: end /sys/kernel/debug/irq/irqs/28
"""
LEAK = """\
unreferenced object 0x980000000123a400 (size 64):
  comm "swapper/0", pid 1, jiffies 4294937310
  hex dump (first 32 bytes):
"""
EXCHANGE = "ipi: exchange messages 100 echoed 100 lost 0 wrong 0 repeated 0 late 0 rate %d\n"
RESTART = "ipi: stopped mapped 40\n" + EXCHANGE % 2100


def says(line):
    """The edit after which somebody says @line, too."""
    return "ipi: online", f"{line}\nipi: online"


FAKE = ("# message_is_seen: seed",
        "# message_is_seen: over the fake controller\n# message_is_seen: seed")
STALL = says("[   31.3] rcu: INFO: rcu_sched self-detected stall on CPU")
NMI_WARNING = ("ipi: end backtraces",
               "<4>[    4.2] WARNING: CPU: 1 PID: 0 at kernel/irq/ipi.c:1\nipi: end backtraces")

# What makes a good log bad, and what its faults must be, all of them.
BAD = {
    "no-end-marker": ([("ipi: done\n", "")], ["the end marker is not there"]),
    "cpu-missing": ([("ipi: online 4", "ipi: online 3")], ["3 CPUs came up, not 4"]),
    "present-not-possible": ([("ipi: possible 0-3", "ipi: possible 0-1")],
                             ["the CPUs 0-3 are present, but 0-1 are possible"]),
    "present-unknown": ([("ipi: present 0-3", "ipi: present unknown")],
                        ["which CPUs are present and possible is not there"]),
    "row-missing": ([(RESCHED, "")],
                    ["0 rows 'IPI resched', not 1", "2 virqs in the IPI domains"]),
    "row-per-cpu": ([(CALL, ROW_PER_CPU)],
                    ["4 rows 'IPI call', not 1"] + ["row 'IPI call'"] * 4 + ["2 virqs"]),
    "row-unexpected": ([(RESCHED, RESCHED + " 28:  1  1  1  1  MIPS GIC 135  IPI other\n")],
                       ["an IPI row that nobody expects: 'IPI other'", "2 virqs"]),
    "no-count-on-a-cpu": ([("28         35  MIPS GIC 127", " 0         35  MIPS GIC 127")],
                          ["row 'IPI call' (virq 26) has no count on CPU 2"]),
    "column-missing": ([("CPU3", "    "), ("148  MIPS", "  MIPS"), ("35  MIPS", "  MIPS"),
                        ("8  MIPS GIC 131", "  MIPS GIC 131")],
                       ["row 'IPI call' has counts of 3", "row 'IPI resched' has"]),
    "virq-without-row": ([("ipi: done\n", IRQ_28 + "ipi: done\n")],
                         ["3 virqs in the IPI domains [26, 27, 28], but 2"]),
    "warning": ([says("[    2.1] WARNING: CPU: 1 PID: 1 at kernel/irq/ipi.c:100")],
                ["the kernel reports: [    2.1] WARNING: CPU: 1"]),
    "bug": ([says("[    2.1] BUG: scheduling while atomic: init/1/0x00000002")],
            ["the kernel reports: [    2.1] BUG: scheduling"]),
    "oops": ([says("[    2.1] Oops[#1]:")], ["the kernel reports: [    2.1] Oops[#1]"]),
    "call-trace": ([says("[    2.1] Call Trace:")],
                   ["the kernel reports: [    2.1] Call Trace:"]),
    "lockdep": ([says("[    2.1] INFO: trying to register non-static key.")],
                ["the kernel reports: [    2.1] INFO: trying to register"]),
    "rcu-stall": ([STALL], ["the kernel reports: [   31.3] rcu: INFO: rcu_sched"]),
    "unexpected-irq": ([says("[    2.1] unexpected IRQ # 131")],
                       ["the kernel reports: [    2.1] unexpected IRQ # 131"]),
    "unexpected-irq-riscv": ([says("[    2.1] riscv-intc: Failed to handle interrupt (cause: 1)")],
                             ["the kernel reports: [    2.1] riscv-intc: Failed to handle"]),
    "unexpected-irq-imsic": ([says("[    2.1] riscv-imsic: hwirq 1 mapping not found")],
                             ["the kernel reports: [    2.1] riscv-imsic: hwirq 1"]),
    "unexpected-irq-plic": ([says("[    2.1] plic: can't find mapping for hwirq 10")],
                            ["the kernel reports: [    2.1] plic: can't find mapping"]),
    "unreadable": ([says("ipi: cannot read /proc/interrupts")],
                   ["ipi: cannot read /proc/interrupts"]),
}
BAD_STRESS = {
    "round-missing": ([("ipi: rounds 3", "ipi: rounds 2")], ["the 3 rounds were not all"]),
    "no-hotplug": ([("ipi: hotplug 1", "ipi: hotplug 0")], ["the CPUs did not go off and on"]),
    "off-missing": ([("ipi: off 60\n", "")], ["no CPU stayed off for 60 s"]),
    "off-short": ([("ipi: off 60", "ipi: off 6")], ["no CPU stayed off for 60 s"]),
    "messages-lost": ([("] ok 1 ipi-message", "] not ok 1 ipi-message")],
                      ["the messages did not all arrive"]),
    "messages-few": ([("1000003 messages", "20003 messages")],
                     ["20003 messages arrived, not 1000000"]),
    "messages-alone": ([("41 rounds", "0 rounds")], ["no IPI was reserved and destroyed"]),
    "messages-skipped": ([("# message_is_seen: 1000003 messages, 41 rounds", ""),
                          ("] ok 1 ipi-message", "] ok 1 ipi-message # SKIP no hwirqs")],
                         ["the messages did not all arrive"]),
    "messages-over-the-fake": ([FAKE], ["the messages went over the fake controller"]),
    "torture-fails": ([("End of test: SUCCESS", "End of test: FAILURE")],
                      ["scftorture did not succeed"]),
    "torture-hotplug": ([("End of test: SUCCESS", "End of test: LOCK_HOTPLUG")],
                        ["scftorture did not succeed"]),
    "torture-idle": ([("scf_invoked_count VER: 123456", "scf_invoked_count VER: 0")],
                     ["scftorture called no function"]),
    "leak": ([("ipi: begin leaks\n", "ipi: begin leaks\n" + LEAK)],
             ["1 unreferenced objects"]),
    "slab-poison": ([says("[   99.1] BUG kmalloc-64 (Not tainted): Poison overwritten")],
                    ["the kernel reports: [   99.1] BUG kmalloc-64"]),
    "ubsan": ([says("[   99.1] UBSAN: array-index-out-of-bounds in kernel/irq/ipi.c:12:3")],
              ["the kernel reports: [   99.1] UBSAN: array"]),
    "kmemleak-says": ([says("[   99.1] kmemleak: 2 new suspected memory leaks")],
                      ["the kernel reports: [   99.1] kmemleak: 2 new"]),
    "kmemleak-fails": ([says("ipi: failed: kmemleak does not scan: Invalid argument")],
                       ["ipi: failed: kmemleak does not scan"]),
}
BAD_NMI = {
    "irq-of-nobody": ([("Err:          0", "Err:         57")],
                      ["57 interrupts that nothing handles"]),
    "cpu-silent": ([("NMI backtrace for cpu 1 skipped", "")],
                   ["backtraces of the CPUs [0], not of each of 2"]),
    "further-traces": ([("ipi: end backtraces",
                         "<4>[    4.2] Call trace:\n<4>[    4.3] Call trace:\n"
                         "ipi: end backtraces")],
                       ["3 call traces among the backtraces of 2 CPUs"]),
    "warning": ([NMI_WARNING], ["the kernel reports: <4>[    4.2] WARNING: CPU: 1"]),
    "trace-elsewhere": ([says("[    4.2] Call trace:")],
                        ["the kernel reports: [    4.2] Call trace:"]),
    "not-said": ([("Pseudo-NMIs enabled", "Pseudo-NMIs left off")],
                 ["the kernel does not say 'Pseudo-NMIs enabled'"]),
}
BAD_REMOTEPROC = {
    "lost": ([("1000 echoed 1000 lost 0", "1000 echoed 999 lost 1")],
             ["exchange 0: echoed is 999, not 1000", "exchange 0: lost is 1, not 0"]),
    "no-echo": ([("100 echoed 100 lost 0 wrong 0 repeated 0 late 0 rate 2121",
                  "100 echoed 0 lost 100 wrong 0 repeated 0 late 0 rate 0")],
                ["exchange 7: echoed is 0, not 100", "exchange 7: lost is 100, not 0"]),
    "wrong": ([("lost 0 wrong 0 repeated 0 late 0 rate 3200",
                "lost 0 wrong 1 repeated 0 late 0 rate 3200")], ["exchange 0: wrong is 1"]),
    "repeated": ([("repeated 0 late 0 rate 2101", "repeated 1 late 0 rate 2101")],
                 ["exchange 2: repeated is 1, not 0"]),
    "late": ([("late 0 rate 3200", "late 2 rate 3200")], ["exchange 0: late is 2, not 0"]),
    "not-restarted": ([(RESTART, "")],
                      ["10 exchanges, not 11", "2 times 'stopped', not 3"]),
    "mapping-leaked": ([(RESTART, RESTART.replace("mapped 40", "mapped 41"))],
                       ["'stopped' has 40 after 41: something leaked"]),
    "unbind-leaked": ([("unbound mapped 38\n" + EXCHANGE % 2131,
                        "unbound mapped 39\n" + EXCHANGE % 2131)],
                      ["'unbound mapped' has 39 after 38: something leaked"]),
    "memory-leaked": ([("ipi: begin leaks\n", "ipi: begin leaks\n" + LEAK)],
                      ["1 unreferenced objects"]),
    "leaks-not-looked-for": ([("ipi: begin leaks\nipi: end leaks\n", "")],
                             ["nobody looked for leaks"]),
    "sample-lost": ([("incoming msg 57 (", "outgoing msg 57 (")],
                    ["the sample did not get 100 messages in order, but misses [57]"]),
    "sample-twice": ([("incoming msg 57 (src: 0x400)",
                       "incoming msg 57 (src: 0x400)\nincoming msg 57 (src: 0x400)")],
                     ["the sample did not get 100 messages in order, but misses [100]"]),
    "no-crash": ([("[   21.1] remoteproc remoteproc0: the firmware reports fault 99\n", "")],
                 ["the firmware crashed 2 times, not 3"]),
    "bad-firmware-taken": ([("bad magic errno 22 offline 1", "bad magic errno 0 offline 0")],
                           ["firmware 'magic': errno is 0", "firmware 'magic': offline is 0"]),
    "bad-firmware-leaked": ([("bad half errno 22 offline 1 mapped 44",
                              "bad half errno 22 offline 1 mapped 45")],
                            ["firmware 'half': mapped is 45, not 44"]),
    "no-reason": ([("Image is too small", "Sorry")],
                  ["firmware 'tiny': the kernel does not say 'Image is too small'"]),
    "large-message-taken": ([("bad size refused 1", "bad size refused 0")],
                            ["message 'size': refused is 0, not 1"]),
    "full-ring-not-noticed": ([("bad full refused 1 fits 1", "bad full refused 0 fits 0")],
                              ["message 'full': refused is 0", "message 'full': fits is 0"]),
    "no-hotplug": ([("ipi: cycles 17", "ipi: cycles 0")], ["the CPUs did not go off and on"]),
    "cpu-silent": ([(" 26:         59         37         28",
                      " 26:         59         37          0")],
                   ["row 'IPI call' (virq 26) has no count on CPU 2"]),
    "other-target": ([("external 3:", "external 2:")],
                     ["there is no IPI which was sent to processor 3"]),
    "not-counted": ([("sent 302", "sent 0")],
                    ["there is no IPI which was sent to processor 3"]),
    "driver-stays": ([says("ipi: failed: the driver does not go")],
                     ["ipi: failed: the driver does not go"]),
}
BAD_FOREIGN = {
    "irq-of-nobody": ([("ERR:          0", "ERR:          1")],
                      ["1 interrupts that nothing handles"]),
    "lost": ([("messages 1000 lost 0", "messages 412 lost 1")],
             ["the exchange is 'messages 412 lost 1 wrong 0 stray 0'"]),
    "wrong": ([("wrong 0", "wrong 1")], ["the exchange is"]),
    "stray": ([("stray 0", "stray 1")], ["the exchange is"]),
    "kick-missed": ([("begin taken\nkicks 1000", "begin taken\nkicks 999")],
                    ["the foreign processor took {'kicks': 999}"]),
    "broadcast-got-there": ([("begin taken\nkicks 1000", "begin taken\nkicks 1000\nothers 2")],
                            ["the foreign processor took {'kicks': 1000, 'others': 2}"]),
    "no-broadcast-at-all": ([("broadcasts 3\n", "")],
                            ["the foreign processor took {'kicks': 1000}, not"]),
    "no-hotplug": ([("ipi: cycles ", "ipi: cycles 0")], ["the CPUs did not go off and on"]),
    "no-nmi": ([("NMI backtrace for cpu", "nobody for cpu")], ["there were no NMIs meanwhile"]),
    "driver-fails": ([says("ipi: failed: no messages")], ["ipi: failed: no messages"]),
    "no-handler": ([says("[    9.1] __common_interrupt: 1.36 No irq handler for vector")],
                   ["the kernel reports: [    9.1] __common_interrupt"]),
}


def run_of(log, *edits, status=0, why=""):
    """A run with the console in tests/logs that @edits, (old, new), have changed."""
    text = (LOGS / f"{log}.log").read_text()
    for old, new in edits:
        assert text.count(old) == 1, f"{old!r} is not once in {log}.log"
        text = text.replace(old, new)
    return kernel_log.Run(text, status, why)


def judge_remoteproc(run):
    return remoteproc.judge(REMOTEPROC, run, 1000, 2)


def judge_foreign(run):
    return foreign.judge(FOREIGN, run, 1000)


def judge_stress(run, described=MALTA):
    return verdict.judge_stress(described, run, 3)


class Ends(Scratch):
    """boot.boot() and boot.stress() themselves, with a QEMU that pretends."""

    def end(self, mode, described, name, *edits):
        run = run_of(name, *edits)
        with mock.patch.object(boot, "build_all"), \
             mock.patch.object(boot, "_run", return_value=run):
            mode(described)

    def test_good(self):
        self.end(boot.boot, MALTA, "good")
        self.end(boot.stress, dataclasses.replace(MALTA, rounds=3), "stress-good")
        self.assertIn("PASS: boot malta\n", self.said.getvalue())
        self.assertIn("PASS: stress malta\n", self.said.getvalue())

    def test_bad(self):
        """Each for what only the judge of its mode looks at."""
        for mode, described, name, edit, why in (
                (boot.boot, MALTA, "good", (RESCHED, ""), "0 rows 'IPI resched'"),
                (boot.boot, REMOTEPROC, "remoteproc-good", says("x"), "exchanges, not"),
                (boot.boot, FOREIGN, "foreign-good", says("x"), "the exchange is"),
                (boot.stress, MALTA, "stress-good", says("x"), "the 50 rounds were not all done")):
            with self.assertRaisesRegex(Refused, f"{described.name}: .*{why}"):
                self.end(mode, described, name, edit)


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
        self.assertEqual([], judge_stress(run_of("stress-good")))

    def test_a_stress_without_leaks_and_one_that_cannot_tell(self):
        log, debug = run_of("stress-good"), machine.load("malta-debug")
        self.assertEqual([], judge_stress(log, debug))
        cannot_tell = run_of("stress-good", ("ipi: begin leaks\nipi: end leaks\n", ""))
        self.assertEqual([], judge_stress(cannot_tell))
        self.assertEqual(["nobody looked for leaks"], judge_stress(cannot_tell, debug))
        without = debug.with_more(["CONFIG_DEBUG_KMEMLEAK=n"], [])
        self.assertEqual([], judge_stress(cannot_tell, without))

    def test_a_stress_without_hotplug(self):
        edits = ("ipi: hotplug 1\nipi: off 60\n", "ipi: hotplug 0\n")
        fixed = dataclasses.replace(MALTA, hotplug=False)
        self.assertEqual([], judge_stress(run_of("stress-good", edits), fixed))

    def test_a_stress_of_which_the_kernel_has_to_say_something(self):
        aia = dataclasses.replace(MALTA, expect=["providing IPIs"])
        self.assertEqual(["the kernel does not say 'providing IPIs'"],
                         judge_stress(run_of("stress-good"), aia))

    def test_a_controller_without_ipis_to_spare_may_use_the_fake(self):
        log = run_of("stress-good", FAKE).log
        for name, faults in (("arm64-kasan", 0), ("malta-mt", 0), ("malta-debug", 1),
                             ("malta-remoteproc", 1)):
            described = machine.load(name)
            self.assertEqual(faults, len(verdict.judge_controller(described, log)), name)

    def test_what_the_verdict_knows_of_the_suites(self):
        for arch, own in verdict._OWN_SUITES.items():
            self.assertLess(own, set(kunit.suites_in(TOP / "linux" / kunit.SUITES, arch)))
        message = (TOP / "linux" / kunit.SUITES / "message_kunit.c").read_text()
        self.assertTrue(f'"{verdict._FAKE.partition(": ")[2]}"' in message)

    def test_good_nmi(self):
        self.assertEqual([], verdict.judge_boot(NMI, run_of("nmi-good")))

    def test_good_remoteproc(self):
        self.assertEqual([], judge_remoteproc(run_of("remoteproc-good")))

    def test_good_foreign(self):
        self.assertEqual([], judge_foreign(run_of("foreign-good")))

    def test_an_interrupt_that_the_i8259_of_malta_takes_back(self):
        for count, faults in ((1, []), (8, []), (57, ["57 interrupts that nothing handles"])):
            edits = ("ERR:          0", f"ERR:          {count}")
            self.assertEqual(faults, verdict.judge_boot(MALTA, run_of("good", edits)))

    def test_an_nmi_handler_of_x86_may_be_slow(self):
        slow = says("<6>[    1.9] INFO: NMI handler (perf) took too long to run: 1.024 msecs")
        self.assertEqual([], judge_foreign(run_of("foreign-good", slow)))

    def test_backtraces_that_nobody_asked_for(self):
        quiet = dataclasses.replace(NMI, backtrace=False)
        self.assert_faults(["the kernel reports: <4>[    4.100401] Call trace:"],
                           verdict.judge_boot(quiet, run_of("nmi-good")))

    def test_qemu_status(self):
        self.assert_faults(["QEMU ended with status 1"],
                           verdict.judge_boot(MALTA, run_of("good", status=1)))

    def test_why_qemu_was_ended(self):
        self.assert_faults(["hang: why"], verdict.judge_boot(
            MALTA, run_of("good", status=-9, why="hang: why")))

    def test_empty_log(self):
        self.assertTrue(verdict.judge_boot(MALTA, kernel_log.Run("", 0)))

    def test_panic(self):
        self.assert_faults(["the kernel reports: [    2.1] Kernel panic", "the end marker",
                            "the number of CPUs", "which CPUs are present",
                            "0 rows 'IPI call'", "0 rows 'IPI resched'"],
                           verdict.judge_boot(MALTA, run_of("panic")))

    def test_a_stress_that_ends_early(self):
        self.assert_faults(["ipi: failed: CPU 2 gets no IPIs", "the end marker",
                            "the number of CPUs", "the 3 rounds", "the CPUs did not",
                            "no CPU stayed off for 60 s",
                            "0 rows", "0 rows", "the messages did not", "scftorture did not"],
                           judge_stress(run_of("stress-cpu-silent")))

    def test_up_machine_has_no_rows(self):
        up = machine.load("malta-up")
        faults = verdict.judge_boot(up, run_of("good"))
        self.assertIn("an IPI row that nobody expects: 'IPI call'", faults)

    def test_rows_that_an_architecture_lists(self):
        text = ("           CPU0       CPU1\n"
                " 11:          1          2    GICv3  27 Level     arch_timer\n"
                "IPI0:         3          4       Rescheduling interrupts\n")
        row, = kernel_log.ipi_rows(text)
        self.assertEqual((None, [3, 4], "Rescheduling interrupts"),
                         (row.virq, row.counts, row.name))

    def test_level_and_chip_name_do_not_confuse(self):
        text = ("           CPU0\n"
                " 26:         59  MIPS GIC IPI 127 Edge      IPI call\n")
        row, = kernel_log.ipi_rows(text)
        self.assertEqual((26, "IPI call"), (row.virq, row.name))


def _add(log, judge, bad):
    for name, (edits, wanted) in bad.items():
        def test(self, edits=edits, wanted=wanted):
            self.assert_faults(wanted, judge(run_of(log, *edits)))
        setattr(Judge, f"test_{log}_{name}".replace("-", "_").replace("good", "bad"), test)


_add("good", lambda run: verdict.judge_boot(MALTA, run), BAD)
_add("nmi-good", lambda run: verdict.judge_boot(NMI, run), BAD_NMI)
_add("remoteproc-good", judge_remoteproc, BAD_REMOTEPROC)
_add("foreign-good", judge_foreign, BAD_FOREIGN)
_add("stress-good", judge_stress, BAD_STRESS)


class Show(Scratch):
    def test_rows_domain_and_mapping(self):
        report.show(run_of("good"))
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
        self.assertEqual([], kernel_log.trouble(self.RESTART + self.DEAD + self.DEAD))

    def test_report_which_the_reset_cut_off(self):
        self.assertEqual([], kernel_log.trouble(self.RESTART + self.WARNING))

    def test_before_the_restart(self):
        self.assertEqual(2, len(kernel_log.trouble(self.DEAD + self.RESTART)))

    def test_another_caller(self):
        other = self.WARNING + self.TRACE.format("irq_destroy_ipi") + self.END
        self.assertEqual(2, len(kernel_log.trouble(self.RESTART + other)))

    def test_another_caller_which_the_reset_cut_off(self):
        other = self.WARNING + self.TRACE.format("irq_destroy_ipi")
        self.assertEqual(2, len(kernel_log.trouble(self.RESTART + other)))

    def test_a_trace_which_the_reset_cut_off(self):
        cut_off = self.WARNING + self.TRACE.format("rcutree_report_cpu_dead")
        self.assertEqual([], kernel_log.trouble(self.RESTART + cut_off))
        empty, _, _ = cut_off.partition("[<f0>]")
        self.assertEqual([], kernel_log.trouble(self.RESTART + empty))

    def test_a_trace_which_the_reset_cut_off_in_its_own_frames(self):
        own = self.WARNING + self.TRACE.format("show_stack") + "[    2.1] [<f1>] __warn+0x9/0x1"
        for end in ("", "e8\n[    2.1] [<", "e8\n[    2.1] [<f2>] irq_destr"):
            self.assertEqual([], kernel_log.trouble(self.RESTART + own + end))
        for end in ("e8\n[    2.1] [<f2>] irq_destroy_ipi+0x2/0x3\n", "e8\n" + self.END):
            self.assertEqual(2, len(kernel_log.trouble(self.RESTART + own + end)))

    def test_a_further_trace(self):
        further = self.WARNING + 2 * self.TRACE.format("rcutree_report_cpu_dead") + self.END
        self.assertEqual(3, len(kernel_log.trouble(self.RESTART + further)))

    def test_a_report_without_a_trace_that_goes_on(self):
        self.assertEqual(1, len(kernel_log.trouble(self.RESTART + self.WARNING + self.END)))

    def test_another_report_in_what_the_reset_cut_off(self):
        log = self.RESTART + self.WARNING + "[    2.2] BUG: scheduling while atomic\n"
        self.assertEqual(2, len(kernel_log.trouble(log)))

    def test_another_report(self):
        other = "[    2.2] WARNING: CPU: 0 PID: 1 at kernel/irq/ipi.c:61 x+0x2/0x3\n"
        self.assertEqual(1, len(kernel_log.trouble(self.RESTART + self.DEAD + other)))
        self.assertEqual(1, len(kernel_log.trouble(self.RESTART + other + self.DEAD)))


class Excerpt(unittest.TestCase):
    def test_starts_with_the_first_report(self):
        run = run_of("good", STALL)
        shown = report.excerpt(run.log, verdict.judge_boot(MALTA, run))
        self.assertIn("rcu: INFO: rcu_sched", shown[0])

    def test_leaves_out_a_stack_and_registers_in_numbers(self):
        first, said = STALL
        stack = "".join(f"<6>[  256.97417{i}] {start} ffffffff804f7090 ...\n"
                        for i, start in enumerate(["$ 0   :", "$12   :", "Stack :",
                                                   *["       "] * 30]))
        run = run_of("good", (first, f"{said}\n{stack}[  256.98] schedule+0x48/0x118"))
        shown = "".join(report.excerpt(run.log, verdict.judge_boot(MALTA, run)))
        self.assertNotIn("804f7090", shown)
        self.assertIn("schedule+0x48", shown)

    def test_does_not_start_with_a_backtrace_that_was_asked_for(self):
        run = run_of("nmi-good", NMI_WARNING)
        shown = report.excerpt(run.log, verdict.judge_boot(NMI, run))
        self.assertIn("WARNING: CPU: 1", shown[0])

    def test_is_the_end_of_a_console_without_one(self):
        shown = report.excerpt("\r\n".join(map(str, range(100))), [])
        self.assertEqual("99", shown[-1])
        self.assertLess(len(shown), 20)

    def test_ends_with_where_the_cpus_were(self):
        places = ["CPU 0 is at a+0x1", "the host had no CPU for 40 s at once"]
        told = "info registers -a\nCPU#0\n pc=0x1\n\n" + "\n".join(places)
        stall = STALL[1].splitlines()[0]
        for console, last in (("1\n2\n", "2"), (stall + "\n", stall)):
            shown = report.excerpt(console + told, [kernel_log.REPORT + stall])
            self.assertEqual([last, "info registers -a", *places], shown[-4:])
            shown = report.excerpt(f"{console}\n{places[1]}\n", [kernel_log.REPORT + stall])
            self.assertEqual([last, "", places[1]], shown[-3:])

    def test_what_is_reported_again_and_again_is_said_once(self):
        run = run_of("good", STALL)
        run.log += "[   99.3] rcu: INFO: rcu_sched\n" * 9
        faults = verdict.judge_boot(MALTA, run)
        self.assertEqual(4, len(faults))
        self.assertEqual("the kernel reports 7 times more", faults[-1])


class Conclude(Scratch):
    def test_the_console_is_in_the_verdict(self):
        run, log = run_of("good", STALL), self.folder / "boot.log"
        log.write_text(run.log)
        self.enterContext(mock.patch.object(report, "TOP", self.folder))
        with self.assertRaisesRegex(Refused, "(?s)boot it: why .*rcu: INFO: rcu_sched"):
            report.conclude("boot it", ["why", *verdict.judge_boot(MALTA, run)], log)
