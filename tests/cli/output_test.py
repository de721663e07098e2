"""Help, version, listings, pipes."""

import json
import subprocess
import time

from support import SACTOOL, TINY, SactoolCase


class Output(SactoolCase):
    def test_version_is_quick(self):
        begin = time.monotonic()
        done = self.sactool("--version")
        self.assertLess(time.monotonic() - begin, 10.0)  # 0.3 s on an idle machine; a sanitizer and other tests slow it
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertRegex(done.stdout, r"^sactool \d+\.\d+\.\d+ \(.*LibTorch \d+\.\d+\.\d+\)\n$")

    def test_help_leads_with_examples(self):
        for arguments in [[], ["--help"], ["train", "--help"], ["strategies", "-h"]]:
            done = self.sactool(*arguments)
            self.assertEqual((done.returncode, done.stderr), (0, ""), arguments)
            self.assertLess(done.stdout.index("Examples:"), done.stdout.index("Usage:"))
        for command in ["train", "compare", "report", "runs", "strategies", "data", "doctor"]:
            self.assertIn(f"\n  {command} ", self.sactool("--help").stdout)

    def completions(self, *words):
        """What bash offers for the last of the words."""
        script = self.write("completion.sh", self.sactool("completion", "bash").stdout)
        ask = f'source {script}; COMP_WORDS=(sactool "$@"); COMP_CWORD=$#; _sactool; printf "%s\\n" "${{COMPREPLY[@]}}"'
        done = subprocess.run(["bash", "-c", ask, "bash", *words], cwd=self.folder, capture_output=True, text=True, timeout=20)
        return done.stdout.split()

    def test_completion(self):
        self.assertEqual(self.completions("tr"), ["train"])
        self.assertLessEqual({"--retry-failed", "--dry-run"}, set(self.completions("sweep", "--")))
        self.assertIn("--json", self.completions("runs", "ls", "--j"))
        self.assertEqual(self.completions("train", "exp.toml", "--work"), ["--workers"])
        self.assertEqual(self.completions("train", "--set", "optimizer.moment"), ["optimizer.momentum="])
        self.assertEqual(self.completions("nonsense", "exp", "--vers"), ["--version"])
        self.assertTrue(self.sactool("completion", "zsh").stdout.startswith("autoload"))
        self.assert_refused(self.sactool("completion", "fish"), "fish")

    def test_strategies(self):
        listed = json.loads(self.sactool("strategies", "--json").stdout)
        self.assertLessEqual({"sync_sgd", "local_sgd", "staged", "async_sgd"}, {entry["name"] for entry in listed})
        text = self.sactool("strategies").stdout
        for entry in listed:
            self.assertIn(entry["summary"], text)
            self.assertIn(entry["cost"], text)
            shown = self.sactool("strategies", "show", entry["name"]).stdout
            for option in entry["options"]:
                self.assertIn(option["name"], shown)
                self.assertTrue(option["doc"])
            self.assertEqual(json.loads(self.sactool("strategies", "show", entry["name"], "--json").stdout), entry)

    def test_strategies_check(self):
        lines = self.sactool("strategies", "check", "diloco").stdout.splitlines()
        self.assertGreater(len(lines), 5)
        for line in lines:
            self.assertTrue(line.startswith("PASS  diloco"), line)
        verdicts = json.loads(self.sactool("strategies", "check", "ssp", "--json").stdout)
        self.assertTrue(all(verdict["holds"] and verdict["strategy"] == "ssp" for verdict in verdicts))
        self.assertIn("5: s = inf is async_sgd", [verdict["law"] for verdict in verdicts])

    def test_doctor(self):
        found = json.loads(self.sactool("doctor", "--json", "--db", self.database).stdout)
        for key in ["sactool", "libtorch", "sqlite", "compiler", "cpu", "cores", "default_slots", "memory_bytes", "data",
                    "database", "strategies", "warnings"]:
            self.assertIn(key, found)
        self.assertGreaterEqual(found["default_slots"], 1)
        self.assertFalse(self.database.exists())
        self.write("runs.db", "these are my notes, not a database\n" * 50)
        done = self.sactool("doctor", "--db", self.database)
        self.assertEqual(done.returncode, 0)
        self.assertIn("warning: ", done.stdout)

    def test_a_reader_that_goes_away_is_no_crash(self):
        for arguments in [["strategies"], ["train", *TINY, "--steps", "2", "--db", str(self.database)]]:
            child = subprocess.Popen([SACTOOL, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                     env=self.environment, cwd=self.folder)
            child.stdout.close()
            error = child.stderr.read()
            child.stderr.close()
            self.assertEqual((child.wait(), error), (0, b""))

    def test_a_full_disk_is_said(self):
        with open("/dev/full", "w") as full:
            done = subprocess.run([SACTOOL, "strategies"], stdout=full, stderr=subprocess.PIPE, text=True, env=self.environment)
        self.assertEqual(done.returncode, 1)
        self.assertIn("standard output", done.stderr)
