#!/usr/bin/env python3
"""Usage: compare_torch.py [--build FOLDER] [--data-dir FOLDER] [--device cpu|cuda] [--compile] [--batch B] [--pairs N]
                        [MODEL ...]

One worker trains resnet20, resnet18 (CIFAR-10) and transformer_lm (4 layers, 4 heads, width 128, 64 characters) by `sactool
train` and by a plain PyTorch loop with the same optimiser, in turn; prints samples per second, medians, and their ratio.
Both may use all cores. Needs a Python with PyTorch, CIFAR-10 and tiny-shakespeare; --compile compares with torch.compile.
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

from torch_models import resnet18, resnet20, transformer_lm

CONTEXT, VOCABULARY = 64, 65
BATCHES = {"resnet20": 128, "resnet18": 32, "transformer_lm": 12}
STEPS = {"cpu": {"resnet20": 30, "resnet18": 10, "transformer_lm": 150},
         "cuda": {"resnet20": 300, "resnet18": 300, "transformer_lm": 1000}}
WARMUP = 3


def reference(name, device, steps, batch, compiled):
    """Samples per second of the plain loop."""
    import torch
    torch.manual_seed(0)
    if name == "transformer_lm":
        model = transformer_lm(torch, VOCABULARY, CONTEXT).to(device)
        inputs = torch.randint(VOCABULARY, (64 * batch, CONTEXT), device=device)
        targets = torch.randint(VOCABULARY, (64 * batch, CONTEXT), device=device)
        optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    else:
        model = (resnet20(torch, channels=3) if name == "resnet20" else resnet18(torch)).to(device)
        inputs, targets = torch.randn(8 * batch, 3, 32, 32, device=device), torch.randint(10, (8 * batch,), device=device)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    if compiled:
        model = torch.compile(model)
    wait = torch.cuda.synchronize if device == "cuda" else lambda: None

    def step():
        rows = torch.randint(len(inputs), (batch,), device=device)
        optimizer.zero_grad(set_to_none=True)
        torch.nn.functional.cross_entropy(model(inputs[rows]), targets[rows].flatten()).backward()
        optimizer.step()

    for _ in range(WARMUP):
        step()
    wait()
    start = time.monotonic()
    for _ in range(steps):
        step()
    wait()
    return steps * batch / (time.monotonic() - start)


def settings(name):
    if name == "transformer_lm":
        return ["data.name=tiny_shakespeare", f"data.context={CONTEXT}", "data.stride=1", "data.test_limit=12",
                "model.layers=4", "model.heads=4", "model.width=128", "optimizer.name=adamw", "optimizer.lr=0.001"]
    return ["data.name=cifar10", "data.test_limit=64", "optimizer.name=sgd", "optimizer.lr=0.05", "optimizer.momentum=0.9"]


def wall_seconds(arguments, name, steps, batch, folder):
    command = [arguments.build / "sactool", "train", "--strategy", "sync_sgd", "--workers", 1, "--steps", steps, "--device",
               arguments.device, "--json", "--quiet", "--db", Path(folder, "speed.db"), "--set", f"model.name={name}", "--set",
               f"train.batch_size={batch}", "--set", "train.eval_every=0", "--set", f"train.log_every={steps}"]
    for setting in settings(name):
        command += ["--set", setting]
    if arguments.data_dir:
        command += ["--data-dir", arguments.data_dir]
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr)
    return json.loads(done.stdout)["wall_seconds"]


def sactool(arguments, name, steps, batch, folder):
    """Samples per second between a short and a long run: start, warm-up and the last evaluation cancel."""
    short = wall_seconds(arguments, name, WARMUP, batch, folder)
    return steps * batch / (wall_seconds(arguments, name, WARMUP + steps, batch, folder) - short)


def plain(arguments, name, steps, batch):
    command = [sys.executable, __file__, "--reference", name, "--device", arguments.device, "--steps", str(steps), "--batch",
               str(batch)]
    done = subprocess.run(command + ["--compile"] * arguments.compile, capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr)
    return float(done.stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=Path, default=Path(__file__).resolve().parent.parent / "build/release")
    parser.add_argument("--data-dir")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--batch", type=int, help="samples a step, the same for all models")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("models", nargs="*", metavar="MODEL", choices=[[], *BATCHES], help="of " + ", ".join(BATCHES))
    parser.add_argument("--reference", help=argparse.SUPPRESS)
    parser.add_argument("--steps", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.reference:
        print(reference(arguments.reference, arguments.device, arguments.steps, arguments.batch, arguments.compile))
        return
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.2f}, {arguments.device}; samples per second, medians of "
          f"{arguments.pairs} pairs\nmodel            batch    sactool    PyTorch   ratio", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        for name in arguments.models or BATCHES:
            ours, theirs = [], []
            steps, batch = STEPS[arguments.device][name], arguments.batch or BATCHES[name]
            for _ in range(arguments.pairs):
                ours.append(sactool(arguments, name, steps, batch, folder))
                theirs.append(plain(arguments, name, steps, batch))
            ratio = statistics.median(ours) / statistics.median(theirs)
            print(f"{name:15} {batch:6} {statistics.median(ours):10.1f} {statistics.median(theirs):10.1f} "
                  f"{ratio:7.2f}", flush=True)


if __name__ == "__main__":
    main()
