"""The exports of the page without a server: read by the field's readers, held against Python's own files."""

from __future__ import annotations

import csv
import io
import json
import shutil
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom.uid import JPEGBaseline8Bit

from browsers import Visit
from dicoms import PHI, dataset, encapsulated, jpeg, region, save
from phantoms import ellipse, speckled
from uniultra import __version__
from uniultra.io.annotation_files import itksnap, yolo
from uniultra.io.coco import coco, compressed, mask_of, run_lengths
from uniultra.io.dicom.seg import Segment, write_seg
from uniultra.io.dicom.source import Maker, read_source
from uniultra.io.nifti import write_labels
from uniultra.io.nrrd import write_seg_nrrd
from uniultra.measure.measured import CSV_COLUMNS, FRAME_COLUMNS, measure_mask, rows
from uniultra.measure.volume import View, ejection_fraction, simpson
from uniultra.pixel_scale import Scale
from uniultra.segmenter import Segmenter

pytestmark = pytest.mark.browser
HW = (100, 140)
NAMES = ("left kidney", "=cmd()", "cyst")
COLOURS = ((76, 201, 240), (255, 183, 3), (247, 37, 133))
KIDNEY, OTHER = ellipse(HW, (60, 50), (40, 25)), ellipse(HW, (96, 60), (20, 15))
RING = ellipse(HW, (40, 40), (14, 14)) & ~ellipse(HW, (40, 40), (6, 6))
MASKS = {0: (KIDNEY, OTHER, None), 2: (ellipse(HW, (64, 50), (34, 20)), None, RING)}
SPACING = (0.5, 0.4)
KINDS = ["seg", "csv", "nifti", "nrrd", "itksnap", "coco", "yolo"]


def document(frames: dict[int, tuple[np.ndarray | None, ...]]) -> dict[str, Any]:
    """What a person made of a file."""
    objects = [
        {"id": number + 3, "name": name, "colour": "#{:02x}{:02x}{:02x}".format(*colour), "hidden": False}
        for number, (name, colour) in enumerate(zip(NAMES, COLOURS, strict=True))
    ]
    made = []
    for number, masks in frames.items():
        listed = [
            {
                "object": place + 3,
                "counts": compressed(run_lengths(mask)),
                "quality": None if place == 2 else 0.9,
                "box": None,
                "points": [],
                "labels": [],
                "source": "prompt",
            }
            for place, mask in enumerate(masks)
            if mask is not None
        ]
        made.append({"number": number, "masks": listed})
    return {"objects": objects, "frames": made, "calipers": [], "spacing_mm_yx": None, "done": False}


def exported(tab: Visit, path: Path, doc: dict[str, Any]) -> dict[str, bytes]:
    """Opens a file, takes a document for it, and exports all that can be."""
    page = tab.page
    page.locator("#file-input").set_input_files(path)
    tab.wait(f"app.file.name === {json.dumps(path.name)} && !app.opening")
    page.evaluate("(doc) => seen.commit(doc)", doc)
    tab.wait("app.saving === 'saved' && doc.frames.length > 0")
    page.locator("#export").click()
    for box in page.locator("#export-dialog input:enabled").all():
        box.check()
    with page.expect_download() as waited:
        page.locator("#export-now").click()
    page.locator("#export-result .good").wait_for()
    page.keyboard.press("Escape")
    assert waited.value.suggested_filename == f"{path.stem}.uniultra.zip"
    with zipfile.ZipFile(waited.value.path()) as packed:
        assert packed.testzip() is None
        return {name: packed.read(name) for name in packed.namelist()}


@pytest.fixture(scope="module")
def scans(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scans")
    frames = [speckled(KIDNEY | OTHER, seed=seed).pixels_hw for seed in range(3)]
    area = region((0, 0, HW[1] - 1, HW[0] - 1), (SPACING[1] / 10, SPACING[0] / 10))
    cine = dataset(np.stack(frames), FrameTime=40.0)
    cine = encapsulated(cine, JPEGBaseline8Bit, [jpeg(one) for one in frames])
    cine.SequenceOfUltrasoundRegions = [area]
    save(cine, folder / "cine.dcm")
    still = dataset(frames[0][None])
    still.SequenceOfUltrasoundRegions = [area]
    save(still, folder / "still.dcm")
    Image.fromarray(frames[0]).save(folder / "plain.png")
    return folder


@pytest.fixture(scope="module")
def cine(alone: Visit, scans: Path) -> dict[str, bytes]:
    return exported(alone, scans / "cine.dcm", document(MASKS))


@pytest.fixture(scope="module")
def still(alone: Visit, scans: Path) -> dict[str, bytes]:
    return exported(alone, scans / "still.dcm", document({0: (KIDNEY, OTHER, RING)}))


def ids(masks: tuple[np.ndarray | None, ...]) -> np.ndarray:
    """The first of masks that overlap wins."""
    made = np.zeros(HW, np.uint8)
    for number, mask in reversed(list(enumerate(masks, start=1))):
        if mask is not None:
            made[mask] = number
    return made


def saved(data: bytes, path: Path) -> Path:
    path.write_bytes(data)
    return path


def test_the_zip_holds_what_the_command_line_would_write(
    cine: dict[str, bytes], still: dict[str, bytes]
) -> None:
    kinds = ("mask.png", "overlay.png", "nii.gz", "seg.nrrd", "label", "yolo.txt")
    frames = {f"cine.frame{number}.{kind}" for number in MASKS for kind in kinds}
    whole = {f"cine.frames.{kind}" for kind in ("csv", "coco.json", "seg.dcm", "json")}
    assert set(cine) == frames | whole | {"classes.txt"}
    kinds = (*kinds, "csv", "coco.json", "seg.dcm", "json")
    assert set(still) == {f"still.{kind}" for kind in kinds} | {"classes.txt"}
    for number, masks in MASKS.items():
        found = np.asarray(Image.open(io.BytesIO(cine[f"cine.frame{number}.mask.png"])))
        assert np.array_equal(found, ids(masks))
        picture = np.asarray(Image.open(io.BytesIO(cine[f"cine.frame{number}.overlay.png"])).convert("RGB"))
        assert picture.shape == (*HW, 3)
        inside = picture[34, 64].astype(int)
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
    found, ours = json.loads(still["still.coco.json"]), coco("still.dcm", masks, [0.9, 0.9, 0.9], NAMES)
    assert found["annotations"][2].pop("score", None) is None, "nobody predicted what was drawn"
    del ours["annotations"][2]["score"]
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


def polygon(corners: np.ndarray) -> np.ndarray:
    """The pixels whose centres lie within, by an odd number of crossings to their right."""
    y, x = np.mgrid[: HW[0], : HW[1]]
    inside = np.zeros(HW, bool)
    for (ax, ay), (bx, by) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        crossed = (ay > y) != (by > y)
        if ay != by:
            inside ^= crossed & (x < ax + (y - ay) / (by - ay) * (bx - ax))
    return inside


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


def described(dataset: pydicom.Dataset) -> dict[str, Any]:
    """All that a SEG says but for UIDs of its own, the time, and how the file calls its writer."""
    own = ("SOPInstanceUID", "SeriesInstanceUID", "TrackingUID", "DimensionOrganizationUID")
    clock = ("InstanceCreationDate", "InstanceCreationTime", "ContentDate", "ContentTime")
    said = {}
    for element in dataset:
        if element.VR == "SQ":
            said[element.keyword] = [described(item) for item in element.value]
        elif element.keyword not in (*own, *clock):
            said[element.keyword] = (element.VR, element.value)
    return said


@pytest.mark.parametrize("name", ["cine", "still"])
def test_the_segmentation_is_pythons(
    name: str, cine: dict[str, bytes], still: dict[str, bytes], scans: Path, tmp_path: Path
) -> None:
    """Attribute by attribute, and bit by bit; dciodvfy finds no error in it."""
    files, frames = (cine, MASKS) if name == "cine" else (still, {0: (KIDNEY, OTHER, RING)})
    key = "cine.frames.seg.dcm" if name == "cine" else "still.seg.dcm"
    path = saved(files[key], tmp_path / "theirs.dcm")
    theirs = pydicom.dcmread(path)
    empty = np.zeros(HW, bool)
    segments = [
        Segment(label, {number: empty if masks[i] is None else masks[i] for number, masks in frames.items()})
        for i, label in enumerate(NAMES)
    ]
    facts = Segmenter.load(threads=1).facts
    maker = Maker(facts.name, facts.version, __version__)
    write_seg(tmp_path / "ours.dcm", read_source(scans / f"{name}.dcm"), segments, maker)
    ours = pydicom.dcmread(tmp_path / "ours.dcm")
    assert described(theirs) == described(ours)
    assert len(theirs.SOPInstanceUID) <= 64
    highdicom = pytest.importorskip("highdicom")
    read = highdicom.seg.segread(path)
    assert list(read.segment_numbers) == [1, 2, 3]
    assert [read.get_segment_description(number).segment_label for number in (1, 2, 3)] == list(NAMES)
    if shutil.which("dciodvfy"):
        for options in ([], ["-new"]):
            done = subprocess.run(["dciodvfy", *options, path], capture_output=True, timeout=60)
            assert b"Error" not in done.stderr, done.stderr.decode()


def test_a_picture_has_no_segmentation_and_no_millimetres(alone: Visit, scans: Path, tmp_path: Path) -> None:
    nibabel = pytest.importorskip("nibabel")
    files = exported(alone, scans / "plain.png", document({0: (KIDNEY, None, None)}))
    assert "plain.seg.dcm" not in files
    report = json.loads(files["plain.json"])
    [one] = report["objects"]
    assert (one["name"], one["area_px"], one["area_mm2"]) == ("left kidney", int(KIDNEY.sum()), None)
    assert one["measures"]["scale"]["reason"] == "no calibration is known"
    assert one["codes"]["laterality"]["meaning"] == "Left"
    found = nibabel.load(saved(files["plain.nii.gz"], tmp_path / "a.nii.gz"))
    assert found.header.get_xyzt_units()[0] == "unknown"


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
    assert found == pytest.approx([end.volume.value, start.volume.value, truth.value], rel=0.02, abs=0.2)
    page.evaluate("() => { window.print = () => { window.printed = true; }; }")
    page.locator("[data-key=print]").click()
    page.wait_for_function("window.printed")
    report = page.locator("#report").text_content()
    for text in ("cine.dcm", "left kidney", "=cmd()", "Ejection fraction", "Area", "mm²"):
        assert text in report, text
    page.keyboard.press("m")
    page.evaluate("() => { seen.app.selected = 3; seen.app.frame = 0; seen.changed(); }")
    page.locator("#first-plane").click()
    page.evaluate("() => { seen.app.frame = 2; seen.changed(); }")
    page.locator("#volume").click()
    page.locator("#volume-table").wait_for()
    volumes = [float(text.split()[0]) for text in page.locator("#volume-table td").all_inner_texts()]
    both = simpson((View(MASKS[0][0], scale), View(MASKS[2][0], scale)))
    assert volumes[1] == pytest.approx(both.volume.value, rel=0.02, abs=0.1)
