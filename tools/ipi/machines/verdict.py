# SPDX-License-Identifier: GPL-2.0-only
"""What is wrong with a run of a machine, if anything."""

import re

from ipi.machines import build
from ipi.machines.kernel_log import (BACKTRACES, DONE, INTERRUPTS, LEAKS, REPORT, clean, ipi_rows,
                                     ipi_virqs, sections, trouble)

# What follows the first reports is mostly due to the same.
_REPORTS = 3
# Where one of these suites runs, SMP leaves IPIs of the machine's own controller
# to others, so the messages have no need of the fake one.
_OWN_SUITES = {"mips": {"ipi-mips-gic", "ipi-mips-cpu"}, "x86": {"ipi-x86"}}
_FAKE = "# message_is_seen: over the fake controller"
# Interrupts that the i8259 of Malta takes back are in the row ERR as well: one in some boots,
# none in the others.
_TAKEN_BACK = 8
_KMEMLEAK = "CONFIG_DEBUG_KMEMLEAK=y"


def _without_asked_traces(log):
    """@log without the headings of the backtraces that the boot asked for."""
    asked = sections(log).get(BACKTRACES, "")
    return clean(log).replace(asked, re.sub("Call [Tt]race:", "", asked))


def _judge_unhandled(machine, run):
    """The row in which an architecture counts interrupts that it has nothing for."""
    rows = re.findall(r"^ *(?:ERR|Err): +([1-9]\d*)$", sections(run.log).get(INTERRUPTS, ""), re.M)
    known = _TAKEN_BACK if machine.arch == "mips" else 0
    return [f"{count} interrupts that nothing handles" for count in rows if int(count) > known]


def judge_console(machine, run):
    faults = []
    if run.why:
        faults.append(run.why)
    elif run.status:
        faults.append(f"QEMU ended with status {run.status}")
    log = _without_asked_traces(run.log) if machine.backtrace else run.log
    reports = trouble(log)
    faults += [REPORT + line for line in reports[:_REPORTS]]
    if len(reports) > _REPORTS:
        faults.append(f"the kernel reports {len(reports) - _REPORTS} times more")
    for line in re.findall(r"^ipi: (?:failed|cannot).*$", clean(run.log), re.M):
        faults.append(line)
    if not re.search(rf"^{DONE}$", clean(run.log), re.M):
        faults.append("the end marker is not there: the run stopped early")
    return faults + _judge_unhandled(machine, run)


def judge_cpus(machine, run):
    online = re.search(r"^ipi: online (\d+)$", clean(run.log), re.M)
    if not online:
        return ["the number of CPUs is not there"]
    if int(online[1]) != machine.cpus:
        return [f"{online[1]} CPUs came up, not {machine.cpus}"]
    return []


def _judge_present(run):
    """One that is present and cannot be brought up is a device in vain."""
    present, possible = (re.search(rf"^ipi: {which} ([\d,-]+)$", clean(run.log), re.M)
                         for which in ("present", "possible"))
    if not present or not possible:
        return ["which CPUs are present and possible is not there"]
    if present[1] != possible[1]:
        return [f"the CPUs {present[1]} are present, but {possible[1]} are possible"]
    return []


def judge_rows(machine, rows):
    faults = []
    names = [row.name for row in rows]
    for name in machine.rows:
        if names.count(name) != 1:
            faults.append(f"{names.count(name)} rows '{name}', not 1")
    for row in rows:
        if row.name in machine.rows:
            faults += _judge_counts(machine, row)
        elif row.virq is not None:
            faults.append(f"an IPI row that nobody expects: '{row.name}'")
    return faults


def _judge_counts(machine, row):
    if len(row.counts) != machine.cpus:
        return [f"row '{row.name}' has counts of {len(row.counts)} CPUs, "
                f"not of {machine.cpus}"]
    idle = [str(cpu) for cpu, count in enumerate(row.counts) if not count]
    if idle:
        return [f"row '{row.name}' (virq {row.virq}) has no count on "
                f"CPU {', '.join(idle)}"]
    return []


def _judge_virqs(parts, rows):
    """One virq for one row: an IPI domain holds no others."""
    shown = [row for row in rows if row.virq is not None]
    virqs = ipi_virqs(parts, shown)
    if len(virqs) != len(shown):
        return [f"{len(virqs)} virqs in the IPI domains {virqs}, but "
                f"{len(shown)} IPI rows"]
    return []


def _judge_backtraces(machine, run):
    """One from each CPU, in whatever order, and no further trace."""
    if not machine.backtrace:
        return []
    asked = sections(run.log).get(BACKTRACES, "")
    cpus = sorted(map(int, re.findall(r"NMI backtrace for cpu (\d+)", asked)))
    if cpus != list(range(machine.cpus)):
        return [f"backtraces of the CPUs {cpus}, not of each of {machine.cpus}"]
    traces = len(re.findall("Call [Tt]race:", asked))
    if traces > machine.cpus:
        return [f"{traces} call traces among the backtraces of {machine.cpus} CPUs"]
    return []


def _judge_said(machine, run):
    return [f"the kernel does not say '{text}'" for text in machine.expect
            if text not in run.log]


def judge_start(machine, run):
    """The faults of a boot, whatever its IPIs look like."""
    return judge_console(machine, run) + judge_cpus(machine, run)


def judge_boot(machine, run):
    """The faults of a run in mode "boot"; none is a pass."""
    parts = sections(run.log)
    rows = ipi_rows(parts.get(INTERRUPTS, ""))
    return (judge_start(machine, run) + _judge_present(run)
            + judge_rows(machine, rows) + _judge_virqs(parts, rows)
            + _judge_backtraces(machine, run) + _judge_said(machine, run))


def judge_stress(machine, run, rounds):
    """The faults of a run in mode "stress"."""
    log = clean(run.log)
    faults = judge_start(machine, run)
    if not re.search(f"^ipi: rounds {rounds}$", log, re.M):
        faults.append(f"the {rounds} rounds were not all done")
    if machine.hotplug and not re.search("^ipi: hotplug 1$", log, re.M):
        faults.append("the CPUs did not go off and on")
    if machine.hotplug and not re.search(f"^ipi: off {machine.off}$", log, re.M):
        faults.append(f"no CPU stayed off for {machine.off} s")
    rows = ipi_rows(sections(log).get(INTERRUPTS, ""))
    return (faults + judge_rows(machine, rows) + _judge_messages(machine, log) +
            _judge_torture(machine, log) + judge_leaks(machine, log) +
            _judge_said(machine, run))


def _judge_messages(machine, log):
    """The KUnit suite says how many arrived, and whether all did."""
    if not machine.messages:
        return []
    passed = re.search(r"\] ok \d+ ipi-message$", log, re.M)
    said = re.search(r"# message_is_seen: (\d+) messages, (\d+) rounds$", log, re.M)
    if not passed or not said:
        return ["the messages did not all arrive"]
    if int(said[1]) < machine.messages:
        return [f"{said[1]} messages arrived, not {machine.messages}"]
    if not int(said[2]):
        return ["no IPI was reserved and destroyed beside the messages"]
    return judge_controller(machine, log)


def judge_controller(machine, log):
    """Messages over the fake controller say nothing of one that has IPIs for them."""
    if _FAKE in log and _OWN_SUITES.get(machine.arch, set()) - set(machine.kunit_skips):
        return ["the messages went over the fake controller, not over the machine's own"]
    return []


def _judge_torture(machine, log):
    """scftorture reports when it ends; without SMP calls it does not count."""
    if not machine.torture:
        return []
    if "scftorture: --- End of test: SUCCESS" not in log:
        return ["scftorture did not succeed"]
    counts = re.findall(r"scf_invoked_count VER: (\d+)", log)
    if not counts or not int(counts[-1]):
        return ["scftorture called no function"]
    return []


def _has(machine, setting):
    """Whether the fragments of @machine demand @setting, which the build then checks."""
    fragment = build.with_settings("".join(build.fragments(machine.configs)), machine.settings)
    wanted = build.wanted_symbols(fragment)
    return setting in (f"{symbol}={value}" for symbol, value in wanted.items())


def judge_leaks(machine, log):
    text = sections(log).get(LEAKS)
    if text is None:
        return ["nobody looked for leaks"] if _has(machine, _KMEMLEAK) else []
    leaks = text.count("unreferenced object")
    return [f"{leaks} unreferenced objects"] if leaks else []
