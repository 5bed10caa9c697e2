# SPDX-License-Identifier: GPL-2.0-only
"""The suites as a kernel developer runs them: the kernel's kunit.py and their .kunitconfig."""

import dataclasses
import functools
import json
import re
import sys

from ipi.common import BUILD, LINUX, TOP, Failure, step
from ipi.machines import build, kunit, patience, qemu

# The build is silent for as long as it takes, until kunit.py says that it starts the kernel.
LIMITS = patience.Limits(total=3600, silence=90, first=3600, until=b"Starting KUnit Kernel")

# What the .kunitconfig does not build: it has no GIC, no device tree, no failing
# allocations.
NOT_BUILT = {"ipi-mips-gic", "ipi-mips-cpu", "ipi-of", "ipi-fault"}


@dataclasses.dataclass(frozen=True)
class Arch:
    """
    words:    what kunit.py is told of it besides
    cross:    prefix of the compiler
    qemu:     the program that kunit.py boots the kernel with, none if it runs by itself
    one_cpu:  whether the cases that need two are skipped
    skips:    suites which are not built or skipped, and cases of others
    base_warns: what the base's own kernel reports there, series or not
    packages: Debian packages for kunit.py's own configuration
    """
    words: tuple = ()
    cross: str = ""
    qemu: str = ""
    one_cpu: bool = False
    skips: tuple = ()
    base_warns: tuple = ()
    packages: tuple = ()


ARCHES = {
    # There is no SMP in UML, so nobody to race with; a mask is one bit.
    "um": Arch(one_cpu=True, skips=("ipi-race", "ipi-message", "reserve_impossible_cpu"),
               # kunit.py's arch_uml.config has PCI without the id that this wants
               base_warns=(r"at arch/um/drivers/virt-pci\.c:\d+ um_pci_init\+",),
               packages=("gcc", "libc6-dev")),
    # Has no SMP unless told. The unwinder that it takes by default needs libelf.
    "x86_64": Arch(words=("--qemu_args=-smp 4", "--kconfig_add=CONFIG_SMP=y"),
                   qemu="qemu-system-x86_64",
                   packages=("gcc", "libc6-dev", "libelf-dev", "qemu-system-x86")),
    # SMP with one CPU, and with NR_CPUS for which a mask ends at the last possible one.
    "arm64": Arch(words=("--cross_compile=aarch64-linux-gnu-",), cross="aarch64-linux-gnu-",
                  qemu="qemu-system-aarch64", one_cpu=True, skips=("reserve_impossible_cpu",),
                  packages=("gcc-aarch64-linux-gnu", "qemu-system-arm")),
}


def path_of(name, what=""):
    """Of what kunit.py leaves: its kunit.log, its kunit.json, and test.log, the console."""
    return BUILD / f"kunitconfig-{name}" / what


def need(name):
    arch = ARCHES[name]
    for program in filter(None, (f"{arch.cross}gcc", arch.qemu)):
        build.need(program, f"kunitconfig {name}", arch.packages)


def command(name):
    arch = ARCHES[name]
    *_, compiler = build.compiler_words(name, arch.cross)
    return [sys.executable, "-B", "tools/testing/kunit/kunit.py", "run", f"--arch={name}",
            f"--kunitconfig={kunit.SUITES}", *arch.words, f"--build_dir={path_of(name)}",
            f"--timeout={kunit.NEVER}", f"--json={path_of(name, 'kunit.json')}",
            f"--jobs={build.jobs()}", "--make_options", compiler]


def _without(console, known):
    """@console without a warning that is @known, up to the head of its trace."""
    return re.sub(rf"^.*WARNING: .*{known}.*$(?:(?:\n(?!.*WARNING: ).*)*?\n.*Call Trace:)?", "",
                  console, count=1, flags=re.M)


def run(name):
    """How it ended, without what the base is known to warn of."""
    arch, folder = ARCHES[name], path_of(name)
    log, console, result = (path_of(name, what) for what in ("kunit.log", "test.log", "kunit.json"))
    folder.mkdir(parents=True, exist_ok=True)
    for path in (result, console):
        path.unlink(missing_ok=True)
    env = build.environment() | (qemu.emulated(arch.qemu, folder) if arch.qemu else {})
    end = patience.run(command(name), log, LIMITS, cwd=LINUX, env=env | {"PYTHONUNBUFFERED": "1"})
    if not result.exists():
        raise Failure(f"kunit.py gave no result, see {log.relative_to(TOP)}")
    said = functools.reduce(_without, arch.base_warns, console.read_text(errors="replace"))
    return kunit.Outcome(json.loads(result.read_text()), end.status, said, end.why)


def _kernel_arch(name):
    """kunit.py has two names for that of x86."""
    return "x86" if name == "x86_64" else name


def wanted(folder, name):
    """The suites in @folder which have to run."""
    suites = kunit.suites_in(folder, _kernel_arch(name))
    return [suite for suite in suites if suite not in NOT_BUILT]


def judge(name, outcome, suites):
    """(lines to show, faults) of what run() says."""
    arch = ARCHES[name]
    alone = kunit.need_two(LINUX / kunit.SUITES, _kernel_arch(name)) if arch.one_cpu else []
    return kunit.judge_run(outcome, suites, [*arch.skips, *alone])


def kunitconfig(name):
    need(name)
    with step(f"build and run the .kunitconfig on {name}"):
        outcome = run(name)
    lines, faults = judge(name, outcome, wanted(LINUX / kunit.SUITES, name))
    return kunit.conclude(f"kunitconfig {name}", outcome, lines, faults,
                          path_of(name, "kunit.log"), path_of(name, "test.log"))
