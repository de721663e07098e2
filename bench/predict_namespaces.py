#!/usr/bin/env python3
"""Predicted against measured communication time on real Gloo ranks with shaped links, as if on several machines.

Each rank runs in a network namespace of its own, joined by virtual Ethernet to a bridge, its link shaped both ways by a
token bucket. For each bandwidth and model: calibrate on the spot, train each strategy on the ranks, predict the stored runs
from the profile, and print both. Needs root, iproute2, and an idle machine. Exit code 1 when a ratio is off by more than
--tolerance.

    sudo python3 bench/predict_namespaces.py build/release/sactool --rates 50 200 1000 --burst 64kb
"""

import argparse
import contextlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile

STRATEGIES = ("sync_sgd", "local_sgd", "staged")
MODELS = {"small": ["model.name=mlp", "model.hidden=[128]"], "large": ["model.name=mlp", "model.hidden=[512,256]"]}
PREFIX = "sacns"


def run(*words, **options):
    return subprocess.run([str(word) for word in words], check=True, **options)


def shape(namespace, device, rate, burst):
    run("ip", "netns", "exec", namespace, "tc", "qdisc", "replace", "dev", device, "root", "tbf", "rate", f"{rate}mbit",
        "burst", burst, "latency", "400ms")


@contextlib.contextmanager
def namespaces(ranks):
    """A bridge in a namespace of its own and one namespace a rank: PREFIX0, PREFIX1, ..."""
    names = [f"{PREFIX}{rank}" for rank in range(ranks)]
    hub = f"{PREFIX}hub"
    made = []
    try:
        for name in [hub, *names]:
            run("ip", "netns", "add", name)
            made.append(name)
        run("ip", "-n", hub, "link", "add", "bridge", "type", "bridge")
        run("ip", "-n", hub, "link", "set", "bridge", "up")
        for rank, name in enumerate(names):
            run("ip", "-n", hub, "link", "add", f"port{rank}", "type", "veth", "peer", "name", "eth", "netns", name)
            run("ip", "-n", hub, "link", "set", f"port{rank}", "master", "bridge", "up")
            run("ip", "-n", name, "addr", "add", f"10.77.0.{rank + 1}/24", "dev", "eth")
            run("ip", "-n", name, "link", "set", "eth", "up")
            run("ip", "-n", name, "link", "set", "lo", "up")
        yield hub, names
    finally:
        for name in made:
            subprocess.run(["ip", "netns", "del", name], check=False)


class Cluster:
    def __init__(self, sactool, hub, names, folder):
        self.sactool, self.hub, self.names, self.folder = sactool, hub, names, folder
        self.port = 29400

    def shape(self, rate, burst):
        for rank, name in enumerate(self.names):
            shape(name, "eth", rate, burst)
            shape(self.hub, f"port{rank}", rate, burst)

    def on_all(self, *words):
        """The same command line on every rank; rank 0's stdout."""
        self.port += 1
        processes = []
        for rank, name in enumerate(self.names):
            place = {"RANK": rank, "WORLD_SIZE": len(self.names), "LOCAL_RANK": 0, "LOCAL_WORLD_SIZE": 1,
                     "MASTER_ADDR": "10.77.0.1", "MASTER_PORT": self.port}
            environment = {**os.environ, **{key: str(value) for key, value in place.items()}}
            command = ["ip", "netns", "exec", name, self.sactool, *map(str, words)]
            processes.append(subprocess.Popen(command, cwd=self.folder, env=environment, text=True,
                                              stdout=subprocess.PIPE, stderr=subprocess.PIPE))
        results = [process.communicate(timeout=900) for process in processes]
        for process, (_, errors) in zip(processes, results):
            if process.returncode != 0:
                sys.exit(f"{words[0]} failed: {errors.strip()}")
        return results[0][0]

    def alone(self, *words):
        return run(self.sactool, *words, cwd=self.folder, capture_output=True, text=True).stdout


def sets(settings):
    return [word for setting in settings for word in ("--set", setting)]


def measure(cluster, arguments, rate, model):
    """One row a strategy: predicted and measured seconds of communication."""
    spec = [*sets(MODELS[model]), "--fabric", "gloo", "--steps", arguments.steps]
    profile = f"{rate}-{model}.toml"
    cluster.on_all("calibrate", *spec, "--seconds", arguments.seconds, "-o", profile, "--json")
    for strategy in STRATEGIES:
        database = f"{rate}-{model}-{strategy}.db"
        cluster.on_all("train", *spec, "--strategy", strategy, "--db", database, "-q")
        text = cluster.alone("predict", "--profile", profile, "--against", "1", "--db", database, "--json", "-q")
        yield strategy, json.loads(text)["quantities"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sactool", type=pathlib.Path)
    parser.add_argument("--ranks", type=int, default=2)
    parser.add_argument("--rates", type=int, nargs="+", default=[50, 200, 1000], metavar="MBIT")
    parser.add_argument("--burst", default="64kb")
    parser.add_argument("--models", nargs="+", default=list(MODELS), choices=list(MODELS))
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--seconds", type=float, default=20.0, help="of each calibration")
    parser.add_argument("--tolerance", type=float, default=0.15)
    arguments = parser.parse_args()
    worst = 0.0
    header = ("Mbit/s", "model", "strategy", "communication: predicted", "measured", "ratio", "with waiting", "time")
    print("{:>6}  {:6} {:10} {:>24} {:>10} {:>6} {:>13} {:>6}".format(*header))
    with tempfile.TemporaryDirectory(prefix="sactool-") as folder, namespaces(arguments.ranks) as (hub, names):
        cluster = Cluster(arguments.sactool.resolve(), hub, names, folder)
        for rate in arguments.rates:
            cluster.shape(rate, arguments.burst)
            for model in arguments.models:
                for strategy, found in measure(cluster, arguments, rate, model):
                    seconds = found["communication_s"]
                    worst = max(worst, abs(seconds["ratio"] - 1.0))
                    print(f"{rate:>6}  {model:6} {strategy:10} {seconds['predicted']:>22.3f} s "
                          f"{seconds['measured']:>8.3f} s {seconds['ratio']:>6.3f} "
                          f"{found['communication_and_waiting_s']['ratio']:>13.3f} {found['time_s']['ratio']:>6.3f}",
                          flush=True)
    print(f"worst error of communication: {100 * worst:.1f} %")
    return 0 if worst <= arguments.tolerance else 1


if __name__ == "__main__":
    sys.exit(main())
