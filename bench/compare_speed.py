#!/usr/bin/env python3
"""Usage: compare_speed.py [--pairs N] [--build FOLDER]

Runs `sactool train` and bench/plain_loop in turn and prints the ratio of their median worker-steps per second for
sync_sgd and local_sgd (H = 20) on mlp and cnn, with peak memory; then start-up time and a cluster of 1,024 workers.
The numbers mean something on an idle machine only.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

WORKERS, BATCH, STEPS, PERIOD = 8, 64, 200, 20
GOALS = {"mlp": 1.9, "cnn": 1.75}
MIB = 1 / 1024  # of the kibibytes that the kernel reports


def run(command):
    """(stdout, wall seconds, peak memory in MiB) of a command that must succeed."""
    with tempfile.TemporaryFile() as output:
        start = time.monotonic()
        process = subprocess.Popen([str(word) for word in command], stdout=output)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - start
        if status != 0:
            sys.exit(f"failed with status {os.waitstatus_to_exitcode(status)}: {' '.join(map(str, command))}")
        output.seek(0)
        return output.read().decode(), wall, usage.ru_maxrss * MIB


def train(sactool, database, workers, steps, strategy, settings):
    command = [sactool, "train", "--strategy", strategy, "--workers", workers, "--steps", steps, "--seed", 1]
    for setting in settings:
        command += ["--set", setting]
    output, wall, memory = run(command + ["--db", database, "--json", "--quiet"])
    return json.loads(output), wall, memory


def sactool_speed(build, database, model, strategy):
    settings = [f"model.name={model}", "data.name=fashion_mnist", "optimizer.name=sgd", "optimizer.lr=0.05",
                f"train.batch_size={BATCH}", "train.eval_every=0"]
    if model == "mlp":
        settings.append("model.hidden=[128]")
    if strategy == "local_sgd":
        settings.append(f"strategy.period={PERIOD}")
    result, _, memory = train(build / "sactool", database, WORKERS, STEPS, strategy, settings)
    return WORKERS * STEPS / result["wall_seconds"], memory


def plain_speed(build, model, strategy):
    output, _, _ = run([build / "bench/plain_loop", "--model", model, "--strategy", strategy, "--workers", WORKERS,
                        "--batch", BATCH, "--steps", STEPS, "--period", PERIOD])
    return json.loads(output)["worker_steps_per_second"]


def compare(build, database, model, strategy, pairs):
    ours, plain, memory = [], [], []
    for _ in range(pairs):
        speed, peak = sactool_speed(build, database, model, strategy)
        ours.append(speed)
        memory.append(peak)
        plain.append(plain_speed(build, model, strategy))
    ratio = statistics.median(ours) / statistics.median(plain)
    print(f"{model:5} {strategy:10} {statistics.median(ours):10.0f} {statistics.median(plain):10.0f} "
          f"{ratio:7.2f} {GOALS[model]:6.2f} {max(memory):9.0f}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=5, help="runs of each program a row (default 5)")
    parser.add_argument("--build", type=Path, default=Path(__file__).resolve().parent.parent / "build/release")
    arguments = parser.parse_args()
    build = arguments.build
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.2f}; {WORKERS} workers, batch {BATCH}, {STEPS} steps, "
          f"{arguments.pairs} pairs; worker-steps per second, medians")
    print("model strategy      sactool      plain   ratio   goal  peak MiB", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder, "bench.db")
        for model in GOALS:
            for strategy in ("sync_sgd", "local_sgd"):
                compare(build, database, model, strategy, arguments.pairs)
        starts = [run([build / "sactool", "--version"])[1] for _ in range(5)]
        print(f"start-up (sactool --version, median): {statistics.median(starts):.2f} s (goal: under 1 s)")
        _, wall, memory = train(build / "sactool", database, 1024, 20, "sync_sgd", ["model.name=linear", "data.name=blobs"])
        print(f"1,024 workers, linear on blobs, 20 steps: {wall:.1f} s, {memory:.0f} MiB (goals: under 60 s, 4096 MiB)")


if __name__ == "__main__":
    main()
