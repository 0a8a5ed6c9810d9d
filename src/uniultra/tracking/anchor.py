"""Registration to the frame that was prompted: where that frame still explains what is seen, its mask is
carried over directly.

Motion from frame to frame adds up its errors; registered to one frame, they don't. Where tissue has changed
too much, as out of the plane or after seconds of another view, the likeness says so, and the model is asked
instead. Structures prompted together that lie close are registered together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import cv2
import numpy as np

from uniultra.geometry import ModelMap
from uniultra.tracking.motion import crop_flow, region_after, steps_at
from uniultra.tracking.state import GRID, MaskGrid, cells_at, positions
from uniultra.tracking.tissue import Tissue
from uniultra.types import Frame, Region

SIDE = 128
"""Pixels a side of the crops that are registered."""
EXPLAINED = 0.95
"""Correlation from which the prompted frame explains what is seen; chosen on val (docs/tracking.md)."""
PARTLY = 0.9
"""Correlation from which its mask may replace one of the model of quite another size (`answers.instead`)."""
DIRECT = 0.9
"""Correlation from which its mask, carried by motion from there straight to this frame, replaces the model's
(`answers.directly`); chosen on val (docs/tracking.md).
"""
_NEAR = 9
"""Pixels of a crop that count around a mask, across."""


@dataclass(frozen=True)
class Registration:
    """A crop of the prompted frame, and the way from the last frame back to there.

    Attributes:
        region, patch_hw: the crop of that frame, uint8 (SIDE, SIDE).
        at: the same crop, moved along with what it shows, on the last frame.
        back: for each pixel of that, the step to its place on the prompted frame, source pixels, float32
            (SIDE, SIDE, 2).
        view_hw: the prompted frame, as `motion.view_of` has it; one object for all that was prompted there.
    """

    region: Region
    patch_hw: np.ndarray = field(repr=False)
    at: Region
    back: np.ndarray = field(repr=False)
    view_hw: np.ndarray = field(repr=False)


@dataclass(frozen=True)
class Anchor:
    """A structure as it was where it was prompted.

    Attributes:
        grid: the mask on the prompted frame.
        quality: of that mask.
        registration: to that frame; one object for all structures that are registered together.
        likeness: how well the prompted frame explains the last one, -1 to 1.
        tissue: what the encoder makes of it there; None where it was given none.
    """

    grid: MaskGrid
    quality: float
    registration: Registration
    likeness: float = 1.0
    tissue: Tissue | None = None


def registered(frame: Frame, region: Region, view_hw: np.ndarray) -> Registration:
    """A crop's registration to its own frame, of which `view_hw` is the view."""
    back = np.zeros((SIDE, SIDE, 2), np.float32)
    return Registration(region, _crop(frame, region), region, back, view_hw)


def followed(anchors: Sequence[Anchor], frame: Frame, flow: np.ndarray | None, at: Region) -> list[Anchor]:
    """Anchors of one registration brought to the next frame.

    Args:
        flow: from `flow_between`; None where nothing moved.
        at: where their crop is expected (`moved_along`).
    """
    old = anchors[0].registration
    across, down = positions(at, SIDE)
    size = frame.height, frame.width
    dx, dy = (np.zeros_like(across),) * 2 if flow is None else steps_at(flow, size, across, down)
    back = _sampled(old.back, old.at, across + dx, down + dy)
    back[..., 0] += dx
    back[..., 1] += dy
    seen = _crop(frame, at)
    shown = _expected(old, across, down, back)
    rest = crop_flow(seen, shown)
    rest *= np.array([at.width / SIDE, at.height / SIDE], np.float32)
    better = rest + _sampled(back, at, across + rest[..., 0], down + rest[..., 1])
    views = ((shown, back), (_expected(old, across, down, better), better))
    near = [_near(one, across, down, better) for one in anchors]
    every = near[0] if len(near) == 1 else np.logical_or.reduce(near)
    best = max(views, key=lambda view: _correlation(view[0], seen, every))
    now = replace(old, at=at, back=best[1])
    return [
        replace(one, registration=now, likeness=_correlation(best[0], seen, where))
        for one, where in zip(anchors, near, strict=True)
    ]


def at_once(anchor: Anchor, frame: Frame, flow: np.ndarray) -> Anchor:
    """A structure's own anchor on a frame by motion from the prompted frame straight to this one.

    Nothing adds up, and nothing is refined on the crop, where motion finds speckle alike that isn't the same:
    the likeness says how far the prompted frame explains what is seen.

    Args:
        flow: from `flow_between`, of this frame's view and `registration.view_hw`.
    """
    size, old = (frame.height, frame.width), anchor.registration
    at = moved_along(old.region, [anchor.grid.region], [region_after(anchor.grid, flow, size)])
    across, down = positions(at, SIDE)
    back = np.stack(steps_at(flow, size, across, down), axis=-1)
    where = _near(anchor, across, down, back)
    likeness = _correlation(_expected(old, across, down, back), _crop(frame, at), where)
    return replace(anchor, registration=replace(old, at=at, back=back), likeness=likeness)


def mask_at(anchor: Anchor, region: Region) -> MaskGrid:
    """The prompted frame's mask as it lies on the last frame, over a region of that."""
    across, down = positions(region, GRID)
    back = _sampled(anchor.registration.back, anchor.registration.at, across, down)
    return MaskGrid(region, anchor.grid.at(across + back[..., 0], down + back[..., 1]))


def moved_along(region: Region, before: Sequence[Region], now: Sequence[Region]) -> Region:
    """A region moved by the median of what the middles of others move by."""
    steps = [
        ((b.x0 + b.x1 - a.x0 - a.x1) / 2, (b.y0 + b.y1 - a.y0 - a.y1) / 2)
        for a, b in zip(before, now, strict=True)
    ]
    dx, dy = (float(step) for step in np.median(steps, axis=0))
    return Region(region.x0 + dx, region.y0 + dy, region.x1 + dx, region.y1 + dy)


def _crop(frame: Frame, region: Region) -> np.ndarray:
    """What a region shows, uint8 (SIDE, SIDE); only the pixels near it are touched."""
    x0, x1 = (int(min(max(edge, 0), frame.width)) for edge in (region.x0 - 8, region.x1 + 9))
    y0, y1 = (int(min(max(edge, 0), frame.height)) for edge in (region.y0 - 8, region.y1 + 9))
    if x1 <= x0 or y1 <= y0:
        return np.zeros((SIDE, SIDE), np.uint8)
    within = Region(region.x0 - x0, region.y0 - y0, region.x1 - x0, region.y1 - y0)
    return ModelMap(within, SIDE).sample(frame.pixels_hw[y0:y1, x0:x1])


def _sampled(values: np.ndarray, region: Region, across: np.ndarray, down: np.ndarray) -> np.ndarray:
    """Values (SIDE, SIDE, ...) over a region at source positions; the nearest ones beyond its edges."""
    cells = cells_at(region, SIDE, across, down)
    found = cv2.remap(values, *cells, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(found)


def _expected(old: Registration, across: np.ndarray, down: np.ndarray, back: np.ndarray) -> np.ndarray:
    """The prompted frame's crop as it should look now."""
    return _sampled(old.patch_hw, old.region, across + back[..., 0], down + back[..., 1])


def _near(anchor: Anchor, across: np.ndarray, down: np.ndarray, back: np.ndarray) -> np.ndarray:
    """The mask and what is near it, bool (SIDE, SIDE)."""
    inside = anchor.grid.at(across + back[..., 0], down + back[..., 1]) > 0
    return np.asarray(cv2.dilate(inside.astype(np.uint8), np.ones((_NEAR, _NEAR), np.uint8)) > 0)


def _correlation(a_hw: np.ndarray, b_hw: np.ndarray, where: np.ndarray) -> float:
    """Of the pixels of a mask; 0 where there are few, or one side is flat."""
    if np.count_nonzero(where) < 20:
        return 0.0
    a, b = a_hw[where].astype(np.float64), b_hw[where].astype(np.float64)
    a, b = a - a.mean(), b - b.mean()
    size = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return float((a * b).sum()) / size if size > 1e-9 else 0.0
