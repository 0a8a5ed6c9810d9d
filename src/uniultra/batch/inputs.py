"""Which files an archive holds: a folder with all below it, one file, a pattern, or an fsspec URL of
these.
"""

from __future__ import annotations

import glob
import os
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from uniultra.batch.storage import is_url, open_place
from uniultra.errors import FileError, OutputError
from uniultra.io.dicomweb import instances, is_web
from uniultra.io.images import DICOMDIR, LISTED_ENDINGS, find_images
from uniultra.io.paths import one_line, shown
from uniultra.io.texts import composed

MASK_ENDINGS = (".mask.png", ".png")
"""How a previous mask's name ends; `uniultra batch` and `uniultra segment` write the first."""


def find_inputs(place: str) -> dict[str, str]:
    """Each image's name, relative to the archive and with `/`, to its path or URL; in natural order where
    local.

    Raises:
        FileError: nothing there, no images, or it can't be listed.
    """
    if is_web(place):
        return instances(place)
    return _remote(place) if is_url(place) else _local(place)


def check_apart(place: str, out: str) -> None:
    """Raises OutputError where results would land among the inputs, and become inputs of the next call."""
    if is_web(place):
        return
    fs, path = open_place(place)
    other, target = open_place(out)
    if type(fs) is not type(other):
        return
    if not (is_url(place) or is_url(out)):
        path, target = os.path.realpath(path), os.path.realpath(target)
    if glob.has_magic(path):
        if "**" not in path:
            return
        path = _root_of(path)
    elif fs.isfile(path):
        return
    path = path.rstrip("/")
    if target.rstrip("/") == path or target.startswith(f"{path}/"):
        raise OutputError(
            f"{shown(out)}: lies in {shown(place)}, so its masks would be taken for images; give a folder "
            "outside of it"
        )


def find_previous_masks(folder: str, names: Sequence[str]) -> Mapping[str, str]:
    """Each image's name to the path of its previous mask: under the same relative name with .mask.png after
    it, or .png for its suffix.

    Raises:
        FileError: the folder can't be listed, or holds no image's mask.
    """
    fs, root = open_place(folder)
    root = root.rstrip("/")
    held = {composed(name): name for name in (_below(root, path) for path in _listed(fs, root, folder))}
    found = {}
    for name in names:
        stem = str(PurePosixPath(name).with_suffix(""))
        requested = dict.fromkeys(
            [f"{name}.mask.png", *(stem + ending for ending in MASK_ENDINGS), f"{name}.png"]
        )
        match = next((held[composed(mask)] for mask in requested if composed(mask) in held), None)
        if match is not None:
            found[name] = _whole(folder, fs, f"{root}/{match}")
    if not found:
        example = f"{PurePosixPath(names[0]).with_suffix('')}.png"
        raise FileError(
            f"{shown(folder)}: holds no mask of any of {len(names)} images; a mask has its image's relative "
            f"name, as {example}"
        )
    return found


def _local(place: str) -> dict[str, str]:
    files = find_images([place], recursive=True)
    if os.path.isdir(place):
        root = place
    elif os.path.exists(place):
        root = os.path.dirname(place)
    else:
        root = _root_of(place)
    base = os.path.abspath(root or ".")
    return {Path(os.path.relpath(file, base)).as_posix(): os.path.abspath(file) for file in files}


def _root_of(pattern: str) -> str:
    """The part of a path before its first folder with a wildcard."""
    parts = pattern.split("/")
    plain = next(i for i, part in enumerate(parts) if glob.has_magic(part))
    return "/".join(parts[:plain]) or ("/" if pattern.startswith("/") else ".")


def _remote(place: str) -> dict[str, str]:
    fs, path = open_place(place)
    try:
        if glob.has_magic(path):
            root, found = _root_of(path), [str(each) for each in fs.glob(path) if not fs.isdir(each)]
        elif fs.isfile(path):
            return {path.rpartition("/")[2]: place}
        else:
            root, found = path, _listed(fs, path, place)
    except FileError:
        raise
    except Exception as error:
        raise FileError(
            f"{shown(place)}: can't be listed ({one_line(error)}); check the URL and your credentials"
        ) from error
    root = root.rstrip("/")
    named = {_below(root, each): each for each in sorted(found)}
    images = {name: _whole(place, fs, path) for name, path in named.items() if _is_image(fs, name, path)}
    if not images:
        raise FileError(
            f"{shown(place)}: no images found; legal suffixes are {', '.join(LISTED_ENDINGS)}; check the URL"
        )
    return images


def _whole(place: str, fs: Any, path: str) -> str:
    """The path or URL by which a file of an archive at `place` is opened, anywhere; chained URLs, as
    zip://::all.zip, keep their rest.
    """
    if not is_url(place):
        return path
    head, chained, rest = place.partition("::")
    if not chained:
        return str(fs.unstrip_protocol(path))
    outer = rest if is_url(rest) else os.path.abspath(rest)
    return f"{head.partition('://')[0]}://{path.lstrip('/')}::{outer}"


def _below(root: str, path: str) -> str:
    """A path relative to a folder; that of an archive such as zip:// has no name."""
    return path[len(root) :].lstrip("/")


def _listed(fs: Any, root: str, place: str) -> list[str]:
    """Every file below a folder. Raises FileError."""
    try:
        if not fs.isdir(root):
            raise FileError(f"{shown(place)}: no such file or folder; check the path")
        return [str(path) for path in fs.find(root)]
    except OSError as error:
        raise FileError(f"{shown(place)}: can't be listed ({one_line(error)}); make it readable") from error


def _is_image(fs: Any, name: str, path: str) -> bool:
    """By its suffix; or DICOM by its mark, where a name has no suffix or the end of a UID. Hidden files and
    folders are none.
    """
    if any(part.startswith(".") for part in name.split("/")) or name.endswith(DICOMDIR):
        return False
    if name.lower().endswith(LISTED_ENDINGS):
        return True
    suffix = PurePosixPath(name).suffix
    return (
        not suffix.lstrip(".").strip("0123456789") and bytes(fs.cat_file(path, start=128, end=132)) == b"DICM"
    )
