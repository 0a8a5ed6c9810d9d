"""DICOM SR with measurements (PS3.16 TID 1500), by highdicom: each structure's outline on the image, and its numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from pydicom.dataset import Dataset
from pydicom.sr.coding import Code

from uniultra.io.dicom.source import Maker, need_highdicom, write_dataset
from uniultra.io.paths import PathLike
from uniultra.io.quiet import quiet
from uniultra.measure import Measurement
from uniultra.measure.outline import main_part
from uniultra.measure.report import named
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
_MOST_POINTS = 200


@dataclass(frozen=True)
class Finding:
    """One structure on one frame (from 0) of the source: its mask, bool (H, W), and its shape."""

    label: str
    frame: int
    mask_hw: np.ndarray = field(repr=False)
    shape: Shape


def write_report(path: PathLike, source: Dataset, findings: Sequence[Finding], maker: Maker, force: bool = False) -> Dataset:
    """Writes a Comprehensive SR and returns it. UIDs are new ones; it is neither final nor verified.

    Raises:
        OutputError: highdicom isn't installed, or the file can't be written.
    """
    need_highdicom(path)
    dataset = report(source, findings, maker)
    write_dataset(path, dataset, force)
    return dataset


def report(source: Dataset, findings: Sequence[Finding], maker: Maker) -> Dataset:
    """The data set that `write_report` writes."""
    import highdicom as hd
    from pydicom.sr.codedict import codes

    device = hd.sr.DeviceObserverIdentifyingAttributes(
        uid=hd.UID(), name=maker.manufacturer, manufacturer_name=maker.manufacturer, model_name=f"{maker.model} {maker.model_version}"
    )
    observer = hd.sr.ObserverContext(observer_type=codes.DCM.Device, observer_identifying_attributes=device)
    with quiet("highdicom"):
        content = hd.sr.MeasurementReport(
            observation_context=hd.sr.ObservationContext(observer_device_context=observer),
            procedure_reported=Code("16310003", "SCT", "Diagnostic ultrasonography"),
            imaging_measurements=[_group(hd, source, finding) for finding in findings],
            title=codes.DCM.ImagingMeasurementReport,
        )
        return hd.sr.ComprehensiveSR(
            evidence=[source],
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


def _group(hd: Any, source: Dataset, finding: Finding) -> Any:
    frames = [finding.frame + 1] if source.NumberOfFrames > 1 else None
    image = hd.sr.SourceImageForRegion(source.SOPClassUID, source.SOPInstanceUID, frames)
    region = hd.sr.ImageRegion(graphic_type="POLYLINE", graphic_data=_polyline(finding.mask_hw), source_image=image)
    return hd.sr.PlanarROIMeasurementsAndQualitativeEvaluations(
        tracking_identifier=hd.sr.TrackingIdentifier(uid=hd.UID(), identifier=finding.label[:64]),
        referenced_region=region,
        measurements=[_measurement(hd, item.name, item.measurement) for item in named(finding.shape)],
    )


def _measurement(hd: Any, name: str, found: Measurement) -> Any:
    return hd.sr.Measurement(name=NAMES[name], value=float(f"{found.value:.6g}"), unit=UNITS[found.unit])


def _polyline(mask_hw: np.ndarray) -> np.ndarray:
    """The outline through the centres of the edge's pixels, closed, (N, 2). SR counts from the corner of the first pixel, so its centre
    is at 0.5, 0.5 (PS3.3 C.18.6).
    """
    contours, _ = cv2.findContours(main_part(mask_hw)[0].astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    points = max(contours, key=len)[:, 0].astype(np.float64)
    points = points[:: max(1, -(-len(points) // _MOST_POINTS))] + 0.5
    return np.concatenate([points, points[:1]])
