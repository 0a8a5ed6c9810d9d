"""Reading and finding of still images: what is read, exactly. What is refused is in
test_images_refused.py.
"""

from __future__ import annotations

import logging
import struct
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from uniultra.errors import FileError
from uniultra.io.images import find_images, read_frame

HEIGHT, WIDTH = 12, 17


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for property tests, whose examples overwrite the same file."""
    return tmp_path_factory.mktemp("images")


def grey() -> np.ndarray:
    return np.random.default_rng(7).integers(0, 256, (HEIGHT, WIDTH), dtype=np.uint8)


def save(path: Path, pixels: np.ndarray | Image.Image, **options: object) -> Path:
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    image.save(path, **options)
    return path


@pytest.mark.parametrize("suffix", [".png", ".tif", ".tiff", ".bmp", ".gif"])
def test_grey_is_read_as_it_is(tmp_path: Path, suffix: str) -> None:
    path = save(tmp_path / f"scan{suffix}", grey())
    frame = read_frame(path)
    np.testing.assert_array_equal(frame.pixels_hw, grey())
    assert (frame.source, frame.spacing_mm_yx) == (str(path), None)


@pytest.mark.parametrize("suffix", [".jpg", ".JPEG"])
def test_jpeg_is_read_closely(tmp_path: Path, suffix: str) -> None:
    smooth = np.tile(np.linspace(0, 255, 64).astype(np.uint8), (64, 1))
    read = read_frame(save(tmp_path / f"scan{suffix}", smooth, format="JPEG", quality=98)).pixels_hw
    assert np.abs(read.astype(int) - smooth).max() <= 3


def test_contents_count_and_not_the_suffix(tmp_path: Path) -> None:
    path = save(tmp_path / "scan.jpg", grey(), format="PNG")
    np.testing.assert_array_equal(read_frame(path).pixels_hw, grey())


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA", "P"])
@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_equal_channels_are_that_grey(tmp_path: Path, mode: str, suffix: str) -> None:
    path = save(tmp_path / f"scan{suffix}", Image.fromarray(grey()).convert(mode))
    np.testing.assert_array_equal(read_frame(path).pixels_hw, grey())


def test_colour_becomes_luma(tmp_path: Path) -> None:
    colours = np.zeros((8, 24, 3), dtype=np.uint8)
    colours[:, :8, 0] = colours[:, 8:16, 1] = colours[:, 16:, 2] = 255
    row = read_frame(save(tmp_path / "scan.png", colours)).pixels_hw[0]
    assert (row[0], row[8], row[16]) == (76, 150, 29)


def test_one_bit_is_black_and_white(tmp_path: Path) -> None:
    read = read_frame(save(tmp_path / "scan.png", grey() > 128)).pixels_hw
    np.testing.assert_array_equal(read, np.where(grey() > 128, 255, 0))


def test_cmyk_becomes_grey(tmp_path: Path) -> None:
    white_left = np.zeros((8, 16, 4), dtype=np.uint8)
    white_left[:, 8:, 3] = 255
    read = read_frame(
        save(tmp_path / "scan.tif", Image.frombytes("CMYK", (16, 8), white_left.tobytes()))
    ).pixels_hw
    np.testing.assert_array_equal(read, np.repeat([[255, 0]], 8, axis=1).repeat(8, axis=0))


@pytest.mark.parametrize("mode", ["LA", "RGBA"])
def test_transparency_is_composited_on_black(tmp_path: Path, mode: str) -> None:
    image = Image.new(mode, (8, 8), (200, 128) if mode == "LA" else (200, 200, 200, 128))
    assert set(read_frame(save(tmp_path / "scan.png", image)).pixels_hw.ravel()) == {100}


def test_a_transparent_palette_entry_is_black(tmp_path: Path) -> None:
    image = Image.new("P", (8, 8), 1)
    image.putpalette([0, 0, 0, 255, 255, 255])
    assert read_frame(save(tmp_path / "scan.png", image, transparency=1)).pixels_hw.max() == 0


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_16_bits_are_windowed_to_their_range(tmp_path: Path, suffix: str) -> None:
    values = np.linspace(1000, 5095, HEIGHT * WIDTH).astype(np.uint16).reshape(HEIGHT, WIDTH)
    read = read_frame(save(tmp_path / f"scan{suffix}", values)).pixels_hw
    np.testing.assert_array_equal(read, np.rint((values - 1000.0) / 4095 * 255))


def test_big_endian_tiff(tmp_path: Path) -> None:
    values = np.linspace(0, 65535, HEIGHT * WIDTH).astype(">u2").reshape(HEIGHT, WIDTH)
    read = read_frame(save(tmp_path / "scan.tif", values)).pixels_hw
    np.testing.assert_array_equal(read, np.rint(values / 257.0))


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_white_is_zero_tiff_is_inverted_at_any_depth(tmp_path: Path, dtype: type) -> None:
    ramp = np.linspace(0, np.iinfo(dtype).max, 64).astype(dtype).reshape(8, 8)
    path = save(tmp_path / "scan.tif", ramp)
    data = path.read_bytes()
    entry = struct.pack("<HHIHH", 262, 3, 1, 1, 0)
    assert data.count(entry) == 1
    path.write_bytes(data.replace(entry, struct.pack("<HHIHH", 262, 3, 1, 0, 0)))
    assert (np.diff(read_frame(path).pixels_hw.ravel().astype(int)) <= 0).all()


@given(
    values=arrays(
        np.uint16, st.tuples(st.integers(8, 12), st.integers(8, 12)), elements=st.integers(0, 65535)
    )
)
@settings(max_examples=40, deadline=None)
def test_the_window_keeps_order_and_uses_all_of_the_range(folder: Path, values: np.ndarray) -> None:
    read = read_frame(save(folder / "scan.png", values)).pixels_hw
    assert (np.diff(read.ravel()[np.argsort(values, axis=None)].astype(int)) >= 0).all()
    assert (read.min(), read.max()) == ((0, 255) if np.ptp(values) else (0, 0))


@given(low=st.floats(-(2.0**127), 2.0**127, width=32), high=st.floats(-(2.0**127), 2.0**127, width=32))
@settings(max_examples=40, deadline=None)
def test_float_of_any_range_is_windowed(folder: Path, low: float, high: float) -> None:
    values = np.full((8, 8), low, dtype=np.float32)
    values[3, 4] = high
    read = read_frame(save(folder / "scan.tif", values)).pixels_hw
    assert (read[3, 4], read[0, 0]) == ((255, 0) if high > low else (0, 255) if high < low else (0, 0))


@given(pixels=arrays(np.uint8, st.tuples(st.integers(8, 20), st.integers(8, 20))))
@settings(max_examples=30, deadline=None)
def test_lossless_kinds_round_trip(folder: Path, pixels: np.ndarray) -> None:
    for suffix in (".png", ".tif", ".bmp"):
        np.testing.assert_array_equal(read_frame(save(folder / f"scan{suffix}", pixels)).pixels_hw, pixels)


@pytest.mark.parametrize("value", [0, 255])
def test_zero_contrast_is_allowed(tmp_path: Path, value: int) -> None:
    assert set(
        read_frame(save(tmp_path / "flat.png", np.full((8, 8), value, np.uint8))).pixels_hw.ravel()
    ) == {value}


STORED = {1: lambda a: a, 2: np.fliplr, 3: lambda a: a[::-1, ::-1], 4: np.flipud}
STORED |= {5: np.transpose, 6: np.rot90, 7: lambda a: a[::-1, ::-1].T, 8: lambda a: np.rot90(a, -1)}


@pytest.mark.parametrize("suffix", [".png", ".tif", ".jpg"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(tmp_path: Path, orientation: int, suffix: str) -> None:
    blocks = np.kron(
        np.array([[0, 80, 160], [240, 120, 40]], dtype=np.uint8), np.ones((16, 16), dtype=np.uint8)
    )
    exif = Image.Exif()
    exif[274] = orientation
    path = save(tmp_path / f"scan{suffix}", np.ascontiguousarray(STORED[orientation](blocks)), exif=exif)
    assert np.abs(read_frame(path).pixels_hw.astype(int) - blocks).max() <= 3


def test_a_damaged_exif_block_is_ignored(tmp_path: Path) -> None:
    path = save(tmp_path / "scan.png", grey(), exif=b"Exif\0\0MM\0*nonsense")
    np.testing.assert_array_equal(read_frame(path).pixels_hw, grey())


def test_global_filters_survive_many_threads(tmp_path: Path) -> None:
    path = save(tmp_path / "scan.png", grey())
    before, level = list(warnings.filters), logging.getLogger("PIL").level
    with ThreadPoolExecutor(4) as pool:
        frames = list(pool.map(read_frame, [path] * 40))
    assert all((frame.pixels_hw == grey()).all() for frame in frames)
    assert list(warnings.filters) == before
    assert logging.getLogger("PIL").level == level


def touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).touch()


def test_a_folder_is_listed_naturally_without_its_folders(tmp_path: Path) -> None:
    touch(tmp_path, "f10.png", "f2.PNG", "f1.jpg", "notes.txt", ".hidden.png", "sub/f3.png")
    assert [path.name for path in find_images([tmp_path])] == ["f1.jpg", "f2.PNG", "f10.png"]


def test_recursive_enters_folders(tmp_path: Path) -> None:
    touch(tmp_path, "a.png", "sub/b.png")
    assert [path.name for path in find_images([str(tmp_path)], recursive=True)] == ["a.png", "b.png"]


def test_patterns_files_and_folders_keep_their_order_and_come_once(tmp_path: Path) -> None:
    touch(tmp_path, "b2.png", "b10.png", "a.png", "b.txt")
    found = find_images([f"{tmp_path}/b*", f"{tmp_path}/b.txt", tmp_path])
    assert [path.name for path in found] == ["b2.png", "b10.png", "b.txt", "a.png"]


def test_a_file_whose_name_looks_like_a_pattern(tmp_path: Path) -> None:
    touch(tmp_path, "scan[1].png")
    assert find_images([f"{tmp_path}/scan[1].png"]) == [tmp_path / "scan[1].png"]


@pytest.mark.parametrize("path", ["none.png", "none*.png", "."])
def test_nothing_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(
        FileError,
        match=r": no (such file or folder|images found; legal suffixes are .png, .*); check the path",
    ):
        find_images([path])


def test_no_paths() -> None:
    with pytest.raises(FileError, match="no images given"):
        find_images([])
