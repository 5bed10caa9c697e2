# SPDX-License-Identifier: GPL-2.0-only
"""Build the touched folders of platforms which are not booted."""

from ipi import packages as debian
from ipi.checks import platforms


def packages(args):
    return debian.BUILD + platforms.packages(platforms.load())


def run(args):
    platforms.build_all()
