# SPDX-License-Identifier: GPL-2.0-only
"""The page that a complete run leaves."""

from unittest import mock

from support import Project, kernel_files, write_program

from ipi.checks import results
from ipi.checks.results import Outcome


class Page(Project):
    def setUp(self):
        super().setUp()
        self.use_base(kernel_files(sublevel=117))
        self.prepare()
        self.set_env(PATH=f"{self.folder}:/usr/bin:/bin")
        write_program(self.folder, "mipsisa64r6el-linux-gnuabi64-gcc",
                      "echo x-gcc '(Debian 12.2.0-14)' 12.2.0")
        write_program(self.folder, "qemu-system-mips64el", "echo QEMU emulator version 7.2.22")
        write_program(self.folder, "aarch64-linux-gnu-gcc", "echo x-gcc 13.1.0")
        write_program(self.folder, "qemu-system-aarch64", "echo QEMU emulator version 9.9.9")
        for name, value in (("GENERATED", self.top / "build"), ("TOP", self.top),
                            ("PAGE", self.folder / "results.md")):
            self.enterContext(mock.patch.object(results, name, value))

    def test_a_line_a_check(self):
        results.write([Outcome("6.12", "boot malta", 1, [], 0, 61.4),
                       Outcome("6.12", "bench", 0, ["bench: why"], 0, 3),
                       Outcome("6.12", "document", 1, [], 0, 2),
                       Outcome("6.12", "platform generic", 1, [], 0, 4),
                       Outcome("7.3", "check", 1, [], 0, 9)])
        lines = (self.folder / "results.md").read_text().splitlines()
        self.assertEqual(["| 6.12.117 | boot malta | gcc 12.2.0 | 7.2.22 | pass | 61 |",
                          "| 6.12.117 | bench | gcc 13.1.0 | 9.9.9 | FAIL | 3 |",
                          "| 6.12.117 | document | gcc 12.2.0 |  | pass | 2 |",
                          "| 6.12.117 | platform generic | gcc 12.2.0 |  | pass | 4 |",
                          "| 7.3 | check |  |  | pass | 9 |"], lines[-5:])
        self.assertIn("CPUs, 1 minutes.", lines[3])

    def test_tools_that_are_gone(self):
        (self.folder / "qemu-system-mips64el").unlink()
        self.set_env(PATH=str(self.folder))
        self.assertEqual(("", ""), results._tools("boot malta"))
