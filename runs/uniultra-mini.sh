#!/usr/bin/env bash
# uniultra-mini, from data to a model folder and its scores. On two idle cores a training step takes about a second, so the 4,200 take
# about 75 minutes; each evaluation some minutes more. Training resumes where it was stopped.
#   runs/uniultra-mini.sh DATA/manifest.csv lite_medsam.safetensors
set -euo pipefail
data=${1:?the manifest} start=${2:?the weights that give the first prompt encoder and mask decoder}
run=runs/uniultra-mini

uniultra train --config configs/uniultra-mini.toml --set model.decoder_from="'$start'" --data "$data" --out "$run"

# Everything that is chosen is chosen on val: here, the calibration of the quality.
kinds=box,box10,box20,click1,click3,click5
uniultra evaluate --model "$run/model" --data "$data" --split val --kinds box,box10,box20,click1,click3 --draws 1 --out "$run/val-raw.json" --force
uniultra calibrate "$run/val-raw.json" --out "$run/calibration.json" --force
uniultra export --model "$run/model" --precision w8 --calibration "$run/calibration.json" --name uniultra-mini --version 0.1.0 --out "$run/onnx" --force

uniultra evaluate --model "$run/onnx" --data "$data" --split val --kinds "$kinds" --out "$run/val.json" --force
uniultra evaluate --model "$run/onnx" --data "$data" --split test --kinds "$kinds" --out "$run/test.json" --force
uniultra evaluate --model "$run/onnx" --data "$data" --split external --kinds "$kinds" --out "$run/external.json" --force
