# SPDX-License-Identifier: GPL-2.0-only
"""What the kernel's semantic patches say of the touched files beyond what they say of the base.

Not through scripts/coccicheck: it starts spatch for each rule and each file.
"""

import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ipi.common import LINUX, Failure, Refused, refuse, step
from ipi.git import Repo
from ipi.machines import machine
from ipi.machines.build import jobs

MACROS = Path(__file__).with_name("cocci.h")
RULES = "scripts/coccinelle"
# They need those of another architecture, too, and there is only one search path.
INCLUDES = ("include", "arch/mips/include")


def messages(text):
    """What is said of which file, without line numbers, which differ in the base."""
    found = re.findall(r"^([\w./-]+\.[ch]):\d+:\d+(?:-\d+)?: (.*)$", text, re.M)
    return {f"{path}: {re.sub(r'line [0-9]+', 'line', what)}" for path, what in found}


def _options(rule):
    """What a rule asks for in its head."""
    return " ".join(re.findall(r"^// Options:(.*)$", rule.read_text(), re.M)).split()


def reports(rule):
    """Some only rewrite what they find."""
    return re.search(r"^virtual\b.*\breport\b", rule.read_text(), re.M)


def _said(source, rule, files):
    files = [name for name in files if (source / name).exists()]
    done = subprocess.run(["spatch", "-D", "report", "--very-quiet", "--macro-file", MACROS,
                           "--cocci-file", rule, *_options(rule),
                           *(word for folder in INCLUDES for word in ("-I", folder)), *files],
                          cwd=source, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors="replace", check=False)
    if done.returncode:
        raise Failure(f"spatch failed with {rule.name}:\n{done.stdout.strip()}")
    return messages(done.stdout)


def _beyond(rule, files, series, base):
    """The base is asked only where something was said of the series."""
    said = _said(series, rule, files)
    return said and said - _said(base, rule, files)


def cocci():
    repo = Repo(LINUX)
    base = machine.load("malta").on_tree("base").source
    repo.check_out("base", base)
    files = repo.text("diff", "--name-only", "--diff-filter=d", "base", "HEAD",
                      "--", "*.c").splitlines()
    rules = [rule for rule in sorted((LINUX / RULES).rglob("*.cocci")) if reports(rule)]
    if not rules:
        raise Refused(f"check: the base has no rules in {RULES}")
    with step(f"{len(rules)} semantic patches on {len(files)} files"), \
            ThreadPoolExecutor(jobs()) as pool:
        said = pool.map(lambda rule: _beyond(rule, files, LINUX, base), rules)
        faults = sorted(set().union(*said))
    refuse(faults)
