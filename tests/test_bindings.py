# SPDX-License-Identifier: GPL-2.0-only
"""The bindings take what they should and refuse each wrong form."""

import tempfile
from pathlib import Path

from support import Scratch

from ipi.checks import bindings
from ipi.common import Failure

TREE = """/dts-v1/;
/ {
	#address-cells = <1>;
	#size-cells = <1>;
	compatible = "vendor,board";
	model = "Board";
	ipi-parent = <&gic>;
	gic: controller { interrupt-controller; #interrupt-cells = <3>; };
	vp: processor { };
	device { %s };
};
"""
COPROCESSOR = """compatible = "mti,vp-coprocessor"; memory-region = <&vp>;
		interrupt-parent = <&gic>; interrupts = <0 64 1>;"""


class Bindings(Scratch):
    @classmethod
    def setUpClass(cls):
        folder = cls.enterClassContext(tempfile.TemporaryDirectory())
        cls.schema = bindings.compile_schemas(Path(folder))

    def complaints(self, properties):
        return "\n".join(bindings.judge_tree(self.schema, TREE % properties, self.folder))

    def test_good_forms(self):
        for properties in ("",
                           "ipi-targets = <&vp>;",
                           "ipi-targets = <&vp>, <&vp>; ipi-names = \"one\", \"two\";",
                           "ipi-parent = <&gic>; ipi-targets = <&vp>;",
                           COPROCESSOR + "ipi-targets = <&vp>; ipi-names = \"kick\";"):
            self.assertEqual("", self.complaints(properties), properties)

    def test_bad_forms(self):
        for properties, word in (
                ("ipi-parent = <&gic &gic>; ipi-targets = <&vp>;", "ipi-parent"),
                ("ipi-parent = \"controller\";", "ipi-parent"),
                ("ipi-names = \"one\";", "dependency"),
                ("ipi-targets = <&vp>; ipi-names = \"one\", \"one\";", "non-unique"),
                ("ipi-targets;", "ipi-targets"),
                (COPROCESSOR, "'ipi-targets' is a required property"),
                (COPROCESSOR + "ipi-targets = <&vp>; ipi-names = \"ring\";", "kick"),
                (COPROCESSOR + "ipi-targets = <&vp>, <&vp>; ipi-names = \"kick\";",
                 "too long")):
            self.assertIn(word, self.complaints(properties), properties)

    def test_a_binding_that_is_wrong(self):
        path = self.folder / "wrong.yaml"
        text = (bindings.ours()[0]).read_text()
        path.write_text(text.replace("select: true", "select: maybe"))
        self.assertTrue(bindings.judge_binding(self.schema, path, self.folder))

    def test_a_tree_that_does_not_parse(self):
        with self.assertRaisesRegex(Failure, "syntax error"):
            self.complaints("ipi-targets = <&vp>")
