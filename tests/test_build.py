# SPDX-License-Identifier: GPL-2.0-only
"""Descriptions, fragments, QEMU runs and KUnit results, without a kernel."""

import dataclasses
import re
import subprocess
import unittest
from collections import Counter
from pathlib import Path
from unittest import mock

from support import TOP, Kernels, Scratch, group, write_program

from ipi.common import Failure, Refused
from ipi.machines import boot, build, kernel_log, kunit, machine


class Fragments(unittest.TestCase):
    FRAGMENT = "# text\nCONFIG_A=y\nCONFIG_B=8\n# CONFIG_C is not set\n# CONFIG_D=y\n"

    def test_all_granted(self):
        self.assertEqual([], build.missing_symbols(
            self.FRAGMENT, "CONFIG_A=y\nCONFIG_B=8\n# CONFIG_C is not set\n"))

    def test_each_missing_one_is_named(self):
        self.assertEqual(["CONFIG_A=y", "CONFIG_B=8", "CONFIG_C=n"],
                         build.missing_symbols(self.FRAGMENT,
                                               "CONFIG_B=4\nCONFIG_C=y\n"))


    def test_further_settings_take_the_place_of_others(self):
        text = "CONFIG_A=y\nCONFIG_AB=y\n# CONFIG_C is not set\n"
        self.assertEqual("CONFIG_AB=y\n# CONFIG_A is not set\nCONFIG_C=m\n", build.with_settings(
            text, ["CONFIG_A=n", "CONFIG_C=y", "CONFIG_C=m"]))


class Descriptions(Scratch):
    def test_all_load(self):
        for name in machine.names():
            described = machine.load(name)
            for config in described.configs:
                self.assertTrue((TOP / "configs" / f"{config}.config").exists())

    def test_what_the_base_has_not_is_in_fragments_that_it_does_not_get(self):
        texts = [path.read_text(errors="replace") for path in (TOP / "patches").rglob("*.patch")]
        new = {name for text in texts for name in re.findall(r"^\+config (\w+)", text, re.M)}
        for path in (TOP / "linux").rglob("Kconfig"):
            new |= set(re.findall(r"^config (\w+)", path.read_text(), re.M))
        for config in {config for name in machine.names() for config in machine.load(name).configs}:
            asked = build.wanted_symbols((TOP / "configs" / f"{config}.config").read_text())
            found = {f"CONFIG_{name}" for name in new} & asked.keys()
            self.assertEqual(config in machine.NEW, bool(found), f"{config}: {found}")

    def test_each_says_what_it_is(self):
        for name in machine.names():
            self.assertRegex(machine.comment(name), r"^\w.*[.\w]$", name)
        (self.folder / "x.toml").write_text("# SPDX-x\n# One\n# sentence.\ncpus = 1\n# Other.\n")
        self.assertEqual("One sentence.", machine.comment("x", self.folder))

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


class Jobs(Scratch):
    def jobs(self, cpus, group="", **limits):
        """With the affinity to @cpus CPUs and cpu.max of the cgroup's folders as @limits."""
        for name, text in limits.items():
            path = self.folder / name.strip("_").replace("_", "/") / "cpu.max"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        with (mock.patch("os.sched_getaffinity", lambda pid: range(cpus)),
              mock.patch.object(build, "_CGROUPS", self.folder),
              mock.patch.object(build.Path, "read_text", self.read(group))):
            return build.jobs()

    def read(self, group):
        real = Path.read_text
        return lambda path, *rest: (f"1:x:/y\n0::/{group}\n"
                                    if str(path) == "/proc/self/cgroup" else real(path, *rest))

    def test_what_the_process_may_use(self):
        self.assertEqual(6, self.jobs(6))
        self.assertEqual(2, self.jobs(2, "a/b", a="max 100000\n"))
        self.assertEqual(3, self.jobs(6, "a/b", a="250000 100000\n", a_b="max 100000\n"))
        self.assertEqual(1, self.jobs(6, "a/b", a_b="50000 100000\n"))
        self.assertEqual(4, self.jobs(6, "c", _="400000 100000\n"))


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
    def test_limits_follow_the_machine(self):
        slow = dataclasses.replace(machine.load("malta-debug"), silence=50, slow=4)
        self.assertEqual((400, 200), dataclasses.astuple(boot.limits(slow, 100))[:2])
        silent = boot.limits(slow, 100, slow.messages)
        self.assertGreater(silent.first, 4 * slow.messages / 14000 + silent.silence)
        log = (TOP / "tests" / "logs" / "stress-good.log").read_bytes()
        before, _, after = log.partition(b"message_is_seen: seed")
        self.assertEqual((False, True), (silent.until in before, silent.until in after))

    def test_further_words_for_the_kernel(self):
        words = boot.qemu_command(machine.load("malta").with_more([], ["a=1 b", "c"]), "")
        self.assertIn("console=ttyS0,115200 a=1 b c panic=-1", words)

    def test_a_shell_for_gdb(self):
        for gdb, build_folder in ((False, "malta"), (True, "malta-gdb")):
            with (mock.patch.object(boot, "build_all") as built,
                  mock.patch.object(boot.qemu, "program", lambda here: here.qemu_words[0]),
                  mock.patch.object(boot.subprocess, "run") as run):
                boot.shell(machine.load("malta"), gdb)
            here, words = built.call_args[0][0], run.call_args[0][0]
            self.assertEqual(build_folder, here.kernel_folder.name)
            self.assertEqual(gdb, {"-s", "-S"} <= {*words})
            self.assertEqual(gdb, any("DEBUG_INFO" in setting for setting in here.settings))
        self.assertIn("malta-gdb/vmlinux -ex 'target remote localhost:1234'", self.said.getvalue())

    def test_a_stress_is_told_how_long_a_cpu_stays_off(self):
        self.assertIn(" ipi.off=7 ", boot.stress_words(
            dataclasses.replace(machine.load("malta"), off=7)))

    def test_a_further_cr_makes_no_line(self):
        log = self.folder / "log"
        log.write_bytes(b"ipi: begin x\r\r\none\r\r\ntwo\xff\r\r\nipi: end x\r\r\n")
        self.assertEqual({"x": "one\ntwo\ufffd\n"},
                         kernel_log.sections(boot.read_console(log)))

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


class Builds(Kernels):
    """What make is asked, and what is said if it fails."""

    def setUp(self):
        super().setUp()
        self.malta = dataclasses.replace(machine.load("malta"), source=self.linux)

    def make_fails(self, script, text):
        write_program(self.folder, "make", script)
        with self.assertRaisesRegex(Failure, text):
            build.build_kernel(self.malta)

    def test_a_configuration_and_an_image(self):
        build.build_kernel(self.malta)
        self.assertEqual(2, len(self.made(f"O={self.malta.kernel_folder}", "ARCH=mips",
                                          "LOCALVERSION=", f"CROSS_COMPILE={self.malta.cross}")))
        self.assertEqual(1, len(self.made("vmlinux", "modules")))
        self.assertNotIn("CONFIG_X=", (self.malta.kernel_folder / ".config").read_text())

    def test_the_device_tree_is_made_too(self):
        build.build_kernel(dataclasses.replace(machine.load("arm-raspi2"), source=self.linux))
        self.assertEqual(1, len(self.made("broadcom/bcm2836-rpi-2-b.dtb", "zImage")))

    def test_further_settings_are_asked_for(self):
        build.build_kernel(self.malta.with_more(["CONFIG_X=y"], []))
        self.assertIn("\nCONFIG_X=y\n", (self.malta.kernel_folder / ".config").read_text())

    def test_llvm(self):
        write_program(self.folder, "clang", "exit 0")
        clang = dataclasses.replace(machine.load("arm64-clang"), source=self.linux)
        build.build_kernel(clang)
        self.assertEqual(2, len(self.made("LLVM=1", "CC=ccache clang", "ARCH=arm64")))
        self.assertNotEqual(machine.load("arm64-gicv3").kernel_folder, clang.kernel_folder)

    def test_the_end_of_the_log_is_told(self):
        numbers = "for i in $(seq 1 40); do echo line $i; done; exit 2"
        self.make_fails(f"case $* in *allnoconfig) {numbers};; esac",
                        "(?s)make allnoconfig for malta failed, the log is "
                        "build/malta/config.log:\nline 11\n.*line 40\n$")

    def test_what_kconfig_does_not_grant(self):
        wanted = "for word; do case $word in O=*) folder=${word#O=};; esac; done\n"
        self.make_fails(wanted + "grep -v ^CONFIG_SMP= $folder/fragment.config > $folder/.config",
                        "malta asks for what Kconfig did not grant: CONFIG_SMP=y$")

    def test_an_initramfs_that_does_not_compile(self):
        write_program(self.folder, f"{self.malta.cross}gcc", "echo init.c: bad >&2; exit 1")
        self.malta.kernel_folder.mkdir(parents=True)
        with self.assertRaisesRegex(Failure, "(?s)gcc .* failed:\ninit.c: bad"):
            build.build_initramfs(self.malta)

    def test_modules_and_firmware_of_a_machine(self):
        described = dataclasses.replace(self.malta, torture=False, modules=["samples/one.ko"],
                                        firmware=["samples/two.elf"])
        write_program(self.folder, f"{self.malta.cross}gcc", "exit 0")
        (described.kernel_folder / "usr").mkdir(parents=True)
        write_program(described.kernel_folder / "usr", "gen_init_cpio", 'cat "$1"')
        build.build_initramfs(described)
        packed = (described.kernel_folder / "initramfs.cpio").read_text()
        self.assertIn(f"file /one.ko {described.kernel_folder}/samples/one.ko 0644 0 0", packed)
        self.assertIn(f"file /lib/firmware/two.elf {described.kernel_folder}/samples/two.elf "
                      "0644 0 0", packed)
        self.assertIn("dir /lib/firmware 0755 0 0", packed)


class KunitCommand(Scratch):
    """kunit.run() with a kunit.py that tells what it was asked."""

    SCRIPT = ("import json, os, pathlib, re, sys\n"
              "told = dict(word[2:].split('=', 1) for word in sys.argv[1:] if '=' in word)\n"
              "words = [os.getcwd(), *sys.argv[1:], open(told['qemu_config']).read()]\n"
              "open(re.search(r\"logfile=([^']+)\", words[-1])[1], 'w').write('console')\n"
              "pathlib.Path(told['json']).write_text(json.dumps(words))\nsys.exit(3)\n")

    def setUp(self):
        super().setUp()
        self.enterContext(mock.patch.object(machine, "BUILD", self.folder))
        self.enterContext(mock.patch.object(kunit, "TOP", self.folder))
        self.enterContext(mock.patch.object(boot.qemu, "program", lambda here: here.qemu_words[0]))
        self.malta = dataclasses.replace(machine.load("malta-8"), source=self.folder / "linux",
                                         kunit_glob="ipi-m*")
        self.malta.kernel_folder.mkdir()
        self.script = self.malta.source / "tools/testing/kunit/kunit.py"
        self.script.parent.mkdir(parents=True)
        self.script.write_text(self.SCRIPT)

    def test_what_it_is_asked(self):
        outcome = kunit.run(self.malta)
        folder, verb, *words, config = outcome.result
        self.assertEqual((3, "console", str(self.malta.source), "exec"),
                         (outcome.status, outcome.console, folder, verb))
        self.assertIn(f"--build_dir={self.folder}/malta", words)
        self.assertIn("--kernel_args=panic=-1", words)
        self.assertEqual("ipi-m*", words[-1])
        self.assertIn(f"logfile={self.folder}/malta-8/kunit-console.log", config)
        self.assertEqual("ipi-a", kunit.run(self.malta, "ipi-a").result[-2])

    def test_its_qemu_has_a_monitor_that_is_found_from_there(self):
        socket = re.search(r"unix:([^,]+),", kunit.run(self.malta).result[-1])[1]
        self.assertEqual(boot.monitor_of(self.malta).resolve(),
                         (self.malta.source / socket).resolve())

    def test_what_an_earlier_run_left_is_no_result(self):
        kunit.run(self.malta)
        self.script.write_text("")
        with self.assertRaisesRegex(Failure, "kunit.py gave no result, see malta-8/kunit.log"):
            kunit.run(self.malta)


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
        suites = kunit.suites_in(TOP / "linux" / kunit.SUITES, "x86")
        cases = re.findall(r"KUNIT_CASE\w*\((\w+)", "".join(
            path.read_text() for path in (TOP / "linux" / kunit.SUITES).rglob("*_kunit.c")))
        for name in machine.names():
            self.assertLessEqual(set(machine.load(name).kunit_skips), {*suites, *cases}, name)

    def test_one_cpu_skips_the_cases_that_need_two(self):
        one, more = (dataclasses.replace(machine.load(name), source=TOP / "linux")
                     for name in ("malta-up", "malta"))
        self.assertIn("destroy_enabled_target", kunit.may_skip(one))
        self.assertIn("race_targets_leave", kunit.may_skip(one))
        self.assertNotIn("reserve_no_hwirqs", kunit.may_skip(one))
        self.assertEqual(more.kunit_skips, kunit.may_skip(more))

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
        self.assertEqual(["yes"], kunit.suites_in(self.folder, "mips"))

    def test_a_suite_of_the_init_section(self):
        (self.folder / "init_kunit.c").write_text(
            'static struct kunit_suite __refdata suite = {\n\t.name\t= "init",\n};\n')
        self.assertEqual(["init"], kunit.suites_in(self.folder, "x86"))

    def test_suites_of_an_architecture(self):
        for folder in ("x86", "of"):
            (self.folder / folder).mkdir()
            (self.folder / folder / "real_kunit.c").write_text(
                f'static struct kunit_suite suite = {{\n\t.name\t= "{folder}",\n}};\n'
                f"static void {folder}_case(struct kunit *test)\n{{\n"
                "\tipi_test_need_two(test, cpu_online_mask);\n}\n")
        self.assertEqual(["of", "x86"], kunit.suites_in(self.folder, "x86"))
        self.assertEqual(["of"], kunit.suites_in(self.folder, "mips"))
        self.assertEqual(["of_case"], kunit.need_two(self.folder, "mips"))

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

    def kunit(self, *cases, console=END, status=0, timed_out=""):
        outcome = kunit.Outcome(group("all", inner=[group("a", "PASS", *cases)]), status, console,
                                timed_out)
        for target, name, value in ((boot, "need_qemu", mock.Mock()),
                                    (build, "build_kernel", mock.Mock()),
                                    (kunit, "suites_of", lambda described: ["a"]),
                                    (kunit, "run", lambda described: outcome)):
            self.enterContext(mock.patch.object(target, name, value))
        return kunit.kunit(dataclasses.replace(machine.load("malta"), kunit_skips=["1"]))

    def test_pass(self):
        self.assertEqual(0, self.kunit())
        self.assertEqual(1, self.kunit("SKIP"))
        self.assertIn("PASS: kunit malta", self.said.getvalue())

    def test_each_fault_is_refused(self):
        fake = "# message_is_seen: over the fake controller\n"
        for options, reason in (({"console": ""}, "did not end by itself"),
                                ({"console": "BUG: x\n" + self.END},
                                 r"reports: BUG: x \(log: .*/kunit-console.log\)"),
                                ({"console": fake + self.END}, "over the fake controller"),
                                ({"timed_out": "hang: ended"},
                                 r"hang: ended \(log: .*/kunit-console.log\)"),
                                ({"status": 3}, r"ended with status 3 \(log: .*/kunit.log\)")):
            with self.assertRaisesRegex(Refused, reason):
                self.kunit(**options)
