#!/usr/bin/env bash
# uniultra-nano 0.1.0: the mini's image encoder with a decoder of 0.47 million parameters in the place of 4.2, taught by the mini itself.
# About an hour and a quarter on one core, 4.3 GB of disk. What was stopped goes on when the command is given again.
#   runs/uniultra-nano.sh DATA/manifest.csv
# With GPU=1 in a form for one GPU (batches of 32, bfloat16, loading beside, twice the steps), which has not been run yet.
set -euo pipefail
more=()
[ -z "${GPU:-}" ] || more=(--set optim.batch_size=32 --set optim.precision=bf16 --set optim.workers=12 --set optim.steps=10000)
data=${1:?the manifest}
run=runs/uniultra-nano sets=runs/uniultra-mini-0.3/sets/manifest.csv
kinds=box,box10,loose15,loose30,click1,uclick1,click3,click5
[ -f "$sets" ] || { echo "'$sets' is missing: run runs/uniultra-mini-0.3.sh first, which makes it"; exit 2; }

teach=(uniultra distill --teacher uniultra-mini --config configs/distill/uniultra-nano.toml --data "$sets" --cache "$run/cache" "${more[@]}")
"${teach[@]}" --out "$run/decoder"
# Then, from where that ended, up to five rounds in the place of three: what further clicks change.
[ -d "$run/rounds/start" ] || { mkdir -p "$run/rounds" && cp -r "$run/decoder/model" "$run/rounds/start"; }
"${teach[@]}" --set loss.rounds=5 --set optim.steps=700 --set optim.encoder_lr=3e-4 --set optim.decoder_lr=3e-4 --set optim.ema=0.99 --set optim.save_every=350 --out "$run/rounds"

# Everything that is chosen is chosen on val: the calibration of the quality. Clicks are followed as the mini's are.
passes=(--pass agreed=0.85 --pass sure=0.5 --pass closer_by=0.3 --pass max_hole=0.05)
small=(--precision w8 --name uniultra-nano --version 0.1.0 --force)
uniultra export --model "$run/rounds/model" "${small[@]}" "${passes[@]}" --out "$run/raw"
uniultra evaluate --model "$run/raw" --data "$data" --split val --limit 40 --first --draws 1 \
    --kinds $kinds --out "$run/val-raw.json" --force
uniultra calibrate "$run/val-raw.json" --out "$run/calibration.json" --force
uniultra export --model "$run/rounds/model" "${small[@]}" "${passes[@]}" --calibration "$run/calibration.json" --out "$run/onnx"

for split in val test; do
    limit=40; [ "$split" = val ] || limit=60
    for model in "$run/onnx" uniultra-mini; do
        uniultra evaluate --model "$model" --data "$data" --split "$split" --limit "$limit" --first --draws 1 --kinds $kinds \
            --out "$run/$split-$(basename "$model").json" --force
    done
    python benchmarks/tables.py --differences uniultra-nano="$run/$split-onnx.json" uniultra-mini="$run/$split-uniultra-mini.json"
done
