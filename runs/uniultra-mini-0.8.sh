#!/usr/bin/env bash
# uniultra-mini 0.8.0, from 0.7.0: 512 numbers that say what a tight and a loose box are, learned while all others stand still. Ten minutes on one core.
# What was stopped goes on when the command is given again.
#   runs/uniultra-mini-0.8.sh DATA/manifest.csv MINI-0.7.0
# MINI-0.7.0 is the folder that runs/uniultra-mini-0.7.sh ends with (runs/uniultra-mini-0.7/onnx), or the one of the release before this one.
set -euo pipefail
data=${1:?the manifest} start=${2:?the folder of uniultra-mini 0.7.0}
run=runs/uniultra-mini-0.8 sets=runs/uniultra-mini-0.3/sets/manifest.csv
kinds=box,box4,loose15,loose30,saidtight,saidtight4,saidloose15,saidloose30
[ -f "$sets" ] || { echo "'$sets' is missing: run runs/uniultra-mini-0.3.sh first, which makes it"; exit 2; }

# The rate is chosen on val.
rate=${RATE:-3e-2}
for each in 5e-3 3e-2; do
    uniultra train --config configs/uniultra-mini-0.8.toml --set model.start_from="'$start'" --set optim.decoder_lr=$each --data "$sets" --out "$run/fits-$each"
    uniultra export --model "$run/fits-$each/model" --precision w8 --name uniultra-mini --version 0.8.0 --licence Apache-2.0 --out "$run/raw-$each" --force
    uniultra evaluate --model "$run/raw-$each" --data "$data" --split val --limit 40 --first --draws 1 --kinds $kinds --out "$run/val-$each.json" --force
    python benchmarks/tables.py --said uniultra-mini="$run/val-$each.json"
done

# Passes, calibration and the quality by prompt are 0.7.0's.
uniultra export --model "$run/fits-$rate/model" --settings-from "$start" --precision w8 --name uniultra-mini --version 0.8.0 --licence Apache-2.0 --out "$run/onnx" --force

for split in test external; do
    uniultra evaluate --model "$run/onnx" --data "$data" --split "$split" --draws 1 --kinds $kinds --out "$run/$split-mini.json" --force
    python benchmarks/tables.py --said uniultra-mini="$run/$split-mini.json"
done
