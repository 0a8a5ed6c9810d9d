"""The cines that clients track structures through, with their tracks."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from dataclasses import dataclass, field

from uniultra.pixel_scale import PixelSize
from uniultra.types import Prompt
from uniultra.web.cine_messages import CineFacts, FramePromptRequest
from uniultra.web.held import Store
from uniultra.web.problems import Problem
from uniultra.web.settings import KEPT_TRACKS

_ANY = Prompt(points_xy=((0.0, 0.0),))
"""Stands for a prompt where it counts alone on which frame there is one."""


@dataclass(frozen=True)
class Revision:
    """What is worked out in one go: from the beginning all of a track; then what each correction changes.

    Attributes:
        prompts: the prompts that it follows from.
        frames: first and last frame.
        object: the structure that was corrected; None for all.
    """

    prompts: tuple[FramePromptRequest, ...]
    frames: tuple[int, int]
    object: int | None = None

    def covers(self, frame: int, number: int) -> bool:
        return number == self.object and self.frames[0] <= frame <= self.frames[1]


@dataclass
class HeldTrack:
    """A track: its prompts, which are all that it needs to be kept, and its revisions."""

    id: str
    prompts: tuple[FramePromptRequest, ...]
    reverse: bool
    revisions: list[Revision]

    def correct(self, prompt: FramePromptRequest, most: int) -> Revision:
        """Puts a prompt in, or in the place of the one of that frame and structure. Raises Problem."""
        from uniultra.tracking import affected

        first, last = self.revisions[0].frames
        if not first <= prompt.frame <= last:
            raise Problem("prompt", f"frame {prompt.frame} isn't tracked; legal are {first} to {last}")
        others = tuple(
            one for one in self.prompts if (one.frame, one.object) != (prompt.frame, prompt.object)
        )
        if len(others) >= most or len(self.revisions) > most:
            raise Problem("prompt", f"the track has {most} prompts, which is the limit; begin another one")
        self.prompts = *others, prompt
        known = [one for one in self.prompts if one.object == prompt.object]
        frames = {one.frame: {one.object: _ANY} for one in known}
        changed = affected(frames, prompt.object, prompt.frame, last + 1, self.reverse)
        revision = Revision((prompt,), (max(changed.start, first), changed.stop - 1), prompt.object)
        self.revisions.append(revision)
        return revision

    def replaced_later(self, revision: int, frame: int, number: int) -> bool:
        """Whether a later revision answers for a structure on a frame."""
        return any(one.covers(frame, number) for one in self.revisions[revision + 1 :])


@dataclass
class HeldCine:
    """One cine: the bytes of its file, what it is, and the lane that has it open."""

    id: str
    data: bytes = field(repr=False)
    facts: CineFacts
    size_mm: PixelSize | None
    lane: int
    used: float
    tracks: OrderedDict[str, HeldTrack] = field(default_factory=OrderedDict)

    @property
    def bytes(self) -> int:
        return len(self.data)

    def add(
        self, prompts: tuple[FramePromptRequest, ...], frames: tuple[int, int], reverse: bool
    ) -> HeldTrack:
        """A new track; the oldest makes room."""
        track = HeldTrack(secrets.token_urlsafe(9), prompts, reverse, [Revision(prompts, frames)])
        self.tracks[track.id] = track
        while len(self.tracks) > KEPT_TRACKS:
            self.tracks.popitem(last=False)
        return track

    def track(self, track_id: str) -> HeldTrack:
        """Raises Problem: no-track."""
        if track_id not in self.tracks:
            raise Problem(
                "no-track", "no track of this cine has this id; the oldest are dropped: start again"
            )
        return self.tracks[track_id]


class CineStore(Store[HeldCine]):
    """Cines by id."""

    kind, fix = "cine", "cut it"

    def add(
        self, data: bytes, facts: CineFacts, size_mm: PixelSize | None, named: tuple[str, int]
    ) -> HeldCine:
        """Holds a cine under the id and on the lane of `named`. Raises Problem: full."""
        return self.hold(HeldCine(named[0], data, facts, size_mm, named[1], self.clock()))
