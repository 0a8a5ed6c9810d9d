"""Measures of phantoms with a known answer, and the head circumferences that were published with real
masks.
"""

from __future__ import annotations

import csv
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from uniultra.measure.outline import main_part, outline
from uniultra.measure.shape import Shape, edge_uncertainty, extents, measure_shape, ramanujan, tip_uncertainty


def tilted(
    half_mm: tuple[float, float],
    angle_deg: float,
    spacing_yx: tuple[float, float] = (1.0, 1.0),
    shift: float = 0.0,
) -> np.ndarray:
    """A filled ellipse, given in mm, as an image of those pixels sees it."""
    reach = max(half_mm) + 5
    rows, columns = (int(2 * reach / step) for step in spacing_yx)
    y, x = np.mgrid[:rows, :columns]
    x, y = x * spacing_yx[1] - reach - shift, y * spacing_yx[0] - reach - shift
    cos, sin = math.cos(math.radians(angle_deg)), math.sin(math.radians(angle_deg))
    return ((x * cos + y * sin) / half_mm[0]) ** 2 + ((y * cos - x * sin) / half_mm[1]) ** 2 <= 1


def measured(mask: np.ndarray, spacing: tuple[float, float] | None = (1.0, 1.0)) -> Shape:
    shape = measure_shape(mask, spacing)
    assert shape is not None
    return shape


@settings(max_examples=40, deadline=None)
@given(
    st.floats(15, 60),
    st.floats(0.35, 1.0),
    st.floats(-90, 90),
    st.floats(0.3, 1.2),
    st.floats(0.3, 1.2),
    st.floats(0, 1),
)
def test_every_measure_of_an_ellipse_lies_within_three_uncertainties(
    a: float, ratio: float, angle: float, dy: float, dx: float, shift: float
) -> None:
    b = ratio * a
    shape = measured(tilted((a, b), angle, (dy, dx), shift), (dy, dx))
    truth = {
        "area": (shape.area, math.pi * a * b),
        "perimeter": (shape.perimeter, ramanujan(a, b)),
        "circumference": (shape.circumference, ramanujan(a, b)),
        "long diameter": (shape.long_diameter.length, 2 * a),
        "short diameter": (shape.short_diameter.length, 2 * b),
        "long axis": (shape.ellipse.long_axis, 2 * a),
        "short axis": (shape.ellipse.short_axis, 2 * b),
        "equivalent diameter": (shape.equivalent_diameter, 2 * math.sqrt(a * b)),
    }
    for name, (found, true) in truth.items():
        assert found.uncertainty is not None
        assert abs(found.value - true) <= 3 * found.uncertainty, f"{name}: {found} for {true}"
    if ratio < 0.9:
        assert abs((shape.ellipse.angle_deg - angle + 90) % 180 - 90) < 4
    assert shape.notes == ()


def test_ends_of_calipers_are_on_the_edge_and_at_right_angles() -> None:
    shape = measured(tilted((60, 30), 30, (0.5, 1.0)), (0.5, 1.0))
    vectors = []
    for caliper in (shape.long_diameter, shape.short_diameter):
        (ax, ay), (bx, by) = caliper.ends_xy
        vector = np.array([(bx - ax) * 1.0, (by - ay) * 0.5])
        assert np.hypot(*vector) == pytest.approx(caliper.length.value)
        vectors.append(vector / np.hypot(*vector))
    assert vectors[0] @ vectors[1] == pytest.approx(0, abs=1e-9)


def test_a_rectangle_and_a_single_pixel() -> None:
    mask = np.zeros((60, 80), bool)
    mask[10:30, 10:70] = True
    shape = measured(mask)
    assert shape.area.value == 1200
    assert shape.perimeter.value == pytest.approx(160, abs=4)
    assert shape.long_diameter.length.value == pytest.approx(
        math.hypot(60, 20), abs=1.5
    )  # corners are rounded
    assert shape.centroid_xy == (39.5, 19.5)
    assert "the ellipse fits badly" in shape.notes[0]
    mask[:] = False
    mask[7, 9] = True
    one = measured(mask)
    assert (one.area.value, one.centroid_xy, one.parts) == (1, (9, 7), 1)
    assert one.long_diameter.length.value == pytest.approx(1, abs=0.5)


def test_a_hole_counts_for_the_area_alone_and_parts_are_said() -> None:
    whole = tilted((40, 30), 0)
    holed = whole & ~np.roll(tilted((40, 30), 0), 65, axis=1)
    holed = whole.copy()
    holed[30:40, 40:50] = False
    assert measured(holed).area.value == measured(whole).area.value - 100
    assert measured(holed).perimeter == measured(whole).perimeter
    two = whole.copy()
    two[:4, :4] = True
    assert measured(two).parts == 2
    assert measured(two).long_diameter == measured(whole).long_diameter
    assert "2 separate parts" in measured(two).notes[0]


def test_pixels_where_nothing_is_calibrated() -> None:
    shape = measured(tilted((30, 20), 0), None)
    assert (shape.area.unit, shape.perimeter.unit, shape.ellipse.long_axis.unit) == ("px2", "px", "px")
    assert shape.short_diameter.length.uncertainty == pytest.approx(2 / math.sqrt(12))
    assert shape.long_diameter.length.uncertainty == pytest.approx(
        2 / math.sqrt(12) + tip_uncertainty(60, 40, (1, 1)), rel=1e-3
    )


def test_an_empty_mask_has_no_measures() -> None:
    assert measure_shape(np.zeros((9, 9), bool), (1.0, 1.0)) is None
    assert main_part(np.zeros((9, 9), bool))[1] == 0


@pytest.mark.parametrize("turn", [1, 2, 3])
def test_turning_the_picture_changes_no_length(turn: int) -> None:
    mask = tilted((40, 25), 20)
    one, other = measured(mask), measured(np.rot90(mask, turn).copy())
    for name in ("area", "perimeter", "circumference"):
        assert getattr(one, name).value == pytest.approx(getattr(other, name).value, rel=1e-6)
    assert one.long_diameter.length.value == pytest.approx(other.long_diameter.length.value, rel=1e-6)


def test_a_larger_pixel_is_a_proportional_answer() -> None:
    mask = tilted((40, 25), 20)
    one, three = measured(mask), measured(mask, (3.0, 3.0))
    assert three.perimeter.value == pytest.approx(3 * one.perimeter.value)
    assert three.area.value == pytest.approx(9 * one.area.value)
    assert three.circumference.uncertainty == pytest.approx(3 * (one.circumference.uncertainty or 0))


def test_the_outline_is_closed() -> None:
    pieces = outline(tilted((20, 12), 33))
    ends = np.round(pieces.reshape(-1, 2), 6)
    _, counts = np.unique(ends, axis=0, return_counts=True)
    assert (counts == 2).all()


def test_ramanujan_of_a_circle_and_a_known_ellipse() -> None:
    assert ramanujan(3, 3) == pytest.approx(6 * math.pi)
    assert ramanujan(2, 1) == pytest.approx(9.688448220, abs=1e-6)  # 8 E(3/4)


def test_an_edge_is_uncertain_by_a_pixel_over_root_12() -> None:
    assert edge_uncertainty((0.6, 0.6)) == pytest.approx(0.6 / math.sqrt(12))


def by_a_loop(
    pieces: np.ndarray, origin: np.ndarray, direction: np.ndarray, positions: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """`extents`, one position after the other: slow, and plain to see."""
    across = np.array([-direction[1], direction[0]])
    dx, dy = pieces[..., 0] - origin[0], pieces[..., 1] - origin[1]
    along, off = (dx * x + dy * y for x, y in (direction, across))
    low, high = np.full(len(positions), np.nan), np.full(len(positions), np.nan)
    for i, position in enumerate(positions):
        found = []
        for (s0, s1), (t0, t1) in zip(along, off, strict=True):
            if min(s0, s1) <= position <= max(s0, s1):
                found += [t0, t1] if s0 == s1 else [t0 + (position - s0) / (s1 - s0) * (t1 - t0)]
        if found:
            low[i], high[i] = min(found), max(found)
    return low, high


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(-math.pi, math.pi), st.sampled_from([1, 20, 97]))
def test_extents_equal_those_of_a_loop_to_the_last_bit(seed: int, angle: float, count: int) -> None:
    mask = np.kron(np.random.default_rng(seed).random((8, 9)) > 0.4, np.ones((5, 5), bool))
    pieces, origin, direction = (
        outline(mask),
        np.array([20.0, 22.0]),
        np.array([math.cos(angle), math.sin(angle)]),
    )
    positions = np.linspace(-40, 40, count)
    for found, right in zip(
        extents(pieces, origin, direction, positions),
        by_a_loop(pieces, origin, direction, positions),
        strict=True,
    ):
        np.testing.assert_array_equal(found, right)


def test_extents_along_an_axis_meet_pieces_that_lie_on_a_position_whole() -> None:
    square = np.array([[[0, 0], [4, 0]], [[4, 0], [4, 2]], [[4, 2], [0, 2]], [[0, 2], [0, 0]]], float)
    low, high = extents(square, np.zeros(2), np.array([1.0, 0.0]), np.array([-1.0, 0.0, 1.0, 4.0, 5.0]))
    np.testing.assert_array_equal(low, [np.nan, 0, 0, 0, np.nan])
    np.testing.assert_array_equal(high, [np.nan, 2, 2, 2, np.nan])


def test_where_a_structure_lies_changes_no_length() -> None:
    """Lengths are taken on the structure cut out of the frame; places are those of the frame."""
    mask = tilted((22, 9), 25)
    there = measured(np.pad(mask, ((31, 2), (17, 5))))
    here = measured(mask)
    assert there.long_diameter.length == here.long_diameter.length
    assert there.ellipse.long_axis == here.ellipse.long_axis
    for name in ("centroid_xy", "ellipse"):
        one, other = (getattr(shape, name) for shape in (here, there))
        one, other = (one.centre_xy, other.centre_xy) if name == "ellipse" else (one, other)
        assert np.subtract(other, one) == pytest.approx((17, 31), abs=1e-9)
    assert np.subtract(there.long_diameter.ends_xy, here.long_diameter.ends_xy) == pytest.approx(
        np.array([[17, 31]] * 2)
    )


def test_an_ellipse_that_reaches_out_of_the_frame_is_compared_within_it() -> None:
    half = tilted((40, 24), 0)[:, 45:]  # cut by the frame's left edge
    shape = measured(half)
    rows, columns = np.mgrid[: half.shape[0], : half.shape[1]]
    a, b = shape.ellipse.long_axis.value / 2, shape.ellipse.short_axis.value / 2
    cos, sin = (
        math.cos(math.radians(shape.ellipse.angle_deg)),
        math.sin(math.radians(shape.ellipse.angle_deg)),
    )
    x, y = columns - shape.ellipse.centre_xy[0], rows - shape.ellipse.centre_xy[1]
    inside = ((x * cos + y * sin) / a) ** 2 + ((y * cos - x * sin) / b) ** 2 <= 1
    dice = 2 * np.count_nonzero(inside & half) / (np.count_nonzero(inside) + np.count_nonzero(half))
    assert f"(Dice {dice:.2f})" in shape.notes[0]


@pytest.mark.shared
def test_head_circumference_of_the_true_masks(shared: Path) -> None:
    """Every fifth of the 849; all of them in docs/LOG.md."""
    with (shared / "data" / "hc18_circumference.csv").open() as file:
        published = {row["id"]: float(row["hc_mm"]) for row in csv.DictReader(file)}
    with (shared / "data" / "manifest.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["dataset"] == "hc18"][::5]
    errors = []
    for row in rows:
        with Image.open(shared / "data" / row["mask"]) as image:
            mask = np.array(image) > 0
        pixel = float(row["pixel_mm"])
        errors.append(abs(measured(mask, (pixel, pixel)).circumference.value - published[row["id"]]))
    assert len(errors) == 170
    assert np.mean(errors) < 1.4
