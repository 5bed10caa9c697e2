# SPDX-License-Identifier: GPL-2.0-only
"""What ./ipi test counts, and that it says so in its last line."""

import os
import subprocess
import sys
from unittest import mock

from support import TOP, Scratch

from ipi.checks import ci
from ipi.common import Failure, Refused


def ending(end):
    """A check that raises @end or returns it."""
    def check():
        if isinstance(end, BaseException):
            raise end
        return end
    return check


class Suite(Scratch):
    others = {}
    ends = ()
    needs = 0

    def run_suite(self, *checks, unit=(1, [], 0)):
        """The status and the lines; of @checks each is an error, or what a check returns."""
        named = [(f"check{number}", ending(end))
                 for number, end in enumerate(checks)]
        with (mock.patch.object(ci, "_checks", return_value=named),
              mock.patch.object(ci, "OTHER_BASES", self.others),
              mock.patch.object(ci, "NEEDED_BYTES", self.needs),
              mock.patch.object(ci.results, "write") as self.written,
              mock.patch.object(ci, "_run_elsewhere", side_effect=[unit, *self.ends])):
            status = ci.test()
        return status, self.said.getvalue().splitlines()


class Count(Suite):
    def test_all_pass(self):
        status, lines = self.run_suite(None, None)
        self.assertEqual((0, "3 passed, 0 failed, 0 skipped"), (status, lines[-1]))
        self.assertNotIn("Failed:", lines)

    def test_the_page_has_each_check(self):
        self.others, self.ends = {"7.3": ["prepare"]}, [(0, [], 1)]
        self.run_suite(None, 5, Refused("why"))
        outcomes = self.written.call_args[0][0]
        self.assertEqual([("6.12", "unit tests", "pass"), ("6.12", "check0", "pass"),
                          ("6.12", "check1", "pass, 5 skipped"), ("6.12", "check2", "FAIL"),
                          ("7.3", "prepare", "not run")],
                         [(one.base, one.check, one.verdict) for one in outcomes])

    def test_unit_tests_are_counted(self):
        status, lines = self.run_suite(None, unit=(7, ["a.b: why", "c.d: why"], 3))
        self.assertEqual((1, "8 passed, 2 failed, 3 skipped"), (status, lines[-1]))
        self.assertIn("  a.b: why", lines)

    def test_skipped_cases_are_counted(self):
        status, lines = self.run_suite(None, 5)
        self.assertEqual((0, "3 passed, 0 failed, 5 skipped"), (status, lines[-1]))

    def test_failures_are_listed_at_the_end(self):
        status, lines = self.run_suite(Refused("boot malta: why"), None, Failure("no make"))
        self.assertEqual((1, "2 passed, 2 failed, 0 skipped"), (status, lines[-1]))
        self.assertEqual(["  boot malta: why", "  check2: no make"],
                         lines[lines.index("Failed:") + 1:-2])

    def test_what_nobody_foresaw_is_a_failure_like_others(self):
        status, lines = self.run_suite(FileNotFoundError(2, "No such file", "x"), KeyError("y"),
                                       None)
        self.assertEqual((1, "2 passed, 2 failed, 0 skipped"), (status, lines[-1]))
        said = "\n".join(lines[lines.index("Failed:"):])
        self.assertRegex(said, r"check0: FileNotFoundError: .*'x' \(test_ci.py:\d+\)")
        self.assertRegex(said, r"check1: KeyError: 'y' \(test_ci.py:\d+\)")

    def test_no_disk_space_is_told_before_anything_runs(self):
        self.needs = 1 << 60
        with (mock.patch.object(ci, "LINUX", self.folder / "absent"),
              self.assertRaisesRegex(Failure, "no disk space: all checks need .* GB are free")):
            self.run_suite(None)
        self.assertNotIn("== check0", self.said.getvalue())

    def test_an_interrupt_ends_it(self):
        with self.assertRaises(KeyboardInterrupt):
            self.run_suite(KeyboardInterrupt())

    def test_every_check_is_of_something_there(self):
        names = [name for name, _ in ci._checks()]
        self.assertEqual(len(names), len(set(names)))
        for name in (*ci.BOOT, *ci.KUNIT, *ci.STRESS):
            self.assertIn(name, ci.machine.names())

    def test_uml_is_run_as_a_kernel_developer_does(self):
        for name in ci.kunitconfig.ARCHES:
            with mock.patch.object(ci.kunitconfig, "kunitconfig") as run:
                ci._functions()[f"kunitconfig {name}"]()
            run.assert_called_once_with(name)


class OneCheck(Scratch):
    """By itself, as ./ipi test runs it for another base."""

    def test_base_and_series_are_prepared_first(self):
        order = mock.Mock(boot=mock.Mock(return_value=None))
        with (mock.patch("ipi.series.branch.prepare", order.prepare),
              mock.patch("ipi.machines.boot.boot", order.boot)):
            self.assertEqual(0, ci.test(["boot arm64-72"]))
        self.assertEqual(["prepare", "boot"], [name for name, *_ in order.mock_calls])
        self.assertEqual("arm64-72", order.boot.call_args[0][0].name)
        self.assertIn("1 passed, 0 failed, 0 skipped", self.said.getvalue())

    def test_an_unknown_one(self):
        with self.assertRaisesRegex(Failure, "unknown check 'boot toaster', known are: .*boot mal"):
            ci.test(["boot toaster"])


class OtherBases(Suite):
    """Checks in processes of their own, which a mock pretends to run."""

    others = {"7.3": ["prepare", "boot a"]}

    def run_with(self, *ends, **env):
        self.set_env(**{"CI": "", "LINUX": "", **env})
        self.ends = ends
        return self.run_suite(None)

    def test_they_are_counted(self):
        status, lines = self.run_with((1, [], 4), (0, ["boot a: why"], 0))
        self.assertEqual((1, "3 passed, 1 failed, 4 skipped"), (status, lines[-1]))
        self.assertIn("  7.3: boot a: why", lines)

    def test_a_base_that_cannot_be_had_is_skipped_once(self):
        status, lines = self.run_with((0, [], 1))
        self.assertEqual((0, "2 passed, 0 failed, 1 skipped"), (status, lines[-1]))

    def test_one_that_fails_does_not_hide_the_next(self):
        self.others = {"7.3": ["prepare", "check", "boot a"]}
        status, lines = self.run_with((1, [], 0), (0, ["check: why"], 0), (1, [], 0))
        self.assertEqual((1, "4 passed, 1 failed, 0 skipped"), (status, lines[-1]))

    def test_a_source_that_is_named_is_all_there_is(self):
        self.assertEqual("2 passed, 0 failed, 0 skipped", self.run_with(LINUX="x")[1][-1])

    def one(self, error):
        self.enterContext(mock.patch("ipi.series.branch.prepare"))
        with mock.patch.object(ci, "_functions", return_value={"x": ending(error)}):
            return ci.one("x")

    def test_what_cannot_be_had_is_skipped_but_in_ci(self):
        self.set_env(CI="")
        self.assertEqual((0, [], 1), self.one(ci.archive.Absent("gone")))
        self.assertIn("skipped: x: gone", self.said.getvalue())
        self.assertEqual((0, ["x: no make"], 0), self.one(Failure("no make")))
        self.set_env(CI="true")
        self.assertEqual((0, ["x: gone"], 0), self.one(ci.archive.Absent("gone")))

    def test_the_checks_are_there(self):
        for names in OTHER.values():
            self.assertLessEqual({*names}, {*ci._functions()})


OTHER = ci.OTHER_BASES


UNIT = """
import unittest
class Good(unittest.TestCase):
    def test_passes(self): print("result: nonsense")
    def test_fails(self): self.assertEqual(1, 2)
    def test_parts_fail(self):
        for number in 1, 2:
            with self.subTest(number): self.fails()
    def test_errs(self): raise OSError("no disk")
    def test_skipped(self): self.skipTest("not now")
    @unittest.expectedFailure
    def test_passes_by_mistake(self): pass
class Bad(unittest.TestCase):
    @classmethod
    def setUpClass(cls): raise OSError("no disk")
    def test_one(self): pass
    def test_two(self): pass
"""


class UnitTests(Scratch):
    """In a process of their own, so that they and the runner do not share what they change."""

    def run_tests(self, text):
        (self.folder / "tests").mkdir()
        (self.folder / "tests/test_it.py").write_text(text)
        with mock.patch.object(ci, "_TESTS", self.folder / "tests"):
            return ci._run_unit_tests()

    def test_each_is_counted_once(self):
        passed, failed, skipped = self.run_tests(UNIT)
        self.assertEqual((1, 1), (passed, skipped))
        self.assertEqual(6, len(failed), failed)
        self.assertIn("setUpClass", "".join(failed))
        self.assertIn("no disk", "".join(failed))

    def test_they_see_no_base_and_no_source(self):
        self.set_env(IPI_BASE="7.3", LINUX="/x")
        self.assertEqual((1, [], 0), self.run_tests(
            "import os, unittest\nclass A(unittest.TestCase):\n    def test_a(self):\n"
            "        self.assertEqual('', os.environ['LINUX'] + os.environ['IPI_BASE'])\n"))

    def test_the_process_tells_it_by_its_status(self):
        for text, status in (("pass", 0), ("raise OSError", 1)):
            (self.folder / "test_it.py").write_text(
                f"import unittest\nclass A(unittest.TestCase):\n    def test_a(self): {text}\n")
            done = subprocess.run([sys.executable, "-B", "-m", "ipi.checks.ci", "unit tests",
                                   str(self.folder)], capture_output=True, check=False,
                                  env={**os.environ, "PYTHONPATH": str(TOP / "tools")})
            self.assertEqual(status, done.returncode)

    def test_one_that_ends_the_process_is_a_failure(self):
        passed, failed, skipped = self.run_tests("import os\nprint('so far')\nos._exit(0)\n")
        self.assertEqual((0, 0), (passed, skipped))
        self.assertIn("unit tests: ended with status 0 and without a result", failed[0])

    def test_none_is_a_failure(self):
        self.assertEqual((0, ["unit tests: there are none"], 0), self.run_tests(""))
