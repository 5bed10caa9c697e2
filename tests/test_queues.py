# SPDX-License-Identifier: GPL-2.0-only
"""A queue of patches for each base, with one set of whole files."""

from unittest import mock

from support import EDITED, LONG, NEW, Project, kernel_files

from ipi.checks import lint, round_trip
from ipi.common import Failure, Refused
from ipi.git import Repo
from ipi.series import base, branch, patchfile, queues

OTHER = LONG.replace("function", "other")


class TwoBases(Project):
    """a.c differs between the bases above what the series edits, b.c right beside it."""

    def setUp(self):
        super().setUp()
        self.prepare()
        self.commit("a: Edit", {"kernel/a.c": EDITED}, "Why.")
        self.commit("n: Add", {"kernel/new.c": NEW})
        self.commit("b: Edit", {"kernel/b.c": OTHER.replace("_005", "_five")}, "Why, too.")
        self.refresh()
        self.names = self.stored.names()
        self.default = self.stored
        self.use_other_base()

    def use_other_base(self):
        for module in (base, branch, patchfile):
            self.enterContext(mock.patch.object(module, "BASE", "7.3"))
        self.linux = self.top / "build/7.3/linux"
        self.stored = patchfile.Stored(self.top)
        self.use_base(kernel_files(version=7, patchlevel=3, **{
            "kernel/a.c": "int first(void);\n" + LONG,
            "kernel/b.c": OTHER.replace("_006", "_six")}), "other.tar.xz")
        self.stored.own.mkdir()
        (self.stored.own / "series").write_text("\n".join(self.names[:2]) + "\n")
        self.prepare()
        self.commit("b: Edit", {"kernel/b.c": OTHER.replace("_006", "_six")
                                .replace("_005", "_five")}, "Why, too.")

    def own(self):
        return sorted(path.name for path in self.stored.own.glob("*.patch"))

    def test_only_what_differs_is_stored(self):
        self.refresh()
        self.assertEqual(self.names, self.stored.names())
        self.assertEqual(self.names[2:], self.own())
        self.assertEqual([("context differs", self.names[2])],
                         queues.compare(self.default, self.stored)[0])
        round_trip.check(self.linux, self.top)

    def test_other_code_and_patches_of_one_base_are_told(self):
        self.git("commit", "-q", "--amend", "-m", "b: Edit", "-m", "Why, too.")
        self.commit("c: Edit", {"kernel/old.c": NEW})
        self.refresh()
        lines = queues.compare(self.default, self.stored)[0]
        self.assertEqual(["context differs", "only in 7.3"], [what for what, _ in lines])
        self.assertEqual([], queues.compare(self.default, self.stored)[1])

    def test_changelogs_have_to_be_the_same(self):
        self.refresh()
        path = self.stored.own / self.names[2]
        text = path.read_text()
        for other in (text.replace("Why, too.", "Because."),
                      "From: B <b@c>\n" + text[text.index("Subject:"):]):
            path.write_text(other)
            with mock.patch("ipi.series.base.names", return_value=["6.12", "7.3"]), \
                 self.assertRaisesRegex(Refused, "author, changelog or whole files are not the"):
                queues.check(self.top)

    def test_whole_files_of_the_other_queue_stay(self):
        self.git("reset", "-q", "--hard", "HEAD^^")
        self.refresh()
        self.assertTrue((self.top / "linux/kernel/new.c").exists())
        self.assertEqual(self.names[:1], self.stored.names())
        self.default.load()

    def refresh_default(self, *words):
        """Of a git rebase -i of 6.12's commits by the sed commands @words."""
        for module in (base, branch, patchfile):
            self.enterContext(mock.patch.object(module, "BASE", "6.12"))
        self.linux = self.top / "build/linux"
        self.set_env(GIT_SEQUENCE_EDITOR="sed -i -e " + " -e ".join(words))
        self.git("rebase", "-q", "-i", "base")
        branch.refresh(True, self.linux, self.top)
        return self.default.names()

    def test_the_other_queue_follows_new_numbers(self):
        """Its own files, too, and what it has is not lost with the second refresh."""
        self.refresh()
        names = self.refresh_default("1i'exec echo x > lib/x; git add lib; git commit -qm Insert'")
        self.assertEqual(["0001-Insert.patch", "0002-a-Edit.patch"], names[:2])
        self.assertEqual(names[1:], self.stored.names())
        self.assertEqual(names[3:], self.own())
        self.refresh_default("1d")
        self.assertEqual(self.names, self.stored.names())
        self.assertEqual(NEW, (self.top / "linux/kernel/new.c").read_text())

    def test_a_new_subject_and_a_patch_that_is_dropped(self):
        self.refresh()
        names = self.refresh_default("'1aexec git commit -q --amend -m New'", "2d")
        self.assertEqual(["0001-New.patch", "0002-b-Edit.patch"], names)
        self.assertEqual([names[0], self.names[1], names[1]], self.stored.names())
        self.assertEqual([self.names[1], names[1]], sorted(self.own(), reverse=True))
        self.refresh_default("1b")
        self.assertEqual(NEW, (self.top / "linux/kernel/new.c").read_text())

    def test_a_queue_that_is_broken_keeps_its_files(self):
        self.commit("c: Add", {"kernel/other.c": NEW})
        self.refresh()
        path = self.stored.own / "series"
        path.write_text(path.read_text() + "\n0009-gone.patch\n")
        self.refresh_default("1b")
        self.assertEqual(NEW, (self.top / "linux/kernel/other.c").read_text())

    def test_two_patches_that_would_have_one_name(self):
        for end in "one", "two":
            self.commit(f"c: {'long ' * 12}{end}", {"kernel/old.c": end})
        self.assertRaisesRegex(Failure, "two commits would be called c-long-", self.refresh)

    def test_a_foreign_file_is_noticed(self):
        self.refresh()
        (self.stored.own / "0009-x.patch").write_text("x")
        with self.assertRaisesRegex(Failure, "patches/7.3/0009-x.patch is not listed in patches/7"):
            self.stored.names()


class Choose(Project):
    def test_the_version_decides(self):
        for version, patchlevel, queue in ((6, 12, "6.12"), (6, 18, "6.12"), (7, 3, "7.3"),
                                           (7, 4, "7.3"), (8, 0, "7.3")):
            self.use_base(kernel_files(version=version, patchlevel=patchlevel))
            self.assertEqual(queue, base.chosen(None))

    def test_another_queue_was_named(self):
        with self.assertRaisesRegex(Failure, "is Linux 6.12.5, which takes --base 6.12 and not"):
            base.chosen("7.3")


class KernelDoc(Project):
    def test_both_formats_are_understood(self):
        for text in ("/a.h:5: warning: Parameter 'b' not described in 'f'\n",
                     "Warning: /a.h:4 Parameter 'b' not described in 'f'\n"):
            self.assertEqual(["Parameter 'b' not described in 'f'"],
                             lint.kernel_doc_complaints(text))

    def test_a_checker_that_is_not_understood(self):
        done = mock.Mock(returncode=0, stdout="Note: a.h, 3: bad\n")
        with mock.patch("ipi.checks.lint._checker", return_value=done), \
             self.assertRaisesRegex(Failure, "says nothing that is understood"):
            lint._check_kernel_doc()

    def check(self, stdout="", returncode=0):
        done = mock.Mock(returncode=returncode, stdout=stdout)
        with mock.patch("ipi.checks.lint._checker", return_value=done), \
             mock.patch("ipi.checks.lint._check_kernel_doc") as first:
            faults = lint.kernel_doc(Repo(self.linux))
        first.assert_called_once_with()
        return faults

    def test_only_what_the_base_is_not_told_is_a_fault(self):
        self.prepare()
        self.commit("a: Add", {"kernel/new.h": NEW, "kernel/a.c": EDITED})
        self.assertEqual(["kernel/new.h: bad"], self.check("/x/a.h:3: warning: bad\n"))

    def test_one_that_breaks_down_is_no_silence(self):
        self.prepare()
        self.commit("a: Edit", {"kernel/a.c": EDITED})
        with self.assertRaisesRegex(Failure, "kernel-doc failed on kernel/a.c:\nTraceback"):
            self.check("Traceback", 1)

    def test_a_file_that_cannot_be_read_is_no_silence(self):
        self.prepare()
        self.commit("a: Add", {"kernel/new.h": NEW})
        blob = Repo(self.linux).resolve("HEAD:kernel/new.h")
        (self.linux / f".git/objects/{blob[:2]}/{blob[2:]}").unlink()
        with self.assertRaisesRegex(Failure, "git show HEAD:kernel/new.h failed"):
            self.check()
