# SPDX-License-Identifier: GPL-2.0-only
"""What an IPI costs: bench/ipi_bench.c in the base and in the series."""

import dataclasses
import json
import re
import shutil
import statistics
import subprocess
from bisect import bisect_left, bisect_right
from itertools import combinations

from ipi.common import (BASE, BUILD, DEFAULT_BASE, LINUX, TOP, Failure, Refused, run, say, step,
                        write_whole)
from ipi.git import Repo
from ipi.machines import boot, build, kernel_log, machine, patience, qemu, report

SOURCE = TOP / "bench"
FOLDER = BUILD / "bench"
RECORDED = SOURCE / ("recorded.json" if BASE == DEFAULT_BASE else f"recorded-{BASE}.json")
TREES = {"base": "base", "series": "HEAD"}

# The machines of bench/: with exact figures of the mock, with a clock, with exact
# figures of their own IPIs and of calls, with those of an IPI domain which the base does
# not have, and with counters of what an IPI takes.
EXACT = ("arm64", "arm64-512")
CLOCKED = ("malta", "malta-8")
CALLS = "arm64-calls"
OWN = {"6.12": (CALLS,), "7.3": (CALLS, "arm64-gicv5")}[BASE]
VECTORS = "x86_64"
RESOURCES = "arm64-512"
# What QEMU takes for a wake on Malta depends on where its code lies, by more than base and
# series differ, so its instructions are counted.
WAKE = "call smp wake 1"
WAKES = 1000
# Boots in which they are, since the clock adds ticks
COUNTS = 3
# Boots of each kernel where a figure is a time, base and series in turn. With
# seven of each, chance alone puts all of one above all of the other once in 3,432.
ROUNDS = 7
# How often chance alone may refuse a whole bench, all its times taken together.
FALSE_ALARMS = 0.01

TIMES = 100
SHAPES = ("row", "gaps", "tree", "uniform", "mask")
FORMS = ("desc", "virq", "all")
TARGETS = (1, 2, 4, 8, 16, 32, 64)
MOCK = {*(f"send {shape} {form} {n}" for shape in SHAPES for form in FORMS for n in TARGETS),
        *(f"receive {shape} domain 1" for shape in (*SHAPES, "sgi")),
        *(f"send sgi desc {n}" for n in TARGETS)}
# The one figure which may be above the base: IPI domain and controller are two
# indirect calls. A controller like the GIC of ARM, "sgi", needs no IPI domain.
FLAT = {f"send mask desc {n}" for n in TARGETS}
# The kernel's own call of functions on the same CPUs, and an IPI of the vector domain.
VECTOR_CALLS = {*(f"send vector call {n}" for n in (1, 3, 62, 63)), "receive vector call 1"}
VECTOR_IPIS = {what.replace("call", "desc") for what in VECTOR_CALLS}
TAKEN = {f"take {shape} {what} {n}" for shape in SHAPES for n in (4, 16, 64)
         for what in ("virqs", "hwirqs", "proc", "sysfs", "rows", "slab", "percpu")}

# A figure that is more than this above the recorded one has got worse.
TOLERANCE = 1.05
# Instructions; a figure is the mean of 100 and what comes between them now and then.
NOISE = 0.5
# {gcc: what the series has to reach, whatever is recorded}; half an instruction
# is for the mean. On 7.3 the base itself takes twice as much for a receive.
REACH = {12: {"send row desc 1": 44.5, "send row desc 8": 128.5, "send row desc 64": 800.5,
              "send uniform desc 1": 44.5, "send uniform desc 64": 800.5,
              **({"receive row domain 1": 125.5} if BASE == DEFAULT_BASE else {}),
              **{f"send sgi desc {n}": 19.5 for n in TARGETS}},
         14: {"send row desc 1": 45.5, "send row desc 8": 136.5, "send row desc 64": 864.5,
              "send uniform desc 1": 45.5, "send uniform desc 64": 864.5,
              **({"receive row domain 1": 121.5} if BASE == DEFAULT_BASE else {}),
              **{f"send sgi desc {n}": 23.5 for n in TARGETS}}}
# Those whose kernel is also built without the benchmark, for its size, and the bytes by
# which it may grow. The one of x86 has no IPI domain, and does not pay for it. Malta has all
# that drivers of coprocessors use, and bench/README.md says what each part of it takes.
MAX_GROWTH = {"6.12": {"arm64": 3 * 1024, "malta": 8576, "x86_64": 0},
              "7.3": {"arm64": 3840, "malta": 10 * 1024, "x86_64": 0}}[BASE]
# Instructions by which a send may exceed the kernel's own to the same CPUs
MAX_OVER_CALL = {"6.12": 25, "7.3": 26}[BASE]

_MAKEFILE = "obj-$(CONFIG_IPI_BENCH) += ipi_bench.o\n"
_FIGURE = r"((?:send|receive|call|take) \S+ \S+ \d+) (\d+)"
_PLOT = """
set terminal svg noenhanced size 720,480 font 'sans,13' background rgb 'white'
set output '{output}'
set title 'Instructions to send an IPI (arm64, NR_CPUS=64)'
set xlabel 'targets'
set ylabel 'instructions'
set logscale x 2
set logscale y 10
set format y '%.0f'
set xrange [0.9:72]
set key left top
set grid
{data}
plot {curves}
"""
_CURVES = (("base", "row", "base, one hwirq per CPU"),
           ("base", "uniform", "base, one hwirq for all"),
           ("series", "row", "series, one hwirq per CPU or for all"),
           ("base", "sgi", "base, the whole mask at once"),
           ("series", "sgi", "series, the whole mask at once"))


def make_tree(name, ref, linux=LINUX, source=SOURCE):
    """@ref and the benchmark in build/bench/@name/linux; what is the same stays untouched."""
    tree = FOLDER / name / "linux"
    Repo(linux).check_out(ref, tree)
    text = (source / "ipi_bench.c").read_text()
    copy = tree / "lib" / "ipi_bench.c"
    if not copy.exists() or copy.read_text() != text:
        copy.write_text(text)
    with open(tree / "lib" / "Makefile", "a") as makefile:
        makefile.write(_MAKEFILE)
    with open(tree / "lib" / "Kconfig", "a") as kconfig:
        kconfig.write((source / "Kconfig").read_text())
    return tree


def kernel(name, tree):
    """A machine of bench/, built beside the tree so that ccache sees no difference."""
    return machine.load(name, SOURCE).on_tree(f"{FOLDER.name}/{tree}")


def parse(log):
    """{what: cost of one, or what is taken} of a console log."""
    lines = re.findall(r"\bbench: (.*)$", log.replace("\r", ""), re.M)
    faults = [line for line in lines if line.startswith("error")] + kernel_log.trouble(log)
    if faults:
        raise Refused(f"bench: {faults[0]}")
    if lines.count("end") != 1:
        raise Refused("bench: the end marker is not there once")
    figures = {}
    for line in lines[:lines.index("end")]:
        found = re.fullmatch(_FIGURE, line)
        if not found or found[1] in figures or found[2] == "0" and line.startswith("send"):
            raise Refused(f"bench: this is no figure: {line}")
        figures[found[1]] = int(found[2]) / (1 if line.startswith("take") else TIMES)
    return figures


def need(figures, wanted):
    missing = sorted(wanted - figures.keys())
    if missing:
        raise Refused(f"bench: {len(missing)} figures are missing, as {missing[0]}")
    return figures


def _boot(name, tree, log, judge_log, words=()):
    """What @judge_log makes of the console, which is in the file @log of its folder."""
    built = kernel(name, tree)
    log = built.kernel_folder / log
    with step(f"run {tree} on {name}"):
        status = patience.run([*boot.qemu_command(built, "", initramfs=False), *words], log,
                              patience.Limits(built.timeout, built.timeout)).status
    try:
        if status != 0:
            raise Refused(f"bench: QEMU's status is {status}")
        return judge_log(log.read_text(errors="replace"))
    except Refused as refused:
        raise Refused(f"{refused}, the log is {log.relative_to(TOP)}") from None


def _run(name, tree):
    return _boot(name, tree, f"{name}.log", parse)


def _plugin(program):
    """bench/count.c for QEMU's @program."""
    plugin = FOLDER / "count.so"
    # Version 2 came with QEMU 9, which does not take the first any more
    run(["gcc", "-O2", "-Wall", "-Werror", "-shared", "-fPIC",
         f"-DVERSION={1 if qemu.version(program) < 9 else 2}", "-o", plugin, SOURCE / "count.c"])
    return plugin


def counted(log):
    """What the plugin counted. Its line may be in the middle of another, of a CPU."""
    parse(log)
    found = re.findall(r"counted: (\d+)", log)
    if len(found) != 1:
        raise Refused(f"bench: the instructions were counted {len(found)} times")
    return int(found[0])


def _address(built, symbol):
    symbols = run([f"{built.cross}nm", built.kernel_folder / "vmlinux"])
    found = re.search(rf"^(\w+) \w {symbol}$", symbols, re.M)
    if not found:
        raise Failure(f"the benchmark's kernel has no {symbol}")
    return found[1]


def count_wake(name, tree):
    """The instructions of a wake on @name, there and back again, in the quickest of some boots."""
    built = kernel(name, tree)
    words = ["-plugin", f"file={_plugin(qemu.program(built))},"
                        f"from={_address(built, 'bench_wakes')},"
                        f"to={_address(built, 'kernel_restart')}"]
    return min(_boot(name, tree, f"{name}-wake.log", counted, words)
               for _ in range(COUNTS)) / WAKES


def gcc_of(name):
    """The major version of the compiler which makes code for @name."""
    cross = machine.load(name, SOURCE).cross
    return int(run([f"{cross}gcc", "-dumpversion"]).split(".")[0])


def compiler(gcc):
    """As it is recorded."""
    return f"gcc {gcc}"


def _plain(built):
    return built.kernel_folder / "vmlinux-plain"


def _build(name, tree, sized=False):
    built = kernel(name, tree)
    boot.need_qemu(built)
    if sized:
        build.build_kernel(built)
        shutil.copyfile(built.kernel_folder / "vmlinux", _plain(built))
    build.build_kernel(dataclasses.replace(built, configs=[*built.configs, "bench"]))


def loaded_bytes(text):
    """text + data + bss of what size prints."""
    return int(text.splitlines()[1].split()[3])


def measure_size(name):
    """{"base": bytes, "series": bytes, "bloat": text} without the benchmark."""
    images = {tree: _plain(kernel(name, tree)) for tree in TREES}
    cross = kernel(name, "base").cross
    sizes = {tree: loaded_bytes(run([f"{cross}size", image]))
             for tree, image in images.items()}
    bloat = run([kernel(name, "series").source / "scripts" / "bloat-o-meter", "-p", cross,
                 images["base"], images["series"]])
    return {**sizes, "bloat": bloat.splitlines()}


def _own_wants(name):
    """The figures of a machine's own IPIs which never wait for another CPU."""
    cpus = machine.load(name, SOURCE).cpus
    return {*(f"send machine call {n}" for n in range(1, cpus)),
            *(f"take machine {what} {cpus}" for what in ("virqs", "slab", "percpu"))}


def _machine_wants(name):
    """The figures of the machine's own IPIs."""
    known = machine.load(name, SOURCE)
    kinds = ["call smp many", "call smp single"]
    if name in CLOCKED:
        kinds.append("send machine desc")
    figures = {f"{kind} {n}" for kind in kinds for n in range(1, known.cpus)}
    return figures if name in CLOCKED else {*figures, *_own_wants(name), WAKE}


def measure_clocked(name):
    """{tree: {what: [ns of each boot]}} of a machine without exact figures."""
    # The mock's are counted in instructions, which is exact
    figures, wanted = {tree: {} for tree in TREES}, _machine_wants(name)
    for _ in range(ROUNDS):
        for tree in TREES:
            found = need(_run(name, tree), wanted)
            for what in wanted:
                figures[tree].setdefault(what, []).append(found[what])
    return figures


def worse(recorded, measured):
    """What got worse in {what: figure}, or is not there any more."""
    faults = [f"{what} takes {figure:.1f}, recorded are {recorded[what]:.1f}"
              for what, figure in measured.items()
              if what in recorded and figure > recorded[what] * TOLERANCE]
    return faults + [f"{what} was not measured" for what in recorded
                     if what not in measured]


def missed(base, series, reach):
    """What the figures of the mock do not reach of @reach, and of the base."""
    faults = [f"{what} takes {series[what]:.1f}, the goal is {goal}"
              for what, goal in reach.items() if series[what] > goal]
    faults += above(base, series, MOCK - FLAT)
    flat = sorted({series[what] for what in FLAT})
    return faults + [f"send mask desc depends on the number of targets: {flat}"
                     ] * (len(flat) > 1)


def above(base, series, wanted):
    """What takes more than on the base."""
    return [f"{what} takes {series[what]:.1f}, on the base {base[what]:.1f}"
            for what in sorted(wanted, key=_by_number) if series[what] > base[what] + NOISE]


def over_calls(series):
    """The sends which take too long beside the kernel's own call of functions."""
    sends = sorted((what for what in VECTOR_IPIS if what.startswith("send")), key=_by_number)
    over = {what: series[what] - series[what.replace("desc", "call")] for what in sends}
    return [f"{what} takes {more:.1f} more than a call, the goal is {MAX_OVER_CALL}"
            for what, more in over.items() if more > MAX_OVER_CALL + NOISE]


def judge(name, figures, recorded, gcc):
    """
    The faults of the exact figures of @name. Another compiler makes other code, so
    what is recorded says nothing of it. The base does, with any compiler.
    """
    reach = REACH.get(gcc, {}) if name == EXACT[0] else {}
    faults = missed(**figures, reach=reach) if name in EXACT else []
    faults += above(**figures, wanted=_own_wants(name)) if name in OWN else []
    faults += over_calls(figures["series"]) if name == VECTORS else []
    known = recorded["compiler"].get(name, "nothing")
    if known == compiler(gcc):
        return faults + worse(recorded["exact"][name]["series"], figures["series"])
    say(f"{name}: built with {compiler(gcc)}, recorded is {known}: "
        "compared with the base only")
    return faults


def table(base, series):
    """Side by side, as lines; the ratio is how many times less."""
    yield f"{'':<24}{'base':>10}{'series':>10}{'ratio':>8}"
    for what in sorted(series, key=_by_number):
        known = what in base and series[what]
        ratio = f"{base[what] / series[what]:.2f}" if known else "-"
        shown = f"{base[what]:.1f}" if what in base else "-"
        yield f"{what:<24}{shown:>10}{series[what]:>10.1f}{ratio:>8}"


def _by_number(what):
    *words, number = what.split()
    return words, int(number)


def clocked_table(base, series):
    """Medians with their spread, in ns."""
    yield f"{'':<24}{'base':>24}{'series':>24}{'ratio':>8}"
    for what in sorted(base.keys() & series.keys(), key=_by_number):
        medians = [statistics.median(runs[what]) for runs in (base, series)]
        shown = [f"{median:.0f} ({min(runs[what]):.0f}..{max(runs[what]):.0f})"
                 for median, runs in zip(medians, (base, series))]
        yield f"{what:<24}{shown[0]:>24}{shown[1]:>24}{medians[0] / medians[1]:>8.2f}"


def chance(base, series):
    """How likely chance alone ranks the times of the series this high among all, or higher."""
    ordered = sorted(base + series)
    # Equal times share the mean of their ranks; twice that, and less one, is this
    ranks = [bisect_left(ordered, time) + bisect_right(ordered, time)
             for time in base + series]
    sums = [sum(some) for some in combinations(ranks, len(series))]
    return sum(one >= sum(ranks[len(base):]) for one in sums) / len(sums)


def spread(times):
    """The interquartile one."""
    first, _, third = statistics.quantiles(times, n=4, method="inclusive")
    return third - first


def slower(base, series, level):
    """
    What takes longer in the series: neither chance, of which @level is allowed, nor
    less than what boots of the base differ by, which a user would not notice.
    """
    faults = []
    for what in sorted(series, key=_by_number):
        medians = [statistics.median(times[what]) for times in (base, series)]
        likely = chance(base[what], series[what])
        if likely <= level and medians[1] - medians[0] > spread(base[what]):
            faults.append(f"{what} takes {medians[1]:.0f} ns, on the base {medians[0]:.0f} ns "
                          f"with a spread of {spread(base[what]):.0f} ns; "
                          f"chance does so once in {1 / likely:.0f}")
    return faults


def dependent(series):
    """What two IPIs take that must not depend on the number of CPUs, but does."""
    return [f"take {shape} {what} depends on the number of CPUs"
            for shape in SHAPES for what in ("virqs", "proc", "sysfs", "rows")
            if len({series[f"take {shape} {what} {n}"] for n in (4, 16, 64)}) > 1]


def plot(figures, output):
    """Instructions against the number of targets, by gnuplot."""
    data, curves = [], []
    for tree, shape, title in _CURVES:
        name = f"${tree}_{shape}"
        points = [f"{n} {figures[tree][f'send {shape} desc {n}']}" for n in TARGETS]
        data += [f"{name} << EOD", *points, "EOD"]
        curves.append(f"{name} with linespoints title '{title}'")
    script = _PLOT.format(output=output, data="\n".join(data), curves=", ".join(curves))
    done = subprocess.run(["gnuplot"], input=script, text=True, capture_output=True,
                          check=False)
    if done.returncode:
        raise Failure(f"gnuplot failed:\n{done.stderr}")


def _show(title, lines):
    say(f"\n{title}")
    for line in lines:
        say(line)


def _show_exact(results, recorded, gcc):
    """@gcc: {name: version}"""
    faults = []
    for name, figures in results.items():
        _show(f"{name}, instructions, or what two IPIs take", table(**figures))
        wrong = judge(name, figures, recorded, gcc[name])
        if name == RESOURCES:
            wrong += dependent(figures["series"])
        faults += [f"{name}: {fault}" for fault in wrong]
    return faults


def _show_clocked(results):
    faults = []
    level = FALSE_ALARMS / sum(len(figures["series"]) for figures in results.values())
    for name, figures in results.items():
        _show(f"{name}, ns: median of {ROUNDS} boots (lowest..highest)",
              clocked_table(**figures))
        faults += [f"{name}: {fault}" for fault in slower(**figures, level=level)]
    return faults


def _show_wake(name, wake):
    _show(f"{name}, instructions of all CPUs", table(*({WAKE: wake[tree]} for tree in TREES)))
    if wake["series"] <= wake["base"] * TOLERANCE:
        return []
    return [f"{name}: {WAKE} takes {wake['series']:.0f} instructions, "
            f"on the base {wake['base']:.0f}"]


def _show_sizes(results):
    faults = []
    for name, size in results.items():
        growth = size["series"] - size["base"]
        _show(f"{name}, bytes of the image: base {size['base']}, "
              f"series {size['series']}, {growth:+d}", size["bloat"])
        if growth > MAX_GROWTH[name]:
            faults.append(f"{name}: the image grows by {growth}, the goal is {MAX_GROWTH[name]}")
    return faults


def machines():
    """The names of the descriptions in bench/."""
    return machine.names(SOURCE)


def _make_trees(trees):
    with step("copy the trees"):
        for tree in trees:
            make_tree(tree, TREES[tree])


def _recorded():
    return json.loads(RECORDED.read_text())


def _wants(name, tree):
    """The exact figures of @name in @tree."""
    if name in OWN:
        # With GICv5, what a call takes depends on where in a tick the others are
        return _machine_wants(name) if name == CALLS else _own_wants(name)
    if name == VECTORS:
        return VECTOR_CALLS | (VECTOR_IPIS if tree == "series" else set())
    return MOCK | TAKEN if name == RESOURCES else MOCK


def _exact(name, tree):
    """What is recorded of @name."""
    figures, wanted = _run(name, tree), _wants(name, tree)
    need(figures, wanted)
    return {what: figures[what] for what in figures if name not in OWN or what in wanted}


def bench():
    for name in OWN:
        boot.need_qemu(machine.load(name, SOURCE))
    _make_trees(TREES)
    for name in (*EXACT, CLOCKED[0], VECTORS):
        for tree in TREES:
            _build(name, tree, sized=name in MAX_GROWTH)
    exact = {name: {tree: _exact(name, tree) for tree in TREES}
             for name in (*EXACT, *OWN, VECTORS)}
    gcc = {name: gcc_of(name) for name in exact}
    record = {"compiler": {name: compiler(version) for name, version in gcc.items()},
              "exact": exact}
    results = {**record, "clocked": {name: measure_clocked(name) for name in CLOCKED},
               # All Maltas boot the same kernels
               "wake": {tree: count_wake(CLOCKED[0], tree) for tree in TREES},
               "size": {name: measure_size(name) for name in MAX_GROWTH}}
    for name, figures in (("results.json", results), (RECORDED.name, record)):
        write_whole(FOLDER / name, json.dumps(figures, indent=1) + "\n")
    plot(exact[EXACT[0]], FOLDER / "plot.svg")

    faults = _show_exact(exact, _recorded(), gcc)
    faults += _show_clocked(results["clocked"]) + _show_wake(CLOCKED[0], results["wake"])
    faults += _show_sizes(results["size"])
    say(f"\nwritten: results.json, {RECORDED.name} and plot.svg in {FOLDER.relative_to(TOP)}")
    report.conclude("bench", faults, FOLDER)


def quick():
    """The mock on the base and on the series."""
    _make_trees(TREES)
    name = EXACT[0]
    for tree in TREES:
        _build(name, tree)
    figures = {tree: need(_run(name, tree), MOCK) for tree in TREES}
    report.conclude("bench", judge(name, figures, _recorded(), gcc_of(name)), FOLDER)
