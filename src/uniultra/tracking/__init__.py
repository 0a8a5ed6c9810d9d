"""A structure followed through a cine, and a word when it is lost.

    from uniultra.tracking import track

    for result in track(segmenter, cine, {0: {1: Prompt(box_xyxy=(40, 60, 200, 190))}}):
        print(result.number, result.objects[0].status, result.objects[0].area_px)

`step` is one frame of it, from a state of fixed size to the next one.
"""

from __future__ import annotations

from uniultra.tracking.beginning import begin
from uniultra.tracking.cine import retrack, track, track_as_found
from uniultra.tracking.spans import PromptedFrames, affected
from uniultra.tracking.step import step
from uniultra.tracking.track_state import TrackState
from uniultra.tracking.tracker import PromptTracker, Tracker

__all__ = [
    "PromptTracker",
    "PromptedFrames",
    "TrackState",
    "Tracker",
    "affected",
    "begin",
    "retrack",
    "step",
    "track",
    "track_as_found",
]
