# SPDX-License-Identifier: GPL-2.0-only
"""Build the kernel and the initramfs of a machine."""

from ipi.commands import on_machine
from ipi.common import TOP, say
from ipi.machines import boot

arguments = on_machine.of_build
packages = on_machine.packages


def run(args):
    machine = on_machine.machine_of(args)
    boot.build_all(machine)
    image = (machine.kernel_folder / machine.image).relative_to(TOP)
    say(f"PASS: build {machine.name}: {image}")
