#!/usr/bin/env bash
# usaugment 1.0.1 (ultrasound transforms for Albumentations): pictures of 8 bits, as every reader gives them, become black; nothing is said.
#
# Expected: shadows, attenuation, haze and less speckle on uint8 pictures as on float ones, or an error. Albumentations' own transforms take both.
# What happens: on uint8 each of the four transforms gives float64 in which the whole sector is 0 to 1, on a scale of 255: the map of attenuation or
# shadow (0 to 1) is rounded down to the type of the picture, haze is clipped to 1, and what the bilateral filter gives is already divided by 255.
# A picture with a mean of 129 has one of 0.0, 0.2, 1.0 and 0.5; outside the sector it keeps its 0 to 255 but for haze. The same picture as float32 from 0
# to 1 is right. The description of the package names no type.
# Why it matters: with p=0.5 half of the pictures that a network trains on are black, their masks unchanged; training goes on, only worse.
# Divide by 255 before these transforms.
# Seen on 29 November 2026 with usaugment 1.0.1, albumentations 2.0.8, numpy 2.4.6, opencv-python-headless 5.0.0.93, scikit-image 0.26.0, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check usaugment==1.0.1 albumentations==2.0.8 numpy==2.4.6 opencv-python-headless==5.0.0.93 \
    scikit-image==0.26.0 scipy==1.17.1
NO_ALBUMENTATIONS_UPDATE=1 venv/bin/python - <<'PYTHON'
from importlib.metadata import version

import albumentations
import numpy as np
from usaugment.albumentations import DepthAttenuation, GaussianShadow, HazeArtifact, SpeckleReduction

print("usaugment", version("usaugment"), "albumentations", version("albumentations"))
picture = np.random.default_rng(0).integers(60, 200, (64, 64, 3), dtype=np.uint8)
sector = np.zeros((64, 64), np.uint8)
sector[:, :32] = 1
kinds = (
    DepthAttenuation(attenuation_rate=1.0, p=1),
    GaussianShadow(strength=0.5, sigma_x=0.2, sigma_y=0.2, p=1),
    HazeArtifact(radius=0.5, sigma=0.05, p=1),
    SpeckleReduction(p=1),
)
for kind in kinds:
    np.random.seed(0)
    transform = albumentations.Compose([kind], additional_targets={"scan_mask": "mask"})
    of_bytes = transform(image=picture, scan_mask=sector)["image"]
    of_floats = transform(image=(picture / 255).astype(np.float32), scan_mask=sector)["image"]
    inside, outside, right = of_bytes[:, :32].mean(), of_bytes[:, 32:].mean(), of_floats[:, :32].mean()
    print(f"{type(kind).__name__}: uint8, mean {picture.mean():.0f} -> {of_bytes.dtype}, {inside:.1f} in the sector, {outside:.0f} outside;",
          f"float32, {picture.mean() / 255:.2f} -> {right:.2f} in the sector")
    assert of_bytes.dtype == np.float64 and inside <= 1 and 0.2 < right < 0.7
    assert np.array_equal(of_bytes[:, 32:], picture[:, 32:]) or isinstance(kind, HazeArtifact)
own = albumentations.Compose([albumentations.GaussNoise(p=1)])(image=picture)["image"]
assert own.dtype == np.uint8 and abs(own.mean() - picture.mean()) < 30
print("as stated")
PYTHON
