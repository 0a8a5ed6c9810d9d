"""Recordings as they are stored: palettes, frames out of order, red, green and blue without loss."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from uniultra.io.cines import chosen_frames, open_cine
from videos import flat, save_palette_avi, save_video

SIZE = (48, 64)


def test_an_avi_whose_palette_is_in_its_header_alone(tmp_path: Path) -> None:
    """FFmpeg gives the palette with the first frame, so frames that are sought come out black."""
    numbers = [np.full(SIZE, number, np.uint8) for number in range(12)]
    greys = [20 + 18 * min(number, 12) for number in range(256)]
    palette = bytes(value for grey in greys for value in (grey, grey, grey, 0))
    cine = open_cine(save_palette_avi(tmp_path / "a.avi", numbers, palette))
    assert (cine.count, cine.frame_hw, round(cine.rate_hz or 0)) == (12, SIZE, 25)
    assert [round((frame.pixels_hw.mean() - 20) / 18) for frame in cine] == list(range(12))
    for number in (11, 5):
        assert round((cine.read(number).pixels_hw.mean() - 20) / 18) == number
    chosen = {number: frame.pixels_hw.mean() for number, frame in chosen_frames(cine, [4, 9])}
    assert {number: round((mean - 20) / 18) for number, mean in chosen.items()} == {4: 4, 9: 9}


@pytest.mark.parametrize(
    ("name", "codec"), [("a.avi", "mpeg4"), ("a.mpg", "mpeg1video"), ("b.avi", "libx264")]
)
def test_a_frame_on_its_own_among_b_frames(tmp_path: Path, name: str, codec: str) -> None:
    """An AVI has no times of showing, and readers that seek by them give another frame."""
    greys = [flat(20 + 18 * number) for number in range(12)]
    cine = open_cine(save_video(tmp_path / name, greys, codec=codec, bf="2", g="6"))
    assert cine.count == 12
    assert cine.times_s == pytest.approx([0.04 * number for number in range(12)])
    means = [frame.pixels_hw.mean() for frame in cine]
    assert means == sorted(means)
    for number in (11, 7, 3):
        assert cine.read(number).pixels_hw.mean() == pytest.approx(means[number], abs=0.01)


@pytest.mark.parametrize("codec", ["palette", "rawvideo", "libx264rgb"])
def test_grey_that_is_stored_without_loss_comes_out_as_it_is(tmp_path: Path, codec: str) -> None:
    """Each level, of pixels in a palette and in red, green and blue."""
    levels = np.arange(256, dtype=np.uint8).reshape(16, 16).repeat(4, axis=0).repeat(4, axis=1)
    if codec == "palette":
        palette = bytes(value for grey in range(256) for value in (grey, grey, grey, 0))
        path = save_palette_avi(tmp_path / "a.avi", [levels, levels], palette)
    else:
        path = tmp_path / "a.avi"
        with av.open(str(path), "w") as file:
            stream = file.add_stream(codec, rate=25, options={"qp": "0"} if codec == "libx264rgb" else {})
            stream.width, stream.height, stream.pix_fmt = 64, 64, "bgr24"
            for _ in range(2):
                file.mux(stream.encode(av.VideoFrame.from_ndarray(np.dstack([levels] * 3), format="rgb24")))
            file.mux(stream.encode())
    for frame in open_cine(path):
        np.testing.assert_array_equal(frame.pixels_hw, levels)


def test_a_palette_with_colours_has_their_brightness(tmp_path: Path) -> None:
    palette = bytes((20, 40, 200, 0)) * 256  # blue, green, red
    cine = open_cine(save_palette_avi(tmp_path / "a.avi", [np.zeros(SIZE, np.uint8)], palette))
    assert abs(cine.read(0).pixels_hw.mean() - (0.299 * 200 + 0.587 * 40 + 0.114 * 20)) < 2
