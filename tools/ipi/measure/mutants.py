# SPDX-License-Identifier: GPL-2.0-only
"""The breakage set: the KUnit suites have to notice each patch in tests/mutants.

A mutant breaks the series on purpose. Its header says what it breaks and who
is expected to see that:

  Breaks: a requirement or trap, and how
  Suite: the KUnit suite which runs first; if it notices nothing, all do
  Machine: where it runs, malta unless named
  Survives: why no test can notice it; only then it may survive, and only the
    suite runs
"""

import dataclasses
import re
import time
from collections import Counter
from pathlib import Path

from ipi.common import BASE, BUILD, LINUX, TOP, Failure, Refused, files_in, say, step
from ipi.git import Repo
from ipi.machines import boot, build, kunit, machine, report

MUTANTS = TOP / "tests" / "mutants"
TREE = "mutants"
SCRATCH = BUILD / TREE
# For one suite; all of them have kunit.TIMEOUT.
TIMEOUT = 60
_HEADER = {"Breaks": None, "Suite": None, "Machine": "malta", "Survives": ""}


@dataclasses.dataclass(frozen=True)
class Mutant:
    name: str
    path: Path
    breaks: str
    suite: str
    machine: str
    survives: str


def load(path):
    """The header is what precedes the first hunk; a line goes on after a space."""
    header = path.read_text().partition("\ndiff ")[0]
    fields = {key: re.sub(r"\s+", " ", text).strip() for key, text in
              re.findall(r"^(\w+): (.*(?:\n .*)*)$", header, re.M)}
    missing = [key for key, default in _HEADER.items()
               if default is None and not fields.get(key)]
    if missing:
        raise Failure(f"mutant {path.stem} has no line '{missing[0]}: ...' in front of its diff")
    return Mutant(path.stem, path, *(fields.get(key, default)
                                     for key, default in _HEADER.items()))


def load_all():
    """A base may have one of its own in place of one that does not apply there."""
    paths = {path.name: path for folder in (MUTANTS, MUTANTS / BASE)
             for path in files_in(folder, "*.patch")}
    return [load(path) for _, path in sorted(paths.items())]


def chosen(mutants, words):
    """Those of the machines and by the names in @words, all if there are none."""
    if not mutants:
        raise Failure(f"there is no mutant in {MUTANTS}")
    known = {mutant.name for mutant in mutants} | {mutant.machine for mutant in mutants}
    for word in words:
        if word not in known:
            raise Failure(f"'{word}' is neither a mutant nor a machine which has some")
    return [mutant for mutant in mutants
            if not words or {mutant.name, mutant.machine} & set(words)]


def machines(words):
    return sorted({mutant.machine for mutant in chosen(load_all(), words)})


class WorkTree:
    """The series as it is committed, in a folder of its own."""

    def __init__(self):
        self.path = SCRATCH / "linux"
        self.reset()

    def reset(self):
        Repo(LINUX).check_out("HEAD", self.path)

    def apply(self, mutant):
        done = Repo(self.path).try_bytes(f"--git-dir={LINUX / '.git'}", "--work-tree=.",
                                         "apply", "--whitespace=nowarn", str(mutant.path))
        if done.returncode:
            raise Failure(f"mutant {mutant.name} does not apply:\n"
                          f"{done.stderr.decode(errors='replace').strip()}")


def check():
    """All of them apply to the series, which is all that is quick to tell."""
    series = Repo(LINUX)
    stale = [mutant.name for mutant in load_all()
             if series.try_bytes("apply", "--check", str(mutant.path)).returncode]
    if stale:
        raise Refused(f"mutants which do not apply: {' '.join(stale)}; make each change again, "
                      "and keep its header (CONTRIBUTING.md)")
    say("PASS: all mutants apply")


def failed_cases(result):
    """{suite: names of its cases which did not pass}."""
    failed = {}
    for suite in result["sub_groups"]:
        names = [case["name"] for case in suite["test_cases"]
                 if case["status"] in ("FAIL", "ERROR")]
        for group in suite["sub_groups"]:
            counts = kunit.count_cases(group)
            if counts["FAIL"] or counts["ERROR"]:
                names.append(group["name"])
        if names:
            failed[suite["name"]] = names
    return failed


def evidence(outcome, suites, may_skip=()):
    """(kind, text) of what gave a mutant away, or None if nothing did."""
    failed = failed_cases(outcome.result)
    reports = kunit.judge_console(outcome.console)
    if outcome.timed_out:
        return "hang", f"time-out {_in_cases(failed) or 'before the first case'}"
    if failed and not reports:
        return "case", _in_cases(failed)
    if reports:
        return "report", f"{reports[0]} {_in_cases(failed)}".strip()
    faults = kunit.judge(outcome.result, suites, may_skip)[1]
    return ("crash", faults[0]) if faults else None


def _in_cases(failed):
    return "; ".join(f"{suite}: {', '.join(names)}" for suite, names in failed.items())


class Lab:
    """One machine, with a kernel and a work tree for mutants only."""

    def __init__(self, name, tree):
        described = machine.load(name)
        boot.need_qemu(described)
        self.tree = tree
        self.machine = described.on_tree(TREE, without=())
        build.build_kernel(self.machine)
        self.suites = [suite for suite in kunit.suites_of(self.machine)
                       if suite not in described.kunit_skips]

    def check_unharmed(self):
        """Without this, everything would look caught."""
        with step(f"run KUnit on {self.machine.name} without a mutant"):
            outcome = kunit.run(self.machine)
        given_away = evidence(outcome, self.suites, kunit.may_skip(self.machine))
        if given_away:
            raise Failure(f"without a mutant there is: {given_away[1]}")

    def notice(self, mutant):
        """(kind, text) of what gave @mutant away, or None."""
        self.tree.apply(mutant)
        try:
            build.build_image(self.machine)
        except Failure as failure:
            raise Failure(f"mutant {mutant.name} does not build: {failure}") from None
        may_skip = kunit.may_skip(self.machine)
        noticed = evidence(kunit.run(self.machine, mutant.suite, TIMEOUT), [mutant.suite],
                           may_skip)
        if noticed or mutant.survives:
            return noticed
        return evidence(kunit.run(self.machine), self.suites, may_skip)


def judge(mutant, noticed):
    """(line to show, fault or None)."""
    if noticed and mutant.survives:
        return f"caught: {noticed[1]}", f"{mutant.name} is listed as a survivor, but was caught"
    if noticed:
        return f"caught: {noticed[1]}", None
    if mutant.survives:
        return f"survives: {mutant.survives}", None
    return "SURVIVES", f"nothing noticed {mutant.name}: {mutant.breaks}"


def _run_one(lab, mutant):
    """(kind of outcome, fault or None); whatever happens, the next one runs."""
    start = time.monotonic()
    try:
        noticed = lab.notice(mutant)
        line, fault = judge(mutant, noticed)
        kind = noticed[0] if noticed else "survivor"
    except Failure as failure:
        kind, line, fault = "error", f"ERROR {failure}", str(failure)
    finally:
        lab.tree.reset()
    say(f"  {mutant.name} ({time.monotonic() - start:.0f} s) {line}")
    return kind, fault


def test_all(*words):
    """Runs the mutants that @words name."""
    mutants = chosen(load_all(), words)
    with step("check the mutants' work tree out"):
        tree = WorkTree()
    kinds, faults = Counter(), []
    for name in machines(words):
        lab = Lab(name, tree)
        lab.check_unharmed()
        for mutant in mutants:
            if mutant.machine == name:
                kind, fault = _run_one(lab, mutant)
                kinds[kind] += 1
                faults += [fault] if fault else []
    say(f"  {len(mutants)} mutants: " +
        ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items())))
    report.conclude("mutants", faults, SCRATCH)
