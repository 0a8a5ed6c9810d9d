"""What one user of a volume viewer has shown and asked: an image of slices or frames, prompts on each, and
the masks that answer them.

Each slice is segmented on its own, as `uniultra segment` does it. Of a volume [C, A, B, C'] the axis of
frames is the one of length 1; else the one along which a box is flat; else the first, as SimpleITK, Slicer
and napari order them. In a plane the first axis left runs down, but where frames are the last axis, as in [C,
X, Y, Z], it runs to the right.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from uniultra.errors import PromptError
from uniultra.geometry import inscribed_centre
from uniultra.segmenter import Segmenter
from uniultra.types import NEGATIVE, POSITIVE, Frame, Prompt, mask_box

Span = tuple[tuple[int, int], tuple[int, int], tuple[int, int]]
"""First and one past the last index along each axis."""
Place = tuple[int, int]
"""The axis of frames, and the number of one."""
MOST_UNDO = 50
UNDO_BYTES = 256_000_000
"""Memory for what can be undone; one step is always kept."""
MOST_VOXELS = 128_000_000
SCRIBBLE_POINTS = 5


@dataclass(frozen=True)
class Shown:
    """The prompts on one frame."""

    box_xyxy: tuple[float, float, float, float] | None = None
    points_xy: tuple[tuple[float, float], ...] = ()
    labels: tuple[int, ...] = ()
    mask_hw: np.ndarray | None = None

    def prompt(self) -> Prompt | None:
        """None where nothing points at a structure yet."""
        if self.box_xyxy is None and self.mask_hw is None and POSITIVE not in self.labels:
            return None
        return Prompt(self.box_xyxy, self.points_xy, self.labels, self.mask_hw)


@dataclass
class VolumePrompts:
    """One user's state. Not safe to share between threads: the server gives each user one request at a
    time.
    """

    segmenter: Segmenter
    volume: np.ndarray | None = None
    masks: np.ndarray | None = None
    shown: dict[Place, Shown] = field(default_factory=dict)
    history: list[tuple[dict[Place, Shown], np.ndarray]] = field(default_factory=list)

    def set_image(self, image: np.ndarray) -> None:
        """Takes an image [C, ., ., .] of one channel, or three of colour. Raises PromptError."""
        if image.ndim != 4 or image.shape[0] not in (1, 3) or min(image.shape) < 1:
            raise PromptError(f"an image of shape {image.shape}; legal is [1 or 3, X, Y, Z]; send grey")
        values = image[0] if image.shape[0] == 1 else np.tensordot([0.299, 0.587, 0.114], image, 1)
        if values.size > MOST_VOXELS:
            raise PromptError(
                f"an image of {values.size} voxels; the limit is {MOST_VOXELS}; crop it, or send fewer frames"
            )
        if not np.isfinite(values).all():
            raise PromptError("the image holds values that are NaN or infinite; legal are finite numbers")
        self.volume = _grey(values)
        self.reset()

    def reset(self) -> None:
        """Forgets prompts, masks and what could be undone."""
        self.masks = None if self.volume is None else np.zeros(self.volume.shape, np.uint8)
        self.shown, self.history = {}, []

    def add_point(self, index: Sequence[float], is_inside: bool) -> Span | None:
        """A click at an index (3 numbers). Like its neighbours returns the box that changed, or None. Raises
        PromptError.
        """
        volume, _ = self._both()
        at = _indices(index, volume.shape)
        axis = _frame_axis(volume.shape)
        return self._add(axis, at[axis], [_xy(at, axis)], is_inside)

    def add_box(self, spans: Sequence[Sequence[float]], is_inside: bool) -> Span | None:
        """A box by its first and one past its last index along each axis, flat along one: on that frame it is
        the box.
        """
        volume, _ = self._both()
        if len(spans) != 3 or any(len(span) != 2 for span in spans):
            raise PromptError("a box has [first, one past last] along 3 axes; send it so")
        first = _indices([min(span) for span in spans], volume.shape)
        last = _indices([max(span) - 1 for span in spans], volume.shape)
        flat = [axis for axis in range(3) if first[axis] >= last[axis]]
        if not flat:
            raise PromptError("a box through several slices; draw it in one slice")
        axis = _frame_axis(volume.shape) if _frame_axis(volume.shape) in flat else flat[0]
        (x0, y0), (x1, y1) = _xy(first, axis), _xy(last, axis)
        if not is_inside:
            return self._add(axis, first[axis], [((x0 + x1) / 2, (y0 + y1) / 2)], False)
        return self._add(axis, first[axis], [], True, (x0 - 0.5, y0 - 0.5, x1 + 0.5, y1 + 0.5))

    def add_drawing(
        self, drawn: np.ndarray, is_inside: bool, is_lasso: bool, corner: Sequence[int]
    ) -> Span | None:
        """A scribble, of which some points are taken; or a filled lasso, of which its box is, or its middle
        where it excludes.
        """
        volume, _ = self._both()
        ends = [start + side for start, side in zip(corner, drawn.shape, strict=False)]
        if drawn.ndim != 3 or len(corner) != 3 or min(corner) < 0 or any(np.array(ends) > volume.shape):
            raise PromptError(
                f"a drawing of {drawn.shape} at {tuple(corner)} doesn't fit the image {volume.shape}"
            )
        marked = np.argwhere(drawn != 0)
        if not len(marked):
            raise PromptError("the drawing is empty; draw at least one pixel")
        flat = [axis for axis in range(3) if len(np.unique(marked[:, axis])) == 1]
        axis = _frame_axis(volume.shape)
        axis = axis if axis in flat or not flat else flat[0]
        number = int(np.bincount(marked[:, axis]).argmax())
        plane = _plane(drawn, axis, number) != 0
        x, y = _xy([int(start) for start in corner], axis)
        frame = number + int(corner[axis])
        if not is_lasso:
            return self._add(axis, frame, [(px + x, py + y) for px, py in _spread(plane)], is_inside)
        if not is_inside:
            px, py = inscribed_centre(plane)
            return self._add(axis, frame, [(px + x, py + y)], False)
        x0, y0, x1, y1 = mask_box(plane) or (0, 0, 0, 0)
        return self._add(axis, frame, [], True, (x0 + x, y0 + y, x1 + x, y1 + y))

    def add_masks(self, masks: np.ndarray, runs: bool) -> Span | None:
        """A segmentation to go on from: the masks of its frames replace what was there, and are refined with
        the next prompt.
        """
        volume, before = self._both()
        if masks.shape != volume.shape:
            raise PromptError(
                f"a segmentation of {masks.shape} for an image of {volume.shape}; send it whole"
            )
        self._keep()
        axis = _frame_axis(volume.shape)
        self.masks = (masks != 0).astype(np.uint8)
        self.shown = {
            (axis, number): Shown(mask_hw=_plane(self.masks, axis, number) > 0)
            for number in range(volume.shape[axis])
            if _plane(self.masks, axis, number).any()
        }
        for place in self.shown if runs else ():
            self._segment(place)
        return _changed(before, self.masks)

    def undo(self) -> tuple[bool, Span | None]:
        """Whether there was anything to take back, and the box that changed."""
        _, before = self._both()
        if not self.history:
            return False, None
        self.shown, self.masks = self.history.pop()
        return True, _changed(before, self.masks)

    def _both(self) -> tuple[np.ndarray, np.ndarray]:
        if self.volume is None or self.masks is None:
            raise PromptError("there is no image yet; send one with set_image")
        return self.volume, self.masks

    def _keep(self) -> None:
        _, masks = self._both()
        steps = min(MOST_UNDO, max(1, UNDO_BYTES // masks.nbytes))
        self.history = [*self.history, (dict(self.shown), masks.copy())][-steps:]

    def _add(
        self,
        axis: int,
        number: int,
        points: Sequence[tuple[float, float]],
        is_inside: bool,
        box: tuple[float, float, float, float] | None = None,
    ) -> Span | None:
        _, before = self._both()
        self._keep()
        old = self.shown.get((axis, number), Shown())
        labels = (POSITIVE if is_inside else NEGATIVE,) * len(points)
        self.shown[axis, number] = replace(
            old,
            box_xyxy=box or old.box_xyxy,
            points_xy=(*old.points_xy, *points),
            labels=(*old.labels, *labels),
        )
        try:
            self._segment((axis, number))
        except PromptError:
            self.shown, self.masks = self.history.pop()
            raise
        assert self.masks is not None
        return _changed(before, self.masks)

    def _segment(self, place: Place) -> None:
        volume, masks = self._both()
        prompt, (axis, number) = self.shown[place].prompt(), place
        if prompt is None:
            return
        frame = Frame(np.ascontiguousarray(_plane(volume, axis, number)))
        [mask] = self.segmenter.segment(frame, [prompt])
        self.masks = masks.copy()
        _plane(self.masks, axis, number)[:] = mask.mask_hw


def _grey(values: np.ndarray) -> np.ndarray:
    """uint8: as it is where all values are whole numbers from 0 to 255, else spread from the smallest to the
    largest.
    """
    if values.dtype == np.uint8:
        return values.copy()
    low, high = float(values.min()), float(values.max())
    if low >= 0 and high <= 255 and (values == np.rint(values)).all():
        return values.astype(np.uint8)
    share = (values.astype(np.float64) - low) / (high - low) if high > low else np.zeros(values.shape)
    return np.asarray(np.rint(255 * share).astype(np.uint8))


def _frame_axis(shape: Sequence[int]) -> int:
    return list(shape).index(1) if 1 in shape else 0


def _plane(volume: np.ndarray, axis: int, number: int) -> np.ndarray:
    """One frame (H, W), a view."""
    plane = volume[(slice(None),) * axis + (number,)]
    return plane.T if axis == 2 else plane


def _xy(index: Sequence[float], axis: int) -> tuple[float, float]:
    first, second = (float(value) for other, value in enumerate(index) if other != axis)
    return (first, second) if axis == 2 else (second, first)


def _indices(index: Sequence[float], shape: Sequence[int]) -> list[int]:
    if len(index) != 3 or not np.isfinite(np.asarray(index, np.float64)).all():
        raise PromptError("a place has 3 finite numbers; send an index along each axis")
    at = [round(float(value)) for value in index]
    if any(not 0 <= value < side for value, side in zip(at, shape, strict=True)):
        raise PromptError(
            f"place {at} is outside the image of {tuple(shape)}; legal are 0 to one less a side"
        )
    return at


def _spread(plane_hw: np.ndarray) -> list[tuple[float, float]]:
    """Some marked pixels, each as far from those before it as can be; the first is the nearest to the
    middle.
    """
    places = np.argwhere(plane_hw)[:, ::-1].astype(np.float64)
    chosen = [int(np.square(places - places.mean(axis=0)).sum(axis=1).argmin())]
    while len(chosen) < min(SCRIBBLE_POINTS, len(places)):
        far = np.square(places[:, None] - places[chosen]).sum(axis=2).min(axis=1)
        chosen.append(int(far.argmax()))
    return [(float(x), float(y)) for x, y in places[chosen]]


def _changed(before: np.ndarray, after: np.ndarray) -> Span | None:
    differs = before != after
    if not differs.any():
        return None
    others = ((1, 2), (0, 2), (0, 1))
    hits = [np.flatnonzero(differs.any(axis=other)) for other in others]
    a, b, c = ((int(hit[0]), int(hit[-1]) + 1) for hit in hits)
    return a, b, c
