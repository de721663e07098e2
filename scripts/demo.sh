#!/usr/bin/env bash
# Trains sync_sgd, local_sgd and staged on Fashion-MNIST, three seeds each, then compares them and writes a report.
# Starts from a fresh demo/demo.db; what was in demo/ before goes.
set -euo pipefail
cd "$(dirname "$0")/.."

sactool=build/release/sactool
db=demo/demo.db
rm -rf demo
mkdir demo

start=$SECONDS
for seed in 1 2 3; do
  for strategy in sync_sgd local_sgd staged; do
    $sactool train experiments/demo.toml --strategy $strategy --seed $seed --db $db </dev/null
  done
done
training=$((SECONDS - start))

$sactool compare --db $db
$sactool report --db $db -o demo/report.html
echo
echo "Trained 3 strategies x 3 seeds in $training s. Runs: $db. Report: $PWD/demo/report.html"
