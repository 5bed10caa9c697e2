# SPDX-License-Identifier: GPL-2.0-only
"""/proc/interrupts of the base and of the series, row by row."""

import difflib
import re

from ipi.common import LINUX, say
from ipi.git import Repo
from ipi.machines import boot, kernel_log, report, verdict


def rows(interrupts):
    """The rows of /proc/interrupts without their counts."""
    heading, *lines = interrupts.splitlines() or [""]
    counts = rf"(?<=:)(\s+\d+){{0,{len(heading.split())}}}(?!\S)"
    return [" ".join(re.sub(counts, "", line, count=1).split()) for line in lines]


def judge(base, series, changed):
    """(lines to show, faults): each difference has to match a pattern in @changed."""
    lines, faults, unused = [], [], set(changed)
    for line in difflib.ndiff(base, series):
        if line.startswith("?"):
            continue
        matches = {pattern for pattern in changed if re.fullmatch(pattern, line[2:])}
        if line.startswith(" "):
            lines.append(line)
        elif matches:
            lines.append(f"{line}   (intended)")
            unused -= matches
        else:
            lines.append(line)
            faults.append(f"a row differs: {line}")
    faults += [f"no row differs by '{pattern}'" for pattern in sorted(unused)]
    return lines, faults


def _rows_of(machine):
    run = boot.run_boot(machine)
    interrupts = kernel_log.sections(run.log).get(kernel_log.INTERRUPTS, "")
    report.conclude(f"boot {machine.name}", verdict.judge_start(machine, run),
                     boot.boot_log(machine))
    return rows(interrupts)


def compare(machine):
    series = _rows_of(machine)
    base = machine.on_tree("base")
    Repo(LINUX).check_out("base", base.source)
    lines, faults = judge(_rows_of(base), series, machine.changed)
    say("\n" + "\n".join(lines))
    report.conclude(f"compare {machine.name}", faults, boot.boot_log(base))
