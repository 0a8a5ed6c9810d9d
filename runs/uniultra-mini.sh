#!/usr/bin/env bash
# uniultra-mini, from data to a model folder and its scores: a first mini from masks alone, a teacher of twice its width that starts from its
# function, and the mini that the teacher taught. Some hours on two cores. What was stopped goes on when the command is given again.
#   runs/uniultra-mini.sh DATA/manifest.csv lite_medsam.safetensors
set -euo pipefail
data=${1:?the manifest} start=${2:?the weights that give the first prompt encoder and mask decoder}
run=runs/uniultra-mini

uniultra train --config configs/uniultra-mini.toml --set model.decoder_from="'$start'" --data "$data" --out "$run/first"
uniultra train --config configs/teacher.toml --set model.widen_from="'$run/first/model'" --data "$data" --out "$run/teacher"
uniultra distill --teacher "$run/teacher" --student "$run/first/model" --config configs/distill/uniultra-mini.toml --data "$data" --out "$run/mini"

# Everything that is chosen is chosen on val: here, the calibration of the quality.
uniultra export --model "$run/mini" --precision w8 --name uniultra-mini --version 0.2.0 --licence Apache-2.0 --out "$run/raw" --force
uniultra evaluate --model "$run/raw" --data "$data" --split val --kinds box,box10,box20,click1,click3 --draws 1 --out "$run/val-raw.json" --force
uniultra calibrate "$run/val-raw.json" --out "$run/calibration.json" --force
uniultra export --model "$run/mini" --precision w8 --calibration "$run/calibration.json" --name uniultra-mini --version 0.2.0 --licence Apache-2.0 --out "$run/onnx" --force

for split in val test external; do
    uniultra evaluate --model "$run/onnx" --data "$data" --split "$split" --out "$run/$split.json" --force
    uniultra evaluate --model "$run/teacher" --data "$data" --split "$split" --out "$run/teacher-$split.json" --force
    python benchmarks/tables.py --differences uniultra-mini="$run/$split.json" teacher="$run/teacher-$split.json"
done
