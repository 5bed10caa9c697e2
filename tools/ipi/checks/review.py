# SPDX-License-Identifier: GPL-2.0-only
"""The series as a maintainer looks at it: on every change, or before it is mailed."""

from ipi import packages as debian
from ipi.checks import (bindings, coccinelle, each_patch, examples, kunitconfig, lint, platforms,
                        round_trip, sparse)
from ipi.common import LINUX, Failure, Refused, say, step
from ipi.git import Repo
from ipi.series import parts, queues


# R20: what the series replaces, and nobody may use any more.
_REPLACED = ("ipi_send_single", "ipi_send_mask", "__ipi_send_single", "__ipi_send_mask",
             "IRQ_DOMAIN_FLAG_IPI_PER_CPU", "IRQ_DOMAIN_FLAG_IPI_SINGLE")


def check_replaced(repo):
    names = [word for name in _REPLACED for word in ("-e", name)]
    done = repo.try_bytes("grep", "-nwF", *names, "--", "*.[chS]")
    if done.returncode > 1:
        raise Failure(f"git grep for what the series replaces failed:\n{done.stderr.decode()}")
    if done.stdout:
        raise Refused(f"check: what the series replaces is still there:\n{done.stdout.decode()}")


def packages():
    """What complete() needs beside what builds a kernel and quick() need."""
    machines = {*sparse.MACHINES, *each_patch.BUILT}
    built = [name for name in sparse.PLATFORMS if name in platforms.load()]
    suites = [package for arch in kunitconfig.ARCHES.values() for package in arch.packages]
    return ["coccinelle", "sparse", *debian.of_machines(machines),
            *platforms.packages(built), *suites]


def quick():
    with step("round trip"):
        round_trip.check()
    with step("nothing is left of what the series replaces"):
        check_replaced(Repo(LINUX))
    queues.check()
    parts.check()
    lint.lint()
    bindings.check()
    say("PASS: check: the round trip is exact, checkpatch, codespell and kernel-doc are content, "
        "the bindings are valid")


def complete():
    quick()
    sparse.static()
    coccinelle.cocci()
    examples.compile_examples()
    for name in kunitconfig.ARCHES:
        kunitconfig.kunitconfig(name)
    each_patch.each_patch()
