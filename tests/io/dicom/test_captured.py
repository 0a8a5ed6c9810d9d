"""Frames of a capture in a temporary file: the same pixel data as pydicom makes, and bounded."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.encaps import encapsulate, generate_frames

from dicoms import dataset, picture
from uniultra.errors import OutputError
from uniultra.io.dicom import captured
from uniultra.io.dicom.captured import CapturedFrames
from uniultra.io.dicom.sc import cine_capture, encoded
from uniultra.io.dicom.source import Maker, write_dataset

MAKER = Maker("m", "1", "2")


@pytest.mark.parametrize("in_memory", [True, False])
def test_pixel_data_is_as_pydicom_encapsulates_it(tmp_path: Path, in_memory: bool) -> None:
    frames = [encoded(np.full((20, 20 + 8 * n, 3), 40 * n, np.uint8)) for n in range(5)]
    found = CapturedFrames(None if in_memory else tmp_path)
    for number, frame in enumerate(frames):
        found.add(3 * number, frame)
    assert found.pixel_data().read() == encapsulate(frames)
    assert (found.numbers, found.size) == ([0, 3, 6, 9, 12], sum(map(len, frames)))
    assert list(tmp_path.iterdir()) == []  # the file has no name


def test_a_long_capture_takes_little_memory(tmp_path: Path) -> None:
    rgb = np.random.default_rng(0).integers(0, 255, (256, 320, 3)).astype(np.uint8)
    frame, count = encoded(rgb), 400
    source = dataset(picture(2))
    source.NumberOfFrames, source.derived_study = count, source.StudyInstanceUID
    tracemalloc.start()
    found = CapturedFrames(tmp_path)
    for number in range(count):
        found.add(number, bytes(bytearray(frame)))  # a copy
    write_dataset(tmp_path / "a.dcm", cine_capture(source, found, (["liver"], (256, 320)), MAKER))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found.size > 15_000_000
    assert most < 6_000_000
    read = pydicom.dcmread(tmp_path / "a.dcm")
    frames = list(generate_frames(read.PixelData, number_of_frames=count))
    assert (len(frames), read.NumberOfFrames) == (count, count)
    assert frames[-1].rstrip(b"\0") == frame


def test_memory_is_bounded_where_there_is_no_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(captured, "MOST_HELD", 1000)
    found = CapturedFrames()
    found.add(0, b"x" * 900)
    with pytest.raises(OutputError, match="choose fewer frames"):
        found.add(1, b"x" * 101)


def test_a_folder_that_isnt_there(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="can't be written"):
        CapturedFrames(tmp_path / "none").add(0, b"x")
