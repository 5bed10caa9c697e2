# SPDX-License-Identifier: GPL-2.0-only
"""The series as a maintainer looks at it: on every change, or before it is mailed."""

import bindings
import branch
import cocci
import document
import each
import kunitconfig
import lint
import parts
import queues
import static
from common import LINUX, Failure, Refused, say, step
from git import Repo


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


def quick():
    branch.prepare()
    with step("round trip"):
        branch.check_round_trip()
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
    static.static()
    cocci.cocci()
    document.compile_examples()
    for name in kunitconfig.ARCHES:
        kunitconfig.kunitconfig(name)
    each.each_patch()
