"""Colours to look at: of stills, DICOM and video; none where an image is grey."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydicom.uid import JPEGBaseline8Bit

from dicoms import dataset, encapsulated, jpeg, save
from uniultra.io.colours import Colours, coloured
from uniultra.io.input_file import input_file
from uniultra.io.video_writer import MovieFile

GREY = np.repeat(np.linspace(0, 255, 64, dtype=np.uint8)[None, :, None], 48, axis=0).repeat(3, axis=2)
DOPPLER = GREY.copy()
DOPPLER[10:30, 20:40] = (200, 30, 20)


def test_grey_in_three_channels_is_grey() -> None:
    assert coloured(GREY) is None
    assert coloured(DOPPLER) is DOPPLER
    tinted = GREY.copy()
    tinted[..., 0] = np.clip(tinted[..., 0].astype(int) + 12, 0, 255)  # as lossy coding does
    assert coloured(tinted) is None


@pytest.mark.parametrize("name", ["a.png", "a.bmp", "a.tif"])
def test_a_still_keeps_its_colours(tmp_path: Path, name: str) -> None:
    for pixels, expected in ((DOPPLER, DOPPLER), (GREY, None), (GREY[..., 0], None)):
        Image.fromarray(pixels).save(tmp_path / name)
        found = Colours(input_file(tmp_path / name)).read(0)
        assert (found is None) == (expected is None)
        assert expected is None or np.array_equal(found, expected)
    Image.fromarray(GREY[..., 0].astype(np.uint16) * 200).save(tmp_path / "wide.png")
    assert Colours(input_file(tmp_path / "wide.png")).read(0) is None


@pytest.mark.parametrize("photometric", ["RGB", "YBR_FULL"])
def test_dicom_keeps_its_colours(tmp_path: Path, photometric: str) -> None:
    stored = DOPPLER if photometric == "RGB" else np.array(Image.fromarray(DOPPLER).convert("YCbCr"))
    save(dataset(np.stack([stored, stored]), photometric), tmp_path / "a.dcm")
    found = Colours(input_file(tmp_path / "a.dcm")).read(1)
    assert found is not None
    assert np.abs(found.astype(int) - DOPPLER).max() <= 3


def test_a_palette_keeps_its_colours(tmp_path: Path) -> None:
    """A grey ramp with one entry of red; a palette of greys alone has none."""
    entries = np.repeat(np.arange(256, dtype=np.uint16)[:, None] * 257, 3, axis=1)
    for name, red in (("red.dcm", (200, 30, 20)), ("grey.dcm", (7, 7, 7))):
        table = entries.copy()
        table[200] = np.array(red) * 257
        stored = np.where(DOPPLER[..., 1] == 30, 200, GREY[..., 0] // 2)
        data = dataset(np.stack([stored] * 2), "PALETTE COLOR")
        for place, colour in enumerate(("Red", "Green", "Blue")):
            setattr(data, f"{colour}PaletteColorLookupTableDescriptor", [256, 0, 16])
            setattr(data, f"{colour}PaletteColorLookupTableData", table[:, place].astype("<u2").tobytes())
        save(data, tmp_path / name)
    found = Colours(input_file(tmp_path / "red.dcm")).read(1)
    assert found is not None
    assert tuple(found[20, 30]) == (200, 30, 20)
    assert np.array_equal(found[0], GREY[0] // 2)
    assert not Colours(input_file(tmp_path / "grey.dcm")).possible


def test_a_gif_cine_keeps_its_colours(tmp_path: Path) -> None:
    """Frames that hold colour come in RGB, the others in grey; all in their order."""
    pictures = [Image.fromarray(pixels) for pixels in (DOPPLER, GREY, np.roll(DOPPLER, 9, axis=1))]
    pictures[0].save(tmp_path / "a.gif", save_all=True, append_images=pictures[1:], duration=40)
    file = input_file(tmp_path / "a.gif")
    first, second, third = Colours(file).stream()
    assert np.abs(first[15:25, 25:35].astype(int) - (200, 30, 20)).max() < 12
    assert np.array_equal(second, file.frame(1).pixels_hw)
    assert np.abs(third[15:25, 34:44].astype(int) - (200, 30, 20)).max() < 12


def test_jpeg_dicom_keeps_its_colours(tmp_path: Path) -> None:
    made = dataset(np.stack([DOPPLER]), "YBR_FULL_422")
    save(encapsulated(made, JPEGBaseline8Bit, [jpeg(DOPPLER)]), tmp_path / "a.dcm")
    found = Colours(input_file(tmp_path / "a.dcm")).read(0)
    assert found is not None
    assert np.abs(found[15:25, 25:35].astype(int) - (200, 30, 20)).max() < 12


def test_grey_dicom_is_not_decoded_for_colours(tmp_path: Path) -> None:
    save(dataset(np.stack([GREY[..., 0]])), tmp_path / "a.dcm")
    assert not Colours(input_file(tmp_path / "a.dcm")).possible


def test_a_video_keeps_its_colours(tmp_path: Path) -> None:
    large = DOPPLER.repeat(4, axis=0).repeat(4, axis=1)
    with MovieFile(tmp_path / "a.mp4", 25.0) as movie:
        for _ in range(3):
            movie.add(large)
    with MovieFile(tmp_path / "grey.mp4", 25.0) as movie:
        movie.add(GREY.repeat(4, axis=0).repeat(4, axis=1))
    grey = input_file(tmp_path / "grey.mp4")
    [frame] = Colours(grey).stream()
    assert np.array_equal(frame, grey.frame(0).pixels_hw)
    colours = Colours(input_file(tmp_path / "a.mp4"))
    frames = list(colours.stream())
    assert len(frames) == 3
    assert frames[2].shape == (192, 256, 3)
    assert np.abs(frames[2][60:100, 100:140].astype(int) - (200, 30, 20)).max() < 25
