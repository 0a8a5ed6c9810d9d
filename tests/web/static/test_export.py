"""The exports of the page without a server: read by the field's readers, held against Python's own files."""

from __future__ import annotations

import csv
import io
import json
import math
import shutil
import subprocess
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from browsers import Visit
from dicoms import PHI, dataset, region, save
from exported import (
    COLOURS,
    HW,
    KIDNEY,
    MASKS,
    NAMES,
    OTHER,
    RING,
    SPACING,
    document,
    exported,
    polygon,
    saved,
)
from phantoms import ellipse, speckled
from uniultra.io.annotation_files import cvat, itksnap, labelme, yolo
from uniultra.io.coco import coco, mask_of
from uniultra.io.images import read_frame
from uniultra.io.nifti import write_labels
from uniultra.io.nrrd import write_seg_nrrd
from uniultra.io.polygons import filled
from uniultra.measure.measured import CSV_COLUMNS, FRAME_COLUMNS, measure_mask, rows
from uniultra.measure.volume import View, ejection_fraction, simpson
from uniultra.pixel_scale import Scale
from uniultra.web.workspace.static_files import STATIC

pytestmark = pytest.mark.browser


def ids(masks: tuple[np.ndarray | None, ...]) -> np.ndarray:
    """The first of masks that overlap wins."""
    made = np.zeros(HW, np.uint8)
    for number, mask in reversed(list(enumerate(masks, start=1))):
        if mask is not None:
            made[mask] = number
    return made


def test_the_zip_holds_what_the_command_line_would_write(
    cine: dict[str, bytes], still: dict[str, bytes]
) -> None:
    kinds = ("mask.png", "overlay.png", "nii.gz", "seg.nrrd", "label", "yolo.txt", "sr.dcm")
    kinds += ("labelme.json", "cvat.xml")
    frames = {f"cine.frame{number}.{kind}" for number in MASKS for kind in kinds}
    dicom = ("seg.dcm", "sc.dcm")
    whole = {f"cine.frames.{kind}" for kind in ("csv", "coco.json", *dicom, "json", "overlay.mp4")}
    assert set(cine) == frames | whole | {"classes.txt"}
    kinds = (*kinds, "csv", "coco.json", *dicom, "json")
    assert set(still) == {f"still.{kind}" for kind in kinds} | {"classes.txt"}
    for number, masks in MASKS.items():
        found = np.asarray(Image.open(io.BytesIO(cine[f"cine.frame{number}.mask.png"])))
        assert np.array_equal(found, ids(masks))
        picture = np.asarray(Image.open(io.BytesIO(cine[f"cine.frame{number}.overlay.png"])).convert("RGB"))
        assert picture.shape == (4 * HW[0], 4 * HW[1], 3), "enlarged, so that text can be read"
        inside = picture[4 * 38, 4 * 75].astype(int)
        assert inside[2] > inside[0] + 20, "the kidney is blue"
    everything = b"".join([*cine.values(), *still.values()])
    assert PHI.encode() not in everything
    assert b"ID-4711" not in everything


def test_label_maps_are_pythons(still: dict[str, bytes], tmp_path: Path) -> None:
    nibabel, slicerio = pytest.importorskip("nibabel"), pytest.importorskip("slicerio")
    nrrd = pytest.importorskip("nrrd")
    truth = ids((KIDNEY, OTHER, RING))
    write_labels(tmp_path / "ours.nii.gz", truth, SPACING)
    theirs = nibabel.load(saved(still["still.nii.gz"], tmp_path / "theirs.nii.gz"))
    ours = nibabel.load(tmp_path / "ours.nii.gz")
    assert np.array_equal(np.asarray(theirs.dataobj), np.asarray(ours.dataobj))
    assert np.allclose(theirs.affine, ours.affine)
    for key in ("dim", "pixdim", "xyzt_units", "intent_code", "qform_code", "sform_code", "datatype"):
        assert np.array_equal(theirs.header[key], ours.header[key]), key
    path = saved(still["still.seg.nrrd"], tmp_path / "theirs.seg.nrrd")
    write_seg_nrrd(tmp_path / "ours.seg.nrrd", truth, NAMES, COLOURS, SPACING)
    head, ours_head = still["still.seg.nrrd"].split(b"\n\n")[0], (tmp_path / "ours.seg.nrrd").read_bytes()
    data, our_head = nrrd.read(str(path))
    assert np.array_equal(data[..., 0].T, truth)
    assert np.allclose(our_head["space directions"], np.diag([SPACING[1], SPACING[0], 1]))
    fields = [line for line in head.decode().split("\n") if not line.startswith("space directions")]
    assert set(fields) <= set(ours_head.split(b"\n\n")[0].decode().split("\n"))
    segments = slicerio.read_segmentation(str(path))["segments"]
    assert [one["name"] for one in segments] == list(NAMES)
    assert segments[0]["terminology"]["type"][1] == "64033007"
    assert still["still.label"].decode() == itksnap(NAMES, COLOURS)


def test_coco_and_yolo_are_pythons(still: dict[str, bytes], cine: dict[str, bytes]) -> None:
    masks = [KIDNEY, OTHER, RING]
    report = json.loads(still["still.json"])["model"]
    known = {"score": 0.9, "model": f"{report['name']} {report['version']}"}
    more = [known, known, {"model": known["model"]}]  # of the third nobody predicted how good it is
    found, ours = json.loads(still["still.coco.json"]), coco("still.dcm", masks, more, NAMES)
    found["images"][0].pop("frame")
    assert found == ours
    assert still["classes.txt"].decode().split("\n") == [*NAMES, ""]
    lines, ours_lines = still["still.yolo.txt"].decode().splitlines(), yolo(masks, NAMES).splitlines()
    assert len(lines) == len(ours_lines) == 3
    for line, other, mask in zip(lines, ours_lines, masks, strict=True):
        drawn, theirs = [], []
        for kept, text in ((drawn, line), (theirs, other)):
            number, *shares = map(float, text.split())
            corners = np.array(shares).reshape(-1, 2) * (HW[1], HW[0]) - 0.5
            kept += [number, polygon(corners)]
        outer = mask | ellipse(HW, (40, 40), (6, 6)) if mask is RING else mask
        assert drawn[0] == theirs[0]
        for one in (drawn[1], theirs[1]):
            assert 2 * (one & outer).sum() / (one.sum() + outer.sum()) > 0.98
    many = json.loads(cine["cine.frames.coco.json"])
    assert [image["frame"] for image in many["images"]] == [0, 2]
    for annotation in many["annotations"]:
        frame = many["images"][annotation["image_id"] - 1]["frame"]
        truth = MASKS[frame][annotation["category_id"] - 1]
        assert np.array_equal(mask_of(annotation["segmentation"]["counts"], HW), truth)


def test_labelme_and_cvat_are_pythons(still: dict[str, bytes]) -> None:
    """Field by field; each polygon, filled again as pycocotools does, is its mask."""
    masks = [KIDNEY, OTHER, RING]
    theirs, ours = json.loads(still["still.labelme.json"]), labelme("still.dcm", masks, NAMES)
    drawn = [np.array(shape.pop("points")) for shape in theirs["shapes"]]
    assert all(shape.pop("points") for shape in ours["shapes"])
    assert theirs == ours
    tree, our_tree = ET.fromstring(still["still.cvat.xml"]), ET.fromstring(cvat("still.dcm", masks, NAMES))
    points = [one.attrib.pop("points") for one in tree.iter("polygon")]
    assert all(one.attrib.pop("points") for one in our_tree.iter("polygon"))
    said, our_said = (
        [(one.tag, one.attrib, (one.text or "").strip()) for one in each.iter()] for each in (tree, our_tree)
    )
    assert said == our_said
    for line, corners, mask in zip(points, drawn, masks, strict=True):
        again = np.array([pair.split(",") for pair in line.split(";")], float)
        assert np.allclose(again, corners, atol=0.006)
        outer = mask | ellipse(HW, (40, 40), (6, 6)) if mask is RING else mask
        inside = filled(corners.ravel().tolist(), HW)
        assert 2 * (inside & outer).sum() / (inside.sum() + outer.sum()) > 0.98


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_hostile_names_stay_text_in_xml() -> None:
    name = 'a"><image name="b" x=\'&amp;\n\x00.png'
    script = f"""
        import {{ cvat }} from "{(STATIC / "local/export/label_tools.mjs").as_uri()}";
        const mask = new Uint8Array(100).fill(1, 22, 78);
        const name = {json.dumps(name)}, size = {{ width: 10, height: 10 }};
        const made = cvat(name, [{{ mask, label: name }}], size);
        process.stdout.write(made);"""
    done = subprocess.run(["node", "--input-type=module", "-e", script], capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr
    tree = ET.fromstring(done.stdout)
    [image], [polygon_of] = tree.iter("image"), tree.iter("polygon")
    expected = name.replace("\n", " ").replace("\0", " ")
    assert image.attrib["name"] == polygon_of.attrib["label"] == expected


def test_tables_have_pythons_columns_and_sizes(still: dict[str, bytes], cine: dict[str, bytes]) -> None:
    head, *lines = csv.reader(io.StringIO(still["still.csv"].decode()))
    assert head == list(CSV_COLUMNS)
    scale = Scale(SPACING, "region 1")
    ours = []
    for number, (name, mask) in enumerate(zip(NAMES, (KIDNEY, OTHER, RING), strict=True), start=1):
        ours += rows("still.dcm", 0, number, measure_mask(mask, scale), name)
    assert len(lines) == len(ours)
    for line, other in zip(lines, ours, strict=True):
        name = "'=cmd()" if other[3] == "=cmd()" else other[3]
        assert [line[i] for i in (0, 1, 2, 3, 4, 6, 12, 13)] == [
            *map(str, (*other[:3], name, other[4], other[6], *other[12:]))
        ]
        assert float(line[7]) == pytest.approx(other[7], rel=0.05, abs=0.02), (name, other[4])
        rough = 0.04 if other[4] == "perimeter" else 0.025
        assert float(line[5]) == pytest.approx(other[5], rel=rough, abs=0.5), (name, other[4])
    head, *lines = csv.reader(io.StringIO(cine["cine.frames.csv"].decode()))
    assert head == list(FRAME_COLUMNS)
    assert [(line[1], line[2], line[3], line[5]) for line in lines] == [
        ("0", "0", "1", "0.9"),
        ("0", "0", "2", "0.9"),
        ("2", "0.08", "1", "0.9"),
        ("2", "0.08", "3", ""),
    ]
    assert int(lines[0][6]) == KIDNEY.sum()


def test_calipers_and_the_status_of_what_was_tracked_are_in_tables(alone: Visit, scans: Path) -> None:
    doc = document(MASKS)
    for frame, sure in zip(doc["frames"], (True, False), strict=True):
        frame["masks"][0] |= {"source": "track", "sure": sure}
    doc["calipers"] = [{"id": 2, "frame": 1, "a": [10, 20], "b": [40, 60]}]
    files = exported(alone, scans / "cine.dcm", doc)
    head, *lines = csv.reader(io.StringIO(files["cine.frames.csv"].decode()))
    assert head == [*FRAME_COLUMNS, "status"]
    assert [line[-1] for line in lines] == ["sure", "", "unsure", ""]
    head, line = csv.reader(io.StringIO(files["cine.frames.calipers.csv"].decode()))
    assert head == list(CSV_COLUMNS)
    length = math.hypot(30 * SPACING[1], 40 * SPACING[0])
    assert line[:5] == ["cine.dcm", "1", "", "Caliper 2", "length"]
    assert float(line[5]) == pytest.approx(length, abs=1e-3)
    assert [line[6], *line[8:13]] == ["mm", "10", "20", "40", "60", "region 1"]


def test_calipers_alone_are_exported(alone: Visit, scans: Path, tmp_path: Path) -> None:
    """There was "no mask" to export, though a person had measured; pictures show them in their colour."""
    doc = document({}) | {"objects": [], "calipers": [{"id": 1, "frame": 1, "a": [20, 20], "b": [110, 20]}]}
    files = exported(alone, Path(shutil.copy(scans / "cine.dcm", tmp_path / "measured.dcm")), doc)
    kinds = {name.removeprefix("measured.") for name in files}
    frame1 = {"frame1.overlay.png", "frame1.sr.dcm"}
    assert kinds - {"frames.overlay.mp4", "frames.overlay.webm"} == {
        *frame1,
        "frames.sc.dcm",
        "frames.calipers.csv",
        "frames.json",
    }
    [one] = json.loads(files["measured.frames.json"])["calipers"]
    assert (one["frame"], one["id"], one["scale"]["source"]) == (1, 1, "region 1")
    assert one["length"] == {
        "value": pytest.approx(90 * SPACING[1]),
        "unit": "mm",
        "ends_xy": [[20, 20], [110, 20]],
    }
    overlay = Image.open(io.BytesIO(files["measured.frame1.overlay.png"])).convert("RGB")
    picture = np.asarray(overlay).astype(int)
    zoom = picture.shape[1] // HW[1]
    line = picture[round(20.5 * zoom) - 1 : round(20.5 * zoom) + 2].max(0)
    yellow = line[:, 0] - line[:, 2] > 40
    assert yellow[20 * zoom : 110 * zoom].mean() > 0.3, "dotted"
    assert not yellow[: 19 * zoom].any()


def test_a_picture_has_no_segmentation_and_no_millimetres(alone: Visit, scans: Path, tmp_path: Path) -> None:
    nibabel = pytest.importorskip("nibabel")
    files = exported(alone, scans / "plain.png", document({0: (KIDNEY, None, None)}))
    assert not [name for name in files if name.endswith(".dcm")]
    [one] = json.loads(files["plain.json"])["objects"]
    assert (one["name"], one["area_px"], one["area_mm2"]) == ("left kidney", int(KIDNEY.sum()), None)
    assert one["measures"]["scale"]["reason"] == "no calibration is known"
    assert one["codes"]["laterality"]["meaning"] == "Left"
    found = nibabel.load(saved(files["plain.nii.gz"], tmp_path / "a.nii.gz"))
    assert found.header.get_xyzt_units()[0] == "unknown"


def test_what_makes_millimetres_doubtful_is_said(alone: Visit, tmp_path: Path) -> None:
    """As Python says it, on the page and in its files: a picture that was halved after calibration."""
    size = (2 * HW[1] - 1, 2 * HW[0] - 1)
    regions = [region((0, 0, *size), 0.05)]
    made = dataset(speckled(KIDNEY).pixels_hw[None], SequenceOfUltrasoundRegions=regions)
    path = save(made, tmp_path / "halved.dcm")
    scale = read_frame(path).calibration.at((0, 0, 9, 9))
    [note] = scale.notes
    assert "resized or turned after calibration" in note
    files = exported(alone, path, document({0: (KIDNEY, None, None)}))
    [one] = json.loads(files["halved.json"])["objects"]
    assert one["measures"]["scale"]["notes"] == [note]
    head, *lines = csv.reader(io.StringIO(files["halved.csv"].decode()))
    assert {line[head.index("note")] for line in lines} == {note}
    alone.page.evaluate("() => { seen.app.selected = 3; seen.changed(); }")
    alone.page.locator(".warning", has_text="beyond the frame of").first.wait_for()


def test_the_fraction_and_the_report(alone: Visit, cine: dict[str, bytes], scans: Path) -> None:
    """As the served page has them: Simpson's volumes of two masks, and a page to print."""
    page = alone.page
    page.locator("#file-input").set_input_files(scans / "cine.dcm")
    alone.wait("app.file.name === 'cine.dcm' && doc.frames.length === 2 && !app.opening")
    page.evaluate("() => { seen.app.selected = 3; seen.changed(); }")
    page.locator("#ejection").click()
    page.locator("#ejection-table").wait_for()
    scale = Scale(SPACING, "region 1")
    end, start = (simpson((View(MASKS[number][0], scale),)) for number in (0, 2))
    truth = ejection_fraction(end, start)
    shown = page.locator("#ejection-table td").all_inner_texts()
    found = [float(text.split()[0]) for text in shown]
    change = 100 * (1 - MASKS[2][0].sum() / MASKS[0][0].sum())
    values = [end.volume.value, start.volume.value, truth.value, change]
    assert found == pytest.approx(values, rel=0.02, abs=0.2)
    page.evaluate("() => { window.print = () => { window.printed = true; }; }")
    page.locator("[data-key=print]").click()
    page.wait_for_function("() => window.printed")
    printed = page.locator("#report").text_content()
    for text in ("cine.dcm", "left kidney", "=cmd()", "Ejection fraction", "Fractional area", "mm²"):
        assert text in printed, text
    page.keyboard.press("m")
    page.evaluate("() => { seen.app.selected = 3; seen.app.frame = 0; seen.changed(); }")
    page.locator("#first-plane").click()
    page.evaluate("() => { seen.app.frame = 2; seen.changed(); }")
    page.locator("#volume").click()
    page.locator("#volume-table").wait_for()
    volumes = [float(text.split()[0]) for text in page.locator("#volume-table td").all_inner_texts()]
    both = simpson((View(MASKS[0][0], scale), View(MASKS[2][0], scale)))
    assert volumes[1] == pytest.approx(both.volume.value, rel=0.02, abs=0.1)
