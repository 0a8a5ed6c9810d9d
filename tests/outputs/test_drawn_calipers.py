"""What a person measured, on the picture of a result: its crosses whole, its label beside one of them."""

from __future__ import annotations

import numpy as np
import pytest

from phantoms import ellipse
from uniultra.measure.drawn_caliper import DrawnCaliper
from uniultra.model_facts import ModelFacts
from uniultra.outputs.result_picture import DRAWN_CALIPER, draw_result
from uniultra.pixel_scale import NO_SCALE
from uniultra.results import FrameResult, ObjectResult
from uniultra.types import Frame, Mask

MODEL = ModelFacts("fake", "1", 256)
HW = (600, 800)
ARM = 6
CROSSING = [
    ((200.0, 240.0), (600.0, 360.0)),
    ((400.0, 150.0), (400.0, 450.0)),
    ((200.0, 400.0), (600.0, 200.0)),
]
AT_THE_EDGE = [((2.0, 2.0), (20.0, 3.0)), ((0.0, 300.0), (799.0, 300.0)), ((720.0, 599.0), (799.0, 480.0))]
Ends = tuple[tuple[float, float], tuple[float, float]]


def drawn(calipers: list[Ends], *masks: np.ndarray) -> np.ndarray:
    frame = Frame.from_array(np.full(HW, 60, np.uint8))
    found = [
        ObjectResult(i, Mask(mask, np.where(mask, 4.0, -4.0).astype(np.float32), 0.9, NO_SCALE))
        for i, mask in enumerate(masks, 1)
    ]
    made = tuple(DrawnCaliper(i, ends, NO_SCALE) for i, ends in enumerate(calipers, 1))
    return draw_result(FrameResult(frame, tuple(found), MODEL, calipers=made))


@pytest.mark.parametrize("calipers", [CROSSING, AT_THE_EDGE], ids=["crossing", "at the edge"])
@pytest.mark.parametrize(
    "masks", [(), (ellipse(HW, (400, 300), (200, 100)),)], ids=["alone", "beside a mask"]
)
def test_no_label_covers_a_cross(calipers: list[Ends], masks: tuple[np.ndarray, ...]) -> None:
    """The label of a short caliper at the edge lay over it, and a structure's over the end of another."""
    yellow = (drawn(calipers, *masks) == DRAWN_CALIPER).all(axis=2)
    for x, y in (end for ends in calipers for end in ends):
        row, column = (
            yellow[max(round(y) - 1, 0) : round(y) + 2].any(0),
            yellow[:, max(round(x) - 1, 0) : round(x) + 2].any(1),
        )
        for line, at in ((row, x), (column, y)):
            arms = line[max(round(at) - ARM + 1, 0) : round(at) + ARM]
            assert arms.mean() > 0.6, f"no cross at {x},{y}"


def test_a_label_stands_at_an_end_of_its_caliper() -> None:
    """It stood at a corner of the box around a slanting one, where nothing was measured."""
    ends = (100.0, 400.0), (500.0, 100.0)
    changed = (drawn([ends]) != 60).any(axis=2)
    y, x = np.nonzero(changed)
    off = np.abs((x - 100) * 300 + (y - 400) * 400) / 500  # from the line
    near = [np.hypot(x - at_x, y - at_y) for at_x, at_y in ends]
    away = (off > 8) & (np.minimum(*near) > 90)
    assert off.max() > 15, "there is a label"
    assert not away.any()
