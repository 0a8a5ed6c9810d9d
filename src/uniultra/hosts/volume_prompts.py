"""What one user of a volume viewer has shown and asked: an image of slices or frames, prompts on each, and
the masks that answer them.

Each slice is segmented on its own, as `uniultra segment` does it; the frames of a cine are tracked
(`volume_cine`). Of a volume [C, A, B, C'] the axis of frames is the one of length 1; else the one along which
a box is flat; else the first, as SimpleITK, Slicer and napari order them. In a plane the first axis left runs
down, but where frames are the last axis, as in [C, X, Y, Z], it runs to the right.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from uniultra.errors import PromptError
from uniultra.geometry import inscribed_centre
from uniultra.hosts.volume_cine import Following, cine_of
from uniultra.hosts.volume_planes import Span, changed, frame_axis, grey, indices, plane, spread, xy
from uniultra.segmenter import Segmenter
from uniultra.types import NEGATIVE, POSITIVE, Frame, Prompt, mask_box

Place = tuple[int, int]
"""The axis of frames, and the number of one."""
_Step = tuple[dict["Place", "Shown"], np.ndarray, tuple[int, ...]]
"""What undo goes back to: prompts, masks, and where following wasn't done."""
MOST_UNDO = 50
UNDO_BYTES = 256_000_000
"""Memory for what can be undone; one step is always kept."""
MOST_VOXELS = 128_000_000


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
    """One user's state. Not safe to share between threads: the server gives each user one request at a time.

    `cines` says that images of several frames are cines, with frames along the first axis, unless
    `set_image` is given another one.
    """

    segmenter: Segmenter
    cines: bool = False
    volume: np.ndarray | None = None
    masks: np.ndarray | None = None
    frames_axis: int | None = None
    shown: dict[Place, Shown] = field(default_factory=dict)
    history: list[_Step] = field(default_factory=list)
    following: Following = field(default_factory=Following)

    def set_image(self, image: np.ndarray, frames_axis: int | None = None) -> None:
        """Takes an image [C, ., ., .] of one channel, or three of colour.

        Args:
            frames_axis: of a cine, the axis (0 to 2) along which its frames are; None for slices, but where
                `cines` are expected. An image of one frame is neither.

        Raises:
            PromptError: another shape, too large, or values that aren't finite.
        """
        if image.ndim != 4 or image.shape[0] not in (1, 3) or min(image.shape) < 1:
            raise PromptError(f"an image of shape {image.shape}; legal is [1 or 3, X, Y, Z]; send grey")
        values = image[0] if image.shape[0] == 1 else np.tensordot([0.299, 0.587, 0.114], image, 1)
        if values.size > MOST_VOXELS:
            raise PromptError(
                f"an image of {values.size} voxels; the limit is {MOST_VOXELS}; crop it, or send fewer frames"
            )
        if not np.isfinite(values).all():
            raise PromptError("the image holds values that are NaN or infinite; legal are finite numbers")
        if isinstance(frames_axis, bool) or frames_axis not in (None, 0, 1, 2):
            raise PromptError(f"frames_axis {frames_axis!r:.20}; legal are 0, 1 and 2; or leave it out")
        self.volume = grey(values)
        axis = 0 if self.cines and frames_axis is None else frames_axis
        self.frames_axis = None if 1 in values.shape else axis
        self.reset()

    def reset(self) -> None:
        """Forgets prompts, masks and what could be undone."""
        self.masks = None if self.volume is None else np.zeros(self.volume.shape, np.uint8)
        self.shown, self.history, self.following = {}, [], Following()

    def add_point(self, index: Sequence[float], is_inside: bool) -> Span | None:
        """A click at an index (3 numbers). Like its neighbours returns the box that changed, or None. Raises
        PromptError.
        """
        volume, _ = self._both()
        at = indices(index, volume.shape)
        axis = self._axis()
        return self._add(axis, at[axis], [xy(at, axis)], is_inside)

    def add_box(self, spans: Sequence[Sequence[float]], is_inside: bool) -> Span | None:
        """A box by its first and one past its last index along each axis, flat along one: on that frame it is
        the box.
        """
        volume, _ = self._both()
        if len(spans) != 3 or any(len(span) != 2 for span in spans):
            raise PromptError("a box has [first, one past last] along 3 axes; send it so")
        first = indices([min(span) for span in spans], volume.shape)
        last = indices([max(span) - 1 for span in spans], volume.shape)
        flat = [axis for axis in range(3) if first[axis] >= last[axis]]
        if not flat or (self.frames_axis is not None and self.frames_axis not in flat):
            raise PromptError("a box through several slices or frames; draw it in one")
        axis = self._axis() if self._axis() in flat else flat[0]
        (x0, y0), (x1, y1) = xy(first, axis), xy(last, axis)
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
        axis = self._axis()
        axis = axis if axis in flat or not flat or self.frames_axis is not None else flat[0]
        number = int(np.bincount(marked[:, axis]).argmax())
        inside_hw = plane(drawn, axis, number) != 0
        x, y = xy([int(start) for start in corner], axis)
        frame = number + int(corner[axis])
        if not is_lasso:
            return self._add(axis, frame, [(px + x, py + y) for px, py in spread(inside_hw)], is_inside)
        if not is_inside:
            px, py = inscribed_centre(inside_hw)
            return self._add(axis, frame, [(px + x, py + y)], False)
        x0, y0, x1, y1 = mask_box(inside_hw) or (0, 0, 0, 0)
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
        axis = self._axis()
        self.masks = (masks != 0).astype(np.uint8)
        self.shown = {
            (axis, number): Shown(mask_hw=plane(self.masks, axis, number) > 0)
            for number in range(volume.shape[axis])
            if plane(self.masks, axis, number).any()
        }
        if runs and self.frames_axis is not None:
            for _, number in self.shown:
                self.following.begin(number)
            self._follow()
        elif runs:
            for place in self.shown:
                self._segment(place)
        return changed(before, self.masks)

    def undo(self) -> tuple[bool, Span | None]:
        """Whether there was anything to take back, and the box that changed."""
        _, before = self._both()
        if not self.history:
            return False, None
        self._take_back()
        return True, changed(before, self._both()[1])

    def go_on(self) -> tuple[bool, Span | None]:
        """Follows a cine where the time for an answer was over. Whether there was anything to do, and the box
        that changed.
        """
        _, before = self._both()
        self.masks = before.copy()
        done = self._follow()
        return done, changed(before, self.masks)

    def _axis(self) -> int:
        """Of frames or slices."""
        volume, _ = self._both()
        return frame_axis(volume.shape) if self.frames_axis is None else self.frames_axis

    def _both(self) -> tuple[np.ndarray, np.ndarray]:
        if self.volume is None or self.masks is None:
            raise PromptError("there is no image yet; send one with set_image")
        return self.volume, self.masks

    def _keep(self) -> None:
        _, masks = self._both()
        steps = min(MOST_UNDO, max(1, UNDO_BYTES // masks.nbytes))
        step = dict(self.shown), masks.copy(), self.following.pending
        self.history = [*self.history, step][-steps:]

    def _take_back(self) -> None:
        self.shown, self.masks, pending = self.history.pop()
        self.following.restore(pending)

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
        old = self.shown.get((axis, number)) or self._begun(axis, number, box)
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
            self._take_back()
            raise
        assert self.masks is not None
        return changed(before, self.masks)

    def _begun(self, axis: int, number: int, box: object) -> Shown:
        """What a frame's first prompt adds to: on one of a cine the mask that was followed there, unless a
        box says it anew.
        """
        _, masks = self._both()
        mask_hw = plane(masks, axis, number) > 0
        if self.frames_axis is None or box is not None or not mask_hw.any():
            return Shown()
        return Shown(mask_hw=mask_hw)

    def _segment(self, place: Place) -> None:
        volume, masks = self._both()
        prompt, (axis, number) = self.shown[place].prompt(), place
        if prompt is None:
            return
        self.masks = masks.copy()
        if self.frames_axis is not None:
            self.following.begin(number)
            self._follow()
            return
        frame = Frame(np.ascontiguousarray(plane(volume, axis, number)))
        [mask] = self.segmenter.segment(frame, [prompt])
        plane(self.masks, axis, number)[:] = mask.mask_hw

    def _follow(self) -> bool:
        """Goes on with a cine, into masks that nobody else holds. Raises PromptError."""
        volume, masks = self._both()
        axis = self.frames_axis
        if axis is None:
            return False
        prompts = {
            number: prompt for (_, number), one in self.shown.items() if (prompt := one.prompt()) is not None
        }

        def put(number: int, mask_hw: np.ndarray) -> None:
            plane(masks, axis, number)[:] = mask_hw

        cine = cine_of(lambda number: plane(volume, axis, number), volume.shape[axis])
        return self.following.go_on(self.segmenter, cine, prompts, put)
