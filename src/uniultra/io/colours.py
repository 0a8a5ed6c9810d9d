"""The colours of an image, for a person to look at: colour Doppler, strain maps. Models see grey (`images`).

Only what is coloured has them: a frame whose channels are alike is grey, whatever its file calls it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from uniultra.io.images import decode_as
from uniultra.io.input_file import InputFile
from uniultra.io.pillow_reader import flatten, is_wide
from uniultra.parallel import cached_property

if TYPE_CHECKING:
    from uniultra.io.dicom.pixels import Image as DicomImage

LEAST_APART, LEAST_SHARE = 40, 0.0005
"""A pixel is coloured where its channels are so far apart; an image where so many of its pixels are: lossy
coding tints grey a little.
"""


class Colours:
    """The coloured frames of one open file."""

    def __init__(self, file: InputFile) -> None:
        self.file = file

    @property
    def in_order(self) -> bool:
        """Whether there is a `stream`, and a frame on its own costs those before it: videos, GIF cines."""
        kind, cine = self.file.known, self.file.cine
        return cine.in_order and kind is not None and (kind.plugin is None or cine.count > 1)

    @property
    def possible(self) -> bool:
        """Whether the file may hold colour, as far as is known without decoding."""
        if self.file.is_dicom:
            return self._dicom.samples == 3 or self._palette is not None
        kind = self.file.known
        return self.in_order or (kind is not None and kind.plugin is not None and self.file.cine.count == 1)

    def read(self, number: int) -> np.ndarray | None:
        """Frame `number`, uint8 RGB (H, W, 3), of a DICOM or still image; None where it is grey. Raises
        FileError.
        """
        if not self.possible or self.in_order:
            return None
        if self.file.is_dicom:
            return coloured(self._of_dicom(number))
        assert self.file.known is not None
        rgb = decode_as(self.file.known, self.file.path, _rgb)
        return coloured(rgb) if rgb.size else None

    def stream(self) -> Iterator[np.ndarray]:
        """The frames of a video or GIF: RGB, or uint8 (H, W) of one that is grey. Raises FileError."""
        from uniultra.io.paths import LentFile
        from uniultra.io.video import gif_pictures, video_colours

        if self.file.known is None or self.file.known.plugin is None:
            return video_colours(self.file.path, self.file.cine.frame_hw)
        return map(_or_grey, gif_pictures(LentFile(self.file.path), self.file.cine.count))

    @cached_property
    def _dicom(self) -> DicomImage:
        from uniultra.io.dicom.pixels import open_image

        return open_image(self.file.header)

    @cached_property
    def _palette(self) -> np.ndarray | None:
        from uniultra.io.dicom.colour import palette_of

        return palette_of(self._dicom)

    def _of_dicom(self, number: int) -> np.ndarray:
        from uniultra.io.dicom.colour import read_rgb

        return read_rgb(self._dicom, number, self._palette)


def coloured(rgb_hwc: np.ndarray) -> np.ndarray | None:
    """The picture, uint8 RGB (H, W, 3), where it has colour; None for grey."""
    part = rgb_hwc[::2, ::2].astype(np.int16)
    apart = part.max(axis=2) - part.min(axis=2)
    return rgb_hwc if np.count_nonzero(apart > LEAST_APART) > LEAST_SHARE * apart.size else None


def _or_grey(picture: Image.Image) -> np.ndarray:
    rgb = coloured(np.array(picture.convert("RGB")))
    return np.array(picture.convert("L")) if rgb is None else rgb


def _rgb(image: Image.Image) -> np.ndarray:
    """RGB as `images.read_frame` has its grey: transparency on black; empty for grey of many bits."""
    if is_wide(image):
        return np.empty((0, 0, 3), np.uint8)
    return np.array(flatten(image).convert("RGB"))
