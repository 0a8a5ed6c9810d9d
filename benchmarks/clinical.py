"""How far off are the numbers that clinicians read, through the model: head circumference and ejection
fraction.

    python benchmarks/clinical.py --data manifest.csv --circumferences hc18_circumference.csv --split test

Each structure is prompted by its box, exact and with each edge moved by up to a tenth of the side (seed 0);
and, of a model that can be told, exact or moved by up to 4 % and said to be tight, and ventricles by their
name as well.
HC is the circumference of the ellipse fitted to the mask, against the published one; EF is Simpson's from one
view's ED and ES, against that of the true masks.
"""

from __future__ import annotations

import argparse
import csv
import json
import re
from collections import defaultdict
from pathlib import Path

import numpy as np

from uniultra.data.loading import read_row
from uniultra.data.manifest import Row, read_manifest
from uniultra.data.prompt_simulation import exact_box, jitter_box
from uniultra.measure.shape import measure_shape
from uniultra.measure.volume import View, ejection_fraction, simpson
from uniultra.pixel_scale import Scale
from uniultra.segmenter import Segmenter
from uniultra.types import Prompt

VENTRICLE = 1
"""Its class in CAMUS."""
NAME = "left ventricle"
DRAWN = {
    "exact box": (0.0, "", ""),
    "box ±10 %": (0.1, "", ""),
    "exact box, said to be tight": (0.0, "tight", ""),
    "box ±4 %, said to be tight": (0.04, "tight", ""),
    "exact box, named": (0.0, "", NAME),
    "box ±10 %, named": (0.1, "", NAME),
}
"""How far the edges move, what is said of the box, and what the structure is called."""
Drawn = tuple[float, str, str]
BEAT = re.compile(r"(.+_[24]CH)_(ED|ES)")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--circumferences", type=Path, required=True, help="A CSV of id and hc_mm.")
    parser.add_argument("--split", default="test")
    parser.add_argument("--model", default="uniultra-mini")
    options = parser.parse_args()
    segmenter = Segmenter.load(options.model, threads=1)
    rows = [row for row in read_manifest(options.data).rows if row.split == options.split]
    with open(options.circumferences, encoding="utf-8") as file:
        true_mm = {line["id"]: float(line["hc_mm"]) for line in csv.DictReader(file)}
    report = {"model": f"{segmenter.name} {segmenter.version}", "split": options.split}
    for kind, drawn in DRAWN.items():
        _, fit, name = drawn
        if (fit and not segmenter.facts.box_fits) or (name and name not in segmenter.facts.structures):
            continue
        heads = [] if name else [row for row in rows if row.id in true_mm]
        errors = [circumference_error(segmenter, row, drawn, true_mm[row.id]) for row in heads]
        report[kind] = {
            **({"HC, mm": spread(errors)} if errors else {}),
            "EF, points": spread(fraction_errors(segmenter, rows, drawn)),
        }
    print(json.dumps(report, indent=2))


def circumference_error(segmenter: Segmenter, row: Row, drawn: Drawn, true_mm: float) -> float:
    """Found less true, mm."""
    mask_hw = found(segmenter, row, 1, drawn)
    shape = measure_shape(mask_hw, row.spacing_mm_yx)
    return float("nan") if shape is None else shape.circumference.value - true_mm


def fraction_errors(segmenter: Segmenter, rows: list[Row], drawn: Drawn) -> list[float]:
    """Found less true of each view with both its frames, percentage points. EF is a ratio: the size of a
    pixel doesn't matter.
    """
    beats: dict[str, dict[str, Row]] = defaultdict(dict)
    for row in rows:
        part = BEAT.fullmatch(row.id)
        if part is not None:
            beats[part[1]][part[2]] = row
    errors = []
    for pair in beats.values():
        if len(pair) == 2:
            model, true = (
                fraction(*(masks(segmenter, pair[moment], drawn)[which] for moment in ("ED", "ES")))
                for which in (0, 1)
            )
            errors.append(model - true)
    return errors


def masks(segmenter: Segmenter, row: Row, drawn: Drawn) -> tuple[np.ndarray, np.ndarray]:
    """The ventricle by the model, and the true one."""
    return found(segmenter, row, VENTRICLE, drawn), read_row(row)[1] == VENTRICLE


def fraction(diastole_hw: np.ndarray, systole_hw: np.ndarray) -> float:
    one, other = (
        simpson((View(mask_hw, Scale((1.0, 1.0), "pixels")),)) for mask_hw in (diastole_hw, systole_hw)
    )
    return ejection_fraction(*sorted((one, other), key=lambda volume: -volume.volume.value)).value


def found(segmenter: Segmenter, row: Row, identity: int, drawn: Drawn) -> np.ndarray:
    """The mask of a structure, prompted by its box; the draw depends on the image alone."""
    frame, ids_hw = read_row(row)
    box, (jitter, fit, name) = exact_box(ids_hw == identity), drawn
    if jitter:
        seed = int.from_bytes(row.id.encode()[-8:], "little")
        box = jitter_box(box, jitter, np.random.default_rng(seed))
    return segmenter.segment(frame, [Prompt(box_xyxy=box, box_fit=fit, name=name)])[0].mask_hw


def spread(errors: list[float]) -> dict[str, float | int]:
    """How far off, on the mean and at worst, and to which side."""
    values = np.array([error for error in errors if np.isfinite(error)])
    return {
        "count": len(values),
        "mean_absolute_error": round(float(np.abs(values).mean()), 2),
        "p95_absolute_error": round(float(np.percentile(np.abs(values), 95)), 2),
        "bias": round(float(values.mean()), 2),
    }


if __name__ == "__main__":
    main()
