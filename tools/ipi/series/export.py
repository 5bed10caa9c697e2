# SPDX-License-Identifier: GPL-2.0-only
"""The series as plain patches, for any tool and any tree."""

from pathlib import Path

from ipi.common import BUILD, LINUX, TOP, Failure, say, step
from ipi.git import Repo
from ipi.series import base, patchfile
from ipi.series.branch import stored_head
from ipi.series.mail import prove, replaced

_EXPORTED = f"{patchfile.SPDX}# Written by ./ipi export, and replaced by the next one.\n"


def _check_exported(folder):
    """Only what an export wrote is replaced."""
    there, listing = {path.name for path in folder.glob("*")}, folder / patchfile.SERIES
    ours = listing.exists() and patchfile.read(listing).startswith(_EXPORTED)
    if there - ({patchfile.SERIES, *base.lines_of(listing)} if ours else set()):
        raise Failure(f"{folder} has files that no ./ipi export wrote; name a new folder")


def _write(repo, head, folder):
    """Patches for any tool, without renames, and the list that quilt reads; their number."""
    _check_exported(folder)
    with replaced(folder) as fresh:
        repo.text("format-patch", "--quiet", "--no-renames", "--no-numbered", "--full-index",
                  "--no-signature", "--zero-commit", "-o", str(fresh), f"base..{head}")
        patches = sorted(fresh.glob("*.patch"))
        prove(repo, "base", head, patches)
        names = "".join(f"{path.name}\n" for path in patches)
        patchfile.write(fresh / patchfile.SERIES, _EXPORTED + names)
    return len(patches)


def export(folder=None, linux=LINUX, top=TOP):
    repo, folder = Repo(linux), Path(folder or BUILD / "export").resolve()
    head = stored_head(repo, patchfile.Stored(top))
    with step("write the patches"):
        number = _write(repo, head, folder)
    say(f"PASS: {number} patches in {folder}; git am, quilt and patch -p1 take them, "
        "in the order of its series file")
