# SPDX-License-Identifier: GPL-2.0-only
"""Runs one command; ./ipi has looked at the arguments and the packages."""

import sys

from ipi.checks import ci, platforms, review
from ipi.machines import boot, kunit, machine
from ipi.measure import bench, compare, mutants
from ipi.series import branch, queues
from ipi.common import LINUX, Failure, Refused, only_one_run, say
from ipi.git import Repo


def prepare(force=None):
    branch.prepare(force=bool(force))
    patches = Repo(LINUX).commits("base", "HEAD")
    say(f"PASS: build/linux is the base with {len(patches)} patches")


def mail(part=""):
    branch.prepare()
    branch.mail(part)


def export(folder=None):
    branch.prepare()
    branch.export(folder)


def run_kunit(name):
    """The number of skipped cases is for ./ipi test, and no exit status."""
    kunit.kunit(machine.load(name))


COMMANDS = {
    "bench": bench.bench,
    "boot": lambda name: boot.boot(machine.load(name)),
    "check": review.complete,
    "compare": lambda name: compare.compare(machine.load(name)),
    "export": export,
    "kunit": run_kunit,
    "mail": mail,
    "mutants": mutants.test_all,
    "platforms": platforms.build_all,
    "prepare": prepare,
    "queues": queues.show,
    "refresh": lambda force=None: branch.refresh(force=bool(force)),
    "shell": lambda name: boot.shell(machine.load(name)),
    "stress": lambda name: boot.stress(machine.load(name)),
    "test": ci.test,
}


def main(command, *words):
    try:
        with only_one_run():
            return COMMANDS[command](*words) or 0
    except Refused as refused:
        say(f"FAIL: {refused}")
    except Failure as failure:
        print(f"ipi: {failure}", file=sys.stderr)
    except OSError as error:
        print(f"ipi: {error.strerror}: {error.filename}", file=sys.stderr)
    except KeyboardInterrupt:
        print("ipi: interrupted; the same command can be run again", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
