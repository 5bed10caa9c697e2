# SPDX-License-Identifier: GPL-2.0-only
"""Prints the base whose queue of patches is for the kernel that LINUX= names."""

import os
import sys

from ipi.series import base
from ipi.common import Failure


def chosen(wanted):
    path = base.source()
    version = base.version_at(path)
    queue = base.queue_for(version)
    if wanted and wanted != queue:
        raise Failure(f"{path} is Linux {version}, which takes --base {queue} and not {wanted}")
    return queue


def main():
    try:
        print(chosen(os.environ.get("IPI_BASE")))
    except Failure as failure:
        print(f"ipi: {failure}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
