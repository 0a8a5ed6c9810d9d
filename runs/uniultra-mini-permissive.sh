#!/usr/bin/env bash
# uniultra-mini-permissive 0.3.0: from fresh weights and images alone whose licence allows commercial use, to a model folder and its scores.
# At 128 px first, where a step costs a third and encoder and decoder find each other, then at 256 px: 0.1.0, two hours on one core.
# A small decoder is taught by that on more sets, and encoder and decoder then learn together from masks, with prompts as people give them:
# three hours more. Last it learns simulated hearts as well, an hour and a half. What was stopped goes on when the command is given again.
#   runs/uniultra-mini-permissive.sh DATA/manifest.csv
set -euo pipefail
data=${1:?the manifest}
run=runs/uniultra-mini-permissive name=uniultra-mini-permissive config=configs/uniultra-mini-permissive.toml
sets=runs/uniultra-mini-0.3/sets/manifest.csv
kinds=box,box10,loose15,loose30,click1,uclick1,click3,click5
[ -f "$sets" ] || { echo "'$sets' is missing: run runs/uniultra-mini-0.3.sh first, which makes it"; exit 2; }

uniultra train --licence permissive --config $config --data "$data" --out "$run/small" \
    --set model.image_size=128 --set optim.steps=2800 --set optim.encoder_lr=1.5e-3 --set optim.decoder_lr=1e-3 --set optim.save_every=400 --set optim.seed=0
uniultra train --licence permissive --config $config --data "$data" --out "$run/large" --set model.start_from="'$run/small/model'"

# A decoder of a ninth of the size, taught by 0.1.0's; then encoder and decoder are tuned together.
uniultra distill --licence permissive --teacher "$run/large/model" --config configs/distill/uniultra-mini-0.5.toml --data "$sets" \
    --cache "$run/cache" --out "$run/narrow" --set decoder.views=12288 --set optim.steps=2000 --set dskd.soft=0.3 --set optim.ema=0.995 \
    --set retune.steps=650 --set retune.encoder_lr=3e-4 --set retune.decoder_lr=5e-4 --set loss.rounds=4 \
    --set "data.favour=busi:1.6,hc18:1.3,muscle_apo:1.8,cca:1.0,busbra:0.8,usgra:1.3,simulated:0.5"
uniultra train --licence permissive --config configs/uniultra-mini-permissive-0.2.toml --data "$sets" --out "$run/people" \
    --set model.start_from="'$run/narrow/model'"

# The same goes on with simulated hearts (0.3.0).
hearts=runs/uniultra-mini-0.3/sets/simulated_heart
[ -d "$hearts" ] || uniultra data simulate "$hearts" --images 1600 --seed 0 --scene heart
with=runs/uniultra-mini-0.3/sets/with-hearts.csv
{ cat "$sets"; tail -n +2 "$hearts/manifest.csv" | sed 's#,images/#,simulated_heart/images/#; s#,masks/#,simulated_heart/masks/#'; } > "$with"
uniultra train --licence permissive --config configs/uniultra-mini-permissive-0.3.toml --data "$with" --out "$run/hearts" \
    --set model.start_from="'$run/people/model'"

# Everything that is chosen is chosen on val: how clicks are followed (benchmarks/click_passes.py), and the calibration of the quality.
passes=(--pass agreed=0.85 --pass sure=0.7 --pass closer_by=0.0 --pass max_hole=0.05)
small=(--precision w8 --name $name --version 0.3.0 --licence Apache-2.0 --force)
uniultra export --model "$run/hearts/model" "${small[@]}" "${passes[@]}" --out "$run/raw"
python benchmarks/click_passes.py --data "$data" --limit 20 --model "$run/raw"
uniultra evaluate --model "$run/raw" --data "$data" --split val --limit 40 --first --draws 1 --kinds $kinds --out "$run/val-raw.json" --force
uniultra calibrate "$run/val-raw.json" --datasets busi,busbra,cca,hc18,muscle_apo --out "$run/calibration.json" --force
uniultra export --model "$run/hearts/model" "${small[@]}" "${passes[@]}" --calibration "$run/calibration.json" --out "$run/calibrated"
uniultra evaluate --model "$run/calibrated" --data "$data" --split val --limit 80 --first --draws 2 --kinds click1,uclick1,scribble,click3,click5,mask \
    --out "$run/val-clicks.json" --force
uniultra calibrate "$run/val-clicks.json" --by-prompt --datasets busi,busbra,cca,hc18,muscle_apo --out "$run/terms.json" --force
uniultra export --model "$run/hearts/model" "${small[@]}" "${passes[@]}" --calibration "$run/calibration.json" --calibration "$run/terms.json" --out "$run/onnx"

uniultra evaluate --model "$run/onnx" --data "$data" --split test --limit 60 --first --draws 1 --kinds $kinds --out "$run/test.json" --force
uniultra evaluate --model "$run/onnx" --data "$data" --split external --limit 20 --first --draws 1 --kinds $kinds --out "$run/external.json" --force
