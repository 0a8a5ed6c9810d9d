"""Anyone's own images: `images/` and `masks/` with files of the same names, or `X.png` beside `X_mask.png`.

Masks hold ids 1..N, or 0 and 255.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from uniultra.data.importers.images import labels
from uniultra.data.importers.sample import Finding, Problem, Sample, by_stem, missing_mask, pictures
from uniultra.errors import DataError
from uniultra.io.texts import composed


def find(root: Path) -> Iterator[Finding]:
    split = (root / "images").is_dir() and (root / "masks").is_dir()
    images, masks = (by_stem(root / "images"), by_stem(root / "masks")) if split else _beside(root)
    if not images or not masks:
        raise DataError(
            f"'{root}' holds neither images/ and masks/, nor X.png beside X_mask.png; arrange it so, "
            "or import nnU-Net's layout as nnunet and COCO's as coco"
        )
    yield from (_both(image, masks.get(stem), stem) for stem, image in images.items())
    for stem in sorted(masks.keys() - images.keys()):
        yield Problem(str(masks[stem]), "no image of this name; add it, or remove the mask")


def _both(image: Path, mask: Path | None, stem: str) -> Finding:
    return (
        missing_mask(image, stem)
        if mask is None
        else Sample(stem, image, partial(labels, path=mask), (mask,))
    )


def _beside(root: Path) -> tuple[dict[str, Path], dict[str, Path]]:
    files = pictures(root) if root.is_dir() else []
    images = {composed(path.stem): path for path in files if not path.stem.endswith("_mask")}
    return images, {
        composed(path.stem.removesuffix("_mask")): path for path in files if path.stem.endswith("_mask")
    }
