# SPDX-License-Identifier: GPL-2.0-only
"""/proc/interrupts of base and series, row by row."""

from ipi.commands import on_machine
from ipi.measure import compare

arguments = on_machine.arguments
packages = on_machine.packages


def run(args):
    compare.compare(on_machine.machine_of(args))
