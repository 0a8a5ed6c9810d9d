"""What requests and answers about cines look like, as the OpenAPI file states it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from uniultra.prompts.objects import MOST_POINTS
from uniultra.web.schemas import Box, BoxFit, Called, MaskByPng, MaskByRle, Point, RleOut, Strict
from uniultra.web.settings import MOST_FRAMES, MOST_PROMPTS

FrameNumber = Annotated[int, Field(strict=True, ge=0, le=MOST_FRAMES, description="of the cine, from 0")]


class FramePromptIn(Strict):
    """A prompt of one structure on one frame, with the keys of a track's prompts file. A correction is one,
    too.
    """

    frame: FrameNumber
    object: Annotated[int, Field(strict=True, ge=1, le=MOST_PROMPTS, description="the structure's number")]
    box: Box | None = None
    box_fit: BoxFit = None
    label: Called = ""
    points: Annotated[list[Point], Field(max_length=MOST_POINTS, fail_fast=True)] = []  # noqa: RUF012
    labels: Annotated[list[Literal[0, 1]], Field(max_length=MOST_POINTS, fail_fast=True)] = []  # noqa: RUF012
    mask: MaskByRle | MaskByPng | None = None


class FollowIn(Strict):
    """What to follow through a cine."""

    prompts: Annotated[list[FramePromptIn], Field(min_length=1, max_length=MOST_PROMPTS, fail_fast=True)]
    first: FrameNumber | None = None
    last: FrameNumber | None = None
    reverse: Annotated[
        bool, Field(strict=True, description="between prompted frames, go backwards from the later one")
    ] = False


class CineOut(BaseModel):
    """A held cine. It is dropped `expires_in_s` seconds after it was last used."""

    id: str
    width: int
    height: int
    frames: int
    times_s: list[float] | None
    expires_in_s: float


class TrackOut(BaseModel):
    """A track, and what its last revision works out: `first` and `last` frame; `object` is the structure that
    was corrected, null for all.
    """

    id: str
    revision: int
    first: int
    last: int
    object: int | None


class TrackedObjectOut(BaseModel):
    """One structure on one frame; `status`: sure, unsure, lost or absent."""

    object: int
    status: str
    confidence: float
    quality: float
    rle: RleOut
    box_xyxy: list[float] | None
    area_px: int
    area_mm2: float | None


class TrackLine(BaseModel):
    """One line of a track's stream: a frame and what was found on it, or why it is left out; the last line
    has `done` alone, or `problem` where something failed.
    """

    seq: int | None = None
    frame: int | None = None
    time_s: float | None = None
    objects: list[TrackedObjectOut] | None = None
    left_out: str | None = None
    done: bool | None = None
    problem: str | None = None
    detail: str | None = None
