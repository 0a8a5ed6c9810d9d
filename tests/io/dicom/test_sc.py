"""Secondary Captures of stills and cines, and the SR of a cine: what they say, and that readers take them."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pydicom
import pytest
from PIL import Image
from typer.testing import CliRunner

from dicoms import PHI, dataset, region, save
from phantoms import ellipse, speckled
from uniultra.cli.main import app
from uniultra.io.dicom.notices import NOTICE
from uniultra.io.dicom.sc import marked
from uniultra.io.dicom.sr_reader import read_report

hd = pytest.importorskip("highdicom", reason="highdicom is of the extra dicom")
HW, BOX = (240, 320), "105,65,235,155"
HALVES = (60, 52, 44, 52)


@pytest.fixture
def cine(tmp_path: Path) -> Path:
    frames = [speckled(ellipse(HW, (170, 110), (half, 40)), i).pixels_hw for i, half in enumerate(HALVES)]
    about = {"StudyDate": "20200101", "StudyTime": "120000", "PatientSex": "F", "StudyID": "7"}
    regions = [region((0, 0, 319, 239), 0.05)]
    made = dataset(np.stack(frames), SequenceOfUltrasoundRegions=regions, FrameTime=40, **about)
    return save(made, tmp_path / "cine.dcm")


def uniultra(*arguments: object) -> str:
    found = CliRunner().invoke(app, [*map(str, arguments)])
    assert found.exit_code == 0, found.output
    return found.stdout


def faults(path: Path) -> list[str]:
    """Errors of dciodvfy, by both of its readers."""
    if shutil.which("dciodvfy") is None:
        return []
    found = []
    for options in ([], ["-new"]):
        done = subprocess.run(["dciodvfy", *options, path], capture_output=True, check=False, timeout=60)
        found += [line for line in done.stderr.decode(errors="replace").splitlines() if "Error" in line]
    return found


def test_the_line_above_covers_nothing() -> None:
    picture = np.full((240, 320, 3), 90, np.uint8)
    whole = marked(picture)
    band = whole.shape[0] - 240
    np.testing.assert_array_equal(whole[band : band + 240], picture)
    assert band > 10
    assert whole[:band].max() > 150
    assert len(whole) % 2 == 0


def test_a_still(cine: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    uniultra("segment", cine, "--frame", 2, "--box", BOX, "--label", "liver", "--write", "sc", "--out", out)
    data = pydicom.dcmread(out / "cine.frame2.sc.dcm")
    assert data.SOPClassUID == "1.2.840.10008.5.1.4.1.1.7"
    assert (data.BurnedInAnnotation, data.ImageType[0], data.ConversionType) == ("YES", "DERIVED", "WSD")
    assert data.SeriesDescription == f"liver: {NOTICE}"
    assert data.DerivationDescription == f"Outlines of 1 structure drawn on the image. {NOTICE}"
    [reference] = data.SourceImageSequence
    assert reference.ReferencedSOPInstanceUID == pydicom.dcmread(cine).SOPInstanceUID
    assert reference.ReferencedFrameNumber == 3
    assert (data.PatientName, data.PatientID) == ("", "")
    overlay = np.asarray(Image.open(out / "cine.frame2.overlay.png").convert("RGB"))
    band = data.Rows - len(overlay)
    assert any(
        np.array_equal(data.pixel_array[top : top + len(overlay)], overlay) for top in (band, band - 1)
    )
    assert faults(out / "cine.frame2.sc.dcm") == []


def test_a_cine_with_its_ventricle(cine: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    names = ("--label", "left ventricle", "--lv", 1)
    uniultra("track", cine, "--box", BOX, *names, "--write", "sc,sr", "--keep-patient", "--out", out)
    data = pydicom.dcmread(out / "cine.track.sc.dcm")
    assert data.SOPClassUID == "1.2.840.10008.5.1.4.1.1.7.4"
    assert (str(data.PatientName), data.StudyInstanceUID) == (PHI, pydicom.dcmread(cine).StudyInstanceUID)
    assert data.SourceImageSequence[0].ReferencedFrameNumber == [1, 2, 3, 4]
    assert (data.NumberOfFrames, data.LossyImageCompression) == (4, "01")
    assert data.pixel_array.shape[0] == 4
    assert not (out / "cine.track.seg.dcm").exists()
    rows = read_report(out / "cine.track.sr.dcm")
    told = json.loads((out / "cine.track.ef.json").read_text())
    by_code = {row.code[0]: row for row in rows}
    for code, key in (("18026-5", "end_diastole"), ("18148-7", "end_systole")):
        assert by_code[code].value == pytest.approx(told[key]["volume"]["value"], rel=1e-4)
        assert by_code[code].frames == (told[key]["frame"],)
    assert by_code["18043-0"].value == pytest.approx(told["ejection_fraction"]["value"], rel=1e-4)
    areas = {row.frames: row for row in rows if row.measure == "Area"}
    assert set(areas) == {(told["end_diastole"]["frame"],), (told["end_systole"]["frame"],)}
    report = hd.sr.srread(out / "cine.track.sr.dcm")
    groups = report.content.get_planar_roi_measurement_groups()
    assert len({group.tracking_uid for group in groups}) == 1
    # each number says of which outlines it is (TID 320)
    outlines = [group.roi.GraphicData for group in groups]
    [numbers] = [
        group
        for group in report.content.get_image_measurement_groups()
        if group.tracking_uid == groups[0].tracking_uid
    ]
    lines = [[part.GraphicData for part in one.referenced_coordinates] for one in numbers.get_measurements()]
    assert sorted(map(len, lines)) == [1, 1, 2]
    assert all(line in outlines for part in lines for line in part)
    for name in ("sc", "sr"):
        assert faults(out / f"cine.track.{name}.dcm") == []


def test_a_ventricle_without_millimetres(cine: Path, tmp_path: Path) -> None:
    """The fraction, what it rests on, and no volume."""
    data = pydicom.dcmread(cine)
    del data.SequenceOfUltrasoundRegions
    data.save_as(tmp_path / "blind.dcm")
    about = ("--label", "left ventricle", "--lv", 1, "--write", "seg,sr", "--out", tmp_path)
    uniultra("track", tmp_path / "blind.dcm", "--box", BOX, *about)
    where = ("--volume", "ef", "--image", tmp_path / "blind.dcm", "--json")
    measured = uniultra("measure", tmp_path / "blind.track.seg.dcm", *where, "--sr", tmp_path / "ef.dcm")
    tracked = json.loads((tmp_path / "blind.track.ef.json").read_text())
    both = (("blind.track.sr.dcm", tracked), ("ef.dcm", json.loads(measured)))
    for name, told in both:
        rows = read_report(tmp_path / name)
        assert {row.code[0] for row in rows} & {"18026-5", "18148-7", "18043-0"} == {"18043-0"}
        [fraction] = [row for row in rows if row.code[0] == "18043-0"]
        assert fraction.value == pytest.approx(told["ejection_fraction"]["value"], rel=1e-4)
        assert "ml" not in {row.unit for row in rows}
        assert b"scale_assumption" in (tmp_path / name).read_bytes()
        assert faults(tmp_path / name) == []


def test_measure_writes_the_report_of_an_ejection_fraction(cine: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    uniultra("segment", cine, "--frames", "all", "--box", BOX, "--write", "seg", "--out", out)
    where = ("--volume", "ef", "--image", cine, "--json")
    told = json.loads(uniultra("measure", out / "cine.frames.seg.dcm", *where, "--sr", tmp_path / "ef.dcm"))
    again = json.loads(uniultra("measure", out / "cine.frames.masks.tif", *where))
    assert told["ejection_fraction"] == again["ejection_fraction"]
    [_, _, fraction] = read_report(tmp_path / "ef.dcm")
    assert fraction.value == pytest.approx(told["ejection_fraction"]["value"], rel=1e-4)
    assert faults(tmp_path / "ef.dcm") == []
    done = CliRunner().invoke(app, ["measure", "a.tif", "--sr", str(tmp_path / "b.dcm")])
    assert done.exit_code != 0
    assert re.search("--sr .* is of the ejection fraction of one cine", f"{done.output} {done.exception}")
