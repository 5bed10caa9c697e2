# SPDX-License-Identifier: GPL-2.0-only
"""What is wrong with a run in mode "foreign", see initramfs/foreign.c."""

import re

from ipi.common import say
from ipi.machines import kernel_log, report, verdict

MESSAGES = 100000
OPTIONS = f"ipi.messages={MESSAGES}"
_BROADCASTS = 3


def _taken(parts, name):
    """{kind: number} of the interrupts that the foreign processor took."""
    taken = {}
    for kind, number in re.findall(r"(\w+) (\d+)", parts.get(name, "")):
        taken[kind] = taken.get(kind, 0) + int(number)
    return taken


def judge(machine, run, messages=MESSAGES):
    """The faults of a run in mode "foreign"."""
    parts = kernel_log.sections(run.log)
    exchange = f"messages {messages} lost 0 wrong 0 stray 0"
    faults = verdict.judge_start(machine, run)
    if parts.get("exchange", "").strip() != exchange:
        faults.append(f"the exchange is '{parts.get('exchange', '').strip()}', not '{exchange}'")
    for name, wanted in (("taken", {"kicks": messages}),
                         ("taken-broadcasts", {"kicks": messages, "broadcasts": _BROADCASTS})):
        if _taken(parts, name) != wanted:
            faults.append(f"the foreign processor took {_taken(parts, name)}, not {wanted}")
    if not re.search("^ipi: cycles [1-9]", kernel_log.clean(run.log), re.M):
        faults.append("the CPUs did not go off and on meanwhile")
    if "NMI backtrace" not in parts.get(kernel_log.BACKTRACES, ""):
        faults.append("there were no NMIs meanwhile")
    rows = kernel_log.ipi_rows(parts.get(kernel_log.INTERRUPTS, ""))
    return faults + verdict.judge_rows(machine, rows)


def show(run):
    parts = kernel_log.sections(run.log)
    say("\n" + parts.get("exchange", "").strip())
    report.show(run)
