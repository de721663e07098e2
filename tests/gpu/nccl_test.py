"""Real NCCL ranks against virtual workers; several share a GPU where NCCL is new enough."""

import json
import unittest

from ranks import RanksCase
from support import TINY

FABRICS = ("virtual", "nccl")


class Nccl(RanksCase):
    def setUp(self):
        super().setUp()
        done = self.sactool("train", *TINY, "--fabric", "nccl", "--workers", "2", "--steps", "1", "--db", self.folder / "probe.db")
        if done.returncode == 4:
            raise unittest.SkipTest(done.stderr.strip())

    def both(self, strategy, workers, *arguments):
        return (self.train("--strategy", strategy, "--workers", workers, "--steps", "50", "--fabric", fabric, *arguments)
                for fabric in FABRICS)

    def test_ranks_end_where_virtual_workers_do(self):
        for strategy in ["sync_sgd", "local_sgd", "staged"]:
            for workers in [1, 2, 4]:
                with self.subTest(strategy=strategy, workers=workers):
                    virtual, real = self.both(strategy, workers, "--set", "train.eval_every=20")
                    self.assertAlmostEqual(real["final"]["loss"] / virtual["final"]["loss"], 1.0, delta=1e-5)
                    self.assertEqual(real["traffic"]["payload_bytes"], virtual["traffic"]["payload_bytes"])

    def test_overlap_changes_no_result(self):
        virtual, real = self.both("sync_sgd", 2, "--set", "strategy.overlap=true", "--set", "model.name=mlp",
                                  "--set", "strategy.bucket_mib=0.1")
        self.assertAlmostEqual(real["final"]["loss"] / virtual["final"]["loss"], 1.0, delta=1e-5)

    def test_asynchronous_ranks_learn_as_much(self):
        virtual, real = self.both("async_sgd", 2)
        self.assertAlmostEqual(real["final"]["accuracy"], virtual["final"]["accuracy"], delta=0.02)

    def test_the_parts_of_time_add_up(self):
        run = self.train("--strategy", "sync_sgd", "--workers", "2", "--steps", "50", "--fabric", "nccl")
        time = run["time"]
        parts = sum(time[part] for part in ["compute_s", "communication_s", "waiting_s", "idle_s"])
        self.assertAlmostEqual(parts, run["seconds"], delta=1e-6 * run["seconds"])
        self.assertTrue(all(seconds >= 0 for seconds in time.values()), json.dumps(time))
        self.assertGreater(time["communication_s"], 0)
