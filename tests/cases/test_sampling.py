"""Views and masks are sampled alike whatever OpenCV is there: its warpAffine rounds positions to 1/32 pixel
up to 4.14, 5.0 doesn't.

Right values: bilinear interpolation itself, in float64. Masks of 117ac18 moved by 8 to 65 pixels between
OpenCV 4.14 and 5.0 (12 masks of phantoms of 200 to 900 px); now by none (docs/LOG.md).
"""

from __future__ import annotations

import numpy as np
import pytest

from uniultra.geometry import OUTSIDE_LOGIT, ModelMap
from uniultra.types import Region

REGION = Region(3.37, -2.81, 37.9, 29.33)


def interpolated(values_hw: np.ndarray, across: np.ndarray, down: np.ndarray) -> np.ndarray:
    """Float64, position by position; black outside."""
    height, width = values_hw.shape
    padded = np.zeros((height + 2, width + 2))
    padded[1:-1, 1:-1] = values_hw
    found = np.zeros((len(down), len(across)))
    for row, y in enumerate(down):
        for column, x in enumerate(across):
            for top, high in ((int(np.floor(y)), 1 - y % 1), (int(np.floor(y)) + 1, y % 1)):
                for left, wide in ((int(np.floor(x)), 1 - x % 1), (int(np.floor(x)) + 1, x % 1)):
                    if -1 <= top <= height and -1 <= left <= width:
                        found[row, column] += padded[top + 1, left + 1] * high * wide
    return found


@pytest.mark.parametrize("kind", [np.uint8, np.float32])
def test_a_view_is_bilinear_to_the_last_digit(kind: type) -> None:
    values = np.random.default_rng(0).integers(0, 256, (33, 47)).astype(kind)
    to_model = ModelMap(REGION, 64)
    steps = to_model.to_source(np.stack([np.arange(64)] * 2, axis=-1))
    right = interpolated(values, steps[:, 0], steps[:, 1])
    found = to_model.sample(values)
    assert found.dtype == kind
    # A byte is rounded (0.5) and its shares to 1/4096 twice; 1/64 pixel here would be 4 grey levels.
    assert np.abs(found - right).max() <= (0.5 + 255 / 2048 if kind is np.uint8 else 1e-3)


def test_a_mask_is_bilinear_to_the_last_digit() -> None:
    logits = np.random.default_rng(0).normal(0, 100, (32, 32)).astype(np.float32)
    grid = ModelMap(REGION, 32)
    found = grid.paste_logits(logits, (33, 47))
    places = grid.to_model(np.stack([np.arange(47), np.arange(47)], axis=-1))
    columns = [x for x in range(47) if REGION.x0 <= x <= REGION.x1]
    rows = [y for y in range(33) if REGION.y0 <= y <= REGION.y1]
    right = interpolated(logits, places[columns, 0].clip(0, 31), places[rows, 1].clip(0, 31))
    np.testing.assert_allclose(found[np.ix_(rows, columns)], right, atol=2e-3)
    others = np.ones(found.shape, bool)
    others[np.ix_(rows, columns)] = False
    assert (found[others] == OUTSIDE_LOGIT).all()


def test_a_region_beside_the_frame_is_black() -> None:
    frame = np.full((20, 20), 200, np.uint8)
    away = ModelMap(Region(30.0, 5.0, 50.0, 25.0), 64)
    assert not away.sample(frame).any()
    assert (away.paste_logits(np.ones((16, 16), np.float32), (20, 20)) == OUTSIDE_LOGIT).all()
    whole = ModelMap(Region(-0.5, -0.5, 19.5, 19.5), 20)
    np.testing.assert_array_equal(whole.sample(frame), frame)
