# SPDX-License-Identifier: GPL-2.0-only
"""Every patch by itself, with a make and a boot that pretend."""

from unittest import mock

from support import EDITED, LONG, TOP, Kernels, kernel_files

from ipi.checks import each_patch
from ipi.common import Failure, Refused
from ipi.machines import kernel_log, machine, report

LOG = (TOP / "tests/logs/good.log").read_text()
# As on the base, whose IPIs have other rows.
NO_ROWS = LOG.replace("IPI call", "x").replace("IPI resched", "x")


class EachPatch(Kernels):
    def setUp(self):
        super().setUp()
        self.consoles = []
        for target, name, value in ((each_patch, "LINUX", self.linux),
                                    (each_patch.boot, "run_built", self.run_built),
                                    (each_patch.build, "build_initramfs", mock.Mock()),
                                    (report, "TOP", self.folder)):
            self.enterContext(mock.patch.object(target, name, value))

    def run_built(self, here):
        self.booted.append((here.name, (here.source / "kernel/a.c").read_text()))
        return kernel_log.Run(self.consoles.pop(0) if self.consoles else NO_ROWS, 0)

    def each(self, *consoles):
        """Runs it; what the boots are to say first."""
        self.booted, self.consoles = [], [*consoles]
        each_patch.each_patch()

    def edit(self, text, subject="a: Edit"):
        self.commit(subject, {"kernel/a.c": text})

    def refused(self, error, text):
        with self.assertRaisesRegex(error, text):
            self.each()

    def test_each_is_built_and_booted(self):
        self.edit(EDITED)
        self.edit(EDITED + "int more;\n")
        self.each()
        trees = [LONG, EDITED, EDITED + "int more;\n"]
        for name in each_patch.BUILT:
            folder = machine.load(name).on_tree("patch").kernel_folder
            image = machine.load(name).image.rpartition("/")[2]
            self.assertEqual(trees, self.made(f"O={folder}", "KCFLAGS=-Werror", image))
        self.assertEqual([("patch/malta", tree) for tree in trees[1:]], self.booted)
        self.assertIn("PASS: each of 2 patches builds and boots", self.said.getvalue())

    def test_a_patch_that_a_later_one_mends(self):
        self.edit(EDITED + "// warns: unused\n")
        self.edit(EDITED)
        self.refused(Failure, "(?s)make .* for patch/malta failed.*kernel/a.c:1:1: warning: unused")
        self.assertIn("patch 1 of 2 on malta ...", self.said.getvalue())

    def test_a_complaint_of_sparse(self):
        self.edit("// sparse: old\n" + LONG)
        self.refused(Refused, "'a: Edit': kernel/a.c: warning: old")

    def test_what_its_parent_was_told_is_no_complaint(self):
        files = kernel_files(sublevel=6, **{"kernel/a.c": "// sparse: old\n" + LONG})
        self.use_base(files, "other.tar.xz")
        self.prepare()
        self.edit("// sparse: old\n" + EDITED)
        self.each()
        self.edit("// sparse: old\n// sparse: new\n" + EDITED, "a: Worse")
        self.refused(Refused, "'a: Worse': kernel/a.c: warning: new")

    def test_what_an_earlier_run_built_is_not_taken_for_it(self):
        self.edit(EDITED)
        for name in each_patch.BUILT:
            stray = machine.load(name).on_tree("patch").kernel_folder / "kernel/stray.o"
            stray.parent.mkdir(parents=True)
            stray.write_text("")
        self.each()
        self.assertEqual([], list((self.folder / "build/patch").rglob("stray.o")))

    def test_a_boot_that_fails(self):
        self.edit(EDITED)
        with self.assertRaisesRegex(Refused, "boot patch/malta at 'a: Edit': the kernel reports"):
            self.each(NO_ROWS.replace("ipi: done", "BUG: x\nipi: done"))

    def test_the_rows_have_to_be_there_from_the_patch_which_brings_them(self):
        self.edit(EDITED)
        self.commit("MIPS: smp: Switch", {each_patch.SWITCH: f"{each_patch.NEW_SEND}();\n"})
        self.each(NO_ROWS, LOG)
        with self.assertRaisesRegex(Refused, "at 'MIPS: smp: Switch': 0 rows 'IPI call', not 1"):
            self.each(NO_ROWS, NO_ROWS)

    def test_the_names_it_looks_for_are_in_the_series(self):
        self.assertIn(each_patch.NEW_SEND, (TOP / "linux" / each_patch.SWITCH).read_text())
