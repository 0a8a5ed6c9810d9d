"""Own images with masks of other programs: LabelMe's JSON and DICOM SEG."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from PIL import Image

from dicoms import dataset, region, save
from phantoms import ellipse, speckled
from uniultra.data.importers.registry import SETS
from uniultra.data.manifest import read_manifest
from uniultra.data.set_import import Imported, ImportSettings, import_set
from uniultra.io.annotation_files import labelme
from uniultra.io.dicom.seg import Segment, write_seg
from uniultra.io.dicom.source import Maker, read_source
from uniultra.io.polygons import filled

HW = (90, 120)
LEFT, RIGHT = ellipse(HW, (30, 45), (14, 20)), ellipse(HW, (90, 45), (18, 12))
SQUARE = [[10.0, 10.0], [40.0, 10.0], [40.0, 50.0], [10.0, 50.0]]
OTHER = [[60.0, 20.0], [100.0, 20.0], [80.0, 70.0]]


def imported(name: str, root: Path, **settings: Any) -> Imported:
    return import_set(SETS[name], root, root.parent / f"{root.name}-out", ImportSettings(**settings))


def mask_of(root: Path, name: str) -> np.ndarray:
    return np.asarray(Image.open(root.parent / f"{root.name}-out" / "masks" / f"{name}.png"))


def shape(label: str, points: Any, group: int | None = None, kind: str | None = "polygon") -> dict[str, Any]:
    """As LabelMe 5 and 6 write it; older versions have no description and no mask."""
    said = {"label": label, "points": points, "group_id": group, "description": "", "shape_type": kind}
    return said | {"flags": {}, "mask": None}


@pytest.fixture
def labelled(tmp_path: Path) -> Callable[..., Path]:
    """A picture and its JSON, in folders of their own; returns the root."""
    root = tmp_path / "mine"

    def write(name: str, *shapes: dict[str, Any], **changed: Any) -> Path:
        for folder in ("json", "pictures"):
            (root / folder).mkdir(parents=True, exist_ok=True)
        seed = sum(map(ord, name))
        Image.fromarray(speckled(LEFT, seed=seed).pixels_hw).save(root / "pictures" / f"{name}.png")
        data = {"version": "6.3.1", "flags": {}, "shapes": list(shapes), "imageData": None}
        data |= {"imagePath": f"..\\pictures\\{name}.png", "imageHeight": HW[0], "imageWidth": HW[1]}
        (root / "json" / f"{name}.json").write_text(json.dumps(data | changed), encoding="utf-8")
        return root

    return write


def test_polygons_of_labelme_become_ids_by_label(labelled: Callable[..., Path]) -> None:
    """Two parts of one group are one structure; a label that comes first elsewhere has its id here, too."""
    labelled("a", shape("cyst", SQUARE), shape("node", OTHER))
    labelled(
        "b",
        shape("node", SQUARE, 3),
        shape("node", OTHER, 3, None),
        shape("cyst", [[1, 60], [9, 60], [5, 70]]),
    )
    root = labelled("c", imageHeight=None, imageWidth=None)
    done = imported("labelme", root)
    assert done.problems == ()
    assert done.names == {1: "cyst", 2: "node"}
    square, other = (filled([v for xy in points for v in xy], HW) for points in (SQUARE, OTHER))
    np.testing.assert_array_equal(mask_of(root, "pictures_a"), square + 2 * other)
    np.testing.assert_array_equal(mask_of(root, "pictures_b") == 2, square | other)
    assert (mask_of(root, "pictures_b") == 1).sum() > 10
    assert not mask_of(root, "pictures_c").any()
    assert len(read_manifest(root.parent / "mine-out" / "manifest.csv").rows) == 3


@pytest.mark.parametrize(
    ("shapes", "changed", "message"),
    [
        (
            [shape("cyst", SQUARE), shape("n", SQUARE[:2], kind="rectangle")],
            {},
            "shape 2 ('n') is of type rectangle",
        ),
        (
            [shape("n", SQUARE[:2], kind="circle")],
            {},
            "only polygons can be imported: draw it as one, or remove",
        ),
        ([shape("n", SQUARE[:2], kind="mask")], {}, "shape 1 ('n') is of type mask; only polygons"),
        (
            [shape("n", SQUARE)],
            {"imageWidth": 121},
            "imageWidth and imageHeight are 121 x 90, the picture has 120",
        ),
        ([shape("n", SQUARE)], {"imageHeight": 45}, "120 x 45, the picture has 120 x 90"),
        ([shape("n", SQUARE)], {"imagePath": "x.png"}, "imagePath 'x.png': no such file"),
        ([shape("n", SQUARE)], {"imagePath": "../../secret.png"}, "is not below the folder given"),
        ([shape("n", SQUARE)], {"shapes": None}, "not LabelMe's JSON"),
        ([shape("n", [[1, 1], [2, 2]])], {}, "the points of shape 1 are no polygon (4 numbers"),
        ([shape("n", [[1, 1], [2, "x"], [3, 3]])], {}, "the points of shape 1 are no polygon"),
        (
            [shape("n", [[500, 500], [510, 500], [510, 510]])],
            {},
            "shape 1 ('n') holds no pixel of the picture",
        ),
        ([shape("n", SQUARE), shape("m", SQUARE)], {}, "shape 2 ('m') is hidden by others"),
    ],
)
def test_what_no_polygon_of_this_picture_is_is_one_line(
    labelled: Callable[..., Path], shapes: list[dict[str, Any]], changed: dict[str, Any], message: str
) -> None:
    """Beside it lies what is valid, which alone is imported with --skip-bad."""
    labelled("bad", *shapes, **changed)
    root = labelled("good", shape("n", SQUARE))
    refused = imported("labelme", root)
    assert not refused.written
    said = [problem.what for problem in refused.problems]  # the picture isn't said to lack its JSON, too
    assert len(said) == 1
    assert refused.problems[0].where.endswith("bad.json")
    assert message in said[0]
    assert "\n" not in said[0]
    assert len(imported("labelme", root, skip_bad=True).rows) == 1


def test_two_jsons_of_one_picture_are_named(labelled: Callable[..., Path]) -> None:
    root = labelled("a", shape("n", SQUARE))
    shutil.copy(root / "json" / "a.json", root / "json" / "z.json")
    [problem] = imported("labelme", root).problems
    assert problem.where.endswith("z.json")
    assert problem.what == "is of a.png, as a.json is; put all shapes into one JSON, or remove one"
    assert len(imported("labelme", root, skip_bad=True).rows) == 1


def test_a_picture_without_json_is_a_problem(labelled: Callable[..., Path]) -> None:
    root = labelled("a", shape("n", SQUARE))
    shutil.copy(root / "pictures" / "a.png", root / "pictures" / "b.png")
    [problem] = imported("labelme", root).problems
    assert problem.where.endswith("b.png")
    assert "no mask 'b.json'" in problem.what


@pytest.fixture
def scans(tmp_path: Path) -> Path:
    """A still with its segmentation by highdicom, in a folder below, and a cine with one of ours."""
    hd = pytest.importorskip("highdicom", reason="highdicom is of the extra dicom")
    from pydicom.sr.codedict import codes

    root = tmp_path / "scans"
    (root / "results").mkdir(parents=True)
    about = dict.fromkeys(("PatientSex", "StudyDate", "StudyTime", "AccessionNumber", "StudyID"), "")
    still = dataset(speckled(LEFT | RIGHT).pixels_hw[None], ReferringPhysicianName="", **about)
    save(still, root / "still.dcm")
    algorithm = hd.AlgorithmIdentificationSequence("a", codes.DCM.ArtificialIntelligence, "1")
    segments = [
        hd.seg.SegmentDescription(number, name, codes.SCT.Tissue, codes.SCT.Liver, "AUTOMATIC", algorithm)
        for number, name in ((1, "left kidney"), (2, "cyst"))
    ]
    pixels = (LEFT + 2 * RIGHT).astype(np.uint8)[None]
    source = pydicom.dcmread(root / "still.dcm")
    made = hd.seg.Segmentation(
        *([source], pixels, "BINARY", segments, hd.UID(), 1, hd.UID(), 1, "m", "mm", "1", "1")
    )
    made.save_as(root / "results" / "of-still", enforce_file_format=True)
    frames = np.stack([speckled(LEFT, seed=seed).pixels_hw for seed in range(4)])
    cine = dataset(frames, FrameTime=40.0)
    cine.SequenceOfUltrasoundRegions = [region((0, 0, HW[1] - 1, HW[0] - 1), 0.05)]
    save(cine, root / "cine.dcm")
    masks = {1: LEFT, 3: RIGHT}
    write_seg(
        root / "any name.dcm", read_source(root / "cine.dcm"), [Segment("cyst", masks)], Maker("m", "1", "1")
    )
    return root


def test_segmentations_find_their_images(scans: Path) -> None:
    done = imported("seg", scans, organ="kidney")
    assert done.problems == ()
    assert done.names == {1: "cyst", 2: "left kidney"}
    np.testing.assert_array_equal(mask_of(scans, "still"), 2 * LEFT + RIGHT)
    np.testing.assert_array_equal(mask_of(scans, "cine_frame1"), LEFT)
    np.testing.assert_array_equal(mask_of(scans, "cine_frame3"), RIGHT)
    rows = {row["id"]: row for row in done.rows}
    assert sorted(rows) == ["cine_frame1", "cine_frame3", "still"]
    assert [rows[name]["frame"] for name in ("cine_frame1", "cine_frame3", "still")] == ["1", "3", ""]
    assert rows["cine_frame1"]["pixel_mm"] == "0.5"
    assert rows["cine_frame1"]["group"] == rows["cine_frame3"]["group"] != rows["still"]["group"]
    pixels = np.asarray(Image.open(scans.parent / "scans-out" / "images" / "cine_frame3.png"))
    np.testing.assert_array_equal(pixels, speckled(LEFT, seed=3).pixels_hw)


def test_what_fits_no_image_is_said(scans: Path) -> None:
    """A second segmentation of one image; one without its image; an image without any; a broken one."""
    shutil.copy(scans / "any name.dcm", scans / "again.dcm")
    save(dataset(speckled(RIGHT, seed=9).pixels_hw[None]), scans / "alone.dcm")
    whole = (scans / "results" / "of-still").read_bytes()
    (scans / "results" / "cut.dcm").write_bytes(whole[: len(whole) // 3])
    (scans / "still.dcm").unlink()
    said = {Path(one.where).name: one.what for one in imported("seg", scans).problems}
    assert "a second segmentation of 'cine.dcm', beside 'again.dcm'" in said["any name.dcm"]
    assert "no segmentation here is of this image" in said["alone.dcm"]
    assert "it is of an image that isn't here" in said["of-still"]
    assert "cut.dcm" in said
    assert "cine.dcm" not in said


def test_a_segmentation_of_another_size_is_refused(scans: Path) -> None:
    data = pydicom.dcmread(scans / "still.dcm")
    data.Rows, data.Columns = HW[1], HW[0]
    data.save_as(scans / "still.dcm")
    said = {Path(one.where).name: one.what for one in imported("seg", scans).problems}
    assert "the segmentation is 120 x 90 pixels but its image is 90 x 120" in said["of-still"]


def test_what_is_written_as_labelme_here_comes_back(labelled: Callable[..., Path]) -> None:
    """A structure in two parts, and one within its box."""
    root = labelled("a")
    both, disc = LEFT | ellipse(HW, (80, 70), (8, 8)), ellipse(HW, (80, 30), (20, 9))
    said = labelme("../pictures/a.png", [both, disc], ["cyst", "node"])
    (root / "json" / "a.json").write_text(json.dumps(said), encoding="utf-8")
    assert imported("labelme", root).problems == ()
    for number, mask in ((1, both), (2, disc)):
        found = mask_of(root, "pictures_a") == number
        assert 2 * (found & mask).sum() / (found.sum() + mask.sum()) > 0.98
