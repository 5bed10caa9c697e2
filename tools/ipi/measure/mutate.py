# SPDX-License-Identifier: GPL-2.0-only
"""Mutation by machine: breaks every statement of the series, and says what no test notices.

Each change of mutators.py is compiled by itself, with the command line of the object's
.cmd file. It counts if that neither fails nor warns, and if the code is other than before and
than that of the changes which were compiled already. Then the one object is linked into the
kernel again, by the last commands of scripts/link-vmlinux.sh and with the kallsyms of the
unharmed kernel, which is a tenth of the work. The suites run until one of them notices. What a
machine does not notice, or does not build, is for the next one.

A kernel with many mutants and a switch on its command line would save the link. That is the
least of it, half a second on an idle core, and each has to be compiled alone in any case.
"""

import concurrent.futures
import dataclasses
import functools
import hashlib
import json
import os
import queue
import random
import re
import select
import shlex
import shutil
import subprocess
import threading
import time
import tomllib
from collections import Counter, defaultdict
from pathlib import Path

from ipi.common import (BASE, BUILD, DEFAULT_BASE, LINUX, TOP, Failure, say, step,
                        write_whole)
from ipi.git import Repo
from ipi.machines import boot, build, kernel_log, machine, patience, report
from ipi.measure import mutators

SURVIVORS = TOP / "tests" / "survivors.toml"
SCRATCH = BUILD / "mutate"
SCORE = SCRATCH / "score.md"
# The part which the suites can test anywhere
CORE = ["kernel/irq/ipi.c", "kernel/irq/ipi-domain.c", "kernel/irq/ipi-fwnode.c",
        "kernel/irq/irqdesc.c", "kernel/irq/irqdomain.c",
        "include/linux/ipi.h", "include/linux/irqdomain.h"]
X86 = ["kernel/irq/matrix.c", "arch/x86/include/asm/hw_irq.h", "arch/x86/kernel/irq.c",
       "arch/x86/kernel/apic/ipi.c", "arch/x86/kernel/apic/ipi_domain.c",
       "arch/x86/kernel/apic/local.h", "arch/x86/kernel/apic/msi.c",
       "arch/x86/kernel/apic/vector.c", "arch/x86/kernel/cpu/topology.c"]
_TESTS = "lib/kunit-ipi/"


def anywhere(base):
    """User mode Linux has several CPUs since 6.19."""
    return ["um", "x86_64"] if base == DEFAULT_BASE else ["um", "um-smp", "x86_64"]


# Where a file is tested: one machine after the other, until one of them notices
MACHINES = {
    **dict.fromkeys(CORE, anywhere(BASE)),
    # Descriptors that stay
    "kernel/irq/irqdesc.c": [*anywhere(BASE), "malta"],
    # Masks of several words
    "include/linux/ipi.h": [*anywhere(BASE), "arm64-72"],
    "kernel/irq/ipi-mux.c": ["riscv"],
    **dict.fromkeys(X86, ["x86_64"]),
    # x2APIC mode is another interface, and without clusters a CPU that is not there has an id
    "arch/x86/kernel/apic/ipi_domain.c": ["x86_64", "x86_64-x2apic-phys"],
    "drivers/irqchip/irq-mips-gic.c": ["malta-amp", "malta"],
    "drivers/irqchip/irq-mips-cpu.c": ["malta-mt-1", "malta-mt"],
    "arch/mips/kernel/smp-gic.c": ["malta"],
    "drivers/irqchip/irq-gic-v3.c": ["arm64-nmi"],
    "drivers/irqchip/irq-gic-v5.c": ["arm64-gicv5"],
}
# The objects that a header's inline functions are tested in
USERS = {
    "include/linux/ipi.h": ["kernel/irq/ipi.o", "kernel/irq/ipi-domain.o", f"{_TESTS}fake.o",
                            f"{_TESTS}mapping_kunit.o"],
    "include/linux/irqdomain.h": ["kernel/irq/ipi-domain.o"],
    "arch/x86/include/asm/hw_irq.h": ["arch/x86/kernel/irq.o", "arch/x86/kernel/apic/msi.o",
                                      "arch/x86/kernel/apic/vector.o"],
    "arch/x86/kernel/apic/local.h": ["arch/x86/kernel/apic/ipi.o",
                                     "arch/x86/kernel/apic/ipi_domain.o"],
}
# User mode Linux is no machine to boot: there is no QEMU
UM = machine.Machine(name="um", arch="um", cross="", configs=["um", "kunit"], image="vmlinux",
                      qemu="", append="", cpus=1, rows=[], hotplug=False, timeout=60,
                      packages=["gcc", "libc6-dev"], kernel="um")
_MACHINES = {"um": UM,
             "um-smp": dataclasses.replace(UM, name="um-smp", configs=[*UM.configs, "um-smp"],
                                           append="seccomp=on ncpus=4 slab_debug=FZP",
                                           kernel="um-smp", cpus=4)}
# The signals take all interrupt numbers of UML, and the option gives it more: for the one
# object that counts them, since PCI's would take as long to build as half of the rest
_UM_WORDS = [f"CFLAGS_{name}.o=-DCONFIG_PCI_MSI" for name in ("irqdesc", "reserve_kunit")]
# MIPS unwinds by kallsyms, and lockdep runs out of room for what stale ones make of a stack. So
# they are made anew, but of the objects and archives which are there.
_LINK_ONLY = "MAKE=make -o . -o vmlinux_a -o vmlinux_o -o modpost"
_WORDS = "kunit.enable=1 kunit.filter_glob={glob} kunit_shutdown={end} oops=panic"
# Where CPUs are threads of one process, or share one, the cases that take longer than all
# others are the ones which send without a pause.
_QUICK = " kunit.filter=speed>{}"
_SLOWEST = {"um-smp": "slow", "malta": "slow"}
# The parts of x86 and the controllers need the suites of their own, with all of the hotplug, and
# those of arm64 and RISC-V, which have none, what uses SMP's IPIs most. A pattern has to do for
# two suites.
_SUITES = {**dict.fromkeys(X86, " kunit.filter_glob=*-[mx][a8][t6]*" + _QUICK.format("very_slow")),
           **dict.fromkeys(("drivers/irqchip/irq-mips-gic.c", "drivers/irqchip/irq-mips-cpu.c",
                            "arch/mips/kernel/smp-gic.c"), " kunit.filter_glob=ipi-mips-*"),
           **dict.fromkeys(("drivers/irqchip/irq-gic-v3.c", "drivers/irqchip/irq-gic-v5.c",
                            "kernel/irq/ipi-mux.c"),
                           " kunit.filter_glob=ipi-message message_kunit.messages=2000")}
# A mutant that hangs is given this many times the seconds of a run without one, and of the
# longest silence in it, and some
_PATIENCE, _MORE = 3, 5
# And on user mode Linux once more, this many times as long: how long its children wait for the
# host is not known
_AGAIN = 2
# For ./ipi test, without the builds
SAMPLE_SECONDS = 180
_NOTED = 20


@dataclasses.dataclass(frozen=True)
class Job:
    """One mutant of a file, @name of which is what the list of survivors knows it by."""
    path: str
    mutant: mutators.Mutant

    @property
    def name(self):
        return self.path, self.mutant.function, self.mutant.line, self.mutant.change


@functools.cache
def _source(path):
    return (LINUX / path).read_text()


def _added_lines(path):
    """The numbers of the lines which the series adds; None, all, of a file that it has whole."""
    if (TOP / "linux" / path).exists():
        return None
    hunks = Repo(LINUX).text("diff", "-U0", "base", "--", path)
    lines = set()
    for start, size in re.findall(r"^@@ -\S+ \+(\d+)(?:,(\d+))? @@", hunks, re.M):
        lines.update(range(int(start), int(start) + int(size or 1)))
    return lines


@functools.cache
def jobs_of(path):
    return [Job(path, mutant) for mutant in mutators.mutants(_source(path), _added_lines(path))]


def _listed(path):
    """{name of a job: its group in the list}."""
    listed = {}
    for group in tomllib.loads(path.read_text())["survivors"] if path.exists() else []:
        for entry in group["are"]:
            if tuple(entry) in listed:
                raise Failure(f"{path.name} has this twice: {entry}")
            listed[tuple(entry)] = group
    return listed


def known_survivors(path=SURVIVORS):
    """{name of a job: why no test can notice it}."""
    return {name: group["why"] for name, group in _listed(path).items()
            if "machine" not in group}


def check():
    """Every survivor in the list is one of the mutants, which is quick to tell."""
    listed = _listed(SURVIVORS)
    names = {job.name for path in {name[0] for name in listed} for job in jobs_of(path)}
    faults = [f"{SURVIVORS.name} has a mutant which there is not: {' | '.join(name)}"
              for name in listed if name not in names]
    faults += [f"{SURVIVORS.name}: {group['machine']} does not test {name[0]}"
               for name, group in listed.items()
               if "machine" in group and group["machine"] not in MACHINES[name[0]]]
    report.conclude("survivors", faults, SURVIVORS)


# Judging one run

def _plain(line):
    """Without the time and what else is not the same each time."""
    return re.sub(r"^\[ *[\d.]+\] ?", "", line).strip()


def _cases(lines):
    """How often each result stands there; a case of a suite may be named like another's."""
    return Counter(line for line in lines if re.match(r"(not )?ok \d+ ", line))


class Console:
    """What is said without a mutant, and what of another run's lines gives it away."""

    def __init__(self, text=""):
        lines = [_plain(line) for line in text.splitlines()]
        self._cases = _cases(lines)
        self._known = {_plain(line) for line in kernel_log.trouble(text)}

    def faults(self):
        return [line for line in self._cases if line.startswith("not ok")] + sorted(self._known)

    def notices(self, line):
        """What this line gives away, or nothing."""
        line = _plain(line)
        if line.startswith("not ok") and line not in self._cases:
            return f"case {line.removeprefix('not ok')}"
        if kernel_log.trouble(line) and line not in self._known:
            return f"report {line}"
        return ""

    def misses(self, text):
        """The first result that is not in @text as often as it should be."""
        missing = self._cases - _cases([_plain(line) for line in text.splitlines()])
        return next(iter(missing), "")


@dataclasses.dataclass
class Seen:
    """
    What gave a mutant away or nothing, what the console said, and of the machine's seconds
    all and the longest without a word.
    """
    noticed: str
    said: str
    seconds: float
    silence: float


class _Reader:
    """The console of a run, as far as it has come."""

    def __init__(self, pid):
        self.said, self.ended = b"", False
        self._clock = patience.Clock(lambda: patience.host_waits(pid), time.monotonic)
        self._heard = self._longest = 0

    def read(self, pipe):
        """The lines that are whole now, after a second at most."""
        ready, _, _ = select.select([pipe], [], [], 1)
        data = os.read(pipe.fileno(), 65536) if ready else b""
        self.ended = bool(ready) and not data
        self._clock.tick()
        self._longest = max(self._longest, self._clock.seconds - self._heard)
        if data:
            self._heard = self._clock.seconds
        whole = self.said.rfind(b"\n") + 1
        self.said += data
        return self.said[whole:self.said.rfind(b"\n") + 1].decode(errors="replace").splitlines()

    def hang(self, limits):
        """What it is given up for, or nothing."""
        if self._clock.seconds - self._heard > limits.silence:
            return f"hang: {limits.silence:.0f} s without a word"
        return f"hang: {limits.total:.0f} s" if self._clock.seconds > limits.total else ""

    def seen(self, noticed):
        return Seen(noticed, self.said.decode(errors="replace"), self._clock.seconds,
                    self._longest)


def _watch(reader, pipe, console, limits):
    """What gives a mutant away before the end, or nothing."""
    while not reader.ended:
        for line in reader.read(pipe):
            noticed = console.notices(line)
            if noticed:
                return noticed
        hang = reader.hang(limits)
        if hang:
            return hang
    missing = console.misses(reader.said.decode(errors="replace"))
    return f"crash before {missing}" if missing else ""


def watch(command, console, limits, cwd):
    """What is Seen of a run."""
    with subprocess.Popen(command, cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, start_new_session=True) as process:
        reader = _Reader(process.pid)
        try:
            return reader.seen(_watch(reader, process.stdout, console, limits))
        finally:
            # User mode Linux has children
            try:
                os.killpg(process.pid, 9)
            except ProcessLookupError:
                pass


# Building

def _described(name):
    """Where QEMU boots vmlinux, nothing needs to be made of it."""
    described = _MACHINES[name] if name in _MACHINES else machine.load(name)
    return dataclasses.replace(described, image="vmlinux") if described.arch == "x86" else described


def _more_words(described):
    return _UM_WORDS if described.arch == "um" else []


def _read_command(path):
    """The command that made an object, from its .cmd file."""
    found = re.search(r"^savedcmd_\S+ := (.*)$", path.read_text(), re.M)
    if not found:
        raise Failure(f"{path} does not say how the object was made")
    # A mutant is compiled once
    return found[1].replace("ccache ", "", 1)


def _link_commands(said):
    """
    The last ones of scripts/link-vmlinux.sh that make vmlinux, or what 7.3 strips to it: a
    link, and the sort of the tables by which x86 unwinds.
    """
    found = re.findall(r"^\+ (.* -o vmlinux)(?:\.unstripped)?( .*)$", said, re.M)
    if not found:
        raise Failure(f"make does not say how vmlinux is linked:\n{said[-2000:]}")
    sorts = re.findall(r"^\+ (\S*/sorttable .*vmlinux)(?:\.unstripped)?$", said, re.M)
    return ["".join(found[-1]), *sorts[-1:]]


class Bench:
    """A copy of a machine's kernel folder, in which one mutant at a time is built and run."""

    def __init__(self, described, number):
        self.described = dataclasses.replace(described,
                                             kernel=f"mutate/{described.kernel}.{number}")
        self.folder = self.described.kernel_folder
        shutil.rmtree(self.folder, ignore_errors=True)
        # No links: make writes into files that are there
        shutil.copytree(described.kernel_folder, self.folder, symlinks=True)
        self._link = self._learn_link()

    def _learn_link(self):
        words = [*build.make_words(self.described), *_more_words(self.described), "vmlinux"]
        words.remove("-s")
        self._unlink()
        said = self._run(shlex.join([*words, "V=1"])).stdout
        if self.described.arch == "mips":
            return shlex.join([*words, _LINK_ONLY])
        commands = _link_commands(said)
        image = self.folder / self.described.image
        if image.name != "vmlinux":
            commands.append(_read_command(image.with_name(f".{image.name}.cmd")))
        return " && ".join(commands)

    def _unlink(self):
        for name in ("vmlinux", "vmlinux.unstripped", self.described.image):
            (self.folder / name).unlink(missing_ok=True)

    def _run(self, command):
        return subprocess.run(["sh", "-c", command], cwd=self.folder, env=build.environment(),
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, check=False, text=True, errors="replace")

    def _compile(self, path, name, source):
        """(what the compiler said, whether it made the object)."""
        target = self.folder / name
        command = _read_command(target.with_name(f".{target.name}.cmd"))
        mutated = self.folder / "mutants" / path
        write_whole(mutated, source)
        # Headers are looked for here first. What __FILE__ is has to be the same on all benches.
        more = f"-I{self.folder}/mutants/include -fmacro-prefix-map={self.folder}/mutants/="
        command = command.replace(" -nostdinc ", f" -nostdinc {more} ", 1)
        command = command.replace(str(LINUX / path), str(mutated))
        target.unlink(missing_ok=True)
        target.with_name(f".{target.name}.d").unlink(missing_ok=True)
        done = self._run(command)
        mutated.unlink()
        return done.stdout, not done.returncode

    def compile(self, path, source):
        """(what the compiler said, digest of the code or None)."""
        said = ""
        for name in objects_of(path):
            text, made = self._compile(path, name, source)
            said += text
            if not made:
                return said, None
        return said, self._code(path)

    def _code(self, path):
        objects = [(self.folder / name).read_bytes() for name in objects_of(path)]
        return hashlib.sha256(b"".join(objects)).hexdigest()

    def restore(self, path):
        for name in objects_of(path):
            (self.folder / name).unlink(missing_ok=True)
            shutil.copy2(BUILD / self._kernel() / name, self.folder / name)

    def _kernel(self):
        return self.described.kernel.removeprefix("mutate/").rpartition(".")[0]

    def link_with(self, path, code):
        """With @path as it was compiled: make may know better."""
        self.link()
        if self._code(path) != code:
            raise Failure(f"{path} was compiled again when {self.described.kernel} was linked")

    def link(self):
        self._unlink()
        done = self._run(self._link)
        if done.returncode:
            raise Failure(f"the link failed:\n{done.stdout}")

    def run(self, console, limits, words):
        um = self.described.arch == "um"
        words = _WORDS.format(glob=self.described.kunit_glob or "*",
                              end="halt" if um else "reboot") + words
        if um:
            words = f"mem=128M con=null con0=fd:0,fd:1 {self.described.append} {words}"
            command = ["./vmlinux", *words.split()]
        else:
            command = boot.qemu_command(self.described, words, initramfs=False)
        return watch(["nice", "-n", "19", *command], console, limits, self.folder)


def objects_of(path):
    return USERS.get(path, [str(Path(path).with_suffix(".o"))])


class Results:
    """What is known of mutants on a machine, in a file that an interrupted run leaves whole."""

    def __init__(self, path):
        self._path, self._lock = path, threading.Lock()
        self._known = {}
        if path.exists():
            for line in path.read_text().splitlines():
                entry = json.loads(line)
                self._known[entry["id"]] = entry

    def get(self, ident, kernel):
        """A test may notice now what none did when the @kernel was another."""
        entry = self._known.get(ident)
        if entry and entry["verdict"] == "survives" and entry["kernel"] != kernel:
            return None
        return entry

    def put(self, **entry):
        with self._lock:
            self._known[entry["id"]] = entry
            with open(self._path, "a") as out:
                out.write(json.dumps(entry) + "\n")


def benches_for(described):
    """CPUs that wait for each other take three times as long where each shares the host's."""
    # QEMU runs all VPs of MIPS in one thread
    threads = 1 if described.arch == "mips" else described.cpus
    return max(1, build.jobs() // threads)


class Lab:
    """One machine: its unharmed kernel, and as many benches as the host has CPUs for."""

    def __init__(self, name, words=""):
        self.name, self._words = name, words
        described = _described(name)
        benches = benches_for(described)
        if described.arch != "um":
            boot.need_qemu(described)
        SCRATCH.mkdir(exist_ok=True)
        build.build_kernel(described, *_more_words(described))
        with step(f"set {benches} benches up for {name}"):
            self.benches = [Bench(described, number) for number in range(benches)]
        self.kernel, self._config = (
            hashlib.sha256((described.kernel_folder / name).read_bytes()).hexdigest()
            for name in ("vmlinux", ".config"))
        self.results = Results(SCRATCH / f"{name}.jsonl")
        self.tries, self._unharmed = 1, {}
        self._twins, self._lock = {}, threading.Lock()
        self._check_unharmed()

    def _check_unharmed(self):
        """Linked as the mutants are; without this, everything would look caught."""
        bench = self.benches[0]
        with step(f"run the suites on {self.name} without a mutant"):
            bench.link()
            seen = bench.run(Console(), patience.Limits(600, 600), self._words)
        self.limits = patience.Limits(*(_MORE + _PATIENCE * seconds
                                        for seconds in (seen.seconds, seen.silence)))
        self.console = Console(seen.said)
        write_whole(SCRATCH / f"{self.name}.log", seen.said)
        faults = self.console.faults()
        if faults or not self.console.misses(""):
            raise Failure(f"without a mutant {self.name} says: {faults or 'nothing'}")

    def prepare(self, path):
        """What the compiler makes of @path as it is."""
        bench = self.benches[0]
        said, code = bench.compile(path, _source(path))
        bench.restore(path)
        if said or not code:
            raise Failure(f"{path} does not compile by itself on {self.name}:\n{said}")
        self._unharmed[path] = code

    def has(self, path):
        """Whether the machine builds all of it."""
        return all((self.benches[0].folder / name).exists() for name in objects_of(path))

    def _ident(self, job):
        """What is known of a mutant holds until its function or the configuration changes."""
        text = job.mutant.mutated_body(_source(job.path))
        words = [self._config, job.path, job.mutant.function, text]
        return hashlib.sha256("\0".join(words).encode()).hexdigest()[:24]

    def known(self, job):
        entry = self.results.get(self._ident(job), self.kernel)
        if entry and "code" in entry:
            self._twins[entry["code"]] = entry["id"]
        return entry

    def _judge(self, bench, job):
        """The verdict, how it was noticed or why it does not count, and the code."""
        said, code = bench.compile(job.path, job.mutant.apply(_source(job.path)))
        if "fatal error: " in said:
            raise Failure(f"{job.path} cannot be compiled while somebody changes the tree:\n{said}")
        if said or not code:
            why = [line for line in said.splitlines() if "error" in line or "warning" in line]
            return {"verdict": "no C", "how": "".join(why[:1])}
        if code == self._unharmed[job.path]:
            return {"verdict": "same"}
        with self._lock:
            twin = self._twins.setdefault(code, self._ident(job))
        if twin != self._ident(job):
            return {"verdict": "twin", "how": twin}
        bench.link_with(job.path, code)
        for _ in range(self.tries):
            noticed = bench.run(self.console, self.limits, self._words).noticed
            if noticed.startswith("hang") and bench.described.arch == "um":
                longer = patience.Limits(_AGAIN * self.limits.total, _AGAIN * self.limits.silence)
                noticed = bench.run(self.console, longer, self._words).noticed
            if noticed:
                break
        return {"verdict": "caught" if noticed else "survives", "how": noticed, "code": code}

    def test(self, bench, job):
        start = time.monotonic()
        try:
            found = self._judge(bench, job)
        finally:
            bench.restore(job.path)
        entry = {"id": self._ident(job), "name": job.name, "kernel": self.kernel, "how": "",
                 **found, "seconds": round(time.monotonic() - start, 1)}
        self.results.put(**entry)
        return entry


class Progress:
    """Says each survivor, and now and then how far it is."""

    def __init__(self, total):
        self._total = total
        self._done, self._start = Counter(), time.monotonic()

    def note(self, job, entry):
        self._done[entry["verdict"]] += 1
        if entry["verdict"] == "survives":
            say(f"  survives: {' | '.join(job.name)}")
        done = self._done.total()
        if done % _NOTED == 0 or done == self._total:
            each = (time.monotonic() - self._start) / done
            counts = ", ".join(f"{count} {name}" for name, count in sorted(self._done.items()))
            say(f"  {done} of {self._total}: {counts}; {each:.1f} s each, "
                f"{(self._total - done) * each / 60:.0f} min left")


def run_all(lab, jobs, deadline=None):
    """{job: entry} of those that there was time for."""
    entries = {job: lab.known(job) for job in jobs}
    todo = [job for job in jobs if not entries[job]]
    if len(todo) < len(jobs):
        say(f"  {len(jobs) - len(todo)} of {len(jobs)} are known on {lab.name} from before")
    for path in sorted({job.path for job in todo}):
        lab.prepare(path)
    free = queue.SimpleQueue()
    for bench in lab.benches:
        free.put(bench)
    progress = Progress(len(todo))

    def one(job):
        if deadline and time.monotonic() > deadline:
            return None
        bench = free.get()
        try:
            return lab.test(bench, job)
        finally:
            free.put(bench)

    with concurrent.futures.ThreadPoolExecutor(len(lab.benches)) as pool:
        futures = {pool.submit(one, job): job for job in todo}
        try:
            for future in concurrent.futures.as_completed(futures):
                entry = entries[futures[future]] = future.result()
                if entry:
                    progress.note(futures[future], entry)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return {job: entry for job, entry in entries.items() if entry}


def _left(jobs, best, known):
    """Those of which the next machine may say more; one is enough for the @known survivors."""
    verdicts = {entry["id"]: entry["verdict"] for entry in best.values()}

    def undecided(entry):
        if entry["verdict"] == "twin":
            return verdicts.get(entry["how"]) != "caught"
        return entry["verdict"] in ("survives", "same")

    jobs = [job for job in jobs if job not in best or job.name not in known]
    return [job for job in jobs if job not in best or undecided(best[job])]


def _stages(paths, machines):
    """[(machine, its paths)], in order."""
    stages = defaultdict(list)
    for path in paths:
        for at, name in enumerate(machines or MACHINES[path]):
            stages[at, name].append(path)
    return [(name, here) for (_, name), here in sorted(stages.items(), key=lambda item: item[0][0])]


def run_stages(paths, machines=None, choose=None, seconds=None):
    """{job: entry}: what the last machine says of each that has something to say."""
    jobs = [job for path in paths for job in jobs_of(path)]
    jobs = choose(jobs) if choose else jobs
    best, known = {}, known_survivors()
    stages = _stages(paths, machines)
    for name, here in stages:
        left = _left([job for job in jobs if job.path in here], best, known)
        if not left:
            continue
        say(f"== {name}: {len(left)} mutants of {', '.join(here)}")
        quick = _QUICK.format(_SLOWEST.get(name, "very_slow"))
        words = {_SUITES.get(path, quick) for path in here}
        lab = Lab(name, words.pop() if len(words) == 1 else "")
        left = [job for job in left if lab.has(job.path)]
        deadline = None
        if seconds:
            deadline = time.monotonic() + seconds / len(stages)
            # A case that counts on a race may lose it beside other work
            lab.tries = 2
        entries = run_all(lab, left, deadline)
        for job, entry in entries.items():
            # What warns here does not count, though another machine's compiler says nothing
            if job not in best or entry["verdict"] != "same":
                best[job] = {**entry, "machine": name}
        if seconds:
            # Who had no turn here may be caught here
            best = {job: entry for job, entry in best.items()
                    if job in entries or job not in left}
            jobs = list(best)
    return best


def _split(best, known):
    """{path: Counter of verdicts}, where a known survivor is one by itself, and the unknown."""
    counts, unknown = defaultdict(Counter), []
    for job, entry in best.items():
        found = entry["verdict"]
        if found == "survives":
            why = known.get(job.name)
            found = "same" if (why or "").startswith("Equivalent:") else "listed"
            if why is None:
                found = "unlisted"
                unknown.append(job)
        counts[job.path][found] += 1
    return counts, unknown


def _row(name, count):
    real = count["caught"] + count["listed"] + count["unlisted"]
    share = f"{100 * count['caught'] / real:.1f} %" if real else ""
    return (f"| {name} | {real} | {count['caught']} | {count['listed']} | {count['unlisted']} | "
            f"{share} |")


def score(counts):
    """What the run has found, file by file."""
    total = sum(counts.values(), Counter())
    lines = ["| file | mutants | caught | not, for a reason | not | share |",
             "| --- | ---: | ---: | ---: | ---: | ---: |",
             *(_row(f"`{path}`", count) for path, count in sorted(counts.items())),
             _row("all", total),
             "", f"Not counted: {total['no C']} do not compile or warn, {total['same']} are the "
             f"same code as before or equivalent, and {total['twin']} the same as another mutant."]
    return "\n".join(lines) + "\n"


def note_score(counts, readme):
    """Replaces the rows which @readme has of these files."""
    rows = {f"`{path}`": count for path, count in counts.items()}
    if counts.keys() >= set(CORE):
        rows["the core"] = sum((counts[path] for path in CORE), Counter())
    text = readme.read_text()
    for name, count in rows.items():
        text = re.sub(rf"^\| {re.escape(name)} \|.*$", _row(name, count), text, flags=re.M)
    write_whole(readme, text)


def _sampled():
    """The machines of ./ipi test, for the core."""
    return [name for name in anywhere(BASE) if name in _MACHINES]


def _beyond_the_sample(best, listed):
    """What is noticed too late for the sample of mainline, and has to be in the list of such."""
    if BASE == DEFAULT_BASE:
        return []
    noticed = {entry["id"]: entry["machine"] for entry in best.values()
               if entry["verdict"] == "caught" and entry["machine"] not in _sampled()}
    # A twin is known by the other one's, and the sample may have it alone
    last = {job: noticed.get(entry["how"] if entry["verdict"] == "twin" else entry["id"])
            for job, entry in best.items()}
    return [f"only {name} notices {' | '.join(job.name)}, which {SURVIVORS.name} does not say"
            for job, name in last.items()
            if name and job.path in CORE and job.name not in listed]


def _conclude(what, best, more=()):
    listed = _listed(SURVIVORS)
    counts, unknown = _split(best, known_survivors())
    say(score(counts))
    for job, entry in best.items():
        group = listed.get(job.name)
        if group and entry["verdict"] == "caught" and entry["machine"] != group.get("machine"):
            say(f"  listed, but caught on {entry['machine']} by {entry['how']}: "
                f"{' | '.join(job.name)}")
    report.conclude(what, [f"nothing noticed {' | '.join(job.name)}" for job in unknown]
                    + [*more], SCRATCH)


def mutate(*words):
    """@words name files and machines; none of a kind means the core's, and the file's own."""
    files = [word for word in words if word.endswith((".c", ".h"))]
    machines = [word for word in words if word not in files]
    for path in files:
        if not (LINUX / path).exists() or path not in MACHINES and not machines:
            raise Failure(f"there is no {path}, or no machine for it; known are: "
                          f"{' '.join(MACHINES)}")
    best = run_stages(files or CORE, machines)
    counts, _ = _split(best, known_survivors())
    write_whole(SCORE, score(counts))
    # README has the score of mainline, where the machines are more
    if not machines and BASE != DEFAULT_BASE:
        note_score(counts, TOP / "README.md")
    # A machine that is named may be the only one that was asked
    _conclude("mutate", best, [] if machines else _beyond_the_sample(best, _listed(SURVIVORS)))


def sample():
    """
    Some of the core's for CI, on user mode Linux: which ones is up to the commit, how
    many to the clock. What only a machine notices is in the list, too.
    """
    commit, listed = Repo(TOP).resolve("HEAD"), _listed(SURVIVORS)

    def choose(jobs):
        jobs = [job for job in jobs if job.name not in listed]
        return random.Random(commit).sample(jobs, len(jobs))

    best = run_stages(CORE, _sampled(), choose=choose, seconds=SAMPLE_SECONDS)
    if not best:
        raise Failure(f"there was no time for a mutant in {SAMPLE_SECONDS} s")
    _conclude("mutate", best)
