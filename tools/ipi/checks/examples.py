# SPDX-License-Identifier: GPL-2.0-only
"""Compiles the examples in Documentation/IRQ-ipi.txt with the flags of a kernel."""

import re
import shutil

from ipi.common import BUILD, TOP, Failure, Refused, step
from ipi.machines import build, machine

DOCUMENT = TOP / "linux" / "Documentation" / "IRQ-ipi.txt"
PRELUDE = TOP / "tests" / "document.h"
FOLDER = BUILD / "document"


def examples(text):
    """The blocks in C of a document, without their indentation."""
    blocks = re.findall(r"^\.\. code-block:: c\n\n((?:    .*\n|\n)+)", text, re.M)
    return [re.sub(r"^    ", "", block, flags=re.M).rstrip() + "\n" for block in blocks]


def compile_examples():
    """With the flags and headers of malta's kernel; a warning is a fault."""
    found = examples(DOCUMENT.read_text())
    if not found:
        raise Refused(f"check: there is no example in {DOCUMENT.name}")
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    shutil.copy(PRELUDE, FOLDER)
    names = [f"example{number}" for number in range(1, len(found) + 1)]
    for name, text in zip(names, found):
        (FOLDER / f"{name}.c").write_text(f'#include "document.h"\n\n{text}')
    (FOLDER / "Makefile").write_text("".join(f"obj-y += {name}.o\n" for name in names))
    malta = machine.load("malta")
    build.build_kernel(malta)
    with step(f"compile {len(found)} examples of {DOCUMENT.name}"):
        try:
            build.make(malta, FOLDER / "build.log", f"M={FOLDER}",
                       "KCFLAGS=-Werror", *[f"{name}.o" for name in names])
        except Failure as failure:
            raise Refused(f"check: {DOCUMENT.name}: {failure}") from None
