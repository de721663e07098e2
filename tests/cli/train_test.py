"""What `train` prints and stores."""

import json
import math

from support import TINY, SactoolCase

KEYS = ["run", "name", "status", "key", "strategy", "workers", "seed", "steps", "params_sha256", "final", "seconds",
        "wall_seconds", "time", "traffic", "staleness"]


class Train(SactoolCase):
    def test_json_has_exactly_the_promised_keys(self):
        run = self.train("--strategy", "local_sgd", "--workers", "3", "--steps", "12", "--seed", "7", "--name", "first")
        self.assertEqual(list(run), KEYS)
        self.assertEqual(list(run["final"]), ["accuracy", "loss", "train_loss"])
        self.assertEqual(list(run["time"]),
                         ["compute_s", "communication_s", "hidden_communication_s", "waiting_s", "idle_s"])
        self.assertEqual(list(run["traffic"]), ["payload_bytes", "wire_bytes", "messages"])
        self.assertEqual(run["staleness"], {"mean": None, "max": None})
        self.assertEqual((run["name"], run["status"], run["strategy"], run["workers"], run["seed"], run["steps"]),
                         ("first", "FINISHED", "local_sgd", 3, 7, 12))
        self.assertRegex(run["key"], "^[0-9a-f]{64}$")
        self.assertRegex(run["params_sha256"], "^[0-9a-f]{64}$")
        self.assertTrue(0.0 <= run["final"]["accuracy"] <= 1.0)

    def test_time_adds_up(self):
        for strategy in ["sync_sgd", "local_sgd", "staged", "async_sgd"]:
            run = self.train("--strategy", strategy, "--steps", "20", "--set", "cluster.compute.model=pareto",
                             "--set", "cluster.compute.seconds_per_step=0.01")
            time = run["time"]
            parts = time["compute_s"] + time["communication_s"] + time["waiting_s"] + time["idle_s"]
            self.assertTrue(math.isclose(parts, run["seconds"], rel_tol=1e-9), (strategy, parts, run["seconds"]))

    def test_the_row_says_the_same(self):
        run = self.train("--strategy", "staged", "--steps", "10", "--seed", "3")
        row, = self.rows("SELECT * FROM v_runs")
        for key in ["run", "name", "key", "status", "strategy", "workers", "seed", "steps", "seconds", "params_sha256"]:
            self.assertEqual(row[key], run[key], key)
        self.assertEqual(row["accuracy"], run["final"]["accuracy"])
        self.assertEqual(row["loss"], run["final"]["loss"])
        self.assertEqual(row["wire_bytes"], run["traffic"]["wire_bytes"])

    def test_slots_change_nothing_and_seeds_do(self):
        pareto = ["--steps", "30", "--set", "cluster.compute.model=pareto", "--set", "cluster.compute.seconds_per_step=0.01"]
        for strategy in ["sync_sgd", "local_sgd", "staged", "async_sgd"]:
            one, two, other = (self.train("--strategy", strategy, *pareto, *more)
                               for more in (["--slots", "1"], ["--slots", "2"], ["--seed", "1"]))
            self.assertEqual(one["params_sha256"], two["params_sha256"], strategy)
            self.assertEqual(one["seconds"], two["seconds"], strategy)
            self.assertEqual(one["key"], two["key"], strategy)
            self.assertNotEqual(one["params_sha256"], other["params_sha256"], strategy)
            self.assertNotEqual(one["seconds"], other["seconds"], strategy)

    def test_threads_of_a_lone_worker_change_nothing(self):
        """Losses and norms over more elements than LibTorch sums in one thread."""
        wide = ["--workers", "1", "--steps", "6", "--set", "data.features=256", "--set", "model.name=mlp",
                "--set", "model.hidden=[1024,512]", "--set", "train.batch_size=96", "--set", "data.classes=512"]
        for options in (["name=sgd", "momentum=0.9", "clip_norm=0.1"], ["name=adamw", "lr=0.01"], ["name=lamb", "lr=0.01"],
                        ["name=muon", "lr=0.01"]):
            keys = [part for option in options for part in ("--set", "optimizer." + option)]
            runs = [self.train(*wide, *keys, "--set", "data.label_smoothing=0.1", "--slots", slots) for slots in (1, 2, 4)]
            losses = self.rows(f"SELECT DISTINCT value FROM v_metrics WHERE series = 'train_loss' AND run > {runs[0]['run'] - 1}")
            self.assertEqual(len({run["params_sha256"] for run in runs}), 1, options)
            self.assertEqual(len(losses), 1, options)

    def test_staleness_of_a_server(self):
        run = self.train("--strategy", "async_sgd", "--steps", "20")
        self.assertGreater(run["staleness"]["mean"], 0.0)
        self.assertGreaterEqual(run["staleness"]["max"], run["staleness"]["mean"])

    def test_steps_and_epochs(self):
        self.assertEqual(self.train("--epochs", "1")["steps"], 512 // 8 // 4)
        self.assertEqual(self.train("--epochs", "0.5", "--workers", "2")["steps"], 16)
        self.assertEqual(self.train("--steps", "3", "--workers", "1")["steps"], 3)

    def test_a_diverging_run_is_a_result(self):
        run = self.train("--steps", "200", "--set", "optimizer.lr=1e6", "--set", "model.name=mlp")
        self.assertEqual(run["status"], "FINISHED")
        self.assertIn(run["final"]["loss"], ["nan", "inf"])
        self.assertEqual(len(self.rows("SELECT * FROM v_runs WHERE status = 'FINISHED'")), 1)

    def test_without_json_a_short_summary(self):
        done = self.sactool("train", *TINY, "--steps", "2", "--db", self.database)
        self.assertEqual(done.returncode, 0)
        self.assertIn("accuracy", done.stdout)
        self.assertLess(len(done.stdout.splitlines()), 12)
        quiet = self.sactool("train", "-q", *TINY, "--steps", "2", "--db", self.database)
        self.assertEqual((quiet.returncode, quiet.stdout, quiet.stderr), (0, "", ""))

    def test_names_are_made_unique(self):
        self.assertEqual([self.train("--steps", "1", "--name", "twin")["name"] for _ in range(2)], ["twin", "twin-2"])

    def test_nothing_but_the_database_is_left(self):
        self.train("--steps", "5")
        self.assertEqual([path.name for path in self.folder.iterdir()], ["runs.db"])

    def test_json_is_one_object(self):
        done = self.sactool("train", "--json", *TINY, "--steps", "1", "--db", self.database)
        self.assertIsInstance(json.loads(done.stdout), dict)
