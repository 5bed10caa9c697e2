# SPDX-License-Identifier: GPL-2.0-only
"""What can be checked of the texts that a person reads."""

import re
import unittest

from support import TOP

WIDTH = 100
TEXTS = [*TOP.glob("*.md"), TOP / "bench/README.md", *(TOP / "docs").glob("*.md"),
         *(TOP / "patches").rglob("*cover.txt"), *(TOP / "patches/cover").glob("*.txt"),
         TOP / "linux/Documentation/IRQ-ipi.txt"]
# As those who do not speak English say it
STILTED = r"\b(?:can not|nobody's business|there can be no \w+ which|by which number is)\b"
SOURCES = [*(TOP / "tools").rglob("*.py"), *(TOP / "tests").glob("*.py"),
           *(path for name in ("machines", "tools", "bench")
             for path in (TOP / name).rglob("*.toml"))]


class Prose(unittest.TestCase):
    def test_lines_are_not_wide(self):
        wide = [f"{path.name}:{number}" for path in [*TEXTS, *SOURCES]
                for number, line in enumerate(path.read_text().splitlines(), 1)
                if len(line) > WIDTH]
        self.assertEqual([], wide)

    def test_english_is_plain(self):
        changelogs = [path for path in (TOP / "patches").rglob("*.patch")]
        for path in [*TEXTS, *changelogs]:
            text = path.read_text(errors="replace").partition("\n---\n")[0]
            self.assertIsNone(re.search(STILTED, text, re.I), path.name)

    def test_what_a_newcomer_looks_for_comes_first(self):
        heads = re.findall("^## (.*)", (TOP / "README.md").read_text(), re.M)
        self.assertEqual(["Two commands", "Take it into your tree", "Write a driver",
                          "Other hosts"], heads[:4])

    def test_links_lead_somewhere(self):
        for path in TEXTS:
            for target in re.findall(r"\]\(([^)#]+)\)", path.read_text()):
                if not target.startswith("https://"):
                    self.assertTrue((path.parent / target).exists(), f"{path.name}: {target}")

    def test_each_requirement_is_defined_once(self):
        text = (TOP / "docs/requirements.md").read_text()
        self.assertEqual([f"R{number}" for number in range(1, 31)],
                         re.findall(r"^\*\*(R\d+)\.", text, re.M))

    def test_no_other_requirement_is_named(self):
        mutants = (TOP / "tests/mutants").rglob("*.patch")
        for path in [*TEXTS, *SOURCES, *mutants]:
            named = {int(number) for number in re.findall(r"\bR(\d+)\b", path.read_text())}
            self.assertLessEqual(named, {*range(1, 31)}, path.name)

    def test_the_commands_in_the_texts_are_there(self):
        known = {path.stem for path in (TOP / "tools/ipi/commands").glob("*.py")} | {"help"}
        for path in TEXTS:
            named = re.findall(r"\./ipi (?:--base [\d.]+ )?([a-z]+)", path.read_text())
            self.assertLessEqual({*named}, known, path.name)
