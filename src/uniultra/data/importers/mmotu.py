"""MMOTU, ovarian tumours (Zhao 2022, arXiv 2207.06799): the 2D part.

    OTU_2d/images/1.JPG    OTU_2d/annotations/1.PNG    OTU_2d/annotations/1_binary.PNG
    OTU_2d/train_cls.txt    OTU_2d/val_cls.txt

Layout: github.com/cv516Buaa/MMOTU_DS2Net, `configs`, and its readers. The lists name `1.JPG  4`, classes from
0. No patient is named.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from uniultra.data.importers.images import coloured
from uniultra.data.importers.sample import Finding, by_stem, locate, pictures, with_mask

CLASSES = (
    "chocolate_cyst", "serous_cystadenoma", "teratoma", "theca_cell_tumor",
    "simple_cyst", "normal_ovary", "mucinous_cystadenoma", "high_grade_serous",
)  # fmt: skip
LISTS = {"train_cls.txt": "train", "val_cls.txt": "test"}
"""The published second list is what papers report on, hence `test`."""


def find(root: Path) -> Iterator[Finding]:
    root = locate(root, "images", "annotations")
    masks = by_stem(root / "annotations")
    known = _lists(root)
    for image in pictures(root / "images"):
        mask = masks.get(f"{image.stem}_binary") or masks.get(image.stem)
        name, expected = f"otu_{image.stem}", f"{image.stem}.PNG"
        label, split = known.get(image.name, ("", ""))
        yield with_mask(name, image, mask, expected, coloured, label=label, split=split)


def _lists(root: Path) -> dict[str, tuple[str, str]]:
    """File name -> class and published split."""
    known = {}
    for name, split in LISTS.items():
        lines = (root / name).read_text(encoding="utf-8").splitlines() if (root / name).is_file() else []
        for words in (line.split() for line in lines):
            if len(words) == 2 and words[1].isdigit() and int(words[1]) < len(CLASSES):
                known[words[0]] = (CLASSES[int(words[1])], split)
    return known
