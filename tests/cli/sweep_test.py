"""Sweeps from outside: what is planned, made, skipped, recorded, and by how many processes."""

import json
import pathlib
import re
import subprocess
import unittest

from support import SACTOOL, SactoolCase

CATALOGUE = pathlib.Path(__file__).resolve().parents[2] / "experiments"
SPEC = """
[data]
name = "blobs"
samples = 512
[model]
name = "linear"
[train]
steps = 20
batch_size = 8
"""
SWEEP = SPEC + """
[sweep]
method = "grid"
seeds = [0, 1]
[sweep.parameters]
"strategy.name" = { values = ["sync_sgd", "local_sgd"] }
"optimizer.lr" = { values = [0.1, 0.05] }
"""


class Sweep(SactoolCase):
    def sweep(self, *arguments, **environment):
        return self.sactool("sweep", *arguments, "--db", self.database, **environment)

    def planned(self, *arguments):
        done = self.sweep(*arguments, "--dry-run", "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)["runs"]

    def test_a_grid_makes_every_point_at_every_seed_and_takes_turns(self):
        path = self.write("sweep.toml", SWEEP)
        runs = self.planned(path)
        self.assertEqual(len(runs), 8)
        self.assertEqual(len({run["key"] for run in runs}), 8)
        self.assertEqual([run["seed"] for run in runs], [0] * 4 + [1] * 4)
        self.assertEqual([run["strategy"] for run in runs[:4]], ["sync_sgd", "local_sgd"] * 2)
        self.assertEqual(runs[1]["name"], "local_sgd-w4-lr=0.1-s0")
        self.assertFalse(self.database.exists(), "--dry-run writes nothing")

    def test_the_runs_are_those_that_train_makes(self):
        path = self.write("sweep.toml", SWEEP)
        done = self.sweep(path, "--jobs", "2", "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(json.loads(done.stdout)["finished"], 8)
        row, = self.rows("SELECT key, params_sha256, seconds, parameters FROM v_runs WHERE name = 'local_sgd-w4-lr=0.05-s1'")
        alone = self.sactool("train", self.write("exp.toml", SPEC), "--strategy", "local_sgd", "--seed", "1", "--set",
                             "optimizer.lr=0.05", "--json", "--db", self.folder / "alone.db")
        alone = json.loads(alone.stdout)
        for key in ["key", "params_sha256", "seconds"]:
            self.assertEqual(row[key], alone[key])
        self.assertGreater(row["parameters"], 0)
        self.assertEqual([path.name for path in self.folder.iterdir() if path.suffix == ".logs"], [])

    def test_the_same_command_again_makes_nothing_and_a_longer_one_only_what_is_new(self):
        path = self.write("sweep.toml", SWEEP)
        self.assertEqual(self.sweep(path).returncode, 0)
        before = self.rows("SELECT * FROM runs")
        again = self.sweep(path)
        self.assertEqual(again.returncode, 0, again.stderr)
        self.assertIn("8 of 8 runs finished", again.stdout)
        self.assertEqual(self.rows("SELECT * FROM runs"), before)
        self.assertEqual({run["status"] for run in self.planned(path)}, {"FINISHED"})
        self.assertEqual(self.sweep(path, "--seeds", "3").returncode, 0)
        self.assertEqual(self.rows("SELECT * FROM runs WHERE seed < 2"), before)
        self.assertEqual(len(self.rows("SELECT * FROM runs")), 12)

    def test_lists_of_set_are_axes_and_single_values_undo_them(self):
        path = self.write("sweep.toml", SWEEP)
        runs = self.planned(path, "--set", "strategy.name=[sync_sgd, staged, async_sgd]", "--set", "optimizer.lr=0.2", "--seed", "7")
        self.assertEqual([(run["strategy"], run["seed"]) for run in runs], [("sync_sgd", 7), ("staged", 7), ("async_sgd", 7)])
        without_file = self.planned("--set", "data.name=blobs", "--set", "model.name=mlp", "--set", "model.hidden=[[8],[8,4]]",
                                    "--set", "train.steps=[5,10]", "--seeds", "4,9")
        self.assertEqual(len(without_file), 8)
        self.assertEqual({run["steps"] for run in without_file}, {5, 10})
        plain = self.planned("--set", "data.name=blobs", "--set", "model.name=mlp", "--set", "model.hidden=[8,4]", "--steps", "5")
        self.assertEqual(len(plain), 1)

    def test_random_zipped_and_explicit(self):
        random = SPEC + '[sweep]\nmethod = "random"\nrun_cap = 5\nrandom_seed = 3\n[sweep.parameters]\n' \
            '"optimizer.lr" = { min = 0.001, max = 0.1, distribution = "log_uniform_values" }\n' \
            '"train.batch_size" = { min = 4, max = 16 }\n'
        runs = self.planned(self.write("random.toml", random))
        self.assertEqual(len(runs), 5)
        self.assertTrue(all(0.001 <= float(run["varied"]["optimizer.lr"]) <= 0.1 for run in runs))
        self.assertTrue(all(4 <= int(run["varied"]["train.batch_size"]) <= 16 for run in runs))
        self.assertEqual(runs, self.planned(self.folder / "random.toml"), "the same draws")
        zipped = SPEC + '[sweep]\nmethod = "zipped"\n[sweep.parameters]\n"optimizer.lr" = [0.1, 0.2]\n"cluster.workers" = [2, 4]\n'
        self.assertEqual([list(run["varied"].values()) for run in self.planned(self.write("zip.toml", zipped))],
                         [["0.1", "2"], ["0.2", "4"]])
        explicit = SPEC + '[sweep]\nmethod = "explicit"\n[[sweep.points]]\nstrategy.name = "staged"\n' \
            '[[sweep.points]]\ncluster.workers = 2\n"optimizer.lr" = 0.3\n'
        self.assertEqual([(run["strategy"], run["workers"]) for run in self.planned(self.write("explicit.toml", explicit))],
                         [("staged", 4), ("sync_sgd", 2)])

    def test_options_of_one_strategy_do_not_double_the_others(self):
        text = SPEC + '[sweep]\n[sweep.parameters]\n"strategy.name" = ["sync_sgd", "local_sgd"]\n"strategy.local_sgd.period" = [2, 4]\n'
        self.assertEqual([run["strategy"] for run in self.planned(self.write("sweep.toml", text))],
                         ["sync_sgd", "local_sgd", "local_sgd"])

    def test_a_failing_run_is_recorded_and_the_sweep_goes_on(self):
        path = self.write("sweep.toml", SWEEP.replace("[0.1, 0.05]", "[0.1]"))
        arguments = [path, "--set", "model.name=[linear,lenet]", "--seeds", "1"]  # lenet needs images
        done = self.sweep(*arguments, "--json")
        self.assertEqual(done.returncode, 3, done.stderr)
        summary = json.loads(done.stdout)
        self.assertEqual((summary["finished"], summary["failed"]), (2, 2))
        for row in self.rows("SELECT * FROM runs WHERE status = 'FAILED'"):
            self.assertIn("lenet", row["error"])
            self.assertIn(f"run '{row['name']}' failed: {row['error']}", done.stderr)
        before = self.rows("SELECT run, status, created FROM runs")
        again = self.sweep(*arguments)
        self.assertEqual(again.returncode, 3)
        self.assertEqual(self.rows("SELECT run, status, created FROM runs"), before)
        self.assertEqual(self.sweep(*arguments, "--retry-failed").returncode, 3)
        self.assertEqual(self.rows("SELECT run, status, created FROM runs"), before, "the same rows, tried again")

    def test_two_sweeps_at_once_give_the_same_set(self):
        path = self.write("sweep.toml", SWEEP)
        command = [SACTOOL, "sweep", str(path), "--db", str(self.database), "--jobs", "1", "-q"]
        both = [subprocess.Popen(command, cwd=self.folder, env=self.environment) for _ in range(2)]
        self.assertEqual([process.wait() for process in both], [0, 0])
        self.assertEqual(self.rows("SELECT count(*) AS n, count(DISTINCT key) AS keys, sum(status = 'FINISHED') AS done FROM runs"),
                         [{"n": 8, "keys": 8, "done": 8}])

    def test_hopeless_runs_are_stopped_early(self):
        asha = SPEC.replace("steps = 20", "steps = 60000") + """
[sweep]
metric = { name = "train_loss", goal = "minimize" }
early_terminate = { type = "asha", min_iter = 200, eta = 2 }
[sweep.parameters]
"optimizer.lr" = { values = [0.1, 1e-7, 1e-8, 1e-9] }
"""
        path = self.write("asha.toml", asha)
        done = self.sweep(path, "--jobs", "2", "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        counts = json.loads(done.stdout)
        self.assertGreaterEqual(counts["stopped_early"], 1)
        self.assertEqual(counts["finished"] + counts["stopped_early"], 4)
        for run in self.rows("SELECT status, error, steps FROM runs WHERE status <> 'FINISHED'"):
            self.assertEqual(run["status"], "KILLED")
            self.assertRegex(run["error"], r"^stopped early: train_loss .* at step \d+ is not among the best 1/2 of \d runs of its seed$")
        self.assertEqual(self.rows("SELECT status FROM runs WHERE name LIKE '%lr=0.1%'"), [{"status": "FINISHED"}])
        again = json.loads(self.sweep(path, "--json").stdout)
        self.assertEqual(again["stopped_early"], counts["stopped_early"])
        self.assert_refused(self.sweep(self.write("bad.toml", asha.replace("train_loss", "loss"))), "train.eval_every = 0")
        self.assert_refused(self.sweep(self.write("bad.toml", asha.replace("asha", "hyperband"))), 'must be "asha"')
        self.assert_refused(self.sweep(self.write("bad.toml", asha.replace("min_iter", "min_steps"))), "did you mean 'min_iter'?")

    def test_take_and_the_job_script(self):
        path = self.write("my sweep.toml", SWEEP)
        done = self.sweep(path, "--take", "3", "--jobs", "2")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("5 to go", done.stdout)
        self.assertEqual(self.rows("SELECT count(*) AS n FROM runs WHERE status = 'FINISHED'"), [{"n": 3}])
        script = self.sweep(path, "--emit", "slurm", "--jobs", "3")
        self.assertEqual(script.returncode, 0, script.stderr)
        self.assertIn("#SBATCH --array=1-8\n", script.stdout)
        command = script.stdout.splitlines()[-1]
        self.assertTrue(command.startswith("exec ") and command.endswith("--jobs 1 --take 1"), command)
        shell = self.write("job.sh", script.stdout)
        done = subprocess.run(["bash", shell], cwd=self.folder, env=self.environment, capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.rows("SELECT count(*) AS n FROM runs WHERE status = 'FINISHED'"), [{"n": 4}])

    def test_every_spec_of_the_catalogue_is_one(self):
        for path in sorted(CATALOGUE.glob("*.toml")):
            with self.subTest(path.name):
                command = "sweep" if "[sweep]" in path.read_text() else "train"
                done = self.sactool(command, path, "--set", "data.name=blobs", "--set", "model.name=mlp", "--dry-run")
                self.assertEqual(done.returncode, 0, done.stderr)
                promised = re.search(r"^# (\d+) runs", path.read_text(), re.MULTILINE)
                if command == "sweep":
                    self.assertIn(f": {promised[1]} runs, 0 finished", done.stdout)

    def test_compare_takes_the_name_of_a_sweep(self):
        path = self.write("rates.toml", SWEEP)
        self.assertEqual(self.sweep(path).returncode, 0)
        self.train("--strategy", "staged", "--steps", "5")
        groups = json.loads(self.sactool("compare", "rates", "--db", self.database, "--json").stdout)["groups"]
        self.assertEqual({group["strategy"] for group in groups}, {"sync_sgd", "local_sgd"})
        self.assertEqual(len(groups), 4)

    def test_what_is_wrong_is_said_with_its_line(self):
        cases = [('methud = "grid"', "key of [sweep] 'methud'; did you mean 'method'?"),
                 ('method = "bayes"', "sweep.method 'bayes'"),
                 ("seeds = []", "no seeds"), ("seeds = [1, 1]", "seed 1 is given twice"), ('seeds = "3"', "seeds must be"),
                 ('method = "random"', "needs run_cap"), ("run_cap = 3", 'needs method = "random"'),
                 ('method = "explicit"', "[[sweep.points]]"),
                 ('[sweep.parameters]\n"train.seed" = [1, 2]', "seeds are replicates"),
                 ('[sweep.parameters]\n"optimizer.lr" = []', "at least one value"),
                 ('[sweep.parameters]\n"optimizer.lr" = { min = 0.1, max = 1.0 }', 'method = "random"'),
                 ('[sweep.parameters]\n"optimizer.lr" = { valus = [1] }', "'valus'; did you mean 'value"),
                 ('[sweep.parameters]\n"optimizer.lr" = [0.1, 0.1]', "twice"),
                 ('[sweep.parameters]\n"optimizer.learning" = [0.1]', "unknown key 'optimizer.learning'"),
                 ('[sweep.parameters]\n"strategy.name" = ["sync"]', "unknown strategy 'sync'"),
                 ('method = "zipped"\n[sweep.parameters]\n"optimizer.lr" = [0.1]\n"cluster.workers" = [2, 4]', "lists of one length")]
        for text, message in cases:
            with self.subTest(text):
                path = self.write("sweep.toml", SPEC + "[sweep]\n" + text + "\n")
                self.assert_refused(self.sweep(path, "--dry-run"), "sweep.toml:", message)
        self.assert_refused(self.sactool("train", self.write("sweep.toml", SWEEP)), "sweep.toml:", "sactool sweep")
        self.assert_refused(self.sweep(path, "--seeds", "x"), "--seeds")
        self.assert_refused(self.sweep("--set", "optimizer.lr=[1,", "--dry-run"), "is not a list")

    def test_a_place_that_cannot_be_written(self):
        self.database = self.folder / "none" / "runs.db"
        self.assert_refused(self.sweep(self.write("sweep.toml", SWEEP)), "no folder")


if __name__ == "__main__":
    unittest.main()
