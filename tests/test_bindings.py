# SPDX-License-Identifier: GPL-2.0-only
"""The bindings take what they should and refuse each wrong form."""

import tempfile
from pathlib import Path
from unittest import mock

from support import Scratch

from ipi.checks import bindings
from ipi.common import Failure, Refused

TREE = """/dts-v1/;
/ {
	#address-cells = <1>;
	#size-cells = <1>;
	compatible = "vendor,board";
	model = "Board";
	gic: controller { interrupt-controller; #interrupt-cells = <3>; #ipi-cells = <1>; };
	far: doorbells { interrupt-controller; #interrupt-cells = <1>; #ipi-cells = <2>; };
	vp: region { };
	device { %s };
};
"""
REMOTEPROC = """compatible = "mti,vp-rproc"; memory-region = <&vp>;
		msi-parent = <&gic>;"""


class Bindings(Scratch):
    @classmethod
    def setUpClass(cls):
        folder = cls.enterClassContext(tempfile.TemporaryDirectory())
        cls.schema = bindings.compile_schemas(Path(folder))

    def complaints(self, properties):
        return "\n".join(bindings.judge_tree(self.schema, TREE % properties, self.folder))

    def test_good_forms(self):
        for properties in ("",
                           "ipis = <&gic 3>;",
                           "ipis = <&gic 3>, <&far 1 0>; ipi-names = \"one\", \"two\";",
                           "interrupt-controller; #interrupt-cells = <1>; #ipi-cells = <2>;",
                           REMOTEPROC + "ipis = <&gic 3>; ipi-names = \"kick\";"):
            self.assertEqual("", self.complaints(properties), properties)

    def test_bad_forms(self):
        for properties, word in (
                ("ipis = \"controller\";", "ipis"),
                ("ipis;", "ipis"),
                ("ipi-names = \"one\";", "dependency"),
                ("ipis = <&gic 3>; ipi-names = \"one\", \"one\";", "non-unique"),
                ("interrupt-controller; #interrupt-cells = <1>; #ipi-cells = <3>;",
                 "#ipi-cells"),
                ("interrupt-controller; #interrupt-cells = <1>; #ipi-cells = <0>;",
                 "#ipi-cells"),
                ("#ipi-cells = <1>;", "dependency"),
                (REMOTEPROC, "'ipis' is a required property"),
                (REMOTEPROC.replace("memory-region = <&vp>;", "") +
                 "ipis = <&gic 3>; ipi-names = \"kick\";", "memory-region"),
                (REMOTEPROC + "ipis = <&gic 3>; ipi-names = \"ring\";", "kick"),
                (REMOTEPROC + "ipis = <&gic 3>, <&gic 3>; ipi-names = \"kick\";",
                 "too long"),
                (REMOTEPROC + "interrupts = <64>; ipis = <&gic 3>; ipi-names = \"kick\";",
                 "interrupts")):
            self.assertIn(word, self.complaints(properties), properties)

    def test_a_binding_that_is_wrong(self):
        path = self.folder / "wrong.yaml"
        text = (bindings.ours()[0]).read_text()
        path.write_text(text.replace("select: true", "select: maybe"))
        self.assertTrue(bindings.judge_binding(self.schema, path, self.folder))

    def test_one_complaint_is_enough(self):
        with mock.patch.object(bindings, "compile_schemas"), \
             mock.patch.object(bindings, "judge_binding", side_effect=lambda *_: said):
            said = []
            bindings.check()
            said = ["odd"]
            self.assertRaisesRegex(Refused, "check: .* complaints\n  odd", bindings.check)

    def test_a_tree_that_does_not_parse(self):
        with self.assertRaisesRegex(Failure, "syntax error"):
            self.complaints("ipis = <&gic 3>")
