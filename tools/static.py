# SPDX-License-Identifier: GPL-2.0-only
"""What sparse and W=1 say of the touched files beyond what they say of the base."""

import os
import re

import build
import machine
from common import LINUX, TOP, Refused, step
from git import Repo

SPARSE = TOP / "tools" / "sparse.sh"
# Between them their kernels have all of the touched files.
MACHINES = ("malta", "malta-remoteproc", "malta-mt", "arm64-gicv3", "arm", "riscv")


def messages(text):
    """What is said of which file, without line numbers, which differ in the base."""
    found = re.findall(r"^(?:/\S*/linux/|(?:\.\./)+linux/)?([\w./-]+\.[ch]):\d+(?::\d+)?: "
                       r"((?:warning|error): .*)$", text, re.M)
    return {f"{path}: {what}" for path, what in found}


def touched(repo, before, after):
    """The objects of the C files that changed from one commit to the other."""
    paths = repo.text("diff", "--name-only", "--diff-filter=d", before, after, "--", "*.c")
    return [path.removesuffix(".c") + ".o" for path in paths.splitlines()]


def built(known, names):
    """Those of @names that are in the machine's kernel."""
    return [name for name in names if (known.kernel_folder / name).exists()]


def said(known, names):
    """What the checkers say of those of @names that have a source there."""
    names = [name for name in names if (known.source / name).with_suffix(".c").exists()]
    if not names:
        # A make without a target would build, and check, the whole kernel.
        return set()
    for name in names:
        (known.kernel_folder / name).unlink(missing_ok=True)
    log = known.kernel_folder / "check.log"
    build.make(known, log, f"-j{os.cpu_count()}", "C=1", f"CHECK={SPARSE}", "W=1", *names)
    return messages(log.read_text())


def of_files(messages, paths):
    """Headers and what make builds besides are checked, too, and may be the base's own."""
    return {message for message in messages if message.split(":")[0] in paths}


def _said_of_base(repo, known, names):
    base = known.on_tree("base")
    repo.check_out("base", base.source)
    build.configure(base)
    return said(base, names)


def static():
    repo, seen, series, base = Repo(LINUX), set(), set(), set()
    ours = repo.text("diff", "--name-only", "base", "HEAD").splitlines()
    for known in map(machine.load, MACHINES):
        build.build_kernel(known)
        names = [name for name in built(known, touched(repo, "base", "HEAD"))
                 if name not in seen]
        seen.update(names)
        with step(f"sparse and W=1 on {len(names)} files of {known.name}"):
            found = of_files(said(known, names), ours)
            series |= found
            # The base is asked only if something was said of the series
            base |= _said_of_base(repo, known, names) if found else found
    faults = sorted(series - base)
    faults += [f"no machine builds {name}" for name in touched(repo, "base", "HEAD")
               if name not in seen]
    if faults:
        raise Refused(f"check: {len(faults)} complaints\n  " + "\n  ".join(faults))
