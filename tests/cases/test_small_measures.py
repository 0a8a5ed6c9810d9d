"""Ellipses of a few pixels: every measure lies within three of its stated uncertainties.

Right values: the ellipse's own axes, pi a b, and Ramanujan's circumference. In 117ac18 the perimeter was up
to 26 % (14 of its uncertainties) too long below 4 pixels of the coarse direction, and a thin ellipse's long
diameter up to 7 uncertainties too short.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from uniultra.measure.shape import Shape, measure_shape, ramanujan, tip_uncertainty


def drawn(
    half: tuple[float, float], angle: float, spacing_yx: tuple[float, float], shift: tuple[float, float]
) -> np.ndarray:
    """The pixels whose centres lie in an ellipse, in units of `spacing_yx`."""
    reach = max(half) + 3
    rows, columns = (int(2 * reach / side) for side in spacing_yx)
    y, x = np.mgrid[:rows, :columns]
    x, y = x * spacing_yx[1] - reach + shift[0], y * spacing_yx[0] - reach + shift[1]
    along, across = x * math.cos(angle) + y * math.sin(angle), y * math.cos(angle) - x * math.sin(angle)
    return np.asarray((along / half[0]) ** 2 + (across / half[1]) ** 2 <= 1)


def worst(shape: Shape, a: float, b: float) -> dict[str, float]:
    """Errors over uncertainties."""
    around = ramanujan(a, b)
    found = {
        "perimeter": (shape.perimeter, around),
        "circumference": (shape.circumference, around),
        "long diameter": (shape.long_diameter.length, 2 * a),
        "short diameter": (shape.short_diameter.length, 2 * b),
        "long axis": (shape.ellipse.long_axis, 2 * a),
        "short axis": (shape.ellipse.short_axis, 2 * b),
        "area": (shape.area, math.pi * a * b),
    }
    return {name: abs(one.value - true) / (one.uncertainty or 0.0) for name, (one, true) in found.items()}


@settings(max_examples=150, deadline=None)
@example(0.6015625, 10.1875, 0.0, (1.0, 0.25), (0.0, 0.625))
@given(
    st.floats(0.6, 6), st.floats(1, 12), st.floats(-1.57, 1.57),
    st.sampled_from([(1.0, 1.0), (1.0, 0.25), (0.3, 1.0), (1.0, 0.6)]),
    st.tuples(st.floats(0, 1), st.floats(0, 1)),
)  # fmt: skip
def test_every_measure_of_a_small_or_thin_ellipse(
    b: float, ratio: float, angle: float, spacing: tuple[float, float], shift: tuple[float, float]
) -> None:
    mask = drawn((ratio * b, b), angle, spacing, shift)
    assume(mask.sum() >= 4)
    shape = measure_shape(mask, spacing)
    assert shape is not None
    assume(shape.parts == 1)
    # Below one and a half pixels across, three rows may show what one would, for a short way: 3.6 at most.
    most = {} if b >= 0.75 * max(spacing) else {"short diameter": 4}
    assert {name: z for name, z in worst(shape, ratio * b, b).items() if z > most.get(name, 3)} == {}


def test_the_perimeter_of_a_thin_slanted_ellipse_is_no_stair() -> None:
    """3 px across, at angles where stairs are longest; unsmoothed they are 3 to 10 % too long."""
    ratios = []
    for angle in np.radians([18, 22.5, 27, 63, 67.5]):
        for shift in (0.0, 0.37):
            shape = measure_shape(drawn((18.0, 1.6), float(angle), (1.0, 1.0), (shift, 0.0)), (1.0, 1.0))
            assert shape is not None
            ratios.append(shape.perimeter.value / ramanujan(18.0, 1.6))
    assert max(ratios) < 1.05
    assert np.mean(ratios) == pytest.approx(1.0, abs=0.04)


def test_what_a_tip_adds_is_nothing_to_what_is_large() -> None:
    assert tip_uncertainty(100, 80, (0.2, 0.2)) < 0.001
    least = 4 - 4 * math.sqrt(1.25 / 24)  # the short axis, less twice its uncertainty
    assert tip_uncertainty(60, 4, (1.0, 0.5)) == pytest.approx(60 / (2 * least**2))
    assert tip_uncertainty(6, 0.4, (0.1, 0.05)) == pytest.approx(6 / (2 * least**2))  # in other units
    assert tip_uncertainty(6, 1, (1.0, 1.0)) == pytest.approx(6 / (2 * 0.5**2))  # at least half of it
