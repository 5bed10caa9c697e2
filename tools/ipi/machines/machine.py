# SPDX-License-Identifier: GPL-2.0-only
"""The descriptions in machines/."""

import dataclasses
import re
import shlex
import tomllib
from pathlib import Path

from ipi.common import BUILD, LINUX, TOP, Failure, files_in

MACHINES = TOP / "machines"

# The fragments that ask for what the series brings.
NEW = ("kunit", "malta-kunit", "malta-kunit-range", "malta-remoteproc", "sample-ipi",
       "x86-foreign")


@dataclasses.dataclass(frozen=True)
class Machine:
    """
    name:     as on the command line
    arch:     the kernel's ARCH
    cross:    prefix of the cross compiler
    configs:  fragments in configs/
    image:    what QEMU boots, below the kernel's build folder
    qemu:     QEMU's command line, without kernel, console and initramfs
    append:   kernel command line
    cpus:     CPUs that have to come up
    rows:     the IPI rows of /proc/interrupts, by name
    hotplug:  whether CPUs can go off and on
    timeout:  seconds for one boot
    packages: Debian packages
    kernel:   the machine whose kernel this one boots
    like:     the machine that what is not said here comes from (only in the
              descriptions); the same as kernel's, but with a kernel of its own
    kunit_skips: suites, and cases of others, that need what the machine has not
    kunit_glob: the suites that run, all if empty
    dtb:      device tree that QEMU is given, below the kernel's dts folder
    expect:   what the kernel has to say on the console
    backtrace: whether a boot asks all CPUs for a backtrace
    changed:  patterns of the rows of /proc/interrupts that the series changes
    source:   the kernel tree to build
    silence:  seconds without a line on the console after which it hangs
    slow:     all time limits are this many times as long
    torture:  whether the kernel has scftorture, for the stress
    rounds:   rounds of the stress, in each of which every CPU goes off and on
    off:      seconds for which a CPU stays off in the stress, where hotplug is
    messages: how many messages the stress passes over driver IPIs
    mode:     what a boot does: "boot", "remoteproc", or "foreign"
    modules:  kernel modules that the initramfs has in /, below the kernel's build folder
    firmware: what it has in /lib/firmware, below the same
    qemu_version: the QEMU it takes, any if 0; an older one is left alone, and
              qemu_package of Debian's backports is run from build/archive
    base:     the oldest base that has the hardware, any if empty
    llvm:     whether LLVM builds the kernel
    settings: CONFIG_X=y, in place of what the fragments say of the same symbol
    """
    name: str
    arch: str
    cross: str
    configs: list
    image: str
    qemu: str
    append: str
    cpus: int
    rows: list
    hotplug: bool
    timeout: int
    packages: list
    kernel: str
    kunit_skips: list = dataclasses.field(default_factory=list)
    kunit_glob: str = ""
    dtb: str = ""
    expect: list = dataclasses.field(default_factory=list)
    backtrace: bool = False
    changed: list = dataclasses.field(default_factory=list)
    source: Path = LINUX
    silence: int = 90
    slow: int = 1
    torture: bool = False
    rounds: int = 50
    off: int = 5
    messages: int = 0
    mode: str = "boot"
    modules: list = dataclasses.field(default_factory=list)
    firmware: list = dataclasses.field(default_factory=list)
    qemu_version: int = 0
    qemu_package: str = ""
    base: str = ""
    llvm: bool = False
    settings: list = dataclasses.field(default_factory=list)

    @property
    def folder(self):
        return BUILD / self.name

    @property
    def kernel_folder(self):
        return BUILD / self.kernel

    @property
    def dtb_file(self):
        return self.kernel_folder / "arch" / self.arch / "boot" / "dts" / self.dtb

    @property
    def qemu_words(self):
        return shlex.split(self.qemu)

    @property
    def compiler(self):
        return "clang" if self.llvm else f"{self.cross}gcc"

    def with_more(self, settings, words):
        """The same machine with further @settings and kernel command line @words."""
        return dataclasses.replace(self, settings=[*self.settings, *settings],
                                   append=" ".join([self.append, *words]))

    def on_tree(self, tree, without=NEW):
        """The same machine on the kernel in build/@tree/linux, which may be older than the series.

        It is built in build/@tree, @without some of the fragments.
        """
        return dataclasses.replace(self, name=f"{tree}/{self.name}", kernel=f"{tree}/{self.kernel}",
                                   source=BUILD / tree / "linux",
                                   configs=[name for name in self.configs if name not in without])


def names(folder: Path = MACHINES):
    return [path.stem for path in files_in(folder, "*.toml")]


def comment(name, folder: Path = MACHINES):
    """The first comment of a description that is a sentence about the machine."""
    text = (folder / f"{name}.toml").read_text()
    found = re.match(r"# SPDX.*\n((?:#.*\n)+)", text)
    return " ".join(line.strip("# ") for line in found[1].splitlines()) if found else ""


def _described(path):
    try:
        return tomllib.loads(path.read_text())
    except ValueError as error:
        raise Failure(f"{path.parent.name}/{path.name}: {error}") from None


def _fields(name, folder, heirs=()):
    """What @name's description says, and what it takes from others; @heirs ask for it."""
    path = folder / f"{name}.toml"
    if not path.exists():
        raise Failure(f"unknown machine '{name}', known are: {', '.join(names(folder))}")
    if name in heirs:
        raise Failure(f"{folder.name}/{name}.toml: the machine is like itself")
    fields = _described(path)
    like = fields.pop("like", fields.get("kernel"))
    return {**_fields(like, folder, (*heirs, name)), **fields} if like else fields


def load(name, folder: Path = MACHINES):
    """What a description does not say comes from the machine whose kernel it uses."""
    fields = {"kernel": name, **_fields(name, folder)}
    try:
        return Machine(name=name, **fields)
    except TypeError as error:
        raise Failure(f"{folder.name}/{name}.toml: {error}") from None
