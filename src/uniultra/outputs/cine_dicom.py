"""The DICOM results of a cine, gathered frame by frame and written at the end: SEG, Secondary Capture and SR.

The SR names two frames of each structure, those of its largest and smallest area; of a left ventricle they
are end-diastole and end-systole, and volumes and ejection fraction stand beside them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from pydicom.dataset import Dataset

from uniultra.errors import OutputError
from uniultra.io.dicom.captured import CapturedFrames
from uniultra.io.dicom.notices import is_by_hand, notice_for
from uniultra.io.dicom.sc import cine_capture, encoded, marked
from uniultra.io.dicom.seg import Segment, segmentation
from uniultra.io.dicom.source import Model, SourceImage, write_dataset
from uniultra.io.dicom.sr import DIASTOLE, LARGEST, SMALLEST, SYSTOLE, Ejection, Finding, report
from uniultra.io.input_file import InputFile
from uniultra.io.label_tiff import PackedMasks
from uniultra.model_facts import ModelFacts
from uniultra.outputs.frame_dicom import dicom_source, maker
from uniultra.outputs.plan import OutputPlan
from uniultra.results import FrameResult, ObjectResult


@dataclass
class CineDicom:
    """What is kept for the DICOM results of a cine.

    Attributes:
        source: what they refer to.
        kinds: those that are written, of seg, sc and sr.
        packed: masks of each structure, one bit a pixel.
        captures: of each frame its overlay as JPEG, in a temporary file.
        models: of each structure those that made its masks, in their order.
        extremes: of each structure the findings of its largest and smallest area.
    """

    source: SourceImage
    kinds: tuple[str, ...]
    packed: list[PackedMasks] = field(default_factory=list)
    captures: CapturedFrames = field(default_factory=CapturedFrames)
    picture_hw: tuple[int, int] = (0, 0)
    labels: list[str] = field(default_factory=list)
    colours: list[tuple[int, int, int] | None] = field(default_factory=list)
    models: list[dict[Model, None]] = field(default_factory=list)
    extremes: dict[int, tuple[Finding, Finding]] = field(default_factory=dict)

    def add(self, result: FrameResult, picture: np.ndarray | None) -> None:
        """One frame; `picture` is its overlay, RGB, where a Secondary Capture is written."""
        self.labels[:] = [found.label for found in result.objects]
        self.colours[:] = [found.colour_rgb for found in result.objects]
        self.models = self.models or [{} for _ in result.objects]
        for known, found in zip(self.models, result.objects, strict=True):
            own = ((result.model.name, result.model.version),)
            known |= dict.fromkeys(own if found.models is None else found.models)
        if "seg" in self.kinds:
            self._pack(result)
        if picture is not None:
            self.capture(result, picture)
        for found in result.objects if "sr" in self.kinds else ():
            if found.status in (None, "sure") and found.measured.shape is not None:
                self._keep(found, result.at)

    def capture(self, result: FrameResult, picture: np.ndarray) -> None:
        """Adds a frame's overlay, RGB, to the Secondary Capture."""
        rgb = marked(picture, notice_for([one.models for one in result.objects if one.status != "lost"]))
        self.picture_hw = rgb.shape[0], rgb.shape[1]
        self.captures.add(result.at, encoded(rgb))

    def write(self, parts: Mapping[str, Path], model: ModelFacts, ejection: dict[str, Any] | None) -> None:
        """Writes each kind, but an SR where there is nothing to report. `ejection` is what
        `course.ejection_json` says. Raises OutputError.
        """
        for kind in ("seg", "sc", "sr"):
            if kind in parts and (kind != "sr" or self.extremes):
                write_dataset(parts[kind], self.made(kind, model, ejection))

    def made(self, kind: str, model: ModelFacts, ejection: dict[str, Any] | None = None) -> Dataset:
        """One of the kinds, of all frames that were added. Raises OutputError."""
        models = [tuple(own) for own in self.models]
        origin = maker(model, is_by_hand(models))
        if kind == "seg":
            parts = zip(self.labels, self.packed, self.colours, models, strict=True)
            return segmentation(self.source, [Segment(*part) for part in parts], origin)
        if kind == "sc":
            about = self.labels, self.picture_hw
            return cine_capture(self.source, self.captures, about, origin, notice_for(models))
        return self._report(model, ejection)

    def _report(self, model: ModelFacts, ejection: dict[str, Any] | None) -> Dataset:
        found = None
        if ejection is not None and ejection["id"] in self.extremes:
            found = ejection_of(ejection, self.extremes[ejection["id"]][0].label)
        findings = [one for pair in self.extremes.values() for one in dict.fromkeys(pair)]
        if not findings:
            raise OutputError("no structure was surely found on any frame; leave out the SR")
        if found is not None and ejection is not None:  # its frames alone are end-diastole and end-systole
            findings = [
                one for number, pair in self.extremes.items() for one in pair if number != ejection["id"]
            ] + self.phases(ejection["id"])
        return report(self.source, findings, maker(model), ejection=found)

    def phases(self, number: int) -> list[Finding]:
        """A ventricle's findings, named as phases."""
        pair = self.extremes.get(number)
        return [] if pair is None else [replace(pair[0], moment=DIASTOLE), replace(pair[1], moment=SYSTOLE)]

    def _pack(self, result: FrameResult) -> None:
        if not self.packed:
            size = result.frame.height, result.frame.width
            self.packed.extend(PackedMasks(size) for _ in result.objects)
        for kept, mask in zip(self.packed, result.masks, strict=True):
            kept.add(result.at, mask.mask_hw)

    def _keep(self, found: ObjectResult, frame: int) -> None:
        shape = found.measured.shape
        assert shape is not None
        largest, smallest = self.extremes.get(found.number, (None, None))
        about = (found.label, frame, found.mask.mask_hw, shape)
        if largest is None or found.area_px > np.count_nonzero(largest.mask_hw):
            largest = Finding(*about, LARGEST, found.models)
        if smallest is None or found.area_px < np.count_nonzero(smallest.mask_hw):
            smallest = Finding(*about, SMALLEST, found.models)
        self.extremes[found.number] = largest, smallest


def cine_dicom(
    plan: OutputPlan, source: InputFile, kinds: tuple[str, ...]
) -> tuple[CineDicom | None, tuple[str, ...]]:
    """What gathers these kinds; notes and errors are those of `dicom_source`, and None as there."""
    dataset, notes = dicom_source(plan, source)
    if dataset is None:
        return None, notes
    return CineDicom(dataset, kinds, captures=CapturedFrames(plan.folder)), notes


def ejection_of(report: dict[str, Any], label: str) -> Ejection | None:
    """What `course.ejection_json` says of a ventricle, as an SR takes it; None where it has no answer."""
    if "ejection_fraction" not in report:
        return None
    high, low = report["end_diastole"], report["end_systole"]
    return Ejection(
        label,
        (high["frame"], low["frame"]),
        None if "volume_reason" in report else (high["volume"]["value"], low["volume"]["value"]),
        report["ejection_fraction"]["value"],
    )
