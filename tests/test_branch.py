# SPDX-License-Identifier: GPL-2.0-only
"""build/linux: what prepare does, leaves alone, and refuses."""

import os
import shutil
import tarfile
import subprocess
import sys
from unittest import mock

from support import EDITED, LONG, NEW, TOP, Project, Scratch, kernel_files

from ipi import git
from ipi.checks import round_trip
from ipi.common import Failure, files_in, only_one_run, run
from ipi.git import Repo, identity
from ipi.series import base, branch, convert, export, mail, patchfile


class Prepare(Project):
    def test_base_is_untouched(self):
        repo = self.prepare()
        names = repo.text("ls-tree", "-r", "--name-only", "base").split()
        self.assertEqual(sorted(kernel_files()), names)
        self.assertEqual("/*\n*.o", repo.text("show", "base:.gitignore"))
        self.assertEqual("", repo.text("status", "--porcelain"))

    def test_same_ids_from_a_folder(self):
        one = self.prepare().resolve("HEAD")
        shutil.copytree(self.linux, self.folder / "tree", ignore=lambda *_: [".git"])
        (self.folder / "tree/.gitignore").write_text(kernel_files()[".gitignore"])
        shutil.rmtree(self.linux)
        self.set_env(LINUX=str(self.folder / "tree"))
        self.assertEqual(one, self.prepare().resolve("HEAD"))

    def test_nothing_to_do(self):
        self.prepare()
        with mock.patch.object(branch, "_move_to_series") as move:
            self.prepare()
        move.assert_not_called()

    def test_the_source_is_kept_for_the_next_call(self):
        self.prepare()
        kept = self.linux / ".git/ipi-source"
        self.assertEqual(f"{self.folder / 'base.tar.xz'}\n", kept.read_text())
        self.enterContext(mock.patch.object(base, "_packaged",
                                            lambda: self.folder / "base.tar.xz"))
        self.set_env(LINUX="")
        self.prepare()
        self.assertFalse(kept.exists())

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

    def test_messages_and_authors_are_not_lost(self):
        """Although what is new in patches/ makes the same tree."""
        self.prepare()
        self.commit("a: Edit", {"kernel/a.c": EDITED}, "Why.")
        self.refresh()
        path = self.stored.patches / "series"
        for amend in (["-m", "a: Edit"], ["--no-edit", "--author=B <b@c>"]):
            path.write_text("# changed\n" + path.read_text())
            self.git("commit", "-q", "--amend", *amend)
            with self.assertRaisesRegex(Failure, "commits that are not in patches/"):
                self.prepare()
            self.prepare(force=True)

    def test_the_same_commits_made_again_are_no_loss(self):
        self.prepare()
        self.commit("a: Edit", {"kernel/a.c": EDITED})
        self.refresh()
        self.git("commit", "-q", "--amend", "--no-edit", "--date=2001-01-01T00:00:00")
        names = "\n".join(self.stored.names())
        (self.stored.patches / "series").write_text(f"# other\n{names}")
        self.prepare()
        self.assertEqual("A", Repo(self.linux).text("log", "-1", "--format=%an"))

    def test_a_base_that_would_cost_commits(self):
        self.prepare()
        self.commit("a: Edit", {"kernel/a.c": EDITED})
        self.use_base(kernel_files(sublevel=6), "other.tar.xz")
        with self.assertRaisesRegex(Failure, "another base than is asked for now, and has commits"):
            self.prepare()

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

    def test_half_a_rebase_is_not_stored(self):
        self.prepare()
        self.commit("a: Edit", {"kernel/a.c": EDITED})
        self.commit("b: Edit", {"kernel/b.c": NEW})
        self.refresh()
        self.set_env(GIT_SEQUENCE_EDITOR="sed -i 1s/pick/edit/")
        self.git("rebase", "-q", "-i", "base")
        with self.assertRaisesRegex(Failure, "in the middle of a git rebase, .* --continue or"):
            self.refresh(force=True)
        self.git("rebase", "--continue")
        self.refresh()
        self.assertEqual(2, len(self.stored.names()))

    def test_the_base_is_named_where_it_is_not_the_default(self):
        script = ("from pathlib import Path; from ipi.series import branch\n"
                  "branch.refresh(linux=Path('/nowhere'))")
        done = subprocess.run([sys.executable, "-B", "-c", script], capture_output=True, text=True,
                              env={**os.environ, "PYTHONPATH": str(TOP / "tools"),
                                   "IPI_BASE": "7.3"}, check=False)
        self.assertIn("no build/7.3/linux yet: run ./ipi --base 7.3 prepare first", done.stderr)


class GitTree(Project):
    """LINUX= names a git tree, as a vendor has it: what is committed is the base."""

    def setUp(self):
        super().setUp()
        self.vendor = self.folder / "vendor"
        self.write("vendor", kernel_files())
        self.run_git("init", "--quiet")
        self.run_git("add", "--force", ".")
        self.run_git("commit", "--quiet", "-m", "x")
        self.set_env(LINUX=str(self.vendor))

    def write(self, folder, files):
        for name, text in files.items():
            path = self.folder / folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def run_git(self, *words):
        subprocess.run(["git", "-C", self.vendor, *words], check=True, capture_output=True,
                       env={**os.environ, **identity(git.AUTHOR)})

    def everything(self, folder):
        return {path: (path.lstat().st_mtime_ns, path.is_file() and path.read_bytes())
                for path in (self.folder / folder).rglob("*")}

    def test_the_commit_is_the_base_and_nothing_is_touched(self):
        self.set_env(LINUX=str(self.folder / "base.tar.xz"))
        same = self.prepare().resolve("base")
        shutil.rmtree(self.linux)
        self.write("vendor", {".config": "CONFIG_X=y\n", "vmlinux": "x", "kernel/a.o": "x",
                              "kernel/a.c": "edited\n",
                              "Makefile": kernel_files(version=8)["Makefile"]})
        before = self.everything("vendor")
        self.set_env(LINUX=str(self.vendor))
        self.assertEqual(same, self.prepare().resolve("base"))
        self.assertEqual(before, self.everything("vendor"))
        self.assertIn("vendor has changes that are not committed; its last commit is the base",
                      self.noted.getvalue())
        self.assertEqual("6.12", base.chosen(None))

    def test_a_new_commit_is_seen(self):
        self.prepare()
        self.write("vendor", {"kernel/a.c": "new\n"})
        self.run_git("commit", "--quiet", "-a", "-m", "y")
        self.prepare()
        self.assertEqual("new\n", (self.linux / "kernel/a.c").read_text())
        self.assertNotIn("not committed", self.noted.getvalue())

    def test_a_linked_work_tree(self):
        self.run_git("worktree", "add", "--quiet", "--detach", "../linked")
        self.write("linked", {"kernel/a.c": "linked\n"})
        self.vendor = self.folder / "linked"
        self.run_git("commit", "--quiet", "-a", "-m", "y")
        self.set_env(LINUX=str(self.vendor))
        self.prepare()
        self.assertEqual("linked\n", (self.linux / "kernel/a.c").read_text())

    def test_build_linux_needs_it_no_more(self):
        repo = self.prepare()
        shutil.rmtree(self.vendor)
        self.assertEqual("", repo.text("fsck", "--full"))

    def test_no_commit_yet(self):
        self.vendor = self.folder / "empty"
        self.vendor.mkdir()
        self.run_git("init", "--quiet")
        self.set_env(LINUX=str(self.vendor))
        with self.assertRaisesRegex(Failure, "empty is a git tree without a commit"):
            self.prepare()

    def test_a_committed_folder_of_a_tree(self):
        self.write("vendor/sdk/kernel", kernel_files(**{"kernel/a.c": "inner\n"}))
        self.run_git("add", "--force", ".")
        self.run_git("commit", "--quiet", "-m", "y")
        self.write("vendor/sdk/kernel", {".config": "CONFIG_X=y\n", "kernel/a.o": "x"})
        self.set_env(LINUX=str(self.vendor / "sdk/kernel"))
        self.prepare()
        self.assertEqual("inner\n", (self.linux / "kernel/a.c").read_text())
        self.assertFalse((self.linux / "kernel/a.o").exists())
        self.assertNotIn("not committed", self.noted.getvalue())
        self.write("vendor/sdk/kernel", {"kernel/a.c": "new\n"})
        self.run_git("commit", "--quiet", "-a", "-m", "z")
        self.prepare()
        self.assertEqual("new\n", (self.linux / "kernel/a.c").read_text())

    def test_a_folder_inside_of_another_tree_is_a_folder(self):
        self.write("vendor/inner", kernel_files(**{"kernel/a.c": "inner\n"}))
        self.set_env(LINUX=str(self.vendor / "inner"))
        self.prepare()
        self.assertEqual("inner\n", (self.linux / "kernel/a.c").read_text())


class Rebase(Project):
    """A base on which a patch does not fit: git takes the series there."""

    def setUp(self):
        super().setUp()
        self.prepare()
        self.commit("a: Edit", {"kernel/a.c": EDITED})
        self.refresh()
        self.use_base(kernel_files(sublevel=6, **{
            ".gitignore": "*.o\n", "kernel/a.c": LONG.replace("_005", "_six")}), "new.tar.xz")
        with self.assertRaisesRegex(Failure, "does not apply: .*\n.* git rebase --onto "
                                             "refs/ipi/incoming base, and then ./ipi refresh"):
            self.prepare()
        self.new = os.environ["LINUX"]
        self.set_env(LINUX=str(self.folder / "base.tar.xz"))

    def rebase(self):
        with self.assertRaises(subprocess.CalledProcessError):
            self.git("rebase", "-q", "--onto", branch.INCOMING, "base")
        (self.linux / "kernel/a.c").write_text(EDITED)
        self.git("add", "kernel/a.c")
        self.git("-c", "core.editor=true", "rebase", "--continue")

    def test_refresh_follows(self):
        self.rebase()
        self.refresh()
        self.assertIn("-int function_number_six", self.stored.load()[0].diff)
        self.assertEqual(f"{self.new}\n", (self.linux / ".git" / branch.SOURCE).read_text())
        self.set_env(LINUX=self.new)
        with mock.patch.object(branch, "_move_to_series") as move:
            self.prepare()
        move.assert_not_called()
        round_trip.check(self.linux, self.top)

    def test_without_a_rebase_the_base_stays(self):
        base_before = Repo(self.linux).resolve("base")
        self.refresh()
        self.assertEqual(base_before, Repo(self.linux).resolve("base"))

    def test_on_top_of_nothing_known(self):
        self.git("checkout", "-q", "--orphan", "x")
        self.git("commit", "-q", "-m", "x")
        self.assertRaisesRegex(Failure, "not on top of its tag base", self.refresh)


class FirstBaseDoesNotFit(Project):
    """A new clone, and a kernel of a vendor in the first call."""

    def setUp(self):
        super().setUp()
        self.prepare()
        self.commit("a: Edit", {"kernel/a.c": EDITED})
        self.refresh()
        shutil.rmtree(self.linux)
        self.ours = os.environ["LINUX"]
        self.use_base(kernel_files(sublevel=6, **{
            "kernel/a.c": LONG.replace("_005", "_six")}), "new.tar.xz")

    def test_the_way_there_is_named(self):
        text = "does not apply: .*\n.*no series yet .* LINUX= ./ipi prepare first, and then this"
        with self.assertRaisesRegex(Failure, text):
            self.prepare()
        with mock.patch.dict(os.environ, LINUX=self.ours):
            self.prepare()
        with self.assertRaisesRegex(Failure, "git rebase --onto refs/ipi/incoming base"):
            self.prepare()

    def test_no_series_is_not_stored(self):
        with self.assertRaises(Failure):
            self.prepare()
        for force in (False, True):
            with self.assertRaisesRegex(Failure, "no commit on its base, .* ./ipi prepare first"):
                self.refresh(force=force)
        self.assertEqual(1, len(self.stored.names()))


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
        branch._write_state(self.linux, **{**branch._read_state(self.linux), "series": "old",
                                           "head": Repo(self.linux).resolve("base"),
                                           "moving": "x"})
        (self.linux / "kernel/a.c").write_text("half wr")
        (self.linux / ".git/index.lock").write_text("")
        self.prepare()
        self.assertEqual(EDITED, (self.linux / "kernel/a.c").read_text())

    def test_what_is_committed_meanwhile_is_not_lost(self):
        self.prepare()
        self.commit("a: Edit", {"kernel/a.c": EDITED})
        self.refresh()
        path = next(self.stored.patches.glob("0001*"))
        path.write_text(path.read_text().replace("_five", "_cinq"))
        with mock.patch.object(branch, "_reset", side_effect=KeyboardInterrupt):
            self.assertRaises(KeyboardInterrupt, self.prepare)
        self.commit("b: Work", {"kernel/b.c": NEW})
        for _ in range(2):
            with self.assertRaisesRegex(Failure, "commits that are not in patches/"):
                self.prepare()
            with mock.patch.object(branch, "_reset", side_effect=KeyboardInterrupt):
                self.assertRaises(KeyboardInterrupt, self.prepare, force=True)
        self.prepare(force=True)
        self.assertIn("_cinq", (self.linux / "kernel/a.c").read_text())

    def test_refresh_is_run_again(self):
        """What was whole only because a patch said so is whole again."""
        self.prepare()
        self.commit("a: Rewrite", {"kernel/a.c": NEW})
        self.refresh()
        (self.linux / "kernel/a.c").write_text(NEW[:len(NEW) // 2] + LONG[len(LONG) // 2:])
        self.git("commit", "-aq", "--amend", "--no-edit")
        for path in (self.stored.patches, self.stored.linux):
            replace = convert._replace_files

            def stop(folder, *words, path=path):
                if folder == path:
                    for file in files_in(path, "**/*"):
                        file.unlink()
                    raise KeyboardInterrupt
                replace(folder, *words)
            with mock.patch.object(convert, "_replace_files", stop):
                self.assertRaises(KeyboardInterrupt, self.refresh)
            with self.assertRaises(Failure):
                self.prepare()
            self.refresh()
            self.assertEqual(["kernel/a.c"], convert.overlays(self.stored))
            self.commit(f"d: {path.name}", {"lib/Kconfig": f"config {path.name}\n"})

    def test_half_of_a_refresh_is_no_series_to_go_to(self):
        self.prepare()
        self.commit("a: Edit", {"kernel/a.c": EDITED})
        self.refresh()
        branch._write_state(self.linux, **branch._read_state(self.linux), storing=[])
        path = next(self.stored.patches.glob("0001*"))
        path.write_text(path.read_text().replace("_five", "_cinq"))
        self.assertRaisesRegex(Failure, "commits that are not in patches/", self.prepare)

    def test_one_that_wrote_nothing_is_none(self):
        self.prepare()
        self.commit("a: Edit", {"kernel/a.c": EDITED})
        self.refresh()
        self.git("commit", "-q", "--amend", "-m", "a: Edit", "-m", "---")
        self.assertRaisesRegex(Failure, "would end its changelog", self.refresh)
        (self.stored.patches / "series").write_text("# other\n")
        self.assertRaisesRegex(Failure, "changed since the last prepare", self.refresh)


class BadBase(Project):
    def refused(self, text):
        with self.assertRaisesRegex(Failure, text):
            self.prepare()
        self.assertFalse(self.linux.exists())

    def test_not_our_version(self):
        self.use_base(kernel_files(patchlevel=11))
        self.refused("Linux 6.11.5 is older than 6.12, the first")

    def test_version_of_another_queue(self):
        self.use_base(kernel_files(version=7, patchlevel=4))
        self.refused("is Linux 7.4.5, which takes --base 7.3 and not 6.12")

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
        self.refused("tree was built in.* name a git tree, a tarball or a clean copy")

    def test_a_tarball_with_a_hard_link(self):
        link = tarfile.TarInfo("linux-source/kernel/two.c")
        link.type, link.linkname = tarfile.LNKTYPE, "linux-source/kernel/a.c"
        with tarfile.open(self.folder / "base.tar.xz", "w:xz", preset=0) as tar:
            tar.addfile(link)
        self.refused("kernel/two.c is neither a file nor a symbolic link")

    def test_nothing_there(self):
        self.set_env(LINUX="/nowhere/at/all")
        self.refused("no base kernel at /nowhere/at/all: .*; an empty LINUX= takes Debian's pack")

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
        # Whatever the clone which the tests run in is configured to
        self.set_env(GIT_CONFIG_COUNT="2",
                     GIT_CONFIG_KEY_0="user.name", GIT_CONFIG_VALUE_0="Me Too",
                     GIT_CONFIG_KEY_1="user.email", GIT_CONFIG_VALUE_1="me@x")
        self.prepare()
        self.commit("a: Add", {"kernel/new.c": NEW}, "Suggested-by: B <b@c>",
                    author=git.AUTHOR)
        self.commit("a: Move", {"kernel/old.c": None,
                                "kernel/moved.c": LONG.replace("function", "old")},
                    author=git.AUTHOR)
        (self.stored.patches / "0000-cover.txt").write_text("Subject line\n\nBlurb.\n")
        self.save()

    def save(self):
        self.refresh()
        run(["git", "-C", self.top, "add", "patches", "linux", "base"])
        run(["git", "-C", self.top, "commit", "--quiet", "-m", "x"])

    def refused(self, text):
        with self.assertRaisesRegex(Failure, text):
            mail.mail("", self.linux, self.top)
        self.assertFalse((self.folder / "mail").exists())

    def test_commits_that_are_not_saved(self):
        self.commit("b: Edit", {"kernel/b.c": LONG})
        self.refused("commits that are not in patches/; run ./ipi refresh")
        self.refresh()
        self.refused("(?s)not committed, so a tag would not hold .* patches/series")

    def test_changes_that_are_not_saved(self):
        (self.linux / "kernel/a.c").write_text(EDITED)
        self.refused("not committed; commit them and run ./ipi refresh")

    def test_signed_off_by_the_sender(self):
        mail.mail("", self.linux, self.top)
        cover = self.folder / "mail" / "0000-cover-letter.txt"
        one, two = sorted((self.folder / "mail").glob("*.patch"))
        self.assertIn("Subject: [PATCH 0/2] Subject line", cover.read_text())
        self.assertIn("Blurb.", cover.read_text())
        self.assertIn("From: Me Too <me@x>", one.read_text())
        self.assertIn("Suggested-by: B <b@c>\nSigned-off-by: Me Too <me@x>\n---",
                      one.read_text())
        self.assertIn("Signed-off-by: Me Too <me@x>", two.read_text())

    def test_the_cover_letter_goes_to_whom_the_base_names(self):
        mail.mail("", self.linux, self.top)
        letter, *mails = sorted((self.folder / "mail").glob("0*"))
        self.assertIn("\nTo: =?utf-8?b?UmFmYcWCIE0u?= <m@x>\nCc: list@x\nSubject: ",
                      letter.read_text())
        self.assertNotIn("list@x", "".join(path.read_text() for path in mails))

    def letter(self, folder="mail"):
        return (self.folder / folder / "0000-cover-letter.txt").read_text()

    def test_a_commit_of_the_base_that_nobody_has_is_not_named(self):
        mail.mail("", self.linux, self.top)
        self.assertNotIn("base-commit", self.letter())
        self.assertIn("Applies to Linux 6.12.5 as in base.tar.xz, which tells no commit.",
                      self.letter())

    def test_the_commit_of_a_git_tree_is_the_base_commit(self):
        vendor = Repo(self.folder / "vendor")
        Repo(self.linux).check_out("base", vendor.path)
        vendor.text("init", "--quiet")
        vendor.text("add", "--force", ".")
        vendor.text("commit", "--quiet", "-m", "x", env=identity(git.AUTHOR))
        self.set_env(LINUX=str(vendor.path))
        self.prepare()
        mail.mail("", self.linux, self.top)
        self.assertIn(f"\nbase-commit: {vendor.resolve('HEAD')}\n", self.letter())

    def divide(self):
        (self.stored.patches / "parts").write_text("one a: Add\ntwo a: Move\n")
        (self.stored.patches / "cover").mkdir()
        (self.stored.patches / "cover/two.txt").write_text("Second part\n\nBlurb 2.\n")
        self.save()

    def test_a_part_goes_on_top_of_those_before(self):
        self.divide()
        mail.mail("two", self.linux, self.top)
        names = sorted(path.name for path in (self.folder / "mail-two").iterdir())
        self.assertEqual(["0000-cover-letter.txt", "0001-a-Move.patch"], names)
        self.assertIn("Subject: [PATCH 0/1] Second part", self.letter("mail-two"))
        self.assertRegex(self.letter("mail-two"), "(?m)^prerequisite-patch-id: [0-9a-f]{40}$")

    def test_each_part_has_versions_of_its_own(self):
        self.divide()
        for tag in ("v4", "one-v3", "two-v1"):
            run(["git", "-C", self.top, "tag", tag])
        self.git("commit", "-q", "--amend", "-m", "a: Move", "-m", "Why.")
        self.save()
        mail.mail("two", self.linux, self.top)
        self.assertIn("[PATCH v2 0/1]", self.letter("mail-two"))
        self.assertRegex((self.folder / "mail-two/range-diff.txt").read_text(),
                         r"\A1: .* ! 1: .* a: Move\n")

    def test_a_part_that_cannot_be_mailed(self):
        self.divide()
        for part, reason in (("three", "unknown part 'three', known are: one, two"),
                             ("one", "there is no cover letter: patches/cover/one.txt")):
            with self.assertRaisesRegex(Failure, reason):
                mail.mail(part, self.linux, self.top)

    def test_another_author_stays_one(self):
        self.git("commit", "-q", "--amend", "--no-edit", "--author=Bé <b@c>")
        self.save()
        mail.mail("", self.linux, self.top)
        two = sorted((self.folder / "mail").glob("*.patch"))[1].read_text()
        self.assertRegex(two, "(?m)^From: .*b@c>$")
        self.assertIn("Signed-off-by: Me Too <me@x>", two)
        self.assertIn("a: Move is by Bé <b@c>, who did not sign it off", self.noted.getvalue())

    def test_a_second_version_comes_with_a_range_diff(self):
        run(["git", "-C", self.top, "tag", "v1"])
        self.commit("a: Change", {"kernel/b.c": LONG})
        self.save()
        self.prepare(force=True)
        mail.mail("", self.linux, self.top)
        names = sorted(path.name for path in (self.folder / "mail").glob("*"))
        self.assertEqual(["0000", "0001", "0002", "0003"], [name[:4] for name in names[:-1]])
        for number, name in enumerate(names[:-1]):
            self.assertIn(f"[PATCH v2 {number}/3]", (self.folder / "mail" / name).read_text())
        self.assertRegex((self.folder / "mail" / "range-diff.txt").read_text(),
                         r"(?m)^1: .* = 1: .*\n2: .* = 2: .*\n-: .* > 3: .* a: Change$")

    def test_a_version_that_does_not_fit_the_base_has_no_range_diff(self):
        run(["git", "-C", self.top, "tag", "v1"])
        files = kernel_files(sublevel=6, **{"kernel/moved.c": "new in the base\n"})
        del files["kernel/old.c"]
        self.use_base(files, "other.tar.xz")
        self.git("reset", "-q", "--hard", "HEAD^")
        self.refresh()
        self.prepare()
        self.save()
        mail.mail("", self.linux, self.top)
        self.assertEqual(["0000-cover-letter.txt", "0001-a-Add.patch"],
                         sorted(path.name for path in (self.folder / "mail").glob("*")))
        self.assertRegex(self.noted.getvalue(),
                         "no range-diff: v1 does not fit this base: 0002-a-Move.patch does not")

    def test_a_version_without_a_queue_for_this_base_has_no_range_diff(self):
        listed = (self.stored.own / patchfile.SERIES).relative_to(self.top)
        run(["git", "-C", self.top, "rm", "-q", "--cached", listed])
        run(["git", "-C", self.top, "commit", "-q", "-m", "no queue"])
        run(["git", "-C", self.top, "tag", "v1"])
        self.save()
        mail.mail("", self.linux, self.top)
        self.assertIn("v1 has no queue for 6.12, so there is no range-diff", self.said.getvalue())
        self.assertFalse((self.folder / "mail/range-diff.txt").exists())

    def test_a_mail_that_gives_another_tree_is_refused(self):
        fill = mail._fill_cover

        def spoil(letter, *words):
            fill(letter, *words)
            one = sorted(letter.parent.glob("0001*"))[0]
            one.write_text(one.read_text().replace("+long something", "+int something"))
        with mock.patch.object(mail, "_fill_cover", spoil):
            with self.assertRaisesRegex(Failure, "does not give the tree"):
                mail.mail("", self.linux, self.top)
        self.assertFalse((self.folder / "mail").exists())

    def test_nobody_to_sign(self):
        self.set_env(GIT_CONFIG_COUNT="0", GIT_CONFIG_GLOBAL="/dev/null",
                     GIT_CONFIG_SYSTEM="/dev/null", HOME="/nonexistent")
        with mock.patch("ipi.series.mail.TOP", self.folder):
            with self.assertRaisesRegex(Failure, "git does not know who you are"):
                mail.mail("", self.linux, self.top)


class Export(Project):
    def setUp(self):
        super().setUp()
        self.prepare()
        self.commit("a: Add", {"kernel/new.c": NEW, "kernel/a.c": EDITED}, "Why.")
        self.commit("a: Move", {"kernel/old.c": None,
                                "kernel/moved.c": EDITED.replace("function", "old")})
        self.commit("a: Script", {"kernel/run.sh": "exit\n"})
        self.refresh()
        self.exported = self.folder / "a folder"
        self.tree_of_base = self.folder / "plain"
        Repo(self.linux).check_out("base", self.tree_of_base)

    def export(self):
        export.export(str(self.exported), self.linux, self.top)
        return [self.exported / name for name in base.lines_of(self.exported / "series")]

    def assert_series(self):
        for name, text in (("new.c", NEW), ("a.c", EDITED), ("run.sh", "exit\n"),
                           ("moved.c", EDITED.replace("function", "old"))):
            self.assertEqual(text, (self.tree_of_base / "kernel" / name).read_text())
        self.assertFalse((self.tree_of_base / "kernel/old.c").exists())

    def test_patch_applies_it(self):
        for path in self.export():
            self.assertNotIn("rename from", path.read_text())
            run(["patch", "-p1", "--fuzz=0", "-i", path], cwd=self.tree_of_base)
        self.assert_series()

    def test_git_am_applies_it(self):
        git = ["git", "-C", self.tree_of_base, "-c", "user.name=V", "-c", "user.email=v@x"]
        for words in (["init", "--quiet"], ["add", "--force", "."], ["commit", "-qm", "x"],
                      ["am", "--quiet", *self.export()]):
            run([*git, *words])
        self.assert_series()
        self.assertEqual("A <a@b> a: Add\n\nWhy.\n",
                         run([*git, "log", "-1", "--format=%an <%ae> %B", "HEAD^^"]).rstrip("\n")
                         + "\n")

    def test_the_same_again_replaces_it(self):
        one = {path.name: path.read_bytes() for path in self.export()}
        self.assertEqual(one, {path.name: path.read_bytes() for path in self.export()})
        self.git("reset", "-q", "--hard", "HEAD^^")
        self.refresh()
        self.assertEqual(["0001-a-Add.patch"], [path.name for path in self.export()])
        self.assertEqual({"series", "0001-a-Add.patch"},
                         {path.name for path in self.exported.iterdir()})

    def test_files_of_others_are_left_alone(self):
        beside = self.folder / "a folder.new"
        beside.mkdir()
        self.export()
        self.assertTrue(beside.exists())
        self.exported.joinpath("0900-mine.patch").write_text("x")
        with self.assertRaisesRegex(Failure, "a folder has files that no ./ipi export wrote"):
            self.export()
        shutil.rmtree(self.exported)
        self.exported.mkdir()
        self.exported.joinpath("0900-mine.patch").write_text("x")
        self.exported.joinpath("series").write_text("0900-mine.patch\n")
        with self.assertRaisesRegex(Failure, "a folder has files that no ./ipi export wrote"):
            self.export()
        self.assertTrue(self.exported.joinpath("0900-mine.patch").exists())

    def test_what_is_not_stored_is_not_exported(self):
        self.commit("b: Edit", {"kernel/b.c": LONG})
        with self.assertRaisesRegex(Failure, "commits that are not in patches/"):
            self.export()


class OneRunOnly(Scratch):
    def test_second_run_is_refused(self):
        with only_one_run(self.folder):
            script = ("import sys; from pathlib import Path; from ipi.common import *\n"
                      "with only_one_run(Path(sys.argv[1])): pass")
            done = subprocess.run([sys.executable, "-c", script, str(self.folder)],
                                  env={**os.environ, "PYTHONPATH": str(TOP / "tools")},
                                  capture_output=True, text=True, check=False)
        self.assertIn("another ./ipi is at work", done.stderr)
        with only_one_run(self.folder):
            pass
