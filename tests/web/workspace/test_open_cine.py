"""A video is read onwards: what was jumped to is where reading goes on."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from uniultra.errors import FileError
from uniultra.io.colours import Colours
from uniultra.io.video_writer import MovieFile
from uniultra.web.workspace.jobs import Encoded
from uniultra.web.workspace.open_cine import OpenCine

FRAMES = 30


@pytest.fixture
def video(tmp_path: Path) -> Path:
    path = tmp_path / "ramp.mp4"
    with MovieFile(path, 30.0) as movie:
        for number in range(FRAMES):
            movie.add(np.full((64, 96, 3), 8 * number, np.uint8))
    return path


def test_any_order_gives_the_same_frames_and_going_on_decodes_one_a_frame(
    video: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("uniultra.web.workspace.open_cine.KEPT_BYTES", 3 * 64 * 96)
    opened = OpenCine(video, (0, 0))
    decoded = []
    stream = opened.cine.stream

    def counted():
        for frame in stream():
            decoded.append(1)
            yield frame

    object.__setattr__(opened.cine, "stream", counted)
    for number in (20, 21, 22, 23, 5, 6, 29, 0):
        assert float(opened.frame(number).pixels_hw.mean()) == pytest.approx(8 * number, abs=4)
    # 24 up to frame 23; 7 anew up to frame 6; 23 on to the last; the first one stays
    assert len(decoded) == 24 + 7 + 23
    opened.frame(0)
    assert len(decoded) == 54  # kept


def test_a_frame_that_is_not_there(video: Path) -> None:
    opened = OpenCine(video, (0, 0))
    with pytest.raises(FileError, match=f"there is no frame {FRAMES}; legal are 0 to {FRAMES - 1}"):
        opened.frame(FRAMES)


def test_a_picture_has_colour_where_the_video_has(tmp_path: Path) -> None:
    frame = np.full((64, 96, 3), 90, np.uint8)
    coloured = frame.copy()
    coloured[20:50, 30:70] = (220, 20, 20)
    with MovieFile(tmp_path / "doppler.mp4", 30.0) as movie:
        for number in range(6):
            movie.add(coloured if number >= 3 else frame)
    opened = OpenCine(tmp_path / "doppler.mp4", (0, 0))
    for number in (4, 1, 5):
        assert pixels(opened.picture(number, exact=True)).ndim == (3 if number >= 3 else 2)
    for exact in (True, False):
        red, _, blue = pixels(opened.picture(5, exact))[35, 50]
        assert red > 150 > blue
    assert opened.frame(5).pixels_hw.shape == (64, 96)


def test_stepping_back_through_a_video_begins_it_anew_once_in_many_frames(
    video: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded = []
    stream = Colours.stream

    def counted(self):
        for frame in stream(self):
            decoded.append(1)
            yield frame

    monkeypatch.setattr(Colours, "stream", counted)
    opened = OpenCine(video, (0, 0))
    for number in range(FRAMES - 1, 0, -1):
        assert float(pixels(opened.picture(number, exact=False)).mean()) == pytest.approx(8 * number, abs=5)
    # 30 to the last frame, of which 3 before it were kept; 26 to the one before those, of which 24 were
    assert len(decoded) == FRAMES + (FRAMES - 4)


def pixels(picture: Encoded) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(picture.data)))
