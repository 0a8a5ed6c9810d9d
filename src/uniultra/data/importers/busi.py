"""BUSI, breast ultrasound (Al-Dhabyani 2020, Data in Brief 28:104863), as `Dataset_BUSI_with_GT.zip` unpacks.

    benign/benign (1).png    benign/benign (1)_mask.png    benign/benign (1)_mask_1.png
    malignant/...    normal/...

Layout: the article's section "Data description", and torch_em `data/datasets/medical/busi.py`. No patient is
named; one lesion a mask file.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from uniultra.data.importers.images import objects
from uniultra.data.importers.sample import Finding, Sample, locate, missing_mask, pictures

CLASSES = ("benign", "malignant", "normal")


def find(root: Path) -> Iterator[Finding]:
    root = locate(root, *CLASSES)
    for label in CLASSES:
        files = pictures(root / label)
        for image in (path for path in files if "_mask" not in path.stem):
            masks = tuple(
                path
                for path in files
                if path.stem == f"{image.stem}_mask" or path.stem.startswith(f"{image.stem}_mask_")
            )
            if not masks:
                yield missing_mask(image, f"{image.stem}_mask.png")
                continue
            name = image.stem.replace(" (", "_").replace(")", "")  # benign (1) -> benign_1
            yield Sample(name, image, partial(objects, paths=masks), masks, label=label)
