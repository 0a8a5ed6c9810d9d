"""The commands on clinical files, as users call them: info, segment on DICOM, measure."""

from __future__ import annotations

import csv
import json
import math
import re
from pathlib import Path

import numpy as np
import pydicom
import pytest
from PIL import Image

from commands import uniultra
from dicoms import PHI, dataset, region, save
from phantoms import ellipse, speckled

TRUE = ellipse((240, 320), (170, 110), (60, 40))
BOX = "105,65,235,155"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    frames = np.stack([speckled(TRUE, seed).pixels_hw for seed in range(3)])
    items = [region((0, 0, 319, 199), 0.05), region((0, 200, 319, 239), (0.01, 0.05), 2, (4, 3))]
    save(dataset(frames, SequenceOfUltrasoundRegions=items, FrameTime=40), tmp_path / "cine.dcm")
    return tmp_path


def test_info_tells_what_a_person_needs_and_no_patient(folder: Path) -> None:
    done = uniultra("info", "cine.dcm", cwd=folder)
    assert done.returncode == 0, done.stderr
    for part in (
        "DICOM, US",
        "320 x 240 pixels, 3 frames at 25 per second",
        "Explicit VR Little Endian",
        "0.5 x 0.5 mm per pixel",
        "M-mode",
    ):
        assert part in done.stdout
    assert "burned in   not stated" in done.stdout
    assert "Doe" not in done.stdout
    shown = uniultra("info", "cine.dcm", "--phi", "--json", cwd=folder)
    report = json.loads(shown.stdout)
    assert report["patient"]["PatientName"] == PHI
    assert report["regions"][0]["spacing_mm_yx"] == [0.5, 0.5]
    assert report["regions"][1]["fault"].startswith("it is M-mode")


def test_a_grey_bar_is_called_one(tmp_path: Path) -> None:
    bar = region((300, 0, 319, 239), 0.0, 0, (0, 0), RegionDataType=13)
    items = [region((0, 0, 299, 239), 0.05), bar]
    save(dataset(speckled(TRUE, 0).pixels_hw[None], SequenceOfUltrasoundRegions=items), tmp_path / "bar.dcm")
    done = uniultra("info", "bar.dcm", cwd=tmp_path)
    assert (
        "  region 2    x 300 to 319, y 0 to 239, grey bar; no lengths: the file doesn't call it a 2D image\n"
        in done.stdout
    )
    asked = uniultra("segment", "bar.dcm", "--box", "302,20,317,90", "--out", "out", cwd=tmp_path)
    assert "it lies in region 2, and the file doesn't call it a 2D image" in asked.stdout + asked.stderr


def test_info_of_several_files_says_which_failed(folder: Path) -> None:
    (folder / "broken.dcm").write_bytes((folder / "cine.dcm").read_bytes()[:3000])
    done = uniultra("info", ".", cwd=folder)
    assert (done.returncode, "320 x 240" in done.stdout) == (2, True)
    assert len(done.stderr.strip().splitlines()) == 1
    assert "broken.dcm: the pixel data is truncated" in done.stderr


def test_segment_writes_seg_and_measures_that_read_back_equal(folder: Path) -> None:
    hd = pytest.importorskip("highdicom", reason="highdicom is of the extra dicom")
    done = uniultra(
        "segment",
        "cine.dcm",
        "--frame",
        1,
        "--box",
        BOX,
        "--out",
        "out",
        "--write",
        "seg,sr,csv,coco",
        cwd=folder,
    )
    assert done.returncode == 0, done.stderr
    endings = ("coco.json", "csv", "json", "mask.png", "overlay.png", "seg.dcm", "sr.dcm")
    assert sorted(path.name for path in (folder / "out").iterdir()) == [
        f"cine.frame1.{ending}" for ending in endings
    ]
    with Image.open(folder / "out" / "cine.frame1.mask.png") as image:
        mask = np.array(image) == 1
    seg = hd.seg.segread(folder / "out" / "cine.frame1.seg.dcm")
    source = pydicom.dcmread(folder / "cine.dcm")
    found = seg.get_pixels_by_source_frame(source.SOPInstanceUID, [2])
    np.testing.assert_array_equal(found[0, ..., 0].astype(bool), mask)
    np.testing.assert_array_equal(
        pydicom.dcmread(folder / "out" / "cine.frame1.seg.dcm").pixel_array.squeeze().astype(bool), mask
    )
    report = json.loads((folder / "out" / "cine.frame1.json").read_text())
    [item] = report["objects"]
    assert item["measures"]["scale"]["source"] == "region 1"
    assert item["area_mm2"] == pytest.approx(mask.sum() * 0.25)
    assert item["measures"]["long_diameter"]["value"] == pytest.approx(60, rel=0.15)
    with (folder / "out" / "cine.frame1.csv").open() as file:
        rows = {row["measure"]: row for row in csv.DictReader(file)}
    sr = hd.sr.srread(folder / "out" / "cine.frame1.sr.dcm")
    [group] = sr.content.get_planar_roi_measurement_groups()
    values = {measurement.name.meaning: measurement.value for measurement in group.get_measurements()}
    for name, meaning in (
        ("area", "Area"),
        ("long_diameter", "Long Axis"),
        ("ellipse_circumference", "Circumference"),
    ):
        assert float(rows[name]["value"]) == item["measures"][name]["value"]
        assert values[meaning] == pytest.approx(item["measures"][name]["value"], rel=1e-5)
    assert all(PHI.encode() not in path.read_bytes() for path in (folder / "out").iterdir())


def test_a_source_without_uids_gets_no_seg_or_an_error_before_anything_is_written(folder: Path) -> None:
    pytest.importorskip("highdicom", reason="highdicom is of the extra dicom")
    data = pydicom.dcmread(folder / "cine.dcm")
    del data.SeriesInstanceUID
    data.save_as(folder / "cine.dcm")
    requested = uniultra(
        "segment", "cine.dcm", "--frame", 0, "--box", BOX, "--write", "seg", "--out", "out", cwd=folder
    )
    assert (requested.returncode, (folder / "out").exists()) == (2, False)
    assert "SeriesInstanceUID is missing, so nothing can refer to this image" in requested.stderr
    silent = uniultra("segment", "cine.dcm", "--frame", 0, "--box", BOX, "--out", "out", cwd=folder)
    assert (silent.returncode, len(list((folder / "out").iterdir()))) == (0, 3)
    assert "no DICOM SEG is written" in silent.stderr


def test_segment_of_a_cine_asks_for_a_frame(folder: Path) -> None:
    done = uniultra("segment", "cine.dcm", "--box", BOX, cwd=folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert "cine.dcm: holds 3 frames; name one from 0 to 2: --frame N" in done.stderr


def test_across_regions_the_answer_is_in_pixels_with_the_reason(folder: Path) -> None:
    Image.fromarray(ellipse((240, 320), (170, 195), (60, 30))).save(folder / "low.png")
    done = uniultra("measure", "low.png", "--image", "cine.dcm", "--frame", 0, "--json", cwd=folder)
    assert done.returncode == 0, done.stderr
    [item] = json.loads(done.stdout)["objects"]
    assert item["scale"]["reason"] == "it lies across regions 1 and 2"
    assert (item["area"]["unit"], item["long_diameter"]["unit"]) == ("px2", "px")


def test_spacing_does_not_overrule_a_region_and_says_so(folder: Path) -> None:
    done = uniultra(
        "segment", "cine.dcm", "--frame", 0, "--box", BOX, "--spacing", "0.3", "--json", cwd=folder
    )
    assert done.returncode == 0, done.stderr
    scale = json.loads(done.stdout)["objects"][0]["measures"]["scale"]
    assert scale["spacing_mm_yx"] == [0.5, 0.5]
    assert scale["notes"] == ["--spacing says 0.3 mm, but region 1 says 0.5 mm, which is used"]


@pytest.fixture
def planes(tmp_path: Path) -> Path:
    for name, half in (("ed", (40, 70)), ("es", (30, 60)), ("wide", (50, 70))):
        Image.fromarray(ellipse((200, 200), (99.5, 99.5), half).astype(np.uint8)).save(
            tmp_path / f"{name}.png"
        )
    return tmp_path


def test_measure_prints_and_writes_a_table(planes: Path) -> None:
    done = uniultra("measure", "ed.png", "--spacing", "0.5", "--csv", "out/sizes.csv", cwd=planes)
    assert done.returncode == 0, done.stderr
    assert "long diameter" in done.stdout
    assert "mm2" in done.stdout
    with (planes / "out" / "sizes.csv").open() as file:
        rows = {row["measure"]: row for row in csv.DictReader(file)}
    assert float(rows["ellipse_long_axis"]["value"]) == pytest.approx(70, abs=0.5)
    assert rows["area"]["unit"] == "mm2"
    assert (rows["area"]["x0"], rows["long_diameter"]["x0"] != "") == ("", True)


def test_measure_of_volumes(planes: Path) -> None:
    done = uniultra("measure", "ed.png", "es.png", "--spacing", "0.5", "--volume", "ef", "--json", cwd=planes)
    report = json.loads(done.stdout)
    ml = [4 / 3 * math.pi * a * a * b / 8000 for a, b in ((40, 70), (30, 60))]
    assert report["end_diastolic"]["value"] == pytest.approx(ml[0], rel=0.01)
    assert report["end_systolic"]["value"] == pytest.approx(ml[1], rel=0.01)
    assert report["ejection_fraction"]["value"] == pytest.approx(100 * (1 - ml[1] / ml[0]), abs=0.5)
    both = uniultra("measure", "ed.png", "wide.png", "--spacing", "0.5", "--volume", "simpson", cwd=planes)
    assert "biplane Simpson, 20 discs" in both.stdout
    solid = uniultra(
        "measure", "ed.png", "wide.png", "--spacing", "0.5", "--volume", "ellipsoid", "--json", cwd=planes
    )
    volume = json.loads(solid.stdout)["volume"]
    assert volume["value"] == pytest.approx(4 / 3 * math.pi * 40 * 50 * 70 / 8000, rel=0.01)
    sides = [(one["mask"], one["shared"], round(one["value"])) for one in volume["diameters"]]
    assert sides == [(1, True, 70), (2, True, 70), (1, False, 40), (2, False, 50)]
    said = uniultra("measure", "ed.png", "wide.png", "--spacing", "0.05", "--volume", "ellipsoid", cwd=planes)
    first, *diameters = said.stdout.splitlines()
    assert re.match(r"volume +0\.07 ± 0\.00 ml ", first)
    sizes = [float(line.split(" ± ")[0].split()[-1]) for line in diameters[:4]]
    assert sizes == pytest.approx([7.0, 7.0, 4.0, 5.0], abs=0.02)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["measure", "none.png"], "none.png: no such file"),
        (["measure", "ed.png", "--spacing", "0"], "--spacing '0' is not a pixel size"),
        (
            ["measure", "ed.png", "--volume", "cube"],
            "--volume 'cube' is unknown; give ellipsoid, simpson, ef",
        ),
        (
            ["measure", "ed.png", "--volume", "ef"],
            "ed.png: one mask; --volume ef takes 2 or 4, or a label of a cine",
        ),
        (
            ["measure", "ed.png", "--volume", "simpson"],
            "a volume needs millimetres, but no calibration is known; give --image or",
        ),
        (
            ["measure", "ed.png", "es.png", "--spacing", "0.5", "--volume", "ef", "--csv", "sizes.csv"],
            "--csv sizes.csv is of masks' measures, not of --volume; give --json in its place",
        ),
        (["measure", "ed.png", "--keep-patient"], "--keep-patient is of the SR alone; give --sr FILE, or"),
        (
            ["segment", "ed.png", "--box", "60,30,140,170", "--keep-patient"],
            "--keep-patient applies to DICOM results only, which refer to a DICOM image, and no input is one",
        ),
        (["measure", "ed.png", "--id", "7"], "ed.png: no structure 7; there are 1"),
        (
            ["measure", "ed.png", "--image", "small.png"],
            "the mask has 200 x 200 pixels, but small.png has 20 x 20",
        ),
        (
            ["segment", "ed.png", "--box", "60,30,140,170", "--write", "seg"],
            "ed.png: DICOM results need a DICOM image to refer to",
        ),
        (
            ["segment", "ed.png", "--box", "60,30,140,170", "--write", "pdf"],
            "--write 'pdf' is unknown; give one or several of seg,",
        ),
        (
            ["segment", "ed.png", "--box", "60,30,140,170", "--write", "seg,fractional"],
            "are one file; give one of them",
        ),
        (
            ["segment", "ed.png", "--box", "60,30,140,170", "--frame", "2"],
            "there is no frame 2; a PNG image has frame 0 alone",
        ),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(planes: Path, arguments: list[str], says: str) -> None:
    Image.fromarray(np.zeros((20, 20), np.uint8)).save(planes / "small.png")
    before = sorted(path.name for path in planes.iterdir())
    done = uniultra(*arguments, cwd=planes)
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.strip().splitlines()) == 1
    assert says in done.stderr
    assert sorted(path.name for path in planes.iterdir()) == before


@pytest.mark.shared
def test_the_hand_calculation_of_the_docs(shared: Path, tmp_path: Path) -> None:
    """docs/dicom.md: 0.05104970559477806 cm a pixel, so mm2 = pixels x 0.510497...^2."""
    path = shared / "dicom" / "examples_ybr_color.dcm"
    done = uniultra("segment", path, "--frame", 0, "--box", "130,60,200,170", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    [item] = json.loads(done.stdout)["objects"]
    assert item["area_mm2"] == pytest.approx(item["area_px"] * 0.5104970559477806**2, abs=1e-3)
    (x0, y0), (x1, y1) = item["measures"]["long_diameter"]["ends_xy"]
    assert item["measures"]["long_diameter"]["value"] == pytest.approx(
        math.hypot(x1 - x0, y1 - y0) * 0.5104970559477806, abs=0.01
    )
    assert "beyond the frame of 320 x 240" in item["measures"]["scale"]["notes"][0]


def test_a_mask_that_was_written_here_is_measured_again_in_its_own_millimetres(tmp_path: Path) -> None:
    pixels = speckled(ellipse((96, 128), (60, 50), (30, 20))).pixels_hw[None]
    save(dataset(pixels, SequenceOfUltrasoundRegions=[region((0, 0, 127, 95))]), tmp_path / "a.dcm")
    reported = uniultra(
        "segment", "a.dcm", "--box", "25,25,95,75", "--write", "none", "--out", "out", "--json", cwd=tmp_path
    )
    [before] = json.loads(reported.stdout)["objects"]
    again = uniultra("measure", "out/a.mask.png", "--json", cwd=tmp_path)
    [after] = json.loads(again.stdout)["objects"]
    assert after["area"] == before["measures"]["area"]
    assert after["area"]["unit"] == "mm2"
    assert after["scale"] == before["measures"]["scale"]
    other = uniultra("measure", "out/a.mask.png", "--spacing", "1", "--json", cwd=tmp_path)
    assert json.loads(other.stdout)["objects"][0]["scale"]["source"] == "--spacing"
    (tmp_path / "out" / "a.json").write_text(
        '{"schema": "uniultra.segment/1", "frame": null, "objects": [{"id": 1}]}'
    )
    plain = uniultra("measure", "out/a.mask.png", "--json", cwd=tmp_path)
    assert json.loads(plain.stdout)["objects"][0]["area"]["unit"] == "px2"


def test_an_answer_is_corrected_in_place(tmp_path: Path) -> None:
    Image.fromarray(speckled(ellipse((96, 128), (60, 50), (30, 20))).pixels_hw).save(tmp_path / "a.png")
    assert uniultra("segment", "a.png", "--box", "25,25,95,75", "--out", "out", cwd=tmp_path).returncode == 0
    first = (tmp_path / "out" / "a.mask.png").read_bytes()
    correct = ("segment", "a.png", "--mask", "out/a.mask.png", "--negative", "60,35", "--out", "out")
    refused = uniultra(*correct, cwd=tmp_path)
    assert (refused.returncode, refused.stderr) == (
        2,
        "uniultra: out/a.mask.png exists; pass --force to overwrite\n",
    )
    done = uniultra(*correct, "--force", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / "a.mask.png").read_bytes() != first
    report = json.loads((tmp_path / "out" / "a.json").read_text())
    prompt = report["objects"][0]["prompt"]
    assert (prompt["previous_mask"], prompt["box"]) == (True, [25, 25, 95, 75]), "the box counts on"
    assert (prompt["points"], prompt["labels"]) == ([[60, 35]], [0])
    again = ("--mask", "out/a.mask.png", "--point", "60,60", "--out", "out", "--force")
    assert uniultra("segment", "a.png", *again, cwd=tmp_path).returncode == 0
    prompt = json.loads((tmp_path / "out" / "a.json").read_text())["objects"][0]["prompt"]
    assert (prompt["box"], prompt["points"], prompt["labels"]) == (
        [25, 25, 95, 75],
        [[60, 35], [60, 60]],
        [0, 1],
    )
    edited = np.asarray(Image.open(tmp_path / "out" / "a.mask.png")).copy()
    edited[0, 0] = 1
    Image.fromarray(edited).save(tmp_path / "out" / "a.mask.png")
    assert uniultra("segment", "a.png", *again, cwd=tmp_path).returncode == 0
    prompt = json.loads((tmp_path / "out" / "a.json").read_text())["objects"][0]["prompt"]
    assert (prompt["box"], prompt["points"]) == (None, [[60, 60]]), "another mask than the JSON's"
