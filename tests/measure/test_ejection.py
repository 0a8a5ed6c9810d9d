"""The ejection fraction with millimetres and without, of ventricles of known size."""

from __future__ import annotations

import numpy as np
import pytest

from phantoms import ellipse
from uniultra.errors import DataError
from uniultra.measure.ejection import EQUAL, SQUARE, ejection, single_plane
from uniultra.measure.volume import CUBE, View
from uniultra.pixel_scale import Calibration, Scale, ScanRegion
from uniultra.scale_reasons import NO_LENGTHS, UNCALIBRATED, across, beyond, in_region

HW = (240, 320)
LARGE, SMALL = (ellipse(HW, (160, 120), half_xy) for half_xy in ((45, 90), (30, 80)))
BLIND = Scale(reason=UNCALIBRATED)


def pair(scale: Scale) -> tuple[tuple[View, ...], tuple[View, ...]]:
    return (View(LARGE, scale),), (View(SMALL, scale),)


@pytest.mark.parametrize("reason", [UNCALIBRATED, NO_LENGTHS])
def test_a_ratio_needs_no_size_of_a_pixel(reason: str) -> None:
    found = ejection(*pair(Scale(reason=reason)))
    # Volumes go as the width's square times the length, areas as width times length.
    assert found.fraction.value == pytest.approx(100 * (1 - (30 / 45) ** 2 * 80 / 90), abs=0.5)
    assert found.area_change is not None
    assert found.area_change.value == pytest.approx(100 * (1 - 30 * 80 / (45 * 90)), abs=0.2)
    assert found.notes == (SQUARE,)
    assert found.volumes_json == (None, None)
    assert found.reason == f"a volume needs millimetres, but {reason}; give --spacing, or an image with " + (
        "calibration"
    )
    for side in (0.1, 0.37, 1.0):
        sized = ejection(*pair(Scale((side, side), "test")))
        assert sized.reason == ""
        assert None not in sized.volumes_json
        assert sized.area_change is not None
        for one, other in ((sized.fraction, found.fraction), (sized.area_change, found.area_change)):
            assert one.value == pytest.approx(other.value)
            assert one.uncertainty == pytest.approx(other.uncertainty)


@pytest.mark.parametrize(
    "reason", [across((1, 2)), beyond(1), in_region(1, "it is M-mode"), "it lies outside of what is known"]
)
def test_other_reasons_leave_no_ratio(reason: str) -> None:
    with pytest.raises(DataError, match="a volume needs millimetres, but it "):
        ejection(*pair(Scale(reason=reason)))


def test_two_planes_and_unlike_masks_need_millimetres() -> None:
    one, other = pair(BLIND)
    known = (View(SMALL, Scale((1.0, 1.0), "test")),)
    wide = (View(SMALL, Scale(reason=UNCALIBRATED, pixel_aspect=1.2)),)
    larger = (View(np.pad(SMALL, 5), BLIND),)
    for diastole, systole in ((one * 2, other * 2), (one, known), (known, other), (one, wide), (one, larger)):
        with pytest.raises(DataError, match="a volume needs millimetres, but no calibration is known"):
            ejection(diastole, systole)


def test_pixels_that_are_known_not_to_be_square_are_not_taken_as_such() -> None:
    """Two ventricles across the picture: their axis, and so the fraction, goes by the shape of pixels."""
    scale = Calibration().with_aspect("the video", 0.3).at((70.0, 75.0, 250.0, 165.0))
    assert scale.pixel_aspect == 0.3
    found = [
        ejection(*((View(mask, one),) for mask in (LARGE.T, SMALL.T)))
        for one in (scale, Scale((1.0, 0.3), "test"), BLIND)
    ]
    assert [one.fraction.value for one in found[:2]] == [pytest.approx(found[0].fraction.value)] * 2
    assert found[2].fraction.value - found[0].fraction.value > 5
    assert found[0].notes == (*scale.notes, EQUAL)
    assert CUBE not in found[0].notes


def test_a_mask_outside_regions_without_lengths_has_a_ratio() -> None:
    region = ScanRegion((200.0, 0.0, 319.0, 60.0), "M-mode", "tissue", ("seconds", "cm"), (0.1, 0.1))
    scale = Calibration((region,)).at((110.0, 70.0, 190.0, 200.0))
    assert scale.reason == NO_LENGTHS
    assert ejection(*pair(scale)).fraction.value == ejection(*pair(BLIND)).fraction.value


@pytest.mark.parametrize("scale", [BLIND, Scale((0.5, 0.5), "test")])
def test_swapped_masks_are_refused(scale: Scale) -> None:
    unit = "ml" if scale.spacing_mm_yx else "px3"
    with pytest.raises(DataError, match=rf"the systolic volume, [0-9.]+ {unit}, is above .* [0-9.]+ {unit};"):
        ejection(*pair(scale)[::-1])


def test_a_volume_in_pixels_is_said_to_be() -> None:
    volume = single_plane(View(LARGE, BLIND)).volume
    assert volume.unit == "px3"
    assert volume.value == pytest.approx(4 / 3 * np.pi * 45**2 * 90, rel=0.01)
