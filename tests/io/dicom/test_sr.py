"""Structured reports: the numbers and the outline come back through pydicom and highdicom."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
import pytest

from dicom_checks import check_iod, group_models
from dicoms import PHI, dataset, picture, save
from phantoms import ellipse
from uniultra.io.dicom.source import Maker, read_source
from uniultra.io.dicom.sr import Finding, write_report
from uniultra.io.dicom.sr_codes import NAMES
from uniultra.measure.measured import named
from uniultra.measure.shape import measure_shape

hd = pytest.importorskip("highdicom", reason="highdicom is of the extra dicom")
MAKER = Maker("uniultra-mini", "0.1.0", "9.9")
MASK = ellipse((24, 36), (17, 12), (12, 8))


@pytest.mark.parametrize(("frames", "number"), [(1, 0), (5, 3)])
@pytest.mark.parametrize("spacing", [(0.5, 0.5), None])
def test_measurements_and_outline_come_back(
    tmp_path: Path, frames: int, number: int, spacing: tuple[float, float] | None
) -> None:
    path = save(dataset(picture(frames)), tmp_path / "a.dcm")
    shape = measure_shape(MASK, spacing)
    assert shape is not None
    write_report(
        tmp_path / "a.sr.dcm", read_source(path), [Finding("structure 1", number, MASK, shape)], MAKER
    )
    found = hd.sr.srread(tmp_path / "a.sr.dcm")
    [group] = found.content.get_planar_roi_measurement_groups()
    values = {item.name.meaning: (item.value, item.unit.value) for item in group.get_measurements()}
    for item in named(shape):
        value, unit = values[NAMES[item.name].meaning]
        assert value == pytest.approx(item.measurement.value, rel=1e-5)
        assert unit.startswith(item.measurement.unit.rstrip("2")) or unit in ("{pixels}", "{square_pixels}")
    region = group.roi
    assert region.value[0].tolist() == region.value[-1].tolist()
    # By pixel edges: 0, 0 is the outer corner of the first pixel (PS3.3 C.18.6).
    np.testing.assert_array_equal(region.value.min(axis=0), np.argwhere(MASK).min(axis=0)[::-1])
    np.testing.assert_array_equal(region.value.max(axis=0), np.argwhere(MASK).max(axis=0)[::-1] + 1)
    plain = pydicom.dcmread(tmp_path / "a.sr.dcm")
    references = [element.value for element in plain.iterall() if element.keyword == "ReferencedFrameNumber"]
    assert references == ([] if frames == 1 else [number + 1])
    assert PHI.encode() not in (tmp_path / "a.sr.dcm").read_bytes()
    assert plain.SeriesDescription == "structure 1: AI-generated; not for diagnostic use"
    assert (plain.CompletionFlag, plain.VerificationFlag) == ("COMPLETE", "UNVERIFIED")


def test_each_group_names_the_model_that_made_its_mask(tmp_path: Path) -> None:
    path = save(dataset(picture(1)), tmp_path / "a.dcm")
    shape = measure_shape(MASK, None)
    assert shape is not None
    findings = [
        Finding(f"structure {at}", 0, MASK, shape, models=own)
        for at, own in enumerate((None, (("cyst-1", "7"),), ()))
    ]
    write_report(tmp_path / "a.sr.dcm", read_source(path), findings, MAKER)
    assert len(hd.sr.srread(tmp_path / "a.sr.dcm").content.get_planar_roi_measurement_groups()) == 3
    assert group_models(pydicom.dcmread(tmp_path / "a.sr.dcm")) == [
        ["uniultra-mini", "0.1.0", "UniUltra"],
        ["cyst-1", "7", "UniUltra"],
        [],
    ]
    check_iod(tmp_path / "a.sr.dcm")
