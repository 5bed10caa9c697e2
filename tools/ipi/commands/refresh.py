# SPDX-License-Identifier: GPL-2.0-only
"""Store the commits of build/linux in linux/ and patches/."""

from ipi.series import branch

PREPARES = False


def arguments(parser):
    parser.add_argument("--force", action="store_true",
                        help="overwrite what changed there since the last prepare")


def run(args):
    branch.refresh(force=args.force)
