"""Video, GIF, sequences and overlay movies: frames come back in order, one at a time."""

from __future__ import annotations

import resource
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from uniultra.errors import FileError, OutputError
from uniultra.io.cines import chosen_frames, open_cine
from uniultra.io.images import find_images, read_frame
from uniultra.io.video_writer import write_movie, write_overlay_movie
from uniultra.types import Mask
from videos import flat, save_video

SIZE = (48, 64)


def level(number: int) -> np.ndarray:
    """Frame `number` of a test video: one grey that tells it apart."""
    return np.full((*SIZE, 3), 20 + 18 * number, np.uint8)


def video(path: Path, count: int = 12) -> Path:
    codec = {".avi": "MJPG"}.get(path.suffix, "mp4v")
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*codec), 25, (SIZE[1], SIZE[0]))
    for number in range(count):
        writer.write(level(number % 12))
    writer.release()
    return path


def gif(path: Path, count: int = 5) -> Path:
    images = [Image.fromarray(level(number)) for number in range(count)]
    images[0].save(path, save_all=True, append_images=images[1:], duration=[40, 60, 40, 40, 40][:count])
    return path


@pytest.mark.parametrize("name", ["a.mp4", "a.mov", "a.avi"])
def test_video_frames(tmp_path: Path, name: str) -> None:
    cine = open_cine(video(tmp_path / name))
    assert (cine.count, cine.frame_hw, round(cine.rate_hz or 0)) == (12, SIZE, 25)
    assert [round((frame.pixels_hw.mean() - 20) / 18) for frame in cine] == list(range(12))
    assert round((cine.read(7).pixels_hw.mean() - 20) / 18) == 7
    np.testing.assert_array_equal(read_frame(tmp_path / name, 7).pixels_hw, cine.read(7).pixels_hw)
    with pytest.raises(
        FileError, match=r"holds 12 frames; name one from 0 to 11: --frame N, in Python read_frame\(path, N\)"
    ):
        read_frame(tmp_path / name)
    with pytest.raises(FileError, match=r"there is no frame 12; legal are 0 to 11"):
        cine.read(12)


def test_gif_frames_and_delays(tmp_path: Path) -> None:
    cine = open_cine(gif(tmp_path / "a.gif"))
    assert (cine.count, cine.frame_hw) == (5, SIZE)
    assert cine.times_s == pytest.approx((0, 0.04, 0.1, 0.14, 0.18))
    assert [round((frame.pixels_hw.mean() - 20) / 18) for frame in cine] == [0, 1, 2, 3, 4]
    assert round((read_frame(tmp_path / "a.gif", 3).pixels_hw.mean() - 20) / 18) == 3


def test_a_folder_of_images_is_a_sequence(tmp_path: Path) -> None:
    for number in (10, 2, 1):
        Image.fromarray(level(number)[..., 0]).save(tmp_path / f"f{number}.png")
    cine = open_cine(tmp_path)
    assert [round((frame.pixels_hw.mean() - 20) / 18) for frame in cine] == [1, 2, 10]
    assert open_cine(tmp_path / "f*.png").count == 3
    Image.fromarray(np.zeros((20, 20), np.uint8)).save(tmp_path / "f11.png")
    with pytest.raises(FileError, match=r"20 x 20 pixels, the first image 64 x 48; a sequence has one size"):
        open_cine(tmp_path).read(3)


def test_a_still_image_has_frame_0_alone(tmp_path: Path) -> None:
    Image.fromarray(level(3)[..., 0]).save(tmp_path / "a.png")
    assert open_cine(tmp_path / "a.png").count == 1
    assert read_frame(tmp_path / "a.png", 0).width == 64
    with pytest.raises(FileError, match=r"there is no frame 1; a PNG image has frame 0 alone"):
        read_frame(tmp_path / "a.png", 1)


@pytest.mark.parametrize("kept", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("name", ["a.mp4", "a.avi", "a.gif"])
def test_truncated(tmp_path: Path, name: str, kept: float) -> None:
    """Refused, or read up to where the file ends; what is lost is missed when it is read."""
    path = gif(tmp_path / name) if name.endswith("gif") else video(tmp_path / name)
    path.write_bytes(path.read_bytes()[: int(kept * path.stat().st_size)])
    shapes: list[tuple[int, ...]] = []
    with suppress(FileError):
        shapes += [frame.pixels_hw.shape for frame in open_cine(path)]
    assert set(shapes) <= {SIZE}
    assert len(shapes) < (5 if name.endswith("gif") else 12)


def test_a_damaged_video_is_silent(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = video(tmp_path / "a.mp4", 40)
    data = bytearray(path.read_bytes())
    for at in range(200, len(data) // 2, 97):
        data[at] ^= 0xFF
    path.write_bytes(data)
    with suppress(FileError):
        assert all(frame.pixels_hw.shape == SIZE for frame in open_cine(path))
    assert capfd.readouterr().err == ""


def test_what_is_no_video(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.mp4").write_bytes(b"\0\0\0\x18ftypmp42" + bytes(500))
    with pytest.raises(FileError, match=r"the video is damaged, truncated, or of a codec that FFmpeg lacks"):
        open_cine(tmp_path / "a.mp4")
    (tmp_path / "b.gif").write_bytes(b"GIF89a" + bytes(20))
    with pytest.raises(FileError, match=r"the GIF data is damaged|0 x 0 pixels"):
        open_cine(tmp_path / "b.gif")
    assert capfd.readouterr().err == ""


def test_a_codec_that_nothing_decodes_is_named(tmp_path: Path) -> None:
    path = save_video(tmp_path / "a.mp4", [flat(40), flat(90)], codec="libx264")
    path.write_bytes(path.read_bytes().replace(b"avc1", b"zzzz"))
    with pytest.raises(
        FileError, match=r"a\.mp4: its video is of a codec that FFmpeg lacks; convert it to MP4 \(H\.264\)"
    ):
        open_cine(path)


def test_videos_are_found_among_images_and_are_not_of_a_sequence(tmp_path: Path) -> None:
    video(tmp_path / "a.mp4", 1)
    Image.fromarray(level(1)).save(tmp_path / "b.png")
    for place in (tmp_path, f"{tmp_path}/*"):
        assert [path.name for path in find_images([place])] == ["a.mp4", "b.png"]
    assert [path.name for path in find_images([f"{tmp_path}/*.mp4"])] == ["a.mp4"]
    assert open_cine(tmp_path).count == 1
    (tmp_path / "b.png").unlink()
    with pytest.raises(FileError, match=r"holds videos alone, which aren't frames of one cine; name one"):
        open_cine(tmp_path)


def test_a_frame_is_a_number_and_is_named_once(tmp_path: Path) -> None:
    path = video(tmp_path / "a.avi", 3)
    for wrong in ("1", 1.0):
        with pytest.raises(FileError, match=r"frame '?1(\.0)?'? is of type (str|float); give a number"):
            read_frame(path, wrong)  # type: ignore[arg-type]
    still = open_cine(tmp_path / save_still(tmp_path))
    with pytest.raises(FileError, match=r"^(?!.*\(frame 7\)).*there is no frame 7; legal are 0 to 0"):
        list(chosen_frames(still, [7]))


def save_still(folder: Path) -> str:
    Image.fromarray(level(1)).save(folder / "still.png")
    return "still.png"


def test_earlier_results_are_no_frames_of_a_sequence(tmp_path: Path) -> None:
    for name, grey in (("f1.mask.png", 9), ("f1.overlay.png", 9), ("f1.png", 40), ("f2.png", 90)):
        Image.fromarray(np.full(SIZE, grey, np.uint8)).save(tmp_path / name)
    (tmp_path / "f.track.overlay.mp4").write_bytes(b"of another size")
    cine = open_cine(tmp_path)
    assert [int(frame.pixels_hw[0, 0]) for frame in cine] == [40, 90]
    assert len(find_images([tmp_path], results=True)) == 5


def test_an_overlay_movie_has_every_frame_and_its_masks(tmp_path: Path) -> None:
    cine = open_cine(video(tmp_path / "a.mp4"))
    inside = np.zeros(SIZE, bool)
    inside[10:30, 10:40] = True
    mask = Mask(inside, np.where(inside, 5.0, -5.0).astype(np.float32), 0.9)
    assert (
        write_overlay_movie(tmp_path / "out" / "o.mp4", cine, lambda number: [mask] if number == 5 else [])
        == 12
    )
    capture = cv2.VideoCapture(str(tmp_path / "out" / "o.mp4"))
    frames = [capture.read()[1].astype(int) for _ in range(12)]
    capture.release()
    coloured = [np.ptp(frame[15:25, 15:35], axis=2).mean() > 10 for frame in frames]
    assert coloured == [number == 5 for number in range(12)]
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["o.mp4"]


def test_chosen_frames_are_those_that_reading_one_by_one_gives(tmp_path: Path) -> None:
    write_movie(tmp_path / "a.mp4", [level(i) for i in range(12)], 25)
    cine = open_cine(tmp_path / "a.mp4")
    found = list(chosen_frames(cine, [2, 3, 9]))
    assert [number for number, _ in found] == [2, 3, 9]
    for number, frame in found:
        np.testing.assert_array_equal(frame.pixels_hw, cine.read(number).pixels_hw)
    assert (cine.rate_of([2, 3, 9]), cine.rate_of([4])) == (pytest.approx(25 * 2 / 7), None)
    short = replace(cine, count=20)
    with pytest.raises(
        FileError, match=r"a.mp4: frame 15 of the promised 20 isn't in the file; leave out what is beyond 11"
    ):
        list(chosen_frames(short, [0, 15]))


def test_a_movie_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    def breaks() -> object:
        yield level(1)
        raise FileError("frame 1 is damaged")

    with pytest.raises(FileError, match=r"frame 1 is damaged"):
        write_movie(tmp_path / "o.mp4", breaks(), 25)  # type: ignore[arg-type]
    with pytest.raises(OutputError, match=r"a video needs at least 1 frame"):
        write_movie(tmp_path / "o.mp4", [], 25)
    with pytest.raises(OutputError, match=r"end its name with .mp4"):
        write_movie(tmp_path / "o.avi", [level(1)], 25)
    assert list(tmp_path.iterdir()) == []
    write_movie(tmp_path / "o.mp4", [level(1)[:47, :63]], 25)
    with pytest.raises(OutputError, match=r"exists; pass --force"):
        write_movie(tmp_path / "o.mp4", [level(1)], 25)


@pytest.mark.skipif(sys.platform == "win32", reason="no such limit")
def test_a_movie_for_which_there_is_no_room_is_none(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Whatever writes it: OpenCV goes on as if nothing were, and leaves a file that nothing opens."""
    noise = np.random.default_rng(0).integers(0, 256, (40, *SIZE, 3), np.uint8)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, limits[1]))
    try:
        with pytest.raises(OutputError, match=r"o.mp4: can't be written \(File too large\); choose"):
            write_movie(tmp_path / "o.mp4", list(noise), 25)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert list(tmp_path.iterdir()) == []
    assert capfd.readouterr().err == ""
    assert write_movie(tmp_path / "o.mp4", list(noise), 25) == 40


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "count", "size"),
    [
        ("liver_sweep_imfusion.mp4", 140, (592, 738)),
        ("lung_bline_clip4.gif", 110, (256, 384)),
        ("tongue_a1.mp4", 90, (240, 320)),
    ],
)
def test_the_real_clips(shared: Path, name: str, count: int, size: tuple[int, int]) -> None:
    cine = open_cine(shared / "clips" / name)
    assert (cine.count, cine.frame_hw) == (count, size)
    assert sum(frame.pixels_hw.std() > 5 for frame in cine) == count


def test_a_grey_gif_whose_frames_share_its_grey_palette(tmp_path: Path) -> None:
    """Its second frame has indices without a palette of its own."""
    greys = [np.random.default_rng(n).integers(0, 256, (24, 32)).astype(np.uint8) for n in range(3)]
    first, *rest = map(Image.fromarray, greys)
    first.save(tmp_path / "a.gif", save_all=True, append_images=rest, duration=40)
    cine = open_cine(tmp_path / "a.gif")
    for number, expected in enumerate(greys):
        assert np.array_equal(cine.read(number).pixels_hw, expected)
