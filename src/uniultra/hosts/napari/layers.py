"""Cines as napari's image layers, and back. Nothing here needs napari."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from uniultra.errors import PromptError
from uniultra.io.cines import by_frames
from uniultra.pixel_scale import UNKNOWN, Calibration, same
from uniultra.types import Cine, Frame

OURS = "uniultra"
"""The key of a layer's metadata under which this plugin keeps what it knows."""
_UNEVEN = 0.01
_TO_MM = {"millimeter": 1.0, "micrometer": 0.001, "centimeter": 10.0, "meter": 1000.0}


@dataclass(frozen=True)
class LazyFrames:
    """A cine as an array (frames, H, W), uint8, of which napari takes one frame at a time."""

    cine: Cine

    @property
    def shape(self) -> tuple[int, int, int]:
        return (self.cine.count, *self.cine.frame_hw)

    @property
    def ndim(self) -> int:
        return 3

    @property
    def size(self) -> int:
        return int(np.prod(self.shape, dtype=np.int64))

    @property
    def dtype(self) -> np.dtype:
        return np.dtype(np.uint8)

    def __len__(self) -> int:
        return self.cine.count

    def __getitem__(self, index: Any) -> np.ndarray:
        first, *rest = index if isinstance(index, tuple) else (index,)
        if isinstance(first, slice):
            planes = [self.cine.read(number).pixels_hw for number in range(*first.indices(self.cine.count))]
            picked = np.stack(planes) if planes else np.zeros((0, *self.cine.frame_hw), np.uint8)
            return picked[(slice(None), *rest)]
        number = int(first)
        return self.cine.read(number + self.cine.count if number < 0 else number).pixels_hw[tuple(rest)]

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        return self[:] if dtype is None else self[:].astype(dtype)


def image_layer(cine: Cine, name: str, path: str) -> tuple[Any, dict[str, Any], str]:
    """What napari adds as a layer: data, attributes and kind. Axes have millimetres where the whole frame has
    one size of pixel, and seconds where frames are evenly timed; else pixels, and `metadata` says why.
    """
    spacing, said = spacing_of(cine.calibration)
    down, right = spacing or (1.0, 1.0)
    units: list[str] = ["millimeter" if spacing else "pixel"] * 2
    scale, axes = [down, right], ["y", "x"]
    data: Any = cine.read(0).pixels_hw
    if cine.count > 1:
        step = _even_step(cine)
        data, axes = LazyFrames(cine), ["t", *axes]
        scale, units = [step or 1.0, *scale], ["second" if step else "pixel", *units]
    about = {"path": path, "scale": said, "notes": list(cine.notes)}
    attributes = {
        "name": name,
        "scale": tuple(scale),
        "units": tuple(units),
        "axis_labels": tuple(axes),
        "contrast_limits": (0, 255),
        "metadata": {OURS: about},
    }
    return data, attributes, "image"


def spacing_of(calibration: Calibration) -> tuple[tuple[float, float] | None, str]:
    """The one size of a pixel (down, right) in mm with what says so; None with the reason."""
    known = [(region.name, region.spacing_mm_yx) for region in calibration.regions if region.spacing_mm_yx]
    known = known or [(name, spacing) for name, spacing in calibration.fallbacks[:1]]
    if not known:
        return None, "the pixel size is unknown: axes are in pixels"
    name, first = known[0]
    if first is None or not all(same(first, other) for _, other in known if other):
        return None, "regions of the frame have different pixel sizes: axes are in pixels"
    return first, name


def cine_of(data: Any, attributes: Mapping[str, Any]) -> Cine:
    """An image layer of anybody's as a cine: (H, W), (frames, H, W), or either with colour last.

    `attributes` are `name`, `rgb`, `contrast_limits`, `scale` and `units` (names) of the layer. Raises
    PromptError where it has other axes.
    """
    if isinstance(data, LazyFrames):
        return data.cine
    shape = tuple(int(side) for side in data.shape)
    planes = shape[:-1] if attributes["rgb"] else shape
    if len(planes) not in (2, 3):
        raise PromptError(
            f"the layer is {' x '.join(map(str, planes))}; legal are rows x columns, and frames before "
            "them; split it"
        )
    units = attributes["units"][-2:]
    spacing = tuple(
        float(step) * _TO_MM.get(unit, np.nan)
        for step, unit in zip(attributes["scale"][-2:], units, strict=True)
    )
    calibration = UNKNOWN
    if all(np.isfinite(spacing)) and min(spacing) > 0:
        calibration = calibration.with_fallback("the layer's scale", (spacing[0], spacing[1]))
    count, frame_hw = (planes[0] if len(planes) == 3 else 1), (planes[-2], planes[-1])
    read = partial(_read, data, len(planes) == 3, attributes, calibration)
    return by_frames(str(attributes["name"]), frame_hw, count, read, calibration)


def _read(
    data: Any, is_cine: bool, attributes: Mapping[str, Any], calibration: Calibration, number: int
) -> Frame:
    plane = np.asarray(data[number] if is_cine else data)
    is_bytes = plane.dtype == np.uint8
    if attributes["rgb"]:
        plane = plane[..., :3].astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32)
    low, high = (float(limit) for limit in attributes["contrast_limits"])
    if not is_bytes:
        plane = 255 * np.clip((plane.astype(np.float32) - low) / max(high - low, 1e-12), 0, 1)
    return Frame(np.ascontiguousarray(np.rint(plane).astype(np.uint8)), str(attributes["name"]), calibration)


def _even_step(cine: Cine) -> float | None:
    """Seconds between frames; None where they are unknown, or differ."""
    times: Sequence[float] | None = cine.times_s
    if times is None or len(times) < 2:
        return None
    steps = np.diff(times)
    step = float(steps.mean())
    return step if step > 0 and np.abs(steps - step).max() <= _UNEVEN * step else None
