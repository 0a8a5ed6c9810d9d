#!/usr/bin/env bash
# bio-volumentations 1.4.0 (augmentation of images with masks, points and boxes): where pixels have a size, image and mask turn about one place and the points about another; a flat image loses its boxes, even when nothing is moved.
#
# Expected: image, mask, points and boxes of a sample are moved by one map; with spacing=(1, 0.1, 0.2) that map is a rotation in millimetres. A 2D image is given "a dummy Z dimension", as the manual says, and keeps its boxes.
# What happens: AffineTransform(angles=(30, 0, 0), spacing=(1, 0.1, 0.2)): a structure at row 20, column 30 of 60 x 80 is at 11.9, 33.7 afterwards, as it should, its point at 28.8, 18.5; of three points one isn't there any more. With
# scale=(1, 1.2, 1.2) they are 4.9 rows and 5.9 columns apart, and with square pixels of 0.2, turned by 10 degrees, 5.2 and 4.6. Without spacing all agree. Boxes of an image with Z of 1 are dropped by AffineTransform (also without any angle, shift or
# scale), Scale, CenterCrop and RandomCrop; Flip, Pad and Resize keep them, and so does a stack of five slices. No message.
# Why it matters: the points are the clicks and landmarks with which a network is trained: here they lie in other tissue than the mask beside them. A frame without boxes is a frame without structures.
# Seen on 1 December 2026 with bio-volumentations 1.4.0, SimpleITK 2.5.7, scikit-image 0.26.0, scipy 1.17.1, numpy 2.4.6, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check bio-volumentations==1.4.0 SimpleITK==2.5.7 scikit-image==0.26.0 scipy==1.17.1 numpy==2.4.6 2>/dev/null
cat >run.py <<'PYTHON'
import warnings

import bio_volumentations as bio
import numpy as np
from scipy import ndimage

POINTS = [(0, 20, 30), (0, 40, 60), (0, 30, 20)]
mask = np.zeros((1, 60, 80), np.uint8)
for number, (_, row, column) in enumerate(POINTS):
    mask[0, row - 2:row + 3, column - 2:column + 3] = number + 1


def apart(transform):
    """How far each point lies from its structure's middle, rows and columns; and how many points there are."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        moved = bio.Compose([transform])(image=mask[None].astype(np.float32), mask=mask, keypoints=list(POINTS))
    assert not said
    labels = np.asarray(moved["mask"]).reshape(mask.shape)
    middle = np.array(ndimage.center_of_mass(labels == 1))[1:]
    point = np.asarray(moved["keypoints"][0], float)[1:]
    print(f"structure at {middle.round(1).tolist()}, point at {point.round(1).tolist()}, {len(moved['keypoints'])} points")
    return np.abs(middle - point).max(), len(moved["keypoints"])


turned = {"angles": (30, 0, 0)}
same, moved = apart(bio.AffineTransform(**turned)), apart(bio.AffineTransform(**turned, spacing=(1, 0.1, 0.2)))
scaled, square = apart(bio.AffineTransform(scale=(1, 1.2, 1.2), spacing=(1, 0.1, 0.2))), apart(bio.AffineTransform(angles=(10, 0, 0), spacing=(1, 0.2, 0.2)))
assert same[0] < 0.6 and same[1] == 3 and moved[0] > 14 and moved[1] == 2 and scaled[0] > 4 and square[0] > 4


def boxes(transform, slices, last):
    image = np.zeros((1, slices, 60, 80), np.float32)
    return len(bio.Compose([transform], bbox_format="voc")(image=image, bboxes=[((0, 18, 28), (last, 22, 32), 1)])["bboxes"])


def kept(slices, last):
    crops = {"crop": bio.CenterCrop(shape=(slices, 50, 70)), "flip": bio.Flip(axes=[3]), "nothing moved": bio.AffineTransform(), "scaled": bio.Scale(scales=(1, 1.2, 1.2))}
    return {name: boxes(one, slices, last) for name, one in crops.items()}


flat, closed, stack = kept(1, 0), kept(1, 1), kept(5, 4)
print("boxes kept of one: flat", flat, "with Z from 0 to 1", closed, "stack", stack)
assert flat == closed == {"crop": 0, "flip": 1, "nothing moved": 0, "scaled": 0} and set(stack.values()) == {1}
print("as stated")
PYTHON
venv/bin/python run.py
