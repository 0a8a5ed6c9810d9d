#!/usr/bin/env bash
# uniultra-mini 0.10.0 and uniultra-mini-permissive 0.5.0, from 0.9.1 and 0.4.1: the encoders go on alone, with calipers and text burned into four of ten views and objects
# that an edge of the frame cuts. Three quarters of an hour each on one core. Not published yet: of uniultra-mini's part the training has run (candidates/uniultra-mini-0.10).
# What was stopped goes on when the command is given again.
#   runs/uniultra-mini-0.10.sh DATA/manifest.csv MINI-0.9.1 PERMISSIVE-0.4.1
# The folders are those that runs/uniultra-mini-0.9.1.sh ends with, or those of the release before this one.
set -euo pipefail
data=${1:?the manifest} mini=${2:?the folder of uniultra-mini 0.9.1} permissive=${3:?the folder of uniultra-mini-permissive 0.4.1}
run=runs/uniultra-mini-0.10 sets=runs/uniultra-mini-0.3/sets
boxes=box,box10,loose15,loose30 clicks=click1,uclick1,click3,click5 said=box4,saidtight,saidtight4,saidloose15,saidloose30
[ -f "$sets/with-hearts.csv" ] || { echo "'$sets/with-hearts.csv' is missing: run runs/uniultra-mini-0.3.sh and runs/uniultra-mini-permissive.sh first, which make it"; exit 2; }
python benchmarks/unnamed_regions.py --data "$data" --split val --limit 12 --out "$run/regions"

published() { # NAME VERSION BEFORE CONFIG MANIFEST SHARE DATASETS TRAINING'S OPTIONS
    local out="$run/$1" name=$1 version=$2 before=$3 share=$6
    uniultra train --config "$4" --set model.start_from="'$before'" --data "$5" "${@:8}" --out "$out/marks"

    # Everything that is chosen is chosen on val: the blend's share, by marks and by the regions that no label names as well; passes stay as they were.
    for each in 0.4 0.6 0.8; do
        [ -d "$out/blend-$each" ] || python benchmarks/blend.py --before "$before" --after "$out/marks/model" --share "$each" --out "$out/blend-$each"
        exported "$out/blend-$each" "$out/kept-$each" --settings-from "$before"
        uniultra evaluate --model "$out/kept-$each" --data "$data" --split val --limit 40 --first --draws 1 --kinds $boxes,$clicks,$said --out "$out/val-$each.json" --force
        uniultra evaluate --model "$out/kept-$each" --data "$run/regions/manifest.csv" --split val --draws 1 --kinds box,click1,click3,click5 \
            --out "$out/regions-$each.json" --force
        uniultra evaluate --model "$out/kept-$each" --data "$data" --split val --limit 10 --first --draws 1 --kinds box10 --robustness --robustness-limit 10 \
            --out "$out/robust-$each"
    done

    # The quality is calibrated anew, by prompt, and, where the names of real hearts may be learned from, by names.
    local passes=()
    while read -r pass; do passes+=(--pass "$pass"); done < <(python -c "import json, sys
for item in json.load(open(sys.argv[1]))['passes'].items(): print('%s=%s' % item)" "$before/model.json")
    exported "$out/blend-$share" "$out/raw" "${passes[@]}"
    uniultra evaluate --model "$out/raw" --data "$data" --split val --limit 40 --first --draws 1 --kinds $boxes,$clicks --out "$out/val-raw.json" --force
    uniultra calibrate "$out/val-raw.json" --datasets "$7" --out "$out/calibration.json" --force
    exported "$out/blend-$share" "$out/calibrated" "${passes[@]}" --calibration "$out/calibration.json"
    uniultra evaluate --model "$out/calibrated" --data "$data" --split val --limit 80 --first --draws 2 --kinds click1,uclick1,scribble,click3,click5,mask \
        --out "$out/val-clicks.json" --force
    uniultra calibrate "$out/val-clicks.json" --by-prompt --datasets "$7" --out "$out/terms.json" --force
    local fitted=(--calibration "$out/calibration.json" --calibration "$out/terms.json")
    if [ "$name" = uniultra-mini ]; then
        uniultra evaluate --model "$out/calibrated" --data "$run/hearts.csv" --split val --draws 2 --kinds click1,uclick1,scribble --named --out "$out/val-named.json" --force
        uniultra calibrate "$out/val-named.json" --by-prompt --out "$out/named-terms.json" --force
        fitted+=(--calibration "$out/named-terms.json")
    fi
    exported "$out/blend-$share" "$out/onnx" "${passes[@]}" "${fitted[@]}"

    for split in test external; do
        for each in "$before" "$out/onnx"; do
            uniultra evaluate --model "$each" --data "$data" --split "$split" --draws 1 --kinds $boxes,tight10,sam2box,$clicks,$said,box10then1,box10then3,loose30then1 \
                --out "$out/$split-$(basename "$each").json" --force
        done
        python benchmarks/tables.py --wide "$name"="$out/$split-onnx.json" before="$out/$split-$(basename "$before").json"
        python benchmarks/tables.py --said "$name"="$out/$split-onnx.json"
    done
    for said in --named ""; do
        uniultra evaluate --model "$out/onnx" --data "$run/hearts.csv" --split test --draws 1 --kinds $boxes,saidloose15,saidloose30,$clicks $said --out "$out/hearts$said.json" --force
    done
    python benchmarks/tables.py --named named="$out/hearts--named.json" unnamed="$out/hearts.json"
    python benchmarks/clinical.py --data "$data" --circumferences "$(dirname "$data")/hc18_circumference.csv" --split test --model "$out/onnx"
}

exported() { # FOLDER OUT OPTIONS
    uniultra export --model "$1" --precision w8 --name "$name" --version "$version" --licence Apache-2.0 --out "$2" "${@:3}" --force
}

head -1 "$data" > "$run/hearts.csv"
grep -E '^[^,]*,camus2?,' "$data" >> "$run/hearts.csv"
for folder in "$(dirname "$data")"/camus*/; do ln -sfn "$(realpath "$folder")" "$run/$(basename "$folder")"; done

published uniultra-mini 0.10.0 "$mini" configs/uniultra-mini-0.10.toml "$sets/manifest.csv" "${SHARE:-0.6}" ""
published uniultra-mini-permissive 0.5.0 "$permissive" configs/uniultra-mini-permissive-0.5.toml "$sets/with-hearts.csv" "${SHARE_PERMISSIVE:-0.6}" \
    busi,busbra,cca,hc18,muscle_apo --licence permissive
