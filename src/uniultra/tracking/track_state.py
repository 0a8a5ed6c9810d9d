"""What a tracker remembers between two frames: a few arrays of fixed size, whatever the length of the
cine.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace

import numpy as np

from uniultra.errors import PromptError
from uniultra.prompt_checks import check_frame
from uniultra.tracking.anchor import Anchor
from uniultra.tracking.state import MaskGrid
from uniultra.tracking.target_model import TargetModel
from uniultra.types import Frame


@dataclass(frozen=True)
class ObjectTrack:
    """One structure.

    Attributes:
        number: its id, from 1.
        grid: where it is taken to be, on the frame before; while it is lost, the best guess.
        sure_grid: the same on the last frame that was sure; a structure that was lost is looked for there.
        first_hw, sure_hw: its appearance where it was prompted, and on the last sure frame, uint8 (PATCH,
            PATCH).
        anchor: what registers it to the frame where it was prompted.
        lost: for how many frames it has been lost.
        steady: least agreement of its masks with motion since the last sure frame, 0 to 1.
        doubted: for how many frames its confidence has been below LOST.
        target: what tells it from what lies beside it; None where it was given none.
        sure_view_hw: the last sure frame, as `TrackState.view_hw`; without a pixel where it was not kept.
    """

    number: int
    grid: MaskGrid
    sure_grid: MaskGrid
    first_hw: np.ndarray = field(repr=False)
    sure_hw: np.ndarray = field(repr=False)
    anchor: Anchor
    lost: int = 0
    steady: float = 1.0
    doubted: int = 0
    target: TargetModel | None = None
    sure_view_hw: np.ndarray = field(default_factory=lambda: np.zeros((0, 0), np.uint8), repr=False)


@dataclass(frozen=True)
class TrackState:
    """All structures after a frame.

    Attributes:
        frame_hw: (height, width) of the frames.
        view_hw: the frame before, uint8, shrunk for the estimate of motion.
        objects: in the order of their numbers.
    """

    frame_hw: tuple[int, int]
    view_hw: np.ndarray = field(repr=False)
    objects: tuple[ObjectTrack, ...] = ()

    @property
    def numbers(self) -> tuple[int, ...]:
        return tuple(one.number for one in self.objects)

    def only(self, numbers: Collection[int]) -> TrackState:
        """The same of some structures."""
        return replace(self, objects=tuple(one for one in self.objects if one.number in numbers))

    @property
    def nbytes(self) -> int:
        """Bytes of all arrays: these don't grow with the cine."""
        registrations = {id(one.anchor.registration): one.anchor.registration for one in self.objects}
        shared = [
            each.patch_hw.nbytes + each.back.nbytes + each.view_hw.nbytes for each in registrations.values()
        ]
        per = [
            one.anchor.grid.logits_hw.nbytes
            + one.grid.logits_hw.nbytes
            + one.sure_grid.logits_hw.nbytes
            + one.first_hw.nbytes
            + one.sure_hw.nbytes
            + one.sure_view_hw.nbytes
            + (0 if one.anchor.tissue is None else 2 * one.anchor.tissue.inside.nbytes)
            + (0 if one.target is None else sum(array.nbytes for array in one.target.arrays))
            for one in self.objects
        ]
        return self.view_hw.nbytes + sum(shared) + sum(per)


def check_follows(state: TrackState, frame: Frame) -> None:
    """Raises PromptError where a frame can't follow a state: it has another size; or that isn't one."""
    check_frame(frame)
    if not isinstance(state, TrackState):
        raise PromptError(
            f"the state is of type {type(state).__name__}; give the TrackState that begin or step returned"
        )
    if (frame.height, frame.width) != state.frame_hw:
        height, width = state.frame_hw
        raise PromptError(
            f"the frame is {frame.width}x{frame.height} pixels, those before {width}x{height}; "
            "a track needs frames of one size: begin again with a prompt on this frame"
        )
