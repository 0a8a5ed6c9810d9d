#!/usr/bin/env bash
# uniultra-mini 0.9.0, from 0.8.0: 1,536 numbers that say which structure of a heart is meant, learned while all others stand still. A quarter of an hour on one core.
# What was stopped goes on when the command is given again.
#   runs/uniultra-mini-0.9.sh DATA/manifest.csv MINI-0.8.0
# MINI-0.8.0 is the folder that runs/uniultra-mini-0.8.sh ends with (runs/uniultra-mini-0.8/onnx), or the one of the release before this one.
set -euo pipefail
data=${1:?the manifest} start=${2:?the folder of uniultra-mini 0.8.0}
run=runs/uniultra-mini-0.9 sets=runs/uniultra-mini-0.3/sets/manifest.csv
kinds=box,box10,loose15,loose30,saidtight,saidloose15,saidloose30,click1,uclick1,click3,click5
[ -f "$sets" ] || { echo "'$sets' is missing: run runs/uniultra-mini-0.3.sh first, which makes it"; exit 2; }

# Passes, calibration and the quality by prompt are 0.8.0's, but for the cut of tight boxes' masks, whose cost was chosen on val (docs/LOG.md).
exported() {
    uniultra export --model "$1" --settings-from "$start" --pass span_cost=0.03 --precision w8 --name uniultra-mini --version 0.9.0 --licence Apache-2.0 --out "$2" "${@:3}" --force
}

# The names are a heart's, so hearts alone are asked with them.
hearts="$(dirname "$sets")/hearts.csv"
head -1 "$sets" > "$hearts"
grep -E '^[^,]*,camus2?,' "$sets" >> "$hearts"

# The rate is chosen on val.
rate=${RATE:-3e-2}
for each in 1e-2 3e-2; do
    uniultra train --config configs/uniultra-mini-0.9.toml --set model.start_from="'$start'" --set optim.decoder_lr=$each --data "$sets" --out "$run/names-$each"
    exported "$run/names-$each/model" "$run/onnx-$each"
    for said in --named ""; do
        uniultra evaluate --model "$run/onnx-$each" --data "$hearts" --split val --draws 1 --kinds $kinds $said --out "$run/val-$each$said.json" --force
    done
    python benchmarks/tables.py --named named="$run/val-$each--named.json" untold="$run/val-$each.json"
done

# The quality of one click that says a name has terms of its own.
uniultra evaluate --model "$run/onnx-$rate" --data "$hearts" --split val --draws 2 --kinds click1,uclick1,scribble --named --out "$run/val-named-clicks.json" --force
uniultra calibrate "$run/val-named-clicks.json" --by-prompt --out "$run/named-terms.json" --force
exported "$run/names-$rate/model" "$run/onnx" --calibration "$run/named-terms.json"

# Prompts without a name have the answers that they had; boxes that are said to be tight, others.
for each in "$start" "$run/onnx"; do
    uniultra evaluate --model "$each" --data "$data" --split val --limit 40 --first --draws 1 --kinds box,loose15,click1,click3 \
        --out "$run/unnamed-$(basename "$each").json" --force
done
python benchmarks/tables.py --wide uniultra-mini="$run/unnamed-onnx.json" 0.8.0="$run/unnamed-$(basename "$start").json"

for said in --named ""; do
    uniultra evaluate --model "$run/onnx" --data "$hearts" --split test --draws 1 --kinds $kinds $said --out "$run/test$said.json" --force
done
python benchmarks/tables.py --named named="$run/test--named.json" untold="$run/test.json"

for split in test external; do
    uniultra evaluate --model "$run/onnx" --data "$data" --split "$split" --draws 1 --kinds box,box4,saidtight,saidtight4 --out "$run/$split-tight.json" --force
    python benchmarks/tables.py --said uniultra-mini="$run/$split-tight.json"
done
python benchmarks/clinical.py --data "$data" --circumferences "$(dirname "$data")/hc18_circumference.csv" --split test --model "$run/onnx"
