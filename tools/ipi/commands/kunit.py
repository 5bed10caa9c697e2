# SPDX-License-Identifier: GPL-2.0-only
"""Run the KUnit suites, through the kernel's own kunit.py.

With --mutants: whether they notice what tests/mutants breaks on purpose.
"""

from ipi import packages as debian
from ipi.commands import on_machine
from ipi.machines import kunit
from ipi.measure import mutants


def arguments(parser):
    on_machine.arguments(parser)
    parser.add_argument("--mutants", nargs="*", metavar="mutant|machine",
                        help="all mutants, or these, or those of these machines")


def packages(args):
    if args.mutants is None:
        return on_machine.packages(args)
    return debian.BUILD + debian.of_machines(mutants.machines())


def run(args):
    if args.mutants is None:
        kunit.kunit(on_machine.machine_of(args))
    else:
        mutants.test_all(*args.mutants)
