# SPDX-License-Identifier: GPL-2.0-only
"""What differs between the queue of the default base and that of another one."""

import re

from ipi.common import DEFAULT_BASE, TOP, refuse, say
from ipi.series import base, patchfile


def _code(diff):
    """The lines which a diff takes away and adds, with the files they are in."""
    return re.findall(r"^(?:[-+](?!--|\+\+).*|(?:---|\+\+\+) [ab]/.*)$", diff, re.M)


def _number(ours, theirs):
    """Lines of code which only one of two patches has."""
    one, two = _code(ours), _code(theirs)
    return len([line for line in one if line not in two] +
               [line for line in two if line not in one])


def compare(default, other):
    """([(what differs, patch)], faults) of two stored queues."""
    lines, faults = [], []
    names, others = default.names(), other.names()
    for name in [*others, *(name for name in names if name not in others)]:
        if name not in others or name not in names:
            only = other if name in others else default
            lines.append((f"only in {only.base}", name))
        elif other.path(name) != default.path(name):
            ours, theirs = default.read(name), other.read(name)
            number = _number(ours.diff, theirs.diff)
            lines.append((f"{number} lines differ" if number else "context differs", name))
            if not ours.same_but_for_hunks(theirs):
                faults.append(f"{name}: subject, author, changelog or whole files are not the same "
                              f"for {default.base} and {other.base}")
    return lines, faults


def _others(top):
    return [patchfile.Stored(top, name) for name in base.names() if name != DEFAULT_BASE]


def check(top=TOP):
    """What need not differ is the same, so that no queue is left behind."""
    default = patchfile.Stored(top, DEFAULT_BASE)
    faults = [fault for other in _others(top) for fault in compare(default, other)[1]]
    refuse(faults)


def show(top=TOP):
    default = patchfile.Stored(top, DEFAULT_BASE)
    for other in _others(top):
        lines, _ = compare(default, other)
        shared = len(other.names()) - sum(not what.endswith(f"in {DEFAULT_BASE}")
                                          for what, _ in lines)
        say(f"{other.base}: {len(other.names())} patches, {shared} of them the same as on "
            f"{DEFAULT_BASE}")
        for what, name in lines:
            say(f"  {what:18} {name}")
    check(top)
    say("PASS: changelogs and whole files are the same")
