# SPDX-License-Identifier: GPL-2.0-only
"""Platforms that are built but not booted, configs/platforms.toml."""

import dataclasses
import re
import shutil
import subprocess
import tomllib

from ipi.common import BASE, TOP, Failure, Refused, say, step
from ipi.machines import build, machine
from ipi.series import base

_TAIL = 20


def load():
    """Those which the base has; "base" is the oldest one that does."""
    known = tomllib.loads((TOP / "configs" / "platforms.toml").read_text())
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


def _make(here, *words):
    here.kernel_folder.mkdir(parents=True, exist_ok=True)
    done = subprocess.run([*build.make_words(here), f"-j{build.jobs()}", *words],
                          check=False, text=True, env=build.environment(),
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    (here.kernel_folder / "build.log").write_text(done.stdout)
    return done


def _target(here, word):
    done = _make(here, word)
    if done.returncode:
        raise Failure(f"make {word} for {here.name} failed:\n{done.stdout[-2000:]}")


def configure(here, platform):
    """Its defconfig, and what the platform wants to be different from that."""
    _target(here, platform["defconfig"])
    wanted = platform.get("change")
    if not wanted:
        return
    config = here.kernel_folder / ".config"
    config.write_text(config.read_text() + wanted)
    _target(here, "olddefconfig")
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
    with step(f"build platform {name}"):
        # What is there already would not be compiled, and would not warn
        shutil.rmtree(here.kernel_folder, ignore_errors=True)
        configure(here, platform)
        done = _make(here, *platform["targets"])
    found = warnings_in(done.stdout, platform.get("base_warns", ()))
    if found or done.returncode:
        lines = found or done.stdout.splitlines()[-_TAIL:]
        raise Refused(f"platform {name}: {lines[0]}\n" + "\n".join(lines[1:_TAIL]))
