# SPDX-License-Identifier: GPL-2.0-only
"""The stored form of the series: patches/, linux/, and the rules they obey.

patches/ has the queue of the default base. That of another one has a series
file in patches/<base>/, the patches which differ there beside it, and takes
the others from patches/.

A patch file is a mail: "From: ..." unless its author is whoever mails the series,
"Subject: [PATCH] ...", the changelog, "---", then
"Overlay: <path>" and "Remove: <path>" lines, then hunks. The content of an
overlaid path is the plain file linux/<path>; a removed path has no hunks.
"""

import dataclasses
import hashlib
import os
import re

from ipi.common import BASE, DEFAULT_BASE, Failure, files_in

FROM = "From: "
SUBJECT = "Subject: [PATCH] "
SERIES = "series"
COVER = "0000-cover.txt"
PARTS = "parts"
# What lies beside the patches and is no part of what is applied.
BESIDE = {COVER, PARTS}
SPDX = "# SPDX-License-Identifier: GPL-2.0-only\n"
# The length of "0001-".
NUMBERED = 5
_ENCODING = {"encoding": "utf-8", "errors": "surrogateescape", "newline": ""}


def read(path):
    with open(path, **_ENCODING) as file:
        return file.read()


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", **_ENCODING) as file:
        file.write(text)


def overlays_in(files):
    """The paths that the patches in @files overlay, whatever else is wrong there."""
    found = set()
    for file in files:
        found |= set(re.findall(r"^Overlay: (.+)$", read(file), re.M))
    return found


@dataclasses.dataclass
class Patch:
    name: str
    message: str
    overlays: list
    removes: list
    diff: str
    author: str = ""
    shared: bool = False

    def same_but_for_hunks(self, other):
        return (self.author, self.message, self.overlays, self.removes) == \
               (other.author, other.message, other.overlays, other.removes)

    def code(self):
        """What it makes of a tree, whatever it is called."""
        return (*self.overlays, *self.removes, self.diff)

    def text(self):
        subject, _, body = self.message.partition("\n")
        lines = [FROM + self.author] if self.author else []
        lines += [SUBJECT + subject, ""]
        if body.strip("\n"):
            lines += [body.strip("\n"), ""]
        lines.append("---")
        lines += [f"Overlay: {path}" for path in self.overlays]
        lines += [f"Remove: {path}" for path in self.removes]
        return "\n".join(lines) + "\n" + ("\n" + self.diff if self.diff else "")

    def hunk_paths(self):
        """Every path the diff names, old and new."""
        found = re.findall(r"^(?:--- a/|\+\+\+ b/|rename from |rename to )(.+)$",
                           self.diff, re.M)
        # A mode change or an empty file has only this line.
        found += re.findall(r"^diff --git a/(.+) b/\1$", self.diff, re.M)
        return set(found)


def parse(name, text):
    author = ""
    if text.startswith(FROM):
        first, _, text = text.partition("\n")
        author = first.removeprefix(FROM)
        if not re.fullmatch(".+ <.+>", author):
            raise Failure(f"patches/{name}: the author is not 'From: name <address>': {author}")
    if not text.startswith(SUBJECT):
        raise Failure(f"patches/{name}: the first line below From: is not '{SUBJECT}...'")
    head, mark, rest = text.partition("\n---\n")
    if not mark:
        raise Failure(f"patches/{name}: no '---' line ends the changelog")
    subject, _, body = head.removeprefix(SUBJECT).partition("\n")
    message = "\n\n".join(filter(None, [subject, body.strip("\n")]))
    listed, _, diff = ("\n" + rest).partition("\n\n")
    paths = {"Overlay": [], "Remove": []}
    for line in filter(None, listed.split("\n")):
        kind, _, path = line.partition(": ")
        if kind not in paths:
            raise Failure(f"patches/{name}: neither 'Overlay: <path>' nor "
                          f"'Remove: <path>' below the '---': {line}")
        paths[kind].append(path)
    return Patch(name, message, paths["Overlay"], paths["Remove"], diff, author)


class Stored:
    """The series for one base as files below @top.

    base:   its name
    shared: the queue of the default base
    own:    what differs in the queue of this one; the same folder for the default
    linux:  the whole files, the same for all bases
    blobs:  what the queue was made for
    """

    def __init__(self, top, base=None, shared=None):
        self.top = top
        self.base = base = base or BASE
        self.patches = top / "patches"
        self.own = self.patches if base == DEFAULT_BASE else self.patches / base
        self.shared = shared or self.patches
        self.linux = top / "linux"
        self.blobs = top / "base" / base / "blobs"

    @property
    def is_default(self):
        return self.base == DEFAULT_BASE

    def where(self, path):
        return path.relative_to(self.top)

    def path(self, name):
        """The patch called @name: this base's, else the one it shares."""
        own = self.own / name
        return own if self.is_default or own.exists() else self.shared / name

    def names(self):
        """The patch files in order, after comparing with the folder."""
        path = self.own / SERIES
        lines = read(path).splitlines() if path.exists() else []
        names = [line for line in lines if line and not line.startswith("#")]
        listing, folder = self.where(path), self.where(self.own)
        for name in names:
            if names.count(name) > 1:
                raise Failure(f"{listing} lists {name} twice")
            if not self.path(name).exists():
                raise Failure(f"{listing} lists {name}, but patches/ has no such file")
        there = {file.name for file in files_in(self.own)}
        for name in sorted(there - {SERIES} - BESIDE - set(names)):
            raise Failure(f"{folder}/{name} is not listed in {listing}")
        return names

    def load(self):
        series = [self.read(name) for name in self.names()]
        self.check(series)
        return series

    def read(self, name):
        return parse(name, read(self.path(name)))

    def overlay_files(self):
        return {str(path.relative_to(self.linux)) for path in files_in(self.linux, "**/*")}

    def check(self, series):
        """One patch overlays a path, no later one touches it, all are there."""
        owner = {}
        for patch in series:
            for path in patch.overlays + patch.removes + sorted(patch.hunk_paths()):
                if path in owner:
                    raise Failure(f"{patch.name} touches {path}, which {owner[path]} "
                                  "overlays; fold the two, or swap them")
            owner.update(dict.fromkeys(patch.overlays, patch.name))
        files = self.overlay_files()
        for path in sorted(set(owner) - files):
            raise Failure(f"{owner[path]} overlays {path}, but linux/ has no such file")
        for path in sorted(files - set(owner) - self._overlaid_for_some_base()):
            raise Failure(f"linux/{path} is not overlaid by any patch")

    def _overlaid_for_some_base(self):
        return overlays_in(files_in(self.patches, "**/*.patch"))

    def digest(self):
        """Of everything that decides what the series makes of a base."""
        digest = hashlib.sha256()
        for name in [SERIES] + self.names():
            path = self.own / SERIES if name == SERIES else self.path(name)
            digest.update(path.read_bytes() if path.exists() else b"")
        for name in sorted(self.overlay_files()):
            path = self.linux / name
            digest.update(f"{name} {os.access(path, os.X_OK)}\n".encode())
            digest.update(path.read_bytes())
        return digest.hexdigest()

    def tested_blobs(self):
        """{path: blob id} of the base files the series was made for."""
        if not self.blobs.exists():
            return {}
        lines = read(self.blobs).splitlines()
        return {path: blob for blob, _, path in
                (line.partition(" ") for line in lines if not line.startswith("#"))}
