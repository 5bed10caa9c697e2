# SPDX-License-Identifier: GPL-2.0-only
"""What is wrong with a run in mode "coprocessor", see initramfs/coprocessor.c."""

import re

import verdict
from common import say

MESSAGES = 100000
RESTARTS = 20
AFTER_RESTART = 100
# The VP that the device tree leaves to a program of its own.
PROCESSOR = 3
OPTIONS = f"ipi.messages={MESSAGES} ipi.restarts={RESTARTS}"


def _notes(run, name):
    """Each line "ipi: <name> <key> <number> ...", as {key: number}."""
    lines = re.findall(rf"^ipi: {name} (.*)$", verdict.clean(run.log), re.M)
    return [{key: int(number) for key, number in re.findall(r"(\w+) (\d+)", line)}
            for line in lines]


def _judge_exchange(wanted, exchange):
    """None lost, none stale, both sides counted the same, and nobody stopped the VP."""
    expected = {"messages": wanted, "lost": 0, "wrong": 0, "stale": 0, "empty": 0,
                "handled": wanted, "running": 1}
    return [f"{name} is {exchange.get(name)} of {wanted} messages, not {number}"
            for name, number in expected.items() if exchange.get(name) != number]


def _judge_leaks(run, restarts):
    """After each stop as much is mapped, and each start gets the same numbers:

    both the interrupt and the hwirq are the lowest that is free.
    """
    faults = []
    for name, wanted in (("stopped", restarts), ("reserved", restarts + 1)):
        notes = _notes(run, name)
        if len(notes) != wanted:
            faults.append(f"{len(notes)} times '{name}', not {wanted}")
        for note in notes:
            if note != notes[0]:
                faults.append(f"'{name}' has {note} after {notes[0]}: something leaked")
                break
    return faults


def _judge_mapping(run):
    """The kernel shows the processor that Linux does not own as the target."""
    parts = verdict.sections(run.log)
    shown = "".join(text for name, text in parts.items() if name.startswith(verdict.DOMAINS))
    for note in _notes(run, "reserved")[-1:]:
        if not re.search(rf"^ irq {note.get('virq')}:\n +external {PROCESSOR}: "
                         r"hwirq [1-9]\d*$", shown, re.M):
            return [f"the IPI {note} is not one to processor {PROCESSOR}"]
    return []


def judge(machine, run, messages=MESSAGES, restarts=RESTARTS):
    """The faults of a run in mode "coprocessor"."""
    exchanges = _notes(run, "exchange")
    rows = verdict.ipi_rows(verdict.sections(run.log).get(verdict.INTERRUPTS, ""))
    faults = verdict.judge_console(machine, run) + verdict.judge_cpus(machine, run)
    if len(exchanges) != restarts + 1:
        faults.append(f"{len(exchanges)} exchanges, not {restarts + 1}")
    for number, exchange in enumerate(exchanges):
        faults += _judge_exchange(AFTER_RESTART if number else messages, exchange)
    if not re.search("^ipi: cycles [1-9]", verdict.clean(run.log), re.M):
        faults.append("the CPUs did not go off and on meanwhile")
    return (faults + verdict.judge_rows(machine, rows) + _judge_leaks(run, restarts)
            + _judge_mapping(run))


def show(run):
    """The long exchange and how often it was started again."""
    log = verdict.clean(run.log)
    exchanges = re.findall("^ipi: (exchange .*)$", log, re.M)
    cycles = re.findall(r"^ipi: cycles (\d+)$", log, re.M)
    if exchanges:
        say(f"\n{exchanges[0]}")
        say(f"started again {len(exchanges) - 1} times, while CPUs went off and on "
            f"{cycles[0] if cycles else 0} times")
    verdict.show(run)
