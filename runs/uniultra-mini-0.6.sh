#!/usr/bin/env bash
# uniultra-mini 0.6.0, from 0.5.0: encoder and small decoder go on together, from masks, with prompts as people give them.
# An hour and a half on one core. What was stopped goes on when the command is given again.
#   runs/uniultra-mini-0.6.sh DATA/manifest.csv MINI-0.5.0
# MINI-0.5.0 is the folder that runs/uniultra-mini-0.5.sh ends with (runs/uniultra-mini-0.5/onnx), or the one of the release before this one.
# With GPU=1 in a form for one GPU (batches of 32, bfloat16, loading beside; twice the steps), which has not been run yet.
set -euo pipefail
more=()
[ -z "${GPU:-}" ] || more=(--set optim.batch_size=32 --set optim.precision=bf16 --set optim.workers=12 --set optim.steps=13600)
data=${1:?the manifest} start=${2:?the folder of uniultra-mini 0.5.0}
run=runs/uniultra-mini-0.6 sets=runs/uniultra-mini-0.3/sets/manifest.csv
kinds=box,box10,loose15,loose30,click1,uclick1,click3,click5
[ -f "$sets" ] || { echo "'$sets' is missing: run runs/uniultra-mini-0.3.sh first, which makes it"; exit 2; }

uniultra train --config configs/uniultra-mini-0.6.toml --set model.start_from="'$start'" --data "$sets" "${more[@]}" --out "$run/people"

# Everything that is chosen is chosen on val: the blend's share (by the regions that no label names as well: what they lose), how clicks are
# followed, and the calibration of the quality.
share=${SHARE:-0.7}
small=(--precision w8 --name uniultra-mini --version 0.6.0 --licence Apache-2.0 --force)
before=(--pass agreed=0.85 --pass sure=0.5 --pass closer_by=0.3 --pass max_hole=0.05)
python benchmarks/unnamed_regions.py --data "$data" --split val --limit 12 --out "$run/regions"
for each in 0.7 1.0; do
    [ -d "$run/blend-$each" ] || python benchmarks/blend.py --before "$start" --after "$run/people/model" --share "$each" --out "$run/blend-$each"
    uniultra export --model "$run/blend-$each" "${small[@]}" "${before[@]}" --out "$run/raw-$each"
    uniultra evaluate --model "$run/raw-$each" --data "$data" --split val --limit 40 --first --draws 1 --kinds $kinds --out "$run/val-$each.json" --force
    uniultra evaluate --model "$run/raw-$each" --data "$run/regions/manifest.csv" --split val --draws 1 --kinds box,click1,click3,click5 \
        --out "$run/regions-$each.json" --force
done
python benchmarks/click_passes.py --data "$data" --limit 20 --model "$run/raw-$share"
passes=(--pass agreed=0.85 --pass sure=0.4 --pass closer_by=0.1 --pass max_hole=0.05)
uniultra export --model "$run/blend-$share" "${small[@]}" "${passes[@]}" --out "$run/raw"
uniultra evaluate --model "$run/raw" --data "$data" --split val --limit 40 --first --draws 1 --kinds $kinds --out "$run/val-raw.json" --force
uniultra calibrate "$run/val-raw.json" --out "$run/calibration.json" --force
uniultra export --model "$run/blend-$share" "${small[@]}" "${passes[@]}" --calibration "$run/calibration.json" --out "$run/onnx"

for split in val test external; do
    limit=40; [ "$split" != test ] || limit=60; [ "$split" != external ] || limit=20
    rows=(--data "$data" --split "$split" --limit "$limit" --first --draws 1)
    uniultra evaluate --model "$run/onnx" "${rows[@]}" --kinds $kinds,tight10,sam2box --out "$run/$split-mini.json" --force
    uniultra evaluate --model "$start" "${rows[@]}" --kinds $kinds --out "$run/$split-before.json" --force
    uniultra evaluate --model ellipse "${rows[@]}" --kinds box,box10,loose15,loose30,tight10,sam2box --out "$run/$split-ellipse.json" --force
    python benchmarks/tables.py --wide uniultra-mini="$run/$split-mini.json" 0.5.0="$run/$split-before.json"
    python benchmarks/tables.py --beside uniultra-mini="$run/$split-mini.json" ellipse="$run/$split-ellipse.json"
done
