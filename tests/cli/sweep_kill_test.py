"""Sweeps that are killed at random moments, whole or in part: every run is finished exactly once in the end."""

import json
import os
import random
import resource
import signal
import subprocess
import threading

from support import SACTOOL, SactoolCase

KILLS = 20
SPEC = """
[data]
name = "blobs"
samples = 512
[model]
name = "linear"
[train]
steps = 400
batch_size = 8
checkpoint_every = 100
[sweep]
seeds = 3
[sweep.parameters]
"strategy.name" = ["sync_sgd", "async_sgd"]
"optimizer.lr" = [0.1, 0.05]
"""
POINTS = "SELECT series, step, seconds, samples, wire_bytes, value FROM v_metrics WHERE name = '{}' ORDER BY series, step"


def descendants(pid):
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            return [int(child) for child in file.read().split()]
    except (FileNotFoundError, ProcessLookupError):
        return []


class SweepKill(SactoolCase):
    def start(self, path):
        return subprocess.Popen([SACTOOL, "sweep", str(path), "--db", str(self.database), "--jobs", "2", "-q"],
                                cwd=self.folder, env=self.environment, stderr=subprocess.DEVNULL)

    def assert_whole(self, path):
        done = self.sactool("sweep", path, "--db", self.database, "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.rows("PRAGMA integrity_check"), [{"integrity_check": "ok"}])
        self.assertEqual(self.rows("PRAGMA foreign_key_check"), [])
        rows = self.rows("SELECT name, key, status, params_sha256, seconds FROM runs ORDER BY key")
        self.assertEqual({row["status"] for row in rows}, {"FINISHED"})
        self.assertEqual(len({row["key"] for row in rows}), len(rows))
        self.assertFalse((self.folder / "runs.checkpoints").exists())
        killed, self.database = self.database, self.folder / "whole.db"
        self.assertEqual(self.sactool("sweep", path, "--db", self.database).returncode, 0)
        self.assertEqual(self.rows("SELECT name, key, status, params_sha256, seconds FROM runs ORDER BY key"), rows)
        for row in rows:
            whole = self.rows(POINTS.format(row["name"]))
            self.database, other = killed, self.database
            self.assertEqual(self.rows(POINTS.format(row["name"])), whole, row["name"])
            self.database = other

    def test_killed_twenty_times_every_run_is_finished_exactly_once(self):
        path = self.write("sweep.toml", SPEC)
        chance = random.Random(int(os.environ.get("SACTOOL_TEST_SEED", "1")))
        kills = 0
        while kills < KILLS:
            sweep = self.start(path)
            self.addCleanup(sweep.kill)
            try:
                sweep.wait(timeout=chance.uniform(0.05, 2.5))
            except subprocess.TimeoutExpired:
                children = descendants(sweep.pid)
                victim = chance.choice([sweep.pid, *children])
                os.kill(victim, signal.SIGKILL)
                if victim != sweep.pid:
                    sweep.kill() if chance.random() < 0.5 else sweep.send_signal(signal.SIGINT)
                sweep.wait()
            kills += 1
        self.assert_whole(path)

    def test_of_two_sweeps_the_survivor_takes_over(self):
        path = self.write("sweep.toml", SPEC)
        both = [self.start(path), self.start(path)]
        for sweep in both:
            self.addCleanup(sweep.kill)
        killer = threading.Timer(1.5, both[0].kill)
        killer.start()
        both[0].wait()
        self.assertEqual(both[1].wait(), 0)
        self.assert_whole(path)

    def test_an_interrupt_stops_it_resumable(self):
        path = self.write("sweep.toml", SPEC.replace("steps = 400", "steps = 4000"))
        sweep = self.start(path)
        self.addCleanup(sweep.kill)
        while not (self.folder / "runs.checkpoints").exists():
            self.assertIsNone(sweep.poll())
        sweep.send_signal(signal.SIGINT)
        self.assertEqual(sweep.wait(), 75)
        statuses = {row["status"] for row in self.rows("SELECT status FROM runs")}
        self.assertLessEqual(statuses, {"KILLED", "SCHEDULED", "FINISHED"})
        self.assertIn("KILLED", statuses)
        self.assert_whole(path)

    def test_a_full_disk_ends_the_sweep_with_one_clear_line_and_loses_nothing(self):
        path = self.write("sweep.toml", SPEC)
        self.assertEqual(self.sactool("sweep", path, "--db", self.database, "--take", "2").returncode, 0)
        finished = self.rows("SELECT * FROM runs WHERE status = 'FINISHED'")
        limit = self.database.stat().st_size + 4096
        done = subprocess.run([SACTOOL, "sweep", str(path), "--db", str(self.database)], cwd=self.folder, text=True,
                              env=self.environment, capture_output=True,
                              preexec_fn=lambda: (signal.signal(signal.SIGXFSZ, signal.SIG_IGN),
                                                  resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))))
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn("runs.db", done.stderr.splitlines()[-1])
        self.assertEqual(self.rows("PRAGMA integrity_check"), [{"integrity_check": "ok"}])
        kept = {row["run"]: row for row in self.rows("SELECT * FROM runs WHERE status = 'FINISHED'")}
        for row in finished:
            self.assertEqual(kept[row["run"]], row)
        self.assert_whole(path)
