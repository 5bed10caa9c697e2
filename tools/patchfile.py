# SPDX-License-Identifier: GPL-2.0-only
"""The stored form of the series: patches/, linux/, and the rules they obey.

A patch file is a mail: "Subject: [PATCH] ...", the changelog, "---", then
"Overlay: <path>" and "Remove: <path>" lines, then hunks. The content of an
overlaid path is the plain file linux/<path>; a removed path has no hunks.
"""

import dataclasses
import hashlib
import os
import re

from common import Failure

SUBJECT = "Subject: [PATCH] "
SERIES = "series"
COVER = "0000-cover.txt"
SPDX = "# SPDX-License-Identifier: GPL-2.0-only\n"
_ENCODING = {"encoding": "utf-8", "errors": "surrogateescape", "newline": ""}


def read(path):
    with open(path, **_ENCODING) as file:
        return file.read()


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", **_ENCODING) as file:
        file.write(text)


@dataclasses.dataclass
class Patch:
    name: str
    message: str
    overlays: list
    removes: list
    diff: str

    def text(self):
        subject, _, body = self.message.partition("\n")
        lines = [SUBJECT + subject, ""]
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
    if not text.startswith(SUBJECT):
        raise Failure(f"patches/{name}: the first line is not '{SUBJECT}...'")
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
    return Patch(name, message, paths["Overlay"], paths["Remove"], diff)


class Stored:
    """The series as files below @top: patches/, linux/ and base/blobs."""

    def __init__(self, top):
        self.top = top
        self.patches = top / "patches"
        self.linux = top / "linux"
        self.blobs = top / "base" / "blobs"

    def names(self):
        """The patch files in order, after comparing with the folder."""
        path = self.patches / SERIES
        lines = read(path).splitlines() if path.exists() else []
        names = [line for line in lines if line and not line.startswith("#")]
        there = {file.name for file in self.patches.glob("*")}
        there -= {SERIES, COVER}
        for name in names:
            if names.count(name) > 1:
                raise Failure(f"patches/series lists {name} twice")
            if name not in there:
                raise Failure(f"patches/series lists {name}, but patches/ has "
                              "no such file")
        for name in sorted(there - set(names)):
            raise Failure(f"patches/{name} is not listed in patches/series")
        return names

    def load(self):
        series = [parse(name, read(self.patches / name)) for name in self.names()]
        self.check(series)
        return series

    def overlay_files(self):
        return {str(path.relative_to(self.linux))
                for path in self.linux.rglob("*") if not path.is_dir()}

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
        for path in sorted(files - set(owner)):
            raise Failure(f"linux/{path} is not overlaid by any patch")

    def digest(self):
        """Of everything that decides what the series makes of a base."""
        digest = hashlib.sha256()
        for name in [SERIES] + self.names():
            path = self.patches / name
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
