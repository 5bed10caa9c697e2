# SPDX-License-Identifier: GPL-2.0-only
"""Plain patches for git am, quilt or OpenWrt."""

from ipi.series import export


def arguments(parser):
    parser.add_argument("folder", nargs="?", help="where to, build/export if not named")


def run(args):
    export.export(args.folder)
