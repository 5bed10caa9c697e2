# SPDX-License-Identifier: GPL-2.0-only
"""What the kernel's own checkers say of the series, patch by patch."""

import re
import subprocess
import tempfile
import tomllib
from pathlib import Path

from common import LINUX, TOP, Refused, step
from git import Repo

ALLOWED = TOP / "configs" / "allowed.toml"
_TERMS = "hart"
_WORDS = "/usr/lib/python3/dist-packages/codespell_lib/data/dictionary.txt"


def _subject(repo, commit):
    return repo.text("log", "-1", "--format=%s", commit)


def _checker(command, **options):
    """A checker that has run: its status only tells that it said something."""
    return subprocess.run([str(word) for word in command], check=False, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options)


def complaints(text):
    """[(type, line)] of what checkpatch says in its terse form."""
    found = re.findall(r"^[^:\n]+:\d+: ((?:ERROR|WARNING|CHECK):(\w+): .*)$", text, re.M)
    return [(kind, line) for line, kind in found]


class Allowed:
    """The exceptions of configs/allowed.toml; one that is not needed is a fault."""

    def __init__(self, entries):
        self._entries = entries
        self._used = set()

    def covers(self, kind, subject):
        for number, entry in enumerate(self._entries):
            if entry["type"] == kind and entry.get("patch", subject) == subject:
                self._used.add(number)
                return True
        return False

    def unused(self):
        return [f"configs/allowed.toml: {entry['type']} is not needed"
                for number, entry in enumerate(self._entries) if number not in self._used]


def checkpatch(repo, commits, allowed):
    faults = []
    for commit in commits:
        mail = repo.text("format-patch", "-1", "--stdout", "-M", commit)
        done = _checker(["perl", "scripts/checkpatch.pl", "--strict", "--terse", "--show-types",
                         "--codespell", f"--codespellfile={_WORDS}", "--no-signoff", "-"],
                        input=mail, cwd=LINUX)
        subject, found = _subject(repo, commit), complaints(done.stdout)
        faults += [f"{subject}: {line}" for kind, line in found
                   if not allowed.covers(kind, subject)]
        if done.returncode and not found:
            faults.append(f"{subject}: checkpatch failed:\n{done.stdout}")
    return faults


def spelling():
    """Of everything in the repository that somebody reads."""
    files = Repo(TOP).text("ls-files", "-z").split("\0")
    # Patches hold the base's words, too; checkpatch reads what they add.
    ours = [TOP / name for name in files if name and not name.startswith("patches/0")]
    return _checker(["codespell", f"--ignore-words-list={_TERMS}", *ours]).stdout.splitlines()


def _kernel_doc(repo, commit, path):
    """Without line numbers, which differ between the base and the series."""
    done = repo.try_bytes("show", f"{commit}:{path}")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / Path(path).name
        file.write_bytes(done.stdout)
        done = _checker(["perl", LINUX / "scripts" / "kernel-doc", "-none", "-Wall", file])
    return {re.sub(r"^.*?:\d+: ", f"{path}: ", line) for line in done.stdout.splitlines()
            if re.search(r": (warning|error): ", line)}


def kernel_doc(repo):
    """Nothing beyond what the base's own comments are told."""
    changed = repo.text("diff", "--name-only", "--diff-filter=d", "base", "HEAD", "--", "*.[ch]")
    return sorted(fault for path in changed.splitlines()
                  for fault in _kernel_doc(repo, "HEAD", path) - _kernel_doc(repo, "base", path))


def lint(linux=LINUX):
    """The checkers that need no build."""
    repo = Repo(linux)
    allowed = Allowed(tomllib.loads(ALLOWED.read_text())["allow"])
    faults = []
    with step("checkpatch"):
        faults += checkpatch(repo, repo.commits("base", "HEAD"), allowed) + allowed.unused()
    with step("codespell"):
        faults += spelling()
    with step("kernel-doc"):
        faults += kernel_doc(repo)
    if faults:
        raise Refused(f"check: {len(faults)} complaints\n  " + "\n  ".join(faults))
