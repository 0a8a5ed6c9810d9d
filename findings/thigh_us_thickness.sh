#!/usr/bin/env bash
# thigh-us-segmentation 0.2.9 (muscle thickness of the thigh from segmented ultrasound): how thick the rectus femoris is depends on the size of the picture's pixels: 20 mm are 18.6, 19.5 or 22.8.
#
# Expected: the thickness of the same thigh with the same labels in pixels of 0.1, 0.2 and 0.3 mm differs by a pixel or so, and rf_alt_mm, taken from the mask alone, is the mask's height.
# What happens: the mask is eroded by two pixels first, and the first row isn't counted, so rf_alt_mm is five rows too thin: 19.5, 19.0 and 18.6 mm for 20. rf_mm goes by the brightest row within
# 20 rows above and below the mask, however many millimetres these are: a line in the fat 3 mm above, brighter than the fascia, makes it 22.8 mm in pixels of 0.2 and 0.3 mm, and 20.0 in those of 0.1. No message.
# Why it matters: a rectus femoris loses one or two millimetres in a week of intensive care; the same patient at another depth setting differs by more.
# Seen on 29 November 2026 with thigh-us-segmentation 0.2.9 (its file distances.py alone: the package asks for nnU-Net), SimpleITK 2.5.7, pandas 2.3.3, scipy 1.17.1, numpy 2.4.6, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
get=(python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages")
"${get[@]}" numpy==2.4.6 scipy==1.17.1 pandas==2.3.3 SimpleITK==2.5.7
"${get[@]}" --no-deps --ignore-requires-python thigh-us-segmentation==0.2.9
cd "$folder"
cat >run.py <<'PYTHON'
import importlib.util

import numpy as np
import SimpleITK as sitk

found = importlib.util.spec_from_file_location("distances", "packages/ThighUSSegmentation/distances.py")
distances = importlib.util.module_from_spec(found)
found.loader.exec_module(distances)
EPIDERMIS, FEMUR, MUSCLE = 1, 2, 3


def measured(pixel_mm, line):
    """A thigh of 40 x 60 mm: the muscle from 15 to 35 mm between two bright fasciae, with or without a brighter line in the fat at 12 mm."""

    def at(millimetres):
        return round(millimetres / pixel_mm)

    frame, labels = np.full((at(60), at(40)), 60, np.uint8), np.zeros((at(60), at(40)), np.uint8)
    labels[: at(2)] = EPIDERMIS
    labels[at(15) : at(35), at(5) : at(35)] = MUSCLE
    labels[at(45) : at(55), at(15) : at(25)] = FEMUR
    for fascia in (15, 35):
        frame[at(fascia) - 1 : at(fascia) + 1] = 200
    if line:
        frame[at(12)] = 255
    for name, values in (("frame.mha", frame), ("labels.mha", labels)):
        image = sitk.GetImageFromArray(values[None])
        image.SetSpacing((pixel_mm, pixel_mm, 1.0))
        sitk.WriteImage(image, name)
    table, _ = distances.extract_distances_dataframe("frame.mha", "labels.mha", "marks")
    return round(float(table.rf_mm[0]), 1), round(float(table.rf_alt_mm[0]), 1)


seen = {(pixel_mm, line): measured(pixel_mm, line) for line in (False, True) for pixel_mm in (0.1, 0.2, 0.3)}
for (pixel_mm, line), (by_brightness, by_mask) in seen.items():
    print(f"a muscle of 20 mm, pixels of {pixel_mm} mm, {'a' if line else 'no'} bright line 3 mm above: rf_mm {by_brightness}, rf_alt_mm {by_mask}")
assert [by_mask for _, by_mask in seen.values()] == [19.5, 19.0, 18.6] * 2
assert all(abs(seen[pixel_mm, False][0] - 20) <= 0.31 for pixel_mm in (0.1, 0.2, 0.3))
assert [seen[pixel_mm, True][0] for pixel_mm in (0.1, 0.2, 0.3)] == [20.0, 22.8, 22.8]
print("as stated")
PYTHON
PYTHONPATH=$folder/packages python3 -s run.py
