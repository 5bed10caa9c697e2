# SPDX-License-Identifier: GPL-2.0-only
"""The commands: ./ipi <name> runs the module of that name here.

Its first line says what it does, and run(args) does it and returns an exit status or
nothing. It may have
  arguments(parser): what may stand behind its name
  packages(args):    the Debian packages that it needs beside packages.SERIES
  PREPARES = False:  it does not need base and series in build/linux
"""

import importlib

# In the order of the help.
NAMES = ("boot", "test", "prepare", "kunit", "stress", "compare", "bench", "platforms", "check",
         "queues", "refresh", "export", "mail", "build", "shell")


def load(name):
    return importlib.import_module(f"{__name__}.{name}")
