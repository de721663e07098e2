"""Runs the real binary in a folder of its own, with nobody's configuration around it."""

import json
import os
import pathlib
import sqlite3
import subprocess
import tempfile
import unittest

SACTOOL = os.environ["SACTOOL"]

# A run of a fraction of a second on generated data.
TINY = ["--set", "data.name=blobs", "--set", "data.samples=512", "--set", "model.name=linear", "--set", "train.batch_size=8"]


class SactoolCase(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory(prefix="sactool-")
        self.addCleanup(holder.cleanup)
        self.folder = pathlib.Path(holder.name)
        self.database = self.folder / "runs.db"
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("SACTOOL_", "XDG_", "NO_COLOR"))}
        self.environment = {**kept, "HOME": holder.name, "TERM": "xterm"}

    def sactool(self, *arguments, **environment):
        return subprocess.run([SACTOOL, *map(str, arguments)], cwd=self.folder, capture_output=True, text=True,
                              env={**self.environment, **environment}, stdin=subprocess.DEVNULL)

    def train(self, *arguments, **environment):
        """Trains a tiny run; its JSON object."""
        done = self.sactool("train", "--json", "--db", self.database, *TINY, *arguments, **environment)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def write(self, name, text):
        path = self.folder / name
        path.write_text(text)
        return path

    def rows(self, query):
        """Rows of the database as dictionaries."""
        with sqlite3.connect(f"file:{self.database}?mode=ro", uri=True) as database:
            database.row_factory = sqlite3.Row
            found = [dict(row) for row in database.execute(query)]
        database.close()
        return found

    def assert_refused(self, done, *parts, code=2):
        """Exit code 2 and one clear line that says what is wrong."""
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertEqual(done.stdout, "")
        lines = done.stderr.splitlines()
        self.assertEqual(len(lines), 1, done.stderr)
        self.assertTrue(lines[0].startswith("sactool: error: "), lines[0])
        for part in parts:
            self.assertIn(part, lines[0])
