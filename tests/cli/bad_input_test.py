"""Bad input gets exit code 2 and one clear line, and leaves nothing behind."""

import pathlib

from support import TINY, SactoolCase


class BadInput(SactoolCase):
    def refuse(self, *arguments, says=(), **environment):
        done = self.sactool("train", *arguments, "--db", self.database, **environment)
        self.assert_refused(done, *says)
        self.assertFalse(self.database.exists(), "a database was left behind")

    def refuse_spec(self, text, *says):
        spec = self.folder / "exp.toml"
        spec.write_bytes(text if isinstance(text, bytes) else text.encode())
        self.refuse(spec, says=says)

    def test_unknown_names(self):
        self.refuse("--strategy", "sync_sdg", says=["unknown strategy 'sync_sdg'", "did you mean 'sync_sgd'?"])
        self.refuse("--set", "data.name=fashion_mist", says=["unknown data set", "did you mean 'fashion_mnist'?"])
        self.refuse("--set", "model.name=mpl", says=["unknown model 'mpl'", "did you mean 'mlp'?"])
        self.refuse("--set", "optimizer.name=adam", says=["unknown optimizer 'adam'", "adamw"])
        self.refuse("--set", "train.stesp=3", says=["unknown key 'train.stesp'", "did you mean 'train.steps'?"])
        self.refuse("--strategy", "local_sgd", "--set", "strategy.periot=3", says=["did you mean 'strategy.period'?"])
        self.refuse(SACTOOL_TRAIN__STESP="3", says=["SACTOOL_TRAIN__STESP", "did you mean 'train.steps'?"])

    def test_ranges(self):
        self.refuse("--workers", "0", says=["--workers", "cluster.workers = 0", "[1, 65536]"])
        self.refuse("--workers", "-1", says=["cluster.workers = -1"])
        self.refuse("--steps", "0", says=["--steps", "train.steps = 0", ">= 1"])
        self.refuse("--steps", "-5", says=["train.steps = -5"])
        self.refuse("--epochs", "0", says=["train.epochs = 0", "> 0"])
        self.refuse("--seed", "-1", says=["train.seed = -1", ">= 0"])
        self.refuse("--seed", "99999999999999999999", says=["--seed", "99999999999999999999"])
        self.refuse("--slots", "0", says=["slots = 0", "[1, 1024]"])
        self.refuse("--slots", "many", says=["slots", "integer"])
        self.refuse("--set", "optimizer.lr=nan", says=["optimizer.lr = nan"])
        self.refuse("--set", "optimizer.lr=-0.1", says=["optimizer.lr = -0.1"])
        self.refuse("--strategy", "local_sgd", "--set", "strategy.period=0", says=["strategy.period = 0", "[1, "])

    def test_types(self):
        self.refuse("--steps", "many", says=["train.steps = \"many\" is a string; it must be an integer"])
        self.refuse("--steps", "1.5", says=["train.steps = 1.5 is a number; it must be an integer"])
        self.refuse("--set", "model.hidden=[1,", says=["is not a TOML value"])
        self.refuse("--set", "model.hidden=128", says=["it must be a list of integers"])
        self.refuse("--set", "train.steps", says=["is not key=value"])

    def test_contradictions(self):
        self.refuse("--steps", "5", "--epochs", "1", says=["--steps", "--epochs"])
        self.refuse("--set", "strategy.period=5", says=["strategy.period is an option of", "not of strategy 'sync_sgd'"])
        self.refuse(*TINY, "--set", "model.name=lenet", says=["lenet"])

    def test_specs(self):
        self.refuse_spec("[train]\nsteps = = 3\n", "exp.toml:2: not TOML")
        self.refuse_spec("[train]\nsteps = 3\nsteps = 4\n", "exp.toml:3: not TOML", "steps")
        self.refuse_spec("", "exp.toml: is empty")
        self.refuse_spec("# nothing\n", "exp.toml: is empty")
        self.refuse_spec(b"\x00\x01\xff\xfe", "exp.toml:1: not TOML")
        self.refuse_spec(b"# spec\n" * 7_500_000, "exp.toml: is larger than 1 MiB")
        self.refuse_spec("[trian]\nsteps = 3\n", "exp.toml:1: unknown table 'trian'", "did you mean 'train'?")
        self.refuse_spec("[train]\nstpes = 3\n", "exp.toml:2: unknown key 'train.stpes'", "did you mean 'train.steps'?")
        self.refuse_spec('"a\\nb" = 3\n', "exp.toml:1: unknown key")

    def test_files_that_are_no_spec(self):
        self.refuse(self.folder, says=["is a folder"])
        self.refuse("no_such.toml", says=["no_such.toml: cannot be read: No such file"])
        self.refuse("--config", "no_such.toml", says=["no_such.toml: cannot be read: No such file"])

    def test_data_that_is_not_there(self):
        self.refuse("--data-dir", "no_such_folder", says=["no_such_folder"])

    def test_databases(self):
        def refuse(path, *says):
            self.assert_refused(self.sactool("train", *TINY, "--steps", "1", "--db", path), str(path), *says)

        text = self.write("notes.db", "these are my notes\n" * 100)
        refuse(text)
        self.assertEqual(text.read_text(), "these are my notes\n" * 100)
        refuse(self.folder)
        refuse(self.folder / "no_such_folder" / "runs.db")
        refuse(pathlib.Path("/proc/sactool.db"))

    def test_commands_and_flags(self):
        def refuse(*arguments, says):
            self.assert_refused(self.sactool(*arguments), *says)

        refuse("trian", says=["unknown command 'trian'", "did you mean 'train'?", "choices: "])
        refuse("train", "--stesp", "4", says=["unknown flag '--stesp'", "did you mean '--steps'?"])
        refuse("train", "--steps", says=["--steps", "sactool train --help"])
        refuse("train", "a.toml", "b.toml", says=["takes no further argument, got 'b.toml'"])
        refuse("tra", says=["unknown command 'tra'"])
        refuse("strategies", "show", "sync_sdg", says=["did you mean 'sync_sgd'?"])
        refuse("strategies", "check", "sync_sdg", says=["did you mean 'sync_sgd'?"])
        refuse("strategies", "shwo", says=["unknown command 'shwo'", "did you mean 'show'?"])
        refuse("strategies", "show", says=["name"])
        refuse("runs", says=["sactool runs needs a command: ls | "])
        refuse("train", "--lr", "0.1", says=["unknown flag '--lr'", "did you mean '--set optimizer.lr=VALUE'?"])
        refuse("train", "--seed", "1", "--seed", "2", says=["--seed may be given only once"])
        refuse("train", "--db", "", says=["--db: the name is empty"])
        refuse("train", "--resume", "", says=["--resume: the name is empty"])

    def test_names(self):
        for name in ["../x", "a/b", "-x", "a\nb", "17", "x" * 101, "\xe4"]:
            self.refuse(f"--name={name}", says=["name = "])
        self.refuse("--name", "", says=["name = "])
        self.refuse("--name=", says=["--name= gives no value"])

    def test_resume(self):
        self.assert_refused(self.sactool("train", "--resume", "1", "--db", self.database), "runs.db")
        run = self.train("--steps", "2")
        refuse = lambda *arguments: self.sactool("train", "--db", self.database, "--resume", *arguments)
        self.assert_refused(refuse("99"), "99")
        self.assert_refused(refuse(str(run["run"])), "is finished")
        self.assert_refused(refuse(run["name"], "--steps", "5"), "--resume takes the whole spec")
