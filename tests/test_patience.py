# SPDX-License-Identifier: GPL-2.0-only
"""A QEMU that hangs is ended, one for which the host has no time is not."""

import os
import subprocess
import unittest
from pathlib import Path
from unittest import mock

from support import Scratch, write_program

from ipi.machines import patience

NEVER = 10 ** 6
LIMITS = patience.Limits(total=100, silence=20)


class Host:
    """A process, its console and a clock, none of which is there: a poll is a second."""

    def __init__(self, ends=1000, says=lambda second: b"", waits=lambda second: {}):
        self.second, self.ends, self.says, self.waits = 0, ends, says, waits
        self.console, self.asked = b"", []

    def ask(self):
        self.asked.append(self.second)
        return b"CPU#0\n"

    def wait(self, _):
        self.second += 1
        self.console += self.says(self.second)
        if self.second >= self.ends:
            return 0
        raise subprocess.TimeoutExpired("qemu", 1)

    def run(self, limits=LIMITS):
        """(why it was ended, in which second)."""
        watch = patience.Watch(limits, lambda: {name: ns * 10 ** 9 for name, ns in
                                                self.waits(self.second).items()},
                               lambda: self.second)
        with mock.patch.object(patience, "_read", lambda _: self.console):
            return patience.wait(self, watch, None, self.ask)[0], self.second


def talk(second):
    return b"round %d\n" % second


class Watch(unittest.TestCase):
    def test_one_that_ends(self):
        self.assertEqual(("", 99), Host(ends=99, says=talk).run())

    def test_one_that_talks_on(self):
        self.assertEqual(("time-out: QEMU was ended after 100 s", 100), Host(says=talk).run())

    def test_a_silent_one(self):
        host = Host(says=lambda second: talk(second) if second <= 30 else b"")
        self.assertEqual(("hang: QEMU was ended after 20 s without a word", 50), host.run())

    def test_one_that_never_says_a_word(self):
        self.assertEqual(20, Host().run()[1])

    def test_a_starved_one_survives(self):
        """Five sixths of the time nothing runs: six times as long is allowed."""
        def waits(second):
            return {"cpu0": second * 5 / 6}
        self.assertEqual(("", 550), Host(550, lambda second: talk(second) * (not second % 100),
                                         waits).run())
        self.assertEqual(120, Host(waits=waits).run()[1])
        self.assertEqual(600, Host(says=talk, waits=waits).run()[1])

    def test_cpus_that_spin_do_not_stop_the_clock(self):
        """Four threads on two cores: each waits half of the time."""
        host = Host(waits=lambda second: dict.fromkeys(range(4), second / 2))
        self.assertEqual(40, host.run()[1])

    def test_an_interval_counts_for_no_more_than_it_is(self):
        """A wait is told when it ends, a new thread has its own from the start."""
        host = Host(waits=lambda second: {"cpu0": 50 * (second >= 5), second: 0})
        self.assertEqual(21, host.run()[1])

    def test_a_thread_that_is_gone_gives_nothing_back(self):
        host = Host(waits=lambda second: {"cpu0": 9 if second < 5 else 0} if second < 8 else {})
        self.assertEqual(20, host.run()[1])

    def test_a_longer_silence_until_something_is_said(self):
        limits = patience.Limits(NEVER, silence=20, first=60, until=b"ok 1")
        self.assertEqual(60, Host().run(limits)[1])
        host = Host(says=lambda second: b"ok 1\n" if second == 50 else b"")
        self.assertEqual(("hang: QEMU was ended after 20 s without a word", 70), host.run(limits))

    def test_what_is_said_again_and_again_is_no_sign_of_life(self):
        def ticks(second):
            return b"[ 9.0] scftorture:  scf_invoked_count VER: 9\n" * (not second % 10)

        def stalls(second):
            return b"[ 9.0] rcu: INFO: rcu_sched self-detected stall on CPU\n[ 9.0] CPU: 1\n"
        for says in (ticks, stalls, lambda second: b"."):
            self.assertEqual(20, Host(says=says).run()[1])


    def test_who_stalls_is_asked_once_and_at_once(self):
        host = Host(ends=15, says=lambda second: b"[ 9.0] rcu: INFO: rcu_sched detected stalls\n"
                    * (second in (5, 9)))
        self.assertEqual((("", 15), [5]), (host.run(), host.asked))
        host = Host(ends=15, says=talk)
        self.assertEqual((("", 15), []), (host.run(), host.asked))


class Run(Scratch):
    """With a real process, which ends by itself or would not for a minute."""

    def run_fake(self, script, limits=patience.Limits(NEVER, NEVER), **options):
        write_program(self.folder, "qemu", script)
        log = self.folder / "log"
        end = patience.run([str(self.folder / "qemu")], log, limits, **options)
        return end, log.read_text()

    def test_status_and_console(self):
        self.assertEqual((patience.End(3, ""), "hello\n"), self.run_fake("echo hello; exit 3"))

    def test_a_console_to_look_at_meanwhile(self):
        for verbose, said in (("", ""), ("1", "hello\nagain\n")):
            self.set_env(IPI_VERBOSE=verbose)
            self.run_fake("echo hello; sleep 1.5; echo again")
            self.assertEqual(said, self.said.getvalue())

    def test_it_is_ended(self):
        end, _ = self.run_fake("exec sleep 60", patience.Limits(NEVER, 0))
        self.assertEqual((-9, True), (end.status, end.why.startswith("hang")))

    def test_what_it_says_when_asked_is_behind_its_console(self):
        _, log = self.run_fake("echo hello; exec sleep 60", patience.Limits(NEVER, 0),
                               ask=lambda: b"CPU#0\n")
        self.assertEqual("hello\nCPU#0\n", log)
        stall = "rcu: INFO: rcu_sched detected stalls"
        _, log = self.run_fake(f"echo {stall}; sleep 1.5; echo hello", ask=lambda: b"CPU#0\n")
        self.assertEqual(f"{stall}\nhello\nCPU#0\n", log)
        _, log = self.run_fake("echo hello", ask=lambda: self.fail("nothing to ask"))
        self.assertEqual("hello\n", log)

    def test_it_is_behind_the_console_where_that_is_another_file(self):
        console = self.folder / "console"
        _, log = self.run_fake(f"echo hello > {console}; exec sleep 60",
                               patience.Limits(NEVER, 1), console=console,
                               ask=lambda: b"CPU#0\n")
        self.assertEqual(("hello\nCPU#0\n", ""), (console.read_text(), log))

    def test_a_long_wait_is_behind_its_console(self):
        for seconds, said in ((9, ""), (40, "\nthe host had no CPU for 40 s at once\n")):
            waits = iter([0, 0, seconds * 10 ** 9])
            with mock.patch.object(patience, "host_waits",
                                   lambda _, waits=waits: {"cpu0": next(waits)}):
                _, log = self.run_fake("echo hello; sleep 2.5")
            self.assertEqual(f"hello\n{said}", log)

    def test_its_child_is_ended_and_it_tells_what_it_saw(self):
        """As kunit.py does; the other file is what QEMU says."""
        console = self.folder / "console"
        script = (f"sh -c 'echo ready > {console}; exec sleep 60'\n"
                  "echo status $?; exit 1")
        end, text = self.run_fake(script, patience.Limits(NEVER, 0, NEVER, b"ready"),
                                  console=console)
        self.assertEqual((1, True), (end.status, end.why.startswith("hang")))
        self.assertIn("status 137\n", text)

    @unittest.skipUnless(Path("/proc/self/schedstat").exists(), "no schedstat")
    def test_waits_are_those_of_a_process_and_its_child(self):
        children = []
        with subprocess.Popen(["sh", "-c", "sleep 60; exit 0"],
                              stderr=subprocess.DEVNULL) as process:
            while not children and process.poll() is None:
                children = patience._children(process.pid)
            waits = patience.host_waits(process.pid)
            patience._end(process.pid)
        for pid in (process.pid, *children):
            self.assertTrue(any(f"/{pid}/task/" in str(path) for path in waits), pid)

    def test_what_is_stolen_from_the_host(self):
        """The eighth of the figures, in hundredths of a second."""
        stat = b"cpu  1 2 3 4 5 6 7 90 0 0\ncpu0 1 2 3 4 5 6 7 50 9 9\ncpu1 1 2 3 4 5 6 7 40 9 9\n"
        with (mock.patch.object(patience, "_read", return_value=stat),
              mock.patch.object(patience, "_USER_HZ", 100)):
            self.assertEqual({b"cpu0": 500000000, b"cpu1": 400000000}, patience._stolen())
        with mock.patch.object(patience, "_stolen", lambda: {b"cpu0": 7}):
            self.assertEqual(7, patience.host_waits(os.getpid())[b"cpu0"])

    def test_a_child_may_go_meanwhile(self):
        with (mock.patch.object(patience, "_children", return_value=[1 << 30]),
              mock.patch.object(patience.Path, "glob", side_effect=FileNotFoundError)):
            self.assertEqual(patience._stolen().keys(), patience.host_waits(os.getpid()).keys())
