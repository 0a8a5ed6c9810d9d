#!/usr/bin/env bash
# pymia 0.3.4 (evaluates medical segmentations): of a 2D mask the whole inside counts as surface: a disc that is 5 mm too small all around has a surface Dice at 1 mm of 0.85.
#
# Expected: SurfaceDiceOverlap, SurfaceOverlap and HausdorffDistance of 2D images, which pymia accepts, are those of the outlines, as the package surface-distance computes them.
# What happens: a picture is made a volume of one slice, in which every pixel of a mask has background above or below and so is surface. Outlines are a few per cent of it.
# Disc of 25 mm for one of 30 mm: surface Dice at 1 mm 0.85 for 0.00, surface overlap 1.00, HD95 4.5 mm for 5.0. A disc displaced by 5 mm: surface Dice 0.92 for 0.16, HD95 2.1 mm for 5.0.
# A cavity that was filled in, beside its wall of 5 mm: surface Dice 0.54 for 0.71, HD95 17.9 mm for 5.0, and the Hausdorff distance itself 24.3 mm for 5.1. Volumes are right. No message.
# Why it matters: ultrasound is evaluated in pictures. By these numbers nearly every outline lies within a millimetre, and thin walls are punished for their cavities.
# Seen on 29 November 2026 with pymia 0.3.4, surface-distance 0.1, numpy 1.26.4, scipy 1.11.4, SimpleITK 2.5.7, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
get=(python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages")
"${get[@]}" numpy==1.26.4 scipy==1.11.4 scikit-image==0.22.0 SimpleITK==2.5.7 absl-py==2.3.1
"${get[@]}" --no-deps pymia==0.3.4 surface-distance==0.1
cd "$folder"
cat >run.py <<'PYTHON'
import importlib.metadata
import warnings

import numpy as np
import SimpleITK as sitk

warnings.simplefilter("ignore")
import surface_distance
from pymia.evaluation.evaluator import SegmentationEvaluator
from pymia.evaluation.metric import HausdorffDistance, SurfaceDiceOverlap, SurfaceOverlap

SPACING = 0.5
y, x = np.mgrid[:240, :300] * SPACING


def disc(radius_mm, down_mm=60):
    return (y - down_mm) ** 2 + (x - 75) ** 2 < radius_mm**2


def by_pymia(found, true, as_volume=False):
    images = []
    for mask in (found, true):
        values = np.repeat(mask[None], 121, axis=0) if as_volume else mask
        images.append(sitk.GetImageFromArray(values.astype(np.uint8)))
        images[-1].SetSpacing([SPACING] * values.ndim)
    metrics = [SurfaceDiceOverlap(1, "Dice"), SurfaceOverlap(1, metric="overlap"), HausdorffDistance(95, "HD95"), HausdorffDistance(100, "HD")]
    judge = SegmentationEvaluator(metrics, {1: "structure"})
    judge.evaluate(*images, "a")
    return {one.metric: round(float(one.value), 2) for one in judge.results}


def by_outlines(found, true):
    away = surface_distance.compute_surface_distances(true, found, (SPACING, SPACING))
    values = surface_distance.compute_surface_dice_at_tolerance(away, 1), *(surface_distance.compute_robust_hausdorff(away, part) for part in (95, 100))
    return dict(zip(("Dice", "HD95", "HD"), (round(float(value), 2) for value in values), strict=True))


cases = {"5 mm too small": (disc(25), disc(30)), "5 mm too deep": (disc(30, 65), disc(30)), "cavity filled in": (disc(30), disc(30) & ~disc(25))}
print("pymia", importlib.metadata.version("pymia"), "- surface Dice and overlap at 1 mm, Hausdorff distances in mm")
flat = {name: by_pymia(*masks) for name, masks in cases.items()}
right = {name: by_outlines(*masks) for name, masks in cases.items()}
for name in cases:
    print(f"{name}: {flat[name]}; by their outlines {right[name]}")
    assert by_pymia(cases[name][1], cases[name][1])["Dice"] == 1
deep = by_pymia(*cases["5 mm too small"], as_volume=True)
print("5 mm too small, as a rod of 121 slices:", deep)
assert flat["5 mm too small"]["Dice"] == 0.85 and flat["5 mm too small"]["overlap"] == 1 and right["5 mm too small"]["Dice"] == 0
assert (flat["5 mm too deep"]["Dice"], flat["5 mm too deep"]["HD95"]) == (0.92, 2.12) and (right["5 mm too deep"]["Dice"], right["5 mm too deep"]["HD95"]) == (0.16, 5)
assert flat["cavity filled in"]["HD"] > 24 and right["cavity filled in"]["HD"] < 5.2 and flat["cavity filled in"]["HD95"] > 17
assert deep["Dice"] < 0.4 and deep["HD95"] > 4.9
print("as stated")
PYTHON
PYTHONPATH=$folder/packages python3 -s run.py
