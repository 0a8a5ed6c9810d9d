"""What can follow structures, behind one protocol: ours, which prompts the model anew on each frame, and
video models that remember what they saw.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, Self

from uniultra.errors import ModelError
from uniultra.model_facts import ModelFacts
from uniultra.segmenter import Segmenter
from uniultra.tracking.beginning import TrackedMask, begin, prompted
from uniultra.tracking.crew import Crew
from uniultra.tracking.motion import Motion
from uniultra.tracking.step import step
from uniultra.tracking.track_state import TrackState
from uniultra.types import Frame, Prompt


class TrackerState(Protocol):
    """What a tracker knows after a frame; of a bounded size, whatever the length of the cine."""

    @property
    def numbers(self) -> tuple[int, ...]:
        """The structures that are followed, in ascending order."""
        ...

    def only(self, numbers: Collection[int]) -> Self:
        """The same of some structures."""
        ...


class Tracker(Protocol):
    """Follows structures from frame to frame. Holds the model and nothing else: all that it remembers of a
    cine is in the state, so a structure begun late or corrected changes no other one.
    """

    @property
    def facts(self) -> ModelFacts: ...

    def begin(self, frame: Frame, prompts: Mapping[int, Prompt], state: Any = None) -> Answers:
        """Follows what is prompted on a frame from there, other structures of `state` as before.

        Raises:
            PromptError: a prompt lies outside the frame, or the state is of frames of another size.
        """
        ...

    def step(self, state: Any, frame: Frame) -> Answers:
        """All structures of a state on the next frame. Raises PromptError where its size is another."""
        ...


Answers = tuple[list[TrackedMask], Any]
"""One answer a structure in the order of their numbers, and the state after the frame."""


@dataclass(frozen=True)
class PromptTracker:
    """`tracking.step`: registration, motion, and a segmenter that is prompted with what they expect."""

    segmenter: Segmenter

    @property
    def facts(self) -> ModelFacts:
        return self.segmenter.facts

    def begin(
        self, frame: Frame, prompts: Mapping[int, Prompt], state: TrackState | None = None
    ) -> tuple[list[TrackedMask], TrackState]:
        return begin(self.segmenter, frame, prompts, state)

    def prompted(
        self, frame: Frame, prompts: Mapping[int, Prompt], state: TrackState | None, crew: Crew
    ) -> tuple[list[TrackedMask], Callable[[], TrackState]]:
        """As `begin`; the state is yet to be made, by a call."""
        return prompted(self.segmenter, frame, prompts, state, crew)

    def step(
        self, state: TrackState, frame: Frame, motion: Motion | None = None, crew: Crew | None = None
    ) -> tuple[list[TrackedMask], TrackState]:
        return step(self.segmenter, state, frame, motion, crew)


def tracker_of(follower: Segmenter | Tracker) -> Tracker:
    """A segmenter's own tracker; another one as it is. Raises ModelError for anything else."""
    if isinstance(follower, Segmenter):
        return PromptTracker(follower)
    if not callable(getattr(follower, "begin", None)) or not callable(getattr(follower, "step", None)):
        raise ModelError(
            f"the segmenter is of type {type(follower).__name__}; give uniultra.Segmenter.load(model), or a "
            "tracking.Tracker"
        )
    return follower
