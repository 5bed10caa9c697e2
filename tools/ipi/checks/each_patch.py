# SPDX-License-Identifier: GPL-2.0-only
"""Every patch of the series: builds without a warning, and boots."""

import shutil

from ipi.checks import sparse
from ipi.common import LINUX, refuse, say, step
from ipi.git import Repo
from ipi.machines import boot, build, machine, report, verdict

BUILT = ("malta", "arm64-gicv3", "x86_64")
BOOTED = ("malta",)
# Before this file sends by the new layer, IPIs look as in the base.
SWITCH = "arch/mips/kernel/smp-gic.c"
NEW_SEND = "irq_desc_send_ipi"


def _boot(here, subject):
    build.build_initramfs(here)
    run = boot.run_built(here)
    switch = here.source / SWITCH
    switched = switch.exists() and NEW_SEND in switch.read_text()
    judge = verdict.judge_boot if switched else verdict.judge_start
    report.conclude(f"boot {here.name} at '{subject}'", judge(here, run), boot.boot_log(here))


def _check(repo, here, before, commit):
    """Builds @commit where its parent @before was built; sparse and W=1 have no more to say."""
    subject = repo.subject(commit)
    names = sparse.touched(repo, before, commit)
    known = sparse.said(here, sparse.built(here, names))
    repo.check_out(commit, here.source)
    build.build_kernel(here, "KCFLAGS=-Werror")
    found = sparse.said(here, sparse.built(here, names)) - known
    changed = repo.text("diff", "--name-only", before, commit).splitlines()
    refuse([f"'{subject}': {what}" for what in sorted(sparse.of_files(found, changed))])
    return subject


def each_patch():
    repo = Repo(LINUX)
    commits = [repo.resolve("base"), *repo.commits("base", "HEAD")]
    for name in BUILT:
        here = machine.load(name).on_tree("patch")
        # What a later patch built there would be taken for what this one builds
        shutil.rmtree(here.kernel_folder, ignore_errors=True)
        repo.check_out("base", here.source)
        build.build_kernel(here, "KCFLAGS=-Werror")
        for number, (before, commit) in enumerate(zip(commits, commits[1:]), 1):
            with step(f"patch {number} of {len(commits) - 1} on {name}"):
                subject = _check(repo, here, before, commit)
                if name in BOOTED:
                    _boot(here, subject)
    say(f"PASS: each of {len(commits) - 1} patches builds and boots")
