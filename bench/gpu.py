#!/usr/bin/env python3
"""Usage: gpu.py [--build FOLDER] [--data-dir FOLDER] [--pairs N] [--batch B] [--steps N] [--skip-tests]

On a machine with a GPU and a PyTorch: runs the tests labelled `gpu`, then measures 8 virtual workers of resnet20 sharing the
GPU against one PyTorch process that trains the same number of samples at the workers' batch size, on the same image size,
and prints a table. Exit code 1 where a test fails or a ratio is above its goal.
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

WORKERS, WARM_UP, GOAL = 8, 20, 1.2
SHAPE = (1, 28, 28)  # Fashion-MNIST's
PRECISIONS = ("float32", "tf32", "bf16")


def checked(command, **more):
    print("$", *command, flush=True)
    return subprocess.run([str(word) for word in command], check=True, **more)


def sactool_seconds(arguments, strategy, precision, steps):
    """Wall seconds of the training loop, evaluation left out: the difference of two lengths hides what happens once."""
    with tempfile.TemporaryDirectory() as folder:
        command = [arguments.build / "sactool", "train", "--strategy", strategy, "--workers", WORKERS, "--steps", steps,
                   "--device", "cuda", "--set", "data.name=fashion_mnist", "--set", "data.test_limit=500",
                   "--set", "model.name=resnet20", "--set", f"train.batch_size={arguments.batch}",
                   "--set", f"train.precision={precision}", "--set", "train.log_every=50",
                   "--set", "optimizer.momentum=0.9", "--db", Path(folder, "bench.db"), "--json", "--quiet"]
        if arguments.data_dir:
            command += ["--data-dir", arguments.data_dir]
        output = subprocess.run([str(word) for word in command], check=True, stdout=subprocess.PIPE, text=True).stdout
        return json.loads(output)["wall_seconds"]


def our_step_seconds(arguments, strategy, precision):
    short, long = WARM_UP, WARM_UP + arguments.steps
    return (sactool_seconds(arguments, strategy, precision, long)
            - sactool_seconds(arguments, strategy, precision, short)) / arguments.steps


def torch_step_seconds(arguments, precision):
    """A plain loop: data on the GPU, channels last, fused SGD; one step is WORKERS mini-batches, as many samples as ours."""
    import torch
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = precision == "tf32"
    model = resnet20(torch, SHAPE[0]).cuda().to(memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, fused=True)
    images = torch.randn(4096, *SHAPE, device="cuda").to(memory_format=torch.channels_last)
    labels = torch.randint(10, (4096,), device="cuda")

    def batch():
        chosen = torch.randint(4096, (arguments.batch,), device="cuda")
        with torch.autocast("cuda", torch.bfloat16, enabled=precision == "bf16"):
            loss = torch.nn.functional.cross_entropy(model(images[chosen]), labels[chosen])
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()

    for _ in range(WARM_UP * WORKERS):
        batch()
    torch.cuda.synchronize()
    start = time.perf_counter()
    for _ in range(arguments.steps * WORKERS):
        batch()
    torch.cuda.synchronize()
    return (time.perf_counter() - start) / arguments.steps


def measure(arguments):
    import torch
    print(f"{torch.cuda.get_device_name()}, {os.cpu_count()} cores, PyTorch {torch.__version__}, load "
          f"{os.getloadavg()[0]:.2f}; resnet20 on {SHAPE}, {WORKERS} workers x batch {arguments.batch}, {arguments.steps} "
          f"steps, median of {arguments.pairs} pairs; milliseconds for {WORKERS * arguments.batch} samples")
    print("strategy   precision    sactool    PyTorch   ratio    goal", flush=True)
    worst = 0.0
    for precision in PRECISIONS:
        for strategy in ("sync_sgd", "local_sgd", "async_sgd"):
            pairs = [(our_step_seconds(arguments, strategy, precision), torch_step_seconds(arguments, precision))
                     for _ in range(arguments.pairs)]
            ours, plain = (statistics.median(column) * 1e3 for column in zip(*pairs))
            worst = max(worst, ours / plain)
            print(f"{strategy:10} {precision:9} {ours:10.2f} {plain:10.2f} {ours / plain:7.2f} {GOAL:7.2f}", flush=True)
    return worst


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=Path, default=Path(__file__).resolve().parent.parent / "build/cuda")
    parser.add_argument("--data-dir", type=Path, help="where Fashion-MNIST lies, if not where sactool finds it")
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--skip-tests", action="store_true")
    arguments = parser.parse_args()
    checked([arguments.build / "sactool", "doctor"])
    if not arguments.skip_tests:
        more = {"SACTOOL_DATA": str(arguments.data_dir)} if arguments.data_dir else {}
        checked([arguments.build / "tests/gpu/gpu_test", "--gtest_brief=1"], env=os.environ | more)
    sys.exit(1 if measure(arguments) > GOAL else 0)


if __name__ == "__main__":
    main()
