# SPDX-License-Identifier: GPL-2.0-only
"""From the stored series to git commits (apply) and back (extract)."""

import re
import tempfile
from pathlib import Path

from ipi.common import Failure, files_in, warn
from ipi.git import AUTHOR, DATE, Repo, identity
from ipi.series import base
from ipi.series.patchfile import (BESIDE, NUMBERED, SERIES, SPDX, Patch, Stored, overlays_in,
                                  parse, read, write)

SECONDS_APART = 60
# Below this share of surviving lines a file counts as wholly rewritten.
REWRITTEN = 0.25
# Shorter lines ("}", "return 0;") survive every rewrite by chance.
TELLING_LENGTH = 12


# ---- apply: stored series -> commits ----

def _hunk_at(diff, path, line):
    """The number within @path of the hunk that starts at old line @line."""
    count, inside = 0, False
    for text in diff.splitlines():
        if text.startswith("diff --git "):
            count, inside = 0, text.endswith(f" b/{path}") or f" a/{path} " in text
        elif inside and text.startswith("@@ "):
            count += 1
            if re.match(rf"@@ -{line}[, ]", text):
                return count
    return None


def _explain(patch, error):
    """Which file and which hunk, from what git apply said."""
    found = re.findall(r"patch failed: (.+):(\d+)$", error, re.M)
    places = []
    for path, line in found:
        hunk = _hunk_at(patch.diff, path, line)
        places.append(f"{path}, hunk {hunk or '?'} (line {line})")
    what = "; ".join(places) or error.strip()
    return Failure(f"{patch.name} does not apply: {what}")


def _apply_diff(index, patch, notes):
    data = patch.diff.encode("utf-8", "surrogateescape")
    command = ["apply", "--cached", "--whitespace=nowarn", "--verbose"]
    done = index.try_bytes(*command, "-", data=data)
    said = done.stderr.decode(errors="replace")
    for offset in re.findall(r"^Hunk #\d+ succeeded at .*offset.*$", said, re.M):
        notes.append(f"{patch.name}: {offset}")
    if not done.returncode:
        return
    merged = index.try_bytes(*command, "--3way", "-", data=data)
    if merged.returncode or index.text("ls-files", "--unmerged"):
        raise _explain(patch, said)
    notes.append(f"{patch.name}: needed a three-way apply")


def _apply_files(index, patch, linux):
    """Overlays and removals, as one list that git update-index reads."""
    for path in patch.removes:
        if not index.text("ls-files", "--", path):
            raise Failure(f"{patch.name} removes {path}, which is not there")
    entries = [f"0 {'0' * 40}\t{path}\0" for path in patch.removes]
    files = [linux / path for path in patch.overlays]
    blobs = index.text("hash-object", "-w", "--no-filters", "--stdin-paths",
                       data="".join(f"{file}\n" for file in files)).split()
    for path, file, blob in zip(patch.overlays, files, blobs):
        mode = "100755" if file.stat().st_mode & 0o100 else "100644"
        entries.append(f"{mode} {blob}\t{path}\0")
    index.text("update-index", "-z", "--index-info", data="".join(entries))


def apply(repo, start, stored):
    """Commits the stored series on @start; returns (head, notes).

    Works on an index of its own, so the work tree is not touched.
    """
    notes, head = [], repo.resolve(start)
    series = stored.load()
    with tempfile.TemporaryDirectory() as folder:
        index = Repo(repo.path, index=Path(folder) / "index")
        index.text("read-tree", head)
        for number, patch in enumerate(series, 1):
            if patch.diff:
                _apply_diff(index, patch, notes)
            if patch.overlays or patch.removes:
                _apply_files(index, patch, stored.linux)
            tree = index.text("write-tree")
            date = DATE + number * SECONDS_APART
            who = identity(patch.author or AUTHOR, date, committer=AUTHOR)
            head = index.text("commit-tree", tree, "-p", head, data=patch.message + "\n", env=who)
    return head, notes


def overlays(stored):
    """The whole files of the series."""
    return sorted(path for patch in stored.load() for path in patch.overlays)


def changed_base(repo, start, stored):
    """Paths whose blob in the base is not the one the series was made for."""
    tested = stored.tested_blobs()
    here = repo.blobs(repo.tree(start), tested)
    return sorted(path for path in tested if here.get(path) != tested[path])


def report_changed_base(repo, start, stored):
    whole = overlays(stored)
    for path in changed_base(repo, start, stored):
        fate = ("and the series replaces it whole" if path in whole
                else "and the hunks are merged into it")
        warn(f"{path} is not the file the series was made for, {fate}")


# ---- extract: commits -> stored series ----

def _changes(repo, commit, exclude=()):
    """[(status, old path, new path)] of @commit, renames found."""
    out = repo.raw("diff-tree", "-r", "-z", "-M", "--no-commit-id", "--name-status",
                   f"{commit}^", commit, "--", ".",
                   *(f":(exclude,literal){path}" for path in sorted(exclude)))
    words = out.decode("utf-8", "surrogateescape").split("\0")[:-1]
    changes = []
    while words:
        status, path = words.pop(0)[0], words.pop(0)
        changes.append((status, path, words.pop(0) if status == "R" else path))
    return changes


def _telling_lines(repo, commit, path):
    text = repo.raw("show", f"{commit}:{path}").decode(errors="replace")
    lines = (line.strip() for line in text.splitlines())
    return {line for line in lines
            if len(line) >= TELLING_LENGTH and not line.startswith("#include")}


def is_rewritten(repo, commit, path):
    """Nearly nothing of what @path was before @commit is left after it."""
    before = _telling_lines(repo, f"{commit}^", path)
    after = _telling_lines(repo, commit, path)
    return bool(before) and len(before & after) < REWRITTEN * len(before)


def _title(repo, commit):
    return repo.text("log", "-1", "--format=%h (%s)", commit)


def _history(repo, commits, listed):
    """({path: commits that touch it}, the paths that some of them make anew)."""
    touched, made = {}, set()
    for commit in commits:
        for status, old, new in _changes(repo, commit):
            for path in {old, new}:
                touched.setdefault(path, []).append(commit)
            if (status == "A" or status == "R" and new in listed
                    or status == "M" and is_rewritten(repo, commit, new)):
                made.add(new)
    return touched, made


def find_overlays(repo, commits, listed):
    """{path: commit} of the files to store whole.

    These are the files new in the series (but for renamed ones), the wholly
    rewritten ones, and those that a patch already overlays. If several commits
    touch one, the last of them has it whole, and the others are hunks.
    """
    touched, made = _history(repo, commits, listed)
    there = repo.blobs(repo.tree(commits[-1]), {*made, *listed}) if commits else {}
    return {path: touched[path][-1] for path in there if path in touched}


def _diff(repo, commit, exclude):
    out = repo.raw("diff-tree", "-p", "-M", "--full-index", "--binary",
                   "--no-commit-id", f"{commit}^", commit, "--", ".",
                   *(f":(exclude,literal){path}" for path in sorted(exclude)))
    return out.decode("utf-8", "surrogateescape")


def _patch_of(repo, commit, number, overlays):
    mine = sorted(path for path, owner in overlays.items() if owner == commit)
    removed = sorted(path for status, path, _ in _changes(repo, commit, exclude=mine)
                     if status == "D")
    message = repo.text("log", "-1", "--format=%B", commit)
    if re.search("^---$", message, re.M):
        raise Failure(f"{_title(repo, commit)}: a line '---' would end its changelog")
    if message.partition("\n")[2][:1] not in ("", "\n"):
        raise Failure(f"{_title(repo, commit)}: no empty line below the subject")
    slug = repo.text("log", "-1", "--format=%f", commit)[:52].rstrip("-.")
    author = repo.author(commit)
    return Patch(f"{number:04}-{slug}.patch", message, mine, removed,
                 _diff(repo, commit, mine + removed), "" if author == AUTHOR else author)


def extract(repo, start, head, listed):
    """The commits as (them, patches, {overlay path: commit}, {base path: blob})."""
    commits = repo.commits(start, head)
    overlays = find_overlays(repo, commits, listed)
    series = [_patch_of(repo, commit, number, overlays)
              for number, commit in enumerate(commits, 1)]
    slugs = [patch.name[NUMBERED:] for patch in series]
    for slug in slugs:
        if slugs.count(slug) > 1:
            raise Failure(f"two commits would be called {slug}, by which the queues know a patch; "
                          "let their subjects differ sooner")
    touched = set()
    for patch in series:
        touched |= {*patch.overlays, *patch.removes, *patch.hunk_paths()}
    return commits, series, overlays, repo.blobs(repo.tree(start), touched)


def _replace_files(folder, paths, wanted):
    """Of @paths below @folder only @wanted {name: (bytes, executable)} are left."""
    for path in paths:
        if str(path.relative_to(folder)) not in wanted:
            path.unlink()
            while path.parent != folder and not any(path.parent.iterdir()):
                path = path.parent
                path.rmdir()
    for name, (data, executable) in wanted.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_bytes() != data:
            path.write_bytes(data)
        path.chmod(0o755 if executable else 0o644)


def _store_whole(repo, overlays, stored):
    """A file that only another base's queue brings stays."""
    whole = {}
    for path, commit in overlays.items():
        mode = repo.text("ls-tree", "--format=%(objectmode)", commit, "--", path)
        whole[path] = (repo.raw("show", f"{commit}:{path}"), mode == "100755")
    foreign = {stored.linux / path for path in overlays_of_others(stored)}
    _replace_files(stored.linux, set(files_in(stored.linux, "**/*")) - foreign, whole)


def _makes(repo, commit, patch, stored):
    """Whether @patch makes of the parent of @commit what @commit made of it."""
    with tempfile.TemporaryDirectory() as folder:
        index = Repo(repo.path, index=Path(folder) / "index")
        index.text("read-tree", f"{commit}^")
        data = patch.diff.encode("utf-8", "surrogateescape")
        if data and index.try_bytes("apply", "--cached", "--whitespace=nowarn", "-",
                                    data=data).returncode:
            return False
        _apply_files(index, patch, stored.linux)
        return index.text("write-tree") == repo.tree(commit)


def _share(repo, commits, series, stored):
    """Each patch gets the name of the default base's, and is shared where that would do."""
    names = {path.name[NUMBERED:]: path.name for path in files_in(stored.shared, "*.patch")}
    for commit, patch in zip(commits, series):
        name = names.get(patch.name[NUMBERED:])
        if not name:
            continue
        patch.name = name
        other = parse(name, read(stored.shared / name))
        patch.shared = (patch.same_but_for_hunks(other)
                        and _makes(repo, commit, other, stored))


def _listings(stored):
    """The queues of the other bases, each with the lines of its series file."""
    others = (Stored(stored.top, name) for name in base.names() if name != stored.base)
    return [(other, read(other.own / SERIES).splitlines()) for other in others
            if (other.own / SERIES).exists()]


def _rename(other, name, slugs, codes):
    """The new name of what @other lists as @name; its own files follow, and it keeps a patch
    that it shared and the default base has no more."""
    own, shared = other.own / name, other.shared / name
    new = slugs.get(name[NUMBERED:])
    if not new and shared.exists():
        new = codes.get(parse(name, read(shared)).code())
    if own.exists() and new:
        own.rename(other.own / new)
    elif not own.exists() and not new and shared.exists():
        write(own, read(shared))
    return new or name


def _rename_for_others(stored, series):
    """Before the new queue of the default base replaces the old one; it may be run again."""
    slugs = {patch.name[NUMBERED:]: patch.name for patch in series}
    for other, lines in _listings(stored):
        listed = {line[NUMBERED:] for line in lines}
        codes = {patch.code(): patch.name for patch in series
                 if patch.name[NUMBERED:] not in listed}
        lines = [_rename(other, line, slugs, codes) if line and not line.startswith("#") else line
                 for line in lines]
        write(other.own / SERIES, "".join(f"{line}\n" for line in lines))


def store(repo, extracted, stored):
    """Writes what extract() made of the commits as the stored series."""
    commits, series, overlays, blobs = extracted
    _store_whole(repo, overlays, stored)
    if not stored.is_default:
        _share(repo, commits, series, stored)

    files = {patch.name: (patch.text().encode("utf-8", "surrogateescape"), False)
             for patch in series if not patch.shared}
    names = "".join(patch.name + "\n" for patch in series)
    files[SERIES] = ((SPDX + names).encode(), False)
    if stored.is_default:
        _rename_for_others(stored, series)
    there = [path for path in files_in(stored.own) if path.name not in BESIDE]
    _replace_files(stored.own, there, files)

    lines = "".join(f"{blob} {path}\n" for path, blob in sorted(blobs.items()))
    write(stored.blobs, f"{SPDX}# What the series was made for.\n{lines}")
    return series


def listed_overlays(stored):
    """The paths that the stored patches overlay, whatever else is wrong there."""
    return overlays_in({*files_in(stored.shared, "*.patch"), *files_in(stored.own, "*.patch")})


def overlays_of_others(stored):
    """The whole files of the queues for other bases, whatever else is wrong there."""
    files = {path for other, lines in _listings(stored)
             for path in (*files_in(other.own, "*.patch"), *map(other.path, lines))}
    return overlays_in(path for path in files if path.is_file())
