# SPDX-License-Identifier: GPL-2.0-only
"""The breakage set: its headers, its work tree, and what counts as caught."""

import dataclasses
import shutil
from unittest import mock

from support import TOP, Project, Scratch, group

from ipi.common import Failure, Refused
from ipi.git import Repo
from ipi.machines import build, kunit, machine
from ipi.measure import mutants

HEADER = "Breaks: R2, leaks\n one hwirq\nSuite: ipi-a\n"
DIFF = ("diff --git a/kernel/a.c b/kernel/a.c\n--- a/kernel/a.c\n+++ b/kernel/a.c\n"
        "@@ -1,2 +1,2 @@\n-int function_number_000(void);\n+int gone(void);\n"
        " int function_number_001(void);\n")


def outcome(*groups, console="", timed_out=""):
    return kunit.Outcome(group("all", inner=groups), 0, console, timed_out)


class Headers(Scratch):
    def load(self, header):
        path = self.folder / "leak.patch"
        path.write_text(f"{header}\n{DIFF}")
        return mutants.load(path)

    def test_fields(self):
        mutant = self.load(HEADER)
        self.assertEqual(("leak", "R2, leaks one hwirq", "ipi-a", "malta", ""),
                         (mutant.name, mutant.breaks, mutant.suite, mutant.machine,
                          mutant.survives))

    def test_machine_and_reason(self):
        mutant = self.load(HEADER + "Machine: malta-mt\nSurvives: no test\n can\n")
        self.assertEqual(("malta-mt", "no test can"), (mutant.machine, mutant.survives))

    def test_missing_field(self):
        with self.assertRaisesRegex(Failure, "mutant leak has no line 'Suite: ...'"):
            self.load("Breaks: all\n")

    def test_chosen(self):
        one = self.load(HEADER)
        two = dataclasses.replace(one, name="other", machine="malta-mt")
        self.assertEqual([one, two], mutants.chosen([one, two], []))
        self.assertEqual([two], mutants.chosen([one, two], ["malta-mt"]))
        self.assertEqual([one], mutants.chosen([one, two], ["leak"]))
        with self.assertRaisesRegex(Failure, "'x' is neither"):
            mutants.chosen([one, two], ["x"])

    def test_the_stored_ones_name_suites_that_run(self):
        """A suite that does not run gives a mutant away, whatever that breaks."""
        for mutant in mutants.load_all():
            described = dataclasses.replace(machine.load(mutant.machine), source=TOP / "linux")
            self.assertIn(mutant.suite, kunit.suites_of(described), mutant.name)
            self.assertNotIn(mutant.suite, described.kunit_skips, mutant.name)


class Evidence(Scratch):
    def kind(self, *args, **options):
        noticed = mutants.evidence(outcome(*args, **options), ["a"])
        return noticed and noticed[0]

    def test_nothing(self):
        self.assertIsNone(self.kind(group("a", "PASS")))

    def test_failed_cases_are_named(self):
        inner = group("params", "PASS", "FAIL")
        self.assertEqual(("case", "a: 1, params"), mutants.evidence(
            outcome(group("a", "PASS", "FAIL", inner=[inner])), ["a"]))

    def test_a_suite_for_other_hardware_gives_nothing_away(self):
        skipped = outcome(group("a", "PASS"), group("mt", "SKIP"))
        self.assertEqual("crash", mutants.evidence(skipped, ["a"])[0])
        self.assertIsNone(mutants.evidence(skipped, ["a"], ["mt"]))

    def test_report(self):
        self.assertEqual("report", self.kind(group("a", "PASS"), console="BUG: x\n"))

    def test_hang(self):
        self.assertEqual("hang", self.kind(group("a", "PASS"), timed_out="hang: ended"))

    def test_suite_that_did_not_get_its_turn(self):
        self.assertEqual("crash", self.kind(group("b", "PASS")))

    def test_judge(self):
        path = self.folder / "leak.patch"
        path.write_text(f"{HEADER}\n{DIFF}")
        leak = mutants.load(path)
        listed = dataclasses.replace(leak, survives="no test can")
        caught = ("case", "a: 1")
        self.assertIsNone(mutants.judge(leak, caught)[1])
        self.assertIsNone(mutants.judge(listed, None)[1])
        self.assertIn("nothing noticed leak", mutants.judge(leak, None)[1])
        self.assertIn("listed as a survivor", mutants.judge(listed, caught)[1])


class Run(Project):
    """Mutants of a tiny kernel, which is built and run by pretence."""

    def setUp(self):
        super().setUp()
        self.prepare()
        self.stored_ones = self.folder / "stored"
        self.stored_ones.mkdir()
        self.add("good", DIFF)
        for target, name, value in ((mutants, "MUTANTS", self.stored_ones),
                                    (mutants, "LINUX", self.linux),
                                    (mutants, "SCRATCH", self.folder / mutants.TREE),
                                    (mutants.machine, "BUILD", self.folder),
                                    (mutants.boot, "need_qemu", mock.Mock()),
                                    (mutants.report, "TOP", self.folder),
                                    (build, "build_kernel", mock.Mock()),
                                    (build, "build_image", mock.Mock()),
                                    (kunit, "suites_of", lambda described: ["a"]),
                                    (kunit, "run", self.pretend)):
            self.enterContext(mock.patch.object(target, name, value))

    def add(self, name, diff, header=HEADER):
        (self.stored_ones / f"{name}.patch").write_text(f"{header}\n{diff}")

    def pretend(self, described, glob="", timeout=0):
        """Fails if the mutant of DIFF is in the work tree."""
        bad = "gone(" in (described.source / "kernel" / "a.c").read_text()
        return outcome(group("a", "FAIL" if bad else "PASS"), group("ipi-a", "PASS"),
                       group("ipi-mips-cpu", "SKIP"))

    def test_caught_and_the_series_is_left_alone(self):
        mutants.test_all()
        self.assertIn("caught: a: 0", self.said.getvalue())
        self.assertEqual("", Repo(self.linux).text("status", "--porcelain"))

    def test_survivor(self):
        self.add("idle", DIFF.replace("gone", "here"))
        with self.assertRaisesRegex(Refused, "nothing noticed idle"):
            mutants.test_all()
        self.assertIn("1 case, 1 survivor", self.said.getvalue())

    def test_one_that_does_not_apply_is_an_error_and_the_next_one_runs(self):
        self.add("bad", DIFF.replace("function", "no_such"))
        with self.assertRaisesRegex(Refused, "mutant bad does not apply"):
            mutants.test_all()
        self.assertIn("1 case, 1 error", self.said.getvalue())

    def test_the_quick_check(self):
        mutants.check()
        self.add("bad", DIFF.replace("function", "no_such"))
        with self.assertRaisesRegex(Refused, "do not apply: bad; make each change again"):
            mutants.check()

    def test_one_that_does_not_build_is_an_error(self):
        build.build_image.side_effect = Failure("no make")
        with self.assertRaisesRegex(Refused, "mutant good does not build: no make"):
            mutants.test_all()

    def test_a_suite_that_fails_without_a_mutant(self):
        (self.linux / "kernel" / "a.c").write_text("int gone(void);\n")
        self.git("commit", "-qam", "Break")
        with self.assertRaisesRegex(Failure, "without a mutant there is: a: 0"):
            mutants.test_all()

    def test_the_work_tree_follows_the_series(self):
        mutants.test_all()
        self.commit("More", {"kernel/b.c": "int b;\n"})
        tree = mutants.WorkTree()
        self.assertEqual("int b;\n", (tree.path / "kernel" / "b.c").read_text())

    def test_the_work_tree_is_made_anew_after_a_new_import(self):
        mutants.test_all()
        shutil.rmtree(self.linux)
        self.prepare()
        mutants.test_all()
