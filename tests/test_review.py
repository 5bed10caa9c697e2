# SPDX-License-Identifier: GPL-2.0-only
"""What the checkers print, and what is made of it."""

import contextlib
import subprocess
import sys
import unittest
from pathlib import Path
from unittest import mock

from support import Scratch

from ipi.checks import coccinelle, examples, lint, review, sparse
from ipi.git import Repo

SAID = """\
-:231: CHECK:MACRO_ARG_REUSE: Macro argument reuse '_mask' - possible side-effects?
-:233: ERROR:SPACING: space prohibited before that close parenthesis ')'
total: 1 errors, 0 warnings, 1 checks, 1031 lines checked
"""


class Checkpatch(unittest.TestCase):
    def check(self, entries, said=SAID, status=1):
        repo = mock.Mock()
        repo.subject.return_value = "genirq/ipi: Add IPI domains"
        done = subprocess.CompletedProcess([], status, said)
        allowed = lint.Allowed(entries)
        with (mock.patch("ipi.checks.lint._checker", return_value=done) as checker,
              mock.patch("ipi.checks.lint._dictionary", return_value="/x")):
            faults = lint.checkpatch(repo, ["commit"], allowed) + allowed.unused()
        self.assertIn("--codespellfile=/x", checker.call_args.args[0])
        return faults

    def test_each_complaint_is_a_fault(self):
        faults = self.check([])
        self.assertEqual(2, len(faults))
        self.assertIn("genirq/ipi: Add IPI domains: ERROR:SPACING", faults[1])

    def test_what_is_allowed_is_none(self):
        self.assertEqual([], self.check([{"type": "MACRO_ARG_REUSE"}, {"type": "SPACING"}]))

    def test_an_exception_for_one_patch_is_none_for_another(self):
        faults = self.check([{"type": "SPACING", "patch": "MIPS: smp"}])
        self.assertEqual(3, len(faults))
        self.assertIn("is not needed", faults[2])

    def test_an_exception_nobody_needs_is_a_fault(self):
        self.assertEqual(["allowed.toml: SPACING is not needed"],
                         self.check([{"type": "SPACING"}], "", 0))

    def test_a_checkpatch_that_breaks_down_is_a_fault(self):
        self.assertIn("checkpatch failed", self.check([], "Can't open perl script", 2)[0])

    def test_a_checkpatch_without_a_dictionary_is_a_fault(self):
        said = "No codespell typos will be found - file '/x': No such file or directory\n"
        self.assertIn("checkpatch finds no dictionary of codespell", self.check([], said, 0)[0])


class Dictionary(Scratch):
    def test_it_is_that_of_the_codespell_which_is_installed(self):
        """Which need not be for the python3 that comes first."""
        (self.folder / "codespell_lib").mkdir()
        (self.folder / "codespell_lib/__init__.py").write_text("")
        (self.folder / "codespell").write_text(f"#!{sys.executable} -B\n")
        (self.folder / "codespell").chmod(0o755)
        self.set_env(PATH=str(self.folder), PYTHONPATH=str(self.folder))
        self.assertEqual(f"{self.folder}/codespell_lib/data/dictionary.txt", lint._dictionary())

    def test_there_is_none(self):
        self.set_env(PATH=str(self.folder))
        with self.assertRaisesRegex(lint.Failure, "no codespell; install the package codespell"):
            lint._dictionary()


class Messages(unittest.TestCase):
    def test_line_numbers_do_not_count(self):
        one = sparse.messages("/x/build/linux/kernel/irq/chip.c:3:5: warning: odd\n")
        two = sparse.messages("../linux/kernel/irq/chip.c:9:5: warning: odd\n")
        self.assertEqual({"kernel/irq/chip.c: warning: odd"}, one)
        self.assertEqual(one, two)

    def test_sparse_errors_and_headers_count(self):
        text = "../linux/include/linux/ipi.h:7:1: error: bad\n"
        self.assertEqual({"include/linux/ipi.h: error: bad"}, sparse.messages(text))

    def test_other_lines_do_not(self):
        self.assertEqual(set(), sparse.messages("  CHECK   ../linux/kernel/irq/chip.c\n"))

    def test_what_is_said_of_other_files_is_left_to_the_base(self):
        said = {"a/b.c: warning: odd", "a/b.h: warning: odd", "vdso.c: warning: odd"}
        self.assertEqual({"a/b.c: warning: odd"}, sparse.of_files(said, ["a/b.c", "c.c"]))

    def test_without_a_file_nothing_is_made(self):
        with mock.patch("ipi.machines.build.make") as make:
            self.assertEqual(set(), sparse.said(mock.Mock(), []))
        make.assert_not_called()


class Replaced(Scratch):
    def test_what_the_series_replaces_is_found_and_nothing_else(self):
        repo = Repo(self.folder)
        repo.text("init", "--quiet")
        user = self.folder / "a.c"
        for text, refused in (("x_ipi_send_mask(1);\n", False), ("ipi_send_mask(1);\n", True),
                              ("IRQ_DOMAIN_FLAG_IPI_SINGLE,\n", True),
                              ("IRQ_DOMAIN_FLAG_IPI,\n", False)):
            user.write_text(text)
            repo.text("add", "a.c")
            if refused:
                self.assertRaisesRegex(review.Refused, "a.c:1:", review.check_replaced, repo)
            else:
                review.check_replaced(repo)


    def test_a_search_that_fails_is_no_silence(self):
        with self.assertRaisesRegex(review.Failure, "git grep .* failed"):
            review.check_replaced(Repo(self.folder / "nothing"))


class Cocci(unittest.TestCase):
    def test_reports_count_without_their_lines(self):
        text = ("kernel/irq/ipi.c:3:5-9: ERROR: missing iounmap; ioremap on line 12\n"
                "--- kernel/irq/ipi.c\n+++ /tmp/x.c\n@@ -1,2 +1,2 @@\n")
        self.assertEqual({"kernel/irq/ipi.c: ERROR: missing iounmap; ioremap on line"},
                         coccinelle.messages(text))

    def test_a_rule_that_breaks_down_is_no_silence(self):
        done = subprocess.CompletedProcess([], 2, "unknown option\n")
        rule = Path(__file__)
        with mock.patch("subprocess.run", return_value=done):
            self.assertRaises(coccinelle.Failure, coccinelle._beyond, rule, [], rule.parent,
                              rule.parent)


class Whole(Scratch):
    """All that quick() and complete() call, and in which order."""

    QUICK = ["round_trip.check", "check_replaced", "queues.check", "parts.check", "lint.lint",
             "bindings.check"]

    def called(self, function):
        calls = mock.Mock()
        for name in (*self.QUICK, "sparse.static", "coccinelle.cocci", "examples.compile_examples",
                     "kunitconfig.kunitconfig", "each_patch.each_patch"):
            called = self.enterContext(mock.patch(
                f"ipi.checks.review.{name}"))
            calls.attach_mock(called, name.replace(".", "_"))
        function()
        return [name for name, *_ in calls.mock_calls]

    def test_quick(self):
        self.assertEqual([name.replace(".", "_") for name in self.QUICK],
                         self.called(review.quick))

    def test_complete(self):
        self.assertEqual([*(name.replace(".", "_") for name in self.QUICK), "sparse_static",
                          "coccinelle_cocci", "examples_compile_examples",
                          *["kunitconfig_kunitconfig"] * len(review.kunitconfig.ARCHES),
                          "each_patch_each_patch"], self.called(review.complete))


class Lint(Scratch):
    def test_one_complaint_of_each_is_enough(self):
        names = ("checkpatch", "spelling", "kernel_doc", "Allowed.unused")
        for wrong in (None, *names):
            with contextlib.ExitStack() as stack:
                stack.enter_context(mock.patch.object(lint, "Repo"))
                for name in names:
                    stack.enter_context(mock.patch(
                        f"ipi.checks.lint.{name}",
                        return_value=[f"{name} is odd"] if name == wrong else []))
                if wrong:
                    self.assertRaisesRegex(lint.Failure, f"{wrong} is odd", lint.lint)
                else:
                    lint.lint()


class Document(Scratch):
    def test_examples_in_the_language_are_found(self):
        text = ("Text::\n\n    no\n\n.. code-block:: c\n\n    int a(void)\n    {\n\n"
                "            return 1;\n    }\n\nText\n\n.. code-block:: dts\n\n    / { };\n")
        self.assertEqual(["int a(void)\n{\n\n        return 1;\n}\n"], examples.examples(text))

    def test_a_document_without_examples_is_refused(self):
        with mock.patch("ipi.checks.examples.examples", return_value=[]):
            self.assertRaises(examples.Refused, examples.compile_examples)

    def test_a_warning_is_a_fault(self):
        with mock.patch.object(examples, "FOLDER", self.folder / "document"), \
             mock.patch.object(examples.build, "build_kernel") as build_kernel, \
             mock.patch.object(examples.build, "make") as make:
            make.side_effect = lambda *_: build_kernel.assert_called_once()
            examples.compile_examples()
            self.assertIn("KCFLAGS=-Werror", make.call_args[0])
            make.side_effect = examples.Failure("a warning")
            self.assertRaisesRegex(examples.Refused, "a warning", examples.compile_examples)
