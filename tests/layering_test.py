#!/usr/bin/env python3
"""Fails on an include that points up or sideways; proves on seeded trees that each kind of offence is caught."""
import tempfile
import unittest
from pathlib import Path

from layering import violations

SOUND = {
    "engine/core/error.h": "#pragma once\n#include <string>\n",
    "engine/comm/clock.h": '#include "engine/core/error.h"\n',
    "engine/nn/model.h": "#include <ATen/core/Tensor.h>\n",
    "engine/train/worker.h": '#include "engine/comm/clock.h"\n#include "engine/nn/model.h"\n',
    "engine/fabric/virtual/slots.cpp": '#include "engine/fabric/virtual/slots.h"\n#include "engine/train/worker.h"\n',
    "engine/fabric/virtual/slots.h": "",
    "results/store.h": '#include "engine/core/error.h"\n#include <sqlite3.h>\n',
    "datasets/mnist.h": '#include "engine/core/error.h"\n#include <ATen/core/Tensor.h>\n',
    "strategies/sync_sgd.cpp": '#include "engine/train/worker.h"\n',
    "experiments/spec.h": '#include "datasets/mnist.h"\n#include "results/store.h"\n',
    "cli/train.cpp": '#include "experiments/spec.h"\n',
    "tests/nn/model_test.cpp": '#include "engine/nn/model.h"\n#include <torch/torch.h>\n',
}

# What is added to the sound tree, and a piece of the one line it must cause.
OFFENCES = {
    "core looks up": ({"engine/core/a.h": '#include "engine/comm/clock.h"\n'}, "engine/core may not include"),
    "core takes LibTorch": ({"engine/core/a.h": "#include <ATen/ATen.h>\n"}, "may not include LibTorch"),
    "comm looks sideways": ({"engine/comm/a.h": '#include "engine/nn/model.h"\n'}, "engine/comm may not include"),
    "nn looks up": ({"engine/nn/a.cpp": '  #  include "engine/train/worker.h"\n'}, "engine/nn may not include"),
    "train sees a fabric": (
        {"engine/train/a.h": '#include "engine/fabric/virtual/slots.h"\n'},
        "engine/train may not include",
    ),
    "the engine looks up": ({"engine/train/a.h": '#include "results/store.h"\n'}, "engine/train may not include"),
    "a strategy sees a fabric": (
        {"strategies/a.cpp": '#include "engine/fabric/virtual/slots.h"\n'},
        "strategies may not include",
    ),
    "a strategy sees a sibling": ({"strategies/a.cpp": '#include "datasets/mnist.h"\n'}, "strategies may not include"),
    "a strategy has a header": ({"strategies/a.h": ""}, "has no header"),
    "results see a sibling": ({"results/a.h": '#include "datasets/mnist.h"\n'}, "results may not include"),
    "results see more engine": ({"results/a.h": '#include "engine/nn/model.h"\n'}, "results may not include"),
    "results take LibTorch": ({"results/a.h": "#include <c10/util/Half.h>\n"}, "may not include LibTorch"),
    "quoted LibTorch": ({"results/a.h": '#include "ATen/ATen.h"\n'}, "may not include LibTorch"),
    "data sets take modules": ({"datasets/a.h": "#include <torch/nn.h>\n"}, "tensors only"),
    "experiments look up": ({"cli/a.h": "", "experiments/a.h": '#include "cli/a.h"\n'}, "experiments may not include"),
    "torch.h in a product": ({"engine/nn/a.h": "#include <torch/torch.h>\n"}, "takes 15 s"),
    "a product sees tests": ({"tests/a.h": "", "cli/a.cpp": '#include "tests/a.h"\n'}, "cli may not include"),
    "a relative include": ({"engine/nn/a.h": '#include "../core/error.h"\n'}, "from the repository root"),
    "an unknown folder": ({"engine/gpu/a.h": ""}, "no folder that DESIGN draws"),
    "a file including itself": ({"cli/a.h": '#include "cli/a.h"\n'}, "include cycle: cli/a.h -> cli/a.h"),
    "a longer cycle": (
        {
            "cli/a.h": '#include "cli/b.h"\n',
            "cli/b.h": '#include "cli/c.h"\n',
            "cli/c.h": '#include "cli/a.h"\n',
        },
        "include cycle: cli/a.h -> cli/b.h -> cli/c.h -> cli/a.h",
    ),
}


def violations_of(files):
    with tempfile.TemporaryDirectory() as folder:
        for path, text in files.items():
            file = Path(folder, path)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        return violations(Path(folder))


class Checker(unittest.TestCase):
    def test_accepts_a_sound_tree(self):
        self.assertEqual(violations_of(SOUND), [])

    def test_catches_each_seeded_offence(self):
        for name, (files, expected) in OFFENCES.items():
            with self.subTest(name):
                found = violations_of({**SOUND, **files})
                self.assertTrue(any(expected in line for line in found), found)


class ThisRepository(unittest.TestCase):
    def test_includes_point_down_only(self):
        root = Path(__file__).resolve().parent.parent
        self.assertTrue((root / "engine/core/error.h").is_file())
        found = violations(root)
        self.assertEqual(found, [], "\n" + "\n".join(found))


if __name__ == "__main__":
    unittest.main()
