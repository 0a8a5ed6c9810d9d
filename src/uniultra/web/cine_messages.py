"""What the server and its computing processes say to each other about cines: plain values.

The server holds the file's bytes. A process that has them open isn't sent them again; one that hasn't answers
`NeedsData`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from uniultra.web.cine_schemas import TrackLine
from uniultra.web.messages import CineJob, PromptRequest


@dataclass(frozen=True)
class FramePromptRequest:
    """A prompt of one structure on one frame; `place` is its place in the request, from 1."""

    place: int
    frame: int
    object: int
    prompt: PromptRequest


@dataclass(frozen=True)
class OpenCineFile(CineJob):
    """Say what the cine is: answered by `CineFacts`."""


@dataclass(frozen=True)
class CheckPrompts(CineJob):
    """Look whether prompts fit a cine; the answer is None, or `NeedsData`."""

    prompts: tuple[FramePromptRequest, ...]


@dataclass(frozen=True)
class FollowCine(CineJob):
    """The next results of a track, for `slice_s` seconds or to its end: answered by `Part` or `NeedsData`.

    Attributes:
        key: names the track and its revision.
        prompts: all prompts of this revision.
        frames: first and last frame.
        at: how many results the client has.
    """

    key: str
    prompts: tuple[FramePromptRequest, ...]
    frames: tuple[int, int]
    reverse: bool
    at: int
    slice_s: float


@dataclass(frozen=True)
class NeedsData:
    """The process hasn't the cine open, or no longer."""


@dataclass(frozen=True)
class CineFacts:
    """What a cine is. `times_s` is one a frame, or None."""

    frame_hw: tuple[int, int]
    count: int
    times_s: tuple[float, ...] | None = field(repr=False)


@dataclass(frozen=True)
class Part:
    """Results from `at` on, and whether the track has ended; none where the process had to catch up first."""

    found: tuple[TrackLine, ...]
    ended: bool
