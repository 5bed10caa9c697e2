# SPDX-License-Identifier: GPL-2.0-only
"""Kernel and initramfs of one machine."""

import math
import os
import re
import shutil
import subprocess
from pathlib import Path

from ipi.common import BASE, BUILD, TOP, Failure, files_in, run, step, write_whole

# Relative paths let clones share the cache; taking the headers from the
# compiler's dependency file saves a preprocessor run per file not yet in it.
_CCACHE = {"CCACHE_BASEDIR": str(BUILD), "CCACHE_NOHASHDIR": "1", "CCACHE_DEPEND": "1"}
# Fixed, so that two builds of the same source are the same.
_STAMP = {"KBUILD_BUILD_TIMESTAMP": "2015-09-29", "KBUILD_BUILD_USER": "ipi",
          "KBUILD_BUILD_HOST": "ipi", "KBUILD_BUILD_VERSION": "1", "LC_ALL": "C"}
_TAIL = 30
_CGROUPS = Path("/sys/fs/cgroup")
# What "torture" in a description means: needed by initramfs/stress.c.
MODULES = ["kernel/torture.ko", "kernel/scftorture.ko"]


def jobs():
    """As many as may run at once, by the affinity of this process and by its cgroup."""
    allowed, group = len(os.sched_getaffinity(0)), Path("/proc/self/cgroup")
    named = re.search("^0::/(.*)$", group.read_text(), re.M) if group.exists() else None
    inner = _CGROUPS / (named[1] if named else "")
    for folder in (inner, *inner.parents):
        limit = folder / "cpu.max"
        if limit.exists() and folder.is_relative_to(_CGROUPS):
            quota, period = limit.read_text().split()
            if quota != "max":
                allowed = min(allowed, math.ceil(int(quota) / int(period)))
    return max(allowed, 1)


def compiler_words(arch, cross, compiler=""):
    ccache = "ccache " if shutil.which("ccache") else ""
    return [f"ARCH={arch}", f"CROSS_COMPILE={cross}", f"CC={ccache}{compiler or cross + 'gcc'}"]


def need(program, name, packages):
    """Said of the machine or check @name before the build and not after it."""
    if not shutil.which(program):
        raise Failure(f"there is no {program}; {name} needs the packages {' '.join(packages)}")


def make_words(machine):
    """The part of every make command that has to be the same each time."""
    compiler = machine.compiler
    need(compiler, machine.name, machine.packages)
    return ["make", "-s", "-C", str(machine.source), f"O={machine.kernel_folder}",
            *compiler_words(machine.arch, machine.cross, compiler), "LOCALVERSION=",
            # Of what .incbin takes in, a device tree say, ccache knows nothing
            # then. An option that it does not support, and which does nothing.
            "LLVM=1" if machine.llvm else "KAFLAGS=-fdump-unnumbered"]


def environment():
    return {**os.environ, **_STAMP, **_CCACHE}


def make(machine, log, *words):
    """Runs make with its output in @log; the end of it is shown on failure."""
    with open(log, "w") as out:
        done = subprocess.run([*make_words(machine), *words], env=environment(), check=False,
                              stdin=subprocess.DEVNULL, stdout=out, stderr=out)
    if done.returncode:
        tail = "".join(open(log, errors="replace").readlines()[-_TAIL:])
        raise Failure(f"make {words[-1]} for {machine.kernel} failed, "
                      f"the log is {log.relative_to(TOP)}:\n{tail}")


def wanted_symbols(fragment):
    """{symbol: value} of a fragment; None is "is not set"."""
    wanted = dict(re.findall(r"^(CONFIG_\w+)=(.*)$", fragment, re.M))
    unset = re.findall(r"^# (CONFIG_\w+) is not set$", fragment, re.M)
    return {**wanted, **dict.fromkeys(unset)}


def missing_symbols(fragment, config):
    """The requests of @fragment that Kconfig did not grant."""
    got = dict(re.findall(r"^(CONFIG_\w+)=(.*)$", config, re.M))
    return [f"{symbol}={value or 'n'}"
            for symbol, value in wanted_symbols(fragment).items()
            if got.get(symbol, None) != value]


def fragments(names):
    """The fragments called @names, each with what this base wants besides."""
    paths = [TOP / "configs" / folder / f"{name}.config" for name in names for folder in ("", BASE)]
    return [path.read_text() for path in paths if not path.parent.name == BASE or path.exists()]


def with_settings(fragment, settings):
    """@fragment with @settings in place of what it says of the same symbols."""
    for setting in settings:
        symbol, _, value = setting.partition("=")
        fragment = re.sub(rf"^({symbol}=.*|# {symbol} is not set)\n", "", fragment, flags=re.M)
        fragment += f"# {symbol} is not set\n" if value == "n" else f"{setting}\n"
    return fragment


def configure(machine):
    folder = machine.kernel_folder
    folder.mkdir(parents=True, exist_ok=True)
    fragment = with_settings("".join(fragments(machine.configs)), machine.settings)
    write_whole(folder / "fragment.config", fragment)
    make(machine, folder / "config.log",
         f"KCONFIG_ALLCONFIG={folder / 'fragment.config'}", "allnoconfig")
    missing = missing_symbols(fragment, (folder / ".config").read_text())
    if missing:
        raise Failure(f"{machine.kernel} asks for what Kconfig did not grant: "
                      f"{' '.join(missing)}")


def modules_of(machine):
    return machine.modules + (MODULES if machine.torture else [])


def build_image(machine, *words):
    make(machine, machine.kernel_folder / "build.log", f"-j{jobs()}", *words,
         *([machine.dtb] if machine.dtb else []), *(["modules"] if modules_of(machine) else []),
         machine.image.rpartition("/")[2])


def build_kernel(machine, *words):
    with step(f"configure {machine.kernel}"):
        configure(machine)
    with step(f"build {machine.kernel}"):
        build_image(machine, *words)


def build_initramfs(machine):
    """One static program as /init, packed by the kernel's own gen_init_cpio."""
    folder = machine.kernel_folder / "initramfs"
    folder.mkdir(exist_ok=True)
    with step("build the initramfs"):
        sources = files_in(TOP / "initramfs", "*.c")
        run([f"{machine.cross}gcc", "-O2", "-D_GNU_SOURCE", "-Wall", "-Wextra",
             "-Wno-unused-parameter", "-Werror", "-static", "-pthread",
             "-o", folder / "init", *sources])
        modules = [machine.kernel_folder / name for name in modules_of(machine)]
        firmware = [machine.kernel_folder / name for name in machine.firmware]
        write_whole(folder / "list",
                    "dir /dev 0755 0 0\n"
                    "nod /dev/console 0600 0 0 c 5 1\n"
                    f"file /init {folder / 'init'} 0755 0 0\n" +
                    "dir /lib 0755 0 0\ndir /lib/firmware 0755 0 0\n" +
                    "".join(f"file /{path.name} {path} 0644 0 0\n" for path in modules) +
                    "".join(f"file /lib/firmware/{path.name} {path} 0644 0 0\n"
                            for path in firmware))
        packer = machine.kernel_folder / "usr" / "gen_init_cpio"
        image = run([packer, folder / "list"], text=False)
        (machine.kernel_folder / "initramfs.cpio").write_bytes(image)
