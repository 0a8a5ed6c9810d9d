"""nnU-Net's raw data set (nnU-Net v2, documentation/dataset_format.md), of 2D images in one file each.

    dataset.json    imagesTr/p01_0000.png    labelsTr/p01.png    and imagesTs/, labelsTs/ where there are any

Labels are 0..N, one object an id, called as dataset.json calls it. `.nii.gz` is read where it holds one
slice; its pixels are resampled to squares of the smaller side. Images of imagesTs are `test` where the set's
own splits are kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

from uniultra.data.importers.images import labels
from uniultra.data.importers.nifti import nifti_sample
from uniultra.data.importers.sample import Finding, Problem, Sample, locate, missing_mask
from uniultra.data.structure_names import Names, legal_names
from uniultra.errors import DataError
from uniultra.io.images import IMAGE_SUFFIXES
from uniultra.io.texts import read_json

CHANNEL = "_0000"
NIFTI = ".nii.gz"


def find(root: Path) -> Iterator[Finding]:
    """The training cases, then the test cases that have labels."""
    base = locate(root, "dataset.json", "imagesTr", "labelsTr")
    ending, names = _facts(base / "dataset.json")
    if not any((base / "imagesTr").glob(f"*{CHANNEL}{ending}")):
        raise DataError(
            f"'{base / 'imagesTr'}' holds no image named CASE{CHANNEL}{ending}, as dataset.json says; rename "
            "the files or correct file_ending"
        )
    yield from _cases(base, "Tr", ending, names)
    if (base / "labelsTs").is_dir():
        yield from _cases(base, "Ts", ending, names, "test")


def _facts(path: Path) -> tuple[str, Names]:
    """How the files end, and what the ids are called; regions, which are several ids, have no id."""
    try:
        facts = read_json(path)
        ending, named = str(facts["file_ending"]), dict(facts["labels"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"'{path}' is not nnU-Net's dataset.json ({type(error).__name__}: {error}); it needs labels and "
            "file_ending"
        ) from error
    if ending.lower() not in (*IMAGE_SUFFIXES, NIFTI):
        raise DataError(
            f"'{path}': file_ending '{ending}' can't be read; legal are "
            f"{', '.join((*IMAGE_SUFFIXES, NIFTI))}; convert the files"
        )
    if "ignore" in named:
        raise DataError(
            f"'{path}': label {named['ignore']} is 'ignore', and a manifest has no such pixels; remove the "
            "label, or the images that use it"
        )
    return ending, legal_names((value, name) for name, value in named.items())


def _cases(base: Path, part: str, ending: str, names: Names, split: str = "") -> Iterator[Finding]:
    masks = {path.name: path for path in sorted((base / f"labels{part}").glob(f"*{ending}"))}
    for image in sorted((base / f"images{part}").glob(f"*{CHANNEL}{ending}")):
        name = image.name.removesuffix(f"{CHANNEL}{ending}")
        mask = masks.pop(f"{name}{ending}", None)
        if image.with_name(f"{name}_0001{ending}").exists():
            yield Problem(str(image), "one of several channels; an image is one file, grey or RGB")
        elif mask is None:
            yield missing_mask(image, f"{name}{ending}")
        else:
            yield _sample(name, image, mask, split, names)
    for mask in masks.values():
        yield Problem(str(mask), f"no image '{mask.name.removesuffix(ending)}{CHANNEL}{ending}'; add it")


def _sample(name: str, image: Path, mask: Path, split: str, names: Names) -> Finding:
    if not image.name.endswith(NIFTI):
        return Sample(name, image, partial(labels, path=mask), (mask,), split=split, names=names)
    found = nifti_sample(name, image, mask, split)
    return replace(found, names=names) if isinstance(found, Sample) else found
