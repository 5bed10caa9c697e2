# SPDX-License-Identifier: GPL-2.0-only
"""A row that differs is found, and only what a machine names is let through."""

import unittest

from support import TOP

import compare
import machine

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


class Machines(unittest.TestCase):
    def test_the_base_is_another_kernel_of_the_same_machine(self):
        malta = machine.load("malta-8")
        base = malta.on_tree("base")
        self.assertEqual(TOP / "build" / "base" / "malta", base.kernel_folder)
        self.assertEqual(TOP / "build" / "base" / "linux", base.source)
        self.assertNotIn("kunit", base.configs)
        self.assertEqual(malta.qemu, base.qemu)
