"""Still images in, and where to find them. The only place where image files are opened; every file is taken to be hostile.

A kind of file is one row of `KINDS`, known by its first bytes and not by its name.
"""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile

from uniultra.errors import FileError
from uniultra.io import pictures
from uniultra.io.paths import PathLike, first_bytes, one_line, shown
from uniultra.types import Frame

_HEAD_BYTES = 132


@dataclass(frozen=True)
class Kind:
    """One kind of file: known by `signatures`, its first bytes from `offset` on, or by suffix alone where `suffix_is_enough`.

    `suffixes` are lower case, with the dot. `read` makes a Frame of the path that the user gave;
    `plugin` is the Pillow class that decodes the file, or None.
    """

    name: str
    suffixes: tuple[str, ...]
    signatures: tuple[bytes, ...]
    read: Callable[[PathLike], Frame]
    plugin: pictures.Plugin | None = None
    offset: int = 0
    suffix_is_enough: bool = False

    def matches(self, head: bytes, suffix: str) -> bool:
        return head[self.offset :].startswith(self.signatures) or (self.suffix_is_enough and suffix in self.suffixes)


def read_frame(path: PathLike) -> Frame:
    """One grey frame from a PNG, JPEG, TIFF, BMP or GIF file, turned upright by its EXIF orientation.

    Colour becomes luma (ITU-R 601), transparency is composited on black. Grey of 16 or 32 bits and float is scaled so that
    the smallest value in the file becomes 0 and the largest 255; one value throughout becomes 0. Colour of 16 bits keeps its high byte.

    Raises:
        FileError: missing, unreadable, empty, damaged, renamed, too large, too small, of several frames, or of an unknown kind.
    """
    return kind_of(path).read(path)


def kind_of(path: PathLike) -> Kind:
    """The row of `KINDS` for a file, by its first bytes. Raises FileError where there is none, or no such readable file."""
    head = first_bytes(path, _HEAD_BYTES)
    suffix = Path(path).suffix.lower()
    for kind in KINDS:
        if kind.matches(head, suffix):
            return kind
    legal = ", ".join(kind.name for kind in KINDS if kind.plugin)
    if suffix in IMAGE_SUFFIXES:
        fix = f"renamed or damaged, so export it again as one of {legal}"
        raise FileError(f"{shown(path)}: named {suffix} but its contents are not {suffix}; {fix}")
    raise FileError(f"{shown(path)}: not a known kind of image; legal are {legal}; convert it to PNG")


def decode(path: PathLike, finish: Callable[[Image.Image], np.ndarray]) -> np.ndarray:
    """What `finish` makes of the loaded, upright picture (any Pillow mode). Raises FileError, also for what fails in `finish`."""
    kind = kind_of(path)
    if kind.plugin is None:
        raise FileError(f"{shown(path)}: {kind.name} is not a plain image; convert it to PNG")
    return pictures.decode(path, kind.plugin, finish)


def find_images(paths: Iterable[PathLike], recursive: bool = False) -> list[Path]:
    """The files that files, folders and glob patterns stand for, each once: in the order given, within folders and patterns naturally.

    A file named outright is taken as it is; folders and patterns yield what has a legal suffix and isn't hidden.
    `recursive` enters sub-folders, and makes ** a pattern.

    Raises:
        FileError: where one of `paths` stands for nothing, or there are none.
    """
    found = [image for path in paths for image in _expand(path, recursive)]
    if not found:
        raise FileError("no images given; name at least one image, folder or pattern")
    return list(dict.fromkeys(found))


def _picture_frame(path: PathLike) -> Frame:
    name = shown(path)
    return Frame(decode(path, partial(pictures.grey, name=name)), source=name)


def _refuse_dicom(path: PathLike) -> Frame:
    raise FileError(f"{shown(path)}: reading DICOM is not in this version yet; export the image as PNG")


def _expand(path: PathLike, recursive: bool) -> list[Path]:
    """One argument of `find_images`."""
    if os.path.isdir(path):
        files = Path(path).rglob("*") if recursive else Path(path).iterdir()
    elif os.path.exists(path):
        return [Path(path)]
    elif glob.has_magic(os.fspath(path)):
        files = (Path(match) for match in glob.iglob(os.fspath(path), recursive=recursive))
    else:
        raise FileError(f"{shown(path)}: no such file or folder; check the path")
    try:
        images = sorted((file for file in files if _is_listed(file)), key=_natural)
    except OSError as error:
        raise FileError(f"{shown(path)}: can't be listed ({one_line(error)}); make the folder readable") from error
    if not images:
        raise FileError(f"{shown(path)}: no images found; legal suffixes are {', '.join(IMAGE_SUFFIXES)}; check the path")
    return images


def _is_listed(file: Path) -> bool:
    return file.suffix.lower() in IMAGE_SUFFIXES and not file.name.startswith(".") and file.is_file()


def _natural(path: Path) -> tuple[list[str | int], str]:
    """Sorts frame2 before frame10; the split alternates text and number, so the two never meet."""
    parts = re.split(r"([0-9]+)", str(path).casefold())
    return [int(part) if i % 2 else part for i, part in enumerate(parts)], str(path)


KINDS: tuple[Kind, ...] = (
    Kind("PNG", (".png",), (b"\x89PNG\r\n\x1a\n",), _picture_frame, PngImageFile),
    Kind("JPEG", (".jpg", ".jpeg"), (b"\xff\xd8\xff",), _picture_frame, JpegImageFile),
    Kind("TIFF", (".tif", ".tiff"), (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"), _picture_frame, TiffImageFile),
    Kind("BMP", (".bmp",), (b"BM",), _picture_frame, BmpImageFile),
    Kind("GIF", (".gif",), (b"GIF87a", b"GIF89a"), _picture_frame, GifImageFile),
    Kind("DICOM", (".dcm", ".dicom"), (b"DICM",), _refuse_dicom, offset=128, suffix_is_enough=True),
)
"""What can be read: adding a kind is adding a row."""

IMAGE_SUFFIXES: tuple[str, ...] = tuple(suffix for kind in KINDS for suffix in kind.suffixes)
"""The suffixes that folders and patterns are searched for, lower case."""
