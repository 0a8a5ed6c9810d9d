"""Images in, and where to find them. The only place where image files are opened; every file is taken to be
hostile.

A kind of file is one row of `KINDS`, known by its first bytes and not by its name.
"""

from __future__ import annotations

import glob
import os
import re
import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from pkgutil import resolve_name

import numpy as np
from PIL import Image
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile

from uniultra.errors import FileError
from uniultra.io import pillow_reader as pictures
from uniultra.io.own_results import ALONE, is_result
from uniultra.io.paths import MAX_CINE_BYTES, PathLike, check_file, first_bytes, one_line, shown
from uniultra.types import Cine, Frame

_HEAD_BYTES = 352
DICOMDIR = "DICOMDIR"
_FIRST_TAGS = (
    *(0x00020000 + element for element in (0x00, 0x01, 0x02, 0x03, 0x10)),
    *(0x00080000 + element for element in (0x00, 0x01, 0x05, 0x06, 0x08, 0x12, 0x13, 0x14, 0x16, 0x18, 0x20)),
)
_BARE_DICOM = tuple(struct.pack("<HH", tag >> 16, tag & 0xFFFF) for tag in _FIRST_TAGS)
"""The first tag of a DICOM file without preamble, little endian: the first that the file doesn't lack."""
_VIDEO_BRANDS = (b"ftyp", b"moov", b"mdat", b"wide", b"free")
"""The first box of an MP4 or MOV."""


@dataclass(frozen=True)
class Kind:
    """One kind of file: known by `signatures`, its first bytes from `offset` on, or by suffix alone where
    `suffix_is_enough`.

    `suffixes` are lower case, with the dot. `open` makes a Cine of the path that the user gave, where the
    kind may hold several frames; `plugin` is the Pillow class that decodes one picture, or None. Only
    `listed` suffixes are looked for in folders.
    """

    name: str
    suffixes: tuple[str, ...]
    signatures: tuple[bytes, ...]
    plugin: pictures.Plugin | None = None
    open: Callable[[PathLike], Cine] | None = None
    offset: int = 0
    suffix_is_enough: bool = False
    listed: bool = True

    def matches(self, head: bytes, suffix: str) -> bool:
        return head[self.offset :].startswith(self.signatures) or (
            self.suffix_is_enough and suffix in self.suffixes
        )


def read_frame(path: PathLike, number: int | None = None) -> Frame:
    """One grey frame from a PNG, JPEG, TIFF, BMP or GIF file, turned upright by its EXIF orientation; or from
    DICOM, video or NIfTI.

    `number`, from 0, picks a frame of a file that holds several. Colour becomes luma (ITU-R 601); in still
    images transparency is composited on black, and grey of 16 or 32 bits and float is scaled so that the
    smallest value in the file becomes 0 and the largest 255; one value throughout becomes 0. Colour of 16
    bits keeps its high byte.

    Raises:
        FileError: missing, unreadable, empty, damaged, renamed, too large, too small, of an unknown kind, or
            of several frames while `number` is None or not one of them.
    """
    return read_as(kind_of(path), path, number)


def read_as(kind: Kind, path: PathLike, number: int | None = None) -> Frame:
    """The same of a file whose kind is known. Raises FileError as `read_frame` does."""
    if kind.open and (number is not None or kind.plugin is None or kind.open(path).count > 1):
        return chosen_frame(kind.open(path), number)
    if number:
        raise FileError(
            f"{shown(path)}: there is no frame {number}; a {kind.name} image has frame 0 alone; leave the "
            "number out"
        )
    name = shown(path)
    return Frame(decode_as(kind, path, partial(pictures.grey, name=name)), source=name)


def chosen_frame(cine: Cine, number: int | None) -> Frame:
    """Frame `number` of what is open; None for its only one. Raises FileError where it isn't there, or there
    are several.
    """
    if number is None and cine.count > 1:
        raise FileError(
            f"{cine.source}: holds {cine.count} frames; name one from 0 to {cine.count - 1}: --frame N, in "
            "Python read_frame(path, N)"
        )
    return cine.read(number or 0)


def kind_of(path: PathLike) -> Kind:
    """The row of `KINDS` for a file, by its first bytes. Raises FileError where there is none, or no such
    readable file.
    """
    head = first_bytes(path, _HEAD_BYTES, MAX_CINE_BYTES)
    suffix = Path(path).suffix.lower()
    for kind in KINDS:
        if kind.matches(head, suffix):
            if not kind.open:
                check_file(path)  # read whole: the smaller limit
            return kind
    check_file(path)
    legal = ", ".join(dict.fromkeys(kind.name for kind in KINDS))
    if suffix in IMAGE_SUFFIXES:
        raise FileError(
            f"{shown(path)}: named {suffix} but its contents are not {suffix}; renamed or damaged, so "
            f"export it again as one of {legal}"
        )
    raise FileError(f"{shown(path)}: not a known kind of image; legal are {legal}; convert it to PNG")


def decode(path: PathLike, finish: Callable[[Image.Image], np.ndarray]) -> np.ndarray:
    """What `finish` makes of the loaded, upright picture (any Pillow mode). Raises FileError, also for what
    fails in `finish`.
    """
    return decode_as(kind_of(path), path, finish)


def decode_as(kind: Kind, path: PathLike, finish: Callable[[Image.Image], np.ndarray]) -> np.ndarray:
    """The same of a file whose kind is known. Raises FileError as `decode` does."""
    if kind.plugin is None:
        raise FileError(f"{shown(path)}: {kind.name} is not a plain image; convert it to PNG")
    return pictures.decode(path, kind.plugin, finish)


def find_images(paths: Iterable[PathLike], recursive: bool = False, results: bool = False) -> list[Path]:
    """The images and videos that files, folders and glob patterns stand for, each once: in the order given,
    within folders and patterns naturally.

    A file named outright is taken as it is; folders and patterns yield what has a legal suffix, isn't
    hidden, and isn't an earlier result, unless `results` are requested, too. `recursive` enters sub-folders,
    and makes ** a pattern.

    Raises:
        FileError: where one of `paths` stands for nothing or for earlier results alone, or there are none.
    """
    found = [image for path in paths for image in _expand(path, recursive, results)]
    if not found:
        raise FileError("no images given; name at least one image, folder or pattern")
    return list(dict.fromkeys(found))


def _expand(path: PathLike, recursive: bool, results: bool) -> list[Path]:
    """One argument of `find_images`."""
    if os.path.basename(path) == DICOMDIR and os.path.isfile(path):
        from uniultra.io.dicom.directory import listed_files

        return listed_files(path)
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
        raise FileError(
            f"{shown(path)}: can't be listed ({one_line(error)}); make the folder readable"
        ) from error
    if not images:
        raise FileError(
            f"{shown(path)}: no images found; legal suffixes are {', '.join(LISTED_ENDINGS)}; check the path"
        )
    chosen = [image for image in images if results or not is_result(image)]
    if not chosen:
        raise FileError(f"{shown(path)}: {ALONE}")
    return chosen


def _is_listed(file: Path) -> bool:
    """An ordinary, visible file with a legal suffix; or DICOM, whose files often have none, or the end of a
    UID.
    """
    if file.name.startswith(".") or not file.is_file() or file.name == DICOMDIR:
        return False
    if file.name.lower().endswith(LISTED_ENDINGS):
        return True
    from uniultra.io.dicom.directory import looks_like_dicom

    return not file.suffix.lstrip(".").strip("0123456789") and looks_like_dicom(file)


def _natural(path: Path) -> tuple[list[str | int], str]:
    """Sorts frame2 before frame10; the split alternates text and number, so the two never meet."""
    parts = re.split(r"([0-9]+)", str(path).casefold())
    return [int(part) if i % 2 else part for i, part in enumerate(parts)], str(path)


def _opener(place: str, *more: str) -> Callable[[PathLike], Cine]:
    """What `place` (module:function, below `uniultra.io`) makes of a path and `more`; imported when it is
    called first, as many readers take long to import.
    """
    return lambda path: resolve_name(f"uniultra.io.{place}")(path, *more)


_VIDEOS = ("MP4", "AVI", "MKV", "MPEG")
KINDS: tuple[Kind, ...] = (
    # First: the 128 bytes before the mark may be those of a TIFF file, and often are.
    Kind("DICOM", (), (b"DICM",), None, _opener("dicom.cine:open_dicom"), 128),
    Kind("PNG", (".png",), (b"\x89PNG\r\n\x1a\n",), PngImageFile),
    Kind("JPEG", (".jpg", ".jpeg"), (b"\xff\xd8\xff",), JpegImageFile),
    Kind("TIFF", (".tif", ".tiff"), (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"), TiffImageFile),
    Kind("BMP", (".bmp",), (b"BM",), BmpImageFile),
    Kind("GIF", (".gif",), (b"GIF87a", b"GIF89a"), GifImageFile, _opener("video:open_gif")),
    Kind(
        "DICOM",
        (".dcm", ".dicom"),
        _BARE_DICOM,
        None,
        _opener("dicom.cine:open_dicom"),
        suffix_is_enough=True,
    ),
    Kind("MP4", (".mp4", ".mov", ".m4v"), _VIDEO_BRANDS, None, _opener("video:open_video", "mov"), 4),
    Kind("AVI", (".avi",), (b"AVI ",), None, _opener("video:open_video", "avi"), 8),
    Kind("MKV", (".mkv", ".webm"), (b"\x1aE\xdf\xa3",), None, _opener("video:open_video", "matroska")),
    Kind("MPEG", (".mpg", ".mpeg", ".vob"), (b"\0\0\x01\xba",), None, _opener("video:open_video", "mpeg")),
    Kind("NIfTI", (".nii",), (b"n+1\0", b"n+2\0"), None, _opener("nifti:open_nifti"), 344),
    Kind(
        "MetaImage",
        (".mha", ".mhd"),
        (b"ObjectType", b"NDims", b"Comment ="),
        None,
        _opener("metaimage:open_metaimage"),
    ),
    Kind("NRRD", (".nrrd", ".nhdr"), (b"NRRD000",), None, _opener("nrrd:open_nrrd")),
    Kind("HDF5", (".hdf5", ".h5", ".uff"), (b"\x89HDF\r\n\x1a\n",), None, _opener("hdf5.cine:open_hdf5")),
    Kind("NIfTI", (".gz",), (), None, _opener("nifti:open_nifti"), suffix_is_enough=True, listed=False),
)
"""What can be read: adding a kind is adding a row."""

VIDEO_SUFFIXES: tuple[str, ...] = tuple(
    suffix for kind in KINDS if kind.name in _VIDEOS for suffix in kind.suffixes
)
IMAGE_SUFFIXES: tuple[str, ...] = tuple(
    suffix for kind in KINDS if kind.listed for suffix in kind.suffixes if suffix not in VIDEO_SUFFIXES
)
"""Of files that aren't videos, lower case."""
LISTED_ENDINGS = (*IMAGE_SUFFIXES, *VIDEO_SUFFIXES, ".nii.gz")
"""What folders and patterns are searched for: both, and the usual form of NIfTI (other files end with .gz,
too).
"""
