# SPDX-License-Identifier: GPL-2.0-only
"""The base kernel: where it comes from, and its way into git."""

import os
import re
import subprocess
import tarfile
from pathlib import Path

from ipi import archive, git
from ipi.common import BASE, TOP, Failure, check_space, warn

FOLDERS = TOP / "base"
NEEDED_BYTES = 3 << 30
_MESSAGE = "The base kernel, untouched\n"


def lines_of(path):
    """The lines of a list file, without comments."""
    if not path.exists():
        return []
    return [line for line in path.read_text().splitlines()
            if line and not line.startswith("#")]


def folder(name):
    return FOLDERS / name


def number(version):
    """For comparisons: [7, 3, 4] of 7.3.4."""
    return [int(part) for part in version.split(".")]


def names():
    """The bases that there is a queue for, oldest first."""
    return sorted((path.name for path in FOLDERS.iterdir() if path.is_dir()), key=number)


def queue_for(version):
    """The base whose queue is tried on @version: the newest that is not newer."""
    older = [name for name in names() if number(name) <= number(version)[:2]]
    if not older:
        raise Failure(f"Linux {version} is older than {names()[0]}, the first there is a "
                      "queue of patches for")
    return older[-1]


def _package():
    """The package with the base's source, and the suite that has it where a release has not."""
    return lines_of(folder(BASE) / "package")[0].split()


def packages():
    """What apt installs of the base: archive gets a package of another suite."""
    package, *suite = _package()
    return [] if suite or os.environ.get("LINUX") else [package]


def where_from(package):
    """What to do where apt knows no @package."""
    if package == _package()[0]:
        add = f"add the suite {archive.codename()}-security to apt's sources, or "
        return ("it is in Debian's security archive: " + (add if archive.is_debian() else "")
                + f"set LINUX=<git tree, folder or tarball> to Linux {BASE}.y")
    return "is the main archive of Debian 12 or later among apt's sources?"


def _packaged():
    """The package's tarball: where apt would install it, else got from its own suite."""
    package, *suite = _package()
    installed = Path("/usr/src") / f"{package}.tar.xz"
    if installed.exists():
        return installed
    hint = "set LINUX=<folder or tarball> to a kernel.org one"
    if not suite:
        raise Failure(f"no base kernel at {installed}: install the package {package}, or {hint}")
    try:
        return archive.get([package], suite, alone=True) / installed.relative_to("/")
    except archive.Absent as absent:
        raise archive.Absent(f"{package} cannot be had from {suite[0]}, where newer kernels "
                             f"replace it; {hint} of Linux {BASE}.y: {absent}") from None


def source():
    """The tarball, folder or git tree that LINUX= names, else the Debian package's."""
    named = os.environ.get("LINUX")
    if not named:
        return _packaged()
    path = Path(named).resolve()
    if not path.exists():
        raise Failure(f"no base kernel at {path}: LINUX= names nothing that is there; "
                      "an empty LINUX= takes Debian's package")
    return path


def _tree_of(path):
    """The tree of the commit that is checked out at @path, which may be a folder of it."""
    return git.Repo(path).resolve("HEAD:./") if path.is_dir() else None


def _is_git(path):
    """A linked work tree has a file there, and a folder of a work tree has nothing."""
    return (path / ".git").exists() or bool(_tree_of(path))


def _committed(path):
    tree = _tree_of(path)
    if not tree:
        raise Failure(f"{path} is a git tree without a commit; LINUX= takes what is committed")
    return tree


def commit_of(path):
    """The commit that the source at @path is, or nothing if it is no git tree."""
    return git.Repo(path).resolve("HEAD") if _is_git(path) else ""


def identity(path):
    """Changes when the source does; of a folder, only its top is looked at."""
    if _is_git(path):
        return f"{path} {_committed(path)}"
    probe = path / "Makefile" if path.is_dir() else path
    if not probe.exists():
        raise Failure(f"{path} is not a kernel: it has no Makefile")
    stat = probe.stat()
    return f"{path} {stat.st_size} {stat.st_mtime_ns}"


def version_of(makefile):
    """6.12.117 from the first lines of the kernel's top Makefile."""
    values = dict(re.findall(r"^(VERSION|PATCHLEVEL|SUBLEVEL) = (\d+)$",
                             makefile.decode(errors="replace"), re.M))
    if len(values) != 3:
        raise Failure("the base is not a kernel: no version in its Makefile")
    return "{VERSION}.{PATCHLEVEL}.{SUBLEVEL}".format(**values)


def chosen(wanted):
    """The base whose queue is for the source; an error if another one is @wanted."""
    path = source()
    return _queue_of(version_at(path), path, wanted)


def _queue_of(version, path, wanted):
    queue = queue_for(version)
    if wanted and wanted != queue:
        raise Failure(f"{path} is Linux {version}, which takes --base {queue} and not {wanted}")
    return queue


def version_at(path):
    """The version of the source at @path, without unpacking more than it takes."""
    if _is_git(path):
        return version_of(git.Repo(path).try_bytes("show", "HEAD:./Makefile").stdout)
    if path.is_dir():
        makefile = path / "Makefile"
        return version_of(makefile.read_bytes() if makefile.exists() else b"")
    entries = _entries_of_tarball(path)
    try:
        return version_of(next((data for _, name, data in entries if name == "Makefile"), b""))
    except tarfile.TarError as damage:
        raise Failure(f"{path} is no tarball that can be read: {damage}") from None
    finally:
        entries.close()


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
    version = None
    out.write(f"commit {ref}\ncommitter {git.AUTHOR} {git.DATE} +0000\n"
              f"data {len(_MESSAGE)}\n{_MESSAGE}".encode())
    for mode, path, data in entries:
        if path == "Makefile":
            version = version_of(data)
        out.write(f"M {mode} inline {path}\ndata {len(data)}\n".encode())
        out.write(data)
        out.write(b"\n")
    out.write(b"done\n")
    return version


def _import_commit(repo, path, ref):
    """What is committed at @path, which is only read; what else lies there does not count."""
    source, tree, version = git.Repo(path), _committed(path), version_at(path)
    if source.text("status", "--porcelain", "-uno", ".", env={"GIT_OPTIONAL_LOCKS": "0"}):
        warn(f"{path} has changes that are not committed; its last commit is the base")
    objects = path / source.text("rev-parse", "--git-path", "objects")
    repo.text("pack-objects", "--quiet", "--revs", ".git/objects/pack/pack", data=tree,
              env={"GIT_ALTERNATE_OBJECT_DIRECTORIES": str(objects)})
    commit = repo.text("commit-tree", tree, data=_MESSAGE, env=git.identity(git.AUTHOR, git.DATE))
    repo.text("update-ref", ref, commit)
    return version


def import_to(repo, path, ref):
    """Makes one commit of the source at @ref, and returns the version."""
    check_space(repo.path, NEEDED_BYTES, "the base kernel and one build")
    version = (_import_commit if _is_git(path) else _import_files)(repo, path, ref)
    _queue_of(version, path, BASE)
    return version


def _import_files(repo, path, ref):
    if (path / ".config").exists():
        raise Failure(f"{path} was built in, and what make left there would become part of the "
                      "base; name a git tree, a tarball or a clean copy")
    if path.is_dir():
        entries = _entries_of_folder(path)
    else:
        entries = _entries_of_tarball(path)
    importer = repo.popen("-c", "pack.compression=1", "fast-import", "--quiet",
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
    return version
