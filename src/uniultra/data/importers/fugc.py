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
from uniultra.data.importers.sample import Finding, Sample, by_stem, locate, missing_mask, pictures

PARTS = {"train": "train/labeled_data", "val": "val", "test": "test"}


def find(root: Path) -> Iterator[Finding]:
    root = locate(root, PARTS["train"])
    for split, part in PARTS.items():
        if not (root / part / "labels").is_dir():
            continue
        masks = by_stem(root / part / "labels")
        for image in pictures(root / part / "images"):
            if image.stem not in masks:
                yield missing_mask(image, f"labels/{image.stem}.png")
                continue
            mask = masks[image.stem]
            yield Sample(
                f"{split}_{image.stem}",
                image,
                partial(labels, path=mask, values=(1, 2)),
                (mask,),
                split=split,
            )
