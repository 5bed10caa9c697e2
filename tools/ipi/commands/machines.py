# SPDX-License-Identifier: GPL-2.0-only
"""Name the machines, and say what each is."""

from ipi.common import say
from ipi.machines import machine

PREPARES = ALONE = False


def run(args):
    for name in machine.names():
        say(f"{name:20} {machine.comment(name).partition('. ')[0].rstrip('.')}")
