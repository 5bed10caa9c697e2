# SPDX-License-Identifier: GPL-2.0-only
"""What the commands that work on one machine share."""

import argparse

from ipi import packages as debian
from ipi.machines import machine


def _known(name):
    if name not in machine.names():
        raise argparse.ArgumentTypeError(
            f"unknown machine '{name}', known are: {', '.join(machine.names())}")
    return name


def arguments(parser):
    parser.add_argument("machine", nargs="?", default="malta", type=_known,
                        help="one of machines/, malta if not named")


def packages(args):
    return debian.BUILD + debian.of_machines([args.machine])


def machine_of(args):
    return machine.load(args.machine)
