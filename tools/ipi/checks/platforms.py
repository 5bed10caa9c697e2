# SPDX-License-Identifier: GPL-2.0-only
"""Platforms that are built but not booted, configs/platforms.toml."""

import re
import shutil
import subprocess
import tomllib

from ipi.common import BASE, BUILD, LINUX, TOP, Failure, Refused, say, step
from ipi.machines import build
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


def _make(name, platform, *words):
    folder = BUILD / "platforms" / name
    folder.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        ["make", "-s", "-C", str(LINUX), f"O={folder}", f"-j{build.jobs()}",
         *build.compiler_words(platform["arch"], platform["cross"]), *words],
        check=False, text=True, env=build.environment(), stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    (folder / "build.log").write_text(done.stdout)
    return done


def _configure(name, platform, *words):
    done = _make(name, platform, *words)
    if done.returncode:
        raise Failure(f"make {words[-1]} for {name} failed:\n{done.stdout[-2000:]}")


def _change(name, platform):
    """What the platform wants to be different from the defconfig."""
    config, wanted = BUILD / "platforms" / name / ".config", platform["change"]
    config.write_text(config.read_text() + wanted)
    _configure(name, platform, "olddefconfig")
    missing = build.missing_symbols(wanted, config.read_text())
    if missing:
        raise Failure(f"Kconfig does not grant {name} {', '.join(missing)}")


def build_all():
    for name in load():
        build_one(name)
    say("PASS: no platform warns")


def build_one(name):
    """Builds the touched directories of one platform; a warning is a failure."""
    platform = load()[name]
    with step(f"build platform {name}"):
        # What is there already would not be compiled, and would not warn
        shutil.rmtree(BUILD / "platforms" / name, ignore_errors=True)
        _configure(name, platform, platform["defconfig"])
        if "change" in platform:
            _change(name, platform)
        done = _make(name, platform, *platform["targets"])
    found = warnings_in(done.stdout, platform.get("base_warns", ()))
    if found or done.returncode:
        lines = found or done.stdout.splitlines()[-_TAIL:]
        raise Refused(f"platform {name}: {lines[0]}\n" + "\n".join(lines[1:_TAIL]))
