"""Reports of other producers: what their numbers say, and where a unit is in doubt."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydicom import dcmread
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


def _coded(relation: str, name: tuple[str, str, str], value: tuple[str, str, str]) -> Dataset:
    item = _item("CODE", *name)
    item.RelationshipType, item.ConceptCodeSequence = relation, _code(*value)
    return item


def _section(*children: Dataset, group: Dataset) -> Dataset:
    section = _item("CONTAINER", "121070", "DCM", "Findings")
    section.ContentSequence = [*children, group]
    return section


def _scanners_report(path: Path, *sections: Dataset) -> Path:
    """The report of the test above with these sections around its one group."""
    _report(path, "", "Peak Velocity", "cm/s")
    data = dcmread(path)
    [group] = data.ContentSequence
    del group.ContentSequence[0]
    for section in sections:
        own = section.ContentSequence[-1]
        own.ContentSequence = [*own.ContentSequence, *group.ContentSequence]
    data.ContentSequence = list(sections)
    data.save_as(path, enforce_file_format=True)
    return path


MEAN = (("121401", "DCM", "Derivation"), ("R-00317", "SRT", "Mean"))
MODE = (("G-0373", "SRT", "Image Mode"), ("R-409E4", "SRT", "Doppler Pulsed"))
SIDE = (("272741003", "SCT", "Laterality"), ("7771000", "SCT", "Left"))
SITE = ("363698007", "SCT", "Finding Site")
MITRAL, AORTIC = ("91134007", "SCT", "Mitral valve"), ("34202007", "SCT", "Aortic valve")


def _group(*children: Dataset) -> Dataset:
    group = _item("CONTAINER", "125007", "DCM", "Measurement Group")
    group.ContentSequence = list(children)
    return group


def test_what_sections_of_a_scanners_report_say_goes_with_their_numbers(tmp_path: Path) -> None:
    mitral, aortic = _coded("HAS CONCEPT MOD", SITE, MITRAL), _coded("HAS CONCEPT MOD", SITE, AORTIC)
    aortic.ContentSequence = [_coded("HAS CONCEPT MOD", *SIDE)]
    first = _section(mitral, group=_group(_coded("HAS ACQ CONTEXT", *MODE)))
    path = _scanners_report(tmp_path / "echo.dcm", first, _section(aortic, group=_group()))
    told = CliRunner().invoke(app, ["measure", str(path), "--json"])
    rows = json.loads(told.stdout)["reports"][0]["measures"]
    assert [(row["site"], row["qualifiers"]) for row in rows] == [
        ("Mitral valve", {"Image Mode": "Doppler Pulsed"}),
        ("Aortic valve", {"Laterality": "Left"}),
    ]
    told = CliRunner().invoke(app, ["measure", str(path)])
    assert "in Mitral valve\n" in told.stdout
    assert "2.00 cm/s  (Image Mode: Doppler Pulsed)" in told.stdout


@pytest.mark.parametrize("with_class", [True, False])
def test_twins_are_told_apart_and_a_mean_from_its_values(tmp_path: Path, with_class: bool) -> None:
    def fetus(name: str) -> list[Dataset]:
        identity = _item("TEXT", "11951-1", "LN", "Fetus ID")
        identity.TextValue, identity.RelationshipType = name, "HAS OBS CONTEXT"
        kind = _coded("HAS OBS CONTEXT", ("121024", "DCM", "Subject Class"), ("121026", "DCM", "Fetus"))
        return [kind, identity] if with_class else [identity]

    sections = [_section(*fetus(name), group=_group()) for name in "AB"]
    path = _scanners_report(tmp_path / "ob.dcm", *sections)
    data = dcmread(path)
    [number] = data.ContentSequence[1].ContentSequence[-1].ContentSequence
    number.ContentSequence = [_coded("HAS CONCEPT MOD", *MEAN)]
    data.save_as(path)
    told = CliRunner().invoke(app, ["measure", str(path)])
    one, other = told.stdout.split("Fetus B")
    assert "Fetus A" in one
    assert "Mean" not in one
    assert "(Derivation: Mean)" in other


def test_a_number_out_of_range_says_so(tmp_path: Path) -> None:
    path = _report(tmp_path / "range.dcm", "liver", "Length", "mm")
    data = dcmread(path)
    number = data.ContentSequence[0].ContentSequence[1]
    number.NumericValueQualifierCodeSequence = _code("114010", "DCM", "Value overrange")
    data.save_as(path)
    told = CliRunner().invoke(app, ["measure", str(path)])
    assert "2.00 mm  (Qualifier: Value overrange)" in told.stdout
