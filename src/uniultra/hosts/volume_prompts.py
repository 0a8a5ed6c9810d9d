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
from uniultra.hosts.description import NOTHING, Description
from uniultra.hosts.volume_cine import Following, cine_of
from uniultra.hosts.volume_planes import Span, changed, frame_axis, grey, indices, plane, spread, xy
from uniultra.segmenter import Segmenter
from uniultra.types import NEGATIVE, POSITIVE, Frame, Prompt, mask_box

Place = tuple[int, int]
"""The axis of frames, and the number of one."""
_Step = tuple[dict["Place", "Shown"], np.ndarray, tuple[int, ...], tuple["Place", ...]]
"""What undo goes back to: prompts, masks, where following wasn't done, and where nothing ran yet."""
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

    def prompt(self, said: Description) -> Prompt | None:
        """None where nothing points at a structure yet."""
        if self.box_xyxy is None and self.mask_hw is None and POSITIVE not in self.labels:
            return None
        return said.prompt(self.box_xyxy, self.points_xy, self.labels, self.mask_hw)


@dataclass
class VolumePrompts:
    """One user's state. Not safe to share between threads: the server gives each user one request at a time.

    `cines` says that images of several frames are cines, with frames along the first axis, unless
    `set_image` is given another one. A prompt that doesn't run waits for `go_on`, or for the next that does.
    """

    segmenter: Segmenter
    cines: bool = False
    volume: np.ndarray | None = None
    masks: np.ndarray | None = None
    frames_axis: int | None = None
    said: Description = NOTHING
    shown: dict[Place, Shown] = field(default_factory=dict)
    history: list[_Step] = field(default_factory=list)
    following: Following = field(default_factory=Following)
    waiting: tuple[Place, ...] = ()

    def set_image(
        self, image: np.ndarray, frames_axis: int | None = None, said: Description = NOTHING
    ) -> None:
        """Takes an image [C, ., ., .] of one channel, or three of colour.

        Args:
            frames_axis: of a cine, the axis (0 to 2) along which its frames are; None for slices, but where
                `cines` are expected. An image of one frame is neither.
            said: of the structures in it.

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
        self.frames_axis, self.said = None if 1 in values.shape else axis, said
        self.reset()

    def reset(self) -> None:
        """Forgets prompts, masks and what could be undone."""
        self.masks = None if self.volume is None else np.zeros(self.volume.shape, np.uint8)
        self.shown, self.history, self.following, self.waiting = {}, [], Following(), ()

    def add_point(self, index: Sequence[float], is_inside: bool, runs: bool = True) -> Span | None:
        """A click at an index (3 numbers). Like its neighbours returns the box that changed, or None. Raises
        PromptError.
        """
        volume, _ = self._both()
        at = indices(index, volume.shape)
        axis = self._axis()
        return self._add((axis, at[axis]), [xy(at, axis)], is_inside, runs=runs)

    def add_box(self, spans: Sequence[Sequence[float]], is_inside: bool, runs: bool = True) -> Span | None:
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
            raise PromptError("the box spans several slices or frames; draw it in one")
        axis = self._axis() if self._axis() in flat else flat[0]
        (x0, y0), (x1, y1) = xy(first, axis), xy(last, axis)
        place = axis, first[axis]
        if not is_inside:
            return self._add(place, [((x0 + x1) / 2, (y0 + y1) / 2)], False, runs=runs)
        return self._add(place, [], True, (x0 - 0.5, y0 - 0.5, x1 + 0.5, y1 + 0.5), runs)

    def add_drawing(
        self,
        drawn: np.ndarray,
        is_inside: bool,
        is_lasso: bool,
        corner: Sequence[int],
        runs: bool = True,
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
        place = axis, number + int(corner[axis])
        if not is_lasso or not is_inside:
            points = spread(inside_hw) if not is_lasso else [inscribed_centre(inside_hw)]
            return self._add(place, [(px + x, py + y) for px, py in points], is_inside, runs=runs)
        x0, y0, x1, y1 = mask_box(inside_hw) or (0, 0, 0, 0)
        return self._add(place, [], True, (x0 + x, y0 + y, x1 + x, y1 + y), runs)

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
        self.following, self.waiting = Following(), tuple(self.shown) if runs else ()
        if runs:
            self._run()
        return changed(before, self.masks)

    def undo(self) -> tuple[bool, Span | None]:
        """Whether there was anything to take back, and the box that changed."""
        _, before = self._both()
        if not self.history:
            return False, None
        self._take_back()
        return True, changed(before, self._both()[1])

    def go_on(self) -> tuple[bool, Span | None]:
        """Answers prompts that wait, and follows a cine where the time for an answer was over. Whether there
        was anything to do, and the box that changed. Raises PromptError.
        """
        _, before = self._both()
        return self._run(), changed(before, self._both()[1])

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
        step_bytes = masks.nbytes + masks.nbytes // min(masks.shape)  # a prompt holds its frame's mask
        steps = min(MOST_UNDO, max(1, UNDO_BYTES // step_bytes))
        step = dict(self.shown), masks.copy(), self.following.pending, self.waiting
        self.history = [*self.history, step][-steps:]

    def _take_back(self) -> None:
        self.shown, self.masks, pending, self.waiting = self.history.pop()
        self.following.restore(pending)

    def _add(
        self,
        place: Place,
        points: Sequence[tuple[float, float]],
        is_inside: bool,
        box: tuple[float, float, float, float] | None = None,
        runs: bool = True,
    ) -> Span | None:
        _, before = self._both()
        self._keep()
        old = self.shown.get(place, Shown())
        labels = (POSITIVE if is_inside else NEGATIVE,) * len(points)
        self.shown[place] = replace(
            old,
            mask_hw=None if box is not None else self._last(place, old),
            box_xyxy=box or old.box_xyxy,
            points_xy=(*old.points_xy, *points),
            labels=(*old.labels, *labels),
        )
        self.waiting = (*(other for other in self.waiting if other != place), place)
        if not runs:
            return None
        try:
            self._run()
        except PromptError:
            self._take_back()
            raise
        return changed(before, self._both()[1])

    def _last(self, place: Place, shown: Shown) -> np.ndarray | None:
        """The frame's last answer, or what was followed there, to go on from; None where there is neither."""
        if place in self.waiting:
            return shown.mask_hw
        _, masks = self._both()
        mask_hw = plane(masks, *place) > 0
        begun = place in self.shown or self.frames_axis is not None
        return mask_hw if begun and mask_hw.any() else None

    def _run(self) -> bool:
        """Answers all that waits, into new masks; whether there was anything to do. Raises PromptError."""
        _, masks = self._both()
        self.masks = masks.copy()
        waiting, self.waiting = self.waiting, ()
        done = [self._segment(place) for place in waiting]
        return self._follow() or any(done)

    def _segment(self, place: Place) -> bool:
        """Answers the prompts of a slice, or has a cine begin there; False where they point at nothing."""
        volume, masks = self._both()
        prompt = self.shown[place].prompt(self.said)
        if prompt is None:
            return False
        if self.frames_axis is not None:
            self.following.begin(place[1])
            return True
        frame = Frame(np.ascontiguousarray(plane(volume, *place)))
        [mask] = self.segmenter.segment(frame, [prompt])
        plane(masks, *place)[:] = mask.mask_hw
        return True

    def _follow(self) -> bool:
        """Goes on with a cine, into masks that nobody else holds. Raises PromptError."""
        volume, masks = self._both()
        axis = self.frames_axis
        if axis is None:
            return False
        prompts = {
            number: prompt
            for (_, number), one in self.shown.items()
            if (prompt := one.prompt(self.said)) is not None
        }

        def put(number: int, mask_hw: np.ndarray) -> None:
            plane(masks, axis, number)[:] = mask_hw

        cine = cine_of(lambda number: plane(volume, axis, number), volume.shape[axis])
        return self.following.go_on(self.segmenter, cine, prompts, put)
