#!/usr/bin/env python3
"""Usage: loader.py [--build FOLDER] [--images N | --folder FOLDER] [--pairs N]

What preparing batches ahead of training brings. Trains on virtual workers: on made JPEG files, a model that computes next to
nothing (decoding is all the work) and one that computes more, and, where it is found, on CIFAR-10 with crops and flips;
without loader threads, with those that sactool chooses, and with all pixels in memory. Prints images a second and how busy the cores are,
from the difference of a long and a short run, so that start and evaluation drop out. Needs Pillow and NumPy; the numbers
mean something on an idle machine only.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

BATCH = 32
FOLDER = ["data.name=image_folder", "data.side=128", "data.flip=true"]
CIFAR = ["data.name=cifar10", "data.crop_padding=4", "data.flip=true", "data.test_limit=10"]
NONE, CHOSEN = ["data.loader_threads=0"], []
IN_MEMORY = ["data.crop=centre", "data.cache=memory", "data.loader_threads=0"]
ROWS = [
    ("JPEG 500x375", "linear", 1, FOLDER, {"no loader": NONE, "loader": CHOSEN}, (20, 140)),
    ("JPEG 500x375", "cnn", 1, FOLDER, {"no loader": NONE, "loader": CHOSEN, "in memory": IN_MEMORY}, (10, 50)),
    ("JPEG 500x375", "cnn", 2, FOLDER, {"no loader": NONE, "loader": CHOSEN, "in memory": IN_MEMORY}, (10, 50)),
    ("CIFAR-10", "resnet20", 1, CIFAR, {"no loader": NONE, "loader": CHOSEN}, (10, 50)),
    ("CIFAR-10", "cnn", 1, CIFAR, {"no loader": NONE, "loader": CHOSEN}, (100, 600)),
]


def make_images(folder, count):
    """Photograph-like files: noise at every scale, as ImageNet's of 500x375 pixels and about 100 kB."""
    import numpy
    from PIL import Image
    random = numpy.random.default_rng(0)
    for i in range(count + 32):
        part = "train" if i < count else "test"
        picture = numpy.zeros((384, 512, 3))
        for size in (4, 16, 64, 128):
            noise = random.normal(size=(3 * size // 4, size, 3)) * 40
            picture += numpy.kron(noise, numpy.ones((512 // size, 512 // size, 1)))
        place = folder / part / f"class{i % 4}"
        place.mkdir(parents=True, exist_ok=True)
        pixels = numpy.clip(picture[:375, :500] + 128, 0, 255).astype("uint8")
        Image.fromarray(pixels).save(place / f"{i}.jpg", quality=90)


def run(sactool, database, model, workers, steps, settings):
    """(seconds of training, seconds of processor) of a run."""
    command = [sactool, "train", "--workers", workers, "--steps", steps, "--db", database, "--json", "--quiet"]
    for setting in [f"model.name={model}", f"train.batch_size={BATCH}", "train.eval_every=0", *settings]:
        command += ["--set", setting]
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen([str(word) for word in command], stdout=output)
        _, status, usage = os.wait4(process.pid, 0)
        if status != 0:
            sys.exit(f"failed: {' '.join(map(str, command))}")
        output.seek(0)
        return json.loads(output.read())["wall_seconds"], usage.ru_utime + usage.ru_stime


def measure(sactool, database, model, workers, settings, steps, pairs):
    """Medians: images a second, share of the cores' time that is used."""
    speeds, shares = [], []
    for _ in range(pairs):
        short, long = (run(sactool, database, model, workers, count, settings) for count in steps)
        seconds = long[0] - short[0]
        speeds.append((steps[1] - steps[0]) * BATCH * workers / seconds)
        shares.append((long[1] - short[1]) / seconds / len(os.sched_getaffinity(0)))
    return statistics.median(speeds), statistics.median(shares)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=Path, default=Path(__file__).resolve().parent.parent / "build/release")
    parser.add_argument("--images", type=int, default=2000, help="JPEG files to make (default 2000)")
    parser.add_argument("--folder", type=Path, help="of images, made before, in place of new ones")
    parser.add_argument("--pairs", type=int, default=3, help="pairs of runs a row (default 3)")
    arguments = parser.parse_args()
    sactool = arguments.build / "sactool"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if not arguments.folder:
            make_images(folder, arguments.images)
        listed = json.loads(subprocess.run([sactool, "data", "list", "--json"], capture_output=True, check=True).stdout)
        found = {entry["name"] for entry in listed if entry["found"]}
        print(f"{len(os.sched_getaffinity(0))} cores, load {os.getloadavg()[0]:.2f}; batch {BATCH}, medians of {arguments.pairs}")
        print(f"{'data':14} {'model':10} {'workers':>7}  {'batches':10} {'images/s':>9} {'cores busy':>11}")
        for data, model, workers, settings, kinds, steps in ROWS:
            if data == "CIFAR-10" and "cifar10" not in found:
                continue
            place = [] if data == "CIFAR-10" else [f"data.folder={arguments.folder or folder}"]
            for kind, more in kinds.items():
                speed, share = measure(sactool, folder / "runs.db", model, workers, settings + place + more, steps,
                                       arguments.pairs)
                print(f"{data:14} {model:10} {workers:7}  {kind:10} {speed:9.0f} {100 * share:9.0f} %", flush=True)


if __name__ == "__main__":
    main()
