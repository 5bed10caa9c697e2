# SPDX-License-Identifier: GPL-2.0-only
"""Platforms that are built but not booted, platforms.toml."""

import dataclasses
import re
import shutil
import tomllib
from pathlib import Path

from ipi.common import BASE, Failure, Refused, say, step
from ipi.machines import build, machine
from ipi.series import base

_TAIL = 20


def load():
    """Those which the base has; "base" is the oldest one that does."""
    known = tomllib.loads(Path(__file__).with_suffix(".toml").read_text())
    return {name: platform for name, platform in known.items()
            if base.number(platform.get("base", BASE)) <= base.number(BASE)}


def packages(names):
    return [package for name in names for package in load()[name]["packages"]]


def warnings_in(log, base_warns=()):
    """The lines of a build log that a maintainer would not want to see.

    @base_warns are the functions of which the base warns by itself, in files that
    the series does not touch.
    """
    return [line for line in log.splitlines()
            if re.search(r"\b(warning|error):|\*\*\*|undefined reference", line)
            and not any(re.search(rf"\bwarning: .*['‘]{name}['’]", line)
                        for name in base_warns)]


def machine_of(name):
    """A platform as a machine that is only built; the rest of the description is Malta's."""
    platform = load()[name]
    return dataclasses.replace(machine.load("malta"), name=name, kernel=f"platforms/{name}",
                               **{field: platform[field]
                                  for field in ("arch", "cross", "packages")})


def configure(here, platform):
    """Its defconfig, and what the platform wants to be different from that."""
    here.kernel_folder.mkdir(parents=True, exist_ok=True)
    log, config = here.kernel_folder / "config.log", here.kernel_folder / ".config"
    build.make(here, log, platform["defconfig"])
    wanted = platform.get("change")
    if not wanted:
        return
    config.write_text(config.read_text() + wanted)
    build.make(here, log, "olddefconfig")
    missing = build.missing_symbols(wanted, config.read_text())
    if missing:
        raise Failure(f"Kconfig does not grant {here.name} {', '.join(missing)}")


def build_all():
    for name in load():
        build_one(name)
    say("PASS: no platform warns")


def build_one(name):
    """Builds the touched directories of one platform; a warning is a failure."""
    platform, here = load()[name], machine_of(name)
    log, failed = here.kernel_folder / "build.log", ""
    with step(f"build platform {name}"):
        # What is there already would not be compiled, and would not warn
        shutil.rmtree(here.kernel_folder, ignore_errors=True)
        configure(here, platform)
        try:
            build.make(here, log, f"-j{build.jobs()}", *platform["targets"])
        except Failure as failure:
            failed = str(failure)
    found = warnings_in(log.read_text(), platform.get("base_warns", ()))
    if found or failed:
        raise Refused(f"platform {name}: " + ("\n".join(found[:_TAIL]) or failed))
