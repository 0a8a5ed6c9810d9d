"""FUGC, the cervix in transvaginal ultrasound (ISBI 2025; Zenodo 14305302).

    dataset/train/labeled_data/images/0001.png    .../labels/0001.png
    dataset/val/images, labels    dataset/test/images, labels

Labels: 1 and 2, two structures of the cervix. Unlabelled images are left out. Layout:
github.com/baijieyun/ISBI-2025-FUGC-Source-Code and readers of the set in public code. No patient is named.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from uniultra.data.importers.images import labels
from uniultra.data.importers.sample import Finding, by_stem, locate, pictures, with_mask

PARTS = {"train": "train/labeled_data", "val": "val", "test": "test"}


def find(root: Path) -> Iterator[Finding]:
    root = locate(root, PARTS["train"])
    read = partial(labels, values=(1, 2))
    for split, part in PARTS.items():
        if not (root / part / "labels").is_dir():
            continue
        masks = by_stem(root / part / "labels")
        for image in pictures(root / part / "images"):
            mask, expected = masks.get(image.stem), f"labels/{image.stem}.png"
            yield with_mask(f"{split}_{image.stem}", image, mask, expected, read, split=split)
