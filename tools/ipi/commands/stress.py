# SPDX-License-Identifier: GPL-2.0-only
"""Messages over IPIs, then SMP calls while CPUs go off and on."""

from ipi.commands import on_machine
from ipi.machines import boot

arguments = on_machine.arguments
packages = on_machine.packages


def run(args):
    boot.stress(on_machine.machine_of(args))
