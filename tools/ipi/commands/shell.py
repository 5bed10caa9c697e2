# SPDX-License-Identifier: GPL-2.0-only
"""An interactive shell on the booted machine."""

from ipi.commands import on_machine
from ipi.machines import boot

arguments = on_machine.arguments
packages = on_machine.packages


def run(args):
    return boot.shell(on_machine.machine_of(args))
