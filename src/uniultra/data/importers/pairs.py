"""Sets that are two folders of files with the same names: images in one, masks in the other."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from uniultra.data.importers.images import objects
from uniultra.data.importers.sample import Finding, Problem, Sample, by_stem, missing_mask, pictures
from uniultra.io.texts import composed


def paired(images: Path, masks: Path, prefix: str = "", split: str = "") -> Iterator[Finding]:
    """Each image with the black and white mask of the same stem; unpaired files of either side are
    problems.
    """
    by_name = by_stem(masks)
    for image in pictures(images):
        mask = by_name.pop(composed(image.stem), None)
        if mask is None:
            yield missing_mask(image, f"{masks.name}/{image.stem}")
            continue
        yield Sample(f"{prefix}{image.stem}", image, partial(objects, paths=(mask,)), (mask,), split=split)
    for mask in by_name.values():
        yield Problem(str(mask), f"no image of this name in '{images.name}'; add it, or remove the mask")
