# SPDX-License-Identifier: GPL-2.0-only
"""Everything CI checks, each with one line, and the failures again at the end.

A result is (number that passed, [why one failed], number skipped).
"""

import dataclasses
import json
import os
import subprocess
import sys
import time
import traceback
import unittest
from pathlib import Path

from ipi import archive
from ipi import packages as debian
from ipi.checks import examples, kunitconfig, platforms, results, review
from ipi.checks.results import Outcome
from ipi.common import (BASE, DEFAULT_BASE, LINUX, TOP, Failure, Refused, check_space, say,
                        step)
from ipi.machines import boot, kunit, machine
from ipi.measure import bench, mutants, mutate
from ipi.series import branch

# What runs on every change: an hour on two cores. The rest has its own command.
PLATFORMS = ["maltaup", "generic", "cavium_octeon", "bmips",
             # Without an IPI domain
             "mvebu"]
BOOT = ["malta", "malta-8", "malta-amp", "malta-mt", "malta-be", "malta-up",
        "malta-remoteproc", "arm64-gicv3", "arm64-gicv2", "arm64-nmi", "arm",
        "arm-raspi2", "riscv", "riscv-aia", "x86_64", "x86_64-foreign"]
KUNIT = ["malta", "malta-amp", "malta-mt-1", "malta-up", "arm64-nmi", "x86_64"]
STRESS = ["malta"]

# The same for the bases which are not the default.
OTHER_BASES = {"7.3": ["prepare", "check", "mutants", "survivors", "mutate", "boot malta",
                       "kunit malta", "boot arm64-gicv3", "boot arm64-gicv5",
                       "kunit arm64-gicv5"]}
# What all of them leave in build/, rounded up
NEEDED_BYTES = 12 << 30
_TESTS = TOP / "tests"
_UNIT = "unit tests"
# Before the result that a process of its own ends with
_RESULT = "result: "


def _functions():
    """{name of a check: what runs it}"""
    verbs = (("boot", boot.boot), ("kunit", kunit.kunit), ("stress", boot.stress))
    return {"prepare": branch.prepare, "check": review.quick, "mutants": mutants.check,
            "survivors": mutate.check, "mutate": mutate.sample,
            "document": examples.compile_examples, "bench": bench.quick,
            **{f"platform {name}": lambda name=name: platforms.build_one(name)
               for name in platforms.load()},
            **{f"kunitconfig {name}": lambda name=name: kunitconfig.kunitconfig(name)
               for name in kunitconfig.ARCHES},
            **{f"{verb} {name}": lambda name=name, run=run: run(machine.load(name))
               for verb, run in verbs for name in machine.names()}}


def _checks():
    """[(name, function)], quick ones first."""
    tables = (("platform", PLATFORMS), ("boot", BOOT), ("document", [""]), ("kunit", KUNIT),
              ("stress", STRESS), ("bench", [""]))
    names = ["prepare", "check", "mutants",
             *(f"{verb} {name}".strip() for verb, table in tables for name in table)]
    functions = _functions()
    return [(name, functions[name]) for name in names]


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


def _function(name):
    checks = _functions()
    if name not in checks:
        raise Failure(f"unknown check '{name}', known are: {', '.join(sorted(checks))}")
    return checks[name]


def one(name):
    """Runs one check, by itself."""
    check = _function(name)

    def prepared():
        branch.prepare()
        return check()
    # Where nobody looks on, what is not tested has to be a failure
    skips = () if os.environ.get("CI") == "true" else archive.Absent
    return _run_check(name, prepared, skips)


def _run_elsewhere(*words, **env):
    """The result of one() or unit_tests() in a process of its own with @env."""
    said = ""
    with subprocess.Popen([sys.executable, "-B", "-m", __spec__.name, *words],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors="replace",
                          env={**os.environ, "PYTHONPATH": str(TOP / "tools"), **env}) as process:
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


def _timed(name, run, *words, base=BASE, **env):
    start = time.monotonic()
    passed, failed, skipped = run(*words, **env)
    return Outcome(base, name, passed, failed, skipped, time.monotonic() - start)


def _run_other_base(base):
    """Yields the results of the checks; the first one gets the base."""
    # In processes of their own, since the base is settled when the tools are loaded
    for name in OTHER_BASES[base]:
        say(f"\n== {base}: {name}")
        done = _timed(name, _run_elsewhere, name, base=base, IPI_BASE=base)
        yield dataclasses.replace(done, failed=[f"{base}: {reason}" for reason in done.failed])
        # Without the base there is nothing to check
        if name == "prepare" and not done.passed:
            break


def _results():
    yield _timed(_UNIT, _run_unit_tests)
    for name, check in _checks():
        say(f"\n== {name}")
        yield _timed(name, _run_check, name, check)
    # LINUX= names one source, which the checks above have tested
    for base in () if os.environ.get("LINUX") or BASE != DEFAULT_BASE else OTHER_BASES:
        yield from _run_other_base(base)


def _needs(check):
    """The packages of one check, beside what gets the base and builds a kernel."""
    verb, _, name = check.partition(" ")
    others = {"check": debian.CHECK, "document": debian.of_machines(["malta"]),
              "mutate": kunitconfig.ARCHES["um"].packages,
              "bench": debian.of_machines(bench.machines(), bench.SOURCE)}
    if not name:
        return others.get(verb, [])
    if verb == "platform":
        return platforms.packages([name])
    if verb == "kunitconfig":
        return kunitconfig.ARCHES[name].packages
    return debian.of_machines([name])


def packages(names=()):
    """What all checks need, or those by the @names; a machine that is not run may want much."""
    for name in names:
        _function(name)
    checks = names or [*dict(_checks()), *(name for base in OTHER_BASES.values() for name in base)]
    return [*debian.of_base(), *debian.BUILD, *(package for check in checks
                                                for package in _needs(check))]


def test(names=()):
    """All checks, or those by the @names."""
    if not names and not LINUX.exists():
        check_space(TOP, NEEDED_BYTES, "all checks")
    done = list(_timed(name, one, name) for name in names) if names else list(_results())
    failed = [reason for outcome in done for reason in outcome.failed]
    if not names:
        results.write(done)
        say(f"\nwritten: {results.PAGE.relative_to(TOP)}")
    if failed:
        say("\nFailed:")
    for reason in failed:
        say(f"  {reason}")
    passed, skipped = (sum(getattr(outcome, kind) for outcome in done)
                       for kind in ("passed", "skipped"))
    say(f"\n{passed} passed, {len(failed)} failed, {skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    ended = unit_tests(sys.argv[2]) if sys.argv[1] == _UNIT else one(sys.argv[1])
    say(_RESULT + json.dumps(ended))
    sys.exit(bool(ended[1]))
