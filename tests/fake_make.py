# SPDX-License-Identifier: GPL-2.0-only
"""A make that pretends to build the kernels of the tests.

It builds kernel/*.c, or the objects it is told. A comment there is what happens:
"// warns: text" is what the compiler says, "// sparse: text" is what a checker does.
Each call and what it found in kernel/a.c becomes a line of $MAKE_LOG.
"""

import json
import os
import re
import sys
from pathlib import Path

words = sys.argv[1:]
options = dict(word.split("=", 1) for word in words if "=" in word)
source, out = Path(words[words.index("-C") + 1]), Path(options["O"])
objects = [word for word in words if word.endswith(".o")]


def comments(path, kind):
    return re.findall(f"// {kind}: (.*)", path.read_text())


def build(path):
    for text in comments(path, "warns"):
        print(f"{path}:1:1: warning: {text}")
        if "-Werror" in options.get("KCFLAGS", ""):
            sys.exit(2)
    if options.get("C") == "1":
        for text in comments(path, "sparse"):
            print(f"{path}:1:1: warning: {text}")
    built = (out / path.relative_to(source)).with_suffix(".o")
    built.parent.mkdir(parents=True, exist_ok=True)
    built.write_text("")


with open(os.environ["MAKE_LOG"], "a") as log:
    log.write(json.dumps([words, (source / "kernel/a.c").read_text()]) + "\n")
if "allnoconfig" in words:
    (out / ".config").write_text(Path(options["KCONFIG_ALLCONFIG"]).read_text())
else:
    for file in ([(source / name).with_suffix(".c") for name in objects] or
                 sorted((source / "kernel").glob("*.c"))):
        build(file)
