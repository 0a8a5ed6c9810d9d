"""Volumes of analytic shapes."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from uniultra.errors import DataError
from uniultra.measure import Measurement
from uniultra.measure.measured import Measured, measure_mask
from uniultra.measure.volume import (
    CUBE,
    View,
    Volume,
    apart_notes,
    ejection_fraction,
    ellipsoid,
    simpson,
    turned_notes,
)
from uniultra.pixel_scale import Calibration, Scale, ScanRegion

SPACING = 0.4


def drawn(profile: object, length: float, spacing: float = SPACING) -> np.ndarray:
    """A solid of revolution seen from the side, axis down: `profile(s)` is the radius in mm at s mm from the
    top.
    """
    y, x = np.mgrid[: int(length / spacing) + 20, : int(160 / spacing)]
    s, t = (y - 9.5) * spacing, (x - 200.3) * spacing
    inside = (s >= 0) & (s <= length)
    return inside & (np.abs(t) <= profile(np.clip(s, 0, length)))  # type: ignore[operator]


def half_ellipse(a: float, length: float) -> object:
    return lambda s: a * np.sqrt(np.clip(1 - (2 * s / length - 1) ** 2, 0, None))


def view(mask: np.ndarray, spacing: float = SPACING) -> View:
    return View(mask, Scale((spacing, spacing), "test"))


SOLIDS = {
    "ellipsoid": (half_ellipse(25, 90), 90, 4 / 3 * math.pi * 25**2 * 45),
    "sphere": (half_ellipse(30, 60), 60, 4 / 3 * math.pi * 30**3),
    "cylinder": (lambda s: np.full_like(s, 20.0), 80, math.pi * 20**2 * 80),
    "cone": (lambda s: 25 * s / 90, 90, math.pi * 25**2 * 90 / 3),
    "bullet": (
        lambda s: np.where(s < 45, 25 * np.sqrt(np.clip(1 - (1 - s / 45) ** 2, 0, None)), 25.0),
        90,
        math.pi * 25**2 * (45 + 30),
    ),
    "truncated ellipsoid": (
        lambda s: 25 * np.sqrt(np.clip(1 - (1 - s / 50) ** 2, 0, None)),
        80,
        math.pi * 25**2 * (80 - (0.6**3 + 1) * 50 / 3),
    ),
}


@pytest.mark.parametrize("name", SOLIDS)
def test_simpson_is_right_within_a_percent(name: str) -> None:
    profile, length, cubic_mm = SOLIDS[name]
    found = simpson((view(drawn(profile, length)),))
    assert found.volume.value == pytest.approx(cubic_mm / 1000, rel=0.01)
    assert found.volume.unit == "ml"
    assert found.method == "single-plane Simpson, 20 discs"


def test_biplane_simpson_of_an_ellipsoid_of_three_axes() -> None:
    found = simpson((view(drawn(half_ellipse(25, 90), 90)), view(drawn(half_ellipse(18, 90), 90))))
    assert found.volume.value == pytest.approx(4 / 3 * math.pi * 25 * 18 * 45 / 1000, rel=0.01)
    assert found.notes == ()


def test_a_cone_counts_from_the_same_end_in_both_views() -> None:
    up, down = drawn(lambda s: 25 * s / 90, 90), drawn(lambda s: 25 * (1 - s / 90), 90)
    same, opposite = simpson((view(up), view(up))), simpson((view(up), view(down)))
    assert same.volume.value == pytest.approx(math.pi * 25**2 * 90 / 3 / 1000, rel=0.01)
    assert opposite.volume.value / same.volume.value == pytest.approx(0.5, abs=0.03)


def test_a_foreshortened_view_is_said() -> None:
    found = simpson((view(drawn(half_ellipse(25, 90), 90)), view(drawn(half_ellipse(25, 70), 70))))
    assert "22 % apart: one is foreshortened" in found.notes[0]


@settings(max_examples=15, deadline=None)
@given(st.floats(15, 30), st.floats(1.3, 2.2), st.floats(0.3, 1.0), st.floats(-40, 40))
def test_a_tilted_ventricle_lies_within_three_uncertainties(
    a: float, stretch: float, spacing: float, angle: float
) -> None:
    y, x = np.mgrid[: int(160 / spacing), : int(160 / spacing)]
    x, y = (x * spacing - 80.2), (y * spacing - 79.9)
    cos, sin = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    mask = ((x * cos + y * sin) / a) ** 2 + ((y * cos - x * sin) / (a * stretch)) ** 2 <= 1
    found = simpson((view(mask, spacing),)).volume
    assert abs(found.value - 4 / 3 * math.pi * a**3 * stretch / 1000) <= 3 * (found.uncertainty or 0)


def plane(a: float, b: float, *notes: str) -> Measured:
    return measure_mask(drawn(half_ellipse(a, 2 * b), 2 * b), Scale((SPACING, SPACING), "test", notes=notes))


@pytest.mark.parametrize("planes", [((20, 40), (30, 20)), ((30, 40), (20, 30)), ((40, 20), (40, 30))])
def test_an_ellipsoid_from_any_two_of_its_planes(planes: tuple) -> None:
    found = ellipsoid(plane(*planes[0]), plane(*planes[1]))
    assert found.volume.value == pytest.approx(4 / 3 * math.pi * 20 * 30 * 40 / 1000, rel=0.02)
    assert abs(found.volume.value - 4 / 3 * math.pi * 24) <= 3 * (found.volume.uncertainty or 0)
    assert found.notes == ()


def test_planes_that_do_not_match_are_said() -> None:
    assert "% apart" in ellipsoid(plane(20, 30), plane(40, 60)).notes[0]


def test_a_volume_needs_millimetres() -> None:
    measured = measure_mask(drawn(half_ellipse(20, 60), 60), Scale(reason="no calibration is known"))
    with pytest.raises(DataError, match=r"needs millimetres in both planes; give --spacing"):
        ellipsoid(measured, measured)
    with pytest.raises(
        DataError, match=r"a volume needs millimetres, but no calibration is known; give --spacing"
    ):
        simpson((View(drawn(half_ellipse(20, 60), 60), measured.scale),))
    empty = measure_mask(np.zeros((9, 9), bool), Scale((SPACING, SPACING), "test"))
    with pytest.raises(DataError, match=r"a plane's mask is empty"):
        ellipsoid(empty, plane(20, 30))


def test_what_speaks_against_the_millimetres_speaks_against_the_volume_by_its_cube() -> None:
    doubt = "its box is twice the frame: millimetres may be wrong by that factor"
    assert ellipsoid(plane(20, 40, doubt), plane(30, 20, doubt)).notes == (doubt, CUBE)
    doubted = View(drawn(half_ellipse(20, 60), 60), Scale((SPACING, SPACING), "test", notes=(doubt,)))
    assert simpson((doubted,)).notes == (doubt, CUBE)
    assert simpson((doubted, doubted)).notes == (doubt, CUBE)


def test_ejection_fraction() -> None:
    volumes = [Volume(Measurement(ml, "ml", 2.0), "x") for ml in (120.0, 48.0)]
    found = ejection_fraction(volumes[0], volumes[1])
    assert (found.value, found.unit) == (pytest.approx(60), "%")
    assert found.uncertainty == pytest.approx(100 * 0.4 * math.hypot(2 / 48, 2 / 120))
    with pytest.raises(
        DataError, match=r"the systolic volume, 120.0 ml, is above the diastolic one, 48.0 ml; swap the masks"
    ):
        ejection_fraction(volumes[1], volumes[0])


def test_what_simpson_refuses() -> None:
    with pytest.raises(DataError, match=r"a ventricle's mask is empty"):
        simpson((view(np.zeros((9, 9), bool)),))
    with pytest.raises(DataError, match=r"0 views; Simpson's method takes 1"):
        simpson(())


def test_frames_too_close_for_a_systole_are_noted() -> None:
    [note] = apart_notes(4, 3)
    assert note == "frames 4 and 3 are next to each other: one of the two masks is probably wrong"
    assert apart_notes(4, 3, 0.4, 0.3) == apart_notes(3, 9, 0.3, 0.9) == apart_notes(3, 9) == []
    assert "0.099 s apart" in apart_notes(4, 3, 0.399, 0.3)[0]


def test_axes_that_turn_are_noted() -> None:
    """As where pixels are wider than high: a mask that is longer downwards in pixels lies on its side."""
    y, x = np.mgrid[:240, :320]
    large, small = (((x - 150) / rx) ** 2 + ((y - 120) / ry) ** 2 <= 1 for rx, ry in ((55, 80), (30, 60)))
    wide, square = Scale((0.3, 0.5), "test"), Scale((0.4, 0.4), "test")
    for scale, turned in ((wide, True), (square, False)):
        diastole, systole = (simpson((View(mask, scale),)) for mask in (large, small))
        assert turned_notes(diastole, systole) == turned_notes(systole, diastole)
        assert turned_notes(diastole, systole) == turned * [
            "the masks' long axes are 90 degrees apart: one of the two masks is wrong, or too round to "
            "have one"
        ]
    # 4/3 pi of the half axes in mm, the one that isn't the long axis twice
    for half, across, along in ((large, 24.0, 27.5), (small, 15.0, 18.0)):
        expected = 4 / 3 * math.pi * across**2 * along * 1e-3
        assert simpson((View(half, wide),)).volume.value == pytest.approx(expected, rel=0.01)


@pytest.mark.parametrize(
    ("box", "helps"),
    [
        (None, "no calibration is known; give --spacing, or an image with calibration"),
        (
            (200.0, 100.0, 260.0, 140.0),
            "it reaches beyond region 1; keep the mask within one region, or give ",
        ),
        ((5.0, 5.0, 9.0, 9.0), "it lies outside every calibrated region; keep the mask within one region"),
    ],
)
def test_what_helps_where_there_are_no_millimetres(
    box: tuple[float, float, float, float] | None, helps: str
) -> None:
    """--spacing doesn't where a region of the file has millimetres."""
    region = ScanRegion((99.5, 49.5, 239.5, 199.5), "2D", "tissue", ("cm", "cm"), (0.05, 0.05))
    known = Calibration() if box is None else Calibration((region,)).with_fallback("--spacing", 0.4)
    mask = drawn(half_ellipse(20, 60), 60)
    with pytest.raises(DataError, match=helps):
        simpson((View(mask, known.at(box)),))
