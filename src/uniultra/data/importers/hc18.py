"""HC18, fetal head circumference (van den Heuvel 2018, Zenodo 1327317).

    training_set/000_HC.png    training_set/000_HC_Annotation.png    training_set_pixel_size_and_HC.csv

The annotation is the outline of an ellipse, filled here. `010_HC` and `010_2HC` are one fetus. The test set
has no annotations. The CSV has the columns `filename`, `pixel size(mm)`, `head circumference (mm)`. Layout:
the Zenodo record.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator
from pathlib import Path

from uniultra.data.importers.images import filled_outline
from uniultra.data.importers.sample import Finding, Problem, locate, pictures, with_mask
from uniultra.text import number_of

TABLE = "training_set_pixel_size_and_HC.csv"


def find(root: Path) -> Iterator[Finding]:
    root = locate(root, "training_set", TABLE)
    with (root / TABLE).open(encoding="utf-8-sig", newline="") as file:
        sizes = {row.get("filename") or "": row.get("pixel size(mm)") or "" for row in csv.DictReader(file)}
    files = pictures(root / "training_set")
    for image in (path for path in files if not path.stem.endswith("_Annotation")):
        mask = image.with_name(f"{image.stem}_Annotation.png")
        pixel_mm = number_of(sizes.get(image.name, ""))
        if mask.is_file() and math.isnan(pixel_mm):
            yield Problem(str(image), f"no pixel size in '{TABLE}'; add its row")
        else:
            about = {"subject": image.stem.split("_")[0], "pixel_mm": pixel_mm}
            yield with_mask(image.stem, image, mask, mask.name, filled_outline, **about)
