# SPDX-License-Identifier: GPL-2.0-only
"""What the patches for the other bases do otherwise."""

from ipi.series import queues

PREPARES = ALONE = False


def run(args):
    queues.show()
