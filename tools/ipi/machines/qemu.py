# SPDX-License-Identifier: GPL-2.0-only
"""QEMU as a machine needs it: the installed one, or a newer one in a folder of its own."""

import bisect
import contextlib
import os
import re
import shutil
import socket
import subprocess
from pathlib import Path

from ipi import archive
from ipi.common import write_whole
from ipi.machines import build

# What has newer versions than a release, with that which the release itself has.
_SUITES = ["trixie", "trixie-backports"]
_WRAPPER = """#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# With the loader and the libraries it was built for, which need not be the system's.
exec {words} -L {data} "$@"
"""


# The machines are described as QEMU emulates them, and KVM makes others of them. The
# kunit.py of newer bases asks for it first.
_EMULATED = """#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
for word do
    shift
    case $word in kvm | hvf) word=tcg ;; esac
    set -- "$@" "$word"
done
exec {program} "$@"
"""


def emulated(program, folder):
    """The environment in which who starts QEMU by its name gets @program, and never KVM."""
    wrapper = folder / "qemu" / Path(program).name
    wrapper.parent.mkdir(parents=True, exist_ok=True)
    write_whole(wrapper, _EMULATED.format(program=shutil.which(program)))
    wrapper.chmod(0o755)
    return {"PATH": f"{wrapper.parent}:{os.environ['PATH']}"}


def version_text(binary):
    """Of the QEMU that @binary starts, empty if it is not there."""
    if not shutil.which(str(binary)):
        return ""
    said = subprocess.run([binary, "--version"], capture_output=True, text=True, check=False)
    found = re.search(r"version ([\d.]+)", said.stdout)
    return found[1] if found else ""


def version(binary):
    """The major version, 0 if it is not there."""
    return int(version_text(binary).partition(".")[0] or 0)


def _wrapper(machine, binary):
    """A program which runs the QEMU of the archive as if it was installed."""
    folder = archive.get([machine.qemu_package], _SUITES, alone=False)
    wrapper = folder / "bin" / binary
    words = archive.own_words(folder, Path("usr/bin") / binary)
    write_whole(wrapper, _WRAPPER.format(words=" ".join(map(str, words)),
                                         data=folder / "usr/share/qemu"))
    wrapper.chmod(0o755)
    return wrapper


def program(machine):
    """What runs @machine."""
    binary = machine.qemu_words[0]
    if not machine.qemu_version:
        build.need(binary, machine.name, machine.packages)
        return binary
    if version(binary) >= machine.qemu_version:
        return binary
    needs = f"{machine.name} needs QEMU {machine.qemu_version} or later"
    try:
        wrapper = _wrapper(machine, binary)
    except archive.Absent as absent:
        raise archive.Absent(f"{needs}, and it cannot be had: {absent}") from None
    if version(wrapper) < machine.qemu_version:
        raise archive.Absent(f"{needs}, and {_SUITES[-1]} has {version(wrapper)} only")
    return str(wrapper)


# Where each CPU is, and which interrupts are pending
_QUESTIONS = ["info registers -a", "info pic"]
_PROMPT = b"(qemu) "
_ANSWER_SECONDS = 10


def monitor_words(path, start=os.curdir):
    """As seen from the folder in which QEMU starts: a socket's path has to be short."""
    return ["-monitor", f"unix:{os.path.relpath(path, start)},server=on,wait=off"]


def _hear(line):
    said = b""
    while not said.endswith(_PROMPT):
        more = line.recv(65536)
        if not more:
            break
        said += more
    return said.removesuffix(_PROMPT)


def ask(path):
    """What the QEMU with this monitor says of its machine, as far as it still does."""
    said = b""
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as line:
        line.settimeout(_ANSWER_SECONDS)
        line.connect(os.path.relpath(path))
        _hear(line)
        for question in _QUESTIONS:
            line.sendall(f"{question}\n".encode())
            # The first line is the question, as if it was typed
            said += _hear(line).partition(b"\n")[2]
    return said


# Of each CPU its number, and its program counter as its architecture calls it
_COUNTER = re.compile(r"^CPU#(\d+)|(?:\b(?:pc|PC|[RE]IP|R15)\b[ =]+(?:0x)?)([0-9a-f]+)", re.M)


def _symbols(path):
    """The addresses and the names in a System.map, in order, if it is there."""
    lines = path.read_text().splitlines() if path.is_file() else []
    found = sorted((int(address, 16), name) for address, _, name in map(str.split, lines))
    return [address for address, _ in found], [name for _, name in found]


def places(said, system_map):
    """A line for each CPU in an answer of ask(): which function it is in."""
    addresses, names = _symbols(system_map)
    lines, cpu = [], ""
    for number, counter in _COUNTER.findall(said.decode(errors="replace")):
        if number:
            cpu = number
        elif cpu:
            i = bisect.bisect(addresses, int(counter, 16)) - 1
            name = f"{names[i]}+{int(counter, 16) - addresses[i]:#x}" if i >= 0 else counter
            lines.append(f"CPU {cpu} is at {name}")
            cpu = ""
    return lines
