# SPDX-License-Identifier: GPL-2.0-only
"""What a user is shown of a run, and the verdict line that it ends in."""

import itertools
import re

from ipi.common import TOP, Refused, say
from ipi.machines.kernel_log import (DOMAINS, INTERRUPTS, IRQS, REPORT, clean, ipi_domains,
                                     ipi_rows, ipi_virqs, sections)

# Of a report, or of a console without one, in the verdict.
_REPORT_LINES = 24
_TAIL_LINES = 8
# A stack in numbers fills them, and so do the registers of MIPS, and both say nothing to
# who has the console alone.
_NUMBERS = re.compile(r"(<\d>)?(\[[ \d.]+\])?(\s*(Stack|\$ ?\d+)\s*:)?"
                      r"(\s+([0-9a-f]{8}|[0-9a-f]{16}|\.{3}))+\s*")
# What patience.run() puts behind the console, and what of it is shown
_SHOWN = re.compile(r"CPU \d+ is at \S+$|the host had no CPU for ")
_TOLD = re.compile(r"CPU#0$|the host had no CPU for ")


def show(run):
    """The IPI rows, the IPI domains with their parents, and the mappings."""
    parts = sections(run.log)
    interrupts = parts.get(INTERRUPTS)
    if not interrupts:
        return
    rows = ipi_rows(interrupts)
    say(f"\n{INTERRUPTS}:")
    say("\n".join(interrupts.splitlines()[:1] + [row.text for row in rows]))
    for name in ipi_domains(parts, rows):
        say(f"\n{DOMAINS}{name}:\n{parts.get(DOMAINS + name, '').rstrip()}")
    for virq in ipi_virqs(parts, rows):
        text = parts[f"{IRQS}{virq}"]
        say(f"\n{IRQS}{virq}:\n{text[text.index('domain:'):].rstrip()}")
    say("")


def excerpt(log, faults):
    """
    The first report in @faults with what follows it, or the end of the console, and
    where QEMU says that the CPUs were.
    """
    lines = [line for line in clean(log).splitlines() if not _NUMBERS.fullmatch(line)]
    console = list(itertools.takewhile(lambda line: not _TOLD.match(line), lines))
    reports = [i for i, line in enumerate(console) if REPORT + line.strip() in faults]
    shown = console[reports[0]:][:_REPORT_LINES] if reports else console[-_TAIL_LINES:]
    return shown + [line for line in lines if _SHOWN.match(line)]


def conclude(what, faults, log):
    """
    Says the faults, or that there are none, and ends in one verdict line. What
    the console says is part of it: where only the end of CI's output is kept,
    that has to do.
    """
    for fault in faults:
        say(f"  {fault}")
    if faults:
        console = excerpt(log.read_text(errors="replace"), faults) if log.is_file() else []
        raise Refused("\n    ".join(
            [f"{what}: {faults[0]} (log: {log.relative_to(TOP)})", *console]))
    say(f"PASS: {what}")
