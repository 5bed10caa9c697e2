# SPDX-License-Identifier: GPL-2.0-only
"""Boots a machine in QEMU, in one of the modes of initramfs/init.c."""

import dataclasses
import subprocess

from ipi.common import BASE, Failure, say, step
from ipi.machines import build, foreign, kernel_log, patience, qemu, remoteproc, report, verdict
from ipi.series import base

# A hang is noticed by its silence long before.
STRESS_TIMEOUT = 1200
# Messages in a second, of which nothing is said until all of them are there: a
# third of what Malta passes on two cores.
_MESSAGE_RATE = 5000
_MESSAGES_DONE = b"ok 1 ipi-message"
_DEBUG_INFO = ["CONFIG_DEBUG_INFO_DWARF_TOOLCHAIN_DEFAULT=y"]


def need_qemu(machine):
    """Said before the build and not after it."""
    if machine.base and base.number(BASE) < base.number(machine.base):
        raise Failure(f"Linux {BASE} has no support for {machine.name}: run "
                      f"./ipi --base {machine.base} ...")
    qemu.program(machine)


def hardware_words(machine):
    """QEMU and the hardware it is to be."""
    tree = ["-dtb", str(machine.dtb_file)] if machine.dtb else []
    return [qemu.program(machine), *machine.qemu_words[1:], *tree]


def qemu_command(machine, append, initramfs=True):
    initrd = ["-initrd", str(machine.kernel_folder / "initramfs.cpio")] if initramfs else []
    # panic=-1 with -no-reboot: a panic ends QEMU and not only the time-out.
    return [*hardware_words(machine), "-nodefaults", "-no-reboot", "-display", "none",
            "-serial", "stdio",
            "-kernel", str(machine.kernel_folder / machine.image), *initrd,
            "-append", f"{machine.append} panic=-1 {append}".rstrip()]


def limits(machine, total, messages=0):
    """Of a run of @machine that may take @total seconds, and passes @messages first."""
    silence = machine.slow * machine.silence
    return patience.Limits(machine.slow * total, silence,
                           silence + machine.slow * messages / _MESSAGE_RATE,
                           _MESSAGES_DONE if messages else b"")


def read_console(log):
    """As it is: read_text() makes two lines of one that the firmware ended with a CR, too."""
    return log.read_bytes().decode(errors="replace")


def build_all(machine):
    need_qemu(machine)
    build.build_kernel(machine)
    build.build_initramfs(machine)


def monitor_of(machine):
    return machine.folder / "monitor"


def places(machine):
    """Where the CPUs are, for those who see the log, and for those who see its excerpt."""
    said = qemu.ask(monitor_of(machine))
    lines = qemu.places(said, machine.kernel_folder / "System.map")
    return said + "".join(f"\n{line}" for line in lines).encode() + b"\n"


def _run(machine, append, allowed, log):
    machine.folder.mkdir(exist_ok=True)
    command = qemu_command(machine, append) + qemu.monitor_words(monitor_of(machine))
    with step(f"run {machine.name} in QEMU"):
        end = patience.run(command, log, allowed, ask=lambda: places(machine))
    return kernel_log.Run(read_console(log), end.status, end.why)


def boot_log(machine):
    return machine.folder / "boot.log"


# What a mode is told besides, who judges it, and who shows it.
_MODES = {
    "boot": ("", verdict.judge_boot, report.show),
    "remoteproc": (remoteproc.OPTIONS, remoteproc.judge, remoteproc.show),
    "foreign": (foreign.OPTIONS, foreign.judge, foreign.show),
}


def run_built(machine):
    options, *_ = _MODES[machine.mode]
    return _run(machine, f"ipi.mode={machine.mode} ipi.backtrace={machine.backtrace:d} "
                f"{options}", limits(machine, machine.timeout), boot_log(machine))


def run_boot(machine):
    build_all(machine)
    return run_built(machine)


def boot(machine):
    _, judge, show = _MODES[machine.mode]
    result = run_boot(machine)
    show(result)
    report.conclude(f"boot {machine.name}", judge(machine, result), boot_log(machine))


def _message_words(machine):
    """The kernel runs the KUnit suite before the initramfs."""
    if not machine.messages:
        return ""
    return ("kunit.enable=1 kunit.filter_glob=ipi-message "
            f"message_kunit.messages={machine.messages}")


def stress_words(machine):
    return (f"ipi.mode=stress ipi.rounds={machine.rounds} ipi.off={machine.off} "
            f"ipi.torture={machine.torture:d} {_message_words(machine)}")


def stress(machine):
    build_all(machine)
    log = machine.folder / "stress.log"
    result = _run(machine, stress_words(machine),
                  limits(machine, STRESS_TIMEOUT, machine.messages), log)
    faults = verdict.judge_stress(machine, result, machine.rounds)
    report.conclude(f"stress {machine.name}", faults, log)


def for_gdb(machine):
    """A kernel of its own, with what a debugger wants to know."""
    described = machine.with_more(_DEBUG_INFO, ["nokaslr"])
    return dataclasses.replace(described, kernel=f"{machine.kernel}-gdb")


def shell(machine, gdb=False):
    if gdb:
        machine = for_gdb(machine)
    build_all(machine)
    command = qemu_command(machine, "ipi.mode=shell")
    if gdb:
        command += ["-s", "-S"]
        say(f"QEMU waits for: gdb-multiarch {machine.kernel_folder}/vmlinux "
            "-ex 'target remote localhost:1234'")
    say("exit ends the shell, Ctrl-C ends QEMU")
    return subprocess.run(command, check=False).returncode
