"""The jobs of a page, done: what one computing process holds open for it, and the answers.

Everything hostile (files, masks in run lengths) is parsed here, away from the server.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from uniultra.backends.protocol import Backend
from uniultra.click_views import turns
from uniultra.errors import PromptError, UniUltraError
from uniultra.geometry import embedding_of, whole
from uniultra.io.output import write_png
from uniultra.measure.measured import as_json
from uniultra.model_facts import ModelFacts
from uniultra.results import FrameResult, ObjectResult, objects_notes
from uniultra.segmenter import Segmenter
from uniultra.types import Cine, Embedding, Frame, Mask, Prompt, Region
from uniultra.web.cache import CachedBackend, EmbeddingCache
from uniultra.web.messages import FileJob, JobError, PromptRequest, Rle
from uniultra.web.workspace.answers import (
    compared,
    drawn_caliper,
    drawn_result,
    ejection,
    empty_result,
    mask_from,
    nameless,
    pointed,
    prompt_of,
    reduced,
    region_of,
    two_planes,
    with_calipers,
)
from uniultra.web.workspace.banners import covered, scanner_of
from uniultra.web.workspace.follow import Follower
from uniultra.web.workspace.jobs import (
    QUICK_SIDE,
    Alternatives,
    Compare,
    Compared,
    Ejection,
    Encoded,
    Export,
    Exported,
    FileFacts,
    MeasureMask,
    OpenFile,
    Picture,
    Planes,
    Point,
    Pointed,
    SavedObject,
    Tables,
    Tabulate,
    Teach,
    Track,
    Tracked,
    Warm,
    WorkspaceValue,
    mask_name,
)
from uniultra.web.workspace.makers import maker_of, makers_note, mask_notes, models_of
from uniultra.web.workspace.open_cine import OpenCine
from uniultra.web.workspace.stamps import stamp_of, stamp_text

KEPT_FILES = 3
Boxes = tuple[tuple[float, float, float, float], ...]


class Desk:
    """One process's open files. One thread's own: nothing is locked."""

    def __init__(
        self, backend: Backend, cache: EmbeddingCache, abandoned: Callable[[], bool] = lambda: False
    ) -> None:
        """`abandoned` says whether nobody waits for the job under way any more."""
        self.abandoned = abandoned
        self.backend, self.cache, self.follower = backend, cache, Follower()
        self._open: OrderedDict[Path, OpenCine] = OrderedDict()

    def run(self, job: FileJob) -> WorkspaceValue | None:
        """The answer. Raises JobError: the file or the prompt is wrong; other errors are the caller's."""
        handlers: dict[type, Callable[[Any], WorkspaceValue | None]] = {
            OpenFile: self._facts,
            Picture: self._picture,
            Warm: self._warm,
            Point: self._point,
            Alternatives: self._alternatives,
            MeasureMask: self._measure,
            Ejection: self._ejection,
            Track: self._track,
            Export: self._export,
            Tabulate: self._tabulate,
            Teach: self._teach,
            Compare: self._compare,
            Planes: self._planes,
        }
        try:
            return handlers[type(job)](job)
        except PromptError as error:
            raise JobError("prompt", nameless(error, job.path)) from error
        except UniUltraError as error:
            what = "output" if isinstance(job, Export | Teach) else "image"
            raise JobError(what, nameless(error, job.path)) from error

    def _cine(self, path: Path) -> OpenCine:
        stamp = stamp_of(path)
        found = self._open.get(path)
        if found is None or found.stamp != stamp:
            found = self._open[path] = OpenCine(path, stamp)
        self._open.move_to_end(path)
        while len(self._open) > KEPT_FILES:
            self._open.popitem(last=False)
        return found

    def _frame(self, job: FileJob, number: int) -> Frame:
        frame = self._cine(job.path).frame(number)
        if job.size_mm is None:
            return frame
        return replace(frame, calibration=frame.calibration.with_fallback("the workspace", job.size_mm))

    def _segmenter(self, job: FileJob) -> Segmenter:
        return Segmenter(CachedBackend(self.backend, self.cache, str(job.path)), threads=1)

    def _encoded(self, job: FileJob, number: int, region: Region | None = None) -> Embedding:
        """One region of a frame (None: all of it), encoded once for as long as the cache keeps it."""
        frame, segmenter = self._frame(job, number), self._segmenter(job)
        seen = region or whole((frame.height, frame.width))
        key = str(job.path), f"{self._open[job.path].stamp} {number} {seen}".encode()
        features = self.cache.get(key)
        if features is None:
            features = segmenter.encode(frame, seen).features
            self.cache.put(key, features)
        return embedding_of(features, frame, seen)

    def _facts(self, job: OpenFile) -> FileFacts:
        opened = self._cine(job.path)
        first = self._frame(job, 0)  # a file whose first frame can't be read is refused when it is opened
        cine = opened.cine
        return FileFacts(
            opened.file.kind,
            cine.frame_hw,
            cine.count,
            cine.times_s,
            first.calibration,
            cine.notes,
            scanner_of(opened.file, cine.frame_hw),
            stamp_text(opened.stamp),
        )

    def _picture(self, job: Picture) -> Encoded:
        opened = self._cine(job.path)
        exact = opened.cine.count == 1 if job.exact is None else job.exact
        return opened.picture(job.number, exact)

    def _warm(self, job: Warm) -> None:
        self._encoded(job, job.number)

    def _point(self, job: Point) -> Pointed:
        frame = self._frame(job, job.number)
        prompt = prompt_of(job.prompt, (frame.height, frame.width))
        mask, region = self._answer(job, frame, prompt)
        return pointed(mask, region, prompt, self._segmenter(job).facts)

    def _alternatives(self, job: Alternatives) -> tuple[Pointed, ...]:
        frame = self._frame(job, job.number)
        prompt = prompt_of(job.prompt, (frame.height, frame.width))
        masks = self._segmenter(job).alternatives(frame, prompt)
        facts = self._segmenter(job).facts
        return tuple(pointed(mask, self._around(job, mask), prompt, facts) for mask in masks)

    def _around(self, job: FileJob, mask: Mask) -> Region | None:
        """The crop around an answer; None around an empty one."""
        if not mask.mask_hw.any():
            return None
        return self._segmenter(job).region_for(Prompt(mask_hw=mask.mask_hw), mask.mask_hw.shape)  # type: ignore[arg-type]

    def _answer(self, job: Point, frame: Frame, prompt: Prompt) -> tuple[Mask, Region | None]:
        """The mask and the crop for the next prompt: one pass where a crop is known, several where clicks
        alone are given.
        """
        segmenter, frame_hw = self._segmenter(job), (frame.height, frame.width)
        if job.quick and prompt.box_xyxy is None and prompt.mask_hw is None:
            seen, clicks = reduced(self._encoded(job, job.number), prompt, QUICK_SIDE)
            return segmenter.refine(seen, clicks).mask, None
        region = (
            segmenter.region_for(prompt, frame_hw) if job.region is None else region_of(job.region, frame_hw)
        )
        if region is not None and len(turns(prompt, segmenter.facts.passes)) == 1:
            found = segmenter.refine(self._encoded(job, job.number, region), prompt)
            return found.mask, found.region
        [mask] = segmenter.segment(frame, [prompt])
        return mask, self._around(job, mask)

    def _measure(self, job: MeasureMask) -> dict[str, Any]:
        return as_json(self._saved(job, job.number, job.mask).measured)

    def _ejection(self, job: Ejection) -> dict[str, Any]:
        pairs = zip(job.numbers, job.masks, strict=True)
        diastole, systole = (self._saved(job, number, rle) for number, rle in pairs)
        cine = self._cine(job.path).cine
        (first, second), times = job.numbers, cine.times_s
        at = (None, None) if times is None else (times[first], times[second])
        found = ejection(diastole, systole, (first + 1, second + 1), at)  # as the page counts
        return found if times is not None else found | {"notes": [*found["notes"], *cine.notes]}

    def _planes(self, job: Planes) -> dict[str, Any]:
        first = self._saved(FileJob(job.first_path, job.first_mm), job.first_number, job.first_mask)
        return two_planes(first, self._saved(job, job.number, job.mask))

    def _saved(self, job: FileJob, number: int, rle: Rle) -> ObjectResult:
        """A mask that a page sent back, on its frame."""
        return drawn_result(SavedObject(1, rle, None, 0.0), self._frame(job, number))

    def _track(self, job: Track) -> tuple[Tracked, ...]:
        def start(frame: Frame) -> Prompt:
            return prompt_of(PromptRequest(mask=job.mask), (frame.height, frame.width))

        def read(number: int) -> Frame:
            return self._frame(job, number)

        cine = self._cine(job.path).cine  # frames of a track pass by once: their embeddings aren't kept
        return self.follower.follow(job, Segmenter(self.backend, threads=1), read, start, cine)

    def _export(self, job: Export) -> Exported:
        from uniultra.web.workspace.export import export

        named = maker_of(job.frames, self._segmenter(job).facts)
        made = self._results(job, named, job.banners)
        written = export(job, self._cine(job.path).file, named, made, self._check_awaited)
        return replace(written, notes=(*written.notes, *makers_note(job.frames, named)))

    def _tabulate(self, job: Tabulate) -> Tables:
        from uniultra.web.workspace.export import tables_of

        _, results = self._results(job, maker_of(job.frames, self._segmenter(job).facts))
        return tables_of(job.path.name, results)

    def _check_awaited(self) -> None:
        """Raises JobError where the client of the job under way has gone."""
        if self.abandoned():
            raise JobError("worker-lost", "the client has gone")

    def _compare(self, job: Compare) -> tuple[Compared, ...]:
        found = []
        for number, *rles in job.masks:
            frame = self._frame(job, number)
            first, second = (mask_from(rle, (frame.height, frame.width)) for rle in rles)
            found.append(compared(frame, first, second))
        return tuple(found)

    def _teach(self, job: Teach) -> tuple[str, ...]:
        names = []
        for number, kinds in job.frames:
            self._check_awaited()
            frame = covered(self._frame(job, number), job.banners)
            names.append(f"{job.name}.frame{number}.png")
            write_png(job.folder / "images" / names[-1], frame.pixels_hw)
            for kind, masks in enumerate(kinds):
                ids = np.zeros((frame.height, frame.width), np.uint8)
                for value, mask in enumerate(masks, start=1):
                    ids[mask_from(mask, (frame.height, frame.width))] = value
                write_png(job.folder / "masks" / mask_name(names[-1], kind), ids)
        return tuple(names)

    def _results(
        self, job: Tabulate, named: ModelFacts, banners: Boxes = ()
    ) -> tuple[Cine, list[FrameResult]]:
        cine = self._cine(job.path).cine
        results = []
        for saved in with_calipers(job):
            self._check_awaited()
            frame = covered(self._frame(job, saved.number), banners)
            objects = [
                replace(drawn_result(one, frame), notes=mask_notes(one, named), models=models_of(one))
                for one in saved.objects
            ]
            frame_hw = frame.height, frame.width
            objects += [
                empty_result(number, name, frame_hw, colour, "lost") for number, name, colour in saved.lost
            ]
            time_s = None if cine.times_s is None else round(cine.times_s[saved.number], 6)
            number = saved.number if cine.count > 1 else None
            notes = objects_notes(objects)
            calipers = tuple(drawn_caliper(one, frame) for one in job.calipers if one.frame == saved.number)
            found = FrameResult(frame, tuple(objects), named, number, time_s, notes=notes, calipers=calipers)
            results.append(found)
        return cine, results
