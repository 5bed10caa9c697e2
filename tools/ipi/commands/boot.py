# SPDX-License-Identifier: GPL-2.0-only
"""Build and boot a machine, show its IPIs and the verdict."""

from ipi.commands import on_machine
from ipi.machines import boot

arguments = on_machine.arguments
packages = on_machine.packages


def run(args):
    boot.boot(on_machine.machine_of(args))
