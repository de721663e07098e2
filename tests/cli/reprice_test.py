"""Repricing, reproducing, timelines: what a stored run can still tell."""

import json
import unittest

from support import SactoolCase

OUTCOME = "accuracy, loss, train_loss, seconds, compute_s, communication_s, waiting_s, idle_s, wire_bytes, messages, params_sha256"
SLOW = ["--set", "cluster.network.bandwidth_Bps=2e6"]
SETTING = ["--steps", "30", "--set", "train.eval_every=7", "--set", "cluster.compute.model=lognormal"]


class Reprice(SactoolCase):
    def points(self, run):
        return self.rows(f"SELECT series, step, seconds, samples, wire_bytes, value FROM v_metrics WHERE run = {run} ORDER BY 1, 2")

    def test_a_repriced_run_is_the_run_trained_there(self):
        for strategy in ["sync_sgd", "local_sgd", "staged", "diloco", "fedavg"]:
            with self.subTest(strategy):
                run = self.train("--strategy", strategy, *SETTING)["run"]
                done = self.sactool("reprice", run, *SLOW, "--store", "--name", strategy, "--db", self.database)
                self.assertEqual(done.returncode, 0, done.stderr)
                repriced = self.rows("SELECT max(run) AS run FROM runs")[0]["run"]
                trained = self.train("--strategy", strategy, *SETTING, *SLOW)["run"]
                one, other = (self.rows(f"SELECT key, {OUTCOME} FROM runs WHERE run = {each}") for each in (repriced, trained))
                self.assertEqual(one, other)
                self.assertEqual(self.points(repriced), self.points(trained))
                self.assertEqual(self.sactool("reproduce", repriced, "--db", self.database).returncode, 0)

    def test_gossip_is_repriced_up_to_the_rounding_of_the_evaluated_mean(self):
        run = self.train("--strategy", "sgp", *SETTING)["run"]
        self.assertEqual(self.sactool("reprice", run, *SLOW, "--store", "--db", self.database).returncode, 0)
        self.train("--strategy", "sgp", *SETTING, *SLOW)
        for one, other in zip(self.points(run + 1), self.points(run + 2), strict=True):
            self.assertAlmostEqual(one.pop("value"), other.pop("value"), 6)
            self.assertEqual(one, other)

    def test_lists_give_a_grid_and_a_winner_map(self):
        for strategy in ["sync_sgd", "local_sgd"]:
            for workers in ["2", "4"]:
                self.train("--strategy", strategy, "--workers", workers, *SETTING)
        done = self.sactool("reprice", "sync_sgd", "local_sgd", "--set", "cluster.network.bandwidth_Bps=[1e5,1e7]", "--store",
                            "--target", "0.5", "--json", "--db", self.database)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(len(json.loads(done.stdout)), 8)
        self.assertEqual(self.rows("SELECT count(*) AS n FROM runs")[0]["n"], 12)
        page = self.sactool("report", "reprice", "-o", "-", "--format", "html", "--db", self.database).stdout
        self.assertIn("Who wins where", page)
        self.assertIn("cluster.network.bandwidth_Bps", page)

    def test_refused_where_unsound(self):
        def refused(run, *parts, change=SLOW):
            self.assert_refused(self.sactool("reprice", run, *change, "--db", self.database), *parts)
        run = self.train("--steps", "5")["run"]
        refused(run, "cluster.workers", "must be trained", change=["--set", "cluster.workers=8"])
        refused(run, "strategy.period", change=["--set", "strategy.period=8"])
        refused(run, "bandwith_Bps", change=["--set", "cluster.network.bandwith_Bps=1"])
        refused(self.train("--strategy", "async_sgd", "--steps", "5", "--set", "optimizer.lr=0.01")["run"], "updates as they arrive")
        refused(self.train("--strategy", "local_sgd", "--steps", "5", "--set", "strategy.period_schedule=adacomm")["run"],
                "depends on losses or values")
        self.sactool("query", "SELECT 1", "--db", self.database)
        refused("99", "no run '99'")

    def test_reproduce_says_what_differs(self):
        run = self.train("--steps", "20", "--strategy", "async_sgd", "--set", "optimizer.lr=0.01")["run"]
        done = self.sactool("reproduce", run, "--json", "--db", self.database)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue(json.loads(done.stdout)["reproduced"])
        import sqlite3
        with sqlite3.connect(self.database) as database:
            database.execute("UPDATE runs SET params_sha256 = 'abc', loss = 'nan'")
            database.execute("UPDATE points SET value = value + 1 WHERE step = 20 AND series = 1")
        database.close()
        done = self.sactool("reproduce", run, "--json", "--db", self.database)
        self.assertEqual(done.returncode, 1, done.stderr)
        found = json.loads(done.stdout)
        self.assertFalse(found["reproduced"])
        self.assertEqual([entry["name"] for entry in found["differences"] if entry["part"] == "outcome"], ["params_sha256", "loss"])
        self.assertEqual([entry["part"] for entry in found["differences"]].count("point"), 1)

    def test_timelines_are_stored_and_exported(self):
        run = self.train("--strategy", "sync_sgd", "--steps", "30")["run"]
        spans = self.rows(f"SELECT * FROM spans WHERE run = {run}")
        self.assertEqual(len([span for span in spans if span["kind"] == "compute"]), 4 * 16)
        self.assertEqual({span["kind"] for span in spans} - {"waiting"}, {"compute", "communication", "transfer"})
        trace = json.loads(self.sactool("report", run, "-o", "-", "--format", "trace.json", "--db", self.database).stdout)
        self.assertGreater(len(trace["traceEvents"]), 4 * 16 * 3)
        none = self.train("--steps", "5", "--timeline", "0")["run"]
        self.assert_refused(self.sactool("report", none, "-o", "a.trace.json", "--db", self.database), "has no timeline")

    def test_the_manual_page_knows_every_command(self):
        page = self.sactool("man").stdout
        for word in [".TH SACTOOL 1", '.SS "sactool train"', '.SS "sactool runs diff"', "\\-\\-fail\\-if", ".SH EXIT STATUS"]:
            self.assertIn(word, page)


if __name__ == "__main__":
    unittest.main()
