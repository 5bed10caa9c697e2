# SPDX-License-Identifier: GPL-2.0-only
"""What the tests share: tools/ on the path, tiny kernels, fake programs."""

import contextlib
import io
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

import base  # noqa: E402
import branch  # noqa: E402
import patchfile  # noqa: E402
from git import Repo  # noqa: E402

MAKEFILE = "VERSION = 6\nPATCHLEVEL = {}\nSUBLEVEL = {}\n"
LONG = "".join(f"int function_number_{i:03}(void);\n" for i in range(60))
EDITED = LONG.replace("_005", "_five")
NEW = "".join(f"long something_else_{i:03}(int);\n" for i in range(60))


def kernel_files(patchlevel=12, sublevel=5, **changed):
    """A kernel of a few files, as {path: text}."""
    files = {"Makefile": MAKEFILE.format(patchlevel, sublevel), ".gitignore": "/*\n*.o\n",
             "kernel/a.c": LONG, "kernel/b.c": LONG.replace("function", "other"),
             "kernel/old.c": LONG.replace("function", "old"), "lib/Kconfig": "config X\n"}
    return {**files, **changed}


def make_tarball(path, files):
    with tarfile.open(path, "w:xz", preset=0) as tar:
        for name, text in files.items():
            info = tarfile.TarInfo(f"linux-source/{name}")
            info.size = len(text)
            tar.addfile(info, io.BytesIO(text.encode()))


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
        self.enterContext(mock.patch.object(branch, "BUILD", self.folder))

    def use_base(self, files, name="base.tar.xz"):
        make_tarball(self.folder / name, files)
        self.set_env(LINUX=str(self.folder / name))

    def prepare(self, force=False):
        branch.prepare(force, self.linux, self.top)
        return Repo(self.linux)

    def refresh(self, force=False):
        branch.refresh(force, self.linux, self.top)

    def commit(self, subject, files, body=""):
        """Commits {path: text, or None to remove} in build/linux."""
        for name, text in files.items():
            path = self.linux / name
            if text is None:
                path.unlink()
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
        self.git("add", "-A")
        self.git("commit", "-q", "-m", subject, *(["-m", body] if body else []))

    def git(self, *args):
        subprocess.run(["git", "-C", str(self.linux), "-c", "user.name=A", "-c",
                        "user.email=a@b", *args], check=True, capture_output=True)

    def tree(self):
        return Repo(self.linux).tree("HEAD")
