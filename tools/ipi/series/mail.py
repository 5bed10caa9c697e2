# SPDX-License-Identifier: GPL-2.0-only
"""The series as mails that a person sends: signed off by them, each patch by its author."""

import contextlib
import re
import shutil
import subprocess
import tempfile
from email.utils import formataddr, parseaddr
from pathlib import Path

from ipi.common import BUILD, LINUX, TOP, Failure, run, say, step, warn
from ipi.git import AUTHOR, Repo, command, identity
from ipi.series import base, convert, parts, patchfile
from ipi.series.branch import stored_head

OURS = "refs/ipi/mail"
RANGE_DIFF = "range-diff.txt"
# No patch, so that git am takes all of *.patch.
LETTER = "0000-cover-letter.txt"
MAINTAINERS, FINDER = "MAINTAINERS", "get_maintainer.pl"


def _sender():
    """Name and address from the user's own git configuration, which Repo does not ask."""
    values = []
    for key in ("user.name", "user.email"):
        done = subprocess.run(command(TOP, "config", key), capture_output=True, text=True,
                              check=False)
        if not done.stdout.strip():
            raise Failure(f"git does not know who you are: set it with "
                          f"git config --global {key} '...'")
        values.append(done.stdout.strip())
    return values


def _branch(repo, head):
    """The base, and the commits up to @head."""
    return [repo.resolve("base"), *repo.commits("base", head)]


def _sign(repo, name, email):
    """The commits of the branch again, signed off by the sender, who is the author unless
    another is stored; the base goes first."""
    start, *commits = _branch(repo, "HEAD")
    sender, signed = f"{name} <{email}>", [start]
    for commit in commits:
        author, message = repo.author(commit), repo.text("log", "-1", "--format=%B", commit)
        if author == AUTHOR:
            author = sender
        elif f"Signed-off-by: {author}" not in message:
            subject = message.partition("\n")[0]
            warn(f"{subject} is by {author}, who did not sign it off")
        message = repo.text("interpret-trailers", "--if-exists=addIfDifferent",
                            "--trailer", f"Signed-off-by: {sender}",
                            data=message + "\n")
        signed.append(repo.text("commit-tree", repo.tree(commit), "-p", signed[-1],
                                data=message + "\n", env=identity(author, committer=sender)))
    repo.text("update-ref", OURS, signed[-1])
    return signed


def _recipients(repo, mails):
    """The headers To and Cc for all of @mails, by the base's own list of maintainers."""
    with tempfile.TemporaryDirectory() as folder:
        for name, path in ((MAINTAINERS, MAINTAINERS), (FINDER, f"scripts/{FINDER}")):
            (Path(folder) / name).write_bytes(repo.raw("show", f"base:{path}"))

        def found(*which):
            said = run(["perl", FINDER, "--no-tree", "--no-git", "--no-git-fallback", "--no-fixes",
                        "--no-rolestats", *which, *mails], cwd=folder)
            return [formataddr(parseaddr(line)) for line in said.splitlines()]
        maintainers, others = found("--no-r", "--no-l"), found("--no-m")
    others = [who for who in others if who not in maintainers]
    return "".join(f"{header}: " + ",\n    ".join(whom) + "\n"
                   for header, whom in (("To", maintainers), ("Cc", others)) if whom)


def _base_line(repo):
    """What a reader can find of the base.

    A git tree has the commit. A package or a tarball is imported as a commit that
    nobody else has, which git must not name.
    """
    commit, source = base.commit_of(base.source()), base.source().name
    if commit:
        return f"base-commit: {commit}"
    version = base.version_of(repo.raw("show", "base:Makefile"))
    return f"Applies to Linux {version} as in {source}, which tells no commit."


def _fill_cover(letter, cover, headers, base_line):
    """The first line of the stored cover letter is its subject."""
    text = letter.read_text()
    lines = [line for line in cover.read_text().splitlines(keepends=True)
             if not line.startswith("# SPDX")]
    subject, body = lines[0].strip(), "".join(lines[1:]).strip("\n")
    text = text.replace("*** SUBJECT HERE ***", subject).replace("*** BLURB HERE ***", body)
    text = text.replace("\nSubject: ", f"\n{headers}Subject: ", 1)
    letter.write_text(re.sub("^base-commit: .*$", lambda _: base_line, text, flags=re.M))


def prove(repo, start, head, mails):
    """git am of the mails on @start must give the tree of @head."""
    touched = repo.text("diff", "--name-only", "--no-renames", start, head)
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        repo.text("worktree", "add", "--quiet", "--no-checkout", "--detach",
                  str(tree), start)
        try:
            work = Repo(tree)
            # Only the touched files are checked out: the base has 85,000.
            work.text("sparse-checkout", "set", "--no-cone", "--stdin",
                      data="".join(f"/{path}\n" for path in touched.split("\n")))
            work.text("checkout", "--quiet")
            who = {"GIT_COMMITTER_NAME": "ipi", "GIT_COMMITTER_EMAIL": "ipi@localhost"}
            work.text("am", "--quiet", *map(str, mails), env=who)
            if work.tree("HEAD") != repo.tree(head):
                raise Failure("git am of the patches does not give the tree of the series")
        finally:
            repo.text("worktree", "remove", "--force", str(tree))


@contextlib.contextmanager
def replaced(folder):
    """A new folder, which becomes @folder if all goes well."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        fresh = Path(scratch) / folder.name
        fresh.mkdir()
        yield fresh
        shutil.rmtree(folder, ignore_errors=True)
        fresh.rename(folder)


def _last_version(top, prefix):
    """(number, tag) of the newest tag @prefix<number>, else (0, None)."""
    tags = Repo(top).text("tag", "--list", f"{prefix}[0-9]*").split()
    numbers = [int(tag.removeprefix(prefix)) for tag in tags
               if tag.removeprefix(prefix).isdigit()]
    return (max(numbers), f"{prefix}{max(numbers)}") if numbers else (0, None)


def _range_of(repo, top, part, commits):
    """(start, head) of @part among @commits, of which the first is the base; of all if empty."""
    if not part:
        return commits[0], commits[-1]
    subjects = [repo.subject(commit) for commit in commits[1:]]
    where = parts.one(part, parts.load(top), subjects)
    return commits[where.start], commits[where.stop]


def _stored_at(top, tag, folder):
    """The series as it was stored at @tag of this repository."""
    files = Repo(top).raw("archive", tag, "patches", "linux", "base")
    run(["tar", "-x", "-C", folder], input=files, text=False)
    return patchfile.Stored(Path(folder))


def _write_range_diff(repo, top, tag, part, path):
    """What has changed since @tag, patch by patch; the base may have changed, too."""
    with tempfile.TemporaryDirectory() as folder:
        stored = _stored_at(top, tag, folder)
        if not (stored.own / patchfile.SERIES).exists():
            say(f"{tag} has no queue for {stored.base}, so there is no range-diff")
            return
        try:
            last, _ = convert.apply(repo, "base", stored)
            then = _range_of(repo, stored.top, part, _branch(repo, last))
        except Failure as failure:
            warn(f"no range-diff: {tag} does not fit this base: {failure}")
            return
    now = _range_of(repo, top, part, _branch(repo, "HEAD"))
    path.write_text(repo.text("range-diff", "..".join(then), "..".join(now)) + "\n")


def _write(repo, folder, top, part=""):
    """@part of the series as mails in @folder, all of it if empty."""
    cover = parts.cover_of(part, top)
    name, email = _sender()
    start, head = _range_of(repo, top, part, _sign(repo, name, email))
    if not cover.exists():
        raise Failure(f"there is no cover letter: {cover.relative_to(top)}")
    what = f"{part}-v" if part else "v"
    number, tag = _last_version(top, what)
    prefix = f"PATCH v{number + 1}" if number else "PATCH"
    with replaced(folder) as fresh:
        repo.text("-c", f"user.name={name}", "-c", f"user.email={email}",
                  "format-patch", "--quiet", "-M", "--cover-letter", "--thread", "--base=base",
                  f"--subject-prefix={prefix}", "-o", str(fresh), f"{start}..{head}")
        cover_mail, *mails = sorted(fresh.glob("*.patch"))
        _fill_cover(cover_mail, cover, _recipients(repo, mails), _base_line(repo))
        cover_mail.rename(fresh / LETTER)
        prove(repo, start, head, mails)
        if tag:
            _write_range_diff(repo, top, tag, part, fresh / RANGE_DIFF)
        else:
            say(f"no tag {what}<number> says what was mailed before, so there is no range-diff")


def mail(part="", linux=LINUX, top=TOP):
    folder = BUILD / (f"mail-{part}" if part else "mail")
    stored_head(Repo(linux), patchfile.Stored(top))
    changed = Repo(top).text("status", "--porcelain", "--", "patches", "linux", "base")
    if changed:
        raise Failure("what is stored of the series is not committed, so a tag would not hold what "
                      f"is mailed; commit it first:\n{changed}")
    with step("write the mails"):
        _write(Repo(linux), folder, top, part)
    below = "the base with the parts before it" if part else "the base"
    say(f"PASS: git am {folder}/*.patch on {below} gives the series")
