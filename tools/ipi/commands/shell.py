# SPDX-License-Identifier: GPL-2.0-only
"""An interactive shell on the booted machine."""

from ipi.commands import on_machine
from ipi.machines import boot

packages = on_machine.packages


def arguments(parser):
    on_machine.of_run(parser)
    parser.add_argument("--gdb", action="store_true",
                        help="build with debug information, and wait for gdb at port 1234")


def run(args):
    return boot.shell(on_machine.machine_of(args), args.gdb)
