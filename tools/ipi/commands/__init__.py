# SPDX-License-Identifier: GPL-2.0-only
"""The commands: ./ipi <name> runs the module of that name here.

Its first line says what it does, and run(args) does it and returns an exit status or
nothing. It may have
  arguments(parser): what may stand behind its name
  packages(args):    the Debian packages that it needs, beside those of the base
  PREPARES = False:  it does not need base and series in build/linux
  ALONE = False:     it only reads what is stored, and may run beside another one
"""

import argparse
import importlib

from ipi.common import DEFAULT_BASE
from ipi.series import base

# In the order of the help.
NAMES = ("boot", "test", "prepare", "kunit", "mutate", "stress", "compare", "bench", "platforms",
         "check", "queues", "refresh", "export", "mail", "build", "shell", "machines", "packages")
_EPILOG = """./ipi <command> --help says more of a command.

The base comes from Debian's packages. LINUX=<git tree, folder or tarball> takes it
from there instead, also in later calls, and its version says which queue of patches
is for it. An empty LINUX= goes back to the package.
"""


def load(name):
    return importlib.import_module(f"{__name__}.{name}")


def parser():
    top = argparse.ArgumentParser(prog="./ipi", epilog=_EPILOG, allow_abbrev=False,
                                  formatter_class=argparse.RawDescriptionHelpFormatter)
    top.add_argument("--base", choices=base.names(), help=f"the base kernel, else {DEFAULT_BASE}")
    verbs = top.add_subparsers(metavar="<command>")
    for name in NAMES:
        command = load(name)
        verb = verbs.add_parser(name, description=command.__doc__, allow_abbrev=False,
                                help=command.__doc__.splitlines()[0].rstrip("."))
        getattr(command, "arguments", lambda parser: None)(verb)
        verb.set_defaults(command=command)
    verbs.add_parser("help", help="this text")
    return top
