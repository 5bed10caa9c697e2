# SPDX-License-Identifier: GPL-2.0-only
"""build/linux: the branch made of the base and the series, and its way back."""

import json
import os
import shutil
from pathlib import Path

from ipi.common import BASE, IPI, LINUX, TOP, TREE, Failure, say, step, warn, write_whole
from ipi.git import Repo
from ipi.series import base, convert, patchfile

INCOMING = "refs/ipi/incoming"
STATE = "ipi-state"
# What LINUX= named, for ./ipi to take again.
SOURCE = "ipi-source"
HIDE_ALL = "/*\n"
# What is in git's folder while a rebase stands still.
_REBASES = ("rebase-merge", "rebase-apply")


def _read_state(linux):
    """What the last prepare or refresh left.

    base:   identity of the source the base came from
    series: digest of the stored series
    head:   the commit that is the whole series
    moving: there while the work tree is on its way to a new head
    storing: the paths that were overlaid, there while refresh writes
    incoming: [identity of the source at INCOMING, what LINUX= named]
    """
    path = linux / ".git" / STATE
    return json.loads(path.read_text()) if path.exists() else {}


def _write_state(linux, **state):
    write_whole(linux / ".git" / STATE, json.dumps(state, indent=1) + "\n")


def _keep_source(linux, named):
    path = linux / ".git" / SOURCE
    if named:
        write_whole(path, f"{Path(named).resolve()}\n")
    else:
        path.unlink(missing_ok=True)


def take_kept_source(linux=LINUX):
    """What LINUX= named once is the source until it names another, or nothing; whether it is."""
    path = linux / ".git" / SOURCE
    kept = "LINUX" not in os.environ and path.exists()
    if kept:
        os.environ["LINUX"] = path.read_text().strip()
        warn(f"LINUX={os.environ['LINUX']} as before; an empty LINUX= takes Debian's package")
    return kept


def _first_import(linux, source, identity):
    """Into a folder that becomes @linux only when all of it is there."""
    fresh = linux.with_name(linux.name + ".new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    repo = Repo(fresh)
    repo.text("init", "--quiet", "--initial-branch=series")
    repo.text("config", "gc.auto", "0")
    version = base.import_to(repo, source, "refs/heads/series")
    repo.text("tag", "base")
    _reset(repo, "base")
    _write_state(fresh, base=identity, series=None, head=repo.resolve("base"))
    fresh.rename(linux)
    return version


def _see_new_files(repo):
    """Takes "/*" out of the work tree's .gitignore.

    Debian adds it, and with it git add and git status pass over every new
    file. The index is told to look away, so the base stays as it is.
    """
    path = repo.path / ".gitignore"
    lines = path.read_text().splitlines(keepends=True) if path.exists() else []
    if HIDE_ALL in lines:
        path.write_text("".join(line for line in lines if line != HIDE_ALL))
        repo.text("update-index", "--skip-worktree", ".gitignore")


def _restore_gitignore(repo):
    """Without this git does not change it from one base to another."""
    if repo.text("ls-files", "--", ".gitignore"):
        repo.text("update-index", "--no-skip-worktree", ".gitignore")


def _reset(repo, head):
    """Only files that differ are written, so builds stay incremental."""
    _restore_gitignore(repo)
    repo.text("reset", "--quiet", "--hard", head)
    _see_new_files(repo)


def _note_version(version):
    if version not in base.lines_of(base.folder(BASE) / "versions"):
        warn(f"the series was not tested on {version} yet")


def _uncommitted(repo):
    """The changed and the new files of the work tree, one line each."""
    _see_new_files(repo)
    return repo.text("status", "--porcelain").splitlines()


def _work(repo, start, head):
    """What is stored of the commits from @start to @head."""
    return repo.text("log", "--format=%T %an <%ae>%n%B", f"{start}..{head}")


def _refuse_to_lose(repo, state, start, head):
    """Commits and changes that are in build/linux only are the user's work."""
    now = repo.resolve("HEAD")
    name = TREE
    if repo.resolve(start) != repo.resolve("base"):
        name += " is of another base than is asked for now, and"
    way = f"run {IPI} refresh to keep it, or {IPI} prepare --force to drop it"
    if _uncommitted(repo):
        raise Failure(f"{name} has changes that are not committed; commit them and {way}")
    stored = now == state.get("head") and "storing" not in state
    if not stored and _work(repo, "base", now) != _work(repo, start, head):
        raise Failure(f"{name} has commits that are not in patches/; {way}")


def prepare(force=False, linux=LINUX, top=TOP):
    """Base and series in @linux; nothing is done when nothing has changed."""
    stored, source = patchfile.Stored(top), base.source()
    digest, identity = stored.digest(), base.identity(source)
    state, named = _read_state(linux), os.environ.get("LINUX", "")
    repo, start = Repo(linux), "base"

    if not linux.exists():
        with step("unpack the base"):
            _note_version(_first_import(linux, source, identity))
        state = _read_state(linux)
    elif state.get("base") != identity:
        with step("unpack the base"):
            _note_version(base.import_to(repo, source, INCOMING))
        start = INCOMING
        state["incoming"] = [identity, named]
        _write_state(linux, **state)
    elif state["series"] == digest and "moving" not in state and not force:
        if repo.resolve("HEAD") != state["head"]:
            warn(f"{TREE} is not at the head of the series; it is used as it is")
        _keep_source(linux, named)
        return
    with step("apply the series"):
        head = _move_to_series(repo, repo.resolve(start), state, stored, force)
    _write_state(linux, base=identity, series=digest, head=head)
    _keep_source(linux, named)


def _move_to_series(repo, start, state, stored, force):
    convert.report_changed_base(repo, start, stored)
    try:
        head, notes = convert.apply(repo, start, stored)
    except Failure as failure:
        if start != repo.resolve(INCOMING):
            if state.get("series"):
                raise
            raise Failure(f"{failure}\n{TREE} has no series yet that could be taken there: run "
                          f"LINUX= {IPI} prepare first, and then this again") from None
        if repo.resolve("base:.gitignore") not in (None, repo.resolve(f"{start}:.gitignore")):
            _restore_gitignore(repo)
            repo.text("checkout", "--", ".gitignore")
        raise Failure(f"{failure}\n{TREE} is as it was; to take it there, run in it git rebase "
                      f"--onto {INCOMING} base, and then {IPI} refresh") from None
    for note in notes:
        warn(note)
    now = repo.resolve("HEAD")
    if "moving" in state:
        (repo.path / ".git" / "index.lock").unlink(missing_ok=True)
    # Stopped half way between these two, what is not committed is ours
    ours = "moving" in state and now in (state["head"], state["moving"])
    if not force and not ours:
        _refuse_to_lose(repo, state, start, head)
    # What --force drops is asked for again by a call without it
    _write_state(repo.path, **{**state, "head": state["head"] if force else now, "moving": head})
    _reset(repo, head)
    repo.text("tag", "--force", "base", start)
    if repo.resolve(INCOMING):
        repo.text("update-ref", "-d", INCOMING)
    return head


def _follow_rebase(repo, state):
    """The user may have taken the series to a base on which it did not fit."""
    def below(ref):
        return not repo.try_bytes("merge-base", "--is-ancestor", ref, "HEAD").returncode

    if "incoming" in state and below(INCOMING):
        state["base"], named = state.pop("incoming")
        repo.text("tag", "--force", "base", INCOMING)
        _keep_source(repo.path, named)
        _write_state(repo.path, **state)
        repo.text("update-ref", "-d", INCOMING)
    elif not below("base"):
        raise Failure(f"{TREE} is not on top of its tag base; rebase it onto that first")


def refresh(force=False, linux=LINUX, top=TOP):
    """The commits of @linux, stored in @top."""
    if not linux.exists():
        raise Failure(f"there is no {TREE} yet: run {IPI} prepare first")
    repo, stored, state = Repo(linux), patchfile.Stored(top), _read_state(linux)
    if any((linux / ".git" / name).exists() for name in _REBASES):
        raise Failure(f"{TREE} is in the middle of a git rebase, and HEAD is not all of the "
                      "series; end it by git rebase --continue or --abort first")
    if repo.resolve("HEAD") == repo.resolve("base"):
        raise Failure(f"{TREE} has no commit on its base, and storing that would empty patches/; "
                      f"run {IPI} prepare first")
    uncommitted = _uncommitted(repo)
    if uncommitted:
        warn(f"{TREE} has changes that are not committed; they stay out:\n"
             + "\n".join(uncommitted))
    again = "storing" in state
    if state and not force and not again and _digest_or_none(stored) != state["series"]:
        raise Failure(f"patches/ or linux/ changed since the last prepare; run {IPI} prepare to "
                      f"take that in, or {IPI} refresh --force to overwrite it")
    _follow_rebase(repo, state)
    head = repo.resolve("HEAD")
    listed = state["storing"] if again else sorted(convert.listed_overlays(stored))
    extracted = convert.extract(repo, "base", head, listed)
    # From here on an interrupt leaves half of it
    _write_state(linux, **{**state, "storing": listed})
    patches = convert.store(repo, extracted, stored)
    _write_state(linux, base=state.get("base"), series=stored.digest(), head=head)
    say(f"PASS: {len(patches)} patches, {len(stored.overlay_files())} whole files")


def _digest_or_none(stored):
    try:
        return stored.digest()
    except Failure:
        return None


def stored_head(repo, stored):
    """The stored series on the base; refused where build/linux has more."""
    head, _ = convert.apply(repo, "base", stored)
    _refuse_to_lose(repo, _read_state(repo.path), "base", head)
    return head
