"""Points land where their numbers say."""

from __future__ import annotations

import re

import pytest

from uniultra.evaluation.report.charts import level_chart, lowest


def dots(chart: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in re.findall(r'<circle cx="([\d.]+)" cy="([\d.]+)"', chart)]


def test_levels_are_equally_far_apart_and_the_axis_may_begin_above_0() -> None:
    curve = {"Dice": [(0.0, 1.0), (1.0, 0.8), (2.0, 0.6)]}
    (left, top), (middle, half), (right, bottom) = dots(level_chart(curve, ["none", "1", "5"], "px", low=0.6))
    assert (middle, half) == pytest.approx(((left + right) / 2, (top + bottom) / 2), abs=0.06)
    whole = dots(level_chart(curve, ["none", "1", "5"], "px"))
    assert whole[0] == (left, top)
    assert whole[2][1] - top == pytest.approx(0.4 * (bottom - top), abs=0.1)
    assert re.findall(r'text-anchor="end">([\d.]+)<',
    level_chart(curve, ["none", "1", "5"], "px", low=0.6)) == [
        "0.6", "0.7", "0.8", "0.9", "1.0",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("shares", "expected"), [([0.65, 0.9], 0.6), ([0.19], 0.0), ([1.0], 0.8), ([-0.1], 0.0), ([], 0.0)]
)
def test_the_axis_shows_all(shares: list[float], expected: float) -> None:
    assert lowest(shares) == expected


def test_levels_without_an_order_are_not_joined() -> None:
    curve = {"Dice": [(0.0, 1.0), (1.0, 0.8)]}
    chart = level_chart(curve, ["none", "left-right"], "axis", joined=False)
    assert len(dots(chart)) == 2
    assert "polyline" not in chart
    assert 'text-anchor="end">left-right<' in chart  # centred it would leave the picture
    assert "polyline" in level_chart(curve, ["none", "left-right"], "axis")
