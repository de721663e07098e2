"""Where the keys of a spec come from, and who wins."""

import pathlib

from support import SactoolCase


class SpecLayers(SactoolCase):
    def dry_run(self, *arguments, **environment):
        done = self.sactool("train", "--dry-run", *arguments, **environment)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout

    def test_defaults_need_no_spec(self):
        text = self.dry_run()
        for line in ['name = "fashion_mnist"', 'name = "mlp"', 'name = "sgd"', 'name = "sync_sgd"', "workers = 4",
                     "epochs = 1.0", "lr = 0.1"]:
            self.assertIn(line + "  # default\n", text)
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_later_layers_win(self):
        user = self.folder / ".config" / "sactool"
        user.mkdir(parents=True)
        (user / "config.toml").write_text("[train]\nseed = 1\nlog_every = 1\n")
        keys = [("eval_every", 2), ("checkpoint_every", 3), ("batch_size", 4), ("seed", 5)]
        text = lambda layer: "[train]\n" + "".join(f"{key} = {layer}\n" for key, last in keys if last >= layer)
        spec, config = self.write("exp.toml", text(2)), self.write("more.toml", text(3))
        found = self.dry_run(spec, "--config", config, "--set", "train.seed=41", "--seed", "5", "--set",
                             "train.batch_size=42", SACTOOL_TRAIN__BATCH_SIZE="40")
        self.assertIn(f"log_every = 1  # {user / 'config.toml'}:3\n", found)
        self.assertIn(f"eval_every = 2  # {spec}:2\n", found)
        self.assertIn(f"checkpoint_every = 3  # {config}:2\n", found)
        self.assertIn("batch_size = 42  # --set\n", found)
        self.assertIn("seed = 5  # --seed\n", found)
        self.assertIn("seed = 6  # SACTOOL_TRAIN__SEED\n", self.dry_run(spec, SACTOOL_TRAIN__SEED="6"))

    def test_a_printed_spec_is_the_same_spec(self):
        flags = ["--strategy", "local_sgd", "--set", "strategy.period=3", "--set", "model.hidden=[64,32]", "--steps", "9"]
        spec = self.write("printed.toml", self.dry_run(*flags))
        strip = lambda text: [line.split("  #")[0] for line in text.splitlines()]
        self.assertEqual(strip(self.dry_run(spec)), strip(spec.read_text()))

    def test_length_of_a_file_is_overridden_by_either_flag(self):
        steps = self.write("steps.toml", "[train]\nsteps = 7\n")
        self.assertIn("epochs = 2.0  # --epochs\n", self.dry_run(steps, "--epochs", "2"))
        self.assertIn("steps = 0  # default\n", self.dry_run(steps, "--epochs", "2"))
        epochs = self.write("epochs.toml", "[train]\nepochs = 7\n")
        self.assertIn("steps = 3  # --steps\n", self.dry_run(epochs, "--steps", "3"))

    def test_one_file_for_several_strategies(self):
        spec = self.write("exp.toml", "[strategy.local_sgd]\nperiod = 6\n[strategy.staged]\nperiod = 9\n")
        self.assertIn("period = 6", self.dry_run(spec, "--strategy", "local_sgd"))
        self.assertIn("period = 9", self.dry_run(spec, "--strategy", "staged"))
        self.assertNotIn("period", self.dry_run(spec, "--strategy", "sync_sgd"))

    def test_the_stored_spec_trains_the_same_run(self):
        run = self.train("--strategy", "local_sgd", "--set", "strategy.period=3", "--epochs", "1")
        row, = self.rows("SELECT spec FROM v_runs")
        done = self.sactool("train", self.write("stored.toml", row["spec"]), "--db", self.folder / "again.db", "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(run["key"], done.stdout)
        self.assertIn(run["params_sha256"], done.stdout)

    def test_every_shipped_spec_of_one_run_resolves(self):
        folder = pathlib.Path(__file__).parents[2] / "experiments"
        specs = [file for file in folder.rglob("*.toml") if "[sweep]" not in file.read_text()]
        self.assertGreaterEqual(len(specs), 20)
        for spec in specs:
            self.dry_run(spec)
        for spec in set(specs) & set(folder.glob("*.toml")):
            for strategy in ["sync_sgd", "local_sgd", "staged", "async_sgd"]:
                self.dry_run(spec, "--strategy", strategy)
