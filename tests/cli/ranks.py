"""Real ranks: started by the tool or, with a launcher's variables, one by one; and who of them still lives."""

import os
import pathlib
import pty
import select
import socket
import subprocess

from support import SACTOOL, TINY, SactoolCase

GLOO = [*TINY, "--fabric", "gloo"]
ENDLESS = [*GLOO, "--steps", "100000000", "--set", "train.log_every=100"]
LIMIT = 60  # seconds until everything has ended, on a busy machine


def free_port():
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return server.getsockname()[1]


def env_of(rank, size, port, address="127.0.0.1"):
    return {"RANK": str(rank), "WORLD_SIZE": str(size), "MASTER_ADDR": address, "MASTER_PORT": str(port)}


def lives(pid):
    try:
        state = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in "ZX"


def children_of(pid):
    """rank -> process, of the ranks that process `pid` has started."""
    found = {}
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            variables = (folder / "environ").read_bytes().split(b"\0") if parent == pid else []
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue
        found.update({int(text[5:]): int(folder.name) for text in variables if text.startswith(b"RANK=")})
    return found


class RanksCase(SactoolCase):
    def popen(self, *arguments, stderr=subprocess.PIPE, **environment):
        child = subprocess.Popen([SACTOOL, "train", *map(str, arguments), "--db", str(self.database)], cwd=self.folder,
                                 env={**self.environment, **environment}, stdin=subprocess.DEVNULL,
                                 stdout=subprocess.PIPE, stderr=stderr, text=True)
        self.addCleanup(child.stdout.close)
        if child.stderr:
            self.addCleanup(child.stderr.close)
        self.addCleanup(child.wait)
        self.addCleanup(child.kill)
        return child

    def start(self, *arguments, workers=2):
        """Starts local ranks that train for ever; returns the launcher, its ranks in .ranks, once they train."""
        reader, terminal = pty.openpty()
        self.addCleanup(os.close, reader)
        child = self.popen(*ENDLESS, "--workers", workers, *arguments, stderr=terminal)
        os.close(terminal)
        child.screen = reader
        child.text = b""
        while b"step " not in child.text:
            child.text += os.read(reader, 4096)
        child.ranks = children_of(child.pid)
        self.assertEqual(sorted(child.ranks), list(range(workers)))
        return child

    def finish(self, child):
        """Its exit code and the errors it has shown, once it has ended and left no process behind."""
        code = child.wait(LIMIT)
        for rank, pid in child.ranks.items():
            self.wait_for_end(pid)
            self.assertFalse(lives(pid), f"rank {rank} was left behind")
        while select.select([child.screen], [], [], 0)[0]:
            try:
                child.text += os.read(child.screen, 65536)
            except OSError:  # the terminal's other end is closed
                break
        lines = child.text.decode().replace("\r", "\n").split("\n")
        return code, [line.replace("\x1b[K", "") for line in lines if "error: " in line]

    def wait_for_end(self, pid):
        try:
            watched = os.pidfd_open(pid)
        except ProcessLookupError:
            return
        select.select([watched], [], [], LIMIT)
        os.close(watched)

    def start_ranks(self, environments, *arguments):
        """One process for each environment."""
        return [self.popen(*arguments, **environment) for environment in environments]

    def finish_ranks(self, children):
        """(exit code, stdout, stderr) of each."""
        outputs = [child.communicate(timeout=LIMIT) for child in children]
        return [(child.returncode, *output) for child, output in zip(children, outputs)]

    def assert_failed(self, *parts):
        """One run in the database, FAILED, its error one line with `parts`."""
        row, = self.rows("SELECT status, error FROM v_runs")
        self.assertEqual(row["status"], "FAILED")
        self.assertNotIn("\n", row["error"])
        for part in parts:
            self.assertIn(part, row["error"])
