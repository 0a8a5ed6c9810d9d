"""The cines that one computing process has open for clients, and the tracks under way on them.

A track that this process doesn't know, or that has gone on without its client, is worked out anew: the same
prompts give the same answers.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from uniultra.backends.protocol import Backend
from uniultra.errors import FileError, UniUltraError
from uniultra.io.cines import recalibrated
from uniultra.io.coco import compressed, run_lengths
from uniultra.results import FrameResult, ObjectResult
from uniultra.segmenter import Segmenter
from uniultra.tracking import track_as_found
from uniultra.types import Cine, Prompt
from uniultra.web.cine_messages import (
    CheckPrompts,
    CineFacts,
    FollowCine,
    FramePromptRequest,
    NeedsData,
    OpenCineFile,
    Part,
)
from uniultra.web.cine_schemas import TrackedObjectOut, TrackLine
from uniultra.web.messages import CineFile, CineJob, DeriveCine, Derived, JobError
from uniultra.web.schemas import RleOut
from uniultra.web.worker_dicom import derive_cine
from uniultra.web.worker_prompts import checked, opened_upload

if TYPE_CHECKING:
    from uniultra.io.dicom.header import Header

KEPT_CINES, KEPT_RUNS = 2, 8


@dataclass
class _Open:
    """An open cine, where it is DICOM its header; `files` holds its bytes open."""

    cine: Cine
    header: Header | None
    files: ExitStack = field(repr=False)


@dataclass
class _Run:
    """A track under way, and how many results it has given; `faults` are those that it hasn't given yet."""

    cine_id: str
    results: Iterator[FrameResult]
    faults: list[tuple[int, str]]
    at: int = 0


class CineDesk:
    """One thread's own: nothing is locked."""

    def __init__(self, backend: Backend, abandoned: Callable[[], bool]) -> None:
        self._segmenter, self._abandoned = Segmenter(backend, threads=1), abandoned
        self._open: OrderedDict[str, _Open] = OrderedDict()
        self._runs: OrderedDict[str, _Run] = OrderedDict()

    def run(self, job: CineJob) -> CineFacts | Part | Derived | NeedsData | None:
        """The answer to a job. Raises JobError."""
        cine = self._cine(job.cine)
        if cine is None:
            return NeedsData()
        match job:
            case OpenCineFile():
                return CineFacts(cine.frame_hw, cine.count, cine.times_s)
            case FollowCine():
                return self._follow(cine, job)
            case DeriveCine():
                return derive_cine(job, cine, self._open[job.cine.id].header, self._segmenter.facts)
            case CheckPrompts():
                _prompts(cine, job.prompts)
        return None

    def forget(self, ids: tuple[str, ...]) -> None:
        """Closes cines that are gone, with their tracks."""
        for cine_id in ids:
            for key in [key for key, run in self._runs.items() if run.cine_id == cine_id]:
                del self._runs[key]
            if cine_id in self._open:
                files = self._open.pop(cine_id).files  # the cine, and with it its file, is gone before them
                files.close()

    def _cine(self, file: CineFile) -> Cine | None:
        if file.id not in self._open:
            if file.data is None:
                return None
            while len(self._open) >= KEPT_CINES:
                self.forget((next(iter(self._open)),))
            self._open[file.id] = _opened(file)
        self._open.move_to_end(file.id)
        return self._open[file.id].cine

    def _follow(self, cine: Cine, job: FollowCine) -> Part:
        ends = time.monotonic() + job.slice_s
        run = self._runs.pop(job.key, None)
        if run is None or run.at > job.at:
            run = self._begun(cine, job)
        found: list[TrackLine] = []
        ended = False
        while not ended and (not found or time.monotonic() < ends):
            if self._abandoned():
                raise JobError("worker-lost", "the client has gone")
            one = self._next(run)
            ended = one is None
            if one is not None and run.at > job.at:
                found.append(one)
            elif time.monotonic() > ends:
                break
        self._runs[job.key] = run
        while len(self._runs) > KEPT_RUNS:
            self._runs.popitem(last=False)
        return Part(tuple(found), ended)

    def _begun(self, cine: Cine, job: FollowCine) -> _Run:
        faults: list[tuple[int, str]] = []
        frames = range(job.frames[0], job.frames[1] + 1)
        results = track_as_found(
            self._segmenter,
            cine,
            _prompts(cine, job.prompts),
            frames,
            job.reverse,
            on_fault=lambda number, error: faults.append((number, str(error))),
        )
        return _Run(job.cine.id, results, faults)

    def _next(self, run: _Run) -> TrackLine | None:
        """The next result, or a frame that can't be read; None at the end. Raises JobError."""
        try:
            result = None if run.faults else next(run.results, None)
        except FileError as error:
            raise JobError("image", f"the cine: {error}") from error
        except UniUltraError as error:
            raise JobError("prompt", f"{error}") from error
        if result is None and not run.faults:
            return None
        run.at += 1
        if result is None:
            number, why = run.faults.pop(0)
            return TrackLine(seq=run.at - 1, frame=number, left_out=why)
        objects = [_object(one) for one in result.objects]
        return TrackLine(seq=run.at - 1, frame=result.number, time_s=result.time_s, objects=objects)


def _opened(file: CineFile) -> _Open:
    """Raises JobError."""
    assert file.data is not None
    with ExitStack() as stack:
        file_in = stack.enter_context(opened_upload(file.data, file.max_bytes, "the cine"))
        cine = file_in.cine
        height, width = cine.frame_hw
        if height * width > file.max_pixels:
            raise JobError(
                "image",
                f"the cine: {width} x {height} pixels a frame; this server takes up to "
                f"{file.max_pixels}; crop or shrink it",
            )
        cine = replace(cine, source="the cine")
        if file.size_mm is not None:
            size = file.size_mm
            cine = recalibrated(cine, lambda known: known.with_fallback("the request", size))
        header = file_in.header if file_in.is_dicom else None
        return _Open(cine, header, stack.pop_all())


def _prompts(cine: Cine, requested: tuple[FramePromptRequest, ...]) -> dict[int, dict[int, Prompt]]:
    """Checked and clipped, by frame and structure. Raises JobError."""
    found: dict[int, dict[int, Prompt]] = {}
    for one in requested:
        prompt, _ = checked(one.place, one.prompt, cine.frame_hw)
        found.setdefault(one.frame, {})[one.object] = prompt
    return found


def _object(one: ObjectResult) -> TrackedObjectOut:
    mask_hw = np.asarray(one.mask.mask_hw)
    return TrackedObjectOut(
        object=one.number,
        status=one.status or "",
        confidence=one.confidence or 0.0,
        quality=round(one.mask.quality, 4),
        rle=RleOut(size=list(mask_hw.shape), counts=compressed(run_lengths(mask_hw))),
        box_xyxy=None if one.mask.box_xyxy is None else list(one.mask.box_xyxy),
        area_px=one.area_px,
        area_mm2=one.area_mm2,
    )
