"""Texts, labelled texts and saved weights from outside, under strategies of every kind."""

import math

from support import SactoolCase

GPT = ["--set", "data.name=text", "--set", "data.context=8", "--set", "model.name=transformer_lm", "--set", "model.layers=1",
       "--set", "model.heads=2", "--set", "model.width=16", "--set", "optimizer.name=adamw", "--set", "optimizer.lr=0.01"]
BERT = ["--set", "data.name=tsv", "--set", "data.context=8", "--set", "model.name=bert", "--set", "model.layers=1",
        "--set", "model.heads=2", "--set", "model.width=16", "--set", "optimizer.name=adamw", "--set", "optimizer.lr=0.01"]


class Models(SactoolCase):
    def setUp(self):
        super().setUp()
        self.write("fox.txt", "the quick brown fox jumps over the lazy dog. " * 60)
        rows = "".join(f"{word} {'good' if label else 'poor'} film\t{label}\n" for word in "a the this my".split()
                       for label in (0, 1) for _ in range(20))
        self.write("train.tsv", "sentence\tlabel\n" + rows)
        self.gpt = [*GPT, "--set", "data.file=fox.txt"]
        self.bert = [*BERT, "--set", "data.train_file=train.tsv", "--set", "data.test_file=train.tsv"]

    def run_of(self, *arguments):
        done = self.sactool("train", "--json", "--db", self.database, *arguments)
        self.assertEqual(done.returncode, 0, done.stderr)
        return self.rows("SELECT * FROM v_runs ORDER BY run DESC LIMIT 1")[0]

    def refuse_more(self, *arguments, says):
        self.assert_refused(self.sactool("train", "--db", self.database, "--steps", "2", *arguments), *says)

    def refuse(self, *arguments, says):
        self.refuse_more(*arguments, says=says)
        self.assertFalse(self.database.exists(), "a database was left behind")

    def test_a_text_is_learnt_under_every_kind_of_strategy(self):
        for strategy in ("sync_sgd", "local_sgd", "staged", "async_sgd"):
            run = self.run_of(*self.gpt, "--strategy", strategy, "--workers", "2", "--steps", "60")
            self.assertLess(run["loss"], 0.7 * math.log(28), strategy)

    def test_dropout_goes_by_the_samples_however_they_are_dealt_out(self):
        def loss(*arguments):
            return self.run_of(*self.bert, "--set", "model.dropout=0.2", "--set", "train.dtype=float64", "--steps", "6",
                               *arguments)["loss"]

        one = loss("--workers", "1", "--set", "train.batch_size=8")
        four = loss("--workers", "4", "--set", "train.batch_size=2")
        self.assertAlmostEqual(one, four, delta=1e-9)
        split = loss("--workers", "2", "--set", "cluster.pipeline=2", "--set", "train.batch_size=8", "--set",
                     "cluster.micro_batches=3")
        self.assertAlmostEqual(one, split, delta=1e-9)
        self.assertNotAlmostEqual(one, loss("--workers", "1", "--set", "train.batch_size=8", "--set", "model.dropout=0"), places=6)
        self.refuse_more(*self.bert, "--set", "model.dropout=1", says=["model.dropout = 1", "[0, 0.99]"])

    def test_labelled_texts_are_learnt(self):
        for strategy in ("sync_sgd", "staged"):
            run = self.run_of(*self.bert, "--strategy", strategy, "--workers", "2", "--steps", "40")
            self.assertEqual(run["accuracy"], 1.0, strategy)

    def test_saved_weights_are_where_the_next_run_starts(self):
        first = self.run_of(*self.gpt, "--steps", "30", "--save", "gpt.safetensors")
        again = self.run_of(*self.gpt, "--steps", "1", "--set", "optimizer.lr=1e-12", "--set",
                            "model.weights=gpt.safetensors", "--seed", "5")
        self.assertAlmostEqual(first["loss"], again["loss"], places=5)
        self.assertEqual([path.name for path in self.folder.glob("gpt*")], ["gpt.safetensors"])

    def test_a_sweep_knows_its_runs_by_their_weights(self):
        self.run_of(*self.gpt, "--steps", "1", "--save", "gpt.safetensors")
        self.write("sweep.toml", """
[data]
name = "text"
file = "fox.txt"
context = 8
[model]
name = "transformer_lm"
layers = 1
heads = 2
width = 16
weights = "gpt.safetensors"
[train]
steps = 1
[sweep]
name = "from_weights"
seeds = [5, 6]
""")
        sweep = ["sweep", "sweep.toml", "--db", self.database]
        for _ in range(2):
            done = self.sactool(*sweep)
            self.assertEqual(done.returncode, 0, done.stderr)
        of_sweep = "SELECT count(*) AS runs, count(DISTINCT key) AS keys FROM v_runs WHERE seed > 4"
        self.assertEqual(self.rows(of_sweep)[0], {"runs": 2, "keys": 2})
        self.run_of(*self.gpt, "--steps", "2", "--save", "gpt.safetensors")
        self.assertEqual(self.sactool(*sweep).returncode, 0)
        self.assertEqual(self.rows(of_sweep)[0], {"runs": 4, "keys": 4})

    def test_wrong_weights_are_refused(self):
        self.run_of(*self.gpt, "--steps", "1", "--save", "gpt.safetensors")
        self.database.unlink()
        weights = ["--set", "model.weights=gpt.safetensors"]
        self.refuse(*self.gpt, *weights, "--set", "model.width=32",
                    says=["gpt.safetensors: tensor 'embedding.tokens' has shape [28,16], the model's has [28,32]"])
        self.refuse(*self.gpt, "--set", "model.weights=none.safetensors", says=["none.safetensors: cannot be read"])
        whole = (self.folder / "gpt.safetensors").read_bytes()
        (self.folder / "gpt.safetensors").write_bytes(whole[:-5])
        self.refuse(*self.gpt, *weights, says=["gpt.safetensors: truncated"])
        self.refuse(*self.gpt, "--set", f"model.weights={self.folder}", says=["is a folder, not a file"])
        self.refuse(*self.gpt, "--save", "no/such/folder.safetensors", says=["--save", "'no/such' is not a folder"])
        self.refuse(*self.gpt, "--save", ".", says=["--save '.' is a folder, not a file"])
        self.refuse(*self.gpt, "--save", "/proc/gpt.safetensors", says=["--save '/proc/gpt.safetensors' cannot be written"])

    def test_wrong_data_are_refused(self):
        (self.folder / "latin.txt").write_bytes(b"caf\xe9 " * 200)
        self.refuse(*GPT, says=["data.file"])
        self.refuse(*GPT, "--set", "data.file=latin.txt", says=["latin.txt", "not UTF-8", "0xe9 at offset 3"])
        self.refuse(*self.gpt, "--set", "data.context=5000", says=["fox.txt: too short for data.context = 5000"])
        self.refuse(*self.gpt, "--set", "data.flip=true", says=["data.flip", "'text'", "no images"])
        self.refuse(*self.gpt, "--set", "model.name=mlp", says=["not of model 'mlp'"])
        self.refuse(*self.bert, "--set", "data.label_column=stars", says=["train.tsv: no column 'stars'", "sentence, label"])
        for rows, what in (("a\t0\nb", "number of fields is 1, expected the 2"), ("a\t0\nb\t", "the label is empty"), ("", "no labelled texts")):
            self.write("poor.tsv", "sentence\tlabel\n" + rows)
            self.refuse(*self.bert, "--set", "data.train_file=poor.tsv", says=["poor.tsv", what])
        self.refuse("--set", "data.name=image_folder", "--set", f"data.folder={self.folder}", says=["no folder 'train'"])
