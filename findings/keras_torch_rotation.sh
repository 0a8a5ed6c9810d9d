#!/usr/bin/env bash
# keras 3.15.1 on torch: RandomRotation turns an image one way and its segmentation mask another.
#
# Expected: of {"images", "segmentation_masks"} both are turned about the same centre by the same angle, as on numpy.
# What happens: on torch the matrix is rewritten in place (rows for columns) while the image is turned, and the mask is turned by what is left:
# by the opposite angle, and about a point that isn't the centre. The mask of a disc in a frame of 128 x 96 lies tens of pixels from the
# disc, or outside the frame. With fill_mode "reflect", the default, there is a mask in any case. Nothing is said. RandomZoom, RandomShear,
# RandomTranslation, RandomFlip and RandomPerspective move both alike.
# Why it matters: rotation is the first augmentation that anyone takes for ultrasound, and training on such masks only gives worse scores.
# Seen on 29 November 2026 with keras 3.15.1, torch 2.13.0, numpy 2.4.6 (with jax 0.10.2), Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check torch==2.13.0
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check keras==3.15.1 numpy==2.4.6 \
    jax==0.10.2 scipy==1.17.1  # of keras on numpy
cd "$folder"
cat >turn.py <<'PYTHON'
import keras
import numpy as np

y, x = np.mgrid[:96, :128]
disc = (np.hypot(y - 50, x - 60) < 18).astype(np.float32)
layers = {
    "RandomRotation": keras.layers.RandomRotation((0.1, 0.1), fill_mode="constant", seed=1),
    "RandomRotation, reflect": keras.layers.RandomRotation((0.1, 0.1), seed=1),
    "RandomZoom": keras.layers.RandomZoom((0.2, 0.2), fill_mode="constant", seed=1),
    "RandomShear": keras.layers.RandomShear(0.2, 0.2, fill_mode="constant", seed=1),
    "RandomTranslation": keras.layers.RandomTranslation((0.1, 0.1), (0.1, 0.1), fill_mode="constant", seed=1),
    "RandomFlip": keras.layers.RandomFlip(seed=1),
    "RandomPerspective": keras.layers.RandomPerspective(1.0, scale=0.5, seed=1),
}
print("keras", keras.__version__, "on", keras.backend.backend())
found = {}
for name, layer in layers.items():
    image = np.repeat(disc[None, ..., None] * 255, 3, -1)
    turned = layer({"images": image, "segmentation_masks": disc[None, ..., None]}, training=True)
    image, mask = (keras.ops.convert_to_numpy(turned[kind])[0, ..., 0] for kind in ("images", "segmentation_masks"))
    image, mask = image > 127, mask > 0.5
    found[name] = 2 * (image & mask).sum() / (image.sum() + mask.sum())
    print(f"   {name}: Dice of the mask with the disc in the image {found[name]:.3f} ({image.sum()} and {mask.sum()} pixels)")
apart = {name for name, dice in found.items() if dice < 0.9}
expected = {"RandomRotation", "RandomRotation, reflect"} if keras.backend.backend() == "torch" else set()
raise SystemExit(0 if apart == expected else "keras does otherwise now")
PYTHON
for backend in torch numpy; do
    KERAS_BACKEND=$backend KERAS_HOME=$folder/settings venv/bin/python -W ignore turn.py 2>/dev/null
done
