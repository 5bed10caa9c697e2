# SPDX-License-Identifier: GPL-2.0-only
"""Descriptions, fragments, QEMU runs and KUnit results, without a kernel."""

import re
import subprocess
import time
import unittest
from collections import Counter
from pathlib import Path
from unittest import mock

from support import TOP, Scratch, group, write_program

import boot
import build
import kunit
import machine
import verdict
from common import Failure, Refused


class Fragments(unittest.TestCase):
    FRAGMENT = "# text\nCONFIG_A=y\nCONFIG_B=8\n# CONFIG_C is not set\n# CONFIG_D=y\n"

    def test_all_granted(self):
        self.assertEqual([], build.missing_symbols(
            self.FRAGMENT, "CONFIG_A=y\nCONFIG_B=8\n# CONFIG_C is not set\n"))

    def test_each_missing_one_is_named(self):
        self.assertEqual(["CONFIG_A=y", "CONFIG_B=8", "CONFIG_C=n"],
                         build.missing_symbols(self.FRAGMENT,
                                               "CONFIG_B=4\nCONFIG_C=y\n"))


class Descriptions(Scratch):
    def test_all_load(self):
        for name in machine.names():
            described = machine.load(name)
            for config in described.configs:
                self.assertTrue((TOP / "configs" / f"{config}.config").exists())

    def test_the_rest_comes_from_the_kernels_machine(self):
        one, two = machine.load("malta"), machine.load("malta-8")
        self.assertEqual((one.kernel_folder, one.rows, 8),
                         (two.kernel_folder, two.rows, two.cpus))

    def test_unknown(self):
        with self.assertRaisesRegex(Failure, "unknown machine 'x', known are: arm"):
            machine.load("x")

    def test_mistakes_are_told(self):
        for text, reason in (("cpus = ", "/x.toml: Invalid value"),
                             ("rows = 1\nrows = 2\n", "/x.toml: Cannot overwrite"),
                             ('like = "x"\n', "/x.toml: .* is like itself"),
                             ('kernel = "y"\n', "/x.toml: .* is like itself"),
                             ('like = "z"\n', "unknown machine 'z', known are: x, y"),
                             ("rows = '\udcff'\n", "/x.toml: .* can't decode"),
                             ("speed = 1\n", "/x.toml: .* 'speed'"),
                             ("cpus = 1\n", "/x.toml: .* missing")):
            (self.folder / "x.toml").write_text(text, errors="surrogateescape")
            (self.folder / "y.toml").write_text('like = "x"\n')
            with self.assertRaisesRegex(Failure, reason):
                machine.load("x", self.folder)

    def test_sh_reads_the_same_packages(self):
        for name in machine.names():
            said = subprocess.run(
                ["sh", "-c", f". tools/packages.sh; here=.; machine_packages {name}"],
                cwd=TOP, capture_output=True, text=True, check=True).stdout
            self.assertEqual(machine.load(name).packages, said.split())


class Cache(Scratch):
    def test_a_file_that_is_included_as_it_is(self):
        """Else a kernel goes on with the device tree of an earlier one."""
        self.set_env(CCACHE_DIR=str(self.folder / "cache"), **build._CCACHE)
        flags = [word.partition("=")[2] for word in build.make_words(machine.load("malta"))
                 if word.startswith("KAFLAGS=")]
        (self.folder / "a.S").write_text('.incbin "tree"\n')
        for text in ("first tree", "other tree"):
            (self.folder / "tree").write_text(text)
            subprocess.run(["ccache", "gcc", *flags, "-Wp,-MMD,a.d", "-c", "a.S"],
                           cwd=self.folder, check=True)
            self.assertIn(text.encode(), (self.folder / "a.o").read_bytes())


class Qemu(Scratch):
    def run_fake(self, script, timeout=10):
        write_program(self.folder, "qemu", script)
        log = self.folder / "log"
        return boot.run_logged([str(self.folder / "qemu")], log, timeout), log.read_text()

    def test_status_and_console(self):
        self.assertEqual((3, "hello\n"), self.run_fake("echo hello; exit 3"))

    def test_time_out_kills(self):
        start = time.monotonic()
        status, text = self.run_fake("echo hello; exec sleep 60", timeout=0.5)
        self.assertEqual((None, "hello\n"), (status, text))
        self.assertLess(time.monotonic() - start, 10)

    def test_a_further_cr_makes_no_line(self):
        log = self.folder / "log"
        log.write_bytes(b"ipi: begin x\r\r\none\r\r\ntwo\xff\r\r\nipi: end x\r\r\n")
        self.assertEqual({"x": "one\ntwo\ufffd\n"},
                         verdict.sections(boot.read_console(log)))

    def test_a_device_tree_is_given_where_one_is_named(self):
        raspi, virt = machine.load("arm-raspi2"), machine.load("arm")
        words = boot.qemu_command(raspi, "")
        self.assertEqual(raspi.kernel_folder / "arch/arm/boot/dts" / raspi.dtb,
                         Path(words[words.index("-dtb") + 1]))
        self.assertNotIn("-dtb", boot.qemu_command(virt, ""))

    def test_missing_qemu(self):
        self.set_env(PATH=str(self.folder))
        with self.assertRaisesRegex(Failure, "there is no qemu-system-mips64el; "
                                    "malta needs .* qemu-system-mips"):
            boot.need_qemu(machine.load("malta"))

    def test_missing_compiler(self):
        self.set_env(PATH=str(self.folder))
        with self.assertRaisesRegex(Failure, "there is no mipsel-linux-gnu-gcc"):
            build.make_words(machine.load("malta-mt"))


class Kunit(Scratch):
    def faults(self, *groups, wanted=("a",), cases=()):
        return kunit.judge(group("all", *cases, inner=groups), wanted)[1]

    def test_pass(self):
        inner = group("params", "PASS", "PASS")
        self.assertEqual([], self.faults(group("a", "PASS", "PASS", inner=[inner])))

    def test_a_skip_has_to_be_known(self):
        result = group("all", inner=[group("a", "PASS", "SKIP",
                                           inner=[group("params", "PASS", "PASS", "SKIP")])])
        self.assertEqual(["suite a skips 1", "suite a skips 2"], kunit.judge(result, ["a"])[1])
        self.assertEqual(["suite a skips 1"], kunit.judge(result, ["a"], ["2"])[1])
        self.assertEqual([], kunit.judge(result, ["a"], ["a"])[1])

    def test_skips_in_the_descriptions_are_there(self):
        suites = kunit.suites_in(TOP / "linux" / kunit.SUITES)
        cases = re.findall(r"KUNIT_CASE\w*\((\w+)", "".join(
            path.read_text() for path in (TOP / "linux" / kunit.SUITES).rglob("*_kunit.c")))
        for name in machine.names():
            self.assertLessEqual(set(machine.load(name).kunit_skips), {*suites, *cases}, name)

    def test_counts(self):
        self.assertEqual(Counter(PASS=3, SKIP=1), kunit.count_cases(
            group("a", "PASS", "SKIP", inner=[group("p", "PASS", "PASS")])))

    def test_failed_case(self):
        self.assertEqual(["suite a has failed cases"],
                         self.faults(group("a", "PASS", "FAIL")))

    def test_crashed_case(self):
        self.assertEqual(["suite a has failed cases"],
                         self.faults(group("a", "PASS", "ERROR")))

    def test_skipped_suite(self):
        self.assertEqual(["suite a has no passed case"],
                         self.faults(group("a", "SKIP", "SKIP")))

    def test_suite_that_may_skip(self):
        result = group("all", inner=[group("a", "SKIP"), group("b", "SKIP")])
        self.assertEqual(["suite b has no passed case"],
                         kunit.judge(result, ["a", "b"], may_skip=["a"])[1])

    def test_suite_that_may_skip_need_not_be_built(self):
        result = group("all", inner=[group("b", "PASS")])
        self.assertEqual([], kunit.judge(result, ["a", "b"], may_skip=["a"])[1])

    def test_suite_skipped_in_one_line(self):
        result = {"sub_groups": [], "test_cases": [{"name": "a", "status": "SKIP"}]}
        self.assertEqual(["suite a has no passed case"], kunit.judge(result, ["a"])[1])

    def test_absent_suite(self):
        self.assertEqual(["suite b did not run"],
                         self.faults(group("a", "PASS"), wanted=("a", "b")))

    def test_no_suite_in_the_source(self):
        self.assertEqual(["there is no suite in lib/kunit-ipi"],
                         self.faults(wanted=()))

    def test_suite_names(self):
        (self.folder / "x_kunit.c").write_text(
            'static struct irq_chip chip = {\n\t.name = "no",\n};\n'
            'static struct kunit_suite suite = {\n\t.name\t= "yes",\n};\n')
        (self.folder / "fake.c").write_text(
            'static struct kunit_suite suite = {\n\t.name\t= "other",\n};\n')
        self.assertEqual(["yes"], kunit.suites_in(self.folder))

    def test_a_case_may_not_provoke_a_warning(self):
        log = ("[    1.0] WARNING: CPU: 0 PID: 1 at x\n[    1.0] Call Trace:\n"
               "[    1.0] genirq/ipi: IPI 28 is in use, not destroyed\n")
        self.assertEqual(2, len(kunit.judge_console(log)))

    def test_a_qemu_that_was_killed_is_refused(self):
        log = "[    3.1] ok 15 ipi-message\n"
        self.assertEqual(["the kernel did not end by itself"], kunit.judge_end(log))
        self.assertEqual([], kunit.judge_end(log + "[    3.2] reboot: Rest"))

    def test_qemu_config(self):
        text = kunit.qemu_config(machine.load("malta"))
        self.assertIn("qemu_arch='mips64el'", text)
        self.assertIn("'-smp', '4'", text)
        self.assertNotIn("'-m'", text)


class KunitVerdict(Scratch):
    """kunit.kunit() with a run that is given."""

    END = "[    3.2] reboot: Restarting system\n"

    def kunit(self, console=END, status=0, timed_out=False):
        outcome = kunit.Outcome(group("all", inner=[group("a", "PASS")]), status, console,
                                timed_out)
        for target, name, value in ((boot, "need_qemu", mock.Mock()),
                                    (kunit, "branch", mock.Mock()),
                                    (build, "build_kernel", mock.Mock()),
                                    (kunit, "suites_of", lambda described: ["a"]),
                                    (kunit, "run", lambda described: outcome)):
            self.enterContext(mock.patch.object(target, name, value))
        kunit.kunit(machine.load("malta"))

    def test_pass(self):
        self.kunit()
        self.assertIn("PASS: kunit malta", self.said.getvalue())

    def test_each_fault_is_refused(self):
        fake = "# message_is_seen: over the fake controller\n"
        for options, reason in (({"console": ""}, "did not end by itself"),
                                ({"console": "BUG: x\n" + self.END}, "reports: BUG: x"),
                                ({"console": fake + self.END}, "over the fake controller"),
                                ({"timed_out": True}, "time-out"),
                                ({"status": 3}, "ended with status 3")):
            with self.assertRaisesRegex(Refused, reason):
                self.kunit(**options)
