# SPDX-License-Identifier: GPL-2.0-only
"""The series as a maintainer looks at it: on every change, or before it is mailed."""

import bindings
import branch
import cocci
import document
import each
import lint
import static
from common import say, step


def quick():
    branch.prepare()
    with step("round trip"):
        branch.check_round_trip()
    lint.lint()
    bindings.check()
    say("PASS: check: the round trip is exact, checkpatch, codespell and kernel-doc are content, "
        "the bindings are valid")


def complete():
    quick()
    static.static()
    cocci.cocci()
    document.compile_examples()
    each.each_patch()
