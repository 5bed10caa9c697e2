# SPDX-License-Identifier: GPL-2.0-only
"""The entry: what the script needs, what may be typed, and the packages of each command."""

import argparse
import contextlib
import os
import shutil
import subprocess
from unittest import mock

from support import TOP, Scratch, write_program

import main
from ipi import commands, packages
from ipi.checks import kunitconfig
from ipi.commands import on_machine
from ipi.common import Failure
from ipi.machines import machine
from ipi.series import base, branch

PROGRAMS = ["dirname", "tr", "sh"]


class Script(Scratch):
    """ipi itself, with programs that pretend."""

    def ipi(self, *words, root=False, missing=()):
        shutil.copy(TOP / "ipi", self.folder)
        for name in PROGRAMS:
            link = self.folder / name
            if not link.exists():
                link.symlink_to(f"/usr/bin/{name}")
        log = f"echo \"$0 $*\" >> {self.folder}/log\n"
        write_program(self.folder, "id", f"echo {0 if root else 1000}")
        for name in ("git", "python3"):
            (self.folder / name).unlink(missing_ok=True)
            if name not in missing:
                write_program(self.folder, name, log.replace("$*", "$* ($# words)"))
        write_program(self.folder, "apt-get", log + "".join(
            f"echo exit >{self.folder}/{name}; /bin/chmod +x {self.folder}/{name}\n"
            for name in missing))
        return subprocess.run([self.folder / "ipi", *words], capture_output=True, text=True,
                              env={**os.environ, "PATH": str(self.folder)}, check=False)

    def log(self):
        return (self.folder / "log").read_text().splitlines()

    def test_all_words_are_handed_over(self):
        self.assertEqual(0, self.ipi("export", "a folder").returncode)
        self.assertRegex(self.log()[-1], r"python3 -B .*/tools/main.py export a folder \(4 words\)")

    def test_nobody_but_root_installs_them(self):
        done = self.ipi("boot", missing=["git"])
        self.assertEqual(1, done.returncode)
        self.assertIn("apt-get install --no-install-recommends -y git \n", done.stderr)
        self.assertNotIn("apt-get", "".join(self.log()))

    def test_root_installs_them_and_says_so(self):
        done = self.ipi("boot", root=True, missing=["git", "python3"])
        self.assertEqual((0, ""), (done.returncode, done.stderr))
        self.assertEqual("packages that are missing: git python3 \n", done.stdout)
        self.assertIn("install --no-install-recommends -y git python3", self.log()[0])


class Container(Scratch):
    """The Containerfile, with an apt-get that pretends."""

    def setUp(self):
        super().setUp()
        lines = (TOP / "Containerfile").read_text().replace("\\\n", "").splitlines()
        for line in lines:
            kind, *words = line.split()
            if kind == "COPY" and words[1] == "/src/":
                shutil.copy(TOP / words[0], self.folder)
            elif kind == "COPY":
                self.assertEqual(f"/src/{words[0]}", words[1])
                shutil.copytree(TOP / words[0], self.folder / words[0])
            elif kind == "RUN":
                script, _, cleaning = line.removeprefix("RUN ").partition("&&     rm -rf ")
                self.assertEqual("/var/lib/apt/lists/*", cleaning)
        self.script = script.replace("/src/", f"{self.folder}/")
        write_program(self.folder, "apt-get", f'echo "$*" >> {self.folder}/log')

    def run_with(self, commands):
        return subprocess.run(["sh", "-c", self.script], capture_output=True, check=False,
                              env={**os.environ, "COMMANDS": commands, "LINUX": "",
                                   "PATH": f"{self.folder}:{os.environ['PATH']}"}).returncode

    def test_what_is_copied_tells_the_packages(self):
        for names in ("boot test check", "bench", "mail"):
            self.assertEqual(0, self.run_with(names))
            told = subprocess.run([TOP / "ipi", "packages", *names.split()], check=True,
                                  capture_output=True, text=True, env={**os.environ, "LINUX": ""})
            self.assertTrue((self.folder / "log").read_text().endswith(
                f" {' '.join(told.stdout.split())}\n"))

    def test_a_command_that_there_is_not(self):
        self.assertNotEqual(0, self.run_with("bot"))


class Words(Scratch):
    """What may be typed."""

    def parse(self, *words):
        with mock.patch.object(main, "run") as run, mock.patch.dict(os.environ):
            status = main.main(words)
            self.base = os.environ.get("IPI_BASE")
        return run.call_args[0][0] if run.called else status

    def refused(self, text, *words):
        with self.assertRaises(SystemExit) as end:
            self.parse(*words)
        self.assertEqual(2, end.exception.code)
        self.assertIn(text, self.noted.getvalue())

    def test_help_names_each_command(self):
        for words in (["help"], []):
            self.assertEqual(0, self.parse(*words))
        for name in commands.NAMES:
            self.assertRegex(self.said.getvalue(), rf"(?m)^    {name} +[A-Z/]")

    def test_each_command_is_a_module(self):
        modules = {path.stem for path in (TOP / "tools/ipi/commands").glob("*.py")}
        self.assertEqual({*commands.NAMES}, modules - {"__init__", "on_machine"})

    def test_each_command_explains_itself(self):
        for name in commands.NAMES:
            with self.assertRaises(SystemExit) as end:
                self.parse(name, "--help")
            self.assertEqual(0, end.exception.code)
            self.assertIn(f"usage: ./ipi {name}", self.said.getvalue())

    def test_unknown(self):
        self.refused("invalid choice: 'fly'", "fly")
        self.refused("unknown machine 'toaster', known are: arm", "boot", "toaster")
        self.refused("invalid choice: 'help'", "packages", "help")
        self.refused("unrecognized arguments: -v", "shell", "-v")
        self.refused("unrecognized arguments: --append=a", "build", "--append=a")
        self.refused("argument part: invalid choice: 'x'", "mail", "x")
        self.refused("argument --base: invalid choice: '5.4'", "--base", "5.4", "boot")

    def test_too_many_words(self):
        for words in (["boot", "malta", "x"], ["prepare", "x"], ["bench", "x"],
                      ["refresh", "--force", "x"], ["export", "a", "folder"]):
            self.refused("unrecognized arguments: ", *words)

    def test_malta_is_the_default(self):
        self.assertEqual("malta", self.parse("stress").machine)
        self.assertEqual("arm", self.parse("stress", "arm").machine)

    def test_further_settings_and_words(self):
        args = self.parse("boot", "--config", "CONFIG_X=y", "--config", "CONFIG_Y=n",
                          "--append", "a b")
        here = on_machine.machine_of(args)
        self.assertEqual(["CONFIG_X=y", "CONFIG_Y=n"], here.settings)
        self.assertTrue(here.append.endswith(" a b"))
        self.refused("'X=y' is not CONFIG_X=y", "boot", "--config", "X=y")

    def test_a_console_to_look_at_meanwhile(self):
        for words, verbose in ((["boot"], None), (["boot", "-v"], "1")):
            with mock.patch.dict(os.environ):
                on_machine.machine_of(self.parse(*words))
                self.assertEqual(verbose, os.environ.get("IPI_VERBOSE"))

    def test_the_base_is_settled_before_the_tools_are_loaded(self):
        self.parse("--base", "7.3", "prepare")
        self.assertEqual("7.3", self.base)

    def test_the_base_may_stand_behind_the_command(self):
        args = self.parse("boot", "--base", "7.3", "arm")
        self.assertEqual(("7.3", "7.3", "arm"), (self.base, args.base, args.machine))


class Packages(Scratch):
    """What the commands ask apt for."""

    def wanted(self, *words):
        with mock.patch.object(main, "run") as run:
            main.main(words)
        self.args = run.call_args[0][0]
        return set(packages.of_command(self.args))

    def test_each_command_has_what_it_runs(self):
        self.set_env(LINUX="")
        for words in (["refresh"], ["queues"], ["packages", "boot"]):
            self.assertEqual(set(), self.wanted(*words), words)
        series = {"xz-utils", "linux-source-6.12"}
        for words in (["prepare"], ["export"]):
            self.assertEqual(series, self.wanted(*words), words)
        self.assertEqual(series | {"perl"}, self.wanted("mail", "core"))
        build = series | {"bc", "bison", "ccache", "flex", "gcc", "libc6-dev", "make", "perl"}
        for command in ("boot", "kunit", "stress", "compare", "shell", "build"):
            self.assertEqual(build | set(machine.load("arm").packages),
                             self.wanted(command, "arm"), command)
        self.assertLessEqual(build | {"gnuplot-nox", "qemu-system-arm"}, self.wanted("bench"))
        self.assertLessEqual(build | set(machine.load("malta-mt-1").packages),
                             self.wanted("kunit", "--mutants"))
        self.assertLessEqual(build | {"gcc-mips-linux-gnu"}, self.wanted("platforms"))

    def test_mutants_of_a_machine(self):
        with mock.patch("ipi.measure.mutants.test_all") as test:
            for words in (["malta-amp", "--mutants"], ["--mutants", "malta-amp"]):
                self.assertEqual(self.wanted("boot", "malta-amp"), self.wanted("kunit", *words))
                commands.load("kunit").run(self.args)
                test.assert_called_with("malta-amp")
        for words in (["-v"], ["--config", "CONFIG_X=y"], ["--append", "x"]):
            with self.assertRaisesRegex(Failure, "--mutants takes no --config"):
                self.wanted("kunit", *words, "--mutants")

    def test_the_checks_have_all(self):
        for command, words, names in (
                ("test", {"gcc-mips-linux-gnu", "codespell", "patch"},
                 ("malta-mt", "riscv", "arm")),
                ("check", {"coccinelle", "sparse", "codespell"},
                 ("malta-mt", "riscv", "arm", "arm64-gicv3"))):
            of_machines = {*packages.of_machines(names)}
            self.assertLessEqual(words | of_machines | {"make"}, self.wanted(command), command)
        for name, arch in kunitconfig.ARCHES.items():
            self.assertLessEqual({*arch.packages}, self.wanted("check"))
            self.assertLessEqual({*arch.packages}, self.wanted("test", f"kunitconfig {name}"))

    def test_one_check_has_its_own(self):
        boot = self.wanted("boot", "malta")
        for words in (["boot malta"], ["document"], ["prepare", "kunit malta-amp"]):
            self.assertEqual(boot, self.wanted("test", *words))
        self.assertEqual(boot | {*packages.CHECK},
                         self.wanted("test", "check", "stress malta"))
        self.assertIn("gcc-mips-linux-gnu", self.wanted("test", "platform bmips"))
        with self.assertRaisesRegex(Failure, "unknown check 'boot toaster'"):
            self.wanted("test", "boot toaster")

    def test_they_can_be_listed(self):
        commands.load("packages").run(argparse.Namespace(name=["boot", "mail"]))
        self.assertEqual(sorted(self.wanted("boot") | {"perl"}), self.said.getvalue().split())

    def test_the_package_of_the_base(self):
        self.set_env(LINUX="")
        self.assertEqual(["linux-source-6.12"], base.packages())
        with mock.patch.object(base, "BASE", "7.3"):
            self.assertEqual([], base.packages())
        self.set_env(LINUX="/some/where")
        self.assertEqual([], base.packages())


class Need(Scratch):
    """packages.need() with an apt-get that pretends."""

    def setUp(self):
        super().setUp()
        self.set_env(PATH=f"{self.folder}:/usr/bin:/bin", CI="")
        self.enterContext(mock.patch.object(packages, "_LOG", self.folder / "apt.log"))
        self.be(root=True)
        write_program(self.folder, "dpkg-query", "echo git installed\necho make config-files\n")
        self.apt("exit 0")

    def be(self, root, tty=False, answer="n"):
        self.enterContext(mock.patch("os.geteuid", lambda: 0 if root else 1000))
        self.enterContext(mock.patch("sys.stdin.isatty", lambda: tty))
        self.enterContext(mock.patch("builtins.input", lambda prompt: answer))

    def apt(self, script):
        write_program(self.folder, "apt-get", f"echo \"$*\" >> {self.folder}/log\n{script}\n")

    def log(self):
        with contextlib.suppress(FileNotFoundError):
            return (self.folder / "log").read_text().splitlines()
        return []

    def test_nothing_missing(self):
        packages.need(["git"])
        self.assertEqual(("", []), (self.said.getvalue(), self.log()))

    def test_what_is_missing_is_said_first(self):
        self.apt("exit 1")
        with self.assertRaisesRegex(Failure, "apt-get could not install: gcc make"):
            packages.need(["git", "make", "gcc"])
        self.assertTrue(self.said.getvalue().startswith("packages that are missing: gcc make\n"))
        install = "install --no-install-recommends -y gcc make"
        self.assertEqual([install, "update", install], self.log())

    def test_a_package_that_apt_does_not_know(self):
        self.set_env(LINUX="")
        self.apt("echo E: Unable to locate package linux-source-6.12; [ $1 = update ]")
        for name, what in (("debian", "add the suite x-security .* or set"), ("ubuntu", "set")):
            release = {"ID": name, "VERSION_CODENAME": "x"}
            with mock.patch("platform.freedesktop_os_release", return_value=release), \
                    self.assertRaisesRegex(Failure, "apt knows no linux-source-6.12; it is in "
                                           f"Debian's security archive: {what} LINUX="):
                packages.need(["linux-source-6.12"])

    def test_a_user_is_asked(self):
        write_program(self.folder, "sudo", 'exec "$@"')
        for tty, answer, env in ((False, "y", ""), (True, "n", ""), (True, "", "")):
            self.be(root=False, tty=tty, answer=answer)
            with self.assertRaisesRegex(Failure, "only root can install them:\napt-get install .*"):
                packages.need(["make"])
            self.assertEqual([], self.log())
        self.be(root=False, tty=True, answer="y")
        packages.need(["make"])
        self.assertEqual(1, len(self.log()))
        self.be(root=False)
        self.set_env(CI="true")
        packages.need(["make"])
        self.assertEqual(2, len(self.log()))

    def test_no_debian(self):
        self.set_env(PATH="/nowhere")
        packages.need(["make"])
        self.assertIn("this is no Debian, so nothing is installed", self.noted.getvalue())


class KeptSource(Scratch):
    """A clone of which LINUX= named the source before."""

    def setUp(self):
        super().setUp()
        self.enterContext(mock.patch.dict(os.environ))
        os.environ.pop("LINUX", None)
        kept = self.folder / ".git" / branch.SOURCE
        kept.parent.mkdir()
        kept.write_text("/some/where\n")

    def test_it_is_taken_again_and_said(self):
        self.assertTrue(branch.take_kept_source(self.folder))
        self.assertEqual("/some/where", os.environ["LINUX"])
        self.assertIn("LINUX=/some/where as before", self.noted.getvalue())

    def test_another_one_or_the_package(self):
        for named in ("/x", ""):
            os.environ["LINUX"] = named
            self.assertFalse(branch.take_kept_source(self.folder))
            self.assertEqual((named, ""), (os.environ["LINUX"], self.noted.getvalue()))
