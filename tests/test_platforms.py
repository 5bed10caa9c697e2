# SPDX-License-Identifier: GPL-2.0-only
"""The logs of builds that are not booted."""

import os
from unittest import mock

from support import Scratch, write_program

from ipi.checks import platforms
from ipi.common import Failure, Refused
from ipi.machines import build, machine


class Platforms(Scratch):
    def test_descriptions_are_complete(self):
        for name, platform in platforms.load().items():
            for field in ("arch", "cross", "defconfig", "targets", "packages"):
                self.assertTrue(platform[field], f"{name}: {field}")

    def test_a_change_of_the_defconfig(self):
        here = mock.Mock(kernel_folder=self.folder)
        here.name = "x"
        config = self.folder / ".config"
        platform = {"defconfig": "x_defconfig", "change": "# CONFIG_SMP is not set\n"}
        for granted in (True, False):
            def make(_here, _log, word, granted=granted):
                if word == "x_defconfig":
                    config.write_text("CONFIG_SMP=y\n")
                else:
                    self.assertEqual("olddefconfig", word)
                    self.assertTrue(config.read_text().endswith(platform["change"]))
                    config.write_text(platform["change"] if granted else "CONFIG_SMP=y\n")
            with mock.patch("ipi.machines.build.make", make):
                if granted:
                    platforms.configure(here, platform)
                    continue
                with self.assertRaisesRegex(Failure, "does not grant x CONFIG_SMP=n"):
                    platforms.configure(here, platform)

    def test_ccache_is_used_where_it_is(self):
        write_program(self.folder, "make", 'echo "$@"')
        write_program(self.folder, "mips-linux-gnu-gcc", "exit 0")
        self.enterContext(mock.patch.object(machine, "BUILD", self.folder))
        here, log = platforms.machine_of("bmips"), self.folder / "log"
        for wanted in ("CC=mips-linux-gnu-gcc ", "CC=ccache mips-linux-gnu-gcc "):
            self.set_env(PATH=str(self.folder))
            build.make(here, log, "x")
            self.assertIn(wanted, log.read_text())
            write_program(self.folder, "ccache", "exit 0")

    def build(self, said):
        """A make that says something of what is not compiled yet."""
        write_program(self.folder, "make", f"""
for word do case $word in O=*) out=${{word#O=}} ;; esac; done
[ $word = bmips_stb_defconfig ] || [ -e $out/x.o ] || echo "{said}"
""")
        self.set_env(PATH=f"{self.folder}:{os.environ['PATH']}")
        known = {"bmips": {"arch": "mips", "cross": "", "defconfig": "bmips_stb_defconfig",
                           "targets": ["kernel/irq/"], "packages": ["gcc"]}}
        with mock.patch.object(machine, "BUILD", self.folder), \
             mock.patch.object(platforms, "load", return_value=known):
            platforms.build_one("bmips")

    def test_a_platform_that_warns(self):
        self.build("  CC  x.o")
        with self.assertRaisesRegex(Refused, "platform bmips: x.c:1:1: warning: y"):
            self.build("x.c:1:1: warning: y")

    def test_what_was_compiled_before_warns_again(self):
        (self.folder / "platforms/bmips").mkdir(parents=True)
        (self.folder / "platforms/bmips/x.o").write_text("")
        with self.assertRaisesRegex(Refused, "platform bmips: x.c:1:1: warning: y"):
            self.build("x.c:1:1: warning: y")

    def test_a_clean_log_passes(self):
        self.assertEqual([], platforms.warnings_in("  CC      kernel/irq/ipi.o\n"))

    def test_each_kind_of_complaint_is_found(self):
        for line in ("x.c:3:5: warning: unused variable 'y' [-Wunused-variable]",
                     "x.c:3:5: error: 'y' undeclared",
                     "make[3]: *** [x.o] Error 1",
                     "x.o: undefined reference to `y'"):
            self.assertEqual([line], platforms.warnings_in(f"  CC  x.o\n{line}\n"))

    def test_only_what_the_base_warns_of_is_let_through(self):
        own = ("a.c:1:6: warning: no previous prototype for 'own' [-W]\n"
               "a.c:1:6: warning: no previous prototype for ‘own’ [-W]")
        new = "a.c:2:6: warning: no previous prototype for 'new' [-W]"
        self.assertEqual([new], platforms.warnings_in(f"{own}\n{new}\n", ["own"]))

    def test_a_known_name_lets_nothing_else_through(self):
        for line in ("a.c:2:6: warning: no previous prototype for 'own_new' [-W]",
                     "a.c:2:6: error: 'own' undeclared", "own.c:2:6: warning: odd",
                     "a.o: undefined reference to `own'"):
            self.assertEqual([line], platforms.warnings_in(line, ["own"]))
