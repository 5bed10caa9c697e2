# SPDX-License-Identifier: GPL-2.0-only
"""What is wrong with a run in mode "remoteproc", see initramfs/remoteproc.c."""

import errno
import re

from ipi.common import say
from ipi.machines import kernel_log, report, verdict

MESSAGES = 100000
RESTARTS = 20
FEW = 100
CRASHES = 3
UNBINDS = 3
# Exchanges behind the long one: after each restart, crash, bad firmware, bad
# messages, and unbind.
_MORE = 1 + 1 + CRASHES + UNBINDS
# What the kernel's own sample sends each time the VP is started.
SAMPLE = 100
# The VP that the device tree leaves to firmware.
PROCESSOR = 3
OPTIONS = f"ipi.messages={MESSAGES} ipi.restarts={RESTARTS}"

# Firmware, the error that says no to it, and what the kernel says.
_BAD_FIRMWARE = {
    "missing": (errno.ENOENT, "request_firmware failed: -2"),
    "tiny": (errno.EINVAL, "Image is too small"),
    "half": (errno.EINVAL, "out of bounds"),
    "magic": (errno.EINVAL, "Image is corrupted (bad magic)"),
    "entry": (errno.EINVAL, "a VP cannot start at"),
    "version": (errno.EINVAL, "unsupported fw ver: 2"),
    "foreign": (errno.EINVAL, "the firmware has no resource of the VP"),
}


def _notes(run, name):
    """Each line "ipi: <name> <key> <number> ...", as {key: number}."""
    lines = re.findall(rf"^ipi: {name} (.*)$", kernel_log.clean(run.log), re.M)
    return [{key: int(number) for key, number in re.findall(r"(\w+) (\d+)", line)}
            for line in lines]


def _differ(what, wanted, got):
    return [f"{what}: {key} is {got.get(key)}, not {number}"
            for key, number in wanted.items() if got.get(key) != number]


def _judge_exchanges(run, messages, restarts):
    exchanges = _notes(run, "exchange")
    wanted = [messages] + [FEW] * (restarts + _MORE)
    faults = []
    if len(exchanges) != len(wanted):
        faults.append(f"{len(exchanges)} exchanges, not {len(wanted)}")
    for number, (sent, exchange) in enumerate(zip(wanted, exchanges)):
        faults += _differ(f"exchange {number}", {
            "messages": sent, "echoed": sent, "lost": 0, "wrong": 0, "repeated": 0,
            "late": 0}, exchange)
    return faults


def _judge_sample(run):
    """What comes back to the sample is counted: all of it after the first start, in order.

    A later start may be followed by a stop before the sample is done.
    """
    counts = [int(count) for count in
              re.findall(r"incoming msg (\d+) \(src: 0x400\)", kernel_log.clean(run.log))]
    wanted = list(range(1, SAMPLE + 1))
    if counts[:SAMPLE] != wanted:
        missed = [number for number in wanted if number not in counts[:SAMPLE]]
        return [f"the sample did not get {SAMPLE} messages in order, but misses {missed[:3]}"]
    faults = [f"the sample got message {count} after {before}"
              for before, count in zip(counts, counts[1:]) if count not in (1, before + 1)]
    return faults[:1]


def _judge_leaks(run, restarts):
    """After each stop, and after each unbind, as much is mapped."""
    faults = []
    for name, wanted in (("stopped", restarts + 1), ("unbound mapped", UNBINDS)):
        notes = [re.sub(r"^mapped ", "", line) for line in
                 re.findall(rf"^ipi: {name} (.*)$", kernel_log.clean(run.log), re.M)]
        if len(notes) != wanted:
            faults.append(f"{len(notes)} times '{name}', not {wanted}")
        faults += [f"'{name}' has {note} after {notes[0]}: something leaked"
                   for note in notes if note != notes[0]][:1]
    return faults


def _judge_bad(run):
    """Bad firmware and messages are refused, with a reason, and leave nothing."""
    log = kernel_log.clean(run.log)
    before = _notes(run, "bad before")
    faults = []
    for name, (error, reason) in _BAD_FIRMWARE.items():
        got = _notes(run, f"bad {name}")
        faults += _differ(f"firmware '{name}'", {
            "errno": error, "offline": 1, "mapped": before[0]["mapped"] if before else None},
            got[0] if got else {})
        if reason not in log:
            faults.append(f"firmware '{name}': the kernel does not say '{reason}'")
    for name, wanted in (("size", {"refused": 1}), ("full", {"refused": 1, "fits": 1})):
        got = _notes(run, f"bad {name}")
        faults += _differ(f"message '{name}'", wanted, got[0] if got else {})
    return faults


def _judge_mapping(run):
    """The kernel shows the processor that Linux does not own as a target, and counts."""
    parts = kernel_log.sections(run.log)
    shown = "".join(text for name, text in parts.items() if name.startswith(kernel_log.DOMAINS))
    if not re.search(rf"^ +external {PROCESSOR}: hwirq [1-9]\d* sent [1-9]\d*$", shown, re.M):
        return [f"there is no IPI which was sent to processor {PROCESSOR}"]
    return []


def _judge_crashes(run):
    count = len(re.findall("the firmware reports fault 99", kernel_log.clean(run.log)))
    return [] if count == CRASHES else [f"the firmware crashed {count} times, not {CRASHES}"]


def judge(machine, run, messages=MESSAGES, restarts=RESTARTS):
    """The faults of a run in mode "remoteproc"."""
    log = kernel_log.clean(run.log)
    rows = kernel_log.ipi_rows(kernel_log.sections(run.log).get(kernel_log.INTERRUPTS, ""))
    faults = verdict.judge_start(machine, run)
    if not re.search("^ipi: cycles [1-9]", log, re.M):
        faults.append("the CPUs did not go off and on meanwhile")
    return (faults + verdict.judge_rows(machine, rows)
            + _judge_exchanges(run, messages, restarts)
            + _judge_sample(run)
            + _judge_crashes(run) + _judge_bad(run) + _judge_leaks(run, restarts)
            + _judge_mapping(run) + verdict.judge_leaks(machine, log))


def show(run):
    """The long exchange, and what the VP went through."""
    log = kernel_log.clean(run.log)
    exchanges = re.findall("^ipi: (exchange .*)$", log, re.M)
    cycles = re.findall(r"^ipi: cycles (\d+)$", log, re.M)
    if exchanges:
        say(f"\n{exchanges[0]}")
        say(f"{len(exchanges) - 1} exchanges after a stop, a crash, or an unbind, while CPUs "
            f"went off and on {cycles[0] if cycles else 0} times")
    report.show(run)
