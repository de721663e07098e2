#!/usr/bin/env python3
"""Usage: compare_ddp.py [--build FOLDER] [--data-dir FOLDER] [--steps N] [--pairs N]

Trains resnet20 on CIFAR-10 with two Gloo ranks, by `sactool train --fabric gloo --strategy sync_sgd` and by PyTorch's
DistributedDataParallel, in turn, and prints the ratio of their median samples per second for batches of 32 and 128 a rank;
then, in the same turns, the bus bandwidth of an all-reduce of 4 MiB by both. Needs a Python with PyTorch; one thread a rank on both sides.
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

from torch_models import resnet20

RANKS = 2
SIZE = 4 << 20  # of the all-reduce


def ddp_rank(rank, port, batch, steps):
    """One rank of the reference; rank 0 prints samples per second and the all-reduce's bus bandwidth."""
    import torch
    import torch.distributed as dist
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"tcp://127.0.0.1:{port}", rank=rank, world_size=RANKS)
    torch.manual_seed(rank)
    images = torch.randn(4096, 3, 32, 32)
    labels = torch.randint(10, (4096,))
    model = torch.nn.parallel.DistributedDataParallel(resnet20(torch, channels=3))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    loss_of = torch.nn.CrossEntropyLoss()

    def step():
        rows = torch.randint(4096, (batch,))
        optimizer.zero_grad(set_to_none=True)
        loss_of(model(images[rows]), labels[rows]).backward()
        optimizer.step()

    for _ in range(3):
        step()
    dist.barrier()
    start = time.monotonic()
    for _ in range(steps):
        step()
    dist.barrier()
    speed = RANKS * batch * steps / (time.monotonic() - start)
    if rank == 0:
        print(json.dumps({"samples_per_second": speed, "bus_bandwidth": bus_bandwidth(torch, dist)}))
    else:
        bus_bandwidth(torch, dist)


def bus_bandwidth(torch, dist, size=SIZE):
    data = torch.ones(size // 4)
    times = []
    for _ in range(40):
        dist.barrier()
        start = time.monotonic()
        dist.all_reduce(data)
        times.append(time.monotonic() - start)
        data.fill_(1.0)
    return 2 * (RANKS - 1) / RANKS * size / statistics.median(times)


def free_port():
    import socket
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def ddp(batch, steps):
    port = free_port()
    ranks = [subprocess.Popen([sys.executable, __file__, "--rank", str(rank), "--port", str(port), "--batch", str(batch),
                               "--steps", str(steps)], stdout=subprocess.PIPE, text=True) for rank in range(RANKS)]
    outputs = [rank.communicate()[0] for rank in ranks]
    if any(rank.returncode for rank in ranks):
        sys.exit("PyTorch's ranks failed")
    return json.loads(outputs[0])


def sactool(build, data_dir, folder, batch, steps):
    command = [build / "sactool", "train", "--fabric", "gloo", "--workers", RANKS, "--strategy", "sync_sgd", "--steps", steps,
               "--db", Path(folder, "ddp.db"), "--json", "--quiet"]
    for setting in ("data.name=cifar10", "model.name=resnet20", f"train.batch_size={batch}", "optimizer.name=sgd",
                    "optimizer.lr=0.05", "strategy.overlap=true", "strategy.bucket_mib=0.25"):
        command += ["--set", setting]
    if data_dir:
        command += ["--data-dir", data_dir]
    result = json.loads(subprocess.run([str(word) for word in command], check=True, capture_output=True, text=True).stdout)
    return RANKS * batch * steps / result["seconds"]


def our_bus_bandwidth(build, folder):
    command = [build / "sactool", "calibrate", "--fabric", "gloo", "--workers", RANKS, "--set", "data.name=blobs", "--set",
               "model.name=linear", "--seconds", 8, "-o", Path(folder, "profile.toml"), "--json"]
    done = subprocess.run([str(word) for word in command], check=True, capture_output=True, text=True)
    return next(row["busbw_Bps"] for row in json.loads(done.stdout)["exchanges"]
                if (row["exchange"], row["bytes"]) == ("all_reduce", SIZE))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=Path, default=Path(__file__).resolve().parent.parent / "build/release")
    parser.add_argument("--data-dir")
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--pairs", type=int, default=3)
    for hidden in ("--rank", "--port", "--batch"):
        parser.add_argument(hidden, type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.rank is not None:
        return ddp_rank(arguments.rank, arguments.port, arguments.batch, arguments.steps)
    os.environ["OMP_NUM_THREADS"] = "1"
    print("batch    sactool        DDP   ratio   (samples per second, medians)", flush=True)
    our_bandwidth, bandwidth = [], []
    with tempfile.TemporaryDirectory() as folder:
        for batch in (32, 128):
            ours, theirs = [], []
            for _ in range(arguments.pairs):
                ours.append(sactool(arguments.build, arguments.data_dir, folder, batch, arguments.steps))
                reference = ddp(batch, arguments.steps)
                theirs.append(reference["samples_per_second"])
                bandwidth.append(reference["bus_bandwidth"])
                our_bandwidth.append(our_bus_bandwidth(arguments.build, folder))
            ratio = statistics.median(ours) / statistics.median(theirs)
            print(f"{batch:5} {statistics.median(ours):10.1f} {statistics.median(theirs):10.1f} {ratio:7.2f}", flush=True)
    ours, theirs = statistics.median(our_bandwidth) / 1e9, statistics.median(bandwidth) / 1e9
    print(f"all-reduce of {SIZE >> 20} MiB, bus bandwidth: sactool {ours:.2f} GB/s, PyTorch {theirs:.2f} GB/s, ratio {ours / theirs:.2f}")


if __name__ == "__main__":
    main()
