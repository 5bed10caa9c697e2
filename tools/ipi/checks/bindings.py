# SPDX-License-Identifier: GPL-2.0-only
"""The device tree bindings of the series and their examples, by dt-schema.

The base's own make target wants a dt-schema newer than Debian's, so its four
programs are run here. Debian 13 has none, and its Python is too new for that of
Debian 12, which comes with the Python that it knows.
"""

import functools
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from ipi import archive
from ipi.common import LINUX, TOP, Failure, Refused, files_in, refuse, run, step

BINDINGS = Path("Documentation/devicetree/bindings")
# An example has neither a board around it nor a ranges property.
_DTC = ["dtc", "-q", "-@", "-O", "dtb"]


# Of these properties Debian's dt-schema does not know that they are lists of
# phandles. A newer one does.
_TYPES = """%YAML 1.2
---
$id: http://devicetree.org/schemas/types-of-others.yaml#
$schema: http://devicetree.org/meta-schemas/core.yaml#
title: Types which a newer dt-schema has
maintainers: [ "Nobody <nobody@example.org>" ]
select: true
properties:
  memory-region:
    $ref: /schemas/types.yaml#/definitions/phandle-array
additionalProperties: true
"""


def ours():
    return files_in(TOP / "linux" / BINDINGS, "**/*.yaml")


@functools.cache
def _schema_words():
    """(the words before the path of a program, the folder with the programs, environment)"""
    installed = shutil.which("dt-validate")
    if installed:
        return [], Path(installed).parent, {}
    folder = archive.get(["dt-schema"], ["bookworm"], alone=False)
    python = folder / "usr/lib/python3/dist-packages"
    return ([str(word) for word in archive.own_words(folder, "usr/bin/python3.11")],
            folder / "usr/bin", {"PYTHONHOME": str(folder / "usr"), "PYTHONPATH": str(python)})


def _schema(name, *words):
    """Runs a program of dt-schema."""
    before, folder, env = _schema_words()
    return subprocess.run([*before, str(folder / name), *(str(word) for word in words)],
                          capture_output=True, text=True, check=False, env={**os.environ, **env})


def _output(name, *words):
    done = _schema(name, *words)
    if done.returncode:
        raise Failure(f"{name} failed:\n{done.stderr}")
    return done.stdout


def _complaints(name, *words):
    """What a program prints is what it complains about: its status tells less."""
    done = _schema(name, *words)
    said = done.stdout + done.stderr
    return said.splitlines() or ([f"{name} failed"] if done.returncode else [])


def compile_schemas(folder):
    """All bindings in one file, which dt-validate reads."""
    schema, types = folder / "schema.json", folder / "types.yaml"
    types.write_text(_TYPES)
    schema.write_text(_output("dt-mk-schema", "-j", types, *ours()))
    return schema


def judge_tree(schema, source, folder):
    """The complaints about a device tree @source (text)."""
    blob = folder / "tree.dtb"
    plain = run(["cpp", "-nostdinc", "-undef", "-x", "assembler-with-cpp", "-P",
                 "-I", LINUX / "include"], input=source)
    run([*_DTC, "-o", blob], input=plain)
    return _complaints("dt-validate", "-s", schema, blob)


def judge_binding(schema, path, folder):
    """The complaints about a binding and its examples."""
    about = _complaints("dt-doc-validate", "-u", TOP / "linux" / BINDINGS, path)
    return about + judge_tree(schema, _output("dt-extract-example", path), folder)


def check():
    with step("bindings"), tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        try:
            schema = compile_schemas(folder)
            faults = [fault for path in ours()
                      for fault in judge_binding(schema, path, folder)]
        except Failure as failure:
            raise Refused(f"check: bindings: {failure}") from None
    refuse(faults)
