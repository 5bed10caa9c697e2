# SPDX-License-Identifier: GPL-2.0-only
"""Paths, errors, and how progress is shown."""

import contextlib
import fcntl
import os
import shutil
import subprocess
import sys
import time
from fnmatch import fnmatch
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
# The base kernel that a command works on: a folder of base/, chosen by ./ipi.
DEFAULT_BASE = "6.12"
BASE = os.environ.get("IPI_BASE") or DEFAULT_BASE
GENERATED = TOP / "build"
BUILD = GENERATED if BASE == DEFAULT_BASE else GENERATED / BASE
LINUX = BUILD / "linux"
# As messages name them: the entry for this base, and its work tree.
IPI = "./ipi" if BASE == DEFAULT_BASE else f"./ipi --base {BASE}"
TREE = str(LINUX.relative_to(TOP))
# What vi, Emacs and patch leave beside a file.
_LEFT = (".*.sw?", ".#*", "#*#", "*~", "*.orig", "*.rej")


class Failure(Exception):
    """Something the user is told in a sentence, without a traceback."""


def say(text):
    print(text, flush=True)


def files_in(folder, pattern="*"):
    """The files in @folder that match @pattern, without what editors leave there."""
    return sorted(path for path in folder.glob(pattern)
                  if not path.is_dir() and not any(fnmatch(path.name, left) for left in _LEFT))


def check_space(folder, needed, what):
    """Refuses to begin @what where fewer than @needed bytes are free, before hours of work."""
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise Failure(f"no disk space: {what} need {needed >> 30} GB, "
                      f"{free / (1 << 30):.1f} GB are free at {folder}")


class Refused(Failure):
    """The verdict on a run or a check that did not pass."""


def refuse(faults):
    """Each of @faults is a reason not to mail the series."""
    if faults:
        raise Refused(f"check: {len(faults)} complaints\n  " + "\n  ".join(faults))


@contextlib.contextmanager
def step(name):
    """Announces a step and how long it took."""
    say(f"{name} ...")
    start = time.monotonic()
    yield
    say(f"{name}: {time.monotonic() - start:.1f} s")


def run(command, **options):
    """Runs @command and returns its output; a Failure shows what it said."""
    options.setdefault("text", True)
    done = subprocess.run([str(word) for word in command], capture_output=True,
                          **options)
    if done.returncode:
        error = done.stderr if options["text"] else done.stderr.decode()
        raise Failure(f"{' '.join(map(str, command))} failed:\n{error.strip()}")
    return done.stdout


@contextlib.contextmanager
def only_one_run(folder=GENERATED):
    """Two runs in one clone would write the same files: the second is refused."""
    folder.mkdir(exist_ok=True)
    with open(folder / ".lock", "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Failure("another ./ipi is at work in this clone; "
                          "run this again when it has ended") from None
        yield


def write_whole(path, text):
    """Writes by rename, so that an interrupted run leaves the old file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temp = path.with_name(path.name + ".tmp")
    temp.write_text(text)
    os.replace(temp, path)


def warn(text):
    print(f"note: {text}", file=sys.stderr, flush=True)
