"""The DICOM results of one frame: SEG, SR and Secondary Capture. Imports pydicom, which a picture doesn't
need.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from pydicom.dataset import Dataset

from uniultra import __version__
from uniultra.errors import FileError, OutputError
from uniultra.io.dicom.notices import is_by_hand, notice_for
from uniultra.io.dicom.sc import capture
from uniultra.io.dicom.seg import Segment, segmentation
from uniultra.io.dicom.source import Maker, SourceImage, source_of, write_dataset
from uniultra.io.dicom.sr import Finding, Length, report
from uniultra.io.input_file import InputFile
from uniultra.model_facts import ModelFacts
from uniultra.outputs.plan import OutputPlan
from uniultra.outputs.result_picture import draw_result
from uniultra.results import FrameResult

Notes = tuple[str, ...]


def maker(model: ModelFacts, by_hand: bool = False) -> Maker:
    """What DICOM results name as their origin: the model, or, of what a person alone drew and measured, this
    program.
    """
    if by_hand:
        return Maker("UniUltra", __version__, __version__)
    return Maker(model.name, model.version, __version__)


def dicom_source(plan: OutputPlan, source: InputFile) -> tuple[SourceImage | None, Notes]:
    """What DICOM results refer to, with notes. That nothing can refer to the source is only noted, and None,
    where no kind was named.

    Raises:
        FileError: nothing can refer to it, where a kind was named.
    """
    try:
        dataset = source_of(source.header, plan.keep_patient)
    except FileError as error:
        if plan.kinds is not None:
            raise
        return None, (f"no DICOM SEG is written: {error}",)
    return dataset, dataset.notes


def dicom_writers(
    plan: OutputPlan, source: InputFile, kinds: Iterable[str], result: FrameResult
) -> tuple[dict[str, Callable[[Path], object]], Notes]:
    """What writes each of these kinds to a path; notes and errors are those of `dicom_source`, and
    `derived_dataset`'s.
    """
    dataset, notes = dicom_source(plan, source)
    if dataset is None:
        return {}, notes
    made = {kind: derived_dataset(kind, dataset, source.path.name, result) for kind in kinds}
    return {kind: partial(write_dataset, dataset=one) for kind, one in made.items()}, notes


def derived_dataset(kind: str, dataset: SourceImage, name: str, result: FrameResult) -> Dataset:
    """One DICOM object of a frame's result; `name` is the image's in messages.

    Args:
        kind: of `plan.DICOM_KINDS`.
        dataset: what it refers to.

    Raises:
        OutputError: of an SR, highdicom refuses the source, or every mask is empty.
    """
    at, makers = result.number or 0, [one.models for one in result.objects]
    origin = maker(result.model, is_by_hand(makers))
    if kind == "sc":
        about = [one.label for one in result.objects], at
        return capture(dataset, draw_result(result), about, origin, notice_for(makers))
    if kind == "sr":
        findings = [
            Finding(one.label, at, one.mask.mask_hw, one.measured.shape, models=one.models)
            for one in result.objects
            if one.measured.shape is not None
        ]
        lengths = [Length(one.label, at, one.ends_xy, one.length) for one in result.calipers]
        if findings or lengths:
            return report(dataset, findings, origin, lengths=lengths)
        raise OutputError(f"{name}: every mask is empty, so there is nothing to report; leave out the SR")
    planes = [mask.mask_hw for mask in result.masks]
    if kind == "fractional":
        planes = [mask.probability_hw for mask in result.masks]
    segments = [
        Segment(one.label, {at: plane}, one.colour_rgb, one.models, result.automatic)
        for one, plane in zip(result.objects, planes, strict=True)
    ]
    return segmentation(dataset, segments, origin)
