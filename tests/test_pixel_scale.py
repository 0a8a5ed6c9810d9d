"""Where an answer has millimetres, and the reason where it has none."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uniultra.pixel_scale import Calibration, ScanRegion

LEFT = ScanRegion((-0.5, -0.5, 99.5, 99.5), "2D", "tissue", ("cm", "cm"), (0.02, 0.03))
RIGHT = replace(LEFT, box_xyxy=(99.5, -0.5, 199.5, 99.5), delta_xy=(0.04, 0.04))
M_MODE = ScanRegion((-0.5, 99.5, 199.5, 149.5), "M-mode", "tissue", ("seconds", "cm"), (0.01, 0.02))
SCREEN = Calibration((LEFT, RIGHT, M_MODE))


@pytest.mark.parametrize(
    ("box", "region", "spacing"), [((10, 10, 50, 50), 1, (0.3, 0.2)), ((110, 10, 150, 99.5), 2, (0.4, 0.4))]
)
def test_a_structure_is_measured_in_the_region_it_lies_in(box: tuple, region: int, spacing: tuple) -> None:
    scale = SCREEN.at(box)
    assert (scale.source, scale.reason) == (f"region {region}", "")
    assert scale.spacing_mm_yx == pytest.approx(spacing)


@pytest.mark.parametrize(
    ("box", "reason"),
    [
        ((90, 10, 110, 50), "it lies across regions 1 and 2"),
        ((90, 90, 110, 110), "it lies across regions 1, 2 and 3"),
        ((10, 110, 50, 140), "it lies in region 3, and it is M-mode, x in seconds and y in cm"),
        ((10, 160, 50, 190), "it lies outside every calibrated region"),
        ((10, 130, 50, 160), "it reaches beyond region 3"),
        ((-5, 10, 50, 50), "it reaches beyond region 1"),
        (None, "there is nothing to measure"),
    ],
)
def test_elsewhere_the_answer_has_a_reason(box: tuple | None, reason: str) -> None:
    assert SCREEN.at(box).spacing_mm_yx is None
    assert SCREEN.at(box).reason == reason


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"delta_xy": (0.0, 0.02)}, "its pixel deltas 0 and 0.02 cm have no length"),
        ({"delta_xy": (0.02, -math.inf)}, "its pixel deltas 0.02 and -inf cm have no length"),
        ({"delta_xy": (math.nan, 0.02)}, "its pixel deltas nan and 0.02 cm have no length"),
        ({"units_xy": ("cm", "seconds")}, "its units are cm to the right and seconds down, not cm"),
        (
            {"shape": "spectral", "units_xy": ("seconds", "cm/s")},
            "it is spectral, x in seconds and y in cm/s",
        ),
        ({"shape": "without spatial format", "data": "grey bar"}, "the file doesn't call it a 2D image"),
        ({"shape": "unknown (9)"}, "the file doesn't call it a 2D image"),
        ({"shape": "graphics", "units_xy": ("no unit", "no unit")}, "the file doesn't call it a 2D image"),
    ],
)
def test_a_region_without_lengths_says_why(change: dict, fault: str) -> None:
    region = replace(LEFT, **change)
    assert (region.fault, region.spacing_mm_yx) == (fault, None)
    assert Calibration((region,)).at((1, 1, 5, 5)).reason == f"it lies in region 1, and {fault}"


@pytest.mark.parametrize(
    ("shape", "data", "what"),
    [
        ("2D", "tissue", "2D tissue"),
        ("M-mode", "tissue", "M-mode tissue"),
        ("spectral", "PW spectral Doppler", "PW spectral Doppler"),
        ("a waveform", "ECG trace", "ECG trace"),
        ("graphics", "grey bar", "grey bar"),
        ("without spatial format", "grey bar", "grey bar"),
        ("unknown (9)", "tissue", "tissue"),
        ("2D", "none", "2D"),
        ("graphics", "unknown (99)", "graphics"),
        ("without spatial format", "none", "undescribed"),
        ("unknown", "unknown", "undescribed"),
    ],
)
def test_what_a_region_shows_is_said_without_the_standard_s_codes(shape: str, data: str, what: str) -> None:
    assert replace(LEFT, shape=shape, data=data).what == what


@pytest.mark.parametrize("sign_xy", [(1, -1), (-1, 1), (-1, -1)])
def test_an_axis_that_runs_the_other_way_has_the_same_lengths(sign_xy: tuple[int, int]) -> None:
    """PS3.3 C.8.5.5.1: the delta is the value per positive pixel increment, and may be negative."""
    turned = replace(LEFT, delta_xy=(LEFT.delta_xy[0] * sign_xy[0], LEFT.delta_xy[1] * sign_xy[1]))
    assert turned.spacing_mm_yx == LEFT.spacing_mm_yx
    assert Calibration((LEFT, turned)).at((30, 30, 40, 40)).spacing_mm_yx == LEFT.spacing_mm_yx
    assert Calibration((turned,)).with_fallback("PixelSpacing", (0.3, 0.2)).notes == ()


def test_overlapping_regions() -> None:
    inset = replace(LEFT, box_xyxy=(20.5, 20.5, 60.5, 60.5), delta_xy=(0.01, 0.01))
    assert (
        Calibration((LEFT, inset)).at((30, 30, 40, 40)).reason
        == "it lies in regions 1 and 2, which overlap and have different scales"
    )
    on_top = Calibration((replace(LEFT, low_priority=True), inset))
    assert on_top.at((30, 30, 40, 40)).source == "region 2"
    assert Calibration((LEFT, replace(inset, delta_xy=LEFT.delta_xy))).at(
        (30, 30, 40, 40)
    ).spacing_mm_yx == pytest.approx((0.3, 0.2))
    assert "across regions 1 and 2" in Calibration((LEFT, inset)).at((30, 30, 70, 40)).reason
    bar = replace(inset, shape="without spatial format", units_xy=("no unit", "no unit"), delta_xy=(0.0, 0.0))
    assert "across regions 1 and 2" in Calibration((LEFT, bar)).at((30, 30, 70, 40)).reason


def test_fallbacks_are_used_in_order_and_conflicts_are_said() -> None:
    both = Calibration().with_fallback("PixelSpacing", (0.2, 0.2)).with_fallback("--spacing", (0.3, 0.3))
    assert both.whole_mm_yx == (0.2, 0.2)
    assert both.at((0, 0, 5, 5)).source == "PixelSpacing"
    assert both.notes == ("--spacing says 0.3 mm, but PixelSpacing says 0.2 mm, which is used",)
    assert (
        Calibration()
        .with_fallback("PixelSpacing", (0.2, 0.2))
        .with_fallback("--spacing", (0.2, 0.2004))
        .notes
        == ()
    )


def test_regions_come_before_fallbacks() -> None:
    known = SCREEN.with_fallback("PixelSpacing", (0.5, 0.5))
    assert known.notes == ("PixelSpacing says 0.5 mm, but region 1 says 0.2 x 0.3 mm, which is used",)
    assert known.at((10, 10, 50, 50)).source == "region 1"
    assert known.at((10, 160, 50, 190)).spacing_mm_yx is None
    assert known.whole_mm_yx is None


def test_a_2d_region_without_lengths_leaves_room_for_a_fallback_but_m_mode_does_not() -> None:
    broken = Calibration((replace(LEFT, delta_xy=(0.0, 0.0)), M_MODE)).with_fallback(
        "PixelSpacing", (0.5, 0.5)
    )
    assert broken.at((10, 10, 50, 50)).spacing_mm_yx == (0.5, 0.5)
    assert broken.at((10, 10, 50, 50)).notes == (
        "region 1 is not used: its pixel deltas 0 and 0 cm have no length",
    )
    assert "M-mode" in broken.at((10, 110, 50, 140)).reason


def test_nothing_known() -> None:
    assert Calibration().at((0, 0, 5, 5)).reason == "no calibration is known"


@given(st.floats(-50, 50), st.floats(-50, 50), st.floats(0.1, 8), st.floats(0.1, 8))
def test_cutting_and_scaling_a_frame_keeps_lengths(ox: float, oy: float, sx: float, sy: float) -> None:
    moved = SCREEN.moved((ox, oy), (sx, sy)).regions[0]
    for axis, delta, mm in ((0, moved.delta_xy[0], 20.0), (1, moved.delta_xy[1], 30.0)):
        assert 10 * delta * (moved.box_xyxy[2 + axis] - moved.box_xyxy[axis]) == pytest.approx(mm)
    assert moved.box_xyxy[:2] == pytest.approx(((-0.5 - ox) * sx - 0.5, (-0.5 - oy) * sy - 0.5))
