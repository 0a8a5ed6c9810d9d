#!/usr/bin/env bash
# uniultra-mini 0.5.0, from 0.4.1: the same image encoder with a decoder of 0.47 million parameters in place of 4.2, taught by 0.4.1 itself.
# About two hours and a quarter on one core, 7.5 GB of disk. What was stopped goes on when the command is given again.
#   runs/uniultra-mini-0.5.sh DATA/manifest.csv MINI-0.4.1
# MINI-0.4.1 is the folder that runs/uniultra-mini-0.4.sh ends with (runs/uniultra-mini-0.4/onnx), or the one of the release before this one.
# With GPU=1 in a form for one GPU (batches of 32, bfloat16, loading beside, twice the steps), which has not been run yet.
set -euo pipefail
more=()
[ -z "${GPU:-}" ] || more=(--set optim.batch_size=32 --set optim.precision=bf16 --set optim.workers=12)
first=5000; [ -z "${GPU:-}" ] || first=10000
data=${1:?the manifest} teacher=${2:?the folder of uniultra-mini 0.4.1}
run=runs/uniultra-mini-0.5 sets=runs/uniultra-mini-0.3/sets/manifest.csv
kinds=box,box10,loose15,loose30,click1,uclick1,click3,click5
[ -f "$sets" ] || { echo "'$sets' is missing: run runs/uniultra-mini-0.3.sh first, which makes it"; exit 2; }

teach=(uniultra distill --teacher "$teacher" --config configs/distill/uniultra-mini-0.5.toml --data "$sets" "${more[@]}")
"${teach[@]}" --cache "$run/cache" --set optim.steps="$first" --out "$run/decoder"
# From where that ended, up to five rounds in place of three: what further clicks change.
[ -d "$run/rounds/start" ] || { mkdir -p "$run/rounds" && cp -r "$run/decoder/model" "$run/rounds/start"; }
"${teach[@]}" --cache "$run/cache" --set loss.rounds=5 --set optim.steps=700 --set optim.encoder_lr=3e-4 --set optim.decoder_lr=3e-4 --set optim.ema=0.99 \
    --set optim.save_every=350 --out "$run/rounds"
# Then the teacher answers corrections too, and nearly half of the targets are regions that no label names.
[ -d "$run/corrections/start" ] || { mkdir -p "$run/corrections" && cp -r "$run/rounds/model" "$run/corrections/start"; }
"${teach[@]}" --cache "$run/unnamed" --set decoder.views=12288 --set decoder.unnamed=0.45 --set dskd.soft=6.0 --set dskd.corrections=10.0 --set loss.rounds=5 \
    --set optim.steps=1700 --set optim.encoder_lr=5e-4 --set optim.decoder_lr=5e-4 --set optim.ema=0.995 --set optim.save_every=300 --out "$run/corrections"

# Everything that is chosen is chosen on val: the calibration of the quality. Clicks are followed as 0.4.1 follows them.
passes=(--pass agreed=0.85 --pass sure=0.5 --pass closer_by=0.3 --pass max_hole=0.05)
small=(--precision w8 --name uniultra-mini --version 0.5.0 --licence Apache-2.0 --force)
uniultra export --model "$run/corrections/model" "${small[@]}" "${passes[@]}" --out "$run/raw"
uniultra evaluate --model "$run/raw" --data "$data" --split val --limit 40 --first --draws 1 \
    --kinds $kinds --out "$run/val-raw.json" --force
uniultra calibrate "$run/val-raw.json" --out "$run/calibration.json" --force
uniultra export --model "$run/corrections/model" "${small[@]}" "${passes[@]}" --calibration "$run/calibration.json" --out "$run/onnx"

# How it follows clicks on what it doesn't know, beside its teacher; on val too.
python benchmarks/unnamed_regions.py --data "$data" --split val --limit 12 --out "$run/regions"
for model in "$run/onnx" "$teacher"; do
    uniultra evaluate --model "$model" --data "$run/regions/manifest.csv" --split val --draws 1 --kinds box,click1,click3,click5 \
        --out "$run/regions-$([ "$model" = "$teacher" ] && echo teacher || echo mini).json" --force
done

for split in val test external; do
    limit=40; [ "$split" != test ] || limit=60; [ "$split" != external ] || limit=20
    for model in "$run/onnx" "$teacher"; do
        uniultra evaluate --model "$model" --data "$data" --split "$split" --limit "$limit" --first --draws 1 --kinds $kinds \
            --out "$run/$split-$([ "$model" = "$teacher" ] && echo teacher || echo mini).json" --force
    done
    python benchmarks/tables.py --differences uniultra-mini="$run/$split-mini.json" uniultra-mini-0.4.1="$run/$split-teacher.json"
done
