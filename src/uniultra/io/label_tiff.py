"""Masks of many frames: as bits in memory, and as one TIFF of id images, a page per frame, on disk."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from itertools import islice
from pathlib import Path

import numpy as np
from PIL import Image, ImageSequence
from PIL.TiffImagePlugin import AppendingTiffWriter, TiffImageFile

from uniultra.errors import FileError
from uniultra.io.paths import PathLike, first_bytes, shown
from uniultra.io.pillow_reader import check_size, guarded
from uniultra.io.silence import muted_stderr

MAX_PAGES = 10_000
_DESCRIPTION = 270
"""ImageDescription (TIFF 6.0): "frame 7" names the frame of the source that a page belongs to."""


class PackedMasks(Mapping[int, np.ndarray]):
    """Bool masks (H, W) by frame number, held at one bit per pixel."""

    def __init__(self, frame_hw: tuple[int, int]) -> None:
        self._frame_hw = frame_hw
        self._bits: dict[int, np.ndarray] = {}

    def add(self, number: int, mask_hw: np.ndarray) -> None:
        assert mask_hw.dtype == np.bool_ and mask_hw.shape == self._frame_hw, (
            f"{mask_hw.dtype} {mask_hw.shape} among {self._frame_hw}"
        )
        self._bits[number] = np.packbits(mask_hw)

    def __getitem__(self, number: int) -> np.ndarray:
        height, width = self._frame_hw
        return np.unpackbits(self._bits[number], count=height * width).reshape(height, width).astype(np.bool_)

    def __iter__(self) -> Iterator[int]:
        return iter(self._bits)

    def __len__(self) -> int:
        return len(self._bits)


class LabelFile(AbstractContextManager["LabelFile"]):
    """A TIFF of id images, uint8 (H, W), written page by page, deflated; for use within `output.staged`."""

    def __init__(self, path: Path) -> None:
        self._writer = AppendingTiffWriter(str(path), new=True)

    def add(self, number: int, ids_hw: np.ndarray) -> None:
        assert ids_hw.dtype == np.uint8 and ids_hw.ndim == 2, f"no ids: {ids_hw.dtype} {ids_hw.shape}"
        tags = {_DESCRIPTION: f"frame {number}"}
        Image.fromarray(ids_hw).save(
            self._writer, format="TIFF", compression="tiff_adobe_deflate", tiffinfo=tags
        )
        self._writer.newFrame()

    def __exit__(self, *_: object) -> None:
        self._writer.close()


def holds_pages(path: PathLike) -> bool:
    """Whether a TIFF has several pages, or one that names its frame, as `LabelFile` writes it. Raises
    FileError.
    """
    name = shown(path)
    first_bytes(path, 1)
    with guarded(name, "TIFF"), open(path, "rb") as file:
        image = TiffImageFile(file)
        return bool(getattr(image, "is_animated", False)) or _named(image) is not None


def read_label_pages(path: PathLike) -> Iterator[tuple[int, np.ndarray]]:
    """The pages of a TIFF of ids: the frame that each belongs to (its place where the page doesn't say), and
    uint8 (H, W).

    Raises:
        FileError: damaged, a page that isn't 8-bit grey, or of another size than the first.
    """
    name = shown(path)
    first_bytes(path, 1)
    with guarded(name, "TIFF"), open(path, "rb") as file:
        image = TiffImageFile(file)
        size = image.size
        for page, _ in enumerate(islice(ImageSequence.Iterator(image), MAX_PAGES)):
            check_size(image.size, name)
            if image.size != size or image.mode not in ("L", "1"):
                raise FileError(
                    f"{name}: page {page} is {image.mode} of {image.size[0]} x {image.size[1]} pixels; "
                    "legal are 8-bit grey pages of one size; export it again"
                )
            with muted_stderr():
                ids = np.array(image).astype(np.uint8)
            said = _named(image)
            yield page if said is None else said, ids


def _named(image: TiffImageFile) -> int | None:
    """The frame that a page says it belongs to."""
    said = re.fullmatch(r"frame (\d{1,7})", str(image.tag_v2.get(_DESCRIPTION, "")))
    return int(said[1]) if said else None
