"""Pillow: still images decoded under limits, in silence, with every fault a FileError; and the sizes and the
grey of every reader.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from itertools import islice
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageFile, ImageOps, ImageSequence
from PIL.TiffImagePlugin import TiffImageFile

from uniultra.array_pixels import spread
from uniultra.errors import FileError
from uniultra.io.paths import PathLike, one_line, shown
from uniultra.io.silence import muted_stderr, quiet

Plugin = type[ImageFile.ImageFile]

MIN_SIDE, MAX_SIDE, MAX_PIXELS = 8, 16384, 64_000_000
"""Legal width and height in pixels, and width times height."""

_MAX_FRAMES_COUNTED = 1000
_PHOTOMETRIC, _WHITE_IS_ZERO = 262, 0


def decode(path: PathLike, plugin: Plugin, finish: Callable[[Image.Image], np.ndarray]) -> np.ndarray:
    """What `finish` makes of the loaded, upright picture (any Pillow mode). Raises FileError, also for what
    fails in `finish`.
    """
    name = shown(path)
    with guarded(name, plugin.format or "image"), open(path, "rb") as file:
        header = plugin(file)
        check_size(header.size, name)
        if getattr(header, "is_animated", False):
            raise FileError(
                f"{name}: holds {_count_frames(header)} frames; a still image has 1; save the frame you want "
                "as PNG"
            )
        header.verify()  # checks the sums of a PNG, which decoding doesn't; Pillow then wants a new start
        return finish(_load(plugin, file))


def flatten(image: Image.Image) -> Image.Image:
    """Any picture of 8 bits or fewer as mode L or RGB, transparency composited on black."""
    if image.mode == "P" and image.palette is None:  # the second frame of a grey GIF, whose indices are greys
        return Image.frombytes("L", image.size, image.tobytes())
    if image.has_transparency_data:
        black = Image.new("RGBA", image.size, "black")
        return Image.alpha_composite(black, image.convert("RGBA")).convert("RGB")
    return image.convert("L" if image.mode in ("1", "L") else "RGB")


def is_wide(image: Image.Image) -> bool:
    """Whether a picture is grey with more than 8 bits per pixel, integer or float."""
    return image.mode in ("I", "F") or image.mode.startswith("I;16")


def finite(values: np.ndarray, name: str) -> np.ndarray:
    """`values` as they are; FileError where one is NaN or infinite."""
    bad = int(values.size - np.isfinite(values).sum())
    if bad:
        raise FileError(
            f"{name}: {bad} pixels are NaN or infinite; legal are finite numbers; replace them and save it "
            "again"
        )
    return values


def grey(image: Image.Image, name: str) -> np.ndarray:
    """Grey uint8 (H, W) by the rules of `images.read_frame`."""
    if not is_wide(image):
        return np.array(flatten(image).convert("L"))
    values = finite(np.asarray(image), name)
    return spread(values, float(values.min()), float(values.max()))


def span_of(plane_hw: np.ndarray) -> tuple[float, float]:
    """The values of a file's first frame that become black and white: 0 and 255 of bytes, else its own."""
    return (0.0, 255.0) if plane_hw.dtype == np.uint8 else (float(plane_hw.min()), float(plane_hw.max()))


def check_size(size: tuple[int, int], name: str) -> None:
    """Passes for a legal (width, height), which a header states before anything is decoded. Raises
    FileError.
    """
    width, height = size
    if max(width, height) > MAX_SIDE or width * height > MAX_PIXELS:
        raise FileError(
            f"{name}: {width} x {height} pixels; the limit is {MAX_SIDE} a side and "
            f"{MAX_PIXELS // 1_000_000} megapixels in all; crop or shrink it"
        )
    if min(width, height) < MIN_SIDE:
        raise FileError(
            f"{name}: {width} x {height} pixels; the smallest legal side is {MIN_SIDE}; give the whole image"
        )


def _count_frames(image: ImageFile.ImageFile) -> str:
    if not isinstance(image, TiffImageFile):
        return str(image.n_frames)  # type: ignore[attr-defined]
    # Pillow's own count of TIFF pages takes quadratic time, which a hostile file can make hours.
    counted = sum(1 for _ in islice(ImageSequence.Iterator(image), _MAX_FRAMES_COUNTED))
    return str(counted) if counted < _MAX_FRAMES_COUNTED else f"{counted} or more"


def _load(plugin: Plugin, file: BinaryIO) -> Image.Image:
    file.seek(0)
    image = plugin(file)
    with muted_stderr() if any(tile[0] == "libtiff" for tile in image.tile) else nullcontext():
        image.load()
    # Pillow inverts white-is-zero TIFFs up to 8 bits, but not those of 16.
    inverted = (
        image.mode.startswith("I;16") and getattr(image, "tag_v2", {}).get(_PHOTOMETRIC) == _WHITE_IS_ZERO
    )
    try:
        ImageOps.exif_transpose(image, in_place=True)
    except MemoryError:
        raise
    except Exception:  # a damaged EXIF block says nothing about the pixels
        pass
    return Image.fromarray(65535 - np.asarray(image)) if inverted else image


@contextmanager
def guarded(name: str, kind: str) -> Iterator[None]:
    """Pillow without its warnings and log lines, and with every error as a FileError."""
    with quiet("PIL"):
        try:
            yield
        except FileError:
            raise
        except Exception as error:  # a broken file makes Pillow raise almost anything
            raise FileError(
                f"{name}: the {kind} data is damaged, truncated or in an unsupported format "
                f"({one_line(error)}); export it again"
            ) from error
