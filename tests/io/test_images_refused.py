"""Still images that are refused: each with one line that names the file, the value, the legal range and the
fix.

Every broken file is a real one, made here.
"""

from __future__ import annotations

import os
import random
import time
import warnings
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from phantoms import png_claiming
from uniultra.errors import FileError
from uniultra.io.images import IMAGE_SUFFIXES, read_frame


def grey() -> np.ndarray:
    return np.random.default_rng(7).integers(0, 256, (12, 17), dtype=np.uint8)


def save(path: Path, pixels: np.ndarray | Image.Image, **options: object) -> Path:
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    image.save(path, **options)
    return path


def encoded(kind: str, **options: object) -> bytes:
    buffer = BytesIO()
    Image.fromarray(grey()).save(buffer, kind, **options)
    return buffer.getvalue()


def refusal(path: Path | str) -> str:
    """The message of the FileError for a file; it must be one line that starts with the path."""
    with pytest.raises(FileError, match=r"; .+") as caught:
        read_frame(path)
    assert str(caught.value).isprintable()
    return str(caught.value)


def test_missing(tmp_path: Path) -> None:
    assert refusal(tmp_path / "none.png") == f"{tmp_path}/none.png: no such file; check the path"


def test_the_message_names_the_path_as_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert refusal("./a/../none.png").startswith("./a/../none.png: ")


@pytest.mark.parametrize("path", ["", "a\0b.png", "x" * 5000, "two\nlines.png", "\udcff.png"])
def test_odd_paths_get_one_printable_line(path: str) -> None:
    refusal(path)


def test_directory(tmp_path: Path) -> None:
    assert "a folder, not an image" in refusal(tmp_path)


def test_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    assert "a device or pipe" in refusal(tmp_path / "pipe.png")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read every file")
def test_unreadable(tmp_path: Path) -> None:
    path = save(tmp_path / "scan.png", grey())
    path.chmod(0)
    assert "permission denied" in refusal(path)


def test_empty(tmp_path: Path) -> None:
    (tmp_path / "scan.png").touch()
    assert "(0 bytes)" in refusal(tmp_path / "scan.png")


@pytest.mark.parametrize("suffix", [s for s in IMAGE_SUFFIXES if s not in (".dcm", ".dicom")])
def test_renamed_text(tmp_path: Path, suffix: str) -> None:
    (tmp_path / f"notes{suffix}").write_text("this is not an image")
    assert f"named {suffix} but its contents are not" in refusal(tmp_path / f"notes{suffix}")


def test_unknown_kind(tmp_path: Path) -> None:
    (tmp_path / "report.pdf").write_bytes(b"%PDF-1.7")
    assert (
        "legal are DICOM, PNG, JPEG, TIFF, BMP, GIF, MP4, AVI, MKV, MPEG, NIfTI, MetaImage, NRRD, HDF5; "
        "convert it to PNG" in refusal(tmp_path / "report.pdf")
    )


@pytest.mark.parametrize(("name", "contents"), [("scan.dcm", b"no preamble"), ("scan", bytes(128) + b"DICM")])
def test_no_dicom_behind_its_name_or_mark(tmp_path: Path, name: str, contents: bytes) -> None:
    (tmp_path / name).write_bytes(contents)
    assert "not DICOM, or an empty one" in refusal(tmp_path / name)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "BMP", "GIF"])
@pytest.mark.parametrize("kept", [0.2, 0.5, 0.8])
def test_truncated(tmp_path: Path, kind: str, kept: float) -> None:
    data = encoded(kind)
    (tmp_path / "scan.img").write_bytes(data[: int(kept * len(data))])
    assert f"the {kind} data is damaged" in refusal(tmp_path / "scan.img")


def test_one_wrong_bit_in_a_png_is_noticed(tmp_path: Path) -> None:
    data = bytearray(encoded("PNG"))
    data[len(data) // 2] ^= 1
    (tmp_path / "scan.png").write_bytes(data)
    assert "the PNG data is damaged" in refusal(tmp_path / "scan.png")


@pytest.mark.parametrize(("width", "height"), [(1, 1), (7, 100), (100, 7)])
def test_too_small(tmp_path: Path, width: int, height: int) -> None:
    path = save(tmp_path / "scan.png", np.zeros((height, width), np.uint8))
    assert f"{width} x {height} pixels; the smallest legal side is 8" in refusal(path)


@pytest.mark.parametrize(
    ("width", "height"),
    [(100_000, 100_000), (16_385, 8), (8, 16_385), (8_001, 8_000), (2**31 - 1, 2**31 - 1)],
)
def test_a_bomb_is_refused_by_its_header(tmp_path: Path, width: int, height: int) -> None:
    (tmp_path / "bomb.png").write_bytes(png_claiming(width, height))
    start = time.process_time()
    message = refusal(tmp_path / "bomb.png")
    assert time.process_time() - start < 1.0
    assert f"{width} x {height} pixels; the limit is 16384 a side and 64 megapixels in all" in message


def test_too_many_bytes(tmp_path: Path) -> None:
    with open(tmp_path / "scan.bmp", "wb") as file:
        file.truncate(513_000_000)
    assert "513 MB; the limit is 512 MB" in refusal(tmp_path / "scan.bmp")


@pytest.mark.parametrize(
    ("suffix", "fix"),
    [
        (".gif", "name one from 0 to 4: --frame N"),
        (".tif", "a still image has 1"),
        (".png", "a still image has 1"),
    ],
)
def test_several_frames_are_counted(tmp_path: Path, suffix: str, fix: str) -> None:
    frames = [Image.fromarray(grey() ^ i) for i in range(5)]
    path = save(tmp_path / f"cine{suffix}", frames[0], save_all=True, append_images=frames[1:])
    assert f"holds 5 frames; {fix}" in refusal(path)


def test_endless_pages_are_not_all_counted(tmp_path: Path) -> None:
    page = Image.new("L", (8, 8))
    path = save(tmp_path / "cine.tif", page, save_all=True, append_images=[page] * 1100)
    assert "holds 1000 or more frames" in refusal(path)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_not_finite(tmp_path: Path, value: float) -> None:
    values = np.ones((8, 8), dtype=np.float32)
    values[2, 2] = value
    assert "1 pixels are NaN or infinite" in refusal(save(tmp_path / "scan.tif", values))


def variants(data: bytes, count: int, chance: random.Random) -> list[bytes]:
    """Truncations, overwritten bytes, and cut or doubled stretches of a file."""
    made = []
    for i in range(count):
        a, b = sorted(chance.sample(range(len(data)), 2))
        mutated = bytearray(data)
        if i % 4 == 0:
            mutated = mutated[:b]
        elif i % 4 == 1:
            mutated[a:b] = b"" if chance.random() < 0.5 else mutated[a:b] * 2
        else:
            for _ in range(chance.choice([1, 1, 2, 8])):
                mutated[chance.randrange(min(len(data), 200) if i % 4 == 2 else len(data))] = (
                    chance.randrange(256)
                )
        made.append(bytes(mutated))
    return made


def outcome(path: Path) -> str:
    try:
        return type(read_frame(path)).__name__
    except FileError as error:
        return "one line" if str(error).isprintable() else "unprintable"


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("PNG", {}),
        ("JPEG", {}),
        ("TIFF", {}),
        ("TIFF", {"compression": "tiff_lzw"}),
        ("BMP", {}),
        ("GIF", {}),
    ],
)
def test_mutated_files_give_a_frame_or_one_line(
    tmp_path: Path, kind: str, options: dict[str, str], capfd: pytest.CaptureFixture[str]
) -> None:
    path, outcomes = tmp_path / "scan.img", set()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for data in variants(encoded(kind, **options), 48, random.Random(kind)):
            path.write_bytes(data)
            outcomes.add(outcome(path))
    assert outcomes <= {"Frame", "one line"}
    assert capfd.readouterr() == ("", "")
