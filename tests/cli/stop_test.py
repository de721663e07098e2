"""Runs that are stopped, killed, and taken up again."""

import json
import os
import pty
import signal
import subprocess

from support import SACTOOL, TINY, SactoolCase

# A second or two of training: long enough to be interrupted, short enough to be repeated.
LONG = [*TINY, "--strategy", "async_sgd", "--workers", "8", "--steps", "6000", "--set", "cluster.compute.model=pareto",
        "--set", "cluster.compute.seconds_per_step=0.01", "--set", "train.eval_every=700"]


class Stop(SactoolCase):
    def start(self, *arguments):
        """Starts a run with a terminal for its progress; returns it once the first progress line has come."""
        reader, terminal = pty.openpty()
        self.addCleanup(os.close, reader)
        child = subprocess.Popen([SACTOOL, "train", *arguments, "--db", str(self.database)], cwd=self.folder,
                                 env=self.environment, stdout=subprocess.PIPE, stderr=terminal, text=True)
        os.close(terminal)
        self.addCleanup(child.stdout.close)
        self.addCleanup(child.wait)
        self.addCleanup(child.kill)
        self.assertIn(b"step ", os.read(reader, 4096))
        child.screen = reader
        return child

    def finish(self, child):
        output = child.stdout.read()
        return child.wait(), output

    def resume(self, *arguments):
        done = self.sactool("train", "--json", "--db", self.database, "--resume", *arguments)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def assert_same_end(self, resumed, *arguments):
        interrupted_database, self.database = self.database, self.folder / f"{self.database.stem}-whole.db"
        done = self.sactool("train", "--json", *arguments, "--db", self.database)
        whole = json.loads(done.stdout)
        for key in ["key", "params_sha256", "seconds", "steps", "final", "time", "traffic", "staleness"]:
            self.assertEqual(resumed[key], whole[key], key)
        points = "SELECT series, step, seconds, samples, wire_bytes, value FROM v_metrics ORDER BY series, step"
        whole_points, self.database = self.rows(points), interrupted_database
        self.assertEqual(self.rows(points), whole_points)

    def test_an_interrupt_leaves_a_run_that_resumes_to_the_same_end(self):
        for stop in [signal.SIGINT, signal.SIGTERM]:
            with self.subTest(stop):
                self.database = self.folder / f"{stop.name}.db"
                child = self.start("--json", *LONG)
                child.send_signal(stop)
                code, output = self.finish(child)
                self.assertEqual(code, 75)
                stopped = json.loads(output)
                self.assertEqual(stopped["status"], "KILLED")
                row, = self.rows("SELECT status, resumable FROM v_runs")
                self.assertEqual(row, {"status": "KILLED", "resumable": 1})
                resumed = self.resume(str(stopped["run"]), "--slots", "1")
                self.assertEqual((resumed["run"], resumed["status"]), (stopped["run"], "FINISHED"))
                self.assertFalse((self.folder / f"{stop.name}.checkpoints").exists())
                self.assert_same_end(resumed, *LONG)

    def test_the_message_says_how_to_go_on(self):
        child = self.start(*LONG)
        child.send_signal(signal.SIGINT)
        self.assertEqual(self.finish(child)[0], 75)
        screen = os.read(child.screen, 65536).decode()
        self.assertIn("sactool train --resume 1 --db", screen)

    def test_the_second_interrupt_stops_now(self):
        endless = [*LONG, "--steps", "100000000"]
        endless.remove("6000")
        endless.remove("--steps")
        for stop, code in [(signal.SIGINT, 130), (signal.SIGTERM, 143)]:
            child = self.start(*endless)
            child.send_signal(signal.SIGSTOP)
            child.send_signal(stop)
            child.send_signal(signal.SIGCONT)
            while b"once more" not in os.read(child.screen, 4096):
                pass
            child.send_signal(stop)
            self.assertIn(self.finish(child)[0], [code, 75])

    def test_a_killed_run_is_crashed_and_its_database_sound(self):
        child = self.start(*LONG, "--set", "train.checkpoint_every=100")
        folder = self.folder / "runs.checkpoints" / "async_sgd-w8-s0"
        while not (folder.exists() and any(path.name[5:].isdigit() for path in folder.iterdir())):
            os.read(child.screen, 4096)
        child.kill()
        child.wait()
        self.assertEqual(self.rows("PRAGMA integrity_check"), [{"integrity_check": "ok"}])
        runs = json.loads(self.sactool("runs", "ls", "--json", "--db", self.database).stdout)
        self.assertEqual([run["status"] for run in runs], ["CRASHED"])
        resumed = self.resume("1")
        self.assertEqual(resumed["status"], "FINISHED")
        self.assert_same_end(resumed, *LONG, "--set", "train.checkpoint_every=100")

    def test_a_killed_run_without_a_checkpoint_cannot_be_resumed(self):
        child = self.start(*LONG)
        child.kill()
        child.wait()
        self.assert_refused(self.sactool("train", "--resume", "1", "--db", self.database), "has no whole checkpoint")
