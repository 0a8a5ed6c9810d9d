"""CAMUS, the heart in two and four chambers (Leclerc 2019, IEEE TMI 38(9)), in its NIfTI form.

    database_nifti/patient0001/patient0001_2CH_ED.nii.gz    .../patient0001_2CH_ED_gt.nii.gz    and ES, 4CH

Labels: 1 left ventricle, 2 myocardium, 3 left atrium. Pixels are not square in the files; both are resampled
to squares of the smaller side. Sequences are left out: their end frames are these. Layout: torch_em
`data/datasets/medical/camus.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from uniultra.data.importers.nifti import square_ids, square_pixels, square_side
from uniultra.data.importers.sample import Finding, Problem, with_mask
from uniultra.errors import DataError, FileError

VIEWS = ("2CH_ED", "2CH_ES", "4CH_ED", "4CH_ES")


def find(root: Path) -> Iterator[Finding]:
    images = sorted(path for view in VIEWS for path in root.rglob(f"patient*_{view}.nii.gz"))
    if not images:
        raise DataError(
            f"'{root}' doesn't hold patient0001_2CH_ED.nii.gz; give the folder that the set's own archive "
            "unpacks to"
        )
    for image in images:
        stem = image.name.removesuffix(".nii.gz")
        mask = image.with_name(f"{stem}_gt.nii.gz")
        spacing = square_side(image, assumed_mm=True) if mask.is_file() else None
        if isinstance(spacing, Problem):
            yield spacing
        else:
            about = {"subject": stem.split("_")[0], "pixel_mm": spacing, "pixels": square_pixels}
            yield with_mask(stem, image, mask, mask.name, _labels, **about)


def _labels(hw: tuple[int, int], path: Path) -> np.ndarray:
    ids_hw = square_ids(path)
    if ids_hw.shape != tuple(hw) or ids_hw.max() > 3:
        raise FileError(
            f"{path}: {ids_hw.shape[1]} x {ids_hw.shape[0]}, values to {ids_hw.max()}; must be as its "
            "image, 0 to 3; unpack it again"
        )
    return ids_hw
