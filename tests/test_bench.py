# SPDX-License-Identifier: GPL-2.0-only
"""The figures of ./ipi bench: how they are read, compared and shown."""

import json
import os
from unittest import mock

from support import TOP, Project, Scratch, write_program

import bench
import machine
from common import Failure, Refused

GOOD = ("[    0.1] bench: send row desc 1 4400\r\n"
        "[    0.2] bench: receive row domain 1 6543\r\n"
        "[    0.3] bench: take row slab 4 1536\r\n"
        "[    0.4] bench: end\r\n")


def figures(scale=1.0, **changed):
    """Figures of one tree that reach every goal, as {what: figure}."""
    known = {what: (30 + 13 * int(what.split()[-1])) * scale for what in bench.MOCK}
    known |= {f"send mask desc {n}": 25.0 for n in bench.TARGETS}
    return known | {what.replace("_", " "): cost for what, cost in changed.items()}


BASE = figures(2.0)


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

    def test_a_machine_with_cpus_reports_its_own_ipis(self):
        wanted = bench._machine_wants("malta")
        self.assertIn("send machine desc 3", wanted)
        self.assertNotIn("send machine desc 4", wanted)
        self.assertIn("call smp many 7", bench._machine_wants(bench.CALLS))


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
        self.assertEqual([], bench.missed(BASE, figures()))

    def test_each_goal_can_be_missed(self):
        for changed, reason in (({"send_row_desc_1": 46.0}, "the goal is 45"),
                                ({"send_row_desc_64": 901.0}, "the goal is 900"),
                                ({"send_uniform_desc_8": 999.0}, "on the base"),
                                ({"send_gaps_all_2": 999.0}, "on the base"),
                                ({"receive_tree_domain_1": 181.0}, "on the base"),
                                ({"send_mask_desc_64": 24.0}, "depends on the number")):
            faults = bench.missed(BASE, figures(**changed))
            self.assertEqual(1, len(faults), faults)
            self.assertIn(reason, faults[0])

    def test_what_must_not_grow_with_the_cpus(self):
        taken = dict.fromkeys(bench.TAKEN, 2.0)
        self.assertEqual([], bench.dependent({**taken, "take row slab 64": 9.0}))
        self.assertEqual(["take row virqs depends on the number of CPUs"],
                         bench.dependent({**taken, "take row virqs 64": 128.0}))


class Verdict(Scratch):
    """quick() with a kernel that is not built and figures that are given."""

    def quick(self, measured, recorded):
        path = self.folder / "recorded.json"
        path.write_text(json.dumps({"exact": {"arm64": recorded}}))
        with (mock.patch.object(bench, "RECORDED", path),
              mock.patch.object(bench, "_make_trees"), mock.patch.object(bench, "_build"),
              mock.patch.object(bench, "_run", return_value=measured)):
            bench.quick()

    def test_the_recorded_figures_pass(self):
        self.quick(figures(), {"base": BASE, "series": figures()})
        self.assertIn("PASS: bench", self.said.getvalue())

    def test_a_worse_figure_fails_and_is_named(self):
        with self.assertRaisesRegex(Refused, "1 figures are not"):
            self.quick(figures(send_gaps_virq_4=90.0), {"base": BASE, "series": figures()})
        self.assertIn("send gaps virq 4 takes 90.0", self.said.getvalue())

    def test_a_missing_figure_fails(self):
        measured = figures()
        del measured["send tree all 64"]
        with self.assertRaisesRegex(Refused, "missing, as send tree all 64"):
            self.quick(measured, {"base": BASE, "series": figures()})

    def test_what_is_recorded_is_complete(self):
        recorded = bench._recorded()["exact"]
        self.assertEqual([], bench.missed(**recorded["arm64"]))
        self.assertEqual([], bench.missed(**recorded[bench.RESOURCES], reach={}))
        self.assertEqual([], bench.dependent(recorded[bench.RESOURCES]["series"]))
        self.assertLessEqual(bench._machine_wants(bench.CALLS),
                             recorded[bench.CALLS]["series"].keys())


class Show(Scratch):
    def test_table(self):
        lines = list(bench.table(BASE, figures(new_one=3.0)))
        self.assertEqual(1 + len(BASE), len(lines))
        self.assertRegex("\n".join(lines), r"(?m)^send row desc 1 +86\.0 +43\.0 +2\.00$")

    def test_times_are_medians_with_their_spread(self):
        lines = list(bench.clocked_table({"call 1": [4.0, 9.0, 5.0]}, {"call 1": [2.0, 2.5, 3.0]}))
        self.assertRegex(lines[1], r"^call 1 +5 \(4\.\.9\) +2 \(2\.\.3\) +2\.00$")

    def test_slower_is_slower_outside_of_the_spread_only(self):
        self.assertEqual([], bench.slower({"call 1": [4.0, 6.0]}, {"call 1": [6.0, 9.0]}))
        self.assertEqual(1, len(bench.slower({"call 1": [4.0, 6.0]}, {"call 1": [6.1, 9.0]})))

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
        self.assertIn("$base_row << EOD\n1 86.0\n2 112.0\n", script)
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
