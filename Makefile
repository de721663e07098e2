# The face only: scripts/bootstrap.sh brings what is missing, CMake presets (CMakePresets.json) do the work.
#   TORCH_ROOT=FOLDER   use a LibTorch that is already there
#   SACTOOL_DEPS=FOLDER where the pinned LibTorch goes; default: the user's cache, shared by all clones
.DEFAULT_GOAL := build
.PHONY: build test cuda test-gpu demo bench asan tsan format format-check clean help bootstrap bootstrap-ci bootstrap-cuda configure-cuda

LIBTORCH := $(shell scripts/bootstrap.sh --where)
TORCH_GIVEN := $(TORCH_ROOT)
TORCH_ROOT := $(or $(TORCH_ROOT),$(LIBTORCH))
CMAKE_BUILD_PARALLEL_LEVEL ?= $(shell nproc)
export TORCH_ROOT CMAKE_BUILD_PARALLEL_LEVEL
export PATH := $(dir $(LIBTORCH))cmake/cmake/data/bin:$(PATH)
SOURCES = $(shell git ls-files --cached --others --exclude-standard -- '*.h' '*.cpp')

build: configure-release  ## build build/release/sactool (the default)
	@cmake --build --preset release --target sactool

test: configure-release  ## run every test that needs no GPU
	@cmake --build --preset release
	@ctest --preset release --parallel $(CMAKE_BUILD_PARALLEL_LEVEL)

cuda: configure-cuda  ## build build/cuda/sactool, for NVIDIA GPUs
	@cmake --build --preset cuda --target sactool

test-gpu: configure-cuda  ## run the tests that need a GPU; without one they are skipped
	@cmake --build --preset cuda
	@ctest --preset cuda

demo: build  ## train three strategies on Fashion-MNIST, compare them, write demo/report.html
	@scripts/demo.sh

bench: configure-release  ## measure speed, memory and start-up against a plain LibTorch loop
	@cmake --build --preset release --target sactool plain_loop
	@bench/compare_speed.py

asan: configure-asan  ## run the fast tests under AddressSanitizer, UBSan and the leak check
	@cmake --build --preset asan
	@ctest --preset asan --parallel $(CMAKE_BUILD_PARALLEL_LEVEL)

tsan: configure-tsan  ## run the virtual cluster's tests under ThreadSanitizer
	@cmake --build --preset tsan
	@ctest --preset tsan --parallel $(CMAKE_BUILD_PARALLEL_LEVEL)

format: bootstrap-ci  ## format all C++ files with the clang-format that CI uses
	@clang-format-14 -i $(SOURCES)

format-check: bootstrap-ci  ## fail where `make format` would change a file
	@clang-format-14 --dry-run -Werror $(SOURCES)

clean:  ## remove the build folders; LibTorch in the cache stays
	@rm -rf build

help:  ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1\t\2/p' Makefile | expand -t 20

bootstrap:
	@scripts/bootstrap.sh

bootstrap-ci:
	@scripts/bootstrap.sh --ci

bootstrap-cuda:
	@scripts/bootstrap.sh --cuda

configure-cuda cuda test-gpu: TORCH_ROOT = $(or $(TORCH_GIVEN),$(shell scripts/bootstrap.sh --cuda --where))
configure-cuda: bootstrap-cuda
	@scripts/configure.sh cuda

configure-%: bootstrap
	@scripts/configure.sh $*
