"""Reports of other producers: what their numbers say, and where a unit is in doubt."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ComprehensiveSRStorage, ExplicitVRLittleEndian, generate_uid
from typer.testing import CliRunner

from uniultra.cli.main import app
from uniultra.io.dicom.sr_reader import UNIT_IN_DOUBT

CORNERSTONE = "Cornerstone3DTools@^0.1.0:"


def _code(value: str, scheme: str, meaning: str) -> list[Dataset]:
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = value, scheme, meaning
    return [code]


def _item(kind: str, value: str, scheme: str, meaning: str) -> Dataset:
    item = Dataset()
    item.ValueType, item.ConceptNameCodeSequence = kind, _code(value, scheme, meaning)
    return item


def _report(path: Path, tracking: str, measure: str, unit: str) -> Path:
    data, measured = Dataset(), Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = ComprehensiveSRStorage
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    data.Modality, data.ValueType = "SR", "CONTAINER"
    group = _item("CONTAINER", "125007", "DCM", "Measurement Group")
    name = _item("TEXT", "112039", "DCM", "Tracking Identifier")
    name.TextValue = tracking
    number = _item("NUM", "410668003", "SCT", measure)
    measured.NumericValue = 2
    measured.MeasurementUnitsCodeSequence = _code(unit, "UCUM", unit)
    number.MeasuredValueSequence = [measured]
    group.ContentSequence = [name, number]
    data.ContentSequence = [group]
    data.save_as(path, enforce_file_format=True)
    return path


@pytest.mark.parametrize(
    ("tracking", "measure", "unit", "doubted"),
    [
        (f"{CORNERSTONE}Length", "Length", "mm", True),
        (f"{CORNERSTONE}CircleROI", "Perimeter", "mm", True),
        (f"{CORNERSTONE}Bidirectional", "Long Axis", "mm", False),  # this one is given its unit
        (f"{CORNERSTONE}Length", "Length", "cm", False),
        ("liver", "Length", "mm", False),
    ],
)
def test_millimetres_that_ohif_made_up_are_noted(
    tmp_path: Path, tracking: str, measure: str, unit: str, doubted: bool
) -> None:
    report = _report(tmp_path / "ohif.sr.dcm", tracking, measure, unit)
    told = CliRunner().invoke(app, ["measure", str(report)])
    assert told.exit_code == 0
    assert f"2.00 {unit}" in told.stdout
    assert told.stdout.count(UNIT_IN_DOUBT) == doubted
    told = CliRunner().invoke(app, ["measure", str(report), "--json"])
    [row] = json.loads(told.stdout)["reports"][0]["measures"]
    assert (told.exit_code, row["value"], row["unit"]) == (0, 2, unit)
    assert row.get("note") == (UNIT_IN_DOUBT if doubted else None)
