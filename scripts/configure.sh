#!/usr/bin/env bash
# Usage: scripts/configure.sh PRESET
# Runs `cmake --preset PRESET` only where it is needed: never configured, or configured for another LibTorch.
# (Ninja itself configures again when a CMakeLists.txt changes.)
set -euo pipefail
cd "$(dirname "$0")/.."

preset=$1
if [[ ! -e build/$preset/build.ninja ]] || ! grep -qxF "TORCH_ROOT:PATH=$TORCH_ROOT" "build/$preset/CMakeCache.txt"; then
  cmake --preset "$preset"
fi
