"""Anyone's own images: `images/` and `masks/` with files of the same names, in folders of the same names
where there are any below, or `X.png` beside `X_mask.png`.

Masks hold ids 1..N, or 0 and one other value. A mask in `masks/` may be called X_mask, too.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from uniultra.data.importers.images import labels
from uniultra.data.importers.nifti import ENDINGS, nifti_sample
from uniultra.data.importers.sample import Finding, Problem, pictures, with_mask
from uniultra.errors import DataError
from uniultra.io.images import IMAGE_SUFFIXES, VIDEO_SUFFIXES
from uniultra.io.texts import composed

MASK, NIFTI = "_mask", ".nii.gz"
_Named = list[tuple[str, Path]]


def find(root: Path) -> Iterator[Finding]:
    split = (root / "images").is_dir() and (root / "masks").is_dir()
    images, masks = (_below(root / "images"), _below(root / "masks")) if split else _beside(root)
    for folder, found in (("images", images), ("masks", masks)) if split else ():
        if not found:
            legal = ", ".join((*IMAGE_SUFFIXES, NIFTI))
            raise DataError(f"'{root / folder}' holds no picture; legal suffixes are {legal}")
    if not images or not masks:
        raise DataError(
            f"'{root}' holds neither images/ and masks/, nor X.png beside X_mask.png; arrange it so, "
            "or import nnU-Net's layout as nnunet and COCO's as coco"
        )
    yield from _paired(images, masks)
    if split:
        for path in _files(root / "images", VIDEO_SUFFIXES):
            yield Problem(str(path), "a video; a mask is of one frame: save the masked frames as pictures")


def _paired(images: _Named, masks: _Named) -> Iterator[Finding]:
    names = {name for name, _ in images}
    by_name: dict[str, Path] = {}
    for name, path in masks:
        its = name if name in names else name.removesuffix(MASK)
        if its in by_name:
            yield Problem(str(path), f"a second mask of '{its}', beside {by_name[its].name}; remove one")
        elif its in names:
            by_name[its] = path
        else:
            yield Problem(str(path), "no image of this name; add it, or remove the mask")
    yield from (_sample(name, image, by_name.get(name)) for name, image in images)


def _sample(name: str, image: Path, mask: Path | None) -> Finding:
    if mask is not None and all(path.name.lower().endswith(ENDINGS) for path in (image, mask)):
        return nifti_sample(name, image, mask)
    return with_mask(name, image, mask, name, labels)


def _below(folder: Path) -> _Named:
    """The images in a folder and below, with their ids: names without suffix, folders joined by _."""
    return [
        (composed("_".join((*path.relative_to(folder).parts[:-1], _stem(path)))), path)
        for path in _files(folder, (*IMAGE_SUFFIXES, NIFTI))
    ]


def _stem(path: Path) -> str:
    return path.name[: -len(NIFTI)] if path.name.lower().endswith(NIFTI) else path.stem


def _files(folder: Path, suffixes: tuple[str, ...]) -> list[Path]:
    return sorted(
        path
        for path in folder.rglob("*")
        if path.name.lower().endswith(suffixes)
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    )


def _beside(root: Path) -> tuple[_Named, _Named]:
    named = [(composed(path.stem), path) for path in (pictures(root) if root.is_dir() else [])]
    masks = [(name.removesuffix(MASK), path) for name, path in named if name.endswith(MASK)]
    return [one for one in named if not one[0].endswith(MASK)], masks
