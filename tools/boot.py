# SPDX-License-Identifier: GPL-2.0-only
"""Boots a machine in QEMU, in one of the modes of initramfs/init.c."""

import shutil
import subprocess

import branch
import build
import coprocessor
import verdict
from common import Failure, say, step

STRESS_TIMEOUT = 1200


def need_qemu(machine):
    """Said before the build and not after it."""
    binary = machine.qemu_words[0]
    if not shutil.which(binary):
        raise Failure(f"there is no {binary}; {machine.name} needs the packages "
                      f"{' '.join(machine.packages)}")


def hardware_words(machine):
    """QEMU and the hardware it is to be."""
    tree = ["-dtb", str(machine.dtb_file)] if machine.dtb else []
    return [*machine.qemu_words, *tree]


def qemu_command(machine, append, initramfs=True):
    initrd = ["-initrd", str(machine.kernel_folder / "initramfs.cpio")] if initramfs else []
    # panic=-1 with -no-reboot: a panic ends QEMU and not only the time-out.
    return [*hardware_words(machine), "-nodefaults", "-no-reboot", "-display", "none",
            "-serial", "stdio",
            "-kernel", str(machine.kernel_folder / machine.image), *initrd,
            "-append", f"{machine.append} panic=-1 {append}".rstrip()]


def run_logged(command, log, timeout):
    """Runs QEMU with its console in @log; returns its status, None if killed."""
    with open(log, "wb") as out:
        qemu = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out,
                                stderr=subprocess.STDOUT)
        try:
            return qemu.wait(timeout)
        except subprocess.TimeoutExpired:
            return None
        finally:
            qemu.kill()
            qemu.wait()


def read_console(log):
    """As it is: read_text() makes two lines of one that the firmware ended with a CR, too."""
    return log.read_bytes().decode(errors="replace")


def _build(machine):
    need_qemu(machine)
    branch.prepare()
    build.build_kernel(machine)
    build.build_initramfs(machine)


def _run(machine, append, timeout, log):
    machine.folder.mkdir(exist_ok=True)
    with step(f"run {machine.name} in QEMU"):
        status = run_logged(qemu_command(machine, append), log, timeout)
    return verdict.Run(read_console(log), status, timeout)


def boot_log(machine):
    return machine.folder / "boot.log"


# What a mode is told besides, who judges it, and who shows it.
_MODES = {
    "boot": ("", verdict.judge_boot, verdict.show),
    "coprocessor": (coprocessor.OPTIONS, coprocessor.judge, coprocessor.show),
}


def run_built(machine):
    options, *_ = _MODES[machine.mode]
    return _run(machine, f"ipi.mode={machine.mode} ipi.backtrace={machine.backtrace:d} "
                f"{options}", machine.slow * machine.timeout, boot_log(machine))


def run_boot(machine):
    _build(machine)
    return run_built(machine)


def boot(machine):
    _, judge, show = _MODES[machine.mode]
    result = run_boot(machine)
    show(result)
    verdict.conclude(f"boot {machine.name}", judge(machine, result), boot_log(machine))


def _message_words(machine):
    """The kernel runs the KUnit suite before the initramfs."""
    if not machine.messages:
        return ""
    return ("kunit.enable=1 kunit.filter_glob=ipi-message "
            f"message_kunit.messages={machine.messages}")


def stress(machine):
    _build(machine)
    log = machine.folder / "stress.log"
    result = _run(machine, f"ipi.mode=stress ipi.rounds={machine.rounds} "
                  f"ipi.torture={machine.torture:d} {_message_words(machine)}",
                  machine.slow * STRESS_TIMEOUT, log)
    faults = verdict.judge_stress(machine, result, machine.rounds)
    verdict.conclude(f"stress {machine.name}", faults, log)


def shell(machine):
    _build(machine)
    say("exit ends the shell, Ctrl-C ends QEMU")
    return subprocess.run(qemu_command(machine, "ipi.mode=shell"), check=False).returncode
