# SPDX-License-Identifier: GPL-2.0-only
"""Everything CI checks, each with one line, and the failures again at the end.

A result is (number that passed, [why one failed], number skipped).
"""

import json
import os
import subprocess
import sys
import traceback
import unittest
from pathlib import Path

import archive
import bench
import boot
import branch
import check
import document
import kunit
import kunitconfig
import machine
import mutants
import platforms
from common import BASE, DEFAULT_BASE, TOP, Failure, Refused, say, step

# What runs on every change: an hour on two cores. The rest has its own command.
PLATFORMS = ["maltaup", "generic", "cavium_octeon", "bmips"]
BOOT = ["malta", "malta-8", "malta-amp", "malta-mt", "malta-be", "malta-up",
        "malta-remoteproc", "arm64-gicv3", "arm64-gicv2", "arm64-nmi", "arm",
        "arm-raspi2", "riscv", "riscv-aia", "x86_64", "x86_64-foreign"]
KUNIT = ["malta", "malta-amp", "malta-mt-1", "malta-up", "arm64-nmi", "x86_64"]
# They take minutes each, and run in ./ipi check.
KUNITCONFIG = []
STRESS = ["malta"]

# The same for the bases which are not the default.
OTHER_BASES = {"7.3": ["prepare", "check", "mutants", "boot malta", "kunit malta", "boot malta-remoteproc",
                       "boot arm64-gicv3", "boot arm64-gicv5", "kunit arm64-gicv5"]}
_TESTS = TOP / "tests"
_UNIT = "unit tests"
# Before the result that a process of its own ends with
_RESULT = "result: "


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
    checks += [(f"kunitconfig {name}", lambda name=name: kunitconfig.kunitconfig(name))
               for name in KUNITCONFIG]
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


def _run_check(name, check, skips=()):
    """The result of @check, which may give a number of skipped cases; whatever happens here."""
    try:
        return 1, [], check() or 0
    except skips as absent:
        say(f"skipped: {name}: {absent}")
        return 0, [], 1
    except Exception as error:
        reason = _why(name, error)
        say(f"FAIL: {reason}")
        return 0, [reason], 0


class _Result(unittest.TestResult):
    """A class that fails to set up is none of the tests that ran, so they are counted here."""
    passed = 0

    def addSuccess(self, test):
        super().addSuccess(test)
        self.passed += 1


def unit_tests(folder):
    result = _Result()
    unittest.defaultTestLoader.discover(folder).run(result)
    failed = [f"{test.id()}:\n{trace}" for test, trace in result.failures + result.errors]
    failed += [f"{test.id()} passes, and should not" for test in result.unexpectedSuccesses]
    for text in failed:
        say(f"FAIL: {text}")
    if not result.testsRun and not failed:
        failed.append(f"{_UNIT}: there are none")
    return result.passed, failed, len(result.skipped)


def one(name):
    """Runs one check, by itself."""
    checks = {"prepare": branch.prepare, **dict(_checks())}
    for verb, run in (("boot", boot.boot), ("kunit", kunit.kunit), ("stress", boot.stress)):
        checks.update((f"{verb} {here}", lambda here=here, run=run: run(machine.load(here)))
                      for here in machine.names())

    # Where nobody looks on, what is not tested has to be a failure
    return _run_check(name, checks[name], () if os.environ.get("CI") == "true" else archive.Absent)


def _run_elsewhere(*words, **env):
    """The result of one() or unit_tests() in a process of its own with @env."""
    said = ""
    with subprocess.Popen([sys.executable, "-B", str(Path(__file__).resolve()), *words],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors="replace",
                          env={**os.environ, **env}) as process:
        for line in process.stdout:
            said = line.rstrip("\n")
            if not said.startswith(_RESULT):
                say(said)
    if said.startswith(_RESULT):
        return tuple(json.loads(said.removeprefix(_RESULT)))
    reason = f"ended with status {process.returncode} and without a result: {said}"
    return 0, [f"{words[0]}: {reason}"], 0


def _run_unit_tests():
    say("== tests of tools/")
    with step(_UNIT):
        return _run_elsewhere(_UNIT, str(_TESTS), IPI_BASE="", LINUX="")


def _run_other_base(base):
    """Yields the results of the checks; the first one gets the base."""
    # In processes of their own, since the base is settled when the tools are loaded
    for name in OTHER_BASES[base]:
        say(f"\n== {base}: {name}")
        passed, failed, skipped = _run_elsewhere(name, IPI_BASE=base)
        yield passed, [f"{base}: {reason}" for reason in failed], skipped
        if not passed:
            break


def _results():
    yield _run_unit_tests()
    for name, check in _checks():
        say(f"\n== {name}")
        yield _run_check(name, check)
    # LINUX= names one source, which the checks above have tested
    for base in () if os.environ.get("LINUX") or BASE != DEFAULT_BASE else OTHER_BASES:
        yield from _run_other_base(base)


def test():
    passed, failed, skipped = 0, [], 0
    for more, reasons, left_out in _results():
        passed, failed, skipped = passed + more, failed + reasons, skipped + left_out
    if failed:
        say("\nFailed:")
    for reason in failed:
        say(f"  {reason}")
    say(f"\n{passed} passed, {len(failed)} failed, {skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    ended = unit_tests(sys.argv[2]) if sys.argv[1] == _UNIT else one(sys.argv[1])
    say(_RESULT + json.dumps(ended))
