"""Videos as recorders, phones and frame grabbers write them: what is presented is read, at the times that it is presented."""

from __future__ import annotations

import csv
import json
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from typer.testing import CliRunner

from uniultra.calibration import aspect_note
from uniultra.cli.main import app
from uniultra.errors import OutputError
from uniultra.io.cines import chosen_frames, open_cine
from uniultra.io.images import read_frame
from uniultra.io.movie import MovieFile

SIZE_WH = (160, 96)
CODES = tuple(range(24, 232, 8))


def flat(code: int) -> np.ndarray:
    return np.full((SIZE_WH[1], SIZE_WH[0]), code, np.uint8)


def write(path: Path, codes: tuple[int, ...], times_ms: tuple[int, ...] = (), codec: str = "libx264", **options: str) -> Path:
    """A video of flat pictures, each at its time (40 ms apart where none is given)."""
    with av.open(str(path), "w") as out:
        stream = out.add_stream(codec, rate=25, options={"g": "8", **options})
        stream.width, stream.height = SIZE_WH  # type: ignore[union-attr]
        stream.pix_fmt = "yuv420p"  # type: ignore[union-attr]
        stream.codec_context.time_base = Fraction(1, 1000)
        stream.codec_context.bit_rate = 4_000_000
        for number, code in enumerate(codes):
            frame = av.VideoFrame.from_ndarray(flat(code), format="gray").reformat(format="yuv420p")
            frame.pts, frame.time_base = (times_ms[number] if times_ms else 40 * number), Fraction(1, 1000)
            out.mux(stream.encode(frame))  # type: ignore[union-attr]
        out.mux(stream.encode(None))  # type: ignore[union-attr]
    return path


def read_codes(path: Path) -> list[int]:
    return [round(float(frame.pixels_hw.mean())) for frame in open_cine(path)]


@pytest.mark.parametrize("name", ["a.mp4", "a.mov", "a.mkv"])
@pytest.mark.parametrize("bf", ["0", "3"])
def test_uneven_times_are_those_of_the_file(tmp_path: Path, name: str, bf: str) -> None:
    """After opencv/opencv#12112: a number over a mean rate is no time where the rate varies. With and without B-frames."""
    times = (0, 20, 40, 60, 80, 500, 1000, 1500, 1520, 1540)
    cine = open_cine(write(tmp_path / name, CODES[:10], times, bf=bf))
    assert cine.times_s == pytest.approx([t / 1000 for t in times], abs=0.002)
    assert cine.count == 10
    np.testing.assert_allclose(read_codes(tmp_path / name), CODES[:10], atol=2)
    assert "ms apart: times are those of the file" in cine.notes[0]
    [(number, frame)] = chosen_frames(cine, [7])
    assert (number, round(float(frame.pixels_hw.mean()))) == (7, pytest.approx(CODES[7], abs=2))


def test_even_times_are_not_told(tmp_path: Path) -> None:
    cine = open_cine(write(tmp_path / "a.mp4", CODES[:6]))
    assert (cine.notes, cine.rate_hz) == ((), pytest.approx(25, rel=0.01))


@pytest.mark.parametrize(("name", "codec"), [("a.webm", "libvpx"), ("a.mkv", "mjpeg"), ("a.avi", "mpeg4"), ("a.avi", "mjpeg")])
def test_other_containers_and_codecs(tmp_path: Path, name: str, codec: str) -> None:
    if codec not in av.codecs_available:
        pytest.skip(f"PyAV was built without {codec}")
    path = tmp_path / name
    with av.open(str(path), "w") as out:
        stream = out.add_stream(codec, rate=25)
        stream.width, stream.height = SIZE_WH  # type: ignore[union-attr]
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"  # type: ignore[union-attr]
        stream.codec_context.bit_rate = 4_000_000
        for code in CODES[:8]:
            out.mux(stream.encode(av.VideoFrame.from_ndarray(flat(code), format="gray")))  # type: ignore[union-attr]
        out.mux(stream.encode(None))  # type: ignore[union-attr]
    cine = open_cine(path)
    assert (cine.count, cine.frame_hw) == (8, (SIZE_WH[1], SIZE_WH[0]))
    assert cine.times_s == pytest.approx([0.04 * i for i in range(8)], abs=0.002)
    np.testing.assert_allclose(read_codes(path), CODES[:8], atol=3)


@pytest.mark.parametrize("colour_range", ["tv", "pc"])
def test_grey_codes_come_back_from_limited_and_full_range(tmp_path: Path, colour_range: str) -> None:
    """Limited range holds black at 16 and white at 235 (ITU-R BT.601); a reader gives 0 to 255 either way."""
    path = tmp_path / "a.mp4"
    codes = (0, 1, 16, 64, 128, 200, 235, 254, 255)
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=25, options={"qp": "0"})
        stream.width, stream.height = SIZE_WH  # type: ignore[union-attr]
        stream.pix_fmt = "yuv420p" if colour_range == "tv" else "yuvj420p"  # type: ignore[union-attr]
        for code in codes:
            frame = av.VideoFrame(*SIZE_WH, format=stream.pix_fmt)  # type: ignore[union-attr]
            luma = round(16 + 219 * code / 255) if colour_range == "tv" else code
            for plane, value in zip(frame.planes, (luma, 128, 128), strict=True):
                plane.update(bytes([value]) * plane.buffer_size)
            out.mux(stream.encode(frame))  # type: ignore[union-attr]
        out.mux(stream.encode(None))  # type: ignore[union-attr]
    np.testing.assert_allclose(read_codes(path), codes, atol=2)


def test_interlaced_recordings_are_read_right(tmp_path: Path) -> None:
    """OpenCV's wheels from 4.13 on give pictures that are over 100 grey levels off, and no error (findings/opencv_interlaced.sh)."""
    ramp = np.tile(np.linspace(20, 230, 320).astype(np.uint8), (240, 1))
    path = tmp_path / "a.avi"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("mpeg4", rate=25, options={"flags": "+ildct+ilme"})
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"  # type: ignore[union-attr]
        stream.codec_context.bit_rate = 8_000_000
        for _ in range(10):
            out.mux(stream.encode(av.VideoFrame.from_ndarray(ramp, format="gray")))  # type: ignore[union-attr]
        out.mux(stream.encode(None))  # type: ignore[union-attr]
    frames = [frame.pixels_hw.astype(int) for frame in open_cine(path)]
    assert len(frames) == 10
    assert max(int(np.abs(frame - ramp).max()) for frame in frames) <= 3


def box(data: bytearray, *path: bytes) -> tuple[int, int]:
    """Where a box's payload begins and ends (ISO/IEC 14496-12), along a path of names."""
    start, end = 0, len(data)
    for name in path:
        at = start
        while at < end and data[at + 4 : at + 8] != name:
            at += int.from_bytes(data[at : at + 4], "big")
        assert at < end, name
        start, end = at + 8, at + int.from_bytes(data[at : at + 4], "big")
    return start, end


def test_what_an_edit_list_leaves_out_is_not_counted(tmp_path: Path) -> None:
    """ISO/IEC 14496-12 8.6.6, as phones trim: the first three of twelve frames are stored and not shown."""
    path = write(tmp_path / "a.mp4", CODES[:12], bf="0")
    data = bytearray(path.read_bytes())
    at, _ = box(data, b"moov", b"trak", b"edts", b"elst")
    mdhd, _ = box(data, b"moov", b"trak", b"mdia", b"mdhd")
    scale = int.from_bytes(data[mdhd + 12 : mdhd + 16], "big")
    duration = int.from_bytes(data[at + 8 : at + 12], "big")
    data[at + 8 : at + 12] = (duration * 9 // 12).to_bytes(4, "big")
    data[at + 12 : at + 16] = (3 * scale // 25).to_bytes(4, "big")
    path.write_bytes(data)
    cine = open_cine(path)
    assert cine.count == 9
    np.testing.assert_allclose(read_codes(path), CODES[3:12], atol=2)


@pytest.mark.parametrize(("matrix", "turns"), [((0, 1, -1, 0), -1), ((-1, 0, 0, -1), 2), ((0, -1, 1, 0), 1)])
def test_a_phone_s_rotation_is_applied(tmp_path: Path, matrix: tuple[int, ...], turns: int) -> None:
    """The matrix of tkhd (8.3.2), by which a portrait recording is stored as landscape."""
    path = tmp_path / "a.mp4"
    picture = np.full((SIZE_WH[1], SIZE_WH[0]), 60, np.uint8)
    picture[:32, :48] = 200
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=25, options={"qp": "1"})
        stream.width, stream.height = SIZE_WH  # type: ignore[union-attr]
        stream.pix_fmt = "yuv420p"  # type: ignore[union-attr]
        out.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="gray")))  # type: ignore[union-attr]
        out.mux(stream.encode(None))  # type: ignore[union-attr]
    data = bytearray(path.read_bytes())
    at, _ = box(data, b"moov", b"trak", b"tkhd")
    a, b, c, d = ((value << 16) % 2**32 for value in matrix)
    for offset, value in zip((40, 44, 52, 56), (a, b, c, d), strict=True):
        data[at + offset : at + offset + 4] = value.to_bytes(4, "big")
    path.write_bytes(data)
    np.testing.assert_allclose(read_frame(path, 0).pixels_hw.astype(int), np.rot90(picture, turns).astype(int), atol=4)


def test_pixels_that_are_not_square_are_told_and_can_be_given(tmp_path: Path) -> None:
    """After xyonix/vannot#42: PAL, 720 x 576 with pixels of 16:15 (ISO/IEC 14496-12 12.1.4)."""
    path = tmp_path / "pal.mkv"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("mpeg4", rate=25)
        stream.width, stream.height = 720, 576  # type: ignore[union-attr]
        stream.pix_fmt = "yuv420p"  # type: ignore[union-attr]
        stream.sample_aspect_ratio = Fraction(16, 15)  # type: ignore[union-attr]
        stream.codec_context.bit_rate = 2_000_000
        for _ in range(2):
            out.mux(stream.encode(av.VideoFrame.from_ndarray(np.full((576, 720), 90, np.uint8), format="gray")))  # type: ignore[union-attr]
        out.mux(stream.encode(None))  # type: ignore[union-attr]
    call = ["segment", str(path), "--frame", "0", "--box", "180,144,540,432", "--json"]
    one = CliRunner().invoke(app, [*call, "--spacing", "0.3"])
    scale = json.loads(one.stdout)["objects"][0]["measures"]["scale"]
    assert scale["notes"][0] == aspect_note("the file", 15, 16)
    both = CliRunner().invoke(app, [*call, "--spacing", "0.3,0.32"])
    assert json.loads(both.stdout)["objects"][0]["measures"]["scale"]["spacing_mm_yx"] == [0.3, 0.32]


@pytest.mark.parametrize("step_ms", [15, 33.3667, 8.3, 0.5])
def test_a_movie_has_the_rate_of_its_cine(tmp_path: Path, step_ms: float) -> None:
    """After DeepLabCut/DeepLabCut#2811: MPEG-4 Part 2 holds a time base of 16 bits, so 66.667 a second opened no encoder."""
    with MovieFile(tmp_path / "a.mp4", 1000 / step_ms) as movie:
        for code in CODES[:6]:
            movie.add(np.repeat(flat(code)[..., None], 3, axis=2))
    wanted = min(1000 / step_ms, 1000.0)
    with av.open(str(tmp_path / "a.mp4")) as made:
        assert float(made.streams.video[0].average_rate or 0) == pytest.approx(wanted, rel=0.01)
        assert made.streams.video[0].codec_context.name == "h264"
        assert made.streams.video[0].codec_context.pix_fmt == "yuv420p"  # the one form that all browsers play
    with open(tmp_path / "a.mp4", "rb") as file:
        assert file.read(4096).find(b"moov") > 0  # before the pictures, so that a page can begin to play


def test_a_sequence_of_other_times_keeps_them_in_the_table(tmp_path: Path) -> None:
    times = (0, 15, 30, 45, 61, 76)
    write(tmp_path / "a.mkv", CODES[:6], times)
    call = ["segment", str(tmp_path / "a.mkv"), "--frames", "1-5:2", "--box", "20,20,100,80", "--write", "none"]
    done = CliRunner().invoke(app, [*call, "--out", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    with open(tmp_path / "out" / "a.frames.csv", encoding="utf-8") as file:
        told = [float(row["time_s"]) for row in csv.DictReader(file)]
    assert told == pytest.approx([0.015, 0.045, 0.076], abs=0.001)


@pytest.mark.parametrize("fails", ["add", "close"])
def test_a_movie_that_can_t_be_encoded_costs_the_other_results_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: str
) -> None:
    """An encoder's limit, as a side over 8191 pixels was, is told with its own reason, and masks, CSV and JSON are there."""
    write(tmp_path / "a.mkv", CODES[:3])

    def refused(self: MovieFile, *_: object) -> None:
        raise OutputError("out: the movie can't be encoded (width not divisible by 2); leave it out with --write")

    monkeypatch.setattr(MovieFile, fails, refused)
    call = ["segment", str(tmp_path / "a.mkv"), "--frames", "all", "--box", "20,20,100,80", "--out", str(tmp_path / "out")]
    done = CliRunner().invoke(app, call)
    assert done.exit_code == 0, done.output
    assert "no movie is written: out: the movie can't be encoded (width not divisible by 2)" in done.stderr
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a.frames.csv", "a.frames.json", "a.frames.masks.tif"]
