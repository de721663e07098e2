#!/usr/bin/env python3
"""Usage: unpack_libtorch.py WHEELS TARGET

Unpacks from the wheels in the folder WHEELS what a CPU build needs: LibTorch's headers, the libraries that
libtorch_cpu.so loads, and every licence.
"""
import re
import sys
import zipfile
from pathlib import Path

WANTED = re.compile(
    r"torch/include/.*"
    r"|torch/lib/(libtorch_cpu\.so|libc10\.so|libgomp[^/]*)"
    r"|nvidia/[^/]+/lib/(libcudart|libcupti)\.so\.[0-9]+"
    r"|[^/]+\.dist-info/(METADATA|(licenses/)?.*(LICENSE|License|NOTICE)[^/]*)"
)


def main(wheels: Path, target: Path) -> None:
    for wheel in sorted(wheels.glob("*.whl")):
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(target, [name for name in archive.namelist() if WANTED.fullmatch(name)])


main(Path(sys.argv[1]), Path(sys.argv[2]))
