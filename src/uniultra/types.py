"""The glossary: what the package passes around, with axes, units and ranges.

Coordinates are floats in source pixels: x to the right, y down, 0 at the CENTRE of the first pixel, so a
frame `width` pixels wide spans -0.5 .. width - 0.5. Names carry order and unit: `box_xyxy`, `points_xy`,
`spacing_mm_yx`. Arrays are named by their axes (`_hw`: height, width) and are not written to after
construction.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from uniultra.arguments import (
    check_box,
    check_points,
    check_previous,
    described,
    is_size,
    numbers,
    prompt_sequences,
)
from uniultra.array_pixels import grey_pixels
from uniultra.box_fit import check_fit
from uniultra.errors import FileError, PromptError
from uniultra.pixel_scale import NO_SCALE, UNKNOWN, Calibration, Scale
from uniultra.structures import legal_name

POSITIVE, NEGATIVE = 1, 0
"""Point labels, as SAM defines them: 1 is inside the structure, 0 outside."""


@dataclass(frozen=True)
class Frame:
    """One grey ultrasound image.

    Attributes:
        pixels_hw: uint8, shape (height, width), 0 black to 255 white.
        source: where it came from, for messages; never patient data.
        calibration: the size of a pixel, by region where the file has several.

    Raises FileError for pixels of another type or shape.
    """

    pixels_hw: np.ndarray
    source: str = ""
    calibration: Calibration = UNKNOWN

    def __post_init__(self) -> None:
        pixels = self.pixels_hw
        if isinstance(pixels, np.ndarray) and pixels.ndim == 2 and pixels.dtype == np.uint8 and pixels.size:
            return
        raise FileError(
            f"the pixels are {described(pixels)}; a frame takes a uint8 array (height, width) of at least "
            "1 x 1, 0 black to 255 white; Frame.from_array takes colour and other types, too"
        )

    @classmethod
    def from_array(
        cls,
        pixels: np.ndarray,
        spacing_mm_yx: tuple[float, float] | None = None,
        source: str = "",
        black: float | None = None,
        white: float | None = None,
    ) -> Frame:
        """A frame from your own pixels, with one pixel size (down, right) where it is known.

        Args:
            pixels: uint8, grey (height, width) or RGB (height, width, 3); other numbers of these shapes with
                `black` and `white`, as in black=0, white=1 for floats from 0 to 1.
            spacing_mm_yx: millimetres per pixel.
            source: where it came from, for messages.
            black, white: the values that become 0 and 255; what lies beyond is cut.

        Raises FileError for other pixels, and for a size that isn't two finite numbers above 0.
        """
        if spacing_mm_yx is not None and not is_size(spacing_mm_yx):
            raise FileError(
                f"spacing_mm_yx is {spacing_mm_yx!r:.60}; it must be two finite numbers above 0, "
                "millimetres per pixel (down, right), as in (0.2, 0.2), or None"
            )
        return cls(grey_pixels(pixels, black, white), source, Calibration.uniform(spacing_mm_yx))

    @property
    def height(self) -> int:
        return int(self.pixels_hw.shape[0])

    @property
    def width(self) -> int:
        return int(self.pixels_hw.shape[1])

    @property
    def spacing_mm_yx(self) -> tuple[float, float] | None:
        """Millimetres per pixel (down, right) of the whole frame; None where that is unknown or differs by
        region.
        """
        return self.calibration.whole_mm_yx


@dataclass(frozen=True)
class Cine:
    """A sequence of frames of one size, read on request: it holds no pixels.

    Attributes:
        source: where it came from, for messages; never patient data.
        frame_hw: (height, width) of every frame.
        count: how many frames the file promises; a damaged or carelessly written video may hold fewer.
        read: index, from 0, to that Frame; raises FileError.
        stream: all frames in order, each forgotten once it is handed over.
        times_s: seconds from the first frame, one per frame; None where the file doesn't say.
        calibration: that of every frame.
        notes: what was odd about the file, a sentence each.
        in_order: whether reading a frame on its own costs reading those before it, as in a video.
    """

    source: str
    frame_hw: tuple[int, int]
    count: int
    read: Callable[[int], Frame] = field(repr=False)
    stream: Callable[[], Iterator[Frame]] = field(repr=False)
    times_s: tuple[float, ...] | None = field(default=None, repr=False)
    calibration: Calibration = UNKNOWN
    notes: tuple[str, ...] = ()
    in_order: bool = False

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[Frame]:
        return self.stream()

    @property
    def rate_hz(self) -> float | None:
        """Mean frames per second; None for a single frame or unknown times."""
        return self.rate_of(range(self.count))

    def rate_of(self, numbers: Sequence[int]) -> float | None:
        """Mean frames per second of some frames in ascending order; None as for `rate_hz`."""
        if self.times_s is None or len(numbers) < 2:
            return None
        seconds = self.times_s[numbers[-1]] - self.times_s[numbers[0]]
        return (len(numbers) - 1) / seconds if seconds > 0 else None


@dataclass(frozen=True)
class Region:
    """The rectangle of a frame that an embedding covers, by its outer EDGES in source coordinates.

    The whole of a frame is (-0.5, -0.5, width - 0.5, height - 0.5). It may reach beyond the frame; what lies
    there is black. Raises PromptError where it is empty.
    """

    x0: float
    y0: float
    x1: float
    y1: float

    def __post_init__(self) -> None:
        edges = (self.x0, self.y0, self.x1, self.y1)
        if not (all(math.isfinite(v) for v in edges) and self.x1 > self.x0 and self.y1 > self.y0):
            raise PromptError(
                f"region {numbers(edges)} is empty; give finite x0, y0, x1, y1 with x0 < x1 and y0 < y1"
            )

    @property
    def width(self) -> float:
        return self.x1 - self.x0

    @property
    def height(self) -> float:
        return self.y1 - self.y0


@dataclass(frozen=True)
class Prompt:
    """What points at ONE structure: any mix of a box, points, and a previous mask.

    Attributes:
        box_xyxy: (x0, y0, x1, y1) in source pixels, x0 < x1 and y0 < y1; or None.
        points_xy: ((x, y), ...) in source pixels.
        point_labels: one of POSITIVE (1) or NEGATIVE (0) a point; left out, all points are positive.
        mask_hw: a previous mask of the frame's own size, bool; or None.
        name: what the structure is called, as `structures.legal_name` gives it; "" for nothing.
        box_fit: "tight", the box touches the structure on all sides; "loose", it leaves room; "" for unsaid.

    Raises:
        PromptError: on an empty prompt, a number that is not finite, an inverted or empty box, a label that
            is not 0 or 1, a mask that isn't a bool array (height, width), a name that no result can carry.
    """

    box_xyxy: tuple[float, float, float, float] | None = None
    points_xy: tuple[tuple[float, float], ...] = ()
    point_labels: tuple[int, ...] = ()
    mask_hw: np.ndarray | None = field(default=None, repr=False, compare=False)
    name: str = ""
    box_fit: str = ""

    def __post_init__(self) -> None:
        taken = prompt_sequences(self.box_xyxy, self.points_xy, self.point_labels)
        for name, value in zip(("box_xyxy", "points_xy", "point_labels"), taken, strict=True):
            object.__setattr__(self, name, value)
        check_fit(self.box_fit, self.box_xyxy is not None)
        check_box(self.box_xyxy)
        check_points(self.points_xy, self.point_labels)
        check_previous(self.mask_hw)
        if self.name != "":
            object.__setattr__(self, "name", legal_name(self.name))
        has_mask = self.mask_hw is not None and bool(self.mask_hw.any())
        if self.box_xyxy is None and not has_mask and POSITIVE not in self.point_labels:
            raise PromptError(
                "the prompt points at nothing: give a box, a positive point, or a previous mask"
            )


@dataclass(frozen=True)
class Features:
    """What an encoder yields for a batch of B model inputs of side S, float32; names as in SAM 2's ONNX
    files.

    Attributes:
        image_embed: (B, D, S/16, S/16), where D is the decoder's width: 256 in SAM 2, 128 in uniultra-mini.
        high_res_feats_0: (B, D/8, S/4, S/4).
        high_res_feats_1: (B, D/4, S/8, S/8).
    """

    image_embed: np.ndarray
    high_res_feats_0: np.ndarray
    high_res_feats_1: np.ndarray


@dataclass(frozen=True)
class Embedding:
    """One encoded region of one frame. Holds no state: it serves any number of prompts, threads and users.

    Attributes:
        features: the encoder's output for this region, batch of one.
        region: what it covers, in source coordinates.
        frame_hw: the frame's (height, width).
        calibration: the frame's, from which each mask gets its scale.
        featureless: whether all pixels of the region are of one grey, so that there is nothing to find.
    """

    features: Features
    region: Region
    frame_hw: tuple[int, int]
    calibration: Calibration = UNKNOWN
    featureless: bool = False


@dataclass(frozen=True)
class Mask:
    """The answer for one prompt, at the frame's own resolution.

    Attributes:
        mask_hw: bool (height, width).
        logits_hw: float32 (height, width); mask_hw is logits_hw > 0.
        quality: predicted IoU with the truth, 0 to 1.
        scale: the size of a pixel where the mask lies, or the reason why it is unknown.
        notes: why it isn't to be trusted, a sentence each.
        first_quality: of clicks that were followed in several passes, the first one's quality; else None.
    """

    mask_hw: np.ndarray = field(repr=False)
    logits_hw: np.ndarray = field(repr=False)
    quality: float
    scale: Scale = NO_SCALE
    notes: tuple[str, ...] = ()
    first_quality: float | None = None

    @property
    def probability_hw(self) -> np.ndarray:
        """How likely each pixel is the structure's, float32 (height, width) from 0 to 1; above 0.5 it is in
        `mask_hw`. docs/models.md says how far these numbers are right.
        """
        return np.asarray(1.0 / (1.0 + np.exp(-np.clip(self.logits_hw, -30.0, 30.0))), np.float32)

    @property
    def spacing_mm_yx(self) -> tuple[float, float] | None:
        """Millimetres per pixel (down, right), or None where `scale.reason` says why not."""
        return self.scale.spacing_mm_yx

    @property
    def box_xyxy(self) -> tuple[float, float, float, float] | None:
        """The tight box by outer pixel edges, x0,y0,x1,y1; None where the mask is empty."""
        return mask_box(self.mask_hw)


def mask_box(mask_hw: np.ndarray) -> tuple[float, float, float, float] | None:
    """The tight box of a mask by its outermost pixels' EDGES (a single pixel has side 1); None if empty."""
    rows = np.flatnonzero(mask_hw.any(axis=1))
    if rows.size == 0:
        return None
    columns = np.flatnonzero(mask_hw.any(axis=0))
    return (float(columns[0]) - 0.5, float(rows[0]) - 0.5, float(columns[-1]) + 0.5, float(rows[-1]) + 0.5)
