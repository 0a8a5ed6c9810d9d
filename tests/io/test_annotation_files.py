"""Polygons for YOLO, LabelMe and CVAT: filled again they are the mask but for their stated tolerance."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import cv2
import numpy as np
import pytest

from uniultra.io.annotation_files import TOLERANCE, cvat, labelme, polygons, yolo
from uniultra.io.coco import coco
from uniultra.io.polygons import filled

HW = (90, 120)
ROWS, COLUMNS = np.mgrid[: HW[0], : HW[1]]


def disc(x: float, y: float, radius: float) -> np.ndarray:
    return np.asarray((COLUMNS - x) ** 2 + (ROWS - y) ** 2 <= radius**2)


CORNER = disc(8, 6, 5)  # off every axis of symmetry: up and left
MASKS = {
    "disc": disc(60, 40, 25),
    "corner": CORNER,
    "one pixel": (COLUMNS == 3) & (ROWS == 70),
    "all": np.ones(HW, bool),
    "at the edge": disc(119, 89, 20),
    "a line": (ROWS == 10) & (COLUMNS > 20) & (COLUMNS < 90),
}


@pytest.mark.parametrize("mask", MASKS.values(), ids=MASKS)
def test_a_polygon_stays_within_its_tolerance(mask: np.ndarray) -> None:
    [points] = polygons(mask)
    edge, _ = cv2.findContours(
        mask.repeat(20, 0).repeat(20, 1).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE
    )
    fine = np.rint(points * 20).astype(np.float32)[:, None]
    far = [
        abs(cv2.pointPolygonTest(fine, (float(x) + 0.5, float(y) + 0.5), True)) for x, y in edge[0][::7, 0]
    ]
    assert max(far) / 20 <= TOLERANCE + 0.05
    again = filled(points.ravel().tolist(), HW)
    wrong = again ^ mask
    assert wrong.sum() <= max(1, 0.06 * mask.sum())
    if wrong.any():  # only pixels that touch the edge
        inner = cv2.erode(mask.astype(np.uint8), np.ones((3, 3)), borderValue=0) > 0
        assert not (wrong & inner).any()


def test_parts_are_polygons_of_one_group_and_holes_are_filled() -> None:
    ring = disc(60, 40, 25) & ~disc(60, 40, 10)
    assert len(polygons(ring)) == 1
    both = disc(30, 40, 12) | disc(80, 40, 20)
    first, second = polygons(both)
    assert first[:, 0].mean() == pytest.approx(80, abs=1.5)
    assert second[:, 0].mean() == pytest.approx(30, abs=1.5)
    said = labelme("a.png", [CORNER, both])
    assert [shape["group_id"] for shape in said["shapes"]] == [1, 2, 2]
    assert polygons(np.zeros(HW, bool)) == []


def painted(line: str, hw: tuple[int, int]) -> np.ndarray:
    """A YOLO label as ultralytics 8.4.190 paints it: cut to whole pixels, the border included."""
    corners = np.array(line.split()[1:], np.float32).reshape(-1, 2) * np.array(hw[::-1], np.float32)
    mask = np.zeros(hw, np.uint8)
    cv2.fillPoly(mask, [corners.astype(np.int32)], 1)
    return mask > 0


@pytest.mark.parametrize("hw", [(462, 622), (480, 640), (90, 120)])
def test_walls_are_in_the_same_rows_and_columns_where_yolo_paints_them(hw: tuple[int, int]) -> None:
    """ultralytics' own labels of such walls move by a row in some sizes
    (findings/ultralytics_thin_walls.sh).
    """
    for thick in (1, 3):
        for first in range(5, 80, 7):
            along = np.zeros(hw, bool)
            along[first : first + thick, 20:70] = True
            across = np.zeros(hw, bool)
            across[20:70, first : first + thick] = True
            for wall in (along, across):
                np.testing.assert_array_equal(painted(yolo([wall]), hw), wall)


def test_every_format_names_the_corner_it_is_in() -> None:
    numbers = [float(part) for part in yolo([CORNER]).split()]
    assert numbers[0] == 0
    shares = np.reshape(numbers[1:], (-1, 2))
    assert (shares * (120, 90)).mean(axis=0) == pytest.approx((8.5, 6.5), abs=0.5)  # counted from the corner
    image = ET.fromstring(cvat('a "&<b>.png', [CORNER])).find("image")
    assert image is not None
    assert image.attrib == {"id": "0", "name": 'a "&<b>.png', "width": "120", "height": "90"}
    polygon = image.find("polygon")
    assert polygon is not None
    points = np.array([[float(v) for v in pair.split(",")] for pair in polygon.attrib["points"].split(";")])
    assert points.mean(axis=0) == pytest.approx((8.5, 6.5), abs=0.5)
    assert points == pytest.approx(np.array(labelme("a", [CORNER])["shapes"][0]["points"]), abs=0.01)
    assert labelme("a", [CORNER])["imageHeight"] == 90
    assert yolo([np.zeros(HW, bool)]) == ""


def test_names_become_labels_and_classes() -> None:
    names = ["kidney", "", "kidney"]
    masks = [CORNER, CORNER, CORNER]
    assert [line.split()[0] for line in yolo(masks, names).splitlines()] == ["0", "1", "0"]
    assert [shape["label"] for shape in labelme("a", masks, names)["shapes"]] == [
        "kidney",
        "structure",
        "kidney",
    ]
    drawn = ET.fromstring(cvat("a", masks, names)).iter("polygon")
    assert [one.get("label") for one in drawn] == ["kidney", "structure", "kidney"]
    listed = coco("a", masks, [{"score": 0.5}, {"score": 0.4}, {}], names)
    assert [one.get("score") for one in listed["annotations"]] == [0.5, 0.4, None]
    assert [one["category_id"] for one in listed["annotations"]] == [1, 2, 1]
    assert [one["name"] for one in listed["categories"]] == ["kidney", "structure"]
