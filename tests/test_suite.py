# SPDX-License-Identifier: GPL-2.0-only
"""What ./ipi test counts, and that it says so in its last line."""

import unittest
from unittest import mock

from support import Scratch

import suite
from common import Failure, Refused


class Unit(unittest.TestCase):
    """Tests of which the suite makes one that passes, fails, errs and is skipped."""

    def passes(self):
        pass

    def fails(self):
        self.assertEqual(1, 2)

    def errs(self):
        raise OSError("no disk")

    def skipped(self):
        self.skipTest("not now")


def raiser(error):
    def check():
        raise error
    return check


class Count(Scratch):
    def run_suite(self, *errors, unit=("passes",)):
        """The status and the lines; None among @errors is a check that passes."""
        checks = [(f"check{number}", raiser(error) if error else lambda: None)
                  for number, error in enumerate(errors)]
        tests = unittest.TestSuite(map(Unit, unit))
        with (mock.patch.object(suite, "_checks", return_value=checks),
              mock.patch.object(unittest.defaultTestLoader, "discover", return_value=tests)):
            status = suite.test()
        return status, self.said.getvalue().splitlines()

    def test_all_pass(self):
        status, lines = self.run_suite(None, None)
        self.assertEqual((0, "3 passed, 0 failed, 0 skipped"), (status, lines[-1]))
        self.assertNotIn("Failed:", lines)

    def test_unit_tests_are_counted(self):
        status, lines = self.run_suite(None, unit=("passes", "fails", "errs", "skipped"))
        self.assertEqual((1, "2 passed, 2 failed, 1 skipped"), (status, lines[-1]))

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
        self.assertRegex(said, r"check0: FileNotFoundError: .*'x' \(test_suite.py:\d+\)")
        self.assertRegex(said, r"check1: KeyError: 'y' \(test_suite.py:\d+\)")

    def test_an_interrupt_ends_it(self):
        with self.assertRaises(KeyboardInterrupt):
            self.run_suite(KeyboardInterrupt())

    def test_every_check_is_of_something_there(self):
        names = [name for name, _ in suite._checks()]
        self.assertEqual(len(names), len(set(names)))
        for name in (*suite.BOOT, *suite.KUNIT, *suite.STRESS):
            self.assertIn(name, suite.machine.names())
