#!/usr/bin/env python3
"""Usage: unpack_libtorch.py cpu|cuda WHEELS TARGET

Unpacks from the wheels in the folder WHEELS what a build needs: LibTorch's headers, the libraries that libtorch_cpu.so
loads, and every licence; for `cuda` also libtorch_cuda.so, CUDA's and NCCL's headers, and every NVIDIA library there is.
"""
import re
import sys
import zipfile
from pathlib import Path

CPU = (
    r"torch/include/.*"
    r"|torch/lib/(libtorch_cpu\.so|libc10\.so|libgomp[^/]*)"
    r"|nvidia/[^/]+/lib/(libcudart|libcupti)\.so\.[0-9]+"
    r"|[^/]+\.dist-info/(METADATA|(licenses/)?.*(LICENSE|License|NOTICE)[^/]*)"
)
CUDA = (
    r"|torch/lib/(libtorch_cuda|libtorch_cuda_linalg|libtorch_nvshmem|libc10_cuda|libcaffe2_nvrtc)\.so"
    r"|nvidia/(cu13|nccl)/include/.*"
    r"|nvidia/[^/]+/lib/.*\.so(\.[0-9]+)*"
)
WANTED = {"cpu": re.compile(CPU), "cuda": re.compile(CPU + CUDA)}


def main(variant: str, wheels: Path, target: Path) -> None:
    for wheel in sorted(wheels.glob("*.whl")):
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(target, [name for name in archive.namelist() if WANTED[variant].fullmatch(name)])


main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
