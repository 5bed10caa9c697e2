# SPDX-License-Identifier: GPL-2.0-only
"""Debian packages: which ones a command needs, and how to get them."""

import os
import re
import shutil
import subprocess
import sys

from ipi.common import GENERATED, Failure, say, step, warn
from ipi.machines import machine
from ipi.series import base

BUILD = ["bc", "bison", "ccache", "flex", "gcc", "libc6-dev", "make", "perl"]
CHECK = ["codespell", "cpp", "device-tree-compiler", "patch", "python3-git", "python3-ply"]
_INSTALL = ["install", "--no-install-recommends", "-y"]
_LOG = GENERATED / "apt.log"


def of_machines(names, folder=machine.MACHINES):
    return [package for name in names for package in machine.load(name, folder).packages]


def of_base():
    return ["xz-utils", *base.packages()]


def of_command(args):
    """Beside git and python3, which ipi gets."""
    command = args.command
    needs_base = of_base() if getattr(command, "PREPARES", True) else []
    return needs_base + getattr(command, "packages", lambda args: [])(args)


def _missing(wanted):
    done = subprocess.run(["dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}\n", *wanted],
                          capture_output=True, text=True, check=False)
    return sorted({*wanted} - {*re.findall("^(.*) installed$", done.stdout, re.M)})


def _as_root(command):
    """The words before apt-get; a user other than root is asked, unless nobody is there."""
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo") and (os.environ.get("CI") == "true" or sys.stdin.isatty() and
                                 input("install them with sudo? [y/N] ").lower() == "y"):
        return ["sudo"]
    raise Failure(f"packages are missing, and only root can install them:\n{' '.join(command)}")


def _apt(before, *words):
    with open(_LOG, "a") as log:
        return subprocess.run([*before, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", *words],
                              stdin=subprocess.DEVNULL, stdout=log, stderr=log, check=False)


def _explain(missing):
    log = _LOG.read_text(errors="replace")
    unknown = sorted(set(re.findall(r"Unable to locate package (\S+)", log)))
    reasons = [f"apt knows no {name}; " + base.where_from(name) for name in unknown]
    return Failure(f"apt-get could not install: {' '.join(missing)}\n"
                   + ("\n".join(reasons) or "\n".join(log.splitlines()[-20:])))


def need(wanted):
    """Installs what is missing of @wanted, and says so first."""
    if not shutil.which("dpkg-query"):
        warn("this is no Debian, so nothing is installed; what is missing is said where it is used")
        return
    missing = _missing(wanted)
    if not missing:
        return
    say(f"packages that are missing: {' '.join(missing)}")
    before = _as_root(["apt-get", *_INSTALL, *missing])
    GENERATED.mkdir(exist_ok=True)
    _LOG.write_text("")
    with step("install them"):
        # The package lists may be absent or old, so a first failure is no news.
        if _apt(before, *_INSTALL, *missing).returncode:
            _LOG.write_text("")
            _apt(before, "update")
            if _apt(before, *_INSTALL, *missing).returncode:
                raise _explain(missing)
