"""Faults of the virtual cluster from outside, and what runs record of staleness, drift and dropped gradients."""

import json
import unittest

from support import TINY, SactoolCase

SHORT = ["--workers", 4, "--steps", 30, "--set", "train.eval_every=10", "--set", "cluster.compute.seconds_per_step=0.01"]


def faults(*texts):
    return ["--set", "cluster.faults=" + json.dumps(texts)]


class Faults(SactoolCase):
    def run_it(self, *arguments):
        return self.sactool("train", "--json", "--db", self.database, *TINY, *SHORT, *arguments)

    def test_a_pause_costs_its_time_and_changes_nothing_else(self):
        plain = self.train(*SHORT)
        paused = self.train(*SHORT, *faults("worker 2 pauses at 0.1 for 0.5"))
        self.assertAlmostEqual(paused["seconds"], plain["seconds"] + 0.5, places=6)
        self.assertEqual(paused["params_sha256"], plain["params_sha256"])
        self.assertNotEqual(paused["key"], plain["key"])

    def test_a_death_fails_the_run_with_one_line(self):
        done = self.run_it(*faults("worker 2 dies at 0.1"))
        self.assertEqual(done.returncode, 1)
        self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
        self.assertIn("worker 2 died at 0.1 s", done.stderr)
        row = self.rows("SELECT status, error FROM v_runs")[0]
        self.assertEqual(row["status"], "FAILED")
        self.assertIn("worker 2 died at 0.1 s", row["error"])

    def test_the_rest_may_go_on(self):
        run = self.train(*SHORT, *faults("worker 0 dies at 0.1"), "--set", "cluster.on_failure=continue")
        self.assertEqual(run["status"], "FINISHED")
        self.assertEqual(len(self.rows("SELECT * FROM v_metrics WHERE series = 'accuracy'")), 3)

    def test_who_rejoins_is_waited_for(self):
        plain = self.train(*SHORT)
        back = self.train(*SHORT, *faults("worker 1 dies at 0.1", "worker 1 rejoins at 2"))
        self.assertEqual(back["params_sha256"], plain["params_sha256"])
        self.assertGreater(back["seconds"], 2.0)

    def test_servers_go_on(self):
        run = self.train(*SHORT, "--strategy", "async_sgd", *faults("worker 1 dies at 0.1"))
        self.assertEqual(run["status"], "FINISHED")

    def test_tables_and_texts_are_the_same_spec(self):
        tables = self.write("tables.toml", """
[[cluster.fault]]
worker = 1
kind = "die"
at_s = 1
[[cluster.fault]]
worker = 0
kind = "slow"
factor = 4
at_s = 0.5
for_s = 2.0
[[cluster.fault]]
worker = 1
kind = "rejoin"
at_s = 3.5
""")
        texts = self.write("texts.toml", """
[cluster]
faults = ["worker 1 dies at 1.0", "worker 1  rejoins at 3.50", "worker 0 slows at 0.5 for 2 by 4"]
""")
        keys = [self.train(path, *SHORT)["key"] for path in [tables, texts]]
        self.assertEqual(keys[0], keys[1])
        shown = self.sactool("train", tables, "--dry-run").stdout
        self.assertIn('faults = ["worker 0 slows by 4 at 0.5 for 2", "worker 1 dies at 1", "worker 1 rejoins at 3.5"]', shown)

    def test_what_cannot_be_is_refused(self):
        for arguments, part in [
                (faults("worker 4 dies at 1"), "worker 4; there are 4, numbered from 0"),
                (faults("worker 1 explodes at 1"), "choices:"),
                (faults("worker 1 rejoins at 1"), "not dead"),
                (faults("worker 1 dies at 1") + ["--fabric", "gloo"], "virtual"),
                (faults("worker 1 dies at 1") + ["--strategy", "choco", "--set", "cluster.on_failure=continue"], "stall"),
                (["--set", "cluster.on_failure=panic"], "stall, continue"),
                (["--set", "strategy.codec=dgc", "--set", "optimizer.momentum=0.9"], "optimizer.momentum = 0"),
        ]:
            with self.subTest(arguments):
                self.assert_refused(self.run_it(*arguments), part)
        broken = self.write("broken.toml", "[[cluster.fault]]\nworker = 1\nkind = \"dye\"\nat_s = 1\n")
        self.assert_refused(self.run_it(broken), "broken.toml:1", "die")

    def test_every_strategy_says_what_it_does(self):
        self.assertIn("cluster.on_failure", self.sactool("strategies", "show", "sync_sgd").stdout)
        self.assertIn("the others go on", self.sactool("strategies", "show", "async_sgd").stdout)


class Metrics(SactoolCase):
    def names(self):
        return {row["series"] for row in self.rows("SELECT DISTINCT series FROM v_metrics")}

    def test_a_server_tells_staleness_and_drops(self):
        self.train(*SHORT, "--strategy", "async_sgd", "--set", "strategy.stale_drop=2", "--set", "cluster.compute.model=pareto")
        self.assertLessEqual({"staleness", "dropped"}, self.names())
        last = self.rows("SELECT value FROM v_metrics WHERE series = 'dropped' ORDER BY step DESC LIMIT 1")[0]["value"]
        late = self.rows("SELECT sum(updates) AS n FROM staleness WHERE staleness > 2")[0]["n"]
        self.assertEqual(last, late)
        shown = self.sactool("runs", "show", 1, "--db", self.database).stdout
        for part in ["of the updates", "0: ", "dropped", "staleness"]:
            self.assertIn(part, shown)
        full = json.loads(self.sactool("runs", "show", 1, "--json", "--db", self.database).stdout)
        self.assertEqual(full["series"]["dropped"]["last"], last)

    def test_replicas_tell_how_far_apart_they_are(self):
        self.train(*SHORT, "--strategy", "local_sgd", "--set", "strategy.period=7")
        self.assertLessEqual({"drift", "replica_drift", "period"}, self.names())
        for row in self.rows("SELECT value FROM v_metrics WHERE series = 'replica_drift'"):
            self.assertGreater(row["value"], 0.0)
        page = self.folder / "report.html"
        self.assertEqual(self.sactool("report", "-o", page, "--db", self.database).returncode, 0)
        self.assertIn("Distance of replicas from their mean", page.read_text())


if __name__ == "__main__":
    unittest.main()
