#!/usr/bin/env bash
# uniultra-mini 0.3.0, from 0.2.0: all train sets of today, simulated frames, prompts as people give them; then a blend of before and after
# whose share val chooses. An hour and a half on one core. What was stopped goes on when the command is given again.
#   runs/uniultra-mini-0.3.sh DATA/manifest.csv MINI-0.2.0
# MINI-0.2.0 is the model folder that runs/uniultra-mini.sh ends with, or the one of the release before this one.
# With GPU=1 in a form for one GPU (batches of 32, bfloat16, loading beside; 10400 steps), which has not been run yet.
set -euo pipefail
more=()
[ -z "${GPU:-}" ] || more=(--set optim.batch_size=32 --set optim.precision=bf16 --set optim.workers=12 --set optim.steps=10400)
data=${1:?the manifest} start=${2:?the folder of uniultra-mini 0.2.0}
run=runs/uniultra-mini-0.3 share=${SHARE:-0.9}
kinds=box,box10,loose15,loose30,tight10,sam2box,click1,click3,click5,uclick1

# One manifest of the sets and of simulated frames: links to the sets' folders, and the frames beside them.
mkdir -p "$run/sets"
for folder in "$(dirname "$data")"/*/; do ln -sfn "$(realpath "$folder")" "$run/sets/$(basename "$folder")"; done
[ -d "$run/sets/simulated" ] || uniultra data simulate "$run/sets/simulated" --images 2000 --seed 0
frames="$run/sets/simulated/manifest.csv"
diff <(head -1 "$data") <(head -1 "$frames")
{ cat "$data"; tail -n +2 "$frames" | sed 's#,images/#,simulated/images/#; s#,masks/#,simulated/masks/#'; } > "$run/sets/manifest.csv"

uniultra train --config configs/uniultra-mini-0.3.toml --set model.start_from="'$start'" --data "$run/sets/manifest.csv" "${more[@]}" --out "$run/people"

# Everything that is chosen is chosen on val: here the blend's share, and the calibration of the quality.
for each in 0.6 0.8 0.9 1.0; do
    [ -d "$run/blend-$each" ] || python benchmarks/blend.py --before "$start" --after "$run/people/model" --share "$each" --out "$run/blend-$each"
    uniultra evaluate --model "$run/blend-$each" --data "$data" --split val --limit 40 --first --draws 1 --kinds box,box10,loose15,loose30,click1,uclick1 \
        --out "$run/val-$each.json" --force
done
uniultra export --model "$run/blend-$share" --precision w8 --name uniultra-mini --version 0.3.0 --licence Apache-2.0 --out "$run/raw" --force
uniultra evaluate --model "$run/raw" --data "$data" --split val --limit 40 --first --draws 1 --kinds box,box10,box20,loose15,loose30,click1,uclick1,click3 \
    --out "$run/val-raw.json" --force
uniultra calibrate "$run/val-raw.json" --out "$run/calibration.json" --force
uniultra export --model "$run/blend-$share" --precision w8 --calibration "$run/calibration.json" --name uniultra-mini --version 0.3.0 --licence Apache-2.0 --out "$run/onnx" --force

for split in test external; do
    for model in "$run/onnx" "$start"; do
        uniultra evaluate --model "$model" --data "$data" --split "$split" --limit 100 --first --draws 1 --kinds $kinds --out "$run/$split-$(basename "$model").json" --force
    done
    uniultra evaluate --model ellipse --data "$data" --split "$split" --limit 100 --first --draws 1 --kinds box,box10,loose15,loose30,tight10,sam2box \
        --out "$run/$split-ellipse.json" --force
    python benchmarks/tables.py --differences uniultra-mini="$run/$split-onnx.json" before="$run/$split-$(basename "$start").json" ellipse="$run/$split-ellipse.json"
done
