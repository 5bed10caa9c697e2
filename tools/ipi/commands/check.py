# SPDX-License-Identifier: GPL-2.0-only
"""The series as a maintainer looks at it: round trip, checkers, each patch."""

from ipi import packages as debian
from ipi.checks import review


def packages(args):
    return debian.BUILD + debian.CHECK + review.packages()


def run(args):
    review.complete()
