# SPDX-License-Identifier: GPL-2.0-only
"""Unpack and verify the base, apply the series in build/linux."""

from ipi import packages as debian
from ipi.common import LINUX, TREE, say
from ipi.git import Repo
from ipi.series import branch

PREPARES = False


def arguments(parser):
    parser.add_argument("--force", action="store_true",
                        help="drop commits and changes that are in build/linux only")


def packages(args):
    return debian.of_base()


def run(args):
    branch.prepare(force=args.force)
    patches = Repo(LINUX).commits("base", "HEAD")
    say(f"PASS: {TREE} is the base with {len(patches)} patches")
