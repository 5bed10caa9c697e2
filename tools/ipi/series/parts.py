# SPDX-License-Identifier: GPL-2.0-only
"""The parts in which a queue is mailed and merged, one on top of the other: patches/parts.

A part goes from its first patch up to that of the next part, so none has a hole, and
every patch is in one part.
"""

from ipi.common import DEFAULT_BASE, TOP, Failure, files_in, refuse
from ipi.series import base, patchfile
from ipi.series.patchfile import PARTS

COVERS = "cover"


def load(top=TOP):
    """{name: subject of the first patch}, in order."""
    lines = [line.split(maxsplit=1) for line in base.lines_of(top / "patches" / PARTS)]
    if any(len(words) != 2 for words in lines):
        raise Failure(f"patches/{PARTS}: a line is not a name and the subject of a patch")
    return dict(lines)


def cover_of(name, top=TOP):
    """The cover letter of a part, of the whole series if @name is empty."""
    if not name:
        return top / "patches" / patchfile.COVER
    return top / "patches" / COVERS / f"{name}.txt"


def divide(parts, subjects):
    """{name: slice of @subjects}."""
    starts = []
    for name, subject in parts.items():
        if subjects.count(subject) != 1:
            raise Failure(f"patches/{PARTS}: {name} begins with '{subject}', which "
                          f"{subjects.count(subject) or 'no'} patches are called")
        starts.append(subjects.index(subject))
    if starts != sorted(starts) or starts[:1] != [0]:
        raise Failure(f"patches/{PARTS}: the parts are not in the order of the patches, or leave "
                      "the first one out")
    return dict(zip(parts, map(slice, starts, [*starts[1:], len(subjects)])))


def one(name, parts, subjects):
    """The slice of the part called @name."""
    if name not in parts:
        raise Failure(f"unknown part '{name}', known are: {', '.join(parts)}")
    return divide(parts, subjects)[name]


def of_queue(stored, parts):
    """{patch file: its part}."""
    names = stored.names()
    subjects = [stored.read(name).message.partition("\n")[0] for name in names]
    return {name: part for part, where in divide(parts, subjects).items()
            for name in names[where]}


def check(top=TOP):
    """Each queue falls into the same parts, and each part has its cover letter."""
    parts = load(top)
    faults = [f"patches/{COVERS}/{name}.txt is not there" for name in parts
              if not cover_of(name, top).exists()]
    faults += [f"patches/{COVERS}/{path.name} is of no part"
               for path in files_in(top / "patches" / COVERS) if path.stem not in parts]
    default = of_queue(patchfile.Stored(top, DEFAULT_BASE), parts)
    for other in base.names():
        for name, part in of_queue(patchfile.Stored(top, other), parts).items():
            if default.get(name, part) != part:
                faults.append(f"{name} is in the part {default[name]} on {DEFAULT_BASE}, and in "
                              f"{part} on {other}")
    refuse(faults)
