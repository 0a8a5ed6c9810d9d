"""The computing itself: jobs to answers. Everything hostile (image files, mask files, run lengths) is parsed
here, away from the server.
"""

from __future__ import annotations

import io
import time
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from PIL import Image

from uniultra.backends.protocol import Backend
from uniultra.io.coco import compressed, run_lengths
from uniultra.measure.measured import as_json
from uniultra.prompt_checks import unheard
from uniultra.results import ObjectResult, with_masks_notes
from uniultra.segmenter import Segmenter
from uniultra.web.cache import CachedBackend, EmbeddingCache
from uniultra.web.cine_desk import CineDesk
from uniultra.web.messages import (
    Answer,
    CineJob,
    Derive,
    Failure,
    FileJob,
    Forget,
    Job,
    JobError,
    Read,
    Segment,
    Upload,
)
from uniultra.web.schemas import MaskOut, RleOut, ScaleOut, said_of
from uniultra.web.worker_dicom import derive, origin_of
from uniultra.web.worker_prompts import checked, opened_upload
from uniultra.web.workspace.desk import Desk


@dataclass(frozen=True)
class Worker:
    """One thread's engine and embeddings."""

    backend: Backend
    cache: EmbeddingCache
    abandoned: Callable[[], bool] = lambda: False
    """Whether the client of the job under way has gone."""
    desk: Desk = field(init=False)
    cines: CineDesk = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "desk", Desk(self.backend, self.cache, self.abandoned))
        object.__setattr__(self, "cines", CineDesk(self.backend, self.abandoned))

    def run(self, job: Job) -> Answer | Failure:
        """Does a job; whatever goes wrong is a Failure."""
        began = time.perf_counter()
        try:
            value = self._do(job)
        except JobError as error:
            return error.failure
        except MemoryError:
            return Failure("image", "the image: this machine has too little memory for it; shrink it")
        except (
            Exception
        ) as error:  # a bug of ours must not end the process; its text may hold what is private
            return Failure("bug", type(error).__name__)
        return Answer(value, 1000 * (time.perf_counter() - began), self.cache.state)

    def _do(self, job: Job) -> Any:
        match job:
            case Read():
                return read_upload(job)
            case Segment():
                return self._segment(job)
            case Derive():
                return derive(job, self.backend.facts)
            case FileJob():
                return self.desk.run(job)
            case CineJob():
                return self.cines.run(job)
            case Forget():
                self.cache.forget(job.image_ids)
                self.cines.forget(job.image_ids)

    def _segment(self, job: Segment) -> tuple[MaskOut, ...]:
        """Prompt by prompt, so that one mask at a time is in memory and the time is looked at in between: as
        `Segmenter.segment` has it.
        """
        ends = time.monotonic() + job.work_s
        segmenter = Segmenter(CachedBackend(self.backend, self.cache, job.image_id), threads=1)
        frame_hw = job.frame.height, job.frame.width
        requested = [checked(number, one, frame_hw) for number, one in enumerate(job.prompts, start=1)]
        found: list[MaskOut] = []
        for prompt, clips in requested:
            notes = (*unheard([prompt], segmenter.facts), *clips)
            if self.abandoned():
                raise JobError("worker-lost", "the client has gone")
            if time.monotonic() > ends:
                raise JobError(
                    "time-limit",
                    f"{len(found)} of {len(requested)} prompts were done in {job.work_s:g} s, which is "
                    "the limit; request fewer at a time",
                )
            answer, *rest = (
                _found(job, ObjectResult(len(found) + 1, mask, prompt), notes)
                for mask in segmenter.alternatives(job.frame, prompt, job.alternatives)
            )
            found.append(answer.model_copy(update={"alternatives": rest}))
        return tuple(found)


def read_upload(job: Read) -> Upload:
    """The frame of uploaded bytes, and what results refer to: the one place where the server reads images.
    Raises JobError.
    """
    with opened_upload(job.data, job.max_bytes, "the image") as source:
        frame = source.frame(job.options.frame)
        origin = origin_of(source, job.options.frame)
    if frame.pixels_hw.size > job.max_pixels:
        raise JobError(
            "image",
            f"the image: {frame.width} x {frame.height} pixels; this server takes up to {job.max_pixels} "
            "in all; crop or shrink it",
        )
    calibration, spacing = frame.calibration, job.options.size_mm
    if spacing is not None:
        calibration = calibration.with_fallback("the request", spacing)
    return Upload(replace(frame, source="", calibration=calibration), origin)


def _found(job: Segment, result: ObjectResult, notes: tuple[str, ...]) -> MaskOut:
    """An answer, with its run lengths in any case; the server keeps it by them, and gives it an id."""
    mask, scale = result.mask, result.scale
    return MaskOut(
        mask_id=None,
        rle=RleOut(size=[*mask.mask_hw.shape], counts=compressed(run_lengths(mask.mask_hw))),
        png=b64encode(png_of(mask.mask_hw)).decode("ascii") if job.png else None,
        box_xyxy=None if mask.box_xyxy is None else [*mask.box_xyxy],
        area_px=result.area_px,
        area_mm2=result.area_mm2,
        scale=ScaleOut(
            spacing_mm_yx=None if scale.spacing_mm_yx is None else [*scale.spacing_mm_yx],
            source=scale.source,
            reason=scale.reason,
            notes=[*scale.notes],
            said=said_of(scale.reason, *scale.notes),
        ),
        quality=round(mask.quality, 4),
        measures=as_json(result.measured) if job.measures else None,
        notes=[*with_masks_notes(notes, [mask])],
    )


def png_of(mask_hw: np.ndarray) -> bytes:
    """A mask as a 1-bit PNG, white inside."""
    buffer = io.BytesIO()
    Image.fromarray(mask_hw).save(buffer, format="PNG")
    return buffer.getvalue()
