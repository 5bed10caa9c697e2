# SPDX-License-Identifier: GPL-2.0-only
"""Everything that CI checks, or the checks that are named."""

from ipi.checks import ci

PREPARES = False


def arguments(parser):
    parser.add_argument("check", nargs="*", help="'boot malta' for example")


def packages(args):
    return ci.packages(args.check)


def run(args):
    return ci.test(args.check)
