# SPDX-License-Identifier: GPL-2.0-only
"""The base kernel: where it comes from, and its way into git."""

import os
import re
import shutil
import subprocess
import tarfile
from pathlib import Path

from common import TOP, Failure

SERIES_VERSION = "6.12"
NEEDED_BYTES = 4 << 30
DATE = 1443559748  # The design mail's; fixed, so that commit ids do not vary.
AUTHOR = "ipi series <ipi@localhost>"


def lines_of(path):
    """The lines of a list file, without comments."""
    if not path.exists():
        return []
    return [line for line in path.read_text().splitlines()
            if line and not line.startswith("#")]


def source():
    """The tarball or folder that LINUX= names, else the Debian package's."""
    named = os.environ.get("LINUX")
    if named:
        path = Path(named).resolve()
        hint = "LINUX= names nothing that is there"
    else:
        package = lines_of(TOP / "base" / "package")[0]
        path = Path("/usr/src") / f"{package}.tar.xz"
        hint = f"install the package {package}, or set LINUX=<folder or tarball>"
    if not path.exists():
        raise Failure(f"no base kernel at {path}: {hint}")
    return path


def identity(path):
    """Changes when the source does; of a folder, only its top is looked at."""
    probe = path / "Makefile" if path.is_dir() else path
    if not probe.exists():
        raise Failure(f"{path} is not a kernel: it has no Makefile")
    stat = probe.stat()
    return f"{path} {stat.st_size} {stat.st_mtime_ns}"


def check_space(folder):
    free = shutil.disk_usage(folder).free
    if free < NEEDED_BYTES:
        raise Failure(f"no disk space: the base kernel and one build need "
                      f"{NEEDED_BYTES >> 30} GB, {free / (1 << 30):.1f} GB are "
                      f"free at {folder}")


def version_of(makefile):
    """6.12.117 from the first lines of the kernel's top Makefile."""
    values = dict(re.findall(r"^(VERSION|PATCHLEVEL|SUBLEVEL) = (\d+)$",
                             makefile.decode(errors="replace"), re.M))
    if len(values) != 3:
        raise Failure("the base is not a kernel: no version in its Makefile")
    return "{VERSION}.{PATCHLEVEL}.{SUBLEVEL}".format(**values)


def check_version(version, path):
    if not version.startswith(SERIES_VERSION + "."):
        raise Failure(f"{path} is Linux {version}; the series needs "
                      f"{SERIES_VERSION}.y")


def _entries_of_tarball(path):
    """Yields (mode, path, bytes); the tarball's one top folder is cut off."""
    if path.suffix == ".xz":
        command = ["xz", "-dc", "-T0", str(path)]
    else:
        command = ["cat", str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL) as unpacker:
        mode = "r|" if path.suffix == ".xz" else "r|*"
        with tarfile.open(fileobj=unpacker.stdout, mode=mode) as tar:
            for member in tar:
                name = member.name.removeprefix("./").partition("/")[2]
                if member.issym():
                    yield "120000", name, os.fsencode(member.linkname)
                elif member.isfile():
                    bits = "100755" if member.mode & 0o100 else "100644"
                    yield bits, name, tar.extractfile(member).read()
                elif not member.isdir():
                    raise tarfile.TarError(f"{name} is neither a file nor a symbolic link")
        if unpacker.wait():
            raise tarfile.TarError("the tarball is damaged")


def _entries_of_folder(top):
    for folder, folders, files in os.walk(top):
        folders[:] = sorted(name for name in folders if name != ".git")
        links = [name for name in folders if os.path.islink(Path(folder, name))]
        for name in sorted(files) + links:
            path = Path(folder, name)
            inner = str(path.relative_to(top))
            if path.is_symlink():
                yield "120000", inner, os.fsencode(os.readlink(path))
            else:
                bits = "100755" if path.stat().st_mode & 0o100 else "100644"
                yield bits, inner, path.read_bytes()


def _write_commit(out, ref, entries):
    """Feeds git fast-import; returns the kernel's version."""
    message = b"The base kernel, untouched\n"
    version = None
    out.write(f"commit {ref}\ncommitter {AUTHOR} {DATE} +0000\n"
              f"data {len(message)}\n".encode() + message)
    for mode, path, data in entries:
        if path == "Makefile":
            version = version_of(data)
        out.write(f"M {mode} inline {path}\ndata {len(data)}\n".encode())
        out.write(data)
        out.write(b"\n")
    out.write(b"done\n")
    return version


def import_to(repo, path, ref):
    """Makes one commit of the source at @ref, and returns the version."""
    check_space(repo.path)
    if (path / ".config").exists():
        raise Failure(f"{path} was built in; make mrproper there leaves the source alone")
    if path.is_dir():
        entries = _entries_of_folder(path)
    else:
        entries = _entries_of_tarball(path)
    importer = repo.popen("-c", "pack.compression=0", "fast-import", "--quiet",
                          "--done", "--force", "--depth=0",
                          stdin=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        version = _write_commit(importer.stdin, ref, entries)
        error = importer.communicate()[1].decode().strip()
    except tarfile.TarError as damage:
        raise Failure(f"{path} is no tarball that can be read: {damage}") from None
    except BrokenPipeError:
        error = importer.stderr.read().decode().strip()
    finally:
        importer.kill()
        importer.wait()
    if importer.returncode:
        raise Failure(f"git fast-import stopped: {error}")
    if not version:
        raise Failure(f"{path} is not a kernel: it has no Makefile")
    check_version(version, path)
    return version
