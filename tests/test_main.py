# SPDX-License-Identifier: GPL-2.0-only
"""How a command ends: its exit status and its last words."""

import argparse
import contextlib
from unittest import mock

from support import Scratch

import main
from ipi import commands, packages
from ipi.common import Failure, Refused
from ipi.machines import kunit
from ipi.series import branch


class Ends(Scratch):
    def setUp(self):
        super().setUp()
        self.called = mock.Mock()
        for name in ("branch.take_kept_source", "packages.need", "_settle_base", "branch.prepare"):
            module, _, attribute = name.rpartition(".")
            target = {"branch": branch, "packages": packages, "": main}[module]
            called = mock.patch.object(target, attribute)
            self.called.attach_mock(self.enterContext(called), attribute)
        branch.take_kept_source.return_value = False
        self.locked = self.enterContext(mock.patch("ipi.common.only_one_run",
                                                   return_value=contextlib.nullcontext()))

    def end(self, prepares=False, **options):
        """(exit status, what was said, what was said of errors)"""
        command = mock.Mock(PREPARES=prepares, run=mock.Mock(**options))
        command.packages.return_value = ["x"]
        self.called.attach_mock(command.run, "run")
        args = mock.Mock(command=command)
        status = main.run(args)
        command.run.assert_called_once_with(args)
        return status, self.said.getvalue(), self.noted.getvalue()

    def test_in_what_order(self):
        for prepares in (False, True):
            self.called.reset_mock()
            self.end(prepares, return_value=None)
            self.assertEqual(["take_kept_source", "need", "_settle_base",
                              *["prepare"] * prepares, "run"],
                             [name for name, *_ in self.called.mock_calls])
        self.assertIn("x", packages.need.call_args[0][0])

    def test_what_was_kept_does_not_settle_the_base(self):
        """It is of this base, and may be gone."""
        branch.take_kept_source.return_value = True
        self.end(return_value=None)
        self.called._settle_base.assert_not_called()

    def test_what_only_reads_may_run_beside_another(self):
        self.end(return_value=None)
        self.locked.assert_called_once_with()
        with mock.patch("ipi.packages.machine.names", return_value=["a"]):
            self.assertEqual(0, main.main(["packages", "queues"]))
        self.locked.assert_called_once_with()

    def test_well(self):
        self.assertEqual((0, "", ""), self.end(return_value=None))

    def test_checks_that_failed_have_been_told(self):
        self.assertEqual((1, "", ""), self.end(return_value=1))

    def test_a_verdict(self):
        self.assertEqual((1, "FAIL: boot: why\n", ""), self.end(side_effect=Refused("boot: why")))

    def test_a_sentence(self):
        self.assertEqual((1, "", "ipi: no disk\n"), self.end(side_effect=Failure("no disk")))

    def test_what_the_system_says(self):
        self.assertEqual((1, "", "ipi: No such file /x\n"),
                         self.end(side_effect=OSError(2, "No such file", "/x")))

    def test_an_interrupt(self):
        status, _, said = self.end(side_effect=KeyboardInterrupt)
        self.assertEqual((1, "ipi: interrupted; the same command can be run again\n"),
                         (status, said))

    def test_what_nobody_foresaw_has_a_traceback(self):
        with self.assertRaises(ZeroDivisionError):
            self.end(side_effect=ZeroDivisionError)

    def test_skipped_cases_are_no_failure(self):
        with mock.patch.object(kunit, "kunit", return_value=3):
            self.assertIsNone(commands.load("kunit").run(argparse.Namespace(
                machine="malta", mutants=None, config=[], append=[], verbose=False)))
