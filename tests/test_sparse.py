# SPDX-License-Identifier: GPL-2.0-only
"""Sparse, W=1 and coccinelle on the touched files, with programs that pretend."""

import dataclasses
import re
import subprocess
import sys
from unittest import mock

from support import EDITED, LONG, Kernels, Scratch, kernel_files, write_program

from ipi.checks import coccinelle, sparse
from ipi.common import Failure, Refused
from ipi.machines import machine

# Says what a comment in a file wants it to; "fails" makes it break down.
SPATCH = """\
import re, sys
for name in sys.argv[1:]:
    text = open(name).read() if name.endswith(".c") else ""
    for line in re.findall("// cocci: (.*)", text):
        print(f"{name}:3:1-5: {line}")
    if "// fails" in text:
        sys.exit("out of memory")
"""


class Checked(Kernels):
    """The series and the base have a complaint each where @old and @new say so."""

    def setUp(self):
        super().setUp()
        load = machine.load
        self.enterContext(mock.patch.object(
            machine, "load", lambda name: dataclasses.replace(load(name), source=self.linux)))
        for module in (sparse, coccinelle):
            self.enterContext(mock.patch.object(module, "LINUX", self.linux))
        self.enterContext(mock.patch.object(sparse, "MACHINES", ("malta", "arm")))

    def series(self, old, new, **files):
        self.use_base(kernel_files(sublevel=6, **{"kernel/a.c": f"// {old}\n{LONG}"}), "o.tar.xz")
        self.prepare()
        self.commit("a: Edit", {"kernel/a.c": f"// {new}\n{EDITED}", **files})

    def refused(self, check, text):
        with self.assertRaisesRegex(Refused, text):
            check()


class Static(Checked):
    def test_what_the_base_is_told_is_no_complaint(self):
        self.series("sparse: odd", "sparse: odd")
        sparse.static()

    def test_more_is_one(self):
        self.series("sparse: odd", "sparse: odd\n// sparse: new")
        self.refused(sparse.static, "check: 1 complaints\n  kernel/a.c: warning: new$")

    def test_w1_and_sparse_are_asked_of_the_touched_files_only(self):
        self.series("", "")
        sparse.static()
        self.assertTrue(self.made("C=1", "W=1", f"CHECK={sparse.SPARSE}", "kernel/a.o"))
        self.assertEqual([], self.made("kernel/b.o"))

    def test_a_file_is_checked_on_the_first_machine_that_builds_it(self):
        self.series("", "")
        sparse.static()
        self.assertEqual(1, len(self.made("C=1")))

    def test_a_file_that_only_a_platform_has(self):
        self.enterContext(mock.patch.object(sparse, "PLATFORMS", {"lantiq": ["lib/new.o"]}))
        self.series("", "", **{"lib/new.c": LONG})
        sparse.static()
        self.assertTrue(self.made("xway_defconfig"))
        self.assertTrue(self.made("C=1", "W=1", "lib/new.o"))

    def test_a_complaint_on_a_platform(self):
        self.enterContext(mock.patch.object(sparse, "PLATFORMS", {"lantiq": ["kernel/a.o"]}))
        self.enterContext(mock.patch.object(sparse, "MACHINES", ()))
        self.series("sparse: odd", "sparse: odd\n// sparse: new")
        self.refused(sparse.static, "check: 1 complaints\n  kernel/a.c: warning: new$")

    def test_a_lock_that_guard_releases(self):
        said = "// sparse: context imbalance in 'f' - wrong count at exit\n"
        lock, guard = ("static int f(int a,\n\t\tint b)\n{\n\t" + what + "(&l);\n}\n"
                       for what in ("raw_spin_lock", "guard(raw_spinlock)"))
        self.series("", "", **{"lib/new.c": said + guard})
        self.enterContext(mock.patch.object(sparse, "PLATFORMS", {"lantiq": ["lib/new.o"]}))
        sparse.static()
        self.commit("a: Lock", {"lib/new.c": said + lock + guard.replace("f(", "g(")})
        self.refused(sparse.static, "lib/new.c: warning: context imbalance")
        both = guard.replace("\n}", "\n\traw_spin_lock_irq(&m);\n}")
        self.commit("a: Lock, too", {"lib/new.c": said + both})
        self.refused(sparse.static, "lib/new.c: warning: context imbalance")

    def test_a_program_is_no_object(self):
        self.enterContext(mock.patch.object(sparse, "PROGRAMS", {"lib/new.o"}))
        self.series("", "", **{"lib/new.c": LONG})
        sparse.static()

    def test_a_file_that_no_machine_builds(self):
        self.series("", "", **{"lib/new.c": LONG})
        self.refused(sparse.static, "check: 1 complaints\n  no machine builds lib/new.o")


class WhatSparseDoesNotKnow(Scratch):
    """The program that is called in its place."""

    def told(self, *words):
        write_program(self.folder, "sparse", 'printf "%s\\n" "$@"\n')
        done = subprocess.run([sparse.SPARSE, *words], capture_output=True, text=True, check=True,
                              env={"PATH": f"{self.folder}:/usr/bin:/bin"})
        return done.stdout.splitlines()

    def test_extensions_of_riscv(self):
        self.assertEqual(self.told("-march=rv64imac_zihintpause", "-W_x", "a b.c")[-3:],
                         ["-march=rv64imac", "-W_x", "a b.c"])

    def test_the_length_of_a_string(self):
        self.assertIn("-D__builtin_strlen(x)=(sizeof(x) - 1)", self.told("a.c"))

    def test_the_operator_that_drops_qualifiers(self):
        self.assertIn("-D__typeof_unqual__=__typeof__", self.told("a.c"))


class Cocci(Checked):
    def setUp(self):
        super().setUp()
        (self.folder / "spatch.py").write_text(SPATCH)
        write_program(self.folder, "spatch", f"echo $* >> {self.folder}/asked\n"
                      f'exec {sys.executable} {self.folder}/spatch.py "$@"')

    def series(self, old, new, **files):
        super().series(old, new, **{
            f"{coccinelle.RULES}/free/x.cocci": "// Options: --no-includes\nvirtual report\n",
            f"{coccinelle.RULES}/api/y.cocci": "virtual patch\n", **files})

    def asked(self):
        return (self.folder / "asked").read_text().splitlines()

    def test_what_the_base_is_told_is_no_complaint(self):
        self.series("cocci: leak on line 3", "cocci: leak on line 9")
        coccinelle.cocci()

    def test_more_is_one(self):
        self.series("cocci: leak", "cocci: leak\n// cocci: twice")
        self.refused(coccinelle.cocci, "check: 1 complaints\n  kernel/a.c: twice$")

    def test_the_options_of_a_rule_and_the_touched_files_are_given(self):
        self.series("", "")
        coccinelle.cocci()
        told, = self.asked()
        self.assertTrue(re.search("x.cocci --no-includes .* kernel/a.c$", told), told)

    def test_a_rule_that_only_rewrites_is_not_asked(self):
        self.series("", "")
        coccinelle.cocci()
        self.assertNotIn("y.cocci", "".join(self.asked()))

    def test_a_new_file_is_not_asked_of_the_base(self):
        self.series("", "", **{"lib/new.c": "// cocci: leak\n"})
        self.refused(coccinelle.cocci, "lib/new.c: leak")
        series, base = self.asked()
        self.assertTrue(series.endswith(" kernel/a.c lib/new.c") and base.endswith(" kernel/a.c"))

    def test_a_rule_that_breaks_down(self):
        self.series("", "fails")
        with self.assertRaisesRegex(Failure, "spatch failed with x.cocci:\nout of memory"):
            coccinelle.cocci()

    def test_a_base_without_rules(self):
        super().series("", "")
        self.refused(coccinelle.cocci, "check: the base has no rules in scripts/coccinelle")
