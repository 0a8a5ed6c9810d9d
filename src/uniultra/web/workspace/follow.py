"""One structure followed from frame to frame, some frames a call, so that a page can watch and stop it.

What a track remembers is kept between calls; where it is gone (another process, another correction) the track
begins anew from the mask that the page sends.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from uniultra.errors import FileError
from uniultra.io.coco import compressed, run_lengths
from uniultra.segmenter import Segmenter
from uniultra.tracking import TrackState, begin, step
from uniultra.types import Cine, Frame, Prompt
from uniultra.web.workspace.jobs import Track, Tracked

KEPT_TRACKS = 8


@dataclass(frozen=True)
class _Place:
    """Where a track is: the frame, the mask that it gave there, and what it remembers."""

    number: int
    counts: str
    state: TrackState


class Follower:
    """The tracks of one process, by file, structure and direction. One thread's own."""

    def __init__(self) -> None:
        self._places: OrderedDict[tuple[Any, ...], _Place] = OrderedDict()

    def follow(
        self,
        job: Track,
        segmenter: Segmenter,
        read: Callable[[int], Frame],
        start: Callable[[Frame], Prompt],
        cine: Cine,
    ) -> tuple[Tracked, ...]:
        """The structure on the next frames that can be read; fewer at the end of the cine.

        Args:
            read: a frame by its number.
            start: the prompt of the frame that the track begins on.
            cine: of a video nothing is read beyond a frame that can't be.

        Raises:
            PromptError: the mask can't be followed. FileError: of further frames none can be read.
        """
        key = job.path, job.size_mm, job.object, job.backwards
        place = self._places.pop(key, None)
        if place is None or (place.number, place.counts) != (job.start, job.mask.counts):
            frame = read(job.start)
            _, state = begin(segmenter, frame, {1: start(frame)})
            place = _Place(job.start, str(job.mask.counts), state)
        direction = -1 if job.backwards else 1
        found: list[Tracked] = []
        for number, frame in _readable(read, cine, range(cine.count)[job.start :: direction][1:]):
            [answer], state = step(segmenter, place.state, frame)
            counts = compressed(run_lengths(answer.mask.mask_hw))
            quality = round(min(answer.mask.quality, answer.confidence), 4)
            found.append(Tracked(number, counts, quality, answer.status))
            place = _Place(number, counts, state)
            if len(found) == job.frames:
                break
        self._places[key] = place
        while len(self._places) > KEPT_TRACKS:
            self._places.popitem(last=False)
        return tuple(found)


def _readable(read: Callable[[int], Frame], cine: Cine, numbers: range) -> Iterator[tuple[int, Frame]]:
    """Each frame with its number. Raises FileError where there are frames, but none can be read."""
    fault: FileError | None = None
    given = False
    for number in numbers:
        try:
            frame = read(number)
        except FileError as error:
            fault = fault or error
            if cine.in_order:
                break
            continue
        given = True
        yield number, frame
    if fault is not None and not given:
        raise fault
