# SPDX-License-Identifier: GPL-2.0-only
"""How a command ends: its exit status and its last words."""

import contextlib
from unittest import mock

from support import Scratch

import main
from ipi.common import Failure, Refused


class Ends(Scratch):
    def end(self, **options):
        """(exit status, what was said, what was said of errors)"""
        with (mock.patch.dict(main.COMMANDS, {"x": mock.Mock(**options)}),
              mock.patch.object(main, "only_one_run", contextlib.nullcontext)):
            status = main.main("x", "word")
            main.COMMANDS["x"].assert_called_once_with("word")
        return status, self.said.getvalue(), self.noted.getvalue()

    def test_well(self):
        self.assertEqual((0, "", ""), self.end(return_value=None))

    def test_checks_that_failed_have_been_told(self):
        self.assertEqual((1, "", ""), self.end(return_value=1))

    def test_a_verdict(self):
        self.assertEqual((1, "FAIL: boot: why\n", ""), self.end(side_effect=Refused("boot: why")))

    def test_a_sentence(self):
        self.assertEqual((1, "", "ipi: no disk\n"), self.end(side_effect=Failure("no disk")))

    def test_what_the_system_says(self):
        self.assertEqual((1, "", "ipi: No such file: /x\n"),
                         self.end(side_effect=OSError(2, "No such file", "/x")))

    def test_an_interrupt(self):
        status, _, said = self.end(side_effect=KeyboardInterrupt)
        self.assertEqual((1, "ipi: interrupted; the same command can be run again\n"),
                         (status, said))

    def test_what_nobody_foresaw_has_a_traceback(self):
        with self.assertRaises(ZeroDivisionError):
            self.end(side_effect=ZeroDivisionError)

    def test_skipped_cases_are_no_failure(self):
        with (mock.patch.object(main, "only_one_run", contextlib.nullcontext),
              mock.patch.object(main.kunit, "kunit", return_value=3)):
            self.assertEqual(0, main.main("kunit", "malta"))
