# SPDX-License-Identifier: GPL-2.0-only
"""What an IPI costs, series against base."""

from ipi import packages as debian
from ipi.measure import bench


def packages(args):
    return debian.BUILD + ["gnuplot-nox"] + debian.of_machines(bench.machines(), bench.SOURCE)


def run(args):
    bench.bench()
