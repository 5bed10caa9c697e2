# SPDX-License-Identifier: GPL-2.0-only
"""Break every statement by machine, and say what no test notices."""

from ipi import packages as debian
from ipi.measure import mutate


def arguments(parser):
    parser.add_argument("names", nargs="*", metavar="file|machine",
                        help="these files, on these machines; without, the core on its own")


def packages(args):
    return debian.BUILD + debian.of_machines(["x86_64", "malta", "malta-mt-1", "arm64-nmi"])


def run(args):
    mutate.mutate(*args.names)
