# SPDX-License-Identifier: GPL-2.0-only
"""Run the KUnit suites, through the kernel's own kunit.py.

With --mutants: whether they notice what tests/mutants breaks on purpose.
"""

from ipi import packages as debian
from ipi.commands import on_machine
from ipi.common import Failure
from ipi.machines import kunit
from ipi.measure import mutants


def arguments(parser):
    on_machine.arguments(parser)
    parser.add_argument("--mutants", nargs="*", metavar="mutant|machine",
                        help="all mutants, or these, or those of these machines")
    parser.set_defaults(machine=None)


def _words(args):
    """A machine in front of --mutants means those of that machine."""
    if args.config or args.append or args.verbose:
        raise Failure("--mutants takes no --config, --append or --verbose")
    return [*filter(None, [args.machine]), *args.mutants]


def packages(args):
    if args.mutants is None:
        return on_machine.packages(args)
    return debian.BUILD + debian.of_machines(mutants.machines(_words(args)))


def run(args):
    if args.mutants is None:
        kunit.kunit(on_machine.machine_of(args))
    else:
        mutants.test_all(*_words(args))
