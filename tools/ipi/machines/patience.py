# SPDX-License-Identifier: GPL-2.0-only
"""Ends a QEMU that hangs, and spares one that waits for a busy host."""

import contextlib
import dataclasses
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

_POLL = 1
# The kernel repeats it for as long as the rest hangs, so nothing after it is a
# sign of life. The run is refused for it in any case.
_STALL = re.compile(rb"rcu: INFO: .* stall")
# Has a thread that prints whatever happens to the others.
_TICKS = b"scftorture: "
# Seconds of a wait at once: more than other work makes of it, and half of that after
# which the kernel reports a stall
_LONG = 10
_USER_HZ = os.sysconf("SC_CLK_TCK")


@dataclasses.dataclass(frozen=True)
class Limits:
    """
    Seconds, without those in which QEMU could run and the host had no CPU for it.

    total:   of the whole run
    silence: without a new line on the console
    first:   the same, until the console says @until
    until:   what ends the first phase, if there is one
    """
    total: float
    silence: float
    first: float = 0
    until: bytes = b""


@dataclasses.dataclass
class End:
    """How a run ended: its status, and why it was ended if it was."""
    status: int
    why: str


def _read(path):
    """A process or a thread may be gone, and a console not there yet."""
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _children(pid):
    return [int(child) for path in Path(f"/proc/{pid}/task").glob("*/children")
            for child in _read(path).split()]


def _stolen():
    """{CPU: ns which it could not run for others that the machine below has}."""
    rows = re.findall(rb"^(cpu\d+) (?:\d+ ){7}(\d+)", _read(Path("/proc/stat")), re.M)
    return {cpu: int(ticks) * 10 ** 9 // _USER_HZ for cpu, ticks in rows}


def host_waits(pid):
    """
    {thread: ns for which it could run, but had no CPU} of @pid and its children, and
    the same of the CPUs, where the host is a virtual machine.
    """
    waits = _stolen()
    for process in (pid, *_children(pid)):
        # It may go while one looks
        with contextlib.suppress(OSError):
            for path in Path(f"/proc/{process}/task").glob("*/schedstat"):
                fields = _read(path).split()
                if len(fields) > 1:
                    waits[path] = int(fields[1])
    return waits


class Clock:
    """
    Wall time minus what the thread that waited most had to wait. Were it the sum
    of all threads, the clock of CPUs that spin would stand still.
    """

    def __init__(self, waits, now):
        self._waits, self._now = waits, now
        self._at, self._waited = now(), waits()
        self.seconds, self.longest = 0.0, 0.0

    def tick(self):
        at, waited = self._now(), self._waits()
        passed = at - self._at
        grown = max([0, *(ns - self._waited.get(thread, 0) for thread, ns in waited.items())])
        self.seconds += passed - min(grown / 1e9, passed)
        self.longest = max(self.longest, grown / 1e9)
        self._at, self._waited = at, waited


def signs_of_life(console):
    """The number of whole lines which say that the run gets ahead."""
    lines = _STALL.split(console, maxsplit=1)[0].split(b"\n")[:-1]
    return sum(_TICKS not in line for line in lines)


class Watch:
    """What a run has used of its limits, and how long it had to wait at once."""

    def __init__(self, limits, waits, now=time.monotonic):
        self._limits = limits
        self._clock = Clock(waits, now)
        self._signs, self._heard = 0, 0.0

    @property
    def longest_wait(self):
        return self._clock.longest

    def look(self, console):
        """Why the run has to be ended, or nothing."""
        limits, clock = self._limits, self._clock
        clock.tick()
        signs = signs_of_life(console)
        if signs != self._signs:
            self._signs, self._heard = signs, clock.seconds
        silence = limits.silence if limits.until in console else limits.first
        if clock.seconds - self._heard >= silence:
            return f"hang: QEMU was ended after {silence:g} s without a word"
        if clock.seconds >= limits.total:
            return f"time-out: QEMU was ended after {limits.total:g} s"
        return ""


def _show(text):
    """With -v, or for ./ipi test, which runs processes of its own, with IPI_VERBOSE=1."""
    if os.environ.get("IPI_VERBOSE"):
        sys.stdout.write(text.decode(errors="replace").replace("\r", ""))
        sys.stdout.flush()


def wait(process, watch, console, ask):
    """
    Why @process has to be ended, or nothing if it ended by itself, and what @ask said
    when a stall was reported: who stalls may go on, and nobody would know where it was.
    """
    why, shown, told = None, 0, b""
    while why is None:
        try:
            process.wait(_POLL)
            why = ""
        except subprocess.TimeoutExpired:
            why = watch.look(_read(console)) or None
        said = _read(console)
        _show(said[shown:])
        shown = len(said)
        if why is None and not told and _STALL.search(said):
            told = ask()
    return why, told


def _end(pid):
    """kunit.py ends by itself when its QEMU is gone, and says what it saw."""
    for process in _children(pid) or [pid]:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)


def run(command, log, limits, console=None, ask=lambda: b"", **options):
    """
    Runs QEMU, or what starts it, with its output in @log. Where that is not the
    console, @console is. What @ask says of a run that stalls or has to be ended is put
    behind it.
    """
    with (open(log, "wb") as out,
          subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out,
                           stderr=subprocess.STDOUT, **options) as process):
        try:
            watch = Watch(limits, lambda: host_waits(process.pid))
            why, told = wait(process, watch, console or log, ask)
            if why:
                told += ask()
                _end(process.pid)
            status = process.wait()
            if watch.longest_wait >= _LONG:
                told += b"\nthe host had no CPU for %.0f s at once\n" % watch.longest_wait
            with open(console or log, "ab") as behind:
                behind.write(told)
            return End(status, why)
        finally:
            process.kill()
