# SPDX-License-Identifier: GPL-2.0-only
"""build/linux: what prepare does, leaves alone, and refuses."""

import os
import shutil
import tarfile
import subprocess
import sys
from unittest import mock

from support import EDITED, LONG, NEW, TOP, Project, Scratch, kernel_files

import base
import branch
from common import Failure, only_one_run, run
from git import Repo


class Prepare(Project):
    def test_base_is_untouched(self):
        repo = self.prepare()
        names = repo.text("ls-tree", "-r", "--name-only", "base").split()
        self.assertEqual(sorted(kernel_files()), names)
        self.assertEqual("/*\n*.o", repo.text("show", "base:.gitignore"))
        self.assertEqual("", repo.text("status", "--porcelain"))

    def test_same_ids_from_a_folder(self):
        one = self.prepare().resolve("HEAD")
        shutil.copytree(self.linux, self.folder / "tree")
        (self.folder / "tree/.gitignore").write_text(kernel_files()[".gitignore"])
        shutil.rmtree(self.linux)
        self.set_env(LINUX=str(self.folder / "tree"))
        self.assertEqual(one, self.prepare().resolve("HEAD"))

    def test_nothing_to_do(self):
        self.prepare()
        with mock.patch.object(branch, "_move_to_series") as move:
            self.prepare()
        move.assert_not_called()

    def test_new_series_is_applied(self):
        self.prepare()
        self.commit("a: Add", {"kernel/new.c": NEW})
        self.refresh()
        (self.stored.linux / "kernel/new.c").write_text("changed\n")
        self.prepare()
        self.assertEqual("changed\n", (self.linux / "kernel/new.c").read_text())

    def test_new_files_are_seen_despite_debian_gitignore(self):
        repo = self.prepare()
        (self.linux / "kernel/new.c").write_text("")
        self.assertIn("kernel/new.c", repo.text("status", "--porcelain"))

    def lose(self, text):
        """A new series must not cost what is only in build/linux."""
        (self.stored.linux / "x").parent.mkdir(exist_ok=True)
        (self.stored.linux / "x").write_text("")
        (self.stored.patches / "1").write_text("Subject: [PATCH] x\n\n---\nOverlay: x\n")
        (self.stored.patches / "series").write_text("1\n")
        with self.assertRaisesRegex(Failure, text):
            self.prepare()
        self.prepare(force=True)
        self.assertTrue((self.linux / "x").exists())

    def test_commits_are_not_lost(self):
        self.prepare()
        self.commit("a: Edit", {"kernel/a.c": EDITED})
        self.lose("commits that are not in patches/; run ./ipi refresh")

    def test_changes_are_not_lost(self):
        self.prepare()
        (self.linux / "kernel/a.c").write_text(EDITED)
        self.lose("not committed")

    def test_new_files_are_not_lost(self):
        self.prepare()
        (self.linux / "kernel/new.c").write_text("")
        self.lose("not committed")

    def test_refresh_does_not_overwrite_edits_in_linux(self):
        self.prepare()
        self.commit("a: Add", {"kernel/new.c": NEW})
        self.refresh()
        (self.stored.linux / "kernel/new.c").write_text("edited\n")
        with self.assertRaisesRegex(Failure, "changed since the last prepare"):
            self.refresh()


class Interrupted(Project):
    def test_while_unpacking(self):
        with mock.patch.object(branch, "_reset", side_effect=KeyboardInterrupt):
            with self.assertRaises(KeyboardInterrupt):
                self.prepare()
        self.assertFalse(self.linux.exists())
        self.assertTrue(self.prepare().resolve("base"))

    def test_while_moving_to_the_series(self):
        self.prepare()
        self.commit("a: Edit", {"kernel/a.c": EDITED})
        self.refresh()
        self.git("reset", "-q", "--hard", "base")
        branch._write_state(self.linux, **{**branch._read_state(self.linux),
                                           "series": "old", "moving": "x"})
        (self.linux / "kernel/a.c").write_text("half wr")
        (self.linux / ".git/index.lock").write_text("")
        self.prepare()
        self.assertEqual(EDITED, (self.linux / "kernel/a.c").read_text())


class BadBase(Project):
    def refused(self, text):
        with self.assertRaisesRegex(Failure, text):
            self.prepare()
        self.assertFalse(self.linux.exists())

    def test_not_our_version(self):
        self.use_base(kernel_files(patchlevel=11))
        self.refused("is Linux 6.11.5; the series needs 6.12.y")

    def test_no_kernel(self):
        self.use_base({"README": "hello"})
        self.refused("is not a kernel")

    def test_damaged_tarball(self):
        path = self.folder / "base.tar.xz"
        path.write_bytes(path.read_bytes()[:-200])
        self.refused("no tarball that can be read")

    def test_no_tarball(self):
        (self.folder / "base.tar.xz").write_text("hello")
        self.refused("no tarball that can be read")

    def test_a_folder_that_was_built_in(self):
        (self.folder / "tree").mkdir()
        for name, text in (("Makefile", kernel_files()["Makefile"]), (".config", "CONFIG_X=y\n")):
            (self.folder / "tree" / name).write_text(text)
        self.set_env(LINUX=str(self.folder / "tree"))
        self.refused("tree was built in; make mrproper")

    def test_a_tarball_with_a_hard_link(self):
        link = tarfile.TarInfo("linux-source/kernel/two.c")
        link.type, link.linkname = tarfile.LNKTYPE, "linux-source/kernel/a.c"
        with tarfile.open(self.folder / "base.tar.xz", "w:xz", preset=0) as tar:
            tar.addfile(link)
        self.refused("kernel/two.c is neither a file nor a symbolic link")

    def test_nothing_there(self):
        self.set_env(LINUX="/nowhere/at/all")
        self.refused("no base kernel at /nowhere/at/all")

    def test_no_disk_space(self):
        with mock.patch.object(base, "NEEDED_BYTES", 1 << 60):
            self.refused("no disk space: .* GB are free at")

    def test_bad_base_later_changes_nothing(self):
        head = self.prepare().resolve("HEAD")
        self.use_base(kernel_files(patchlevel=11), "other.tar.xz")
        with self.assertRaises(Failure):
            self.prepare()
        self.assertEqual(head, Repo(self.linux).resolve("HEAD"))


class Mail(Project):
    def setUp(self):
        super().setUp()
        run(["git", "init", "--quiet", self.top])
        self.prepare()
        self.commit("a: Add", {"kernel/new.c": NEW}, "Suggested-by: B <b@c>")
        self.commit("a: Move", {"kernel/old.c": None,
                                "kernel/moved.c": LONG.replace("function", "old")})
        (self.stored.patches / "0000-cover.txt").write_text("Subject line\n\nBlurb.\n")
        # Whatever the clone which the tests run in is configured to
        self.set_env(GIT_CONFIG_COUNT="2",
                     GIT_CONFIG_KEY_0="user.name", GIT_CONFIG_VALUE_0="Me Too",
                     GIT_CONFIG_KEY_1="user.email", GIT_CONFIG_VALUE_1="me@x")

    def test_signed_off_by_the_sender(self):
        branch.mail(self.linux, self.top)
        cover = self.folder / "mail" / "0000-cover-letter.txt"
        one, two = sorted((self.folder / "mail").glob("*.patch"))
        self.assertIn("Subject: [PATCH 0/2] Subject line", cover.read_text())
        self.assertIn("Blurb.", cover.read_text())
        self.assertIn("From: Me Too <me@x>", one.read_text())
        self.assertIn("Suggested-by: B <b@c>\nSigned-off-by: Me Too <me@x>\n---",
                      one.read_text())
        self.assertIn("Signed-off-by: Me Too <me@x>", two.read_text())

    def test_a_second_version_comes_with_a_range_diff(self):
        self.refresh()
        run(["git", "-C", self.top, "add", "--force", "patches", "linux", "base"])
        run(["git", "-C", self.top, "commit", "--quiet", "-m", "x"])
        run(["git", "-C", self.top, "tag", "v1"])
        self.commit("a: Change", {"kernel/b.c": LONG})
        self.refresh()
        self.prepare(force=True)
        branch.mail(self.linux, self.top)
        names = sorted(path.name for path in (self.folder / "mail").glob("*"))
        self.assertEqual(["0000", "0001", "0002", "0003"], [name[:4] for name in names[:-1]])
        for number, name in enumerate(names[:-1]):
            self.assertIn(f"[PATCH v2 {number}/3]", (self.folder / "mail" / name).read_text())
        self.assertRegex((self.folder / "mail" / "range-diff.txt").read_text(),
                         r"(?m)^1: .* = 1: .*\n2: .* = 2: .*\n-: .* > 3: .* a: Change$")

    def test_a_mail_that_gives_another_tree_is_refused(self):
        import mailer
        fill = mailer._fill_cover

        def spoil(letter, cover):
            fill(letter, cover)
            one = sorted(letter.parent.glob("0001*"))[0]
            one.write_text(one.read_text().replace("+long something", "+int something"))
        with mock.patch.object(mailer, "_fill_cover", spoil):
            with self.assertRaisesRegex(Failure, "does not give the tree"):
                branch.mail(self.linux, self.top)
        self.assertFalse((self.folder / "mail").exists())

    def test_nobody_to_sign(self):
        self.set_env(GIT_CONFIG_COUNT="0", GIT_CONFIG_GLOBAL="/dev/null",
                     GIT_CONFIG_SYSTEM="/dev/null", HOME="/nonexistent")
        with mock.patch("mailer.TOP", self.folder):
            with self.assertRaisesRegex(Failure, "git does not know who you are"):
                branch.mail(self.linux, self.top)


class OneRunOnly(Scratch):
    def test_second_run_is_refused(self):
        with only_one_run(self.folder):
            script = ("import sys; from pathlib import Path; from common import *\n"
                      "with only_one_run(Path(sys.argv[1])): pass")
            done = subprocess.run([sys.executable, "-c", script, str(self.folder)],
                                  env={**os.environ, "PYTHONPATH": str(TOP / "tools")},
                                  capture_output=True, text=True, check=False)
        self.assertIn("another ./ipi is at work", done.stderr)
        with only_one_run(self.folder):
            pass
