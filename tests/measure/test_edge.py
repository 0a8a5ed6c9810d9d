"""The edge line: what it fills is the mask, whatever the mask's shape."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from phantoms import ellipse
from uniultra.measure.edge import edge_line
from uniultra.measure.outline import main_part

FEW, MANY = 300, 4000
FINE = 8


def filled(line: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """The pixels whose centre lies within a line, by a picture of FINE times the size; a centre never lies on
    a corner or edge.
    """
    large = np.zeros((shape[0] * FINE, shape[1] * FINE), np.uint8)
    cv2.fillPoly(large, [np.rint(line * FINE).astype(np.int32)], 1)
    return large[FINE // 2 :: FINE, FINE // 2 :: FINE] > 0


def area(line: np.ndarray) -> float:
    x, y = line.T
    return abs(float(np.sum(x[:-1] * y[1:] - x[1:] * y[:-1]))) / 2


def overlap(line: np.ndarray, mask: np.ndarray) -> float:
    found = filled(line, mask.shape)
    return float(np.count_nonzero(found & mask) / np.count_nonzero(found | mask))


def comb() -> np.ndarray:
    """A plate with teeth of 3 pixels: every n-th corner of it is a line without area."""
    mask = np.zeros((400, 600), bool)
    mask[100:380, 20:580] = True
    for x in range(20, 580, 6):
        mask[96:100, x : x + 3] = True
    return mask


def rough() -> np.ndarray:
    y, x = np.mgrid[:400, :600]
    noise = cv2.GaussianBlur(np.random.default_rng(1).normal(size=(400, 600)), (0, 0), 3)
    return main_part(((x - 300) / 200) ** 2 + ((y - 200) / 120) ** 2 + 3 * noise < 1)[0]


def spiral() -> np.ndarray:
    y, x = np.mgrid[:300, :300] - 150.0
    turn = np.hypot(x, y) - 6 * np.arctan2(y, x)
    return main_part((np.hypot(x, y) < 140) & ((turn % 37.7) < 20))[0]


SHAPES = {
    "comb": comb(),
    "rough": rough(),
    "spiral": spiral(),
    "ellipse": ellipse((300, 400), (200, 150), (120, 70)),
    "slanted strip": np.abs(np.subtract.outer(np.arange(60), np.arange(60))) < 2,
}


@pytest.mark.parametrize("name", SHAPES)
def test_the_line_fills_the_mask(name: str) -> None:
    mask = SHAPES[name]
    line = edge_line(mask, MANY)
    assert line[0].tolist() == line[-1].tolist()
    assert area(line) == pytest.approx(np.count_nonzero(main_part(mask)[0]), rel=0.003)
    assert overlap(line, main_part(mask)[0]) > (0.97 if name in ("rough", "spiral") else 0.985)


@pytest.mark.parametrize(
    "mask", [np.ones((3, 3), bool), np.ones((1, 1), bool), np.ones((1, 9), bool), np.eye(20, dtype=bool)]
)
def test_small_shapes_keep_their_area_exactly(mask: np.ndarray) -> None:
    padded = np.pad(mask, 5)
    assert area(edge_line(padded, MANY)) == np.count_nonzero(mask)
    assert area(edge_line(padded[:, ::-1], MANY)) == np.count_nonzero(mask)


def test_a_mask_up_to_the_border_ends_there() -> None:
    line = edge_line(np.ones((12, 20), bool), MANY)
    assert sorted(map(tuple, line[1:].tolist())) == [(0, 0), (0, 12), (20, 0), (20, 12)]


def test_holes_are_filled_and_smaller_parts_left_out() -> None:
    mask = np.zeros((30, 40), bool)
    mask[5:20, 5:25], mask[10:12, 10:14], mask[25:28, 30:33] = True, False, True
    assert area(edge_line(mask, MANY)) == 15 * 20


def test_a_long_edge_is_thinned_until_it_fits() -> None:
    line = edge_line(rough(), FEW)
    assert len(line) <= FEW
    assert overlap(line, rough()) > 0.93


def test_no_corner_leaves_the_exact_edge_by_more_than_thinning_allows() -> None:
    mask = SHAPES["ellipse"]
    contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    centres = contours[0][:, 0] + 0.5
    away = [min(np.hypot(*(corner - centres).T)) for corner in edge_line(mask, MANY)]
    assert max(away) <= 0.75  # the corner of a pixel lies 0.71 from its centre
