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

from uniultra.io.dicom.source import (
    NOTICE,
    UTF_8,
    Maker,
    as_still,
    by_highdicom,
    legal_label,
    need_highdicom,
    refer,
    study_of,
    write_dataset,
)
from uniultra.io.paths import PathLike
from uniultra.io.silence import quiet
from uniultra.measure import Measurement
from uniultra.measure.edge import edge_line
from uniultra.measure.measured import named
from uniultra.measure.shape import Shape

NAMES = {
    "area": Code("42798000", "SCT", "Area"),
    "perimeter": Code("131191004", "SCT", "Perimeter"),
    "long_diameter": Code("103339001", "SCT", "Long Axis"),
    "short_diameter": Code("103340004", "SCT", "Short Axis"),
    "ellipse_long_axis": Code("ellipse_long_axis", "99UNIULTRA", "Long axis of the fitted ellipse"),
    "ellipse_short_axis": Code("ellipse_short_axis", "99UNIULTRA", "Short axis of the fitted ellipse"),
    "ellipse_circumference": Code("74551000", "SCT", "Circumference"),
    "equivalent_diameter": Code("equivalent_diameter", "99UNIULTRA", "Diameter of the circle of equal area"),
}
"""Measures of `measure.report.named`: codes of SNOMED CT where it has one, else this project's own."""
UNITS = {
    "mm": Code("mm", "UCUM", "millimeter"),
    "mm2": Code("mm2", "UCUM", "square millimeter"),
    "px": Code("{pixels}", "UCUM", "pixels"),
    "px2": Code("{square_pixels}", "UCUM", "square pixels"),
}
_MOST_POINTS = 4000
"""Of an outline: GraphicData (VR FL) holds 65,534 bytes, 8 a point (PS3.5 7.1.2)."""


@dataclass(frozen=True)
class Finding:
    """One structure on one frame (from 0) of the source: its mask, bool (H, W), and its shape."""

    label: str
    frame: int
    mask_hw: np.ndarray = field(repr=False)
    shape: Shape


def write_report(
    path: PathLike, source: Dataset, findings: Sequence[Finding], maker: Maker, force: bool = False
) -> Dataset:
    """Writes a Comprehensive SR and returns it. UIDs are new ones; it is neither final nor verified.

    Raises:
        OutputError: highdicom isn't installed or refuses the source, a label isn't legal, or the file can't
            be written.
    """
    need_highdicom(path)
    dataset = report(source, findings, maker)
    write_dataset(path, dataset, force)
    return dataset


@quiet("pydicom")  # its warnings quote values
def report(source: Dataset, findings: Sequence[Finding], maker: Maker) -> Dataset:
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
    with by_highdicom("SR"):
        content = hd.sr.MeasurementReport(
            observation_context=hd.sr.ObservationContext(observer_device_context=observer),
            procedure_reported=Code("16310003", "SCT", "Diagnostic ultrasonography"),
            imaging_measurements=[_group(hd, source, finding) for finding in findings],
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
    made.SeriesDescription = NOTICE
    refer(made, source)
    made.SpecificCharacterSet = UTF_8
    if study_of(source) != source.StudyInstanceUID:
        made.PertinentOtherEvidenceSequence = made.CurrentRequestedProcedureEvidenceSequence
        del made.CurrentRequestedProcedureEvidenceSequence
        made.StudyInstanceUID = study_of(source)
    return made


def _group(hd: Any, source: Dataset, finding: Finding) -> Any:
    frames = [finding.frame + 1] if source.NumberOfFrames > 1 else None
    image = hd.sr.SourceImageForRegion(UltrasoundImageStorage, source.SOPInstanceUID, frames)
    region = hd.sr.ImageRegion(
        graphic_type="POLYLINE", graphic_data=edge_line(finding.mask_hw, _MOST_POINTS), source_image=image
    )
    return hd.sr.PlanarROIMeasurementsAndQualitativeEvaluations(
        tracking_identifier=hd.sr.TrackingIdentifier(uid=hd.UID(), identifier=legal_label(finding.label)),
        referenced_region=region,
        measurements=[_measurement(hd, item.name, item.measurement) for item in named(finding.shape)],
    )


def _measurement(hd: Any, name: str, found: Measurement) -> Any:
    return hd.sr.Measurement(name=NAMES[name], value=float(f"{found.value:.6g}"), unit=UNITS[found.unit])
