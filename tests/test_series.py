# SPDX-License-Identifier: GPL-2.0-only
"""The two forms of the series, and the way from one to the other."""

import os
import shutil
from unittest import mock

from support import EDITED, LONG, NEW, TOP, Project, kernel_files

from ipi.checks import bindings, round_trip
from ipi.common import Failure, Refused
from ipi.git import Repo
from ipi.machines import kunit, machine
from ipi.measure import mutants
from ipi.series import base, branch, convert


class RoundTrip(Project):
    def setUp(self):
        super().setUp()
        self.prepare()

    def files(self):
        return {str(path): (path.read_bytes(), path.stat().st_mode & 0o100)
                for name in ("patches", "linux")
                for path in (self.top / name).rglob("*") if path.is_file()}

    def assert_round_trip(self):
        self.refresh()
        tree, files = self.tree(), self.files()
        shutil.rmtree(self.linux)
        self.prepare()
        self.assertEqual(tree, self.tree())
        self.refresh()
        self.assertEqual(files, self.files())
        round_trip.check(self.linux, self.top)

    def patch(self, number):
        return self.stored.load()[number - 1]

    def test_hunks(self):
        self.commit("a: Edit", {"kernel/a.c": EDITED}, "Why.\n\nLink: x")
        self.assert_round_trip()
        self.assertIn("+int function_number_five", self.patch(1).diff)

    def test_new_file_is_an_overlay(self):
        self.commit("a: Add", {"kernel/new.c": NEW, "lib/Kconfig": "config Y\n"})
        self.assert_round_trip()
        self.assertEqual(["kernel/new.c"], self.patch(1).overlays)
        self.assertEqual(NEW, (self.top / "linux/kernel/new.c").read_text())
        self.assertNotIn("kernel/new.c", self.patch(1).diff)

    def test_rewritten_file_is_an_overlay(self):
        self.commit("a: Edit first", {"kernel/a.c": EDITED})
        self.commit("a: Rewrite", {"kernel/a.c": NEW})
        self.assert_round_trip()
        self.assertEqual([], self.patch(1).overlays)
        self.assertEqual(["kernel/a.c"], self.patch(2).overlays)
        self.assertEqual("", self.patch(2).diff)

    def test_listed_overlay_stays_one(self):
        self.commit("a: Rewrite", {"kernel/a.c": NEW})
        self.refresh()
        half = NEW[:len(NEW) // 2] + LONG[len(LONG) // 2:]
        (self.linux / "kernel/a.c").write_text(half)
        self.git("commit", "-aq", "--amend", "--no-edit")
        self.assert_round_trip()
        self.assertEqual(["kernel/a.c"], self.patch(1).overlays)

    def test_removed_file_has_no_hunks(self):
        self.commit("a: Remove", {"kernel/old.c": None})
        self.assert_round_trip()
        self.assertEqual(["kernel/old.c"], self.patch(1).removes)
        self.assertEqual("", self.patch(1).diff)

    def test_rename_stays_hunks(self):
        self.commit("a: Move", {"kernel/old.c": None, "kernel/moved.c":
                                EDITED.replace("function", "old")})
        self.commit("a: Edit the moved", {"kernel/moved.c":
                                          LONG.replace("function", "old")})
        self.assert_round_trip()
        self.assertIn("rename to kernel/moved.c", self.patch(1).diff)
        self.assertEqual([], self.patch(1).overlays + self.patch(1).removes)

    def test_new_file_in_the_place_of_a_renamed_one(self):
        self.commit("a: Move", {"kernel/old.c": None,
                                "kernel/moved.c": LONG.replace("function", "old")})
        self.commit("a: Write anew", {"kernel/old.c": NEW})
        self.assert_round_trip()
        self.assertIn("rename to kernel/moved.c", self.patch(1).diff)
        self.assertEqual(["kernel/old.c"], self.patch(2).overlays)

    def test_listed_overlay_is_no_target_of_a_rename(self):
        self.commit("a: Replace", {"kernel/old.c": None, "kernel/new.c": NEW})
        self.refresh()
        (self.linux / "kernel/new.c").write_text(LONG.replace("function", "old"))
        self.git("commit", "-aq", "--amend", "--no-edit")
        self.assert_round_trip()
        self.assertEqual((["kernel/new.c"], ["kernel/old.c"], ""),
                         (self.patch(1).overlays, self.patch(1).removes,
                          self.patch(1).diff))

    def test_modes(self):
        (self.linux / "kernel/a.c").chmod(0o755)
        self.commit("a: Modes", {"kernel/run.sh": "exit\n"})
        (self.linux / "kernel/run.sh").chmod(0o755)
        self.git("commit", "-aq", "--amend", "--no-edit")
        self.assert_round_trip()

    def test_odd_message(self):
        self.commit("a: " + "long " * 30 + "ü", {"kernel/a.c": EDITED},
                    "diff --git a/x b/x\n\n--- x\n\n  indented: Overlay: y")
        self.assert_round_trip()

    def test_no_newline_at_the_end(self):
        self.commit("a: Edit", {"lib/Kconfig": "config Z", "lib/new": "no newline"})
        self.assert_round_trip()

    def test_new_file_touched_twice_is_whole_at_last(self):
        self.commit("a: Add", {"kernel/new.c": NEW})
        self.commit("b: Again", {"kernel/new.c": NEW + "\n"})
        self.assert_round_trip()
        self.assertEqual(([], ["kernel/new.c"]),
                         (self.patch(1).overlays, self.patch(2).overlays))
        self.assertIn("new file mode", self.patch(1).diff)

    def test_separator_in_changelog_is_refused(self):
        self.commit("a: Edit", {"kernel/a.c": EDITED}, "x\n---\ny")
        with self.assertRaisesRegex(Failure, "'---' would end"):
            self.refresh()

    def test_check_refuses_what_is_not_stored(self):
        self.commit("a: Edit", {"kernel/a.c": EDITED})
        with self.assertRaisesRegex(Failure, "commits that are not in patches/"):
            round_trip.check(self.linux, self.top)
        self.refresh()
        round_trip.check(self.linux, self.top)
        (self.linux / "kernel/new.c").write_text(NEW)
        with self.assertRaisesRegex(Failure, "changes that are not committed"):
            round_trip.check(self.linux, self.top)

    def test_check_sees_a_patch_edited_by_hand(self):
        self.commit("a: Edit", {"kernel/a.c": EDITED})
        self.refresh()
        path = next(self.stored.patches.glob("0001*"))
        path.write_text(path.read_text().replace("@@ -3,7", "@@ -2,7"))
        with self.assertRaisesRegex(Refused, "round trip changes patches/0001"):
            round_trip.check(self.linux, self.top)


class Rules(Project):
    """What patches/ and linux/ must obey."""

    def setUp(self):
        super().setUp()
        self.prepare()
        self.commit("a: Add", {"kernel/new.c": NEW})
        self.commit("a: Edit", {"kernel/a.c": EDITED})
        self.refresh()
        self.one, self.two = self.stored.names()

    def assert_refused(self, text):
        with self.assertRaisesRegex(Failure, text):
            self.stored.load()

    def edit(self, name, old, new):
        path = self.stored.patches / name
        path.write_text(path.read_text().replace(old, new))

    def test_an_author_without_an_address(self):
        path = self.stored.patches / self.one
        text = path.read_text()
        path.write_text("From: nobody\n" + text[text.index("Subject:"):])
        self.assert_refused("the author is not 'From: name <address>': nobody")

    def test_listed_patch_without_file(self):
        (self.stored.patches / self.one).unlink()
        self.assert_refused(f"series lists {self.one}, but")

    def test_file_that_is_not_listed(self):
        (self.stored.patches / "0009-x.patch").write_text("")
        self.assert_refused("0009-x.patch is not listed")

    def test_patch_listed_twice(self):
        self.edit("series", self.two, f"{self.two}\n{self.two}")
        self.assert_refused("twice")

    def test_overlay_without_file(self):
        (self.stored.linux / "kernel/new.c").unlink()
        self.assert_refused("linux/ has no such file")

    def test_file_without_overlay(self):
        (self.stored.linux / "stray.c").write_text("")
        self.assert_refused("linux/stray.c is not overlaid")

    def test_two_overlays_of_a_path(self):
        self.edit(self.two, "---\n\n", "---\nOverlay: kernel/new.c\n\n")
        self.assert_refused(f"{self.two} touches kernel/new.c, which {self.one}")

    def test_hunks_after_the_overlay(self):
        self.edit(self.two, "kernel/a.c", "kernel/new.c")
        self.assert_refused(f"{self.two} touches kernel/new.c, which {self.one}")

    def test_unknown_line_below_the_separator(self):
        self.edit(self.one, "Overlay:", "Overlaid:")
        self.assert_refused("neither 'Overlay: <path>'")

    def test_no_subject(self):
        self.edit(self.one, "Subject: [PATCH] ", "Subject: ")
        self.assert_refused("first line")


class Editors(Project):
    """What an editor leaves beside a file is neither stored nor removed."""

    NAMES = (".new.c.swp", ".new.c.swo", "new.c~", "#new.c#", ".#new.c", "new.c.orig", "new.c.rej",
             ".#0001-a-Add.patch")

    def setUp(self):
        super().setUp()
        self.prepare()
        self.commit("a: Add", {"kernel/new.c": NEW, "kernel/.kunitconfig": "CONFIG_X=y\n"})
        self.refresh()
        self.left = [folder / name for name in self.NAMES
                     for folder in (self.stored.patches, self.stored.linux / "kernel")]
        for path in self.left:
            # Emacs locks by a link to nothing
            path.symlink_to("me@here") if path.name.startswith(".#") else path.write_text("x")

    def test_nothing_stops(self):
        digest = self.stored.digest()
        with mock.patch.object(branch, "_move_to_series") as move:
            self.prepare()
        move.assert_not_called()
        round_trip.check(self.linux, self.top)
        (self.stored.linux / "kernel/new.c~").write_text("y")
        self.assertEqual(digest, self.stored.digest())

    def test_git_does_not_see_them(self):
        names = [f"linux/kernel/{name}" for name in self.NAMES]
        ignored = Repo(TOP).text("check-ignore", "--no-index", *names, "linux/kernel/new.c")
        self.assertEqual(names, [name.strip('"') for name in ignored.splitlines()])

    def test_no_list_has_them(self):
        folder = self.folder / "linux"
        (folder / "6.12").mkdir(parents=True)
        for suffix in ("c", "toml", "yaml", "patch"):
            for name in (f".#a_kunit.{suffix}", f"a_kunit.{suffix}~", f".a_kunit.{suffix}.swp"):
                os.symlink("me@here", folder / name)
            (folder / f"a_kunit.{suffix}").write_text("")
        with mock.patch.object(bindings, "TOP", self.folder), \
             mock.patch.object(bindings, "BINDINGS", "."), \
             mock.patch.object(mutants, "MUTANTS", folder), \
             mock.patch.object(mutants, "load", lambda path: path):
            found = [*kunit._files_in(folder, "mips"), *bindings.ours(), *mutants.load_all()]
        self.assertEqual(["a_kunit.c", "a_kunit.yaml", "a_kunit.patch"],
                         [path.name for path in found])
        self.assertEqual(["a_kunit"], machine.names(folder))
        with mock.patch.object(base, "FOLDERS", folder):
            self.assertEqual(["6.12"], base.names())

    def test_refresh_leaves_them(self):
        self.commit("a: Remove", {"kernel/new.c": None, "kernel/.kunitconfig": None})
        self.refresh()
        self.assertEqual([], [path for path in self.left if not os.path.lexists(path)])
        self.assertFalse((self.stored.linux / "kernel/.kunitconfig").exists())


class OtherBase(Project):
    """A 6.12.y whose files are not the ones the series was made for."""

    def setUp(self):
        super().setUp()
        self.prepare()
        text = LONG.replace("_005", "_five").replace("_050", "_fifty")
        self.commit("a: Edit", {"kernel/a.c": text})
        self.refresh()

    def test_offset_is_reported(self):
        self.use_base(kernel_files(sublevel=6, **{"kernel/a.c": "// new\n" + LONG}))
        self.prepare()
        self.assertIn("function_number_five", (self.linux / "kernel/a.c").read_text())
        self.assertIn("offset 1 line", self.noted.getvalue())
        self.assertIn("kernel/a.c is not the file", self.noted.getvalue())
        round_trip.check(self.linux, self.top)

    def test_three_way(self):
        """The context differs; the old base's blob is still in build/linux."""
        other = LONG.replace("_003", "_three")
        self.use_base(kernel_files(sublevel=6, **{"kernel/a.c": other}))
        self.prepare()
        text = (self.linux / "kernel/a.c").read_text()
        self.assertIn("_five", text)
        self.assertIn("_three", text)
        self.assertIn("three-way", self.noted.getvalue())

    def test_patch_that_does_not_apply(self):
        head = Repo(self.linux).resolve("HEAD")
        other = LONG.replace("_050", "_conflict")
        self.use_base(kernel_files(sublevel=6, **{"kernel/a.c": other}))
        with self.assertRaisesRegex(
                Failure, r"0001-a-Edit.patch does not apply: kernel/a.c, hunk 2 "):
            self.prepare()
        self.assertEqual(head, Repo(self.linux).resolve("HEAD"))

    def test_removed_file_is_not_there(self):
        self.commit("b: Remove", {"kernel/old.c": None})
        self.refresh()
        files = kernel_files(sublevel=6)
        del files["kernel/old.c"]
        self.use_base(files)
        with self.assertRaisesRegex(Failure, "0002-b-Remove.patch removes kernel/old.c"):
            self.prepare()

    def test_overlay_of_a_changed_file(self):
        self.commit("b: Rewrite", {"kernel/b.c": NEW})
        self.refresh()
        self.use_base(kernel_files(sublevel=6, **{"kernel/b.c": "other\n"}))
        self.prepare()
        self.assertRegex(self.noted.getvalue(), "kernel/b.c is not .* replaces it whole")


class Rewritten(Project):
    def test_share_of_surviving_lines(self):
        repo = self.prepare()
        lines = LONG.splitlines(keepends=True)
        self.commit("half", {"kernel/a.c": "".join(lines[:30])})
        self.assertFalse(convert.is_rewritten(repo, "HEAD", "kernel/a.c"))
        self.commit("few", {"kernel/a.c": "".join(lines[:5]) + NEW})
        self.assertTrue(convert.is_rewritten(repo, "HEAD", "kernel/a.c"))
