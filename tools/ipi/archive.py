# SPDX-License-Identifier: GPL-2.0-only
"""Debian packages of a suite which the system does not take packages from.

They are unpacked below build/archive and never installed. apt runs with lists
and a status of its own, so the system's configuration is read and not changed.
"""

import platform
import re
import shutil
import subprocess

from ipi.common import GENERATED, Failure, step

FOLDER = GENERATED / "archive"
_KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"


class Absent(Failure):
    """What is asked for cannot be had from the archive."""


def is_debian():
    return platform.freedesktop_os_release()["ID"] == "debian"


def codename():
    return platform.freedesktop_os_release().get("VERSION_CODENAME", "")


def mirror():
    """Where the system takes its own suite from, without lists that could tell."""
    done = subprocess.run(["apt-get", "indextargets", "--format", "$(RELEASE) $(REPO_URI)",
                           "Created-By: Packages"], capture_output=True, text=True, check=False)
    found = re.search(rf"^{re.escape(codename())} (\S+)$", done.stdout, re.M)
    if not found:
        raise Absent("apt knows no mirror of Debian, its sources name none")
    return found[1]


class Apt:
    """apt with the @suites alone, and nothing installed."""

    def __init__(self, suites):
        self.folder = FOLDER / "-".join(suites)
        self._suites = suites

    def run(self, *words, cwd=None):
        options = {"Dir::Etc::SourceList": "/dev/null", "Dir::Etc::Parts": "/dev/null",
                   "Dir::Etc::Preferences": "/dev/null", "Dir::Etc::PreferencesParts": "/dev/null",
                   "Dir::Etc::SourceParts": self.folder / "sources",
                   "Dir::State::Lists": self.folder / "lists",
                   "Dir::State::Status": self.folder / "status",
                   "Dir::State::Extended_States": self.folder / "extended",
                   "APT::Default-Release": self._suites[-1],
                   "Dir::Cache": self.folder / "cache", "Debug::NoLocking": "1",
                   # The folder may be nobody's but the user's own.
                   "APT::Sandbox::User": "", "APT::Install-Recommends": "0"}
        settings = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
        done = subprocess.run(["apt-get", "-q", *settings, *words], capture_output=True, text=True,
                              check=False, cwd=cwd)
        if done.returncode:
            raise Absent(f"apt-get {words[0]} of {', '.join(self._suites)} failed: "
                         f"{done.stderr.strip() or done.stdout.strip()}")
        return done.stdout

    def update(self):
        for name in ("sources", "lists/partial", "cache/archives/partial"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        (self.folder / "status").touch()
        uri = mirror()
        (self.folder / "sources" / "suites.sources").write_text(
            f"Types: deb\nURIs: {uri}\nSuites: {' '.join(self._suites)}\nComponents: main\n"
            f"Signed-By: {_KEYRING}\n")
        self.run("update", "--error-on=any")


def _unpack(package, folder):
    done = subprocess.run(["dpkg-deb", "-x", str(package), str(folder)], capture_output=True,
                          text=True, check=False)
    if done.returncode:
        raise Absent(f"{package.name} cannot be unpacked: {done.stderr.strip()}")


def _fill(folder, packages, apt, words):
    """Into a folder that becomes @folder only when all of it is there."""
    fresh = folder.with_name(folder.name + ".new")
    shutil.rmtree(fresh, ignore_errors=True)
    (fresh / "packages").mkdir(parents=True)
    apt.update()
    apt.run(*words, *packages, cwd=fresh / "packages")
    found = [*fresh.glob("packages/*.deb"), *(apt.folder / "cache/archives").glob("*.deb")]
    for package in sorted(found):
        _unpack(package, fresh)
        package.unlink()
    fresh.rename(folder)


def get(packages, suites, alone):
    """The folder with the files of @packages; not @alone with all they depend on."""
    folder = FOLDER / packages[0]
    if not folder.exists():
        words = ["download"] if alone else ["install", "--download-only", "-y"]
        with step(f"get {', '.join(packages)} of {suites[-1]}"):
            _fill(folder, packages, Apt(suites), words)
    return folder


def own_words(folder, binary):
    """What runs @binary of @folder with the loader and the libraries that it was built for."""
    libraries = next(folder.glob("**/libc.so.6")).parent
    paths = f"{libraries}:{folder / 'usr/lib' / libraries.name}"
    return [next(libraries.glob("ld-linux*")), "--library-path", paths, folder / binary]
