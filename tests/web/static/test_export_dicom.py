"""The DICOM results of the page without a server, held against Python's own attribute by attribute."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from PIL import Image

from browsers import Visit
from dicom_checks import check_iod, group_models, segment_models
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
from phantoms import ellipse
from uniultra import __version__
from uniultra.io.dicom.captured import CapturedFrames
from uniultra.io.dicom.notices import DRAWN, NOTICE
from uniultra.io.dicom.sc import capture, cine_capture, encoded, marked
from uniultra.io.dicom.seg import Segment, segmentation, write_seg
from uniultra.io.dicom.source import Maker, read_source
from uniultra.io.dicom.sr import Finding, Length, report
from uniultra.io.dicom.sr_reader import read_report
from uniultra.measure.drawn_caliper import DrawnCaliper
from uniultra.measure.measured import measure_mask
from uniultra.pixel_scale import Scale
from uniultra.segmenter import Segmenter

pytestmark = pytest.mark.browser


def described(dataset: pydicom.Dataset) -> dict[str, Any]:
    """All that an object says but for UIDs of its own, the time, how the file calls its writer, and what is
    measured or drawn.
    """
    own = ("SOPInstanceUID", "SeriesInstanceUID", "TrackingUID", "DimensionOrganizationUID", "UID")
    clock = ("InstanceCreationDate", "InstanceCreationTime", "ContentDate", "ContentTime")
    clock += ("DateOfSecondaryCapture", "TimeOfSecondaryCapture")
    found = ("FloatingPointValue", "NumericValue", "GraphicData", "PixelData")
    said = {}
    for element in dataset:
        if element.keyword in found:
            said[element.keyword] = None
        elif element.VR == "SQ":
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
        Segment(
            label,
            {number: empty if masks[i] is None else masks[i] for number, masks in frames.items()},
            COLOURS[i],
        )
        for i, label in enumerate(NAMES)
    ]
    write_seg(tmp_path / "ours.dcm", read_source(scans / f"{name}.dcm"), segments, maker_of())
    ours = pydicom.dcmread(tmp_path / "ours.dcm")
    assert described(theirs) == described(ours)
    assert theirs.PixelData == ours.PixelData
    assert len(theirs.SOPInstanceUID) <= 64
    highdicom = pytest.importorskip("highdicom")
    read = highdicom.seg.segread(path)
    assert list(read.segment_numbers) == [1, 2, 3]
    assert [read.get_segment_description(number).segment_label for number in (1, 2, 3)] == list(NAMES)
    check_iod(path)


def maker_of() -> Maker:
    facts = Segmenter.load(threads=1).facts
    return Maker(facts.name, facts.version, __version__)


@pytest.mark.parametrize(("name", "number"), [("still", 0), ("cine.frame0", 0), ("cine.frame2", 2)])
def test_the_report_is_pythons(
    name: str, number: int, cine: dict[str, bytes], still: dict[str, bytes], scans: Path, tmp_path: Path
) -> None:
    """Item by item; numbers and outlines of the same masks, and a report as our own reader reads it."""
    highdicom = pytest.importorskip("highdicom")
    path = saved((still | cine)[f"{name}.sr.dcm"], tmp_path / "theirs.dcm")
    theirs = pydicom.dcmread(path)
    masks = MASKS[number] if name.startswith("cine") else (KIDNEY, OTHER, RING)
    scale = Scale(SPACING, "region 1")
    findings = [
        Finding(label, number, mask, measure_mask(mask, scale).shape)
        for label, mask in zip(NAMES, masks, strict=True)
        if mask is not None
    ]
    source = read_source(scans / f"{name.split('.')[0]}.dcm")
    ours = report(source, findings, maker_of())
    del ours.ContributingEquipmentSequence  # highdicom's own
    assert described(theirs) == described(ours)
    groups = [
        highdicom.sr.srread(path).content.get_planar_roi_measurement_groups(),
        highdicom.sr.ComprehensiveSR.from_dataset(ours).content.get_planar_roi_measurement_groups(),
    ]
    for finding, group, other in zip(findings, *groups, strict=True):
        for one, two in zip(group.get_measurements(), other.get_measurements(), strict=True):
            assert one.value == pytest.approx(two.value, rel=0.04, abs=0.5)
        line = group.roi.value
        assert line[0].tolist() == line[-1].tolist()
        outer = finding.mask_hw | (finding.mask_hw is RING) * ellipse(HW, (40, 40), (6, 6))
        drawn = polygon(line[:-1] - 0.5)
        assert 2 * (drawn & outer).sum() / (drawn.sum() + outer.sum()) > 0.98
        assert abs(int(drawn.sum()) - int(outer.sum())) <= 0.01 * outer.sum()
    rows_of = read_report(path)
    assert [one.structure for one in rows_of[::8]] == [one.label for one in findings]
    assert {one.frames for one in rows_of} == ({()} if name == "still" else {(number,)})
    check_iod(path)


@pytest.mark.parametrize("masks", [(KIDNEY,), ()], ids=["beside a mask", "alone"])
@pytest.mark.parametrize("name", ["still", "cine"])
def test_calipers_are_reported_as_python_does(
    alone: Visit, scans: Path, tmp_path: Path, name: str, masks: tuple[np.ndarray, ...]
) -> None:
    """A number, and the line on the image that it was taken along; highdicom reads both."""
    highdicom = pytest.importorskip("highdicom")
    number = 0 if name == "still" else 2
    doc = document({number: masks} if masks else {})
    doc["calipers"] = [
        {"id": place, "frame": number, "a": [10.25, 20], "b": [40, 60 + place]} for place in (1, 2)
    ]
    files = exported(alone, scans / f"{name}.dcm", doc)
    path = saved(files[f"{name}{'' if name == 'still' else '.frame2'}.sr.dcm"], tmp_path / "theirs.dcm")
    scale = Scale(SPACING, "region 1")
    findings = [Finding(NAMES[0], number, KIDNEY, measure_mask(KIDNEY, scale).shape)] * len(masks)
    drawn = [DrawnCaliper(place, ((10.25, 20.0), (40.0, 60.0 + place)), scale) for place in (1, 2)]
    lengths = [Length(one.label, number, one.ends_xy, one.length) for one in drawn]
    maker = maker_of() if masks else Maker("UniUltra", __version__, __version__)
    ours = report(read_source(scans / f"{name}.dcm"), findings, maker, lengths=lengths)
    del ours.ContributingEquipmentSequence  # highdicom's own
    assert described(pydicom.dcmread(path)) == described(ours)
    for report_of in (highdicom.sr.srread(path), highdicom.sr.ComprehensiveSR.from_dataset(ours)):
        groups = report_of.content.get_image_measurement_groups()
        for one, group in zip(drawn, groups, strict=True):
            [found] = group.get_measurements()
            assert (found.name.value, found.unit.value) == ("410668003", "mm")
            assert found.value == pytest.approx(one.length.value, rel=1e-5)
            [line] = found.referenced_coordinates
            np.testing.assert_allclose(line.value - 0.5, one.ends_xy, atol=1e-4)
    check_iod(path)


@pytest.mark.parametrize("name", ["cine", "still"])
def test_the_capture_is_pythons(
    name: str, cine: dict[str, bytes], still: dict[str, bytes], scans: Path, tmp_path: Path
) -> None:
    """Attribute by attribute; the picture is the overlay, below a line that says what it is."""
    files, key = (cine, "cine.frames.sc.dcm") if name == "cine" else (still, "still.sc.dcm")
    path = saved(files[key], tmp_path / "theirs.dcm")
    theirs, source = pydicom.dcmread(path), read_source(scans / f"{name}.dcm")
    picture = np.zeros((4 * HW[0], 4 * HW[1], 3), np.uint8)
    if name == "still":
        ours = capture(source, picture, (NAMES, 0), maker_of())
    else:
        gathered = CapturedFrames()
        for number in MASKS:
            gathered.add(number, encoded(marked(picture)))
        ours = cine_capture(source, gathered, (NAMES, marked(picture).shape[:2]), maker_of())
        ratio = float(theirs.LossyImageCompressionRatio[-1])
        assert ratio == pytest.approx(theirs.pixel_array.size / len(theirs.PixelData), rel=0.01)
        ours.LossyImageCompressionRatio = [*ours.LossyImageCompressionRatio[:-1], f"{ratio:.8g}"]
    assert described(theirs) == described(ours)
    assert theirs.file_meta.TransferSyntaxUID == ours.file_meta.TransferSyntaxUID
    shown = theirs.pixel_array.reshape(-1, theirs.Rows, theirs.Columns, 3)
    begun = "still" if name == "still" else "cine.frame{}"
    for number, one in zip(MASKS if name == "cine" else [0], shown, strict=True):
        png = files[f"{begun.format(number)}.overlay.png"]
        overlay = np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)
        band = theirs.Rows - len(overlay)
        assert one[:band].max() > 150, "the line above is written"
        assert np.abs(one[band:].astype(int) - overlay).mean() < (0.1 if name == "still" else 5)
    check_iod(path)


def test_each_structure_names_the_model_that_made_it(alone: Visit, scans: Path, tmp_path: Path) -> None:
    """An earlier visit's page had another model; the third structure was drawn, on one of its two frames."""
    doc = document({0: (KIDNEY, OTHER, RING), 2: (KIDNEY, None, RING)})
    models = {(0, 0): "cyst-1 7", (0, 1): "cyst-1 7", (2, 0): "uniultra-mini 0.1"}
    for frame in doc["frames"]:
        for place, mask in enumerate(frame["masks"]):
            mask["model"] = models.get((frame["number"], place), "")
            if mask["object"] == 5:
                mask["source"] = "brush"
    files = exported(alone, scans / "cine.dcm", doc)
    path = saved(files["cine.frames.seg.dcm"], tmp_path / "a.dcm")
    assert segment_models(pydicom.dcmread(path)) == [
        ("SEMIAUTOMATIC", "cyst-1, uniultra-mini", [("cyst-1, uniultra-mini", "7, 0.1")]),
        ("SEMIAUTOMATIC", "cyst-1", [("cyst-1", "7")]),
        ("MANUAL", None, []),
    ]
    check_iod(path)
    path = saved(files["cine.frame0.sr.dcm"], tmp_path / "b.dcm")
    assert group_models(pydicom.dcmread(path)) == 2 * [["cyst-1", "7", "UniUltra"]] + [[]]
    check_iod(path)
    assert "DICOM SEG and SR name each structure's own" in alone.page.locator("#export-result").inner_text()
    notes, now = (
        [one.get("notes", []) for one in json.loads(files["cine.frames.json"])["objects"]],
        maker_of(),
    )
    assert notes[0] == [f"structure 1: made by cyst-1 7, not by {now.model} {now.model_version}"]
    assert notes[2] == ["structure 3: drawn by hand"]


def test_what_a_person_drew_is_called_so_as_python_does(alone: Visit, scans: Path, tmp_path: Path) -> None:
    """Nothing names a model, in DICOM and elsewhere; an answer that was corrected by hand is a model's."""
    doc = document({0: (KIDNEY, OTHER)})
    for mask in doc["frames"][0]["masks"]:
        mask |= {"source": "brush", "quality": None}
    files = exported(alone, scans / "still.dcm", doc)
    source, maker = read_source(scans / "still.dcm"), Maker("UniUltra", __version__, __version__)
    scale, drawn = Scale(SPACING, "region 1"), {"KIDNEY": KIDNEY, "OTHER": OTHER}.values()
    findings = [
        Finding(label, 0, mask, measure_mask(mask, scale).shape, models=())
        for label, mask in zip(NAMES, drawn, strict=False)
    ]
    segments = [
        Segment(one.label, {0: one.mask_hw}, colour, ())
        for one, colour in zip(findings, COLOURS, strict=False)
    ]
    picture = np.zeros((4 * HW[0], 4 * HW[1], 3), np.uint8)
    report_of = report(source, findings, maker)
    del report_of.ContributingEquipmentSequence  # highdicom's own
    ours = {
        "seg": segmentation(source, segments, maker),
        "sr": report_of,
        "sc": capture(source, picture, (NAMES[:2], 0), maker, DRAWN),
    }
    for kind, expected in ours.items():
        path = saved(files[f"still.{kind}.dcm"], tmp_path / f"{kind}.dcm")
        theirs = pydicom.dcmread(path)
        assert described(theirs) == described(expected), kind
        assert theirs.SeriesDescription == f"{', '.join(NAMES[:2])}: {DRAWN}"
        check_iod(path)
    said = json.loads(files["still.json"])["objects"]
    assert [(one["by_hand"], one["quality"], one["notes"]) for one in said] == [
        ("drawn", None, [f"structure {number}: drawn by hand"]) for number in (1, 2)
    ]
    for one in json.loads(files["still.coco.json"])["annotations"]:
        assert one["by_hand"] == "drawn"
        assert not {"score", "model"} & one.keys()
    rows = csv.DictReader(io.StringIO(files["still.csv"].decode()))
    assert {(row["id"], row["note"]) for row in rows} == {(n, f"structure {n}: drawn by hand") for n in "12"}

    doc["frames"][0]["masks"][1] |= {"model": "cyst-1 unpublished", "box": [76, 45, 116, 75]}
    files = exported(alone, scans / "still.dcm", doc)
    theirs = pydicom.dcmread(saved(files["still.seg.dcm"], tmp_path / "seg.dcm"))
    assert segment_models(theirs)[1] == ("SEMIAUTOMATIC", "cyst-1", [("cyst-1", "unpublished")])
    assert theirs.SeriesDescription.endswith(NOTICE)
    assert theirs.ContentDescription == NOTICE
    [first, second] = json.loads(files["still.coco.json"])["annotations"]
    assert (second["by_hand"], second["model"], "model" in first) == (
        "corrected",
        "cyst-1 unpublished",
        False,
    )
