# SPDX-License-Identifier: GPL-2.0-only
"""The figures of ./ipi bench: how they are read, compared and shown."""

import json
import os
from unittest import mock

from support import TOP, Project, Scratch, write_program

from ipi.common import Failure, Refused
from ipi.machines import machine
from ipi.measure import bench

GOOD = ("[    0.1] bench: send row desc 1 4400\r\n"
        "[    0.2] bench: receive row domain 1 6543\r\n"
        "[    0.3] bench: take row slab 4 1536\r\n"
        "[    0.4] bench: end\r\n")


def figures(scale=1.0, **changed):
    """Figures of one tree that reach every goal, as {what: figure}."""
    known = {what: (30 + 12 * int(what.split()[-1])) * scale for what in bench.MOCK}
    known |= {f"send mask desc {n}": 25.0 for n in bench.TARGETS}
    known |= {f"send sgi desc {n}": 19.0 * scale for n in bench.TARGETS}
    return known | {what.replace("_", " "): cost for what, cost in changed.items()}


BASE = figures(2.0)
GOALS = bench.REACH[12]


class Parse(Scratch):
    def test_a_figure_is_the_cost_of_one_or_what_is_taken(self):
        self.assertEqual({"send row desc 1": 44.0, "receive row domain 1": 65.43,
                          "take row slab 4": 1536.0}, bench.parse(GOOD))

    def test_bad_logs_are_refused(self):
        send = "bench: send row desc 1 4400\r\n"
        for bad, reason in (
                (GOOD.replace("bench: end", ""), "end marker"),
                (GOOD + "[    0.5] bench: end\n", "end marker"),
                ("", "end marker"),
                (GOOD + "bench: error: row: -12\n", "error: row: -12"),
                (GOOD + "[    0.4] WARNING: CPU: 0 PID: 1\n", "WARNING"),
                (GOOD.replace("desc 1 4400", "desc 1 -440"), "no figure: send row desc 1 -440"),
                (GOOD.replace("desc 1 4400", "desc 1"), "no figure: send row desc 1"),
                (GOOD.replace("desc 1 4400", "desc 1 0"), "no figure: send row desc 1 0"),
                (GOOD.replace("row domain", "row [    0.2] domain"), "no figure: receive"),
                (GOOD.replace("send", "sent"), "no figure: sent"),
                (GOOD.replace(send, 2 * send), "no figure: send row desc 1 4400")):
            with self.assertRaisesRegex(Refused, reason):
                bench.parse(bad)

    def test_figures_that_are_missing_are_refused(self):
        self.assertEqual({"a 1": 1.0}, bench.need({"a 1": 1.0}, {"a 1"}))
        with self.assertRaisesRegex(Refused, "2 figures are missing, as b 1"):
            bench.need({"a 1": 1.0}, {"a 1", "b 1", "c 1"})

    def test_what_the_plugin_counted(self):
        good = "bench: end\ncounted: 8000000\r\n"
        self.assertEqual(8000000, bench.counted(good))
        for bad, why in ((good.replace("counted", "cut"), "counted 0 times"),
                         (good + "counted: 1\n", "counted 2 times"),
                         (good.replace("end", "error"), "error")):
            with self.assertRaisesRegex(Refused, why):
                bench.counted(bad)

    def test_a_machine_with_cpus_reports_its_own_ipis(self):
        wanted = bench._machine_wants("malta")
        self.assertIn("send machine desc 3", wanted)
        self.assertNotIn("send machine desc 4", wanted)
        self.assertIn("call smp many 7", bench._machine_wants(bench.CALLS))
        for own in ("send machine call 7", "take machine slab 8"):
            self.assertIn(own, bench._machine_wants(bench.CALLS))
            self.assertIn(own, bench._own_wants("arm64-gicv5"))


class Compare(Scratch):
    def test_the_same_figures_are_no_worse(self):
        self.assertEqual([], bench.worse(BASE, BASE))

    def test_the_limit_is_five_percent(self):
        self.assertEqual([], bench.worse({"a": 100.0}, {"a": 105.0}))
        self.assertEqual(["a takes 105.1, recorded are 100.0"],
                         bench.worse({"a": 100.0}, {"a": 105.1}))

    def test_a_figure_that_is_gone_is_a_fault_and_a_new_one_is_not(self):
        self.assertEqual(["b was not measured"],
                         bench.worse({"a": 1.0, "b": 1.0}, {"a": 1.0, "c": 9.0}))

    def test_figures_that_reach_the_goals(self):
        self.assertEqual([], bench.missed(BASE, figures(), GOALS))

    def test_each_goal_can_be_missed(self):
        for what, goal in GOALS.items():
            self.assertEqual([f"{what} takes {goal + 0.1:.1f}, the goal is {goal}"],
                             bench.missed({**BASE, what: 9999.0},
                                          {**figures(), what: goal + 0.1}, GOALS))

    def test_no_figure_is_above_the_base(self):
        for changed, reason in (({"send_uniform_desc_8": 999.0}, "on the base"),
                                ({"send_gaps_all_2": 999.0}, "on the base"),
                                ({"receive_tree_domain_1": 84.6}, "on the base"),
                                ({"send_mask_desc_64": 24.0}, "depends on the number")):
            faults = bench.missed(BASE, figures(**changed), {})
            self.assertEqual(1, len(faults), faults)
            self.assertIn(reason, faults[0])

    def test_what_must_not_grow_with_the_cpus(self):
        taken = dict.fromkeys(bench.TAKEN, 2.0)
        self.assertEqual([], bench.dependent({**taken, "take row slab 64": 9.0}))
        self.assertEqual(["take row virqs depends on the number of CPUs"],
                         bench.dependent({**taken, "take row virqs 64": 128.0}))


class Verdict(Scratch):
    """quick() with kernels that are not built and figures that are given."""

    RECORDED = figures()

    def quick(self, series, base=BASE, gcc=12):
        path = self.folder / "recorded.json"
        path.write_text(json.dumps({"compiler": {"arm64": "gcc 12"},
                                    "exact": {"arm64": {"series": self.RECORDED}}}))
        measured = {"base": base, "series": series}
        with (mock.patch.object(bench, "RECORDED", path),
              mock.patch.object(bench, "_make_trees"), mock.patch.object(bench, "_build"),
              mock.patch.object(bench, "gcc_of", return_value=gcc),
              mock.patch.object(bench, "_run", lambda name, tree: measured[tree])):
            bench.quick()

    def refused(self, reason, *args, **options):
        with self.assertRaisesRegex(Refused, "^bench: .* \\(log: build/bench\\)$"):
            self.quick(*args, **options)
        self.assertIn(reason, self.said.getvalue())

    def test_the_recorded_figures_pass(self):
        self.quick(figures())
        self.assertIn("PASS: bench", self.said.getvalue())
        self.assertNotIn("compared with the base only", self.said.getvalue())

    def test_a_worse_figure_fails_and_is_named(self):
        self.refused("send gaps virq 4 takes 83.0, recorded are", figures(send_gaps_virq_4=83.0))

    def test_another_compiler_is_not_held_to_the_record(self):
        self.quick(figures(send_gaps_virq_4=83.0, send_row_desc_1=49.0), gcc=99)
        self.assertIn("arm64: built with gcc 99, recorded is gcc 12: compared with the base only",
                      self.said.getvalue())

    def test_any_compiler_is_held_to_the_base(self):
        for gcc in (12, 99):
            self.refused("send gaps virq 4 takes 78.0, on the base 77.0", figures(),
                         {**BASE, "send gaps virq 4": 77.0}, gcc)

    def test_another_compiler_is_held_to_its_own_goals(self):
        with mock.patch.dict(bench.REACH, {14: {"send row desc 1": 41.5}}):
            self.refused("the goal is 41.5", figures(), gcc=14)

    def test_a_missing_figure_of_either_tree_fails(self):
        less = figures()
        del less["send tree all 64"]
        for measured in ((less, BASE), (figures(), less)):
            with self.assertRaisesRegex(Refused, "missing, as send tree all 64"):
                self.quick(*measured)

    def test_what_is_recorded_is_complete(self):
        compilers, recorded = bench._recorded().values()
        self.assertEqual(recorded.keys(), compilers.keys())
        self.assertLessEqual(set(compilers.values()), {f"gcc {n}" for n in bench.REACH})
        self.assertEqual([], bench.missed(**recorded["arm64"], reach=GOALS))
        self.assertEqual([], bench.missed(**recorded[bench.RESOURCES], reach={}))
        self.assertEqual([], bench.dependent(recorded[bench.RESOURCES]["series"]))
        for name in bench.OWN:
            self.assertLessEqual(bench._wants(name, "series"), recorded[name]["series"].keys())


class Full(Scratch):
    """bench() with kernels that are not built and figures that are given."""

    TAKEN = dict.fromkeys(bench.TAKEN, 2.0)

    def setUp(self):
        super().setUp()
        self.ran, self.times = [], {}
        self.exact = {"base": {**BASE, **self.TAKEN}, "series": {**figures(), **self.TAKEN}}
        calls = dict.fromkeys(bench.VECTOR_CALLS, 200.0)
        self.vectors = {"base": calls, "series": {**calls, **dict.fromkeys(
            bench.VECTOR_IPIS, 200.0 + bench.MAX_OVER_CALL)}}
        self.growth = dict(bench.MAX_GROWTH)
        self.wakes = {"base": 8000.0, "series": 8000.0}
        recorded = self.folder / "known.json"
        recorded.write_text(json.dumps({"compiler": {}, "exact": {}}))
        for name, value in (("FOLDER", self.folder / "build"), ("TOP", self.folder),
                            ("RECORDED", recorded), ("_make_trees", mock.Mock()),
                            ("_build", mock.Mock()), ("_run", self.run_one),
                            ("OWN", (bench.CALLS, "arm64-gicv5")),
                            ("gcc_of", lambda name: 99), ("plot", mock.Mock()),
                            ("count_wake", lambda name, tree: self.wakes[tree]),
                            ("measure_size", self.size)):
            self.enterContext(mock.patch.object(bench, name, value))
        self.enterContext(mock.patch.object(bench.report, "TOP", self.folder))
        self.enterContext(mock.patch.object(bench.boot, "need_qemu"))

    def size(self, name):
        return {"base": 1000, "series": 1000 + self.growth[name], "bloat": ["bloat"]}

    def run_one(self, name, tree):
        self.ran.append((name, tree))
        if name in bench.EXACT:
            return self.exact[tree]
        if name == bench.VECTORS:
            return self.vectors[tree]
        number = self.ran.count((name, tree))
        return {what: self.times.get((name, tree), 1000) + number
                for what in bench._machine_wants(name)}

    def refused(self, reason):
        with self.assertRaisesRegex(Refused, "^bench: "):
            bench.bench()
        self.assertIn(reason, self.said.getvalue())

    def test_it_is_built_run_and_written(self):
        bench.bench()
        self.assertCountEqual(
            [mock.call(name, tree, sized=name in bench.MAX_GROWTH)
             for name in ("arm64", "arm64-512", "malta", "x86_64") for tree in ("base", "series")],
            bench._build.call_args_list)
        self.assertEqual([("malta", "base"), ("malta", "series")] * bench.ROUNDS,
                         [one for one in self.ran if one[0] == "malta"])
        record = json.loads((self.folder / "build/known.json").read_text())
        self.assertEqual(dict.fromkeys(("arm64", "arm64-512", bench.CALLS, "arm64-gicv5",
                                        "x86_64"), "gcc 99"), record["compiler"])
        self.assertEqual(self.exact, record["exact"]["arm64"])
        self.assertEqual(bench._own_wants("arm64-gicv5"),
                         record["exact"]["arm64-gicv5"]["series"].keys())
        results = json.loads((self.folder / "build/results.json").read_text())
        self.assertEqual(set(bench.CLOCKED), results["clocked"].keys())
        self.assertEqual(self.size("malta"), results["size"]["malta"])
        self.assertIn("PASS: bench", self.said.getvalue())

    def test_times_that_are_longer(self):
        self.times["malta", "series"] = 2000
        self.refused("  malta: send machine desc 1 takes 2004 ns, on the base 1004 ns")

    def test_a_wake_of_more_instructions(self):
        self.wakes["series"] = 8000 * bench.TOLERANCE
        bench.bench()
        self.wakes["series"] += 1
        self.refused("  malta: call smp wake 1 takes 8401 instructions, on the base 8000")

    def test_figures_above_the_base(self):
        self.exact["series"]["receive row domain 1"] = 999.0
        self.refused("  arm64-512: receive row domain 1 takes 999.0, on the base 84.0")

    def test_ipis_of_a_machine_above_the_base(self):
        self.times["arm64-gicv5", "series"] = 1001
        self.refused("  arm64-gicv5: send machine call 1 takes 1002.0, on the base 1001.0")
        self.assertIn("  arm64-gicv5: take machine slab 8 takes", self.said.getvalue())

    def test_a_missing_qemu_is_told_before_anything_is_built(self):
        bench.boot.need_qemu.side_effect = Refused("no QEMU")
        with self.assertRaisesRegex(Refused, "no QEMU"):
            bench.bench()
        bench._build.assert_not_called()

    def test_a_send_far_above_a_call_of_a_function(self):
        self.vectors["series"]["send vector desc 62"] += 1
        self.refused("  x86_64: send vector desc 62 takes 26.0 more than a call, the goal is 25")

    def test_a_vector_is_taken_by_a_series_only(self):
        del self.vectors["series"]["receive vector desc 1"]
        with self.assertRaisesRegex(Refused, "1 figures are missing, as receive vector desc 1"):
            bench.bench()

    def test_what_grows_with_the_cpus(self):
        self.exact["series"]["take row virqs 64"] = 128.0
        self.refused("  arm64-512: take row virqs depends on the number of CPUs")

    def test_an_image_that_grows(self):
        self.growth["x86_64"] = 1
        self.refused("  x86_64: the image grows by 1, the goal is 0")

    def test_a_figure_that_is_missing(self):
        del self.exact["series"]["take row slab 4"]
        with self.assertRaisesRegex(Refused, "1 figures are missing, as take row slab 4"):
            bench.bench()


class Times(Scratch):
    BASE = [100.0, 101.0, 102.0, 103.0, 104.0, 105.0, 106.0]

    def slower(self, series, level=0.001):
        return bench.slower({"call 1": self.BASE}, {"call 1": series}, level)

    def test_chance_is_exact(self):
        """C(14, 7) is 3432; of 1..4 two are ranked as high as 2 and 4 in 2 of 6 ways."""
        above = [time + 100 for time in self.BASE]
        self.assertEqual(1 / 3432, bench.chance(self.BASE, above))
        self.assertEqual(1.0, bench.chance(above, self.BASE))
        self.assertEqual(2 / 6, bench.chance([1.0, 3.0], [2.0, 4.0]))

    def test_equal_times_share_their_rank(self):
        self.assertEqual(1.0, bench.chance([5.0, 5.0], [5.0, 5.0]))
        # Of 1, 2, 2 the series has one of the 2s: 2 of 3 ways
        self.assertEqual(2 / 3, bench.chance([1.0, 2.0], [2.0]))
        # The ranks are 1, 2.5, 2.5 and 4: but for 1 and 2.5, all pairs reach 5
        self.assertEqual(4 / 6, bench.chance([1.0, 4.0], [2.0, 2.0]))
        self.assertEqual(4 / 6, bench.chance([2.0, 2.0], [1.0, 4.0]))

    def test_times_which_are_clearly_longer_are_refused(self):
        self.assertEqual(["call 1 takes 113 ns, on the base 103 ns with a spread of 3 ns; "
                          "chance does so once in 3432"],
                         self.slower([time + 10 for time in self.BASE]))

    def test_shorter_and_equal_times_are_not(self):
        for series in (self.BASE, [time - 10 for time in self.BASE]):
            self.assertEqual([], self.slower(series, level=0.5))

    def test_what_chance_may_do_is_not_refused(self):
        """Five boots far above, but two of them below."""
        series = [99.0, 98.0, *[200.0] * 5]
        self.assertEqual([], self.slower(series))
        self.assertEqual(1, len(self.slower(series, level=0.2)))

    def test_what_is_less_than_the_spread_is_not_refused(self):
        """0.2 % in each boot of a base of which one boot in four is far off."""
        base = [1000.0, 1000.1, 1000.2, 1000.3, 1000.4, 990.0, 980.0]
        series = [1002.0, 1002.1, 1002.2, 1002.3, 1002.4, 1002.5, 1002.6]
        self.assertEqual(1 / 3432, bench.chance(base, series))
        self.assertEqual([], bench.slower({"call 1": base}, {"call 1": series}, 0.001))

    def test_the_spread_is_between_the_quartiles(self):
        self.assertEqual(3.0, bench.spread(self.BASE))
        self.assertEqual(3.0, bench.spread([*self.BASE[:-1], 999.0]))

    def test_all_times_share_the_level(self):
        level = bench.FALSE_ALARMS / 2
        with mock.patch.object(bench, "slower", return_value=["x"]) as judged:
            times = {"call 1": self.BASE}
            faults = bench._show_clocked({name: {"base": times, "series": times}
                                          for name in bench.CLOCKED})
        self.assertEqual(["malta: x", "malta-8: x"], faults)
        self.assertEqual([level] * 2, [call.kwargs["level"] for call in judged.mock_calls])

    def test_with_all_figures_something_can_be_refused(self):
        figures_at_once = sum(len(bench._machine_wants(name)) for name in bench.CLOCKED)
        least = bench.chance([1.0] * bench.ROUNDS, [2.0] * bench.ROUNDS)
        self.assertLessEqual(least, bench.FALSE_ALARMS / figures_at_once)


class Compiler(Scratch):
    def test_the_major_version_of_the_machines_compiler(self):
        self.set_env(PATH=f"{self.folder}:{os.environ['PATH']}")
        for said in ("14", "14.2.0"):
            write_program(self.folder, "aarch64-linux-gnu-gcc",
                          f"[ $* = -dumpversion ] && echo {said}")
            self.assertEqual(14, bench.gcc_of("arm64-calls"))
        self.assertEqual("gcc 14", bench.compiler(14))


class Show(Scratch):
    def test_table(self):
        lines = list(bench.table(BASE, figures(new_one_1=3.0)))
        self.assertEqual(2 + len(BASE), len(lines))
        self.assertRegex("\n".join(lines), r"(?m)^new one 1 +- +3\.0 +-$")
        self.assertRegex("\n".join(lines), r"(?m)^send row desc 1 +84\.0 +42\.0 +2\.00$")

    def test_times_are_medians_with_their_spread(self):
        lines = list(bench.clocked_table({"call 1": [4.0, 9.0, 5.0]}, {"call 1": [2.0, 2.5, 3.0]}))
        self.assertRegex(lines[1], r"^call 1 +5 \(4\.\.9\) +2 \(2\.\.3\) +2\.00$")

    def test_the_size_of_what_is_loaded(self):
        self.assertEqual(7, bench.loaded_bytes("   text\tdata\t bss\t dec\t hex\tfilename\n"
                                               "      4\t   2\t  1\t  7\t  7\tvmlinux\n"))


    def plot(self, script):
        write_program(self.folder, "gnuplot", script)
        self.set_env(PATH=f"{self.folder}:{os.environ['PATH']}")
        bench.plot({"base": BASE, "series": figures()}, self.folder / "plot.svg")

    def test_the_plot_has_each_curve(self):
        self.plot(f"cat > {self.folder}/script")
        script = (self.folder / "script").read_text()
        self.assertIn(f"set output '{self.folder}/plot.svg'", script)
        self.assertIn("$base_row << EOD\n1 84.0\n2 108.0\n", script)
        self.assertEqual(5, script.count("with linespoints"))

    def test_a_gnuplot_that_fails_is_told(self):
        with self.assertRaisesRegex(Failure, "(?s)gnuplot failed:.*no terminal"):
            self.plot("cat >/dev/null; echo no terminal >&2; exit 1")


class Trees(Project):
    def test_the_benchmark_is_in_the_tree_and_the_rest_stays_untouched(self):
        self.use_base({"Makefile": "VERSION = 6\nPATCHLEVEL = 12\nSUBLEVEL = 5\n",
                       "lib/Makefile": "obj-y += a.o\n", "lib/Kconfig": "config X\n",
                       "kernel/a.c": "int a;\n"})
        self.prepare()
        with mock.patch.object(bench, "FOLDER", self.folder / "bench"):
            (self.folder / "bench").mkdir()
            tree = bench.make_tree("base", "base", self.linux)
            first = (tree / "kernel" / "a.c").stat().st_mtime_ns
            bench.make_tree("base", "base", self.linux)
        self.assertEqual(first, (tree / "kernel" / "a.c").stat().st_mtime_ns)
        self.assertEqual("obj-y += a.o\n" + bench._MAKEFILE,
                         (tree / "lib" / "Makefile").read_text())
        self.assertIn("config IPI_BENCH", (tree / "lib" / "Kconfig").read_text())
        self.assertTrue((tree / "lib" / "ipi_bench.c").exists())
        self.assertNotIn("ipi_bench", (self.linux / "lib" / "Makefile").read_text())


class Descriptions(Scratch):
    def test_every_config_is_there(self):
        for path in (TOP / "bench").glob("*.toml"):
            for config in machine.load(path.stem, TOP / "bench").configs:
                self.assertTrue((TOP / "configs" / f"{config}.config").exists(), config)
