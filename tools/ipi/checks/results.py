# SPDX-License-Identifier: GPL-2.0-only
"""The page of a complete ./ipi test: what ran where, how it ended, how long it took."""

import dataclasses
import os
import platform
import re

from ipi.checks import platforms
from ipi.common import DEFAULT_BASE, GENERATED, TOP, Failure, run, write_whole
from ipi.git import Repo
from ipi.machines import machine, qemu
from ipi.measure import bench, mutate
from ipi.series import base

PAGE = GENERATED / "results.md"


@dataclasses.dataclass(frozen=True)
class Outcome:
    """One check: its base and name, what passed, why something failed, what was skipped."""
    base: str
    check: str
    passed: int
    failed: list
    skipped: int
    seconds: float

    @property
    def verdict(self):
        if self.failed:
            return "FAIL"
        if not self.passed:
            return "not run"
        return "pass" + (f", {self.skipped} skipped" if self.skipped else "")


def _version_of_base(name):
    tree = GENERATED / ("linux" if name == DEFAULT_BASE else f"{name}/linux")
    makefile = Repo(tree).try_bytes("show", "base:Makefile") if tree.exists() else None
    return base.version_of(makefile.stdout) if makefile and makefile.stdout else name


def _machine_of(check):
    """What the check builds for; none if it builds nothing."""
    verb, _, name = check.partition(" ")
    if verb == "platform":
        return platforms.machine_of(name)
    if verb == "bench":
        return machine.load("arm64", bench.SOURCE)
    if verb == "mutate":
        return mutate.UM
    known = "malta" if verb == "document" else name
    return machine.load(known) if known in machine.names() else None


def _tools(check):
    """(compiler, QEMU) of a check, as far as it has them."""
    here = _machine_of(check)
    if not here:
        return "", ""
    try:
        number = re.search(r"\d+\.\d+\.\d+", run([here.compiler, "--version"]))
        compiler = f"{here.compiler.rpartition('-')[2]} {number[0] if number else ''}".strip()
        boots = check.split()[0] in ("boot", "kunit", "stress", "bench")
        return compiler, qemu.version_text(qemu.program(here)) if boots else ""
    except (Failure, OSError):
        return "", ""


def page(outcomes):
    versions = {name: _version_of_base(name) for name in {one.base for one in outcomes}}
    commit = Repo(TOP).try_bytes("describe", "--always", "--dirty").stdout.decode().strip()
    lines = ["<!-- Written by ./ipi test -->", "# Results", "",
             f"Commit {commit}, {platform.freedesktop_os_release().get('PRETTY_NAME', 'Linux')}, "
             f"{len(os.sched_getaffinity(0))} CPUs, "
             f"{sum(one.seconds for one in outcomes) / 60:.0f} minutes.", "",
             "| base | check | compiler | QEMU | verdict | seconds |",
             "| --- | --- | --- | --- | --- | ---: |"]
    for one in outcomes:
        compiler, emulator = _tools(one.check)
        lines.append(f"| {versions[one.base]} | {one.check} | {compiler} | {emulator} | "
                     f"{one.verdict} | {one.seconds:.0f} |")
    return "\n".join(lines) + "\n"


def write(outcomes):
    write_whole(PAGE, page(outcomes))
