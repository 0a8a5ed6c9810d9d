"""DICOM results of held images and tracks, as bytes: made where computing is done, of masks that are hostile
until read.
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from uniultra.errors import FileError, OutputError, PromptError, UniUltraError
from uniultra.geometry import scale_of
from uniultra.io.coco import mask_of
from uniultra.io.input_file import InputFile
from uniultra.model_facts import ModelFacts
from uniultra.results import FrameResult, ObjectResult
from uniultra.structures import legal_name
from uniultra.types import Cine, Frame, Mask
from uniultra.web.messages import NOT_DICOM, Derive, DeriveCine, Derived, JobError, Origin
from uniultra.web.worker_prompts import previous_of, without_path

if TYPE_CHECKING:
    from uniultra.io.dicom.header import Header

_WITHOUT_LOGITS = 8.0
"""Either way, of masks that are only known as bits."""


def origin_of(file: InputFile, number: int | None) -> Origin | None:
    """What results of an uploaded image refer to; None where it isn't DICOM."""
    if not file.is_dicom:
        return None
    from uniultra.io.dicom.source import source_of

    try:
        return Origin(source_of(file.header), source_of(file.header, keep_patient=True), number)
    except FileError as error:
        return Origin(refused=without_path(str(file.path), error))


def derive(job: Derive, model: ModelFacts) -> Derived:
    """Raises JobError."""
    from uniultra.outputs.frame_dicom import derived_dataset

    with _refused(job.kind):
        result = _result(job, model)
        source = job.origin.named if job.keep_patient else job.origin.anonymous
        made = derived_dataset(job.kind, source, "the image", result)
        return _file(made, source.notes)


def derive_cine(job: DeriveCine, cine: Cine, header: Header | None, model: ModelFacts) -> Derived:
    """The same of a track; `header` is that of the cine, None where it isn't DICOM. Raises JobError."""
    from uniultra.io.cines import chosen_frames
    from uniultra.outputs.cine_dicom import CineDicom
    from uniultra.outputs.result_picture import draw_result

    if header is None:
        raise JobError("output", NOT_DICOM.format("cine"))
    from uniultra.io.dicom.source import source_of

    with _refused(job.kind):
        source = source_of(header, job.keep_patient)
        names = {number: legal_name(label) for number, label in job.labels.items()}
        numbers = sorted({number for own in job.found.values() for number in own})
        if unknown := sorted(names.keys() - set(numbers)):
            raise PromptError(f"the track has no structure {unknown[0]}; name one that it has")
        gathered = CineDicom(source, (job.kind,))
        for at, frame in chosen_frames(cine, sorted(job.found)):
            own = job.found[at]
            objects = tuple(_tracked(frame, n, own.get(n, ("absent", "", 0.0)), names) for n in numbers)
            result = FrameResult(frame, objects, model, at, tracked=True)
            gathered.add(result, draw_result(result) if job.kind == "sc" else None)
        return _file(gathered.made(job.kind, model), source.notes)


def _result(job: Derive, model: ModelFacts) -> FrameResult:
    objects = []
    for number, given in enumerate(job.structures, start=1):
        try:
            inside = previous_of(given.mask, (job.frame.height, job.frame.width), "the mask")
            found = _object(job.frame, number, inside, legal_name(given.label), given.quality)
            models = () if given.by_hand == "drawn" else None
            objects.append(replace(found, by_hand=given.by_hand, models=models))
        except UniUltraError as error:
            raise JobError("prompt", f"structure {number}: {error}") from error
    return FrameResult(job.frame, tuple(objects), model, job.origin.number)


def _object(
    frame: Frame, number: int, inside: np.ndarray, name: str, quality: float | None, status: Any = None
) -> ObjectResult:
    logits = np.where(inside, np.float32(_WITHOUT_LOGITS), np.float32(-_WITHOUT_LOGITS))
    mask = Mask(inside, logits, math.nan if quality is None else quality, scale_of(frame.calibration, inside))
    return ObjectResult(number, mask, name=name, status=status, confidence=None)


def _tracked(
    frame: Frame, number: int, said: tuple[str, str, float], names: Mapping[int, str]
) -> ObjectResult:
    status, counts, quality = said
    size = frame.height, frame.width
    inside = mask_of(counts, size) if counts else np.zeros(size, np.bool_)
    return _object(frame, number, inside, names.get(number, ""), quality, status)


def _file(made: Any, notes: tuple[str, ...]) -> Derived:
    from uniultra.io.silence import quiet

    buffer = io.BytesIO()
    with quiet("pydicom"):
        made.save_as(buffer, enforce_file_format=True)
    return Derived(buffer.getvalue(), str(made.SOPInstanceUID), notes)


@contextmanager
def _refused(kind: str) -> Iterator[None]:
    from uniultra.outputs.plan import lacking

    try:
        if lacking(kind):
            raise OutputError(f"the server: kind {kind} {lacking(kind)}")
        yield
    except PromptError as error:
        raise JobError("prompt", str(error)) from error
    except UniUltraError as error:
        raise JobError("output", str(error)) from error
