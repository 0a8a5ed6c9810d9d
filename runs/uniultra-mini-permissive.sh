#!/usr/bin/env bash
# uniultra-mini-permissive: from fresh weights and images alone whose licence allows commercial use, to a model folder and its scores.
# At 128 px first, where a step costs a third and encoder and decoder find each other, then at 256 px. Two hours on one core.
# What was stopped goes on when the command is given again.
#   runs/uniultra-mini-permissive.sh DATA/manifest.csv
set -euo pipefail
data=${1:?the manifest}
run=runs/uniultra-mini-permissive name=uniultra-mini-permissive version=0.1.0 config=configs/uniultra-mini-permissive.toml

uniultra train --licence permissive --config $config --data "$data" --out "$run/small" \
    --set model.image_size=128 --set optim.steps=2800 --set optim.encoder_lr=1.5e-3 --set optim.decoder_lr=1e-3 --set optim.save_every=400 --set optim.seed=0
uniultra train --licence permissive --config $config --data "$data" --out "$run/large" --set model.start_from="'$run/small/model'"

# Everything that is chosen is chosen on val: here, the calibration of the quality.
uniultra export --model "$run/large" --precision w8 --name $name --version $version --out "$run/raw" --force
uniultra evaluate --model "$run/raw" --data "$data" --split val --kinds box,box10,box20,click1,click3 --draws 1 --out "$run/val-raw.json" --force
uniultra calibrate "$run/val-raw.json" --datasets busi,cca,hc18,muscle_apo --out "$run/calibration.json" --force
uniultra export --model "$run/large" --precision w8 --calibration "$run/calibration.json" --name $name --version $version --out "$run/onnx" --force

for split in val test external; do
    uniultra evaluate --model "$run/onnx" --data "$data" --split "$split" --out "$run/$split.json" --force
done
