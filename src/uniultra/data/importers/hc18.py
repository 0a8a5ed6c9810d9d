"""HC18, fetal head circumference (van den Heuvel 2018, Zenodo 1327317).

    training_set/000_HC.png    training_set/000_HC_Annotation.png    training_set_pixel_size_and_HC.csv

The annotation is the outline of an ellipse, filled here. `010_HC` and `010_2HC` are one fetus. The test set
has no annotations. The CSV has the columns `filename`, `pixel size(mm)`, `head circumference (mm)`. Layout:
the Zenodo record.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from uniultra.data.importers.images import filled_outline
from uniultra.data.importers.sample import Finding, Problem, Sample, locate, missing_mask, pictures

TABLE = "training_set_pixel_size_and_HC.csv"


def find(root: Path) -> Iterator[Finding]:
    root = locate(root, "training_set", TABLE)
    with (root / TABLE).open(encoding="utf-8-sig", newline="") as file:
        sizes = {row.get("filename") or "": row.get("pixel size(mm)") or "" for row in csv.DictReader(file)}
    for image in pictures(root / "training_set"):
        if image.stem.endswith("_Annotation"):
            continue
        mask = image.with_name(f"{image.stem}_Annotation.png")
        if not mask.is_file():
            yield missing_mask(image, mask.name)
            continue
        try:
            pixel_mm = float(sizes[image.name])
        except (KeyError, ValueError):
            yield Problem(str(image), f"no pixel size in '{TABLE}'; add its row")
            continue
        subject = image.stem.split("_")[0]
        yield Sample(
            image.stem, image, partial(filled_outline, path=mask), (mask,), subject=subject, pixel_mm=pixel_mm
        )
