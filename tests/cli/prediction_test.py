"""calibrate, profiles and predict from outside, on the virtual cluster."""

import json

from support import TINY, SactoolCase

NETWORK = ["--set", "cluster.network.latency_s=0.0003", "--set", "cluster.network.bandwidth_Bps=2e7",
           "--set", "cluster.network.algorithm=ring"]
COMPUTE = ["--set", "cluster.compute.seconds_per_step=0.004"]


class Calibrate(SactoolCase):
    def calibrate(self, *arguments):
        done = self.sactool("calibrate", *TINY, *NETWORK, *COMPUTE, "--seconds", 3, *arguments)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done

    def profile(self, name):
        """The one-line values of a profile, by dotted key."""
        values, table = {}, ""
        for line in (self.folder / name).read_text().splitlines():
            key, equals, value = line.partition(" = ")
            if line.startswith("["):
                table = line.strip("[]") + "."
            elif equals and not value.startswith("[  #"):
                values[table + key] = json.loads(value)
        return values

    def test_the_virtual_cluster_is_given_back(self):
        self.calibrate("--workers", 4, "-o", "p.toml")
        profile = self.profile("p.toml")
        self.assertEqual(profile["cluster.network.latency_s"], 0.0003)
        self.assertEqual(profile["cluster.network.bandwidth_Bps"], 2e7)
        self.assertEqual(profile["cluster.network.algorithm"], "ring")
        self.assertEqual(profile["cluster.workers"], 4)
        self.assertLess(profile["profile.fit_error_worst_all_reduce"], 1e-6)
        self.assertEqual(profile["profile.seconds_per_step"], 0.004)

    def test_the_table_shows_both_bandwidths(self):
        text = self.calibrate("--workers", 2).stdout
        self.assertIn("algbw", text)
        self.assertIn("busbw", text)
        self.assertIn("reduce_scatter", text)

    def test_json(self):
        report = json.loads(self.calibrate("--workers", 4, "--json").stdout)
        row = next(r for r in report["exchanges"] if r["exchange"] == "all_reduce" and r["bytes"] == 1 << 16)
        self.assertAlmostEqual(row["busbw_Bps"] / row["algbw_Bps"], 1.5)
        self.assertAlmostEqual(row["seconds"], 6 * 3e-4 + 1.5 * (1 << 16) / 2e7, places=9)

    def test_a_prediction_from_a_profile_is_that_of_the_cluster_itself(self):
        self.calibrate("--workers", 4, "-o", "p.toml")
        for strategy in ("sync_sgd", "local_sgd", "staged", "async_sgd"):
            spec = [*TINY, "--strategy", strategy, "--steps", 20, "--json"]
            itself = json.loads(self.sactool("predict", *spec, *NETWORK, *COMPUTE).stdout)
            profile = json.loads(self.sactool("predict", *spec, "--profile", "p.toml").stdout)
            trained = self.train("--strategy", strategy, "--steps", 20, *NETWORK, *COMPUTE)
            self.assertEqual(itself["seconds"], trained["seconds"], strategy)
            self.assertEqual(itself["traffic"], trained["traffic"], strategy)
            self.assertAlmostEqual(profile["seconds"] / trained["seconds"], 1.0, places=5, msg=strategy)
            self.assertFalse(itself["arithmetic"])

    def test_one_worker_is_refused(self):
        self.assert_refused(self.sactool("calibrate", *TINY, "--workers", 1), "at least 2 workers", "cluster.workers = 1")


class Profiles(SactoolCase):
    def setUp(self):
        super().setUp()
        (self.folder / "clusters").mkdir()
        self.write("clusters/p.toml", "[cluster.network]\nlatency_s = 0.5\nall_reduce = [8, 0.25, 0.25]\n[profile]\nhosts = ['a']\n")

    def key(self, *arguments):
        return self.train("--steps", 3, *arguments)["key"]

    def test_a_spec_cites_a_profile_relative_to_itself_and_wins(self):
        self.write("clusters/exp.toml", "[cluster]\nprofile = 'p.toml'\n[cluster.network]\nlatency_s = 0.125\n")
        shown = self.sactool("train", "clusters/exp.toml", "--dry-run").stdout
        self.assertIn("latency_s = 0.125  # clusters/exp.toml:4", shown)
        self.assertIn("all_reduce = [8.0, 0.25, 0.25]  # clusters/p.toml:3", shown)
        self.assertNotIn("profile =", shown)

    def test_the_flag_wins_over_the_spec_and_loses_to_set(self):
        self.write("exp.toml", "[cluster.network]\nlatency_s = 0.125\n")
        arguments = ["train", "exp.toml", "--profile", "clusters/p.toml", "--dry-run"]
        self.assertIn("latency_s = 0.5  #", self.sactool(*arguments).stdout)
        self.assertIn("latency_s = 0.1  # --set",
                      self.sactool(*arguments, "--set", "cluster.network.latency_s=0.1").stdout)

    def test_identity_is_in_the_numbers_not_in_the_path(self):
        cited = self.key("--profile", "clusters/p.toml")
        self.write("other.toml", (self.folder / "clusters/p.toml").read_text().replace("'a'", "'b'"))
        self.assertEqual(self.key("--set", "cluster.profile=other.toml"), cited)
        self.write("other.toml", "[cluster.network]\nlatency_s = 0.5\nall_reduce = [8, 0.26, 0.26]\n")
        self.assertNotEqual(self.key("--profile", "other.toml"), cited)

    def test_bad_profiles_are_refused(self):
        cases = {
            "[train]\nsteps = 3\n": ("bad.toml:2", "'train.steps' does not belong in a cluster profile"),
            "[cluster]\nworkers = 3\n": ("bad.toml", "is no cluster profile"),
            "[cluster.network]\nlatency = 3\n": ("bad.toml:2", "cluster.network.latency_s"),
            "[cluster.network]\nall_reduce = [1, 2]\n": ("three a size",),
            "[cluster]\nprofile = 'x.toml'\n": ("cannot cite another",),
        }
        for text, parts in cases.items():
            self.write("bad.toml", text)
            self.assert_refused(self.sactool("train", *TINY, "--profile", "bad.toml"), *parts)
        self.assert_refused(self.sactool("train", *TINY, "--profile", "none.toml"), "none.toml", "cannot be read")
        self.assert_refused(self.sactool("train", *TINY, "--set", "cluster.profile=3"), "--set", "cluster.profile = 3")


class Predict(SactoolCase):
    def test_beside_a_stored_run(self):
        run = self.train("--steps", 20, "--strategy", "local_sgd", *NETWORK)
        done = self.sactool("predict", "--against", run["run"], "--db", self.database, "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stderr, "")
        quantities = json.loads(done.stdout)["quantities"]
        for name in ("time_s", "compute_s", "communication_s", "communication_and_waiting_s", "wire_bytes"):
            self.assertEqual(quantities[name]["ratio"], 1.0, name)
        text = self.sactool("predict", "--against", run["run"], "--db", self.database).stdout
        self.assertIn("predicted / measured", text)

    def test_another_spec_is_told(self):
        run = self.train("--steps", 20)
        done = self.sactool("predict", *TINY, "--steps", 10, "--against", run["run"], "--db", self.database)
        self.assertIn("differs in train.steps", done.stderr)

    def test_strategies_that_look_at_losses_are_computed(self):
        options = ["--strategy", "local_sgd", "--set", "strategy.period_schedule=adacomm", "--steps", 20]
        done = self.sactool("predict", *TINY, *options, "--json")
        self.assertIn("real arithmetic", done.stderr)
        prediction = json.loads(done.stdout)
        self.assertTrue(prediction["arithmetic"])
        self.assertEqual(prediction["seconds"], self.train(*options)["seconds"])
