"""TN3K, thyroid nodules (Gong 2021, ISBI, arXiv 2104.08491;
github.com/haifangong/TRFE-Net-for-thyroid-nodule-segmentation).

    tn3k/trainval-image/0000.jpg    tn3k/trainval-mask/0000.jpg
    tn3k/test-image/0000.jpg    tn3k/test-mask/0000.jpg

Masks are JPEG, so a pixel is inside from grey 128 on. Layout: that repository's `dataloaders/tn3k.py`. No
patient is named.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from uniultra.data.importers.images import paired
from uniultra.data.importers.sample import Finding, locate


def find(root: Path) -> Iterator[Finding]:
    root = locate(root, "trainval-image", "trainval-mask", "test-image", "test-mask")
    for part, split in (("trainval", "train"), ("test", "test")):
        yield from paired(root / f"{part}-image", root / f"{part}-mask", f"{part}_", split)
