# SPDX-License-Identifier: GPL-2.0-only
"""What the tests share: tools/ on the path, tiny kernels, fake programs."""

import contextlib
import io
import json
import os
import subprocess
import sys
import tarfile
import tempfile
import unittest
from pathlib import Path
from unittest import mock

TOP = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TOP / "tools"))

from ipi import git  # noqa: E402
from ipi.checks import round_trip  # noqa: E402
from ipi.git import Repo  # noqa: E402
from ipi.machines import build, machine  # noqa: E402
from ipi.series import base, branch, export, mail, patchfile  # noqa: E402

MAKEFILE = "VERSION = {}\nPATCHLEVEL = {}\nSUBLEVEL = {}\n"
LONG = "".join(f"int function_number_{i:03}(void);\n" for i in range(60))
EDITED = LONG.replace("_005", "_five")
# Says what it was asked, in the names of those whom it finds in MAINTAINERS.
FINDER = """open(F, "MAINTAINERS"); my @list = <F>; my $told = join(" ", @ARGV);
print grep { /list/ ? $told =~ /--no-m/ : 1 } @list;
"""
NEW = "".join(f"long something_else_{i:03}(int);\n" for i in range(60))


def kernel_files(version=6, patchlevel=12, sublevel=5, **changed):
    """A kernel of a few files, as {path: text}."""
    files = {"Makefile": MAKEFILE.format(version, patchlevel, sublevel), ".gitignore": "/*\n*.o\n",
             "kernel/a.c": LONG, "kernel/b.c": LONG.replace("function", "other"),
             "kernel/old.c": LONG.replace("function", "old"), "lib/Kconfig": "config X\n",
             "MAINTAINERS": "Rafał M. <m@x>\nlist@x\n", "scripts/get_maintainer.pl": FINDER}
    return {**files, **changed}


def make_tarball(path, files):
    with tarfile.open(path, "w:xz", preset=0) as tar:
        for name, text in files.items():
            info, data = tarfile.TarInfo(f"linux-source/{name}"), text.encode()
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))


def write_program(folder, name, script):
    path = folder / name
    path.write_text("#!/bin/sh\n" + script)
    path.chmod(0o755)


def group(name, *cases, inner=()):
    """A suite in kunit.py's JSON; the statuses of its cases are @cases."""
    return {"name": name, "sub_groups": list(inner),
            "test_cases": [{"name": str(i), "status": s} for i, s in enumerate(cases)]}


class Scratch(unittest.TestCase):
    """A scratch folder; what the tools say is kept in self.said."""

    def setUp(self):
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.said = self.enterContext(contextlib.redirect_stdout(io.StringIO()))
        self.noted = self.enterContext(contextlib.redirect_stderr(io.StringIO()))

    def set_env(self, **env):
        self.enterContext(mock.patch.dict(os.environ, env))


class Project(Scratch):
    """A project on a tiny kernel: self.top, and self.linux once prepared."""

    def setUp(self):
        super().setUp()
        self.top = self.folder / "top"
        self.linux = self.top / "build" / "linux"
        self.stored = patchfile.Stored(self.top)
        (self.top / "patches").mkdir(parents=True)
        self.use_base(kernel_files())
        self.enterContext(mock.patch.object(base, "NEEDED_BYTES", 0))
        for module in (mail, export, round_trip):
            self.enterContext(mock.patch.object(module, "BUILD", self.folder))

    def use_base(self, files, name="base.tar.xz"):
        make_tarball(self.folder / name, files)
        self.set_env(LINUX=str(self.folder / name))

    def prepare(self, force=False):
        branch.prepare(force, self.linux, self.top)
        return Repo(self.linux)

    def refresh(self, force=False):
        branch.refresh(force, self.linux, self.top)

    def commit(self, subject, files, body="", **options):
        """Commits {path: text, or None to remove} in build/linux."""
        for name, text in files.items():
            path = self.linux / name
            if text is None:
                path.unlink()
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
        self.git("add", "-A")
        self.git("commit", "-q", "-m", subject, *(["-m", body] if body else []),
                 **options)

    def git(self, *args, author="A <a@b>"):
        subprocess.run(["git", "-C", str(self.linux), *args], check=True, capture_output=True,
                       env={**os.environ, **git.identity(author)})

    def tree(self):
        return Repo(self.linux).tree("HEAD")


class Kernels(Project):
    """A project whose kernels a make that pretends builds, in self.folder/build."""

    def setUp(self):
        super().setUp()
        write_program(self.folder, "make",
                      f'exec {sys.executable} -B {TOP}/tests/fake_make.py "$@"')
        for cross in {machine.load(name).cross for name in machine.names()}:
            write_program(self.folder, f"{cross}gcc", "exit 0")
        self.set_env(PATH=f"{self.folder}:{os.environ['PATH']}",
                     MAKE_LOG=str(self.folder / "make.log"))
        (self.folder / "configs").symlink_to(TOP / "configs")
        self.enterContext(mock.patch.object(build, "TOP", self.folder))
        self.enterContext(mock.patch.object(machine, "BUILD", self.folder / "build"))
        self.prepare()

    def made(self, *words):
        """What kernel/a.c was in each call of make that had all of @words."""
        lines = (self.folder / "make.log").read_text().splitlines()
        return [text for told, text in map(json.loads, lines) if {*words} <= {*told}]
