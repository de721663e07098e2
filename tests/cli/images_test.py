"""Folders of images from outside: whole ones are learnt, broken ones refused before anything is written."""

import base64
import os
import pty
import signal
import subprocess

from support import SACTOOL, SactoolCase

# 16x16 pixels each.
RED = base64.b64decode(
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAA0JCgsKCA0LCgsODg0PEyAVExISEyccHhcgLikxMC4pLSwzOko+MzZGNywtQFdBRkxOUlNSMj5aYVpQYEpR"
    "Uk//2wBDAQ4ODhMREyYVFSZPNS01T09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT0//wAARCAAQABADASIAAhEB"
    "AxEB/8QAFQABAQAAAAAAAAAAAAAAAAAAAAX/xAAUEAEAAAAAAAAAAAAAAAAAAAAA/8QAFQEBAQAAAAAAAAAAAAAAAAAABQb/xAAUEQEAAAAAAAAAAAAA"
    "AAAAAAAA/9oADAMBAAIRAxEAPwCKAKX7/9k=")
GREY = base64.b64decode(
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAA0JCgsKCA0LCgsODg0PEyAVExISEyccHhcgLikxMC4pLSwzOko+MzZGNywtQFdBRkxOUlNSMj5aYVpQYEpR"
    "Uk//wAALCAAQABABAREA/8QAFQABAQAAAAAAAAAAAAAAAAAAAAX/xAAUEAEAAAAAAAAAAAAAAAAAAAAA/9oACAEBAAA/AJAD/9k=")
BLUE_IN_FOUR_INKS = base64.b64decode(
    "/9j/7gAOQWRvYmUAZAAAAAAA/9sAQwANCQoLCggNCwoLDg4NDxMgFRMSEhMnHB4XIC4pMTAuKS0sMzpKPjM2RjcsLUBXQUZMTlJTUjI+WmFaUGBKUVJP"
    "/8AAFAgAEAAQBEMRAE0RAFkRAEsRAP/EABUAAQEAAAAAAAAAAAAAAAAAAAAH/8QAFBABAAAAAAAAAAAAAAAAAAAAAP/aAA4EQwBNAFkASwAAPwCYJgpy"
    "nAAAAP/Z")


class Images(SactoolCase):
    def setUp(self):
        super().setUp()
        self.pictures = self.folder / "pictures"
        for part in ("train", "test"):
            for name, content in (("red", RED), ("grey", GREY), ("blue", BLUE_IN_FOUR_INKS)):
                for i in range(4):
                    self.put(f"{part}/{name}/{i}.jpg", content)
        self.spec = ["--set", "data.name=image_folder", "--set", f"data.folder={self.pictures}", "--set", "data.side=8",
                     "--set", "model.name=linear", "--set", "train.batch_size=4", "--set", "data.flip=true"]

    def put(self, name, content):
        path = self.pictures / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def train(self, *arguments):
        return self.sactool("train", "--json", "--db", self.database, *self.spec, *arguments)

    def refuse(self, *arguments, says):
        self.assert_refused(self.train("--steps", "2", *arguments, "--save", "model.safetensors"), *says)
        self.assertEqual(os.listdir(self.folder), ["pictures"], "something was left behind")

    def test_colours_of_all_kinds_are_learnt(self):
        for crop in ("random", "centre"):
            done = self.train("--steps", "40", "--set", f"data.crop={crop}")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn('"accuracy": 1.0', done.stdout)

    def test_loader_threads_change_no_bit(self):
        for threads in (0, 1, 4):
            self.assertEqual(self.train("--steps", "7", "--set", f"data.loader_threads={threads}").returncode, 0)
        runs = self.rows("SELECT DISTINCT key, params_sha256 FROM v_runs")
        self.assertEqual(len(runs), 1, runs)

    def test_broken_files_are_refused_by_name(self):
        for content, what in ((RED[:-30], "red/9.jpg: is no whole JPEG: Premature end"), (b"", "red/9.jpg: is empty, no JPEG"),
                              (b"\x89PNG\r\n\x1a\n", "red/9.jpg: is no whole JPEG: Not a JPEG file")):
            for part in ("train", "test"):
                for crop in ("random", "centre"):
                    broken = self.put(f"{part}/red/9.jpg", content)
                    self.refuse("--set", f"data.crop={crop}", says=[what])
                    broken.unlink()

    def test_folders_without_images_are_refused(self):
        (self.pictures / "train/yellow").mkdir()
        self.refuse(says=["train/yellow: holds no .jpg or .jpeg files"])
        self.put("train/yellow/notes.txt", b"no picture")
        self.refuse(says=["train/yellow: holds no .jpg or .jpeg files"])
        self.spec[3] = "data.folder=nowhere"
        self.refuse(says=["data.folder 'nowhere' is not a folder"])

    def start(self, *arguments):
        """Starts a run; returns it, and its terminal once the first progress line has come."""
        reader, terminal = pty.openpty()
        self.addCleanup(os.close, reader)
        child = subprocess.Popen([SACTOOL, "train", *self.spec, *arguments, "--db", str(self.database)], cwd=self.folder,
                                 env=self.environment, stderr=terminal, text=True)
        os.close(terminal)
        self.addCleanup(child.wait)
        self.addCleanup(child.kill)
        self.assertIn(b"step ", os.read(reader, 4096))
        return child, reader

    def last_line(self, reader):
        screen = b""
        try:
            while part := os.read(reader, 4096):
                screen += part
        except OSError:
            pass  # the other end is closed
        return screen.decode().splitlines()[-1]

    def test_a_file_that_breaks_during_a_run_is_named(self):
        for threads in (0, 2):
            broken = self.put("train/red/0.jpg", RED)
            child, reader = self.start("--steps", "10000000", "--set", f"data.loader_threads={threads}")
            self.put("new", RED[:-30]).replace(broken)
            self.assertIn("train/red/0.jpg: is no whole JPEG: Premature end", self.last_line(reader))
            self.assertEqual(child.wait(), 2)
            row = self.rows("SELECT status, error FROM v_runs ORDER BY run DESC LIMIT 1")[0]
            self.assertEqual(row["status"], "FAILED")
            self.assertIn("train/red/0.jpg", row["error"])

    def test_a_run_on_files_stops_at_a_signal(self):
        child, _ = self.start("--steps", "10000000", "--set", "data.loader_threads=3")
        child.send_signal(signal.SIGTERM)
        self.assertEqual(child.wait(), 75)
