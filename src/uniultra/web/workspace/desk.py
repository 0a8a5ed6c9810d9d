"""The jobs of a page, done: what one computing process holds open for it, and the answers.

Everything hostile (files, masks in run lengths) is parsed here, away from the server.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from uniultra.backends.protocol import Backend
from uniultra.errors import PromptError, UniUltraError
from uniultra.geometry import scale_of, whole
from uniultra.io.coco import compressed, run_lengths
from uniultra.io.rle import mask_of
from uniultra.measure.measured import as_json
from uniultra.measure.measured import number as number_json
from uniultra.measure.volume import View, ejection_fraction, simpson
from uniultra.prompt_checks import check_prompt
from uniultra.results import FrameResult, ObjectResult
from uniultra.segmenter import Segmenter
from uniultra.types import Cine, Embedding, Frame, Mask, Prompt, Region
from uniultra.web.cache import CachedBackend, EmbeddingCache
from uniultra.web.messages import Ask, Failure, FileJob, Rle
from uniultra.web.workspace.follow import Follower
from uniultra.web.workspace.jobs import (
    Alternatives,
    Ejection,
    Encoded,
    Export,
    Exported,
    FileFacts,
    MeasureMask,
    OpenFile,
    Picture,
    Point,
    Pointed,
    SavedObject,
    Track,
    Tracked,
    Warm,
    WorkspaceValue,
)
from uniultra.web.workspace.open_cine import OpenCine

KEPT_FILES = 3
JPEG_QUALITY = 90
DRAWN_LOGIT = 10.0
"""Logits of a mask that comes back from a page, which has none of its own."""


class Desk:
    """One process's open files. One thread's own: nothing is locked."""

    def __init__(self, backend: Backend, cache: EmbeddingCache) -> None:
        self.backend, self.cache, self.follower = backend, cache, Follower()
        self._open: OrderedDict[Path, OpenCine] = OrderedDict()

    def run(self, job: FileJob) -> WorkspaceValue | Failure | None:
        """The answer, or what is wrong with the file or the prompt; other errors are the caller's."""
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
        }
        try:
            return handlers[type(job)](job)
        except PromptError as error:
            return Failure("prompt", _nameless(error, job.path))
        except UniUltraError as error:
            return Failure("output" if isinstance(job, Export) else "image", _nameless(error, job.path))

    def _cine(self, path: Path) -> OpenCine:
        stamp = _stamp(path)
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
        return Segmenter(CachedBackend(self.backend, self.cache, str(job.path)))

    def _encoded(self, job: FileJob, number: int, region: Region | None = None) -> Embedding:
        """One region of a frame (None: all of it), encoded once for as long as the cache keeps it."""
        frame, segmenter = self._frame(job, number), self._segmenter(job)
        seen = region or whole((frame.height, frame.width))
        key = str(job.path), f"{self._open[job.path].stamp} {number} {seen}".encode()
        features = self.cache.get(key)
        if features is None:
            features = segmenter.encode(frame, seen).features
            self.cache.put(key, features)
        return Embedding(features, seen, (frame.height, frame.width), frame.calibration)

    def _facts(self, job: OpenFile) -> FileFacts:
        opened = self._cine(job.path)
        first = self._frame(job, 0)  # a file whose first frame can't be read is refused when it is opened
        cine = opened.cine
        return FileFacts(
            opened.file.kind, cine.frame_hw, cine.count, cine.times_s, first.calibration, cine.notes
        )

    def _picture(self, job: Picture) -> Encoded:
        pixels = self._frame(job, job.number).pixels_hw
        name, options = ".png", [cv2.IMWRITE_PNG_COMPRESSION, 1]
        if not job.exact:
            name, options = ".jpg", [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
        done, data = cv2.imencode(name, pixels, options)
        assert done, f"no {name} for {pixels.shape}"
        return Encoded(data.tobytes(), "image/png" if job.exact else "image/jpeg")

    def _warm(self, job: Warm) -> None:
        self._encoded(job, job.number)

    def _point(self, job: Point) -> Pointed:
        frame = self._frame(job, job.number)
        prompt = prompt_of(job.ask, (frame.height, frame.width))
        mask, region = self._answer(job, frame, prompt)
        return _pointed(mask, region, prompt)

    def _alternatives(self, job: Alternatives) -> tuple[Pointed, ...]:
        frame = self._frame(job, job.number)
        prompt = prompt_of(job.ask, (frame.height, frame.width))
        masks = self._segmenter(job).alternatives(frame, prompt)
        return tuple(_pointed(mask, self._around(job, mask), prompt) for mask in masks)

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
        if job.quick:
            found = segmenter.refine(self._encoded(job, job.number), prompt)
            return found.mask, None
        region = (
            segmenter.region_for(prompt, frame_hw) if job.region is None else _region(job.region, frame_hw)
        )
        if region is not None:
            found = segmenter.refine(self._encoded(job, job.number, region), prompt)
            return found.mask, found.region
        [mask] = segmenter.segment(frame, [prompt])
        return mask, self._around(job, mask)

    def _measure(self, job: MeasureMask) -> dict[str, Any]:
        frame = self._frame(job, job.number)
        return as_json(_drawn(SavedObject(1, job.mask, None, 0.0), frame).measured)

    def _ejection(self, job: Ejection) -> dict[str, Any]:
        volumes = []
        for number, rle in zip(job.numbers, job.masks, strict=True):
            drawn = _drawn(SavedObject(1, rle, None, 0.0), self._frame(job, number))
            volumes.append(simpson((View(drawn.mask.mask_hw, drawn.scale),)))
        diastole, systole = volumes
        return {
            "diastole": number_json(diastole.volume),
            "systole": number_json(systole.volume),
            "fraction": number_json(ejection_fraction(diastole, systole)),
            "method": diastole.method,
            "notes": list(dict.fromkeys((*diastole.notes, *systole.notes))),
        }

    def _track(self, job: Track) -> tuple[Tracked, ...]:
        def start(frame: Frame) -> Prompt:
            """What the mask was prompted with, and the mask itself, which is a prompt too."""
            ask = replace(job.ask or Ask(), mask=job.mask)
            return prompt_of(ask, (frame.height, frame.width))

        def read(number: int) -> Frame:
            return self._frame(job, number)

        cine = self._cine(job.path).cine  # frames of a track pass by once: their embeddings aren't kept
        return self.follower.follow(job, Segmenter(self.backend), read, start, cine.count)

    def _export(self, job: Export) -> Exported:
        from uniultra.web.workspace.export import export

        return export(job, self._cine(job.path).file, self._segmenter(job).facts, self._results(job))

    def _results(self, job: Export) -> tuple[Cine, list[FrameResult]]:
        cine, facts = self._cine(job.path).cine, self._segmenter(job).facts
        results = []
        for saved in job.frames:
            frame = self._frame(job, saved.number)
            objects = tuple(_drawn(one, frame) for one in saved.objects)
            time_s = None if cine.times_s is None else round(cine.times_s[saved.number], 6)
            number = saved.number if cine.count > 1 else None
            results.append(FrameResult(frame, objects, facts, number, time_s))
        return cine, results


def _pointed(mask: Mask, region: Region | None, prompt: Prompt) -> Pointed:
    result = ObjectResult(1, mask, prompt)
    return Pointed(
        counts=compressed(run_lengths(mask.mask_hw)),
        box_xyxy=mask.box_xyxy,
        area_px=result.area_px,
        area_mm2=result.area_mm2,
        quality=round(mask.quality, 4),
        scale=mask.scale,
        region=None if region is None else (region.x0, region.y0, region.x1, region.y1),
    )


def prompt_of(ask: Ask, frame_hw: tuple[int, int]) -> Prompt:
    """The checked prompt of an ask. Raises PromptError."""
    previous = mask_from(ask.mask, frame_hw) if isinstance(ask.mask, Rle) else None
    if previous is not None and not previous.any():
        previous = None
    labels = ask.labels or (1,) * len(ask.points_xy)
    prompt = Prompt(ask.box_xyxy, ask.points_xy, labels, previous)  # type: ignore[arg-type]
    check_prompt(prompt, frame_hw)
    return prompt


def mask_from(rle: Rle, frame_hw: tuple[int, int]) -> np.ndarray:
    """The bool mask (H, W) of run lengths.

    Raises PromptError where they aren't those of a frame of this size.
    """
    if rle.size_hw != frame_hw:
        sizes = (
            f"{rle.size_hw[1]}x{rle.size_hw[0]} pixels; it must have the frame's size, "
            f"{frame_hw[1]}x{frame_hw[0]}"
        )
        raise PromptError(f"the mask is {sizes}")
    return mask_of(rle.counts, frame_hw)


def _drawn(saved: SavedObject, frame: Frame) -> ObjectResult:
    """What a page sends back, as a result."""
    frame_hw = frame.height, frame.width
    inside = mask_from(saved.mask, frame_hw)
    prompt = None if saved.ask is None else prompt_of(saved.ask, frame_hw)
    logits = np.where(inside, DRAWN_LOGIT, -DRAWN_LOGIT).astype(np.float32)
    scale = scale_of(frame.calibration, inside, prompt)
    return ObjectResult(saved.number, Mask(inside, logits, saved.quality, scale), prompt, name=saved.name)


def _region(edges: tuple[float, float, float, float], frame_hw: tuple[int, int]) -> Region:
    """The crop that a page names. Raises PromptError where no answer can have named it."""
    x0, y0, x1, y1 = edges
    least, most = 1.0, 20.0 * max(frame_hw)
    if not (least <= x1 - x0 <= most and least <= y1 - y0 <= most) or max(map(abs, edges)) > most:
        given = ",".join(f"{v:g}" for v in edges)
        raise PromptError(f"region {given} is not one that an answer named; send it as it was given, or null")
    return Region(x0, y0, x1, y1)


def _stamp(path: Path) -> tuple[int, int]:
    """By which a file that was written anew is noticed; (0, 0) where there is none, which opening it will
    say.
    """
    try:
        info = path.stat()
    except OSError:
        return 0, 0
    return info.st_mtime_ns, info.st_size


def _nameless(error: Exception, path: Path) -> str:
    """A message without the folders of the file: the page knows it by its name."""
    return str(error).replace(str(path), path.name).replace(str(path.parent) + "/", "")
