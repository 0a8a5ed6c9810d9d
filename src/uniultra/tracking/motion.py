"""How tissue moved from one frame to the next: dense inverse search (Kroeger et al., ECCV 2016), and masks
carried along by it.

The preset's own finest scale is two octaves above the pixels and drifts 2.9 px in 50 frames that move 0.25 px
each; at scale 0 it doesn't.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

import cv2
import numpy as np

from uniultra.geometry import clip_box
from uniultra.tracking.confidence import shown_around
from uniultra.tracking.state import MaskGrid, in_full, positions
from uniultra.types import Frame, Region

VIEW_SIDE = 128
"""Longer side of the pictures that motion is estimated on."""
CUT = 0.9
"""Correlation of the views of two frames in a row, below which the picture was cut; chosen on val."""
_LOCAL = threading.local()


@dataclass(frozen=True)
class Motion:
    """What two frames say without any structure.

    Attributes:
        view_hw: the later one's `view_of`.
        before_hw: that of the one before; None where there is none of this size.
        flow: `flow_between` them, None where nothing moved.
    """

    view_hw: np.ndarray = field(repr=False)
    before_hw: np.ndarray | None = field(default=None, repr=False)
    flow: np.ndarray | None = field(default=None, repr=False)


def motion_to(frame: Frame, before_hw: np.ndarray | None) -> Motion:
    """Motion to a frame from the one before, of which `before_hw` is the view."""
    view = view_of(frame)
    if before_hw is None or before_hw.shape != view.shape:
        return Motion(view)
    return Motion(view, before_hw, None if np.array_equal(view, before_hw) else flow_between(view, before_hw))


def was_cut(motion: Motion) -> bool:
    """Whether the picture is another than on the frame before, or was moved far at once."""
    if motion.before_hw is None or motion.flow is None:
        return False
    now, before = (view.astype(np.float32) - view.mean() for view in (motion.view_hw, motion.before_hw))
    size = float(np.sqrt((now * now).sum() * (before * before).sum()))
    return float((now * before).sum()) < CUT * size if size > 1e-9 else True


def view_of(frame: Frame) -> np.ndarray:
    """The frame, uint8, with its longer side at most VIEW_SIDE."""
    scale = VIEW_SIDE / max(frame.height, frame.width)
    if scale >= 1.0:
        return frame.pixels_hw
    size = max(round(frame.width * scale), 1), max(round(frame.height * scale), 1)
    return np.asarray(cv2.resize(frame.pixels_hw, size, interpolation=cv2.INTER_AREA))


def flow_between(view_hw: np.ndarray, before_hw: np.ndarray) -> np.ndarray:
    """For each pixel of a view where it came from in the one before: the step to there, float32 (h, w, 2), x
    and y in its pixels.

    A view too small for the method, below 16 pixels a side, doesn't move.
    """
    if min(view_hw.shape) < 16:
        return np.zeros((*view_hw.shape, 2), np.float32)
    empty = np.zeros((*view_hw.shape, 2), np.float32)
    return np.asarray(_method().calc(view_hw, before_hw, empty))


def crop_flow(view_hw: np.ndarray, before_hw: np.ndarray) -> np.ndarray:
    """As `flow_between`, of two crops of one size, at least 16 pixels a side."""
    return np.asarray(_method().calc(view_hw, before_hw, np.zeros((*view_hw.shape, 2), np.float32)))


def _method() -> cv2.DISOpticalFlow:
    """One a thread: it keeps its buffers."""
    if not hasattr(_LOCAL, "method"):
        _LOCAL.method = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
        _LOCAL.method.setFinestScale(0)
        _LOCAL.method.setVariationalRefinementIterations(0)
    method: cv2.DISOpticalFlow = _LOCAL.method
    return method


def carried(grid: MaskGrid, flow: np.ndarray, frame_hw: tuple[int, int]) -> MaskGrid:
    """A mask of the frame before, carried to this one by the flow from `flow_between`; its region moves
    along.
    """
    inside = grid.inside_hw
    if not inside.any():
        return grid
    region = region_after(grid, flow, frame_hw)
    across, down = positions(region)
    step_x, step_y = steps_at(flow, frame_hw, across, down)
    return MaskGrid(region, grid.at(across + step_x, down + step_y))


def region_after(grid: MaskGrid, flow: np.ndarray, frame_hw: tuple[int, int]) -> Region:
    """A mask's region after such a flow: moved by the median of the steps inside the mask."""
    step_x, step_y = steps_at(flow, frame_hw, *grid.positions())
    inside, old = grid.inside_hw, grid.region
    if not inside.any():
        return old
    dx, dy = -float(np.median(step_x[inside])), -float(np.median(step_y[inside]))
    return Region(old.x0 + dx, old.y0 + dy, old.x1 + dx, old.y1 + dy)


def moved_to_match(
    grid: MaskGrid, seen_hw: np.ndarray, view_hw: np.ndarray, frame_hw: tuple[int, int]
) -> MaskGrid:
    """A mask moved, without a change of size, to where a view is most like its appearance, by normalised
    cross-correlation.
    """
    box = grid.box_xyxy
    if box is None:
        return grid
    shown = shown_around(clip_box(box, frame_hw))
    sx, sy = view_hw.shape[1] / frame_hw[1], view_hw.shape[0] / frame_hw[0]
    width, height = max(round(shown.width * sx), 1), max(round(shown.height * sy), 1)
    if not (4 <= width <= view_hw.shape[1] and 4 <= height <= view_hw.shape[0]):
        return grid
    pattern = cv2.resize(seen_hw, (width, height), interpolation=cv2.INTER_LINEAR)
    likeness = cv2.matchTemplate(view_hw, pattern, cv2.TM_CCOEFF_NORMED)
    row, column = np.unravel_index(int(np.argmax(likeness)), likeness.shape)
    dx, dy = column / sx - 0.5 - shown.x0, row / sy - 0.5 - shown.y0
    old = grid.region
    return MaskGrid(Region(old.x0 + dx, old.y0 + dy, old.x1 + dx, old.y1 + dy), grid.logits_hw)


def steps_at(
    flow: np.ndarray, frame_hw: tuple[int, int], across: np.ndarray, down: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The flow at source positions, in source pixels: x and y, of the shape to which these broadcast."""
    sx, sy = flow.shape[1] / frame_hw[1], flow.shape[0] / frame_hw[0]
    at_x, at_y = ((across + 0.5) * sx - 0.5).astype(np.float32), ((down + 0.5) * sy - 0.5).astype(np.float32)
    full = in_full(at_x, at_y)
    found = cv2.remap(flow, *full, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return found[..., 0] / sx, found[..., 1] / sy
