# SPDX-License-Identifier: GPL-2.0-only
"""What sparse and W=1 say of the touched files beyond what they say of the base."""

import functools
import re
from pathlib import Path

from ipi.checks import platforms
from ipi.common import LINUX, refuse, step
from ipi.git import Repo
from ipi.machines import build, machine

SPARSE = Path(__file__).with_name("sparse.sh")
# Between them their kernels have all of the touched files,
MACHINES = ("malta", "malta-remoteproc", "malta-mt", "arm64-gicv3", "arm", "riscv", "x86_64")
# but for these, which are compiled as a platform is configured,
PLATFORMS = {"arm64-sdei": ["drivers/firmware/arm_sdei_nmi.o"],
             "econet_en751221": ["arch/mips/econet/init.o",
                                 "drivers/irqchip/irq-econet-en751221.o"],
             "generic": ["drivers/cpuidle/cpuidle-cps.o"],
             "lantiq": ["arch/mips/lantiq/prom.o"]}
# and for a program, of which Kbuild has no object.
PROGRAMS = {"samples/mips-vp/firmware.o"}


def messages(text):
    """What is said of which file, without line numbers, which differ in the base."""
    found = re.findall(r"^(?:/\S*/linux/|(?:\.\./)+linux/)?([\w./-]+\.[ch]):\d+(?::\d+)?: "
                       r"((?:warning|error): .*)$", text, re.M)
    return {f"{path}: {what}" for path, what in found}


def touched(repo, before, after):
    """The objects of the C files that changed from one commit to the other."""
    paths = repo.text("diff", "--name-only", "--diff-filter=d", before, after, "--", "*.c")
    return [path.removesuffix(".c") + ".o" for path in paths.splitlines()]


def built(known, names):
    """Those of @names that are in the machine's kernel."""
    return [name for name in names if (known.kernel_folder / name).exists()]


def _of_guard(source, message):
    """sparse does not know when guard() releases its lock: the attribute is none of its own."""
    found = re.fullmatch(r"(\S+): warning: context imbalance in '(\w+)' - wrong count at exit",
                         message)
    if not found:
        return False
    body = re.search(rf"^\w[^;\n]*\b{found[2]}\([^;{{]*\n{{\n.*?^}}",
                     (source / found[1]).read_text(), re.M | re.S)
    # A lock which is taken by hand as well may be the lost one
    return bool(body) and bool(re.search(r"^\tguard\(", body[0], re.M)) and \
        not re.search(r"\b\w*_lock(?:_\w+)?\(", body[0])


def said(known, names):
    """What the checkers say of those of @names that have a source there."""
    names = [name for name in names if (known.source / name).with_suffix(".c").exists()]
    if not names:
        # A make without a target would build, and check, the whole kernel.
        return set()
    for name in names:
        (known.kernel_folder / name).unlink(missing_ok=True)
    log = known.kernel_folder / "check.log"
    build.make(known, log, f"-j{build.jobs()}", "C=1", f"CHECK={SPARSE}", "W=1", *names)
    return {message for message in messages(log.read_text())
            if not _of_guard(known.source, message)}


def of_files(messages, paths):
    """Headers and what make builds besides are checked, too, and may be the base's own."""
    return {message for message in messages if message.split(":")[0] in paths}


def _beyond(repo, known, names, configure):
    """What is said of @names and is not said of the base."""
    with step(f"sparse and W=1 on {len(names)} files of {known.name}"):
        found = of_files(said(known, names), names_of(repo))
        if not found:
            return found
        base = known.on_tree("base")
        repo.check_out("base", base.source)
        configure(base)
        return found - said(base, names)


def names_of(repo):
    return repo.text("diff", "--name-only", "base", "HEAD").splitlines()


def _of_machines(repo, names):
    """What is left of @names for platforms, and the faults of the others."""
    faults = set()
    for known in map(machine.load, MACHINES):
        build.build_kernel(known)
        here = built(known, names)
        names = [name for name in names if name not in here]
        faults |= _beyond(repo, known, here, build.configure)
    return names, faults


def _of_platforms(repo, names):
    faults = set()
    for name, platform in platforms.load().items():
        here = [file for file in PLATFORMS.get(name, []) if file in names]
        if here:
            known, configure = platforms.machine_of(name), functools.partial(
                platforms.configure, platform=platform)
            configure(known)
            names = [file for file in names if file not in here]
            faults |= _beyond(repo, known, here, configure)
    return names, faults


def static():
    repo = Repo(LINUX)
    names = [name for name in touched(repo, "base", "HEAD") if name not in PROGRAMS]
    names, faults = _of_machines(repo, names)
    names, more = _of_platforms(repo, names)
    refuse([*sorted(faults | more), *(f"no machine builds {name}" for name in names)])
