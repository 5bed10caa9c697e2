# SPDX-License-Identifier: GPL-2.0-only
"""Which mutants run where, what counts as noticed, and what is said of the rest."""

import dataclasses
import re
import threading
from collections import Counter
from unittest import mock

from support import Scratch, write_program

from ipi.common import DEFAULT_BASE, Failure, Refused
from ipi.machines import patience
from ipi.measure import mutate
from ipi.measure.mutators import Mutant

GOOD = """\
[    0.100000] KTAP version 1
[    0.110000]     ok 1 case
[    0.120000]     ok 1 case
[    0.130000] ok 1 suite
[    0.140000] WARNING: the base's own
"""


def job(name, path="a.c"):
    return mutate.Job(path, Mutant("f", "line", f"{name} -> ;", "statement", 0, 1, ";"))


class FakeLab:
    """Says of each mutant what it is told to."""
    name = "fake"

    def __init__(self, verdicts, known=()):
        self.benches = ["one", "two"]
        self.prepared, self.tested = [], []
        self._verdicts, self._known = verdicts, known

    def has(self, path):
        return True

    def prepare(self, path):
        self.prepared.append(path)

    def _entry(self, mutant):
        return {"id": mutant.name[3], "how": "", **self._verdicts[mutant]}

    def known(self, mutant):
        return self._entry(mutant) if mutant in self._known else None

    def test(self, bench, mutant):
        self.tested.append(mutant)
        return self._entry(mutant)


class Consoles(Scratch):
    def test_a_failed_case(self):
        console = mutate.Console(GOOD)
        self.assertEqual("case  1 case", console.notices("[   1.0] not ok 1 case"))
        self.assertEqual("", console.notices("[   1.0]     ok 1 case"))

    def test_a_report_that_is_new(self):
        console = mutate.Console(GOOD)
        self.assertEqual("report BUG: new", console.notices("[   1.0] BUG: new"))
        self.assertEqual("", console.notices("[   1.0] WARNING: the base's own"))

    def test_a_case_that_is_missing(self):
        console = mutate.Console(GOOD)
        self.assertEqual("", console.misses(GOOD))
        self.assertEqual("ok 1 case", console.misses(GOOD.replace("ok 1 case", "", 1)))

    def test_a_machine_that_is_harmed_without_a_mutant(self):
        self.assertEqual([], mutate.Console(GOOD.partition("WARN")[0]).faults())
        self.assertEqual(["not ok 2 suite", "WARNING: the base's own"],
                         mutate.Console(GOOD + "not ok 2 suite\n").faults())


class Watches(Scratch):
    def seen(self, script, total=30, silence=30):
        write_program(self.folder, "run", script)
        return mutate.watch([self.folder / "run"], mutate.Console(GOOD),
                            patience.Limits(total, silence), self.folder)

    def watch(self, *words):
        return self.seen(*words).noticed

    def test_nothing_noticed(self):
        self.assertEqual("", self.watch(f"cat <<'E'\n{GOOD}E\n"))

    def test_the_first_notice_ends_it(self):
        self.assertEqual("case  1 case", self.watch("echo ' not ok 1 case'\nsleep 60\n"))

    def test_a_hang(self):
        self.assertEqual("hang: 1 s without a word", self.watch("sleep 60 & sleep 60\n", 30, 1))

    def test_what_goes_on_without_end_hangs_too(self):
        self.assertEqual("hang: 1 s", self.watch("while :; do echo; sleep 0.1; done\n", 1))

    def test_the_longest_silence(self):
        seen = self.seen("echo a; sleep 1.5; echo b; sleep 0.2; echo c\n")
        self.assertEqual("a\nb\nc\n", seen.said)
        self.assertTrue(1.2 < seen.silence < seen.seconds, seen)

    def test_an_early_end(self):
        self.assertEqual("crash before ok 1 case", self.watch("echo 'ok 1 suite'\n"))


class Commands(Scratch):
    def test_an_object(self):
        path = self.folder / ".a.o.cmd"
        path.write_text("savedcmd_k/a.o := ccache gcc -c -o k/a.o /x/k/a.c ; objtool k/a.o\n\nx\n")
        self.assertEqual("gcc -c -o k/a.o /x/k/a.c ; objtool k/a.o", mutate._read_command(path))

    def test_the_last_link_counts(self):
        said = "+ ld -o .tmp_vmlinux1 a\n+ ld -o vmlinux a k1.o\n+ nm -n vmlinux\n"
        self.assertEqual(["ld -o vmlinux a k1.o"], mutate._link_commands(said))
        self.assertEqual(["ld -o vmlinux a k1.o"], mutate._link_commands(
            said.replace("-o vmlinux ", "-o vmlinux.unstripped ")))
        with self.assertRaisesRegex(Failure, "does not say how vmlinux is linked:\nnothing"):
            mutate._link_commands("nothing")

    def test_tables_are_sorted_again(self):
        said = ("+ ld -o vmlinux.unstripped a k1.o\n"
                "+ sorttable vmlinux.unstripped\n"
                "+ ./scripts/sorttable -s nm-sort vmlinux.unstripped\n")
        self.assertEqual(["ld -o vmlinux a k1.o", "./scripts/sorttable -s nm-sort vmlinux"],
                         mutate._link_commands(said))


class Stores(Scratch):
    def test_a_survivor_is_tried_again_on_another_kernel(self):
        path = self.folder / "results"
        results = mutate.Results(path)
        results.put(id="a", verdict="survives", kernel="1")
        results.put(id="b", verdict="caught", kernel="1")
        again = mutate.Results(path)
        self.assertEqual("survives", again.get("a", "1")["verdict"])
        self.assertIsNone(again.get("a", "2"))
        self.assertEqual("caught", again.get("b", "2")["verdict"])

    def survivors(self, text):
        path = self.folder / "survivors.toml"
        path.write_text(text)
        return mutate.known_survivors(path)

    def test_survivors(self):
        text = '[[survivors]]\nwhy = "no"\nare = [["a.c", "f", "x;", "x; -> ;"]]\n'
        self.assertEqual({("a.c", "f", "x;", "x; -> ;"): "no"}, self.survivors(text))
        with self.assertRaisesRegex(Failure, "has this twice"):
            self.survivors(text + text)

    def test_what_a_machine_notices_survives_only_elsewhere(self):
        text = ('[[survivors]]\nwhy = "no"\nmachine = "malta"\n'
                'are = [["a.c", "f", "x;", "x; -> ;"]]\n')
        self.assertEqual({}, self.survivors(text))

    def test_a_survivor_has_to_be_a_mutant(self):
        with mock.patch.object(mutate, "jobs_of", return_value=[job("here")]), \
                mock.patch.object(mutate, "_listed") as listed:
            listed.return_value = {job("here").name: {}}
            mutate.check()
            listed.return_value = {job("here").name: {"machine": "pc"}}
            with mock.patch.dict(mutate.MACHINES, {"a.c": ["um"]}), \
                    self.assertRaisesRegex(Refused, r"pc does not test a\.c"):
                mutate.check()
            listed.return_value = {job("gone").name: {}}
            with self.assertRaisesRegex(Refused, r"there is not: a\.c \| f \| line \| gone"):
                mutate.check()


class Linked(Scratch):
    def test_what_make_compiles_again_has_no_mutant(self):
        bench = object.__new__(mutate.Bench)
        bench.folder, bench.described = self.folder, mutate.UM
        made = self.folder / "a.o"
        made.write_text("mutant")
        code = bench._code("a.c")
        with mock.patch.object(bench, "link"):
            bench.link_with("a.c", code)
        with mock.patch.object(bench, "link", lambda: made.write_text("whole")), \
                self.assertRaisesRegex(Failure, "a.c was compiled again when um was linked"):
            bench.link_with("a.c", code)


class Machines(Scratch):
    def test_user_mode_with_cpus_comes_before_qemu(self):
        self.assertEqual(["um", "x86_64"], mutate.anywhere("6.12"))
        self.assertEqual(["um", "um-smp", "x86_64"], mutate.anywhere("7.3"))

    def test_cpus_do_not_share(self):
        with mock.patch.object(mutate.build, "jobs", return_value=4):
            benches = [mutate.benches_for(mutate._described(name))
                       for name in ("um", "malta-8", "um-smp", "x86_64")]
        self.assertEqual([4, 4, 1, 1], benches)

    def test_the_words_of_user_mode(self):
        bench = object.__new__(mutate.Bench)
        bench.described, bench.folder = mutate._described("um-smp"), self.folder
        with mock.patch.object(mutate, "watch") as watch:
            bench.run(mutate.Console(), patience.Limits(1, 1), " kunit.filter=speed>slow")
        command = watch.call_args[0][0]
        self.assertIn("ncpus=4", command)
        self.assertIn("kunit.filter=speed>slow", command)


class Runs(Scratch):
    def stages(self, labs, paths=("a.c",), **options):
        """{change: verdict} of run_stages() with @labs as {machine: FakeLab}."""
        jobs = sorted({one for lab in labs.values() for one in lab._verdicts},
                      key=lambda one: one.name)
        with mock.patch.object(mutate, "Lab", side_effect=labs.get) as self.lab, \
                mock.patch.object(mutate, "jobs_of", return_value=jobs):
            best = mutate.run_stages(list(paths), list(labs), **options)
        return {one.name[3][0]: entry["verdict"] for one, entry in best.items()}

    def test_a_file_is_tested_by_what_can_notice(self):
        for path, name, words in (
                (mutate.CORE[0], "um", " kunit.filter=speed>very_slow"),
                (mutate.CORE[0], "um-smp", " kunit.filter=speed>slow"),
                ("kernel/irq/matrix.c", "x86_64",
                 " kunit.filter_glob=*-[mx][a8][t6]* kunit.filter=speed>very_slow"),
                ("arch/mips/kernel/smp-gic.c", "malta", " kunit.filter_glob=ipi-mips-*")):
            one = dataclasses.replace(job("1"), path=path)
            self.stages({name: FakeLab({one: {"verdict": "caught"}})}, [path])
            self.assertEqual([mock.call(name, words)], self.lab.call_args_list)

    def test_files_together_need_all_cases(self):
        ones = [dataclasses.replace(job("1"), path=path)
                for path in ("kernel/irq/irqdesc.c", "arch/mips/kernel/smp-gic.c")]
        self.stages({"malta": FakeLab(dict.fromkeys(ones, {"verdict": "caught"}))},
                    [one.path for one in ones])
        self.assertEqual([mock.call("malta", "")], self.lab.call_args_list)

    def test_what_is_known_does_not_run(self):
        one, two = job("1"), job("2")
        lab = FakeLab({one: {"verdict": "caught"}, two: {"verdict": "caught"}}, [one])
        self.assertEqual({"1": "caught", "2": "caught"}, self.stages({"um": lab}))
        self.assertEqual([two], lab.tested)
        self.assertIn("1 of 2 are known", self.said.getvalue())

    def test_the_next_machine_gets_what_is_undecided(self):
        jobs = [job(name) for name in "12345"]
        first = FakeLab(dict(zip(jobs, (
            {"verdict": "caught"}, {"verdict": "survives"}, {"verdict": "same"},
            {"verdict": "twin", "how": jobs[0].name[3]},
            {"verdict": "twin", "how": jobs[1].name[3]}))))
        second = FakeLab({jobs[1]: {"verdict": "caught"}, jobs[2]: {"verdict": "survives"},
                          jobs[4]: {"verdict": "same"}})
        self.assertEqual({"1": "caught", "2": "caught", "3": "survives", "4": "twin", "5": "twin"},
                         self.stages({"um": first, "x86_64": second}))
        self.assertEqual([jobs[1], jobs[2], jobs[4]], sorted(second.tested, key=lambda j: j.name))

    def test_who_had_no_turn_is_no_survivor(self):
        one, two = job("1"), job("2")
        first = FakeLab({one: {"verdict": "survives"}, two: {"verdict": "caught"}})
        second = FakeLab({one: {"verdict": "caught"}})
        clock = [0]
        second.prepare = lambda path: clock.append(99)
        with mock.patch.object(mutate.time, "monotonic", side_effect=lambda: clock[-1]):
            self.assertEqual({"2": "caught"},
                             self.stages({"um": first, "x86_64": second}, seconds=3))
        self.assertEqual([], second.tested)

    def test_a_survivor_of_a_sample_and_what_hangs_have_a_second_try(self):
        bench = mock.Mock(**{"compile.return_value": ("", "code")})
        nothing, caught, hangs = (mutate.Seen(noticed, "", 1, 1)
                                  for noticed in ("", "case 1", "hang: 1 s"))
        for arch, tries, runs, verdict, count in (
                ("um", 1, [nothing], "survives", 1),
                ("um", 2, [nothing, caught], "caught", 2), ("um", 3, [caught], "caught", 1),
                ("um", 1, [hangs, nothing], "survives", 2),
                ("um", 1, [hangs, hangs], "caught", 2), ("mips", 1, [hangs], "caught", 1)):
            bench.described.arch = arch
            lab = object.__new__(mutate.Lab)
            lab._unharmed, lab._twins, lab._lock = {"a.c": "other"}, {}, threading.Lock()
            lab.console = lab._words = None
            lab.limits, lab.tries = patience.Limits(2, 1), tries
            bench.run.side_effect = runs
            with mock.patch.object(lab, "_ident", return_value="id"), \
                    mock.patch.object(mutate, "_source", return_value=""):
                found = lab._judge(bench, mock.Mock(path="a.c"))
            self.assertEqual((verdict, count), (found["verdict"], bench.run.call_count))
            bench.run.reset_mock()

    def test_what_cannot_be_compiled_for_want_of_a_header_is_no_verdict(self):
        lab = object.__new__(mutate.Lab)
        bench = mock.Mock(**{"compile.return_value": ("a.h:5:10: fatal error: b.h: No such", None)})
        with mock.patch.object(mutate, "_source", return_value=""), \
                self.assertRaisesRegex(Failure, "a.c cannot be compiled while .* the tree:\na.h:5"):
            lab._judge(bench, mock.Mock(path="a.c"))

    def test_a_sample_is_what_user_mode_linux_has_to_notice(self):
        jobs = [job("1"), job("2"), job("3")]
        with mock.patch.object(mutate, "_listed", return_value={job("2").name: {}}), \
                mock.patch.object(mutate, "run_stages", return_value={}) as stages, \
                self.assertRaisesRegex(Failure, "no time for a mutant"):
            mutate.sample()
        (_, machines), words = stages.call_args
        self.assertTrue(set(machines) <= {"um", "um-smp"})
        self.assertCountEqual([job("1"), job("3")], words["choose"](jobs))
        self.assertEqual(mutate.SAMPLE_SECONDS, words["seconds"])

    def test_the_score(self):
        best = {job("1"): {"verdict": "caught", "machine": "um", "how": ""},
                job("2"): {"verdict": "survives"}, job("3"): {"verdict": "survives"},
                job("4"): {"verdict": "same"}, job("5"): {"verdict": "survives"}}
        counts, unknown = mutate._split(best, {job("2").name: "why",
                                               job("5").name: "Equivalent: x"})
        self.assertEqual([job("3")], unknown)
        self.assertIn("| `a.c` | 3 | 1 | 1 | 1 | 33.3 % |", mutate.score(counts))
        self.assertIn(" 2 are the same code as before or equivalent", mutate.score(counts))
        with mock.patch.object(mutate, "_listed", return_value={job("1").name: {"why": "no"}}), \
                self.assertRaisesRegex(Refused, r"nothing noticed a\.c \| f \| line \| 2"):
            mutate._conclude("mutate", best)
        self.assertIn("listed, but caught on um", self.said.getvalue())

    def test_what_the_sample_cannot_notice_has_to_be_listed(self):
        found = {"1": "malta", "2": "um", "3": "malta", "4": None, "5": "x86_64"}
        best = {job(name): {"id": name, "verdict": "caught", "how": "", "machine": machine}
                for name, machine in found.items()}
        best[job("4")].update(verdict="twin", how="1")
        best[job("6")] = {"id": "6", "verdict": "survives", "how": "", "machine": "malta"}
        for base, expected in (("7.3", ["malta|1", "malta|4"]), (DEFAULT_BASE, [])):
            with mock.patch.object(mutate, "BASE", base), \
                    mock.patch.object(mutate, "CORE", ["a.c"]), \
                    mock.patch.object(mutate, "_sampled", return_value=["um"]):
                reasons = mutate._beyond_the_sample(best, {job("3").name: {}, job("5").name: {}})
            self.assertEqual(expected, [re.sub(r"only (\S+) .* (\d) ->.*", r"\1|\2", reason)
                                        for reason in reasons])

    def test_a_machine_that_is_named_is_asked_alone(self):
        best = {job("1"): {"id": "1", "verdict": "caught", "how": "", "machine": "malta"}}
        for words, fails in (((), True), (("malta",), False)):
            with mock.patch.object(mutate, "run_stages", return_value=best), \
                    mock.patch.object(mutate, "BASE", "7.3"), \
                    mock.patch.object(mutate, "CORE", ["a.c"]), \
                    mock.patch.object(mutate, "note_score"), \
                    mock.patch.object(mutate, "SCORE", self.folder / "score.md"):
                if fails:
                    self.assertRaisesRegex(Refused, "only malta notices", mutate.mutate, *words)
                else:
                    mutate.mutate(*words)

    def test_the_score_is_noted_where_its_file_stands(self):
        readme, rows = self.folder / "README.md", "| `a.c` | 1 |\n| `b.c` | 2 |\n| the core | 3 |\n"
        readme.write_text(f"Before\n{rows}After\n")
        mutate.note_score({"a.c": Counter(caught=3, listed=1)}, readme)
        self.assertEqual("Before\n| `a.c` | 4 | 3 | 1 | 0 | 75.0 % |\n| `b.c` | 2 |\n"
                         "| the core | 3 |\nAfter\n", readme.read_text())
        mutate.note_score(dict.fromkeys(mutate.CORE, Counter(caught=1)), readme)
        self.assertIn(f"| the core | {len(mutate.CORE)} | {len(mutate.CORE)} | 0 | 0 | 100.0 % |",
                      readme.read_text())

    def test_a_file_without_a_machine(self):
        with self.assertRaisesRegex(Failure, "there is no kernel/x.c"):
            mutate.mutate("kernel/x.c")
