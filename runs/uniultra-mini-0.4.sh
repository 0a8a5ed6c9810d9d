#!/usr/bin/env bash
# uniultra-mini 0.4.1, from 0.3.0: the same sets and prompts for longer; then how a click is followed, chosen on val.
# An hour and a half on one core. What was stopped goes on when the command is given again.
#   runs/uniultra-mini-0.4.sh DATA/manifest.csv MINI-0.3.0
# MINI-0.3.0 is the blend that runs/uniultra-mini-0.3.sh ends with (runs/uniultra-mini-0.3/blend-0.9).
# With GPU=1 in a form for one GPU (batches of 32, bfloat16, loading beside; 9600 steps), which has not been run yet.
set -euo pipefail
more=()
[ -z "${GPU:-}" ] || more=(--set optim.batch_size=32 --set optim.precision=bf16 --set optim.workers=12 --set optim.steps=9600)
data=${1:?the manifest} start=${2:?the folder of uniultra-mini 0.3.0}
run=runs/uniultra-mini-0.4 sets=runs/uniultra-mini-0.3/sets/manifest.csv
kinds=box,box10,loose15,loose30,tight10,sam2box,click1,click3,click5,uclick1
[ -f "$sets" ] || { echo "'$sets' is missing: run runs/uniultra-mini-0.3.sh first, which makes it"; exit 2; }

uniultra train --config configs/uniultra-mini-0.4.toml --set model.start_from="'$start'" --data "$sets" "${more[@]}" --out "$run/longer"

# Everything that is chosen is chosen on val: the blend's share, how clicks are followed, the calibration of the quality.
share=${SHARE:-0.5}
for each in 0.5 1.0; do
    [ -d "$run/blend-$each" ] || python benchmarks/blend.py --before "$start" --after "$run/longer/model" --share "$each" --out "$run/blend-$each"
    uniultra evaluate --model "$run/blend-$each" --data "$data" --split val --limit 40 --first --draws 1 \
        --kinds box,box10,box20,loose15,loose30 --out "$run/val-$each.json" --force
done
small=(--precision w8 --name uniultra-mini --version 0.4.1 --licence Apache-2.0 --force)
uniultra export --model "$run/blend-$share" "${small[@]}" --out "$run/raw"
python benchmarks/click_passes.py --data "$data" --limit 40 --model "$run/raw"
passes=(--pass agreed="${AGREED:-0.85}" --pass sure="${SURE:-0.5}" --pass closer_by="${CLOSER_BY:-0.3}" --pass max_hole=0.05)
uniultra export --model "$run/blend-$share" "${small[@]}" "${passes[@]}" --out "$run/raw"
uniultra evaluate --model "$run/raw" --data "$data" --split val --limit 40 --first --draws 1 \
    --kinds box,box10,box20,loose15,loose30,click1,uclick1,click3 --out "$run/val-raw.json" --force
uniultra calibrate "$run/val-raw.json" --out "$run/calibration.json" --force
uniultra export --model "$run/blend-$share" "${small[@]}" "${passes[@]}" --calibration "$run/calibration.json" --out "$run/onnx"

for split in test external; do
    for model in "$run/onnx" "$start"; do
        uniultra evaluate --model "$model" --data "$data" --split "$split" --limit 100 --first --draws 1 --kinds $kinds \
            --out "$run/$split-$(basename "$model").json" --force
    done
    uniultra evaluate --model ellipse --data "$data" --split "$split" --limit 100 --first --draws 1 \
        --kinds box,box10,loose15,loose30,tight10,sam2box --out "$run/$split-ellipse.json" --force
    python benchmarks/tables.py --differences uniultra-mini="$run/$split-onnx.json" \
        before="$run/$split-$(basename "$start").json" ellipse="$run/$split-ellipse.json"
done
