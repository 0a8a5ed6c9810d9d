"""A video's own times, frames and shape of pixels, as the file says them; results that outlive a movie which
can't be made.

After opencv/opencv#12112 and #8834 (index / mean rate is no time), DeepLabCut/DeepLabCut#2811 (a rate that
opens no encoder), xyonix/vannot#42 (pixels that aren't square), opencv-python-headless 4.13 to 5.0
(interlaced frames off by over 100 grey levels). Right values: ISO/IEC 14496-12, 8.6.1.2 (stts: each frame's
duration), 8.6.6 (edit list: what is shown), 12.1.4 (pasp); ITU-R BT.601 (limited range: 16 is black, 235
white). What 117ac18 gave stands at each test.
"""

from __future__ import annotations

import csv
import json
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from typer.testing import CliRunner

from uniultra.cli.main import app
from uniultra.errors import FileError, OutputError
from uniultra.io import video_writer as movie
from uniultra.io.cines import open_cine
from uniultra.io.images import read_frame
from uniultra.io.video import INTERLACED
from uniultra.io.video_writer import write_movie
from videos import SIZE_HW, flat, patch, save_video

UNEVEN_MS = [0, 20, 40, 60, 80, 500, 1000, 1500, 1520, 1540]
BOX = "20,20,100,80"


def times_told(folder: Path, file: Path, *more: str) -> list[float]:
    arguments = ["segment", str(file), "--frames", "all", "--box", BOX, "--out", str(folder / "out"), *more]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    with open(folder / "out" / f"{file.stem}.frames.csv", newline="", encoding="utf-8-sig") as table:
        return [float(row["time_s"]) for row in csv.DictReader(table)]


@pytest.mark.parametrize("name", ["a.mp4", "a.mov", "a.mkv", "a.webm"])
def test_uneven_times_are_each_frames_own(tmp_path: Path, name: str) -> None:
    """117ac18: 0, 0.158, 0.316 ...; .mkv and .webm were answered with "convert it to PNG"."""
    codec = "libvpx-vp9" if name.endswith("webm") else "libx264"
    path = save_video(tmp_path / name, [flat(20 + 20 * i) for i in range(10)], UNEVEN_MS, codec)
    cine = open_cine(path)
    assert cine.times_s == pytest.approx(np.array(UNEVEN_MS) / 1000, abs=1e-3)
    assert [round((frame.pixels_hw.mean() * 219 / 255 + 16 - 20) / 20) for frame in cine] == list(range(10))


def test_the_table_of_frames_has_these_times(tmp_path: Path) -> None:
    path = save_video(tmp_path / "a.mp4", [flat(20 + 20 * i) for i in range(10)], UNEVEN_MS)
    assert times_told(tmp_path, path, "--write", "none") == pytest.approx(
        np.array(UNEVEN_MS) / 1000, abs=1e-3
    )


def test_an_avi_that_drops_still_frames_keeps_its_pace(tmp_path: Path) -> None:
    """117ac18: 21 frames of 0.04 s, of which 6 could be read: four times too fast."""
    path = save_video(
        tmp_path / "a.avi", [flat(40 + 20 * i) for i in range(6)], [160 * i for i in range(6)], "mpeg4"
    )
    cine = open_cine(path)
    assert (cine.count, sum(1 for _ in cine)) == (6, 6)
    assert cine.times_s == pytest.approx([0.16 * i for i in range(6)])


def test_b_frames_come_in_the_order_of_showing(tmp_path: Path) -> None:
    path = save_video(tmp_path / "a.mp4", [flat(20 + 20 * i) for i in range(10)], bf="3")
    cine = open_cine(path)
    assert cine.times_s == pytest.approx([0.04 * i for i in range(10)])
    assert [round((frame.pixels_hw.mean() * 219 / 255 + 16 - 20) / 20) for frame in cine] == list(range(10))


def trimmed(path: Path, skipped: int) -> Path:
    """An edit list that begins `skipped` frames of 40 ms later (media time, at byte 12 of elst, in the
    media's own scale).
    """
    save_video(path, [flat(20 + 18 * i) for i in range(12)], codec="mpeg4")
    scales: list[int] = []

    def note(mdhd: bytes) -> bytes:
        scales.append(int.from_bytes(mdhd[12:16], "big"))
        return mdhd

    def later(elst: bytes) -> bytes:
        length = int.from_bytes(elst[8:12], "big") * (12 - skipped) // 12
        start = skipped * scales[0] // 25
        return elst[:8] + length.to_bytes(4, "big") + start.to_bytes(4, "big") + elst[16:]

    patch(path, [b"moov", b"trak", b"mdia", b"mdhd"], note)
    patch(path, [b"moov", b"trak", b"edts", b"elst"], later)
    return path


@pytest.mark.parametrize("skipped", [1, 3])
def test_a_trimmed_video_has_the_frames_that_are_played(tmp_path: Path, skipped: int) -> None:
    """117ac18: "frame 9 of the promised 12 isn't in the file", and nothing written."""
    cine = open_cine(trimmed(tmp_path / "a.mp4", skipped))
    assert (cine.count, sum(1 for _ in cine)) == (12 - skipped, 12 - skipped)
    assert cine.times_s == pytest.approx([0.04 * i for i in range(12 - skipped)], abs=1e-3)
    assert cine.read(0).pixels_hw.mean() * 219 / 255 + 16 == pytest.approx(20 + 18 * skipped, abs=2)


@pytest.mark.parametrize(("name", "codec"), [("a.avi", "mpeg4"), ("a.mpg", "mpeg2video")])
def test_interlaced_frames_are_as_stored_and_said_to_be_so(tmp_path: Path, name: str, codec: str) -> None:
    """117ac18 with OpenCV 4.13 to 5.0: errors over 100 grey levels; the coder costs 2."""
    ramp = np.tile(np.linspace(20, 230, 320).astype(np.uint8), (240, 1))
    cine = open_cine(save_video(tmp_path / name, [ramp] * 10, codec=codec, flags="+ildct+ilme"))
    shown = np.clip((ramp - 16.0) * 255 / 219, 0, 255)
    errors = [np.abs(frame.pixels_hw - shown).max() for frame in cine]
    assert len(errors) == 10
    assert max(errors) <= 4
    assert cine.notes == (INTERLACED,)
    assert open_cine(save_video(tmp_path / f"plain{name}", [ramp] * 3, codec=codec)).notes == ()


CODES = [0, 16, 50, 128, 200, 235, 255]


@pytest.mark.parametrize(
    ("name", "codec", "full"),
    [
        ("a.mp4", "libx264", False),
        ("a.avi", "mpeg4", False),
        ("a.mpg", "mpeg2video", False),
        ("a.webm", "libvpx-vp9", False),
        ("b.avi", "mjpeg", True),
        ("b.mkv", "mjpeg", True),
    ],
)
def test_grey_ranges(tmp_path: Path, name: str, codec: str, full: bool) -> None:
    """Right at 117ac18 too: known luma codes, of limited and of full range."""
    cine = open_cine(save_video(tmp_path / name, [flat(code) for code in CODES], codec=codec))
    right = [code if full else min(max(round((code - 16) * 255 / 219), 0), 255) for code in CODES]
    assert [float(np.median(frame.pixels_hw)) for frame in cine] == pytest.approx(right, abs=2)


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv"])
def test_pixels_that_are_not_square(tmp_path: Path, name: str) -> None:
    """PAL: a pixel is 16/15 as wide as high. 117ac18 took 0.3 mm for both sides, without a word."""
    path = save_video(tmp_path / name, [flat(90)] * 3, aspect=Fraction(16, 15))
    frame = read_frame(path, 0)
    assert frame.spacing_mm_yx is None
    assert frame.calibration.notes == (
        "pixels are not square: the video says that one is 1.067 times as wide as it is high",
    )
    for given, right in (("0.3", [0.3, 0.32]), ("0.3,0.3", [0.3, 0.3])):
        arguments = ["segment", str(path), "--frame", "0", "--spacing", given, "--box", BOX, "--json"]
        done = CliRunner().invoke(app, arguments)
        assert done.exit_code == 0, done.output
        found = json.loads(done.stdout)
        assert found["spacing_mm_yx"] == pytest.approx(right)
        assert "not square" in found["objects"][0]["measures"]["scale"]["notes"][0]


def test_a_phones_video_stands_upright(tmp_path: Path) -> None:
    """The matrix of tkhd (ISO/IEC 14496-12, 8.3.2), a quarter turn with the clock: what lies on the left is
    shown on top.
    """
    left = flat(40)
    left[:, :64] = 200
    path = save_video(tmp_path / "a.mp4", [left] * 3, aspect=Fraction(4, 3))
    one, minus = (1 << 16).to_bytes(4, "big"), (-(1 << 16)).to_bytes(4, "big", signed=True)
    matrix = bytes(4) + one + bytes(4) + minus + bytes(4 * 4) + (1 << 30).to_bytes(4, "big")
    patch(path, [b"moov", b"trak", b"tkhd"], lambda tkhd: tkhd[:40] + matrix + tkhd[76:])
    cine = open_cine(path)
    assert cine.frame_hw == (SIZE_HW[1], SIZE_HW[0])
    frame = cine.read(1)
    assert frame.pixels_hw[:50].mean() > 150 > 100 > frame.pixels_hw[78:].mean()
    assert frame.calibration.pixel_aspect == pytest.approx(3 / 4)


def test_a_movie_at_66_7_frames_a_second(tmp_path: Path) -> None:
    """15 ms per frame, usual in echocardiography. 117ac18: "this OpenCV can't encode MP4", and no result at
    all.
    """
    path = save_video(
        tmp_path / "echo.mkv", [flat(60 + 10 * i) for i in range(12)], [15 * i for i in range(12)]
    )
    assert times_told(tmp_path, path) == pytest.approx([0.015 * i for i in range(12)], abs=1e-6)
    with av.open(str(tmp_path / "out" / "echo.frames.overlay.mp4")) as made:
        stream = made.streams.video[0]
        assert (stream.frames, stream.codec_context.name, stream.codec_context.pix_fmt) == (
            12,
            "h264",
            "yuv420p",
        )
        assert float(stream.average_rate) == pytest.approx(1000 / 15, rel=0.01)


@pytest.mark.parametrize("rate_hz", [0.1, 1000 / 15, 29.97, 333.33])
def test_rates_that_movies_keep(tmp_path: Path, rate_hz: float) -> None:
    write_movie(tmp_path / "a.mp4", [np.zeros((31, 33, 3), np.uint8)] * 5, rate_hz)
    cine = open_cine(tmp_path / "a.mp4")
    assert (cine.count, cine.frame_hw, cine.rate_hz) == (5, (32, 34), pytest.approx(rate_hz, rel=1e-3))


def test_a_movie_that_can_not_be_made_takes_nothing_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """MPEG-4 Part 2, the codec where libx264 isn't, ends at 8191 px: masks, CSV and JSON are there, and the
    reason is said.
    """
    monkeypatch.setattr(movie, "_CODECS", ("mpeg4",))
    wide = np.full((16, 8200), 90, np.uint8)
    path = save_video(tmp_path / "wide.mkv", [wide] * 3, codec="ffv1")
    arguments = [
        "segment",
        str(path),
        "--frames",
        "all",
        "--box",
        "4000,2,4100,14",
        "--out",
        str(tmp_path / "out"),
    ]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    assert "no movie is written: the encoder refuses 8200 x 16 pixels at 25 a second" in done.stderr
    names = sorted(made.name for made in (tmp_path / "out").iterdir())
    assert names == ["wide.frames.csv", "wide.frames.json", "wide.frames.masks.tif"]
    with pytest.raises(OutputError, match=r"m\.mp4: the encoder refuses 8200 x 16 pixels"):
        write_movie(tmp_path / "m.mp4", [np.zeros((16, 8200, 3), np.uint8)], 25)
    assert not (tmp_path / "m.mp4").exists()


def test_sound_alone_is_no_video(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "a.mkv"), "w") as file:
        stream = file.add_stream("pcm_s16le", rate=8000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), format="s16", layout="mono")
        frame.sample_rate = 8000
        file.mux(stream.encode(frame))
        file.mux(stream.encode())
    with pytest.raises(FileError, match=r"a\.mkv: holds no video"):
        open_cine(tmp_path / "a.mkv")
