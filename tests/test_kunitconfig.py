# SPDX-License-Identifier: GPL-2.0-only
"""kunit.py run --kunitconfig: what it is told, and what is made of its end, without a kernel."""

import dataclasses
import json
from unittest import mock

from support import TOP, Scratch, group, write_program

from ipi.checks import kunitconfig, review
from ipi.common import Failure, Refused
from ipi.machines import kunit

END = "[    3.2] reboot: Restarting system\n"
# Says what it was told, and leaves what it is told to.
KUNIT_PY = """
import json, os, pathlib, sys
told = dict(word[2:].split("=", 1) for word in sys.argv[2:]
            if word.startswith("--") and "=" in word)
print(json.dumps([sys.argv[1:], os.getcwd(), os.environ["KBUILD_BUILD_USER"]]))
{body}
sys.exit({status})
"""
LEAVE = """
pathlib.Path(told["json"]).write_text({result!r})
pathlib.Path(told["build_dir"], "test.log").write_text({console!r})
"""


class Fake(Scratch):
    """A kernel with a kunit.py that pretends; the suites are those of "a_kunit.c"."""

    SUITE = 'struct kunit_suite one = {\n\t.name\t= "ipi-a",\n};\n'

    def setUp(self):
        super().setUp()
        self.linux = self.folder / "linux"
        (self.linux / kunit.SUITES).mkdir(parents=True)
        (self.linux / kunit.SUITES / "a_kunit.c").write_text(self.SUITE)
        (self.linux / "tools/testing/kunit").mkdir(parents=True)
        for target, name, value in ((kunitconfig, "BUILD", self.folder / "build"),
                                    (kunitconfig, "LINUX", self.linux),
                                    (kunitconfig, "TOP", self.folder),
                                    (kunit.report, "TOP", self.folder)):
            self.enterContext(mock.patch.object(target, name, value))

    def kunit_py(self, *cases, console=END, status=0, said="pass"):
        result = json.dumps(group("all", inner=[group("ipi-a", *cases)]))
        left = LEAVE.format(result=result, console=console) if cases else ""
        (self.linux / "tools/testing/kunit/kunit.py").write_text(
            KUNIT_PY.format(body=f"{left}\n{said}", status=status))


class Command(Fake):
    def words(self, name):
        self.kunit_py("PASS")
        ended = kunitconfig.run(name)
        self.assertEqual((0, END, ""), (ended.status, ended.console, ended.timed_out))
        words, folder, user = json.loads(kunitconfig.path_of(name, "kunit.log").read_text())
        self.assertEqual((str(self.linux), "ipi"), (folder, user))
        self.assertEqual(["run", f"--arch={name}", "--kunitconfig=lib/kunit-ipi"], words[:3])
        self.assertIn(f"--build_dir={self.folder}/build/kunitconfig-{name}", words)
        return words

    def path(self, *programs):
        for program in programs:
            write_program(self.folder, program, "exit 0")
        self.set_env(PATH=str(self.folder))

    def test_what_differs_between_the_architectures(self):
        self.path("ccache")
        for name, compiler, told in (
                ("um", "gcc", []),
                ("x86_64", "gcc", ["--qemu_args=-smp 4", "--kconfig_add=CONFIG_SMP=y"]),
                ("arm64", "aarch64-linux-gnu-gcc", ["--cross_compile=aarch64-linux-gnu-"])):
            words = self.words(name)
            self.assertEqual(["--make_options", f"CC=ccache {compiler}"], words[-2:])
            self.assertEqual(told, words[3:3 + len(told)])
            self.assertTrue(words[3 + len(told)].startswith("--build_dir="), words)

    def test_without_ccache(self):
        self.path("gcc")
        self.assertEqual("CC=gcc", self.words("um")[-1])

    def test_what_an_earlier_run_left_is_no_result(self):
        self.kunit_py("PASS")
        kunitconfig.run("um")
        self.kunit_py(status=1)
        with self.assertRaisesRegex(Failure, "no result, see build/kunitconfig-um/kunit.log"):
            kunitconfig.run("um")

    def test_what_is_missing_is_said_before_the_build(self):
        for programs, name, reason in (
                (["ccache"], "um", "no gcc; kunitconfig um needs the packages gcc libc6-dev"),
                (["gcc"], "x86_64", "no qemu-system-x86_64; .* libelf-dev"),
                (["qemu-system-aarch64"], "arm64", "no aarch64-linux-gnu-gcc; .* qemu-system-arm")):
            self.path(*programs)
            with self.assertRaisesRegex(Failure, reason):
                kunitconfig.kunitconfig(name)
        self.path("aarch64-linux-gnu-gcc")
        for name in kunitconfig.ARCHES:
            if name != "x86_64":
                kunitconfig.need(name)


class Verdict(Fake):
    def setUp(self):
        super().setUp()
        self.enterContext(mock.patch.object(kunitconfig, "need"))

    def test_pass(self):
        for console in (END, "reboot: System halted\n"):
            self.kunit_py("PASS", console=console)
            self.assertEqual(0, kunitconfig.kunitconfig("um"))
        self.kunit_py("PASS", "SKIP")
        with mock.patch.object(kunitconfig.kunit, "need_two", return_value=["1"]):
            self.assertEqual(1, kunitconfig.kunitconfig("um"))
        self.assertIn("  ipi-a: 1 passed, 0 failed, 0 skipped", self.said.getvalue())
        self.assertIn("PASS: kunitconfig um", self.said.getvalue())

    def test_each_fault_is_refused(self):
        for cases, options, reason in (
                (["PASS", "FAIL"], {"status": 1}, "suite ipi-a has failed cases"),
                (["PASS", "SKIP"], {}, "suite ipi-a skips 1"),
                (["PASS"], {"console": ""}, "did not end by itself"),
                (["PASS"], {"console": "# x: will reboot: no\n"}, "did not end by itself"),
                (["PASS"], {"console": "BUG: x\nf()\n" + END},
                 r"reports: BUG: x \(log: .*test.log\)\n +BUG: x\n +f\(\)"),
                (["PASS"], {"status": 3}, "ended with status 3")):
            self.kunit_py(*cases, **options)
            with self.assertRaisesRegex(Refused, f"kunitconfig um: .*{reason}"):
                kunitconfig.kunitconfig("um")

    def test_a_kernel_that_hangs_is_ended_and_a_build_is_not(self):
        silent = "__import__('time').sleep({seconds})"
        limits = dataclasses.replace(kunitconfig.LIMITS, silence=1)
        for said, why in ((silent.format(seconds=2.5), ""),
                          (f"print('Starting KUnit Kernel'); {silent.format(seconds=60)}",
                           "hang: QEMU was ended after 1 s without a word")):
            self.kunit_py("PASS", said=said)
            with mock.patch.object(kunitconfig, "LIMITS", limits):
                end = kunitconfig.run("um")
            self.assertEqual(why, end.timed_out)
            faults = kunitconfig.judge("um", end, ["ipi-a"])[1]
            self.assertEqual([why] if why else [], faults)

    def test_a_suite_that_is_built_has_to_run(self):
        more = self.SUITE.replace("ipi-a", "ipi-b") + self.SUITE.replace("ipi-a", "ipi-race")
        (self.linux / kunit.SUITES / "b_kunit.c").write_text(more)
        self.kunit_py("PASS")
        for name, missing in (("um", ["ipi-b"]), ("x86_64", ["ipi-b", "ipi-race"])):
            suites = kunitconfig.wanted(self.linux / kunit.SUITES, name)
            faults = kunitconfig.judge(name, kunitconfig.run(name), suites)[1]
            self.assertEqual([f"suite {suite} did not run" for suite in missing], faults)

    def test_only_what_the_base_warns_of_is_passed_over(self):
        known = "WARNING: CPU: 0 PID: 1 at arch/um/drivers/virt-pci.c:1005 um_pci_init+0xc7/0xd4"
        trace = "\nCall Trace:\n [<6002b090>] f()"
        for line, faults in ((known, 0), (known.replace(":1005 um_pci_init", ":1 um_pci"), 1),
                             (known + trace, 0), (known + trace + trace, 1)):
            self.kunit_py("PASS", console=f"{line}\n{END}")
            found = kunitconfig.judge("um", kunitconfig.run("um"), ["ipi-a"])[1]
            self.assertEqual(faults, len(found), line)

    def test_what_needs_two_cpus_may_be_skipped_where_there_is_one(self):
        case = "static void destroy_enabled_target(struct kunit *test)\n{\n" \
               "\tipi_test_need_two(test, cpu_online_mask);\n}\n"
        (self.linux / kunit.SUITES / "a_kunit.c").write_text(case + self.SUITE)
        for name, faults in (("um", []), ("arm64", []),
                             ("x86_64", ["suite ipi-a skips destroy_enabled_target"])):
            self.kunit_py("PASS", "SKIP")
            ended = kunitconfig.run(name)
            ended.result["sub_groups"][0]["test_cases"][1]["name"] = "destroy_enabled_target"
            self.assertEqual(faults, kunitconfig.judge(name, ended, ["ipi-a"])[1])


class Sources(Scratch):
    """The tables beside the suites."""

    SUITES = TOP / "linux" / kunit.SUITES

    def test_the_suites_of_other_configurations_are_there(self):
        suites = set(kunit.suites_in(self.SUITES, "x86"))
        self.assertLess(kunitconfig.NOT_BUILT, suites)
        self.assertEqual(suites - kunitconfig.NOT_BUILT,
                         set(kunitconfig.wanted(self.SUITES, "x86_64")))


class Complete(Scratch):
    def test_all_architectures_are_run_before_the_series_is_mailed(self):
        for name in ("quick", "sparse.static", "coccinelle.cocci", "examples.compile_examples",
                     "each_patch.each_patch"):
            self.enterContext(mock.patch(f"ipi.checks.review.{name}"))
        with mock.patch("ipi.checks.kunitconfig.kunitconfig") as run:
            review.complete()
        self.assertEqual([mock.call(name) for name in ("um", "x86_64", "arm64")],
                         run.mock_calls)
