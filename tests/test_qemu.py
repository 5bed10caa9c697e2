# SPDX-License-Identifier: GPL-2.0-only
"""The QEMU that runs a machine, and packages of another suite, with programs that pretend."""

import dataclasses
import os
import socket
import subprocess
import threading
from unittest import mock

from support import Scratch, write_program

from ipi import archive
from ipi.common import Failure
from ipi.machines import machine, qemu

QEMU = "qemu-system-aarch64"
SAYS = "echo 'QEMU emulator version {}.2.1 (Debian)'"


class Program(Scratch):
    def setUp(self):
        super().setUp()
        self.set_env(PATH=f"{self.folder}:/usr/bin:/bin")
        self.machine = dataclasses.replace(machine.load("arm64-gicv5"), qemu_version=77)
        self.enterContext(mock.patch.object(archive, "get", self.get))

    def install(self, version):
        write_program(self.folder, QEMU, SAYS.format(version))

    def unpack(self, version):
        """As the packages of a release of arm64 would be."""
        for name in ("usr/bin", "usr/lib/aarch64-linux-gnu", "bin"):
            (self.folder / "got" / name).mkdir(parents=True)
        libraries = self.folder / "got/usr/lib/aarch64-linux-gnu"
        (libraries / "libc.so.6").write_text("")
        write_program(libraries, "ld-linux-aarch64.so.1",
                      'test "$1" = --library-path && echo "$2" >${0%/got/*}/path && shift 2 '
                      '&& exec "$@"')
        write_program(self.folder / "got/usr/bin", QEMU, SAYS.format(version))

    def get(self, packages, suites, alone):
        self.assertEqual((["qemu-system-arm"], False), (packages, alone))
        if not (self.folder / "got").exists():
            raise archive.Absent("no mirror")
        return self.folder / "got"

    def test_the_installed_one_will_do(self):
        self.install(77)
        self.assertEqual(QEMU, qemu.program(self.machine))

    def test_the_version_that_a_machine_needs(self):
        for installed in (None, 76):
            if installed:
                self.install(installed)
            with self.assertRaisesRegex(archive.Absent, "arm64-gicv5 needs QEMU 77 or later, and "
                                        "it cannot be had: no mirror"):
                qemu.program(self.machine)

    def test_who_asks_for_kvm_gets_an_emulator(self):
        write_program(self.folder, QEMU, 'printf "%s\\n" "$@"')
        env = qemu.emulated(QEMU, self.folder / "own")
        said = subprocess.run(
            [QEMU, "-accel", "kvm", "-accel", "hvf", "-accel", "tcg", "-append", "a kvm  b"],
            env={**os.environ, **env}, capture_output=True, text=True, check=True).stdout
        self.assertEqual(["-accel", "tcg"] * 3 + ["-append", "a kvm  b"], said.splitlines())

    def test_one_of_the_archive_runs_with_its_own_libraries(self):
        self.install(76)
        self.unpack(78)
        program = qemu.program(self.machine)
        self.assertEqual(78, qemu.version(program))
        self.assertEqual({f"{self.folder}/got/usr/lib/aarch64-linux-gnu"},
                         {*(self.folder / "path").read_text().strip().split(":")})

    def test_the_archive_has_an_old_one_only(self):
        self.install(70)
        self.unpack(76)
        with self.assertRaisesRegex(archive.Absent, "backports has 76 only"):
            qemu.program(self.machine)

    def test_any_version_will_do_but_one_has_to_be_there(self):
        any_version = dataclasses.replace(self.machine, qemu_version=0, qemu="qemu-system-none")
        with self.assertRaisesRegex(Failure, "there is no qemu-system-none; arm64-gicv5 needs"):
            qemu.program(any_version)


APT = """echo "$*" >> {folder}/log
case "$*" in
*indextargets*) {targets} ;;
*update*) {update} ;;
*download*|*install*) echo x > one.deb ;;
esac
"""


class Archive(Scratch):
    def setUp(self):
        super().setUp()
        self.set_env(PATH=f"{self.folder}:/usr/bin:/bin")
        self.enterContext(mock.patch.object(archive, "FOLDER", self.folder / "archive"))
        self.enterContext(mock.patch.object(archive, "codename", lambda: "bookworm"))
        self.apt()
        write_program(self.folder, "dpkg-deb", 'mkdir -p "$3/usr" && cp "$2" "$3/usr/file"')

    def apt(self, targets="echo trixie http://other; echo bookworm http://mine", update="true"):
        write_program(self.folder, "apt-get",
                      APT.format(folder=self.folder, targets=targets, update=update))

    def get(self, alone=True):
        return archive.get(["a"], ["trixie", "trixie-backports"], alone)

    def log(self):
        return (self.folder / "log").read_text().splitlines()

    def test_it_is_unpacked_and_not_installed(self):
        folder = self.get()
        self.assertEqual("x\n", (folder / "usr/file").read_text())
        self.assertFalse(list(folder.rglob("*.deb")))
        self.assertTrue(self.log()[-1].endswith(" download a"))
        for line in self.log()[1:]:
            self.assertIn(f"Dir::State::Status={self.folder}/archive/", line)

    def test_what_it_depends_on_comes_with_it(self):
        self.get(alone=False)
        self.assertTrue(self.log()[-1].endswith(" install --download-only -y a"))

    def test_the_mirror_is_that_of_the_system(self):
        self.get()
        sources = next((self.folder / "archive").rglob("suites.sources")).read_text()
        self.assertIn("URIs: http://mine\nSuites: trixie trixie-backports\n", sources)

    def test_it_is_got_once(self):
        self.get()
        (self.folder / "log").unlink()
        self.get()
        self.assertFalse((self.folder / "log").exists())

    def test_what_cannot_be_had_leaves_nothing_behind(self):
        for options, reason in (({"targets": "true"}, "apt knows no mirror of Debian"),
                                ({"update": "echo gone >&2; exit 100"},
                                 "apt-get update of trixie, trixie-backports failed: gone")):
            self.apt(**options)
            with self.assertRaisesRegex(archive.Absent, reason):
                self.get()
            self.assertFalse((self.folder / "archive/a").exists())

    def test_a_damaged_package(self):
        write_program(self.folder, "dpkg-deb", "echo bad archive >&2; exit 2")
        with self.assertRaisesRegex(archive.Absent, "one.deb cannot be unpacked: bad archive"):
            self.get()
        self.assertFalse((self.folder / "archive/a").exists())


class Monitor(Scratch):
    """A socket, at whose other end there is a QEMU, or nobody any more."""

    def answer(self, *answers):
        """@answers one by one, each followed by the prompt, then the end."""
        def serve():
            line, _ = server.accept()
            with line:
                for answer in answers:
                    line.sendall(answer + qemu._PROMPT)
                    line.recv(100)

        path = self.folder / "monitor"
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(str(path))
            server.listen()
            thread = threading.Thread(target=serve)
            thread.start()
            said = qemu.ask(path)
            thread.join()
        return said

    def test_what_it_says(self):
        self.assertEqual(b"CPU#0\nirr=0\n", self.answer(
            b"QEMU 7\n", b"i\x1b[Kinfo registers -a\r\nCPU#0\n", b"info pic\r\nirr=0\n"))

    def test_what_it_said_before_it_broke_down(self):
        self.assertEqual(b"CPU#0\n", self.answer(b"QEMU 7\n", b"info\r\nCPU#0\n"))

    def test_nobody_answers(self):
        self.assertEqual(b"", qemu.ask(self.folder / "nothing"))

    def test_where_its_cpus_are(self):
        """As QEMU writes it for MIPS, arm64, x86, arm and RISC-V."""
        table = self.folder / "System.map"
        table.write_text("ffffffff80000300 T late\nffffffff80000100 T early\n")
        for line in ("pc=0x{} HI=0x00 LO=0x00\nGPR: r0 00", " PC={} X00=00 X01=00",
                     "RIP={} RFL=00000246 [---Z-P-]", "R12=00 R13=00 R14=00 R15={}",
                     " V      =   0\n pc       {}\n mhartid  00\n mepc     00"):
            said = "".join(f"CPU#{cpu}\n{line.format(counter)}\n" for cpu, counter in
                           enumerate(("ffffffff80000110", "ffffffff80000300", "10")))
            self.assertEqual(["CPU 0 is at early+0x10", "CPU 1 is at late+0x0", "CPU 2 is at 10"],
                             qemu.places(said.encode(), table))
        self.assertEqual(["CPU 2 is at 10"],
                         qemu.places(b"CPU#2\nEIP=10\n", self.folder / "nothing"))
        self.assertEqual([], qemu.places(b"", table))
