#!/usr/bin/env bash
# uniultra-mini-permissive 0.4.0, from 0.3.0: what a tight and a loose box are, 512 numbers from images licensed for commercial use, and the names of a heart's structures,
# 1,536 from simulated hearts; all other weights stand still. Twenty minutes on one core. What was stopped goes on when the command is given again.
#   runs/uniultra-mini-permissive-0.4.sh DATA/manifest.csv PERMISSIVE-0.3.0
# PERMISSIVE-0.3.0 is the folder that runs/uniultra-mini-permissive.sh ends with (runs/uniultra-mini-permissive/onnx), or the one of the release before this one.
set -euo pipefail
data=${1:?the manifest} start=${2:?the folder of uniultra-mini-permissive 0.3.0}
run=runs/uniultra-mini-permissive-0.4 sets=runs/uniultra-mini-0.3/sets/with-hearts.csv
kinds=box,box4,loose15,loose30,saidtight,saidtight4,saidloose15,saidloose30
[ -f "$sets" ] || { echo "'$sets' is missing: run runs/uniultra-mini-permissive.sh first, which makes it"; exit 2; }

# Rates and steps are those of uniultra-mini 0.8.0 and 0.9.0: nothing is chosen here.
uniultra train --licence permissive --config configs/uniultra-mini-0.8.toml --set model.start_from="'$start'" --data "$sets" --out "$run/fits" \
    --set data.datasets="'busi,busbra,cca,hc18,muscle_apo,usgra,simulated'"
uniultra train --licence permissive --config configs/uniultra-mini-permissive-names.toml --set model.start_from="'$run/fits/model'" --data "$sets" --out "$run/names"

# Passes, calibration and the quality by prompt are 0.3.0's, but for the cut of tight boxes' masks.
uniultra export --model "$run/names/model" --settings-from "$start" --pass span_cost=0.03 --precision w8 \
    --name uniultra-mini-permissive --version 0.4.0 --licence Apache-2.0 --out "$run/onnx" --force

for split in test external; do
    uniultra evaluate --model "$run/onnx" --data "$data" --split "$split" --draws 1 --kinds $kinds --out "$run/$split.json" --force
    python benchmarks/tables.py --said uniultra-mini-permissive="$run/$split.json"
done
hearts="$(dirname "$sets")/hearts.csv"
head -1 "$sets" > "$hearts"
grep -E '^[^,]*,camus2?,' "$sets" >> "$hearts"
kinds=box,box10,loose15,loose30,saidtight,saidloose15,saidloose30,click1,uclick1,click3,click5
for said in --named ""; do
    uniultra evaluate --model "$run/onnx" --data "$hearts" --split test --draws 1 --kinds $kinds $said --out "$run/hearts$said.json" --force
done
python benchmarks/tables.py --named named="$run/hearts--named.json" untold="$run/hearts.json"
