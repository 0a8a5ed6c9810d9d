#!/usr/bin/env bash
# Does the recipe of uniultra-mini 0.4.0 read organs that it never saw? Two runs without them, an hour and a half on one core; docs/LOG.md has
# what came out (the second run was cut at 850 steps there: FRESH_STEPS=850). What was stopped goes on when the command is given again.
#   runs/left-out.sh SETS/manifest.csv MINI-0.2.0 LITE_MEDSAM.safetensors
# SETS is what runs/uniultra-mini-0.3.sh makes (the sets and the simulated frames); MINI-0.2.0 is the folder of the release of then, which
# never saw hearts, nerves or vessels. Muscle and thyroid it did see, so they are left out of a run from fresh weights.
set -euo pipefail
data=${1:?the manifest with the simulated frames} start=${2:?the folder of uniultra-mini 0.2.0} decoder=${3:?LiteMedSAM}
run=(python benchmarks/left_out.py --data "$data" --config configs/uniultra-mini-0.4.toml --set optim.save_every=200 --out runs/left-out)
"${run[@]}" --organs heart --steps "${HEART_STEPS:-1200}" --start "$start"
"${run[@]}" --organs muscle+thyroid --steps "${FRESH_STEPS:-1450}" --decoder-from "$decoder" \
    --set model.focus_stretch=2.0 --set optim.encoder_lr=1.5e-3 --set optim.decoder_lr=5e-4
