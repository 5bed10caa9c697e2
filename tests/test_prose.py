# SPDX-License-Identifier: GPL-2.0-only
"""What can be checked of the texts that a person reads."""

import re
import unittest

from support import TOP

WIDTH = 100
TEXTS = [*TOP.glob("*.md"), TOP / "bench/README.md", *(TOP / "docs").glob("*.md")]
SOURCES = [*(TOP / "tools").rglob("*.py"), *(TOP / "tests").glob("*.py"),
           *(path for name in ("machines", "configs", "bench")
             for path in (TOP / name).rglob("*.toml"))]


class Prose(unittest.TestCase):
    def test_lines_are_not_wide(self):
        wide = [f"{path.name}:{number}" for path in [*TEXTS, *SOURCES]
                for number, line in enumerate(path.read_text().splitlines(), 1)
                if len(line) > WIDTH]
        self.assertEqual([], wide)

    def test_links_lead_somewhere(self):
        for path in TEXTS:
            for target in re.findall(r"\]\(([^)#]+)\)", path.read_text()):
                if not target.startswith("https://"):
                    self.assertTrue((path.parent / target).exists(), f"{path.name}: {target}")

    def test_each_requirement_is_defined_once(self):
        text = (TOP / "docs/requirements.md").read_text()
        self.assertEqual([f"R{number}" for number in range(1, 31)],
                         re.findall(r"^\*\*(R\d+)\.", text, re.M))

    def test_the_commands_in_the_texts_are_there(self):
        known = {path.stem for path in (TOP / "tools/ipi/commands").glob("*.py")} | {"help"}
        for path in TEXTS:
            named = re.findall(r"\./ipi (?:--base [\d.]+ )?([a-z]+)", path.read_text())
            self.assertLessEqual({*named}, known, path.name)
