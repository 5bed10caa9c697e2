# SPDX-License-Identifier: GPL-2.0-only
"""What the kernel's own checkers say of the series, patch by patch."""

import re
import shutil
import subprocess
import tempfile
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ipi.common import BASE, LINUX, TOP, Failure, refuse, run, step
from ipi.git import Repo
from ipi.machines import build

ALLOWED = Path(__file__).with_name("allowed.toml")
_TERMS = "hart"
_UNDOCUMENTED = b"/**\n * f() - A function\n */\nint f(int parameter);\n"
# What checkpatch says if it finds no dictionary, and then goes on.
_NO_WORDS = "No codespell typos will be found"


def _checker(command, **options):
    """A checker that has run: its status only tells that it said something."""
    return subprocess.run([str(word) for word in command], check=False, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options)


def _dictionary():
    """Of the codespell that is installed, perhaps for another python3 than comes first."""
    program = shutil.which("codespell")
    if not program:
        raise Failure("there is no codespell; install the package codespell")
    python = Path(program).read_text().partition("\n")[0].removeprefix("#!").split()
    return run([*python, "-c", "import codespell_lib as lib; "
                "print(lib.__path__[0] + '/data/dictionary.txt')"]).strip()


def complaints(text):
    """[(type, line)] of what checkpatch says in its terse form."""
    found = re.findall(r"^[^:\n]+:\d+: ((?:ERROR|WARNING|CHECK):(\w+): .*)$", text, re.M)
    return [(kind, line) for line, kind in found]


class Allowed:
    """The exceptions of allowed.toml; one that is not needed is a fault."""

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
        return [f"{ALLOWED.name}: {entry['type']} is not needed"
                for number, entry in enumerate(self._entries) if number not in self._used]


def checkpatch(repo, commits, allowed):
    faults, words = [], _dictionary()

    def said(commit):
        mail = repo.text("format-patch", "-1", "--stdout", "-M", commit)
        return _checker(["perl", "scripts/checkpatch.pl", "--strict", "--terse", "--show-types",
                         "--codespell", f"--codespellfile={words}", "--no-signoff", "-"],
                        input=mail, cwd=LINUX)

    with ThreadPoolExecutor(build.jobs()) as pool:
        finished = list(pool.map(said, commits))
    for commit, done in zip(commits, finished):
        subject, found = repo.subject(commit), complaints(done.stdout)
        faults += [f"{subject}: {line}" for kind, line in found
                   if not allowed.covers(kind, subject)]
        if done.returncode and not found:
            faults.append(f"{subject}: checkpatch failed:\n{done.stdout}")
        if _NO_WORDS in done.stdout:
            faults.append(f"{subject}: checkpatch finds no dictionary of codespell; install it")
    return faults


def spelling():
    """Of everything in the repository that somebody reads."""
    files = Repo(TOP).text("ls-files", "-z").split("\0")
    # Patches hold the base's words, too; checkpatch reads what they add. Logs are the kernel's.
    others = r"patches/(\S+/)?\d{4}-|tests/logs/"
    ours = [TOP / name for name in files if name and not re.match(others, name)]
    return _checker(["codespell", f"--ignore-words-list={_TERMS}", *ours]).stdout.splitlines()


def kernel_doc_complaints(text):
    """What kernel-doc says, without line numbers, which differ between base and series.

    6.12's says "file:line: warning: text", 7.3's "Warning: file:line text".
    """
    found = re.findall(r"^.*?:\d+: (?:warning|error): (.*)$", text, re.M)
    return found + re.findall(r"^(?:Warning|Error): .*?:\d+:? (.*)$", text, re.M)


def _kernel_doc(content, path):
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / Path(path).name
        file.write_bytes(content)
        done = _checker([LINUX / "scripts" / "kernel-doc", "-none", "-Wall", file])
    if done.returncode:
        raise Failure(f"kernel-doc failed on {path}:\n{done.stdout}")
    return {f"{path}: {text}" for text in kernel_doc_complaints(done.stdout)}


def _check_kernel_doc():
    """A checker that cannot be understood would be content with everything."""
    if not _kernel_doc(_UNDOCUMENTED, "a.h"):
        raise Failure("kernel-doc of this base says nothing that is understood of a parameter "
                      "without a description")


def kernel_doc(repo):
    """Nothing beyond what the base's own comments are told."""
    def found(commit, path):
        return _kernel_doc(repo.raw("show", f"{commit}:{path}"), path)

    def known(path):
        return found("base", path) if repo.resolve(f"base:{path}") else set()

    _check_kernel_doc()
    changed = repo.text("diff", "--name-only", "--diff-filter=d", "base", "HEAD", "--", "*.[ch]")
    return sorted(fault for path in changed.splitlines()
                  for fault in found("HEAD", path) - known(path))


def lint(linux=LINUX):
    """The checkers that need no build."""
    repo = Repo(linux)
    allowed = Allowed([entry for entry in tomllib.loads(ALLOWED.read_text())["allow"]
                       if entry.get("base", BASE) == BASE])
    faults = []
    with step("checkpatch"):
        faults += checkpatch(repo, repo.commits("base", "HEAD"), allowed) + allowed.unused()
    with step("codespell"):
        faults += spelling()
    with step("kernel-doc"):
        faults += kernel_doc(repo)
    refuse(faults)
