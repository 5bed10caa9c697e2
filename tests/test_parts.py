# SPDX-License-Identifier: GPL-2.0-only
"""The parts in which the series is mailed."""

from support import TOP, Project, Scratch

from ipi.common import Failure, Refused
from ipi.series import parts, patchfile

TWO = {"one": "a", "two": "c"}


class Divide(Scratch):
    def test_a_part_ends_where_the_next_begins(self):
        self.assertEqual({"one": slice(0, 2), "two": slice(2, 4)}, parts.divide(TWO, [*"abcd"]))

    def test_what_does_not_divide_the_queue(self):
        for subjects, reason in (("cab", "order of the patches"), ("bac", "leave the first one"),
                                 ("ab", "two begins with 'c', which no patches are called"),
                                 ("abcc", "two begins with 'c', which 2 patches are called")):
            with self.assertRaisesRegex(Failure, reason):
                parts.divide(TWO, [*subjects])

    def test_a_line_that_is_none(self):
        (self.folder / "patches").mkdir()
        (self.folder / "patches/parts").write_text("# x\n\none\n")
        with self.assertRaisesRegex(Failure, "is not a name and the subject"):
            parts.load(self.folder)


class Check(Project):
    def setUp(self):
        super().setUp()
        self.queue("6.12", "abcd")
        self.queue("7.3", "abxcd")
        (self.stored.patches / "parts").write_text("one a\ntwo c\n")
        (self.stored.patches / "cover").mkdir()
        for name in TWO:
            parts.cover_of(name, self.top).write_text("x")

    def queue(self, base, subjects):
        stored = patchfile.Stored(self.top, base)
        stored.own.mkdir(exist_ok=True)
        for subject in subjects:
            if not stored.path(subject).exists():
                patchfile.write(stored.own / subject, f"Subject: [PATCH] {subject}\n\n---\n")
        patchfile.write(stored.own / "series", "\n".join(subjects) + "\n")

    def refused(self, reason):
        with self.assertRaisesRegex(Refused, reason):
            parts.check(self.top)

    def test_queues_that_fall_into_the_same_parts(self):
        parts.check(self.top)

    def test_a_patch_in_two_parts(self):
        self.queue("7.3", "acxbd")
        self.refused("b is in the part one on 6.12, and in two on 7.3")

    def test_each_part_has_a_cover_letter(self):
        parts.cover_of("two", self.top).rename(parts.cover_of("three", self.top))
        self.refused("(?s)two.txt is not there.*three.txt is of no part")


class Ours(Scratch):
    def test_the_stored_queues_are_divided(self):
        parts.check()

    def test_no_letter_has_a_number_that_changes(self):
        for part in ("", *parts.load()):
            self.assertNotRegex(parts.cover_of(part).read_text(), r"(?i)\bpatch(es)? \d")

    def test_it_is_said_where_each_part_goes(self):
        text = (TOP / "CONTRIBUTING.md").read_text()
        for name in parts.load():
            self.assertIn(f"| `{name}` |", text)
