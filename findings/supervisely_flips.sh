#!/usr/bin/env bash
# supervisely 6.74.51 (SDK of the labelling platform): a flipped polygon or box lies a pixel beside its flipped picture, and a bitmap of a halved picture up to a pixel off.
#
# Expected: sly.aug's fliplr, flipud and resize change picture and annotation alike: Dice 1.00 of what is drawn from the annotation with what is in the picture.
# What happens: points are mirrored at the number of columns or rows, where the last pixel is one less. Turned upside down, a wall of three rows as a polygon or box has Dice 0.67 with itself, a lesion
# of 11 pixels 0.90; flipped twice it is where it was, so nothing shows. Bitmaps are flipped right, but resized as crops of their own whose corner and size are rounded: of a picture of half the size
# a wall in rows 71 to 73 is in rows 36 and 37 instead of 35 and 36, Dice 0.50; one in rows 70 to 72 is right. No message.
# Why it matters: flips are the first augmentation of every recipe, and resizing comes before each network: plaques, walls and aponeuroses are then learned beside where they are.
# Seen on 29 November 2026 with supervisely 6.74.51 (which imports scikit-image without asking for it), scikit-image 0.26.0, opencv-python-headless 4.13.0.92, numpy 2.4.6, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
get=(python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages")
"${get[@]}" supervisely==6.74.51 numpy==2.4.6 scikit-image==0.26.0
rm -rf "$folder/packages"/cv2 "$folder/packages"/opencv*
"${get[@]}" --no-deps opencv-python-headless==4.13.0.92
cd "$folder"
cat >run.py <<'PYTHON'
import importlib.metadata

import numpy as np
import supervisely as sly

ROWS, COLUMNS = 240, 320
y, x = np.mgrid[:ROWS, :COLUMNS]
kinds = {kind: sly.ObjClass(kind, shape) for kind, shape in {"bitmap": sly.Bitmap, "polygon": sly.Polygon, "box": sly.Rectangle}.items()}
changes = {
    "left for right": sly.aug.fliplr, "upside down": sly.aug.flipud,
    "half the size": lambda image, marks: sly.aug.resize(image, marks, (ROWS // 2, COLUMNS // 2)),
}


def rows_of(mask):
    return [int(row) for row in np.flatnonzero(mask.any(1))[[0, -1]]]


def compared(mask, change):
    """Dice of the drawn annotation with what is in the picture, and the first and last row of each, by kind of annotation."""
    image, found = np.repeat(mask[..., None] * np.uint8(255), 3, axis=2), {}
    for kind, shapes in {"bitmap": [sly.Bitmap(mask)], "polygon": sly.Bitmap(mask).to_contours(), "box": [sly.Bitmap(mask).to_bbox()]}.items():
        after, marks = change(image, sly.Annotation((ROWS, COLUMNS), [sly.Label(shape, kinds[kind]) for shape in shapes]))
        drawn, true = np.zeros(after.shape[:2], np.uint8), after[..., 0] > 127
        for label in marks.labels:
            label.geometry.draw(drawn, 1)
        found[kind] = round(float(2 * (true & (drawn > 0)).sum() / (true.sum() + (drawn > 0).sum())), 2), rows_of(drawn), rows_of(true)
    return found


shapes = {
    "wall in rows 71 to 73": (y >= 71) & (y < 74) & (x >= 40) & (x < 200), "wall in rows 70 to 72": (y >= 70) & (y < 73) & (x >= 40) & (x < 200),
    "lesion of 11 pixels": (y - 101) ** 2 + (x - 151) ** 2 < 36,
}
print("supervisely", importlib.metadata.version("supervisely"), "- Dice of annotation and picture, rows of both")
seen = {name: {change: compared(mask, apply) for change, apply in changes.items()} for name, mask in shapes.items()}
for name, by_change in seen.items():
    for change, by_kind in by_change.items():
        print(f"{name}, {change}: {by_kind}")
for name in shapes:
    assert seen[name]["left for right"]["bitmap"][0] == seen[name]["upside down"]["bitmap"][0] == 1
first, second, lesion = seen.values()
assert first["upside down"]["polygon"] == first["upside down"]["box"] == (0.67, [167, 169], [166, 168])
assert lesion["upside down"]["polygon"][0] == lesion["left for right"]["polygon"][0] == 0.9
assert first["half the size"]["bitmap"] == (0.5, [36, 37], [35, 36]) and second["half the size"]["bitmap"][0] == 1
print("as stated")
PYTHON
PYTHONPATH=$folder/packages python3 -s run.py
