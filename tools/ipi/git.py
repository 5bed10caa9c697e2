# SPDX-License-Identifier: GPL-2.0-only
"""Git on one work tree, deaf to the user's configuration and hooks."""

import os
import subprocess

from ipi.common import Failure

# Of the commits that the tool makes. The date is the design mail's: it is fixed, so
# that commit ids do not vary.
AUTHOR = "ipi series <ipi@localhost>"
DATE = 1443559748
_ALONE = {
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_SYSTEM": "/dev/null",
    "LC_ALL": "C",
}


def command(path, *args):
    """Git on the work tree @path, which root may have from somebody else."""
    return ["git", "-c", "safe.directory=*", "-C", str(path), *args]


def identity(author, date=None, committer=None):
    """The environment that makes commits by @author, "name <address>", @committer's if named."""
    env = {}
    for role, who in (("AUTHOR", author), ("COMMITTER", committer or author)):
        name, _, email = who.rpartition(" <")
        env.update({f"GIT_{role}_NAME": name, f"GIT_{role}_EMAIL": email.rstrip(">")})
        if date is not None:
            env[f"GIT_{role}_DATE"] = f"{date} +0000"
    return env


class Repo:
    def __init__(self, path, index=None):
        """@index: use this index file and leave the work tree alone."""
        self.path = path
        self._env = {**os.environ, **_ALONE}
        for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
            self._env.pop(name, None)
        if index:
            self._env["GIT_INDEX_FILE"] = str(index)

    def try_bytes(self, *args, data=None, env=None):
        """The finished process, whatever its status; text is left as bytes."""
        return subprocess.run(command(self.path, *args), input=data, capture_output=True,
                              env={**self._env, **(env or {})}, check=False)

    def raw(self, *args, data=None, env=None):
        done = self.try_bytes(*args, data=data, env=env)
        if done.returncode:
            raise Failure(f"git {' '.join(args)} failed in {self.path.name}:\n"
                          f"{done.stderr.decode(errors='replace').strip()}")
        return done.stdout

    def text(self, *args, data=None, env=None):
        if data is not None:
            data = data.encode("utf-8", "surrogateescape")
        out = self.raw(*args, data=data, env=env)
        return out.decode("utf-8", "surrogateescape").strip()

    def popen(self, *args, **options):
        return subprocess.Popen(command(self.path, *args), env=self._env, **options)

    def resolve(self, ref):
        """The object id, or None."""
        done = self.try_bytes("rev-parse", "--verify", "--quiet", ref)
        return done.stdout.decode().strip() or None

    def tree(self, ref):
        return self.resolve(f"{ref}^{{tree}}")

    def check_out(self, ref, folder):
        """The files of @ref in @folder; those that are the same stay untouched."""
        folder.mkdir(parents=True, exist_ok=True)
        self.raw(f"--work-tree={folder}", "read-tree", "--reset", "-u", f"{ref}^{{tree}}",
                 env={"GIT_INDEX_FILE": f"{folder}.index"})

    def subject(self, commit):
        return self.text("log", "-1", "--format=%s", commit)

    def author(self, commit):
        return self.text("log", "-1", "--format=%an <%ae>", commit)

    def commits(self, base, head):
        """From @base (not included) to @head, oldest first."""
        if self.text("rev-list", "--merges", f"{base}..{head}"):
            raise Failure("the series has a merge commit; it must be linear")
        return self.text("rev-list", "--reverse", f"{base}..{head}").split()

    def blobs(self, tree, paths):
        """{path: blob id} of those of @paths that are in @tree."""
        found = {}
        paths = sorted(paths)
        for start in range(0, len(paths), 500):
            out = self.raw("ls-tree", "-z", tree, "--", *paths[start:start + 500])
            for entry in out.decode("utf-8", "surrogateescape").split("\0")[:-1]:
                info, path = entry.split("\t", 1)
                found[path] = info.split()[2]
        return found
