#!/usr/bin/env bash
# uniultra-mini 0.9.1 and uniultra-mini-permissive 0.4.1, from 0.9.0 and 0.4.0: the same weights, whose answers to clicks on a last mask are averaged with those to its box, and
# which answer clicks that are given all at once in turns.
# Nothing is learned.
#   runs/uniultra-mini-0.9.1.sh DATA/manifest.csv MINI-0.9.0 PERMISSIVE-0.4.0
# The folders are those that runs/uniultra-mini-0.9.sh and runs/uniultra-mini-permissive-0.4.sh end with, or those of the release before this one.
set -euo pipefail
data=${1:?the manifest} mini=${2:?the folder of uniultra-mini 0.9.0} permissive=${3:?the folder of uniultra-mini-permissive 0.4.0}
run=runs/uniultra-mini-0.9.1
kinds=click3,click5,click3atonce,click5atonce,box10with1,box10with3  # a box alone and one click have the answers of before
changed=(--pass box_agreed=0.75 --pass in_turns=1 --precision w8 --licence Apache-2.0 --force)
python benchmarks/unnamed_regions.py --data "$data" --split val --limit 12 --out "$run/regions"

published() { # NAME FOLDER VERSION DATASETS
    local out="$run/$1"
    # How far both answers must agree is chosen on val, as it is here by uniultra-mini alone.
    uniultra export --model "$2" --settings-from "$2" "${changed[@]}" --name "$1" --version "$3" --out "$out/raw"
    for each in "$2" "$out/raw"; do
        uniultra evaluate --model "$each" --data "$data" --split val --limit 40 --first --draws 1 --kinds $kinds --out "$out/val-$(basename "$each").json" --force
        uniultra evaluate --model "$each" --data "$run/regions/manifest.csv" --split val --draws 1 --kinds $kinds \
            --out "$out/regions-$(basename "$each").json" --force
    done
    # The quality of answers to a last mask has terms of its own, which are fitted anew, on answers without the old ones.
    python - "$out/raw/model.json" <<'PY'
import json, pathlib, sys

path = pathlib.Path(sys.argv[1])
facts = json.loads(path.read_text())
facts["quality"].pop("mask")
path.write_text(json.dumps(facts, indent=2) + "\n")
PY
    uniultra evaluate --model "$out/raw" --data "$data" --split val --limit 80 --first --draws 2 --kinds click3,click5,mask --out "$out/val-masks.json" --force
    uniultra calibrate "$out/val-masks.json" --by-prompt --datasets "$4" --out "$out/terms.json" --force
    uniultra export --model "$2" --settings-from "$2" --calibration "$out/terms.json" "${changed[@]}" --name "$1" --version "$3" --out "$out/onnx"
    for split in test external; do
        for each in "$2" "$out/onnx"; do
            uniultra evaluate --model "$each" --data "$data" --split "$split" --draws 1 --kinds $kinds --out "$out/$split-$(basename "$each").json" --force
        done
        python benchmarks/tables.py --wide "$1"="$out/$split-onnx.json" before="$out/$split-$(basename "$2").json"
    done
}

published uniultra-mini "$mini" 0.9.1 ""
published uniultra-mini-permissive "$permissive" 0.4.1 busi,busbra,cca,hc18,muscle_apo  # the five sets that it may learn from
