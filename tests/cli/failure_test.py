"""Ranks that die, hang, meet a stranger or nobody: one clear message, exit code 1, FAILED, and no process left behind."""

import json
import os
import signal
import socket

from ranks import ENDLESS, GLOO, RanksCase, env_of, free_port

QUICK = ["--set", "cluster.timeout_s=5"]


class Failure(RanksCase):
    def test_a_killed_rank_ends_the_run(self):
        for victim in [2, 1, 0]:
            with self.subTest(rank=victim):
                self.database = self.folder / f"killed{victim}.db"
                child = self.start(workers=3)
                os.kill(child.ranks[victim], signal.SIGKILL)
                code, errors = self.finish(child)
                self.assertEqual(code, 1)
                self.assertEqual(len(errors), 1, errors)
                self.assertIn(f"sactool: error: rank {victim} was killed by SIGKILL", errors[0])
                self.assertIn(f"killed{victim}.logs", errors[0])
                self.assert_failed(f"rank {victim} was killed by SIGKILL")

    def test_a_rank_that_hangs_ends_the_run_in_time(self):
        for victim in [1, 0]:
            with self.subTest(rank=victim):
                self.database = self.folder / f"hung{victim}.db"
                child = self.start(*QUICK)
                os.kill(child.ranks[victim], signal.SIGSTOP)
                code, errors = self.finish(child)
                self.assertEqual(code, 1)
                self.assertEqual(len(errors), 1, errors)
                self.assertIn(f"rank {victim}", errors[0])
                self.assert_failed(f"rank {victim}")

    def test_a_stop_signal_is_passed_on(self):
        for stop, code in [(signal.SIGINT, 130), (signal.SIGTERM, 143)]:
            with self.subTest(stop):
                self.database = self.folder / f"{stop.name}.db"
                child = self.start("--json")
                child.send_signal(stop)
                self.assertEqual(self.finish(child), (code, []))
                self.assertEqual(json.loads(child.stdout.read())["status"], "KILLED")
                self.assertEqual(self.rows("SELECT status, resumable FROM v_runs"), [{"status": "KILLED", "resumable": 0}])
                self.assertEqual([path for path in self.folder.iterdir() if path.suffix == ".logs"], [])

    def test_the_second_stop_signal_ends_all_at_once(self):
        child = self.start()
        os.kill(child.ranks[1], signal.SIGSTOP)
        child.send_signal(signal.SIGTERM)
        child.send_signal(signal.SIGINT)
        self.assertIn(self.finish(child)[0], [130, 143])
        self.assertEqual([row["status"] for row in self.rows("SELECT status FROM v_runs")], ["KILLED"])

    def test_ranks_do_not_outlive_a_killed_launcher(self):
        child = self.start(workers=3)
        child.kill()
        self.assertEqual(self.finish(child)[0], -signal.SIGKILL)
        runs = json.loads(self.sactool("runs", "ls", "--json", "--db", self.database).stdout)
        self.assertEqual([run["status"] for run in runs], ["CRASHED"])

    def assert_all_fail(self, results, *parts):
        for code, output, error in results:
            self.assertEqual((code, output), (1, ""), error)
            lines = error.splitlines()
            self.assertEqual(len(lines), 1, error)
            self.assertTrue(lines[0].startswith("sactool: error: rank "), lines[0])
        for part in parts:
            self.assertIn(part, results[0][2])

    def test_a_port_in_use(self):
        with socket.socket() as server:
            server.bind(("127.0.0.1", 0))
            server.listen()
            port = server.getsockname()[1]
            children = self.start_ranks([env_of(rank, 2, port) for rank in range(2)], *GLOO, *QUICK, "--steps", "5")
            self.assert_all_fail(self.finish_ranks(children), str(port), "in use")
        self.assert_failed(str(port), "in use")

    def test_a_wrong_address(self):
        port = free_port()
        for address in ["192.0.2.1", "no-such-host.invalid"]:  # nobody's, and no name
            with self.subTest(address):
                self.database = self.folder / f"{address}.db"
                environments = [env_of(rank, 2, port, address) for rank in range(2)]
                results = self.finish_ranks(self.start_ranks(environments, *GLOO, *QUICK, "--steps", "5"))
                self.assert_all_fail(results, address)
                self.assertIn(address, results[1][2])
                self.assert_failed(address)

    def test_a_rank_that_never_comes(self):
        children = self.start_ranks([env_of(0, 3, free_port())], *GLOO, *QUICK, "--steps", "5")
        self.assert_all_fail(self.finish_ranks(children), "rank 1", "2")
        self.assert_failed("1")

    def test_a_rank_started_twice(self):
        port = free_port()
        children = self.start_ranks([env_of(rank, 2, port) for rank in [0, 1, 1]], *ENDLESS, *QUICK)
        results = self.finish_ranks(children)
        self.assert_all_fail(results)
        self.assertTrue(any("rank 1" in error and "twice" in error for _, _, error in results), results)
        self.assert_failed("rank 1")

    def test_ranks_of_different_specs(self):
        port = free_port()
        children = [self.popen(*ENDLESS, *QUICK, "--seed", rank, **env_of(rank, 2, port)) for rank in range(2)]
        self.assert_all_fail(self.finish_ranks(children), "rank 1: runs another spec")
        self.assert_failed("rank 1: runs another spec")

    def test_a_killed_rank_is_missed_without_our_launcher_too(self):
        port = free_port()
        children = self.start_ranks([env_of(rank, 2, port) for rank in range(2)], *ENDLESS, *QUICK)
        first, second = children
        while "step " not in first.stderr.readline():
            pass
        second.kill()
        self.assert_all_fail(self.finish_ranks([first]), "rank 1")
        self.assert_failed("rank 1")
