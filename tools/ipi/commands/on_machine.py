# SPDX-License-Identifier: GPL-2.0-only
"""What the commands that work on one machine share."""

import argparse
import os
import re

from ipi import packages as debian
from ipi.machines import machine


DEFAULT = "malta"


def _known(name):
    if name not in machine.names():
        raise argparse.ArgumentTypeError(
            f"unknown machine '{name}', known are: {', '.join(machine.names())}")
    return name


def _setting(text):
    if not re.fullmatch(r"CONFIG_\w+=.+", text):
        raise argparse.ArgumentTypeError(f"'{text}' is not CONFIG_X=y, =n, =m or =value")
    return text


def of_build(parser):
    parser.add_argument("machine", nargs="?", default=DEFAULT, type=_known,
                        help="one of machines/, malta if not named")
    parser.add_argument("--config", action="append", default=[], type=_setting,
                        metavar="CONFIG_X=y", help="in place of what configs/ say; more than once")


def of_run(parser):
    of_build(parser)
    parser.add_argument("--append", action="append", default=[], metavar="WORDS",
                        help="further words of the kernel command line")


def arguments(parser):
    of_run(parser)
    parser.add_argument("-v", "--verbose", action="store_true", help="show the console meanwhile")


def packages(args):
    return debian.BUILD + debian.of_machines([args.machine or DEFAULT])


def machine_of(args):
    if getattr(args, "verbose", False):
        os.environ["IPI_VERBOSE"] = "1"
    return machine.load(args.machine or DEFAULT).with_more(args.config,
                                                           getattr(args, "append", []))
