#!/usr/bin/env bash
# From a manifest to a teacher, a student and their scores.
#   runs/distill.sh cpu DATA/manifest.csv    a teacher of twice the mini's width at 256 px; some hours on two cores
#   runs/distill.sh gpu DATA/manifest.csv    SAM 2.1 small at 512 px with CH-Adapters; needs CUDA and the checkpoint
# Stopped, it goes on where it was when the command is given again.
set -euo pipefail
form=${1:?cpu or gpu} data=${2:?the manifest}
run=runs/distill-$form

case $form in
    cpu) uniultra train --config configs/teacher.toml --data "$data" --out "$run/teacher" ;;
    gpu) uniultra adapt --config configs/adapt/teacher-gpu.toml --data "$data" --out "$run/teacher" ;;
    *) echo "form '$form' is unknown; use cpu or gpu" >&2; exit 2 ;;
esac
uniultra distill --teacher "$run/teacher" --student uniultra-mini --config configs/distill/dskd.toml --data "$data" --out "$run/student"

# Everything that is chosen is chosen on val: here, the calibration of the quality.
uniultra evaluate --model "$run/student" --data "$data" --split val --kinds box,box10,box20,click1,click3 --draws 1 --out "$run/val-raw.json" --force
uniultra calibrate "$run/val-raw.json" --out "$run/calibration.json" --force
uniultra export --model "$run/student/model" --calibration "$run/calibration.json" --name uniultra-mini --version "${3:-next}" --licence Apache-2.0 --out "$run/onnx" --force

for split in val test external; do
    uniultra evaluate --model "$run/onnx" --against uniultra-mini --data "$data" --split "$split" --out "$run/$split.json" --force
done
uniultra evaluate --model "$run/onnx" --against "$run/teacher" --data "$data" --split test --out "$run/test-teacher.json" --force
