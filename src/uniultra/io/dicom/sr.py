"""DICOM SR with measurements (PS3.16 TID 1500), by highdicom: each structure's outline on the image, and its
numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from pydicom.dataset import Dataset
from pydicom.sr.coding import Code
from pydicom.uid import UltrasoundImageStorage

from uniultra.io.dicom.notices import described, notice_for
from uniultra.io.dicom.source import (
    UTF_8,
    Maker,
    Model,
    as_still,
    by_highdicom,
    legal_label,
    legal_model,
    need_highdicom,
    refer,
    study_of,
    write_dataset,
)
from uniultra.io.dicom.sr_codes import (
    ASSUMED,
    DISKS,
    EJECTION,
    EQUAL_PIXELS,
    LENGTH,
    NAMES,
    UNITS,
    VOLUMES,
)
from uniultra.io.paths import PathLike
from uniultra.io.silence import quiet
from uniultra.measure import Measurement
from uniultra.measure.edge import edge_line
from uniultra.measure.measured import named
from uniultra.measure.shape import Shape
from uniultra.structures import Coded, structure

_MOST_POINTS = 4000
"""Of an outline: GraphicData (VR FL) holds 65,534 bytes, 8 a point (PS3.5 7.1.2)."""


@dataclass(frozen=True)
class Moment:
    """Why this frame of a cine is reported, in words, and by a code where there is one (TID 1502)."""

    words: str
    code: Code | None = None


LARGEST, SMALLEST = Moment("largest area"), Moment("smallest area")
DIASTOLE = Moment("end-diastole: largest area", Code("416190007", "SCT", "End diastole"))
SYSTOLE = Moment("end-systole: smallest area", Code("416430001", "SCT", "End Systole"))


@dataclass(frozen=True, eq=False)
class Finding:
    """One structure on one frame (from 0) of the source: its mask, bool (H, W), its shape, of a cine why
    this frame is reported, and the models that made the mask, where that isn't the report's maker alone: none
    of one that a person drew.
    """

    label: str
    frame: int
    mask_hw: np.ndarray = field(repr=False)
    shape: Shape
    moment: Moment | None = None
    models: tuple[Model, ...] | None = None


@dataclass(frozen=True)
class Length:
    """A distance that a person measured on one frame (from 0) of the source, between two points (x, y)."""

    label: str
    frame: int
    ends_xy: tuple[tuple[float, float], tuple[float, float]]
    measurement: Measurement


@dataclass(frozen=True)
class Ejection:
    """Of a left ventricle: the frames (from 0) of end-diastole and end-systole, its volumes on them in ml by
    single-plane discs, and the ejection fraction in percent. Without millimetres it has no volumes, and
    its fraction rests on pixels being square and equally large.
    """

    label: str
    frames: tuple[int, int]
    volumes_ml: tuple[float, float] | None
    percent: float


def write_report(
    path: PathLike,
    source: Dataset,
    findings: Sequence[Finding],
    maker: Maker,
    force: bool = False,
    ejection: Ejection | None = None,
) -> Dataset:
    """Writes a Comprehensive SR and returns it. UIDs are new ones; it is neither final nor verified.

    Raises:
        OutputError: highdicom isn't installed or refuses the source, a label isn't legal, or the file can't
            be written.
    """
    need_highdicom(path)
    dataset = report(source, findings, maker, ejection)
    write_dataset(path, dataset, force)
    return dataset


@quiet("pydicom")  # its warnings quote values
def report(
    source: Dataset,
    findings: Sequence[Finding],
    maker: Maker,
    ejection: Ejection | None = None,
    lengths: Sequence[Length] = (),
) -> Dataset:
    """The data set that `write_report` writes."""
    import highdicom as hd
    from pydicom.sr.codedict import codes

    device = hd.sr.DeviceObserverIdentifyingAttributes(
        uid=hd.UID(),
        name=maker.manufacturer,
        manufacturer_name=maker.manufacturer,
        model_name=f"{maker.model} {maker.model_version}",
    )
    observer = hd.sr.ObserverContext(observer_type=codes.DCM.Device, observer_identifying_attributes=device)
    still = as_still(source)
    labels = [*(one.label for one in findings), *([ejection.label] if ejection is not None else [])]
    uids = {label: hd.UID() for label in labels}  # one for all frames of a structure
    with by_highdicom():
        groups = [_group(hd, source, finding, uids[finding.label], maker) for finding in findings]
        if ejection is not None:
            groups.append(_ejection(hd, source, ejection, uids[ejection.label], maker, findings))
        groups += [_length(hd, source, one) for one in lengths]
        content = hd.sr.MeasurementReport(
            observation_context=hd.sr.ObservationContext(observer_device_context=observer),
            procedure_reported=Code("16310003", "SCT", "Diagnostic ultrasonography"),
            imaging_measurements=groups,
            title=codes.DCM.ImagingMeasurementReport,
        )
        made = hd.sr.ComprehensiveSR(
            evidence=[still],
            content=content[0],
            series_instance_uid=hd.UID(),
            series_number=901,
            sop_instance_uid=hd.UID(),
            instance_number=1,
            manufacturer=maker.manufacturer,
            is_complete=True,
            is_final=False,
            is_verified=False,
        )
    makers = [*(one.models for one in findings), *([None] if ejection is not None else [])]
    made.SeriesDescription = described([*labels, *(one.label for one in lengths)], notice_for(makers))
    refer(made, source)
    made.SpecificCharacterSet = UTF_8
    if study_of(source) != source.StudyInstanceUID:
        made.PertinentOtherEvidenceSequence = made.CurrentRequestedProcedureEvidenceSequence
        del made.CurrentRequestedProcedureEvidenceSequence
        made.StudyInstanceUID = study_of(source)
    return made


def _group(hd: Any, source: Dataset, finding: Finding, uid: str, maker: Maker) -> Any:
    line, image = edge_line(finding.mask_hw, _MOST_POINTS), _on(hd, source, finding.frame)
    region = hd.sr.ImageRegion(graphic_type="POLYLINE", graphic_data=line, source_image=image)
    moment = finding.moment
    when = None
    if moment is not None:
        when = hd.sr.TimePointContext(f"{moment.words}, frame {finding.frame}", moment.code)
    numbers = [(NAMES[one.name], one.measurement) for one in named(finding.shape)]
    return hd.sr.PlanarROIMeasurementsAndQualitativeEvaluations(
        tracking_identifier=hd.sr.TrackingIdentifier(uid=uid, identifier=legal_label(finding.label)),
        referenced_region=region,
        time_point_context=when,
        **_what(hd, finding.label),
        algorithm_id=_algorithm(hd, finding.models, maker),
        measurements=[
            hd.sr.Measurement(name, float(f"{found.value:.6g}"), UNITS[found.unit]) for name, found in numbers
        ],
    )


def _algorithm(hd: Any, models: Sequence[Model] | None, maker: Maker) -> Any:
    """What made the mask (TID 4019), of which a group has room for one; None of one that a person drew."""
    for model in ((maker.model, maker.model_version),) if models is None else models:
        name, version = legal_model(model)
        return hd.sr.AlgorithmIdentification(name, version, manufacturer=maker.manufacturer)
    return None


def _what(hd: Any, label: str) -> dict[str, Any]:
    """Finding, category and site of a structure."""
    found = structure(label)
    site = found.region or (found.kind if found.listed else None)
    side = None if found.side is None else concept(found.side)
    sites = [] if site is None else [hd.sr.FindingSite(concept(site), laterality=side)]
    return {
        "finding_category": concept(found.category),
        "finding_type": concept(found.kind),
        "finding_sites": sites or None,
    }


def _on(hd: Any, source: Dataset, frame: int) -> Any:
    """Where coordinates belong: the source, and of a cine the frame (from 0)."""
    frames = [frame + 1] if source.NumberOfFrames > 1 else None
    return hd.sr.SourceImageForRegion(UltrasoundImageStorage, source.SOPInstanceUID, frames)


def _ejection(
    hd: Any, source: Dataset, found: Ejection, uid: str, maker: Maker, findings: Sequence[Finding]
) -> Any:
    """Volumes and ejection fraction (TID 1501), with the codes of an echocardiography report (TID 5202), and
    the outlines that they come from (TID 320): OHIF 3.13.13 ends at a group without any
    (findings/ohif_sr_number_alone.sh), unless one with the same tracking UID has some.
    """
    outlines = {one.frame: one.mask_hw for one in findings if one.label == found.label}

    def one(name: Code, value: float, unit: Code, frames: Sequence[int]) -> Any:
        listed = [frame + 1 for frame in frames]
        images = [hd.sr.SourceImageForMeasurement(UltrasoundImageStorage, source.SOPInstanceUID, listed)]
        lines = [
            hd.sr.CoordinatesForMeasurement(
                "POLYLINE", edge_line(outlines[frame], _MOST_POINTS), _on(hd, source, frame)
            )
            for frame in frames
            if frame in outlines
        ]
        return hd.sr.Measurement(
            name,
            float(f"{value:.6g}"),
            unit,
            method=DISKS,
            referenced_images=images,
            referenced_coordinates=lines or None,
        )

    sizes = [*zip(VOLUMES, found.volumes_ml or (), found.frames, strict=False)]
    listed = [frame + 1 for frame in found.frames]
    group = hd.sr.SourceImageForMeasurementGroup(UltrasoundImageStorage, source.SOPInstanceUID, listed)
    return hd.sr.MeasurementsAndQualitativeEvaluations(
        tracking_identifier=hd.sr.TrackingIdentifier(uid=uid, identifier=legal_label(found.label)),
        source_images=[group],
        algorithm_id=_algorithm(hd, None, maker),
        measurements=[
            *(one(name, ml, UNITS["ml"], (frame,)) for name, ml, frame in sizes),
            one(EJECTION, found.percent, UNITS["%"], found.frames),
        ],
        qualitative_evaluations=None if sizes else [hd.sr.QualitativeEvaluation(ASSUMED, EQUAL_PIXELS)],
        **_what(hd, found.label),
    )


def _length(hd: Any, source: Dataset, length: Length) -> Any:
    """A person's caliper (TID 1501): no algorithm, and its line on the image beside the number."""
    ends = np.array(length.ends_xy) + 0.5
    line = hd.sr.CoordinatesForMeasurement("POLYLINE", ends, _on(hd, source, length.frame))
    found = length.measurement
    value, unit = float(f"{found.value:.6g}"), UNITS[found.unit]
    return hd.sr.MeasurementsAndQualitativeEvaluations(
        tracking_identifier=hd.sr.TrackingIdentifier(uid=hd.UID(), identifier=length.label),
        measurements=[hd.sr.Measurement(LENGTH, value, unit, referenced_coordinates=[line])],
    )


def concept(code: Coded) -> Code:
    """A code as highdicom takes it."""
    return Code(code.value, code.scheme, code.meaning)
