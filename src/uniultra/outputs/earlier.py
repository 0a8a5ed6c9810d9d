"""Earlier results among inputs: ignored where a folder or a pattern brings them, taken where they are
named.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from uniultra.errors import FileError
from uniultra.io.images import find_images
from uniultra.io.paths import shown
from uniultra.outputs.saved import saved_report

ENDINGS = (
    ".mask.png",
    ".overlay.png",
    ".grid.png",
    ".masks.tif",
    ".overlay.mp4",
    ".track.plot.png",
    ".seg.dcm",
    ".sr.dcm",
    ".sc.dcm",
    ".seg.nrrd",
)
_NIFTI = ".nii.gz"
_MASKS = (".mask.png", ".masks.tif")
_ALONE = "holds results of uniultra alone; give the folder of the images, or name a result to segment it"


def images_of(places: Sequence[str]) -> list[Path]:
    """The images that files, folders and patterns stand for, each once; without earlier results where they
    aren't named.

    Raises:
        FileError: a place that stands for nothing, or for earlier results alone.
    """
    found: list[Path] = []
    for place in places or [""]:
        files = find_images([place] if places else [])
        images = [file for file in files if str(file) == place or not is_result(file)]
        if not images:
            raise FileError(f"{shown(place)}: {_ALONE}")
        found += images
    return list(dict.fromkeys(found))


def archive_images(inputs: Mapping[str, str], place: str) -> dict[str, str]:
    """The names and paths of an archive without earlier results. Raises FileError where nothing else is
    there.
    """
    names = inputs.keys()
    images = {name: path for name, path in inputs.items() if not _is_archived_result(name, path, names)}
    if not images:
        raise FileError(f"{shown(place)}: {_ALONE}")
    return images


def is_result(file: Path) -> bool:
    """Whether a file was written by `segment` or `batch`: by its name, and NIfTI by what lies beside it."""
    if not file.name.endswith(_NIFTI):
        return file.name.endswith(ENDINGS)
    stem = file.name.removesuffix(_NIFTI)
    image = _image_of(file.with_name(f"{stem}.json"))
    if image is not None:
        return image != file.name
    return any(file.with_name(stem + ending).is_file() for ending in _MASKS)


def _is_archived_result(name: str, path: str, names: Iterable[str]) -> bool:
    if "://" not in path:
        return is_result(Path(path))
    if not name.endswith(_NIFTI):
        return name.endswith(ENDINGS)
    return any(name.removesuffix(_NIFTI) + ending in names for ending in _MASKS)


def _image_of(report: Path) -> str | None:
    """The name of the image that a JSON of ours is about; None for any other file, or none."""
    said = saved_report(report)
    return str(said["image"]) if str(said.get("schema")).startswith("uniultra.") and "image" in said else None
