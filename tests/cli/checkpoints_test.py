"""Checkpoints on the disk: what they hold, how many stay, what is done of damaged ones, and kills at any moment."""

import hashlib
import json
import os
import shutil
import signal
import struct
import subprocess

from support import SACTOOL, TINY, SactoolCase

EVERY = ["--steps", "50", "--set", "train.checkpoint_every=10", "--set", "train.log_every=7"]
KILLED = [*TINY, "--strategy", "async_sgd", "--workers", "4", "--steps", "1200", "--set", "cluster.compute.model=pareto",
          "--set", "train.checkpoint_every=20", "--set", "train.checkpoints_kept=2"]
LONG = [*TINY, "--steps", "3000", "--set", "train.checkpoint_every=50"]
FOUR = ["--workers", "4", "--set", "train.checkpoint_every=4", "--set", "train.dtype=float64", "--set", "train.batch_size=4"]
IMAGES = ["--steps", "16", "--set", "data.name=fashion_mnist", "--set", "data.test_limit=64", "--set", "data.train_limit=512",
          "--set", "model.name=resnet20", "--set", "optimizer.momentum=0.9"]
TEXT = ["--steps", "60", "--set", "data.name=text", "--set", "data.context=16", "--set", "data.file=fox.txt", "--set",
        "model.name=transformer_lm", "--set", "model.layers=2", "--set", "model.heads=2", "--set", "model.width=64", "--set",
        "model.dropout=0.2", "--set", "optimizer.name=adamw", "--set", "optimizer.lr=0.01"]
GROWING = ["--set", "train.batch_warmup_steps=50", "--set", "train.batch_start=1"]


def tensors_of(path):
    """Names and shapes of a safetensors file."""
    content = path.read_bytes()
    length, = struct.unpack("<Q", content[:8])
    return {name: entry["shape"] for name, entry in json.loads(content[8:8 + length]).items()}


class Checkpoints(SactoolCase):
    def checkpoints(self, run):
        folder = self.folder / "runs.checkpoints" / run
        names = os.listdir(folder) if folder.exists() else []
        return sorted((name for name in names if name[5:].isdigit()), key=lambda name: int(name[5:]))

    def assert_whole(self, folder):
        manifest = json.loads((folder / "manifest.json").read_text())
        for file in manifest["files"]:
            content = (folder / file["name"]).read_bytes()
            self.assertEqual((len(content), hashlib.sha256(content).hexdigest()), (file["bytes"], file["sha256"]))
        return manifest

    def interrupted(self, *arguments, name="run"):
        """A run that was stopped after its second checkpoint; names of all it has written, oldest first."""
        child = subprocess.Popen([SACTOOL, "train", *(arguments or LONG), "--name", name, "--db", str(self.database), "-q"],
                                 cwd=self.folder, env=self.environment)
        self.addCleanup(child.wait)
        self.addCleanup(child.kill)
        while len(self.checkpoints(name)) < 2:
            self.assertIsNone(child.poll())
        child.send_signal(signal.SIGTERM)
        self.assertEqual(child.wait(), 75)
        return self.checkpoints(name)

    def test_the_last_three_stay_and_say_what_they_are(self):
        run = self.train(*EVERY, "--name", "kept")
        self.assertEqual(self.checkpoints("kept"), ["step-20", "step-30", "step-40"])
        for name in self.checkpoints("kept"):
            manifest = self.assert_whole(self.folder / "runs.checkpoints" / "kept" / name)
            self.assertEqual((manifest["run"], manifest["key"]), ("kept", run["key"]))
            self.assertEqual(f"step-{manifest['step']}", name)
            self.assertEqual([file["name"] for file in manifest["files"]], ["model.safetensors", "state.bin"])
            self.assertIn("checkpoint_every = 10", manifest["spec"])
        self.assertIn("step 40", self.sactool("runs", "show", "kept", "--db", self.database).stdout)

    def test_as_many_stay_as_are_asked_for(self):
        for kept, names in [(1, ["step-40"]), (0, ["step-10", "step-20", "step-30", "step-40"])]:
            self.train(*EVERY, "--name", f"kept{kept}b", "--set", f"train.checkpoints_kept={kept}")
            self.assertEqual(self.checkpoints(f"kept{kept}b"), names)

    def test_its_model_starts_another_run_and_is_the_one_that_was_evaluated(self):
        self.train(*EVERY, "--name", "first", "--strategy", "local_sgd")
        model = self.folder / "runs.checkpoints" / "first" / "step-40" / "model.safetensors"
        saved = self.folder / "saved.safetensors"
        self.train("--steps", "40", "--strategy", "local_sgd", "--save", saved)
        self.assertEqual(tensors_of(model), tensors_of(saved))
        self.assertEqual(model.read_bytes(), saved.read_bytes())
        self.train("--steps", "2", "--set", f"model.weights={model}")

    def test_removing_a_run_takes_its_checkpoints_along_and_nothing_else(self):
        for name in ["one", "other"]:
            self.train(*EVERY, "--name", name)
        stranger = self.folder / "runs.checkpoints" / "one" / "notes.txt"
        stranger.write_text("mine")
        self.assertEqual(self.sactool("runs", "rm", "one", "--db", self.database).returncode, 0)
        self.assertEqual([path.name for path in stranger.parent.iterdir()], ["notes.txt"])
        self.assertEqual(len(self.checkpoints("other")), 3)
        self.assertEqual(self.sactool("runs", "rm", "other", "--db", self.database).returncode, 0)
        self.assertFalse((self.folder / "runs.checkpoints" / "other").exists())

    def test_sweeps_leave_none_but_spare_those_that_were_asked_for(self):
        self.train(*EVERY, "--name", "mine")
        spec = self.write("sweep.toml", "\n".join([
            "[data]", "name = 'blobs'", "samples = 512", "[model]", "name = 'linear'", "[train]", "steps = 50",
            "batch_size = 8", "checkpoint_every = 10", "log_every = 7", "[sweep]", "seeds = 2"]))
        self.assertEqual(self.sactool("sweep", spec, "--db", self.database).returncode, 0)
        self.assertEqual([path.name for path in (self.folder / "runs.checkpoints").iterdir()], ["mine"])

    def test_resume_without_a_run_takes_the_newest_and_says_which_checkpoint(self):
        self.train("--steps", "2")
        self.assert_refused(self.sactool("train", "--resume", "--db", self.database), "no run in", "stopped")
        newest = self.interrupted()[-1]
        done = self.sactool("train", "--db", self.database, "--json", "--resume")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(json.loads(done.stdout)["name"], "run")
        folder = self.folder / "runs.checkpoints" / "run" / newest
        self.assertIn(f"going on with run 2 'run' after step {newest[5:]}, from '{folder}'", done.stderr.splitlines()[0])

    def test_what_is_drawn_summed_and_grows_goes_on_to_the_same_bits(self):
        self.write("fox.txt", "the quick brown fox jumps over the lazy dog. " * 60)
        cases = {"statistics": [*IMAGES, "--set", "train.batch_norm=synchronised"],
                 "dropped": [*TEXT, "--strategy", "staged"],
                 "grown": [*TEXT, *GROWING, "--strategy", "local_sgd", "--set", "optimizer.clip_norm=0.1"],
                 "stages": [*TEXT, *GROWING, "--set", "cluster.pipeline=2", "--set", "optimizer.clip_norm=0.1", "--set",
                            "cluster.micro_batches=1"]}
        for name, arguments in cases.items():
            with self.subTest(name):
                self.interrupted(*arguments, *FOUR, name=name)
                done = self.sactool("train", "--resume", name, "--json", "--db", self.database, "--slots", 1)
                self.assertEqual(done.returncode, 0, done.stderr)
                whole = self.sactool("train", "--json", "--db", self.database, *arguments, *FOUR)
                self.assertEqual(whole.returncode, 0, whole.stderr)
                for key in ["key", "params_sha256", "seconds", "final", "traffic"]:
                    self.assertEqual(json.loads(done.stdout)[key], json.loads(whole.stdout)[key], key)

    def test_a_damaged_one_costs_only_its_own_steps(self):
        names = self.interrupted()
        os.truncate(self.folder / "runs.checkpoints" / "run" / names[-1] / "state.bin", 10)
        done = self.sactool("train", "--resume", "run", "--json", "--db", self.database)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(f"after step {names[-2][5:]}, from", done.stderr)
        whole = self.train("--steps", "3000", "--set", "train.checkpoint_every=50")
        for key in ["key", "params_sha256", "seconds", "final"]:
            self.assertEqual(json.loads(done.stdout)[key], whole[key], key)
        points = "SELECT series, step, seconds, value FROM v_metrics WHERE run = {} ORDER BY series, step"
        self.assertEqual(self.rows(points.format(1)), self.rows(points.format(2)))

    def test_where_all_are_damaged_each_is_named_in_one_line(self):
        names = self.interrupted()
        folder = self.folder / "runs.checkpoints" / "run"
        for name in names[:-2]:
            shutil.rmtree(folder / name)
        os.truncate(folder / names[-1] / "state.bin", 10)
        (folder / names[-2] / "manifest.json").write_text("{}")
        done = self.sactool("train", "--resume", "run", "--db", self.database)
        self.assertEqual(done.returncode, 2, done.stderr)
        lines = done.stderr.splitlines()
        self.assertEqual(len(lines), 3, done.stderr)
        self.assertIn(f"{names[-1]}' is passed over: state.bin has 10 bytes", lines[0])
        self.assertIn(f"{names[-2]}' is passed over: manifest.json is no manifest", lines[1])
        self.assertIn("has no whole checkpoint in", lines[2])

    def test_killed_at_any_moment_what_bears_a_name_is_whole(self):
        kills = 0
        command = [SACTOOL, "train", "--db", str(self.database), "-q"]
        folder = self.folder / "runs.checkpoints" / "victim"
        moments = [lambda name: name[5:].isdigit() and name not in seen, lambda name: name.endswith(".part"),
                   lambda name: name.endswith(".old")]
        while kills < 12:
            seen = os.listdir(folder) if folder.exists() else []
            arguments = ["--resume", "victim"] if kills else [*KILLED, "--name", "victim"]
            child = subprocess.Popen([*command, *arguments], cwd=self.folder, env=self.environment,
                                     stdout=subprocess.DEVNULL)
            self.addCleanup(child.wait)
            self.addCleanup(child.kill)
            moment = moments[kills % 3]
            while child.poll() is None and not any(moment(name) for name in
                                                   (os.listdir(folder) if folder.exists() else [])):
                pass
            if child.poll() is not None:
                break
            child.kill()
            child.wait()
            kills += 1
            steps = [path for path in folder.iterdir() if path.name[5:].isdigit()]
            self.assertTrue(steps)
            for path in steps:
                self.assert_whole(path)
        self.assertGreaterEqual(kills, 3)
        done = self.sactool("train", "--resume", "victim", "--json", "--slots", "1", "--db", self.database)
        self.assertEqual(done.returncode, 0, done.stderr)
        resumed = json.loads(done.stdout)
        self.assertEqual(self.rows("PRAGMA integrity_check"), [{"integrity_check": "ok"}])
        self.assertEqual(self.checkpoints("victim"), ["step-1160", "step-1180"])
        points = "SELECT series, step, seconds, samples, wire_bytes, value FROM v_metrics ORDER BY series, step"
        found = self.rows(points)
        self.database = self.folder / "whole.db"
        done = self.sactool("train", "--json", *KILLED, "--db", self.database)
        whole = json.loads(done.stdout)
        for key in ["key", "params_sha256", "seconds", "steps", "final", "time", "traffic", "staleness"]:
            self.assertEqual(resumed[key], whole[key], key)
        self.assertEqual(found, self.rows(points))
