"""Batch normalisation over one worker's mini-batch or over all workers', from outside."""

import json
import unittest

from support import TINY, SactoolCase

RESNET = ["--set", "data.name=fashion_mnist", "--set", "data.test_limit=64", "--set", "data.train_limit=512", "--set",
          "model.name=resnet20", "--set", "train.dtype=float64", "--steps", 3, "--set", "optimizer.momentum=0.9"]
SYNCHRONISED = ["--set", "train.batch_norm=synchronised"]
LATENCY = ["--set", "cluster.network.latency_s=0.001", "--set", "cluster.network.bandwidth_Bps=1e300", "--set",
           "cluster.network.algorithm=ring", "--set", "cluster.compute.seconds_per_step=0.5"]
LAYERS = 19


class BatchNorm(SactoolCase):
    def outcome(self, *arguments, command="train"):
        where = ["--db", self.database] if command == "train" else []
        done = self.sactool(command, "--json", *where, *RESNET, *arguments)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def of_workers(self, workers, *more, **keywords):
        return self.outcome("--workers", workers, "--set", f"train.batch_size={8 // workers}", *more, **keywords)

    def test_workers_together_go_the_way_of_one(self):
        one = self.of_workers(1)
        together = self.of_workers(4, *SYNCHRONISED)
        apart = self.of_workers(4)
        self.assertAlmostEqual(together["final"]["loss"], one["final"]["loss"], delta=1e-9 * one["final"]["loss"])
        self.assertGreater(abs(apart["final"]["loss"] - one["final"]["loss"]), 1e-3)

    def test_bits_depend_on_no_slots_and_no_fabric(self):
        runs = [self.of_workers(2, *SYNCHRONISED, *more) for more in (["--slots", 1], ["--slots", 2], ["--fabric", "gloo"])]
        self.assertEqual(len({run["params_sha256"] for run in runs}), 1)
        overlapped = self.of_workers(2, *SYNCHRONISED, "--set", "strategy.overlap=true", "--set", "strategy.bucket_mib=0.1")
        self.assertEqual(overlapped["params_sha256"], runs[0]["params_sha256"])

    def test_threads_of_operations_stay_in_the_passes(self):
        """Evaluations happen while a worker waits in the midst of its pass: their sums must not go by its threads."""
        for slots in (2, 4):
            self.of_workers(2, *SYNCHRONISED, "--strategy", "local_sgd", "--set", "train.eval_every=1", "--slots", slots)
        drifts = self.rows("SELECT step, count(DISTINCT value) AS values_ FROM v_metrics WHERE series = 'replica_drift' GROUP BY step")
        self.assertEqual([row["values_"] for row in drifts], [1, 1, 1])

    def test_the_living_go_on(self):
        fault = ["--set", "cluster.faults=[\"worker 1 dies at 0.7\"]", *LATENCY]
        run = self.of_workers(4, *SYNCHRONISED, *fault, "--set", "cluster.on_failure=continue")
        parts = [run["time"][part] for part in ("compute_s", "communication_s", "waiting_s", "idle_s")]
        self.assertAlmostEqual(sum(parts), run["seconds"], places=9)
        self.assertGreater(run["time"]["idle_s"], 0.0)
        stalled = self.sactool("train", "--db", self.database, *RESNET, "--workers", 4, *SYNCHRONISED, *fault)
        self.assertNotEqual(stalled.returncode, 0)
        self.assertIn("worker 1 died at 0.7 s", stalled.stderr)

    def test_a_measurement_is_of_computing_alone(self):
        done = self.sactool("calibrate", *RESNET, "--workers", 2, *LATENCY, *SYNCHRONISED, "--seconds", 1, "-o", "here.toml")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("seconds_per_step = 0.5\n", (self.folder / "here.toml").read_text())

    def test_timelines_hold_whole_steps(self):
        self.of_workers(2, *SYNCHRONISED, *LATENCY, "--timeline", 2)
        row, = self.rows("SELECT count(*) AS computations FROM spans WHERE rank = 0 AND kind = 'compute'")
        self.assertEqual(row["computations"], 2 * (2 * LAYERS + 1))

    def test_every_sum_takes_its_time(self):
        apart = self.of_workers(2, *LATENCY)
        together = self.of_workers(2, *LATENCY, *SYNCHRONISED)
        sums = 3 * 2 * LAYERS  # steps, forward and backward
        self.assertAlmostEqual(together["seconds"] - apart["seconds"], sums * 2 * 0.001, places=9)
        self.assertAlmostEqual(together["time"]["compute_s"], 2 * 3 * 0.5 / 2, places=9)
        for run in (apart, together):
            parts = [run["time"][part] for part in ("compute_s", "communication_s", "waiting_s", "idle_s")]
            self.assertAlmostEqual(sum(parts), run["seconds"], places=9)
        channels = 7 * 16 + 6 * 32 + 6 * 64
        extra = together["traffic"]["payload_bytes"] - apart["traffic"]["payload_bytes"]
        self.assertEqual(extra, 2 * 3 * 8 * (4 * channels + LAYERS))

    def test_stragglers_are_waited_for(self):
        slow = ["--set", "cluster.compute.speeds=[1.0,0.5]", *LATENCY]
        run = self.of_workers(2, *slow, *SYNCHRONISED, "--strategy", "local_sgd", "--set", "strategy.period=3")
        self.assertGreater(run["time"]["waiting_s"], 0.0)

    def test_predictions_are_exact(self):
        run = self.of_workers(4, *SYNCHRONISED)
        predicted = self.of_workers(4, *SYNCHRONISED, command="predict")
        for key in ("seconds", "time", "traffic"):
            self.assertEqual(predicted[key], run[key], key)

    def test_local_statistics_are_the_first_workers(self):
        averaged = self.of_workers(4)
        local = self.of_workers(4, "--set", "train.batch_norm=local")
        self.assertEqual(local["params_sha256"], averaged["params_sha256"])
        self.assertEqual(local["final"]["train_loss"], averaged["final"]["train_loss"])
        self.assertNotEqual(local["final"]["loss"], averaged["final"]["loss"])

    def test_what_cannot_be_is_refused(self):
        def refuse(*arguments, says):
            self.assert_refused(self.sactool("train", "--db", self.database, *arguments), *says)
            self.assertFalse(self.database.exists(), "a database was left behind")

        refuse(*TINY, *SYNCHRONISED, says=["train.batch_norm = \"synchronised\" needs a model with batch normalisation", "'linear'"])
        refuse(*RESNET, *SYNCHRONISED, "--strategy", "async_sgd", says=["all compute at every step", "'async_sgd'"])
        refuse(*RESNET, *SYNCHRONISED, "--strategy", "palsgd", says=["'palsgd'"])
        refuse(*RESNET, *SYNCHRONISED, "--set", "cluster.pipeline=2", says=["cluster.pipeline"])
        refuse(*RESNET, "--set", "train.batch_norm=synchronized", says=["averaged, local, synchronised"])


if __name__ == "__main__":
    unittest.main()
