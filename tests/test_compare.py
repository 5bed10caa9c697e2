# SPDX-License-Identifier: GPL-2.0-only
"""A row that differs is found, and only what a machine names is let through."""

import dataclasses
import unittest
from unittest import mock

from support import EDITED, LONG, TOP, Project

from ipi.common import Refused
from ipi.machines import kernel_log, machine, report
from ipi.measure import compare

BASE = """\
           CPU0       CPU1
 16:         48         15  MIPS GIC Local   7 Edge      timer
 26:         48         15  MIPS GIC 127 Edge      IPI call
 27:          6         10  MIPS GIC 128 Edge      IPI call
IPI1:         6         10  Function call interrupts
ERR:          0
"""


class Rows(unittest.TestCase):
    def test_only_the_counts_go(self):
        self.assertEqual(["16: MIPS GIC Local 7 Edge timer",
                          "26: MIPS GIC 127 Edge IPI call",
                          "27: MIPS GIC 128 Edge IPI call",
                          "IPI1: Function call interrupts", "ERR:"],
                         compare.rows(BASE))

    def test_a_number_after_the_counts_stays(self):
        self.assertEqual(["5: 30 timer"], compare.rows("  CPU0 CPU1\n 5: 1 2 30 timer\n"))


class Judge(unittest.TestCase):
    def faults(self, series, changed=()):
        return compare.judge(compare.rows(BASE), series, changed)[1]

    def test_the_same_passes(self):
        self.assertEqual([], self.faults(compare.rows(BASE)))

    def test_each_difference_is_a_fault(self):
        for at, row in enumerate(compare.rows(BASE)):
            series = compare.rows(BASE)
            series[at] = row + "x"
            self.assertCountEqual([f"a row differs: - {row}", f"a row differs: + {row}x"],
                                  self.faults(series))
            del series[at]
            self.assertEqual([f"a row differs: - {row}"], self.faults(series))

    def test_named_differences_pass(self):
        series = [row for row in compare.rows(BASE) if "IPI call" not in row]
        self.assertEqual([], self.faults(series, [r"\d+: MIPS GIC \d+ Edge IPI call"]))

    def test_a_pattern_lets_only_its_rows_through(self):
        self.assertEqual(["a row differs: - 16: MIPS GIC Local 7 Edge timer",
                          "no row differs by 'ERR:'"],
                         self.faults(compare.rows(BASE)[1:], ["ERR:"]))


class Boots(Project):
    """compare() with boots that are given, of whichever tree is there then."""

    LOG = (TOP / "tests/logs/good.log").read_text()

    def setUp(self):
        super().setUp()
        self.prepare()
        self.commit("a: Edit", {"kernel/a.c": EDITED})
        for target, name, value in ((compare, "LINUX", self.linux), (report, "TOP", self.folder),
                                    (machine, "BUILD", self.folder / "build"),
                                    (compare.boot, "run_boot", self.run_boot)):
            self.enterContext(mock.patch.object(target, name, value))
        self.malta = dataclasses.replace(machine.load("malta"), source=self.linux, changed=[])
        self.logs = {LONG: self.LOG, EDITED: self.LOG}

    def run_boot(self, here):
        return kernel_log.Run(self.logs[(here.source / "kernel/a.c").read_text()], 0)

    def refused(self, text):
        with self.assertRaisesRegex(Refused, text):
            compare.compare(self.malta)

    def test_the_same_rows(self):
        compare.compare(self.malta)
        self.assertIn("PASS: compare malta", self.said.getvalue())

    def test_a_row_of_the_series_that_differs(self):
        self.logs[EDITED] = self.LOG.replace("MIPS GIC 127  IPI call", "MIPS GIC 128  IPI call")
        self.refused("compare malta: a row differs: - 26: MIPS GIC 127 IPI call")
        self.malta.changed.append(r"26: MIPS GIC \d+ IPI call")
        compare.compare(self.malta)
        self.assertIn("+ 26: MIPS GIC 128 IPI call   (intended)", self.said.getvalue())

    def test_a_boot_that_fails(self):
        for tree, name in ((EDITED, "malta"), (LONG, "base/malta")):
            with mock.patch.dict(self.logs, {tree: self.LOG.replace("ipi: done", "")}):
                self.refused(f"boot {name}: the end marker is not there")


class Machines(unittest.TestCase):
    def test_the_base_is_another_kernel_of_the_same_machine(self):
        malta = machine.load("malta-8")
        base = malta.on_tree("base")
        self.assertEqual(TOP / "build" / "base" / "malta", base.kernel_folder)
        self.assertEqual(TOP / "build" / "base" / "linux", base.source)
        self.assertNotIn("kunit", base.configs)
        self.assertEqual(malta.qemu, base.qemu)
