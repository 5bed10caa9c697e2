# SPDX-License-Identifier: GPL-2.0-only
"""What the console of a run says: the rows, the files and the reports that are in it."""

import dataclasses
import re

# A line with one of these is a report of the kernel about itself. Stalls, lockups
# and what lockdep says stand behind one of them.
TROUBLE = (
    "WARNING:",
    "BUG:",
    "BUG ",
    "UBSAN:",
    "suspected memory leak",
    "Oops",
    "Call Trace",
    "Call trace",
    "INFO: ",
    "Kernel panic",
    # An interrupt, of a lost IPI say, that resolves to nothing
    "No irq handler",
    "unexpected IRQ",
    "Failed to handle interrupt",
    "mapping not found",
    "find mapping for hwirq",
)

# What x86 says of an NMI on a busy host.
_SLOW = "INFO: NMI handler"
REPORT = "the kernel reports: "
# Only after this line, and of the base: a CPU of MIPS which is stopped for the
# restart reports to RCU from its interrupt, which in 6.12 ends in an SMP call if
# a grace period waited for it. The reset may cut the report off, before its trace
# or in those frames of it which are the report's own.
_RESTART = "reboot: Restarting system"
_STOPPED = re.compile(r"^[^\n]*WARNING: [^\n]* at kernel/smp\.c:\d+ smp_call_function_single\+"
                      r".*?(?:end trace [^\n]*$|\Z)", re.M | re.S)
_FRAME = re.compile(r"\] (\w+)\+0x")
_REPORTERS = ("show_stack", "dump_stack", "__warn", "warn_slowpath", "smp_call_function_single")
DONE = "ipi: done"
BACKTRACES = "backtraces"
LEAKS = "leaks"
INTERRUPTS = "/proc/interrupts"
DOMAINS = "/sys/kernel/debug/irq/domains/"
IRQS = "/sys/kernel/debug/irq/irqs/"


@dataclasses.dataclass
class Run:
    """One run of QEMU: its console, its status, and why it was ended if it was."""
    log: str
    status: int
    why: str = ""


@dataclasses.dataclass
class Row:
    """@virq is None in the rows that an architecture lists by itself."""
    virq: int
    counts: list
    name: str
    text: str


def sections(log):
    """{file: text} of what the initramfs printed between begin and end."""
    found = re.findall(r"^ipi: begin (\S+)\n(.*?)^ipi: end \1$", clean(log),
                       re.M | re.S)
    return dict(found)


def clean(log):
    return log.replace("\r", "")


def _at_restart(report):
    """Nothing, if @report is the one that is known, and nothing else is in it."""
    head, _, frames = report[0].partition("Call Trace:")
    callers = {name for name in _FRAME.findall(frames) if not name.startswith(_REPORTERS)}
    known = "rcutree_report_cpu_dead" in callers or not callers and "end trace" not in report[0]
    others = [line for line in (*head.splitlines()[1:], *frames.splitlines())
              if any(word in line for word in TROUBLE)]
    return "" if known and not others else report[0]


def trouble(log):
    """The lines in which the kernel reports trouble."""
    log, restart, rest = clean(log).partition(_RESTART)
    return [line.strip() for line in (log + restart + _STOPPED.sub(_at_restart, rest)).splitlines()
            if any(word in line for word in TROUBLE) and _SLOW not in line]


def _row(line, cpus):
    """The action follows the last double space; some labels are the arch's own."""
    match = re.match(rf"\s*(\d+|IPI\d+|RES|CAL):((?:\s+\d+){{{cpus}}})\s.*?(\S+(?: \S+)*)\s*$",
                     line)
    if not match:
        return None
    virq = int(match[1]) if match[1].isdigit() else None
    if virq is not None and not match[3].startswith("IPI "):
        return None
    return Row(virq, [int(count) for count in match[2].split()], match[3], line)


def ipi_rows(interrupts):
    """The rows of /proc/interrupts that are IPIs."""
    lines = interrupts.splitlines()
    cpus = len(lines[0].split()) if lines else 0
    rows = [_row(line, cpus) for line in lines[1:]]
    return [row for row in rows if row]


def _domain_of(parts, virq):
    match = re.search(r"^domain: +(\S+)", parts.get(f"{IRQS}{virq}", ""), re.M)
    return match[1] if match else None


def ipi_domains(parts, rows):
    """The debugfs names of the domains that the rows' virqs are in."""
    return sorted({_domain_of(parts, row.virq) for row in rows} - {None})


def ipi_virqs(parts, rows):
    """Every virq in the domains of the IPI rows, also one without a row."""
    domains = ipi_domains(parts, rows)
    virqs = [int(name.removeprefix(IRQS)) for name in parts if name.startswith(IRQS)]
    return sorted(virq for virq in virqs if _domain_of(parts, virq) in domains)
