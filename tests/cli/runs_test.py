"""Looking at runs: differences, tags, notes, questions in SQL, gates on comparisons."""

import json
import unittest

from support import SactoolCase


class Runs(SactoolCase):
    def setUp(self):
        super().setUp()
        for strategy in ["sync_sgd", "local_sgd"]:
            for seed in ["0", "1"]:
                self.train("--strategy", strategy, "--seed", seed, "--steps", "20", "--set", "train.eval_every=5")

    def runs(self, *arguments):
        return self.sactool("runs", *arguments, "--db", self.database)

    def compare(self, *arguments):
        return self.sactool("compare", "--db", self.database, *arguments)

    def test_diff_names_what_differs_and_nothing_else(self):
        found = json.loads(self.runs("diff", "1", "2", "--json").stdout)
        self.assertEqual([(row["name"], row["one"], row["other"]) for row in found if row["part"] == "spec"],
                         [("train.seed", "0", "1")])
        self.assertIn("params_sha256", [row["name"] for row in found])
        self.assertNotIn("wire_bytes", [row["name"] for row in found])
        self.assertIn("strategy.name", self.runs("diff", "1", "3").stdout)
        self.assertIn("do not differ", self.runs("diff", "1", "1").stdout)
        self.assert_refused(self.runs("diff", "1"), "required")

    def test_tags_and_notes(self):
        self.assertEqual(self.runs("tag", "1", "paper", "figure-2").returncode, 0)
        self.assertEqual(self.runs("note", "1", "looks <b>odd</b>").returncode, 0)
        shown = self.runs("show", "1").stdout
        self.assertIn("figure-2, paper", shown)
        self.assertIn("looks <b>odd</b>", shown)
        listed = json.loads(self.runs("ls", "--tag", "paper", "--json").stdout)
        self.assertEqual([run["run"] for run in listed], [1])
        self.assertEqual(self.runs("tag", "1", "paper", "--remove").returncode, 0)
        self.assertEqual(json.loads(self.runs("ls", "--tag", "paper", "--json").stdout), [])
        self.assert_refused(self.runs("tag", "1", "figure-3", "--remove"), "did you mean 'figure-2'?")
        self.assert_refused(self.runs("tag", "1", "two words"), "one word")
        self.assertEqual(self.runs("note", "1", "").returncode, 0)
        self.assertEqual(self.rows("SELECT * FROM notes"), [])
        self.assertEqual(self.runs("rm", "1").returncode, 0)
        self.assertEqual(self.rows("SELECT * FROM tags"), [])

    def query(self, *arguments):
        return self.sactool("query", "--db", self.database, *arguments)

    def test_query_reads_and_only_reads(self):
        question = "SELECT strategy, count(*) AS n FROM v_runs GROUP BY 1 ORDER BY 1"
        self.assertEqual(json.loads(self.query(question, "--json").stdout),
                         [{"strategy": "local_sgd", "n": 2}, {"strategy": "sync_sgd", "n": 2}])
        self.assertEqual(self.query(question, "--csv").stdout, "strategy,n\nlocal_sgd,2\nsync_sgd,2\n")
        self.assertEqual(self.query(question).stdout.split(), ["strategy", "n", "local_sgd", "2", "sync_sgd", "2"])
        self.assertEqual(self.query("SELECT 'a,\"b', NULL, 1.5", "--csv").stdout.splitlines()[1], '"a,""b",,1.5')
        self.assert_refused(self.query("DELETE FROM runs"), "would write")
        self.assert_refused(self.query("SELECT 1; DROP TABLE runs"), "one statement")
        self.assert_refused(self.query("SELECT acuracy FROM v_runs"), "no such column: acuracy")
        self.assert_refused(self.query(" "), "no statement")

    def test_compare_shows_split_speed_up_and_curves(self):
        text = self.compare("--target", "0.2").stdout
        for part in ["of the time (%)", "speed-up", "efficiency", "accuracy by step", "time to 20 % (ratio)"]:
            self.assertIn(part, text)
        effect, = json.loads(self.compare("--json").stdout)["effects"]
        self.assertAlmostEqual(effect["speed_up"]["estimate"] * effect["seconds_ratio"]["estimate"], 1.0)
        self.assertAlmostEqual(effect["efficiency"]["estimate"], effect["speed_up"]["estimate"])

    def test_a_gate_that_is_met_ends_with_5_after_the_comparison(self):
        passed = self.compare("--fail-if", "speed_up < 1")
        self.assertEqual((passed.returncode, passed.stderr), (0, ""))
        failed = self.compare("--json", "--fail-if", "seconds < baseline.seconds")
        self.assertEqual(failed.returncode, 5)
        self.assertEqual(len(json.loads(failed.stdout)["groups"]), 2)
        self.assertEqual(failed.stderr, "sactool: error: --fail-if: local_sgd: seconds < baseline.seconds\n")
        self.assertEqual(self.compare("--fail-if", "target_seconds > 1").returncode, 5)
        self.assertEqual(self.compare("--fail-if", "acuracy > 1").returncode, 2)


if __name__ == "__main__":
    unittest.main()
