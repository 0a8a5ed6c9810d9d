"""BUS-BRA, breast lesions (Gómez-Flores 2024, Medical Physics 51; Zenodo 8231412).

    BUSBRA/Images/bus_0001-l.png    BUSBRA/Masks/mask_0001-l.png
    BUSBRA/bus_data.csv (ID, Case, Pathology, ...)

`Case` is the patient. Layout: the Zenodo record, and github.com/wgomezf/BUS-BRA.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from uniultra.data.importers.images import objects
from uniultra.data.importers.sample import Finding, Problem, Sample, by_stem, locate, missing_mask, pictures

TABLE = "bus_data.csv"


def find(root: Path) -> Iterator[Finding]:
    root = locate(root, "Images", "Masks", TABLE)
    with (root / TABLE).open(encoding="utf-8-sig", newline="") as file:
        cases = {row.get("ID") or "": row for row in csv.DictReader(file)}
    masks = by_stem(root / "Masks")
    for image in pictures(root / "Images"):
        name = f"mask_{image.stem.removeprefix('bus_')}"
        row = cases.get(image.stem)
        if name not in masks:
            yield missing_mask(image, f"Masks/{name}.png")
        elif row is None or not row.get("Case"):
            yield Problem(str(image), f"no Case in '{TABLE}', so its patient is unknown; add its row")
        else:
            yield Sample(
                image.stem,
                image,
                partial(objects, paths=(masks[name],)),
                (masks[name],),
                subject=row["Case"],
                label=row.get("Pathology") or "",
            )
