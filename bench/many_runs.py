#!/usr/bin/env python3
"""Usage: many_runs.py SACTOOL [--runs N] [--points N] [--keep FILE] [--exports]

Fills a database with 10,000 runs (1,000 points each, 5 seeds a group) and measures what compare, report and runs ls take of
time and memory. Exports of every point (long.csv, full.json, MLflow, TensorBoard) are measured too, without a goal. The runs are
copies of one real run under other keys; the numbers mean something on an idle machine only.
"""
import argparse
import os
import random
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SEEDS = 5
GOAL_S, GOAL_MIB = 2.0, 500
VIEWS = ["html", "svg", "md", "tex", "csv", "json", "vl.json"]
EXPORTS = ["long.csv", "full.json", "mlflow.db", "tensorboard"]
# Shares of a run's points: two series at every log, two at every evaluation.
SERIES = {"train_loss": 0.45, "learning_rate": 0.45, "accuracy": 0.05, "loss": 0.05}


def template(sactool, database):
    subprocess.run([sactool, "train", "--steps", "20", "--set", "data.name=blobs", "--set", "model.name=linear", "--db",
                    database, "-q"], check=True)


def columns(connection, table):
    return [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]


def fill_runs(connection, runs):
    names = columns(connection, "runs")
    first = dict(zip(names, connection.execute("SELECT * FROM runs").fetchone()))
    provenance = connection.execute("SELECT position, name, value FROM provenance").fetchall()
    chance = random.Random(0)
    for run in range(2, runs + 1):
        group, seed = divmod(run - 2, SEEDS)
        strategy = ("sync_sgd", "local_sgd", "staged")[group % 3]
        spec = first["spec"].replace('name = "sync_sgd"', f'name = "{strategy}"').replace("lr = 0.1", f"lr = {0.001 * (group + 1):.4f}")
        row = {**first, "run": run, "name": f"{strategy}-{group}-s{seed}", "key": f"{run:064x}", "group_key": f"{group:064x}",
               "strategy": strategy, "seed": seed, "spec": spec, "accuracy": chance.gauss(0.85, 0.01), "loss": chance.gauss(0.4, 0.02),
               "seconds": chance.gauss(10, 0.1)}
        connection.execute(f"INSERT INTO runs ({','.join(row)}) VALUES ({','.join('?' * len(row))})", list(row.values()))
        connection.executemany("INSERT INTO provenance VALUES (?, ?, ?, ?)", [(run, *entry) for entry in provenance])


def fill_points(connection, runs, points):
    ids = {}
    for name in SERIES:
        connection.execute("INSERT OR IGNORE INTO series (name) VALUES (?)", (name,))
        ids[name] = connection.execute("SELECT series FROM series WHERE name = ?", (name,)).fetchone()[0]
    counts = sorted((ids[name], int(share * points)) for name, share in SERIES.items())
    chance = random.Random(1)
    for run in range(2, runs + 1):
        rows = []
        for series, count in counts:
            stride = points // count
            rows += [(run, series, step * stride, step, step * 0.01 * stride, step * 128, step * 4096, chance.random())
                     for step in range(1, count + 1)]
        connection.executemany("INSERT INTO points VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)


def fill(database, runs, points):
    connection = sqlite3.connect(database)
    connection.execute("PRAGMA synchronous = OFF")
    with connection:
        fill_runs(connection, runs)
        fill_points(connection, runs, points)
    connection.close()


def measure(command):
    """(wall seconds, peak memory in MiB, MB of output)"""
    with tempfile.TemporaryFile() as output:
        start = time.monotonic()
        process = subprocess.Popen([str(word) for word in command], stdout=output)
        _, status, usage = os.wait4(process.pid, 0)
        if status != 0:
            sys.exit(f"failed: {' '.join(map(str, command))}")
        return time.monotonic() - start, usage.ru_maxrss / 1024, output.seek(0, 2) / 1e6


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("sactool", type=Path)
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--points", type=int, default=1_000)
    parser.add_argument("--keep", type=Path, help="the database, made when missing")
    parser.add_argument("--exports", action="store_true", help="measure these too")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        database = given.keep or Path(folder) / "many.db"
        if not database.exists():
            template(given.sactool, database)
            fill(database, given.runs, given.points)
        print(f"{given.runs} runs, {given.runs * given.points:,} points, {database.stat().st_size / 1e6:.0f} MB")
        commands = {"runs ls": ["runs", "ls"], "compare": ["compare"], "compare --target": ["compare", "--target", "0.5"]}
        for name in VIEWS:
            commands[f"report {name}"] = ["report", "-o", "-", "--format", name]
        good = True
        for name, arguments in commands.items():
            wall, memory, output = min(measure([given.sactool, *arguments, "--db", database]) for _ in range(3))
            good = good and wall < GOAL_S and memory < GOAL_MIB
            print(f"{name:18} {wall:6.2f} s  {memory:5.0f} MiB  {output:7.2f} MB written", flush=True)
        for name in EXPORTS if given.exports else []:
            wall, memory, _ = measure([given.sactool, "report", "-q", "-o", Path(folder) / f"out.{name}", "--db", database])
            print(f"report {name:11} {wall:6.2f} s  {memory:5.0f} MiB", flush=True)
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
