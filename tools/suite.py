# SPDX-License-Identifier: GPL-2.0-only
"""Everything CI checks, each with one line, and the failures again at the end."""

import traceback
import unittest
from pathlib import Path

import bench
import boot
import check
import document
import kunit
import machine
import mutants
import platforms
from common import TOP, Failure, Refused, say, step

# What runs on every change: an hour on two cores. The rest has its own command.
PLATFORMS = ["maltaup", "generic", "cavium_octeon", "bmips"]
BOOT = ["malta", "malta-8", "malta-mt", "malta-be", "malta-up", "malta-coprocessor",
        "arm64-gicv3", "arm64-gicv2", "arm64-nmi", "arm", "arm-raspi2",
        "riscv", "riscv-aia"]
KUNIT = ["malta", "malta-amp", "malta-mt-1", "malta-up", "arm64-gicv3"]
STRESS = ["malta"]


def _checks():
    """[(name, function)], quick ones first."""
    checks = [("check", check.quick), ("mutants", mutants.check)]
    checks += [(f"platform {name}", lambda name=name: platforms.build(name))
               for name in PLATFORMS]
    checks += [(f"boot {name}", lambda name=name: boot.boot(machine.load(name)))
               for name in BOOT]
    checks += [("document", document.compile_examples)]
    checks += [(f"kunit {name}", lambda name=name: kunit.kunit(machine.load(name)))
               for name in KUNIT]
    checks += [(f"stress {name}", lambda name=name: boot.stress(machine.load(name)))
               for name in STRESS]
    checks += [("bench", bench.quick)]
    return checks


def _why(name, error):
    """The sentence for @error; what nobody foresaw is told with its place."""
    if isinstance(error, Refused):
        return str(error)
    if isinstance(error, Failure):
        return f"{name}: {error}"
    place = traceback.extract_tb(error.__traceback__)[-1]
    return (f"{name}: {type(error).__name__}: {error} "
            f"({Path(place.filename).name}:{place.lineno})")


def _run_check(name, check):
    """None, or why it failed; the last line comes whatever happens here."""
    say(f"\n== {name}")
    try:
        check()
    except Exception as error:
        reason = _why(name, error)
        say(f"FAIL: {reason}")
        return reason
    return None


def _run_unit_tests():
    """(number that passed, [why one failed], number skipped)."""
    say("== tests of tools/")
    tests = unittest.defaultTestLoader.discover(str(TOP / "tests"))
    result = unittest.TestResult()
    with step("unit tests"):
        tests.run(result)
    failed = [f"{test.id()}:\n{trace}" for test, trace in result.failures + result.errors]
    for text in failed:
        say(f"FAIL: {text}")
    return result.testsRun - len(failed) - len(result.skipped), failed, len(result.skipped)


def test():
    passed, failed, skipped = _run_unit_tests()
    for name, check in _checks():
        reason = _run_check(name, check)
        passed += reason is None
        failed += [reason] if reason else []
    if failed:
        say("\nFailed:")
    for reason in failed:
        say(f"  {reason}")
    say(f"\n{passed} passed, {len(failed)} failed, {skipped} skipped")
    return 1 if failed else 0
