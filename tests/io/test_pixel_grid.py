"""The picture that coordinates are read from: each pixel where the ruler says, regions outlined, their
millimetres said.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from uniultra.io.overlay import PALETTE
from uniultra.io.pixel_grid import draw_grid, legend_of, step_of
from uniultra.pixel_scale import Calibration, ScanRegion
from uniultra.types import Frame

CM = ("cm", "cm")


def frame_of(height: int, width: int, regions: tuple[ScanRegion, ...] = ()) -> Frame:
    return Frame(np.full((height, width), 90, np.uint8), calibration=Calibration(regions=regions))


def place_of(frame: Frame, x: int, y: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns of the picture in which pixel (x, y) of the frame shows: what changes when it does."""
    pixels = frame.pixels_hw.copy()
    pixels[y, x] = 255 - pixels[y, x] // 2
    other = draw_grid(Frame(pixels, calibration=frame.calibration))
    rows, columns = np.nonzero((other != draw_grid(frame)).any(axis=2))
    return rows, columns


@pytest.mark.parametrize(
    ("height", "width", "zoom"), [(20, 33, 20), (480, 640, 1), (100, 300, 3), (9, 3000, 1)]
)
def test_a_pixel_of_the_frame_stands_at_its_tick(height: int, width: int, zoom: int) -> None:
    frame = frame_of(height, width)
    rows, columns = place_of(frame, width - 2, height - 2)
    assert (np.ptp(rows) + 1, np.ptp(columns) + 1) == (zoom, zoom)
    first_rows, first_columns = place_of(frame, 0, 0)
    assert columns.min() - first_columns.min() == (width - 2) * zoom
    assert rows.min() - first_rows.min() == (height - 2) * zoom
    picture = draw_grid(frame)
    middle = first_columns.min() + zoom // 2
    tick = (picture[first_rows.min() - 1] == (236, 239, 243)).all(axis=1)
    assert tick[middle - 1 : middle + 1].any(), "the first tick is at the centre of the first pixel"


@given(least=st.floats(0.01, 10_000))
def test_steps_are_round_and_not_much_larger_than_they_must_be(least: float) -> None:
    step = step_of(least)
    assert step >= least
    assert step < 2.5 * max(least, 1.0) + 1
    assert str(step).rstrip("0") in ("1", "2", "5")


@given(height=st.integers(1, 60), width=st.integers(1, 60))
@settings(max_examples=25, deadline=None)
def test_any_frame_is_drawn_without_touching_it(height: int, width: int) -> None:
    frame = frame_of(height, width, (ScanRegion((-9.5, -0.5, 30.5, 90.5), "2D", "tissue", CM, (0.05, 0.05)),))
    frame.pixels_hw.flags.writeable = False
    picture = draw_grid(frame)
    assert picture.dtype == np.uint8
    assert picture.shape[0] > height
    assert picture.shape[1] > width


def test_regions_are_outlined_on_their_outermost_pixels_and_said_with_their_millimetres() -> None:
    b_mode = ScanRegion((99.5, 49.5, 300.5, 250.5), "2D", "tissue", CM, (0.02, 0.03))
    doppler = ScanRegion((399.5, 49.5, 600.5, 250.5), "spectral", "PW", ("seconds", "cm/s"), (0.01, 0.5))
    frame = frame_of(480, 640, (b_mode, doppler))
    picture = draw_grid(frame)
    top, left = (int(v.min()) for v in place_of(frame_of(480, 640, (b_mode, doppler)), 3, 3))
    rows, columns = np.nonzero((picture[: top + 480] == PALETTE[0]).all(axis=2))
    assert (columns.min() - left + 3, columns.max() - left + 3) == (100, 300)
    assert (rows.min() - top + 3, rows.max() - top + 3) == (50, 250)
    size, first, second = (text for text, _ in legend_of(frame))
    assert size.startswith("640 x 480 pixels")
    assert first == "region 1: x 100 to 300, y 50 to 250, 2D tissue; 0.2 mm per pixel across, 0.3 mm down"
    assert second.startswith("region 2: x 400 to 600, y 50 to 250, spectral PW; no lengths: ")


def test_a_frame_without_regions_says_its_one_scale_or_that_it_has_none() -> None:
    pixels = np.zeros((10, 10), np.uint8)
    assert legend_of(Frame.from_array(pixels))[-1][0] == "no calibration: sizes are in pixels"
    assert legend_of(Frame.from_array(pixels, (0.2, 0.2)))[-1][0] == "the frame: 0.2 mm per pixel"


@pytest.mark.shared
def test_two_views_of_a_real_screen(shared: object) -> None:
    from uniultra import read_frame

    frame = read_frame(f"{shared}/dicom/gdcm-US-ALOKA-16.dcm")
    picture = draw_grid(frame)
    for colour in PALETTE[:2]:
        assert (picture == colour).all(axis=2).sum() > 1000
    assert Image.fromarray(picture).size > (frame.width, frame.height)
