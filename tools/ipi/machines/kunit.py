# SPDX-License-Identifier: GPL-2.0-only
"""The KUnit suites, run by the kernel's own kunit.py on one of our machines."""

import dataclasses
import json
import os
import re
import sys
from collections import Counter
from fnmatch import fnmatch
from pathlib import Path

from ipi.common import TOP, Failure, files_in, say, step, write_whole
from ipi.machines import boot, build, kernel_log, patience, qemu, report, verdict

SUITES = "lib/kunit-ipi"
TIMEOUT = 300
# For kunit.py, whose clock does not know of a busy host.
NEVER = 24 * 60 * 60
# The architectures with a folder in SUITES.
ARCHES = {"x86"}

# What kunit.py wants to know of a machine. It adds "-m 1024" and
# "-nodefaults" by itself, and the binary's name from the architecture on.
_QEMU_CONFIG = """# SPDX-License-Identifier: GPL-2.0-only
# Written by ./ipi kunit from machines/{name}.toml.
from ..qemu_config import QemuArchParams

QEMU_ARCH = QemuArchParams(linux_arch={arch!r},
                           kconfig='',
                           qemu_arch={qemu_arch!r},
                           kernel_path={image!r},
                           kernel_command_line={append!r},
                           extra_qemu_params={extra!r},
                           serial='chardev:console')
"""


def qemu_config(machine):
    binary, *extra = boot.hardware_words(machine)
    if "-m" in extra:
        at = extra.index("-m")
        del extra[at:at + 2]
    # kunit.py's test.log lags behind by what fits its buffer.
    extra += ["-chardev", f"stdio,id=console,logfile={console_of(machine)}",
              *qemu.monitor_words(boot.monitor_of(machine), machine.source)]
    return _QEMU_CONFIG.format(name=machine.name, arch=machine.arch, extra=extra,
                               qemu_arch=Path(binary).name.removeprefix("qemu-system-"),
                               image=machine.image, append=machine.append)


def _files_in(folder, arch):
    """The *_kunit.c of @folder; those in a folder named like an architecture are for that one."""
    return [path for path in files_in(folder, "**/*_kunit.c")
            if path.parent == folder or path.parent.name not in ARCHES - {arch}]


def suites_in(folder, arch):
    """The .name of every struct kunit_suite in the files of @folder for @arch."""
    names = []
    for path in _files_in(folder, arch):
        for body in re.findall(r"struct kunit_suite (?:__\w+ )?\w+ = \{(.*?)^\};",
                               path.read_text(), re.M | re.S):
            names += re.findall(r'\.name\s*=\s*"([^"]+)"', body)
    return names


def need_two(folder, arch):
    """The cases in the files of @folder for @arch which one CPU is not enough for."""
    names = []
    for path in _files_in(folder, arch):
        for function in re.split(r"^(?=static )", path.read_text(), flags=re.M):
            if "ipi_test_need_two(test" in function:
                names.append(re.match(r"static void (\w+)\(", function)[1])
    return names


def count_cases(group):
    """How many test cases of each status are in a group of kunit.py's JSON."""
    counts = Counter(case["status"] for case in group["test_cases"])
    for inner in group["sub_groups"]:
        counts += count_cases(inner)
    return counts


def skipped_cases(group):
    """The names of the test cases that were skipped, like count_cases()."""
    names = [case["name"] for case in group["test_cases"] if case["status"] == "SKIP"]
    return names + [name for inner in group["sub_groups"] for name in skipped_cases(inner)]


def judge(result, wanted, may_skip=()):
    """(lines to show, faults) of kunit.py's JSON @result.

    kunit.py calls a run with nothing but skips a success. Here only the cases
    in @may_skip may be skipped, and the suites, which need not be there.
    """
    lines, faults = [], []
    seen = {group["name"]: count_cases(group) for group in result["sub_groups"]}
    seen.update((case["name"], Counter([case["status"]]))
                for case in result["test_cases"])
    skips = {group["name"]: skipped_cases(group) for group in result["sub_groups"]}
    for name, counts in seen.items():
        lines.append(f"{name}: {counts['PASS']} passed, "
                     f"{counts['FAIL'] + counts['ERROR']} failed, "
                     f"{counts['SKIP']} skipped")
        if counts["FAIL"] or counts["ERROR"]:
            faults.append(f"suite {name} has failed cases")
        elif not counts["PASS"] and name not in may_skip:
            faults.append(f"suite {name} has no passed case")
        elif name not in may_skip:
            faults += [f"suite {name} skips {case}" for case in skips.get(name, [])
                       if case not in may_skip]
    faults += [f"suite {name} did not run" for name in wanted
               if name not in seen and name not in may_skip]
    if not wanted:
        faults.append(f"there is no suite in {SUITES}")
    return lines, faults


def judge_console(log):
    """What the kernel reports; a case which provokes a report is a bad case."""
    return [kernel_log.REPORT + line for line in kernel_log.trouble(log)]


def judge_end(log):
    """kunit.py does not look at how QEMU ended; the kernel's last words tell, which a
    reset may cut off. Without a time in its lines they are at the start."""
    ended = re.search(r"(^|\] )reboot: ", log, re.M)
    return [] if ended else ["the kernel did not end by itself"]


@dataclasses.dataclass
class Outcome:
    """
    result:    kunit.py's JSON
    status:    its exit status
    console:   what the kernel said
    timed_out: why QEMU was ended, if it was
    """
    result: dict
    status: int
    console: str
    timed_out: str


def suites_of(machine):
    """The suites which have to run on @machine."""
    return [name for name in suites_in(machine.source / SUITES, machine.arch)
            if fnmatch(name, machine.kunit_glob or "*")]


def may_skip(machine):
    """The suites and cases which need what @machine has not."""
    alone = need_two(machine.source / SUITES, machine.arch) if machine.cpus == 1 else []
    return machine.kunit_skips + alone


def run(machine, glob="", timeout=TIMEOUT):
    """Runs the suites @glob matches, the machine's by default."""
    machine.folder.mkdir(exist_ok=True)
    config = machine.kernel_folder / "kunit-qemu.py"
    write_whole(config, qemu_config(machine))
    result = machine.folder / "kunit.json"
    result.unlink(missing_ok=True)
    command = [sys.executable, "-B", "tools/testing/kunit/kunit.py", "exec",
               f"--build_dir={machine.kernel_folder}", f"--qemu_config={config}",
               f"--timeout={NEVER}", f"--json={result}", "--kernel_args=panic=-1",
               glob or machine.kunit_glob or "*"]
    log, console = log_of(machine), console_of(machine)
    console.unlink(missing_ok=True)
    env = {**os.environ, **qemu.emulated(boot.hardware_words(machine)[0], machine.folder)}
    end = patience.run(command, log, boot.limits(machine, timeout), console,
                       ask=lambda: boot.places(machine), cwd=machine.source, env=env)
    if not result.exists():
        raise Failure(f"kunit.py gave no result, see {log.relative_to(TOP)}")
    return Outcome(json.loads(result.read_text()), end.status,
                   console.read_text(errors="replace"), end.why)


def log_of(machine):
    return machine.folder / "kunit.log"


def console_of(machine):
    return machine.folder / "kunit-console.log"


def judge_run(outcome, suites, skips, more=()):
    """(lines to show, faults) of a whole run, @more of them included."""
    lines, faults = judge(outcome.result, suites, skips)
    faults += [*judge_console(outcome.console), *judge_end(outcome.console), *more]
    if outcome.timed_out:
        faults.append(outcome.timed_out)
    if outcome.status and not faults:
        faults.append(f"kunit.py ended with status {outcome.status}")
    return lines, faults


def conclude(what, outcome, lines, faults, log, console):
    """Shows it; what the kernel reports is on its @console, and nothing of it in the @log."""
    for line in lines:
        say(f"  {line}")
    told = any(fault.startswith(kernel_log.REPORT) for fault in faults)
    report.conclude(what, faults, console if told else log)
    return count_cases(outcome.result)["SKIP"]


def kunit(machine):
    """Runs the suites; how many cases were skipped, and may be."""
    boot.need_qemu(machine)
    build.build_kernel(machine)
    with step(f"run KUnit on {machine.name}"):
        outcome = run(machine)
    lines, faults = judge_run(outcome, suites_of(machine), may_skip(machine),
                              verdict.judge_controller(machine, outcome.console))
    # Where the CPUs of a run were that had to be ended is behind the console
    log = console_of(machine) if outcome.timed_out else log_of(machine)
    return conclude(f"kunit {machine.name}", outcome, lines, faults, log, console_of(machine))
