# SPDX-License-Identifier: GPL-2.0-only
"""Both forms of the series agree: what is stored, and the branch that is made of it."""

import tempfile
from pathlib import Path

from ipi.common import BUILD, LINUX, TOP, TREE, Refused, files_in
from ipi.git import Repo
from ipi.series import convert, patchfile
from ipi.series.branch import stored_head


def check(linux=LINUX, top=TOP):
    """patches -> branch -> patches gives the same bytes, and HEAD's tree.

    On a base the series was not made for the line numbers differ rightly, so
    there it has to be only the same tree.
    """
    repo, stored = Repo(linux), patchfile.Stored(top)
    head = stored_head(repo, stored)
    with tempfile.TemporaryDirectory(dir=BUILD) as folder:
        again = patchfile.Stored(Path(folder), shared=stored.shared)
        extracted = convert.extract(repo, "base", head, convert.listed_overlays(stored))
        convert.store(repo, extracted, again)
        different = _differences(stored, again)
        if different and not convert.changed_base(repo, "base", stored):
            raise Refused("check: the round trip changes " + ", ".join(different))
        second, _ = convert.apply(repo, "base", again)
    if repo.tree(second) != repo.tree(head):
        raise Refused("check: the round trip gives another tree")
    if repo.tree("HEAD") != repo.tree(head):
        raise Refused(f"check: {TREE} is not what the series makes of the base")


def _differences(one, two):
    def files(stored):
        paths = [*files_in(stored.own), stored.blobs,
                 *(stored.linux / path for path in convert.overlays(stored))]
        return {str(stored.where(path)): (path.read_bytes(), path.stat().st_mode & 0o100)
                for path in paths if path.is_file() and path.name not in patchfile.BESIDE}
    ours, theirs = files(one), files(two)
    return sorted(name for name in {*ours, *theirs} if ours.get(name) != theirs.get(name))
