"""Anyone's own images: `images/` and `masks/`, or folders of other names, with files of the same names, in
folders of the same names where there are any above or below; or `X.png` beside `X_mask.png`.

Masks hold ids 1..N, or 0 and one other value. A mask in `masks/` may be called X_mask, X.mask or X.png.mask,
too.
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

MASK, RESULT, NIFTI = "_mask", ".mask", ".nii.gz"
IMAGES, MASKS = "images", "masks"
_Named = list[tuple[str, Path]]


def find(root: Path, images: str = IMAGES, masks: str = MASKS) -> Iterator[Finding]:
    """Pairs files of folders called `images` and `masks` (capital letters or not): those directly in `root`
    or, where it doesn't hold both, those at any depth below, such as a patient's own. Raises DataError.
    """
    names = (images, masks)
    top = _folders(root)
    tops = [top[name.casefold()] for name in names if name.casefold() in top]
    beside = _beside(root) if len(tops) < len(names) and names == (IMAGES, MASKS) else ([], [])
    if all(beside):
        yield from _paired(*beside)
        return
    within = tops if len(tops) == len(names) else [root]
    found = _within(within, root, names, (*IMAGE_SUFFIXES, NIFTI))
    for folder, files in zip(tops, found.values(), strict=False):
        if len(tops) == len(names) and not files:
            legal = ", ".join((*IMAGE_SUFFIXES, NIFTI))
            raise DataError(f"'{folder}' holds no picture; legal suffixes are {legal}")
    if not all(found.values()):
        raise DataError(_unlike(root, names))
    yield from _paired(found[images], found[masks])
    for _, path in _within(within, root, names, VIDEO_SUFFIXES)[images]:
        yield Problem(str(path), "a video; a mask is of one frame: save the masked frames as pictures")


def check_names(images: str, masks: str) -> None:
    """Raises DataError where they can't be the names of two folders."""
    for name in (images, masks):
        if not name or Path(name).name != name or name.startswith("."):
            raise DataError(f"'{name}' is not the name of a folder, such as {IMAGES}; give it without a path")
    if images.casefold() == masks.casefold():
        raise DataError(f"--images and --masks both name '{images}'; give two folders")


def _folders(root: Path) -> dict[str, Path]:
    """The folders directly in a folder, by name in small letters."""
    inside = sorted(root.iterdir()) if root.is_dir() else []
    return {path.name.casefold(): path for path in inside if path.is_dir() and path.name[:1] != "."}


def _unlike(root: Path, names: tuple[str, str]) -> str:
    images, masks = names
    if names != (IMAGES, MASKS):
        return (
            f"'{root}' holds no pictures in folders called {images} and {masks}; name them with --images and "
            "--masks"
        )
    held = [f"{path.name}/" for path in _folders(root).values()]
    own = f"name its folders ({', '.join(held[:4])}) with --images and --masks, " if held else ""
    return (
        f"'{root}' holds neither images/ and masks/, nor X.png beside X_mask.png; {own}arrange it so, or "
        "import nnU-Net's layout as nnunet and COCO's as coco"
    )


def _paired(images: _Named, masks: _Named) -> Iterator[Finding]:
    names = {name for name, _ in images}
    by_name: dict[str, Path] = {}
    for name, path in masks:
        its = _of(name, names)
        if its in by_name:
            yield Problem(str(path), f"a second mask of '{its}', beside {by_name[its].name}; remove one")
        elif its in names:
            by_name[its] = path
        else:
            yield Problem(str(path), "no image of this name; add it, or remove the mask")
    yield from (_sample(name, image, by_name.get(name)) for name, image in images)


def _of(mask: str, images: set[str]) -> str:
    """What a mask's image is called: as the mask, or as that without `_mask`, `.mask`, and then the suffix of
    the image, as `segment` and `batch` write them.
    """
    name = mask if mask in images else mask.removesuffix(MASK).removesuffix(RESULT)
    stem, dot, suffix = name.rpartition(".")
    return stem if name not in images and stem in images and f"{dot}{suffix}" in IMAGE_SUFFIXES else name


def _sample(name: str, image: Path, mask: Path | None) -> Finding:
    if mask is not None and all(path.name.lower().endswith(ENDINGS) for path in (image, mask)):
        return nifti_sample(name, image, mask)
    return with_mask(name, image, mask, name, labels)


def _within(
    tops: list[Path], root: Path, names: tuple[str, str], suffixes: tuple[str, ...]
) -> dict[str, _Named]:
    """By the name of the folder that they are in, the files with their ids: names without suffix, the other
    folders joined by _.
    """
    known = {name.casefold(): name for name in names}
    found: dict[str, _Named] = {name: [] for name in names}
    for path in (path for top in tops for path in _files(top, suffixes)):
        parts = path.relative_to(root).parts[:-1]
        at = next((place for place, part in enumerate(parts) if part.casefold() in known), None)
        if at is not None:
            others = (*parts[:at], *parts[at + 1 :], _stem(path))
            found[known[parts[at].casefold()]].append((composed("_".join(others)), path))
    return found


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
