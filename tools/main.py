# SPDX-License-Identifier: GPL-2.0-only
"""The command line: settles the base, gets the packages, and runs the command."""

import argparse
import os
import sys
from contextlib import nullcontext
from pathlib import Path


def _settle_base():
    """LINUX= decides which queue is for it, and the tools are loaded for one base."""
    from ipi.common import BASE, warn
    from ipi.series import base

    if not os.environ.get("LINUX"):
        return
    chosen = base.chosen(os.environ.get("IPI_BASE"))
    if chosen != BASE:
        warn(f"{os.environ['LINUX']} takes --base {chosen}, which later calls have to say")
        os.environ["IPI_BASE"] = chosen
        os.execv(sys.executable, [sys.executable, "-B", *sys.argv])


def run(args):
    from ipi import packages
    from ipi.common import Failure, Refused, only_one_run, say
    from ipi.series import branch

    try:
        kept = branch.take_kept_source()
        packages.need(packages.of_command(args))
        # What was kept is of this base, and may be gone where nothing is prepared
        if not kept:
            _settle_base()
        with only_one_run() if getattr(args.command, "ALONE", True) else nullcontext():
            if getattr(args.command, "PREPARES", True):
                branch.prepare()
            return args.command.run(args) or 0
    except Refused as refused:
        say(f"FAIL: {refused}")
    except Failure as failure:
        print(f"ipi: {failure}", file=sys.stderr)
    except OSError as error:
        print("ipi:", *filter(None, (error.strerror, error.filename)), file=sys.stderr)
    except KeyboardInterrupt:
        print("ipi: interrupted; the same command can be run again", file=sys.stderr)
    return 1


def main(words):
    early = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    early.add_argument("--base")
    # Of the environment, too: ./ipi test sets it for itself.
    found, rest = early.parse_known_args(words)
    named = found.base
    if named and (Path(__file__).parents[1] / "base" / named).is_dir():
        os.environ["IPI_BASE"] = named
    from ipi import commands

    parser = commands.parser()
    # --base may stand behind the command as well
    args = parser.parse_args(["--base", named, *rest] if named else words)
    if not hasattr(args, "command"):
        parser.print_help()
        return 0
    return run(args)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
