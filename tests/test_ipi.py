# SPDX-License-Identifier: GPL-2.0-only
"""The entry script: arguments and packages, with programs that only pretend."""

import os
import re
import shutil
import subprocess
from unittest import mock

from support import TOP, Scratch, write_program

from ipi.machines import machine
import main

NEEDED = ["dirname", "sed", "ls", "tr", "sort", "basename", "sh", "cat",
          "date", "env", "mkdir", "tail"]


class Pretended(Scratch):
    """@installed, @root and @sudo say what the pretended machine is like."""

    def setUp(self):
        super().setUp()
        self.top = self.folder / "clone"
        self.top.mkdir()
        shutil.copy(TOP / "ipi", self.top)
        for name in ("tools", "tests", "base", "bench", "configs", "machines"):
            (self.top / name).symlink_to(TOP / name)

    def ipi(self, *words, installed=False, root=False, sudo=None, apt="exit 0"):
        for name in NEEDED:
            link = self.folder / name
            if not link.exists():
                link.symlink_to(f"/usr/bin/{name}")
        log = f"echo \"$0 $*\" >> {self.folder}/log\n"
        write_program(self.folder, "id", f"echo {0 if root else 1000}")
        write_program(self.folder, "dpkg-query",
                      f"echo {'installed' if installed else 'not-installed'}")
        write_program(self.folder, "apt-get", log + apt)
        write_program(self.folder, "python3", log.replace("$*", "$* ($# words) LINUX=$LINUX") +
                      "case $1 in *choose.py) echo 6.12;; esac\n")
        if sudo is not None:
            write_program(self.folder, "sudo", f"[ $1 = -n ] && exit {sudo}; exec \"$@\"")
        return subprocess.run([self.top / "ipi", *words], capture_output=True, text=True,
                              env={**os.environ, "PATH": str(self.folder)}, check=False,
                              stdin=subprocess.DEVNULL)

    def log(self):
        path = self.folder / "log"
        return path.read_text().splitlines() if path.exists() else []


class Entry(Pretended):
    def test_help(self):
        self.assertIn("boot [machine]", self.ipi("help").stdout)
        self.assertEqual(0, self.ipi().returncode)

    def test_commands_are_the_same_everywhere(self):
        """The text for the user, the arguments that are looked at, and what is run."""
        usage = set(re.findall(r"^  ([a-z]+) ", self.ipi("help").stdout, re.M))
        labels = re.findall(r"^([-a-z|]+)\)$", (TOP / "ipi").read_text(), re.M)
        looked_at = set("|".join(labels).split("|"))
        # "kunit --mutants" is a command of its own behind the scenes.
        self.assertEqual({*main.COMMANDS}, usage - {"help"} | {"mutants"})
        self.assertEqual({*main.COMMANDS}, looked_at - {"help", "-h", "--help"})

    def test_unknown_command(self):
        done = self.ipi("fly")
        self.assertEqual(2, done.returncode)
        self.assertIn("unknown command 'fly'", done.stderr)
        self.assertIn("stress [machine]", done.stderr)

    def test_unknown_machine(self):
        done = self.ipi("boot", "toaster")
        self.assertEqual(2, done.returncode)
        self.assertIn("unknown machine 'toaster', known are: arm", done.stderr)
        self.assertEqual([], self.log())

    def test_too_many_words(self):
        for words in (["boot", "malta", "x"], ["prepare", "x"], ["test", "x"],
                      ["refresh", "--force", "x"]):
            self.assertEqual(2, self.ipi(*words).returncode, words)

    def test_a_folder_with_a_space(self):
        self.ipi("export", "a folder", installed=True)
        self.assertIn("main.py export a folder (3 words)", self.log()[0])
        self.assertEqual(2, self.ipi("export", "a", "folder").returncode)

    def test_nothing_missing(self):
        self.assertEqual(0, self.ipi("boot", "malta-mt", installed=True).returncode)
        self.assertEqual(1, len(self.log()))
        self.assertIn("main.py boot malta-mt", self.log()[0])

    def test_malta_is_the_default(self):
        self.ipi("stress", installed=True)
        self.assertIn("main.py stress malta", self.log()[0])

    def test_neither_root_nor_sudo(self):
        done = self.ipi("boot")
        self.assertEqual(1, done.returncode)
        lines = done.stderr.splitlines()
        self.assertEqual(2, len(lines), lines)
        self.assertIn("only root can install", lines[0])
        self.assertTrue(lines[1].startswith("apt-get install --no-install-recommends -y"))
        for package in ("python3", "qemu-system-mips", "linux-source-6.12",
                        "gcc-mipsisa64r6el-linux-gnuabi64"):
            self.assertIn(f" {package}", lines[1])
        self.assertNotIn("mipsel", lines[1])
        self.assertEqual([], self.log())

    def test_sudo_that_wants_a_password(self):
        done = self.ipi("boot", sudo=1)
        self.assertEqual(1, done.returncode)
        self.assertIn("apt-get install", done.stderr)

    def test_root_installs_what_the_command_needs(self):
        self.ipi("prepare", root=True)
        self.assertIn("-y git linux-source-6.12 python3 xz-utils", self.log()[0])
        self.assertIn("main.py prepare", self.log()[1])

    def test_sudo_installs(self):
        self.ipi("prepare", sudo=0)
        self.assertIn("apt-get install", self.log()[0])

    def test_lists_are_updated_when_a_package_is_not_found(self):
        done = self.ipi("prepare", root=True,
                        apt="[ $1 = update ] || { echo no package; exit 100; }")
        self.assertIn("no package", done.stderr)
        self.assertEqual(1, done.returncode)
        self.assertIn("could not install: git", done.stderr)
        self.assertEqual(["install", "update", "install"],
                         [line.split()[1] for line in self.log()])

    def test_own_base_needs_no_package(self):
        self.set_env(LINUX="/some/where")
        self.assertNotIn("linux-source", self.ipi("prepare").stderr)


class Packages(Pretended):
    """What the commands ask apt for."""

    def wanted(self, *words):
        self.ipi(*words, root=True)
        log = self.folder / "log"
        installed = next(line for line in self.log() if "apt-get" in line)
        log.unlink()
        return set(installed.split(" -y ")[1].split())

    def test_each_command_has_what_it_runs(self):
        series = {"git", "python3", "xz-utils", "linux-source-6.12"}
        for words in (["prepare"], ["refresh"], ["export"], ["queues"]):
            self.assertEqual(series, self.wanted(*words), words)
        self.assertEqual(series | {"perl"}, self.wanted("mail", "core"))
        build = series | {"bc", "bison", "ccache", "flex", "gcc", "libc6-dev", "make", "perl"}
        for command in ("boot", "kunit", "stress", "compare", "shell"):
            self.assertEqual(build | set(machine.load("arm").packages),
                             self.wanted(command, "arm"), command)
        self.assertLessEqual(build | {"gnuplot-nox", "qemu-system-arm"}, self.wanted("bench"))
        self.assertLessEqual(build | set(machine.load("malta-mt").packages),
                             self.wanted("kunit", "--mutants"))
        self.assertLessEqual(build | {"gcc-mips-linux-gnu"}, self.wanted("platforms"))

    def test_the_checks_have_all(self):
        for command, words in (("test", {"gcc-mips-linux-gnu", "codespell", "patch"}),
                               ("check", {"coccinelle", "sparse", "codespell", "dt-schema",
                                          "libelf-dev", "qemu-system-x86"})):
            machines = {word for name in machine.names() for word in machine.load(name).packages}
            self.assertLessEqual(words | machines | {"make"}, self.wanted(command), command)

    def test_no_package_for_a_base_of_another_suite(self):
        self.assertEqual({"git", "python3", "xz-utils"}, self.wanted("--base", "7.3", "prepare"))


class KeptSource(Pretended):
    """A clone of which LINUX= named the source before."""

    def setUp(self):
        super().setUp()
        self.enterContext(mock.patch.dict(os.environ))
        os.environ.pop("LINUX", None)
        for folder, source in (("build", "/some/where"), ("build/7.3", "/else/where")):
            kept = self.top / folder / "linux/.git/ipi-source"
            kept.parent.mkdir(parents=True)
            kept.write_text(source)

    def test_it_is_taken_again_and_said(self):
        done = self.ipi("prepare", root=True)
        self.assertIn("LINUX=/some/where as before", done.stderr)
        self.assertNotIn("linux-source", self.log()[0])
        self.assertTrue(self.log()[-1].endswith("main.py prepare (2 words) LINUX=/some/where"))

    def test_each_base_has_its_own(self):
        self.ipi("--base", "7.3", "prepare", root=True)
        self.assertTrue(self.log()[-1].endswith("main.py prepare (2 words) LINUX=/else/where"))

    def test_an_empty_one_takes_the_package(self):
        self.set_env(LINUX="")
        done = self.ipi("prepare", root=True)
        self.assertNotIn("as before", done.stderr)
        self.assertIn("linux-source", self.log()[0])
        self.assertTrue(self.log()[-1].endswith("main.py prepare (2 words) LINUX="))
