# SPDX-License-Identifier: GPL-2.0-only
"""A clone that belongs to somebody else, as in a container with root."""

from unittest import mock

from support import Scratch

from ipi.checks import lint
from ipi.common import run
from ipi.git import Repo
from ipi.series import mail


class SomebodyElses(Scratch):
    """git finds an owner who is not the user in every folder it looks at."""

    def setUp(self):
        super().setUp()
        run(["git", "init", "--quiet", self.folder])
        for key, value in (("user.name", "Me Too"), ("user.email", "me@x")):
            run(["git", "-C", self.folder, "config", key, value])
        (self.folder / "word").write_text("x")
        run(["git", "-C", self.folder, "add", "word"])
        run(["git", "-C", self.folder, "commit", "--quiet", "-m", "x"])
        run(["git", "-C", self.folder, "tag", "v7"])
        self.set_env(GIT_TEST_ASSUME_DIFFERENT_OWNER="1")

    def test_each_way_to_run_git(self):
        self.assertTrue(Repo(self.folder).resolve("HEAD"))
        with Repo(self.folder).popen("cat-file", "-e", "HEAD") as process:
            self.assertEqual(0, process.wait())

    def test_files_that_are_spelled(self):
        with (mock.patch.object(lint, "TOP", self.folder),
              mock.patch.object(lint, "_checker") as checker):
            lint.spelling()
        self.assertEqual(self.folder / "word", checker.call_args.args[0][-1])

    def test_mails(self):
        self.assertEqual((7, "v7"), mail._last_version(self.folder, "v"))
        with mock.patch.object(mail, "TOP", self.folder):
            self.assertEqual(["Me Too", "me@x"], mail._sender())
