# SPDX-License-Identifier: GPL-2.0-only
"""The logs of builds that are not booted."""

import unittest
from unittest import mock

import support  # noqa: F401 (finds tools/)

import platforms


class Platforms(unittest.TestCase):
    def test_descriptions_are_complete(self):
        for name, platform in platforms.load().items():
            for field in ("arch", "cross", "defconfig", "targets", "packages"):
                self.assertTrue(platform[field], f"{name}: {field}")

    def test_a_change_of_the_defconfig(self):
        for platform, changes in (({}, 0), ({"change": ["--disable", "SMP"]}, 1)):
            with mock.patch("platforms.run") as run, mock.patch("platforms._make") as make:
                platforms._change("x", platform)
            self.assertEqual((changes, changes), (run.call_count, make.call_count))
            if changes:
                self.assertEqual(["--disable", "SMP"], run.call_args.args[0][-2:])
                self.assertEqual("olddefconfig", make.call_args.args[-1])

    def test_a_clean_log_passes(self):
        self.assertEqual([], platforms.warnings_in("  CC      kernel/irq/ipi.o\n"))

    def test_each_kind_of_complaint_is_found(self):
        for line in ("x.c:3:5: warning: unused variable 'y' [-Wunused-variable]",
                     "x.c:3:5: error: 'y' undeclared",
                     "make[3]: *** [x.o] Error 1",
                     "x.o: undefined reference to `y'"):
            self.assertEqual([line], platforms.warnings_in(f"  CC  x.o\n{line}\n"))

    def test_only_what_the_base_warns_of_is_let_through(self):
        own = "a.c:1:6: warning: no previous prototype for 'own' [-W]"
        new = "a.c:2:6: warning: no previous prototype for 'new' [-W]"
        self.assertEqual([new], platforms.warnings_in(f"{own}\n{new}\n", ["own"]))
