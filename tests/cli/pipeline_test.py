"""Pipelines from outside: their bubble, their errors, and that what predicts, resumes and reprices knows them."""

import json
import unittest

from support import SactoolCase

MLP = ["--set", "data.name=blobs", "--set", "data.samples=512", "--set", "model.name=mlp", "--set", "model.hidden=[32,32,32]",
       "--set", "train.batch_size=8", "--set", "train.dtype=float64", "--steps", 6]
FREE = ["--set", "cluster.network.latency_s=0", "--set", "cluster.network.bandwidth_Bps=1e300", "--set",
        "cluster.compute.seconds_per_step=0.01", "--set", "cluster.compute.stages=equal"]


def pipeline(stages, workers, *more):
    return ["--set", f"cluster.pipeline={stages}", "--workers", workers, *more]


class Pipelines(SactoolCase):
    def run_it(self, *arguments, command="train"):
        where = ["--db", self.database] if command == "train" else []
        return self.sactool(command, "--json", *where, *MLP, *arguments)

    def outcome(self, *arguments, **keywords):
        done = self.run_it(*arguments, **keywords)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def refuse_more(self, *arguments, says):
        self.assert_refused(self.run_it(*arguments), *says)

    def refuse(self, *arguments, says):
        self.refuse_more(*arguments, says=says)
        self.assertFalse(self.database.exists(), "a database was left behind")

    def test_stages_and_replicas_go_the_way_of_whole_models(self):
        whole = self.outcome("--workers", 2)
        for schedule in ("1f1b", "gpipe"):
            split = self.outcome(*pipeline(4, 8), "--set", "cluster.micro_batches=3", "--set",
                                 f"cluster.pipeline_schedule={schedule}")
            self.assertAlmostEqual(whole["final"]["loss"], split["final"]["loss"], places=12)
            self.assertAlmostEqual(whole["final"]["train_loss"], split["final"]["train_loss"], places=12)

    def test_mini_batches_that_grow(self):
        grows = ["--set", "train.batch_warmup_steps=4", "--set", "train.batch_start=3"]
        whole = self.outcome("--workers", 2, *grows)
        split = self.outcome(*pipeline(2, 4), *grows, "--set", "cluster.micro_batches=3")
        self.assertAlmostEqual(whole["final"]["loss"], split["final"]["loss"], places=12)
        self.refuse_more(*pipeline(4, 4), *grows, says=["cluster.pipeline = 4", "train.batch_start = 3"])
        self.refuse_more("--set", "train.batch_start=3", says=["train.batch_start = 3", "without train.batch_warmup_steps"])
        self.refuse_more(*pipeline(2, 4), *grows, "--set", "cluster.micro_batches=4",
                         says=["cluster.micro_batches = 4 is more than train.batch_start = 3"])

    def test_samples_are_counted_by_replicas(self):
        self.outcome("--workers", 2)
        self.outcome(*pipeline(2, 4))
        self.outcome(*pipeline(2, 4), "--set", "train.batch_warmup_steps=4", "--set", "train.batch_start=4")
        done = self.sactool("compare", "--db", self.database, "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        samples = [round(group["throughput"]["mean"] * group["seconds"]["mean"]) for group in json.loads(done.stdout)["groups"]]
        self.assertEqual(sorted(samples), [2 * (4 + 5 + 6 + 7 + 8 + 8), 2 * 6 * 8, 2 * 6 * 8])

    def test_the_bubble_is_the_laws(self):
        for stages, parts in ((2, 1), (3, 4), (4, 8)):
            run = self.outcome(*pipeline(stages, stages), "--set", f"cluster.micro_batches={parts}", *FREE)
            law = (stages - 1) / (parts + stages - 1)
            self.assertAlmostEqual(run["pipeline"]["bubble"], law, places=12)
            self.assertAlmostEqual(run["pipeline"]["bubble_law"], law, places=12)
            self.assertAlmostEqual(run["time"]["compute_s"] / run["seconds"], 1 - law, places=9)
            self.assertAlmostEqual(sum(run["pipeline"]["flop_shares"]), 1.0, places=9)
        points = self.rows("SELECT value FROM v_metrics WHERE series = 'bubble'")
        self.assertTrue(points)

    def test_the_summary_shows_measure_and_law(self):
        done = self.sactool("train", "--db", self.database, *MLP, *pipeline(2, 2), *FREE)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("2 stages of ", done.stdout)
        self.assertIn("% of the FLOPs, 2 micro-batches (1f1b); bubble 33.3 %, by the law 33.3 %", done.stdout)

    def test_predictions_are_exact(self):
        run = self.outcome(*pipeline(2, 4))
        predicted = self.outcome(*pipeline(2, 4), command="predict")
        for key in ("seconds", "time", "traffic", "pipeline"):
            self.assertEqual(run[key], predicted[key], key)

    def test_gradients_are_clipped_by_the_whole_models_norm(self):
        clipped = ["--set", "optimizer.clip_norm=0.05", "--set", "optimizer.lookahead_steps=3"]
        whole = self.outcome("--workers", 2, *clipped)
        split = self.outcome(*pipeline(4, 8), *clipped)
        self.assertAlmostEqual(whole["final"]["loss"], split["final"]["loss"], places=12)
        predicted = self.outcome(*pipeline(4, 8), *clipped, command="predict")
        for key in ("seconds", "time", "traffic"):
            self.assertEqual(split[key], predicted[key], key)

    def test_a_stored_run_is_repriced(self):
        self.outcome(*pipeline(2, 4))
        slower = self.outcome(*pipeline(2, 4), "--set", "cluster.network.bandwidth_Bps=1e6")
        done = self.sactool("reprice", "--json", "--db", self.database, 1, "--set", "cluster.network.bandwidth_Bps=1e6")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(json.dumps(slower["seconds"]), done.stdout)

    def test_real_ranks_hold_stages(self):
        clipped = ["--set", "optimizer.clip_norm=0.05"]
        whole = self.outcome("--workers", 2, *clipped)
        real = self.outcome(*pipeline(2, 4), *clipped, "--fabric", "gloo")
        self.assertAlmostEqual(whole["final"]["loss"], real["final"]["loss"], places=12)
        self.assertGreater(real["pipeline"]["bubble"], 0)

    def test_what_cannot_be_is_refused(self):
        self.refuse(*pipeline(3, 4), says=["cluster.pipeline = 3 does not divide cluster.workers = 4"])
        self.refuse(*pipeline(8, 8), says=["cluster.pipeline = 8", "'mlp'", "cut in 3 places", "at most 4 stages"])
        self.refuse(*pipeline(2, 2), "--set", "cluster.micro_batches=9",
                    says=["cluster.micro_batches = 9 is more than train.batch_size = 8"])
        self.refuse(*pipeline(2, 2), "--strategy", "async_sgd", says=["cluster.pipeline = 2", "'async_sgd'", "server"])
        self.refuse(*pipeline(2, 2), "--set", 'cluster.faults=["worker 1 dies at 1"]', says=["cluster.faults"])
        self.refuse(*pipeline(2, 2), "--set", "cluster.pipeline_schedule=zigzag", says=["1f1b, gpipe"])


if __name__ == "__main__":
    unittest.main()
