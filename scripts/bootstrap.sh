#!/usr/bin/env bash
# Brings what a build needs: distribution packages, and LibTorch from pinned, hash-checked wheels. Does nothing, in
# milliseconds, where all of it is there.
#   scripts/bootstrap.sh          packages and LibTorch; TORCH_ROOT=FOLDER takes a LibTorch that is already there
#   scripts/bootstrap.sh --ci     the same, and what .ci/run needs besides
#   scripts/bootstrap.sh --where  print where LibTorch goes: a folder under SACTOOL_DEPS or the user's cache
#   scripts/bootstrap.sh --cuda [--where]  the same for the CUDA build. Without a GPU only what compiling and linking need;
#                                 with one, or SACTOOL_CUDA=run, all that running needs (1.8 GB more to download)
set -euo pipefail
cd "$(dirname "$0")/.."

cache=${XDG_CACHE_HOME:-${HOME:+$HOME/.cache}}
deps=${SACTOOL_DEPS:-${cache:+$cache/sactool}}
deps=${deps:-$PWD/.deps}
variant=cpu
if [[ ${1:-} == --cuda ]]; then
  variant=cuda
  shift
fi
libtorch=$deps/libtorch-2.11.0-$variant
cmake_at_least=3.25

# One need a word; A/B: either will do, A is installed.
packages=(libcli11-dev libtomlplusplus-dev libsqlite3-dev nlohmann-json3-dev libboost-dev zlib1g-dev libarchive-dev libjpeg-dev
  libcurl4-openssl-dev/libcurl4-gnutls-dev libgloo-dev libgtest-dev libgmock-dev dataset-fashion-mnist)

die() {
  echo "bootstrap: $*" >&2
  exit 1
}

brings_libtorch() { [[ -z ${TORCH_ROOT:-} || $TORCH_ROOT == "$libtorch" ]]; }
wants_to_run() { [[ $variant == cuda && (${SACTOOL_CUDA:-} == run || -e /dev/nvidiactl) ]]; }
pins() { grep -hv '^#' "scripts/libtorch-$1.txt"; }
has_libtorch() { pins $variant | cmp -s - "$libtorch/.complete"; }
has_libraries() { ! wants_to_run || pins cuda-run | cmp -s - "$libtorch/.complete-run"; }
libtorch_is_complete() { has_libtorch && has_libraries; }
cmake_is_new_enough() {
  local found
  found=$(PATH="$deps/cmake/cmake/data/bin:$PATH" cmake --version 2>/dev/null | sed -n '1s/[^0-9]*//p') || return 1
  [[ $(printf '%s\n' $cmake_at_least "$found" | sort -V | head -n 1) == "$cmake_at_least" ]]
}

missing_packages() {
  local need installed
  command -v "${CXX:-c++}" >/dev/null || echo g++
  command -v ninja >/dev/null || echo ninja-build
  command -v cmake >/dev/null || echo cmake
  if { brings_libtorch && ! libtorch_is_complete; } || ! cmake_is_new_enough; then
    python3 -m pip --version >/dev/null 2>&1 || echo python3-pip
  fi
  installed=" $(dpkg-query --show --showformat='${db:Status-Status}=${Package} ' ${packages[@]//\// } 2>/dev/null || true)"
  for need in "${packages[@]}"; do
    [[ $installed == *" installed=${need%/*} "* || $installed == *" installed=${need#*/} "* ]] || echo "${need%/*}"
  done
}

install_packages() {
  local install="apt-get install --yes --no-install-recommends $*" as_root=
  command -v apt-get >/dev/null || die "this system has no apt-get; install what Debian calls: $*"
  if [[ $(id -u) != 0 ]]; then
    sudo -n true 2>/dev/null || die "packages are missing; run: sudo apt-get update && sudo $install"
    as_root="sudo -n"
  fi
  echo "bootstrap: installing $*"
  $as_root apt-get update --quiet
  $as_root env DEBIAN_FRONTEND=noninteractive $install || die "could not install them; the command was: $install"
}

# pip_wheels REQUIREMENTS COMMAND...: pip, for exactly the pinned wheels, whatever this machine's Python is.
pip_wheels() {
  local requirements=$1 platform
  shift
  local platforms=()
  for platform in manylinux_2_28 manylinux_2_27 manylinux_2_25 manylinux_2_18 manylinux_2_17 manylinux2014 manylinux_2_12 \
    manylinux_2_5; do
    platforms+=(--platform "${platform}_x86_64")
  done
  PIP_REQUIRE_VIRTUALENV=0 TMPDIR=$staging python3 -m pip "$@" --disable-pip-version-check --no-input --no-cache-dir \
    --no-deps --require-hashes --only-binary=:all: --python-version 3.12 --implementation cp "${platforms[@]}" \
    --requirement "$requirements"
}

# Moves a finished folder into place in one step; what was there goes.
put() {
  rm -rf "$2.old"
  [[ ! -e $2 ]] || mv -T "$2" "$2.old"
  mv -T "$1" "$2"
  rm -rf "$2.old"
}

bring_cmake() {
  echo "bootstrap: this system's CMake is older than $cmake_at_least: bringing one to $deps/cmake"
  pip_wheels scripts/cmake.txt install --quiet --target "$staging/cmake"
  put "$staging/cmake" "$deps/cmake"
}

# unpacked PINS FOLDER: downloads the wheels of scripts/libtorch-PINS.txt and unpacks what we need of them.
unpacked() {
  pip_wheels "scripts/libtorch-$1.txt" download --dest "$staging/wheels-$1"
  python3 scripts/unpack_libtorch.py $variant "$staging/wheels-$1" "$2"
  rm -rf "$staging/wheels-$1"
  sync --file-system "$2"
}

bring_libtorch() {
  local size=540
  [[ $variant == cpu ]] || size=760
  echo "bootstrap: bringing LibTorch 2.11.0 for $variant ($size MB to download) to $libtorch"
  unpacked $variant "$staging/libtorch"
  pins $variant >"$staging/libtorch/.complete"
  put "$staging/libtorch" "$libtorch"
}

# Laid beside what is there; a cut-off download leaves it as it was, a cut-off copy is done again.
bring_cuda_libraries() {
  echo "bootstrap: bringing CUDA's libraries (1.8 GB to download) to $libtorch"
  unpacked cuda-run "$staging/libraries"
  cp --recursive --link --force "$staging/libraries/." "$libtorch"
  pins cuda-run >"$libtorch/.complete-run"
}

# Downloads beside the target, under a lock that other clones take too; a cut-off one leaves nothing that looks complete.
download_what_is_missing() {
  mkdir -p "$deps" || die "cannot write to $deps; set SACTOOL_DEPS to another folder"
  exec 9>"$deps/.lock"
  flock --nonblock 9 || { echo "bootstrap: waiting for another download into $deps" && flock 9; }
  rm -rf "$deps"/.staging-*
  staging=$(mktemp -d "$deps/.staging-XXXXXX")
  trap 'rm -rf "$staging"' EXIT
  cmake_is_new_enough || bring_cmake
  ! brings_libtorch || has_libtorch || bring_libtorch
  ! brings_libtorch || has_libraries || bring_cuda_libraries
}

case ${1:-} in
  --where) echo "$libtorch" && exit ;;
  --ci) packages+=(ccache clang-format-14) ;;
  "") ;;
  *) die "unknown argument '$1'; choices: --ci, --cuda, --where" ;;
esac
if brings_libtorch; then
  [[ $(uname -sm) == "Linux x86_64" ]] ||
    die "LibTorch is pinned for Linux x86_64 and this is $(uname -sm): give TORCH_ROOT=FOLDER, one that holds torch/lib"
elif [[ ! -e $TORCH_ROOT/torch/lib/libtorch_cpu.so ]]; then
  die "TORCH_ROOT='$TORCH_ROOT' holds no torch/lib/libtorch_cpu.so"
elif [[ $variant == cuda && ! -e $TORCH_ROOT/torch/lib/libtorch_cuda.so ]]; then
  die "TORCH_ROOT='$TORCH_ROOT' holds no torch/lib/libtorch_cuda.so: this PyTorch is built for CPUs only"
fi
missing=$(missing_packages)
[[ -z $missing ]] || install_packages $missing
if ! cmake_is_new_enough || { brings_libtorch && ! libtorch_is_complete; }; then
  download_what_is_missing
fi
