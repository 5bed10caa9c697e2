# SPDX-License-Identifier: GPL-2.0-only
"""Print the Debian packages that commands need, and install nothing."""

from ipi import commands
from ipi import packages as debian
from ipi.common import say

PREPARES = ALONE = False


def arguments(parser):
    parser.add_argument("name", nargs="+", metavar="command", choices=commands.NAMES,
                        help="boot for example")


def run(args):
    words = commands.parser()
    wanted = [name for verb in args.name for name in debian.of_command(words.parse_args([verb]))]
    say("\n".join(sorted({*wanted})))
