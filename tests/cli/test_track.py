"""`uniultra track`, as users call it: a clip and a prompt in, one set of files out, whole or not at all."""

from __future__ import annotations

import csv
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from commands import command, largest_file, uniultra
from dicoms import dataset, region, save
from phantoms import ellipse, speckled
from uniultra.cli.track import _stamp
from uniultra.io.cines import open_cine
from uniultra.io.label_tiff import read_label_pages
from uniultra.io.video_writer import write_movie

HW = (240, 320)
BOX = "105,65,235,155"
HALVES = (60, 56, 52, 48, 44, 48, 52, 56)
ALWAYS = ["csv", "json", "masks.tif", "overlay.mp4", "plot.png", "plot.svg"]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def beating(count: int = 8) -> np.ndarray:
    """Frames (count, 240, 320) of an upright ellipse that beats and goes 2 pixels to the right a frame."""
    halves = [HALVES[number % len(HALVES)] for number in range(count)]
    return np.stack(
        [
            speckled(ellipse(HW, (170 + 2 * number % 60, 110), (half, 40)), number).pixels_hw
            for number, half in enumerate(halves)
        ]
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save(
        dataset(beating(), SequenceOfUltrasoundRegions=[region((0, 0, 319, 239), 0.05)], FrameTime=40),
        tmp_path / "cine.dcm",
    )
    return tmp_path


def stills(folder: Path, frames: np.ndarray) -> Path:
    (folder / "stills").mkdir()
    for number, frame in enumerate(frames):
        Image.fromarray(frame).save(folder / "stills" / f"f{number:02d}.png")
    return folder / "stills"


def report_of(folder: Path, stem: str) -> dict:
    return json.loads((folder / "out" / f"{stem}.track.json").read_text())


def test_a_mask_is_followed_as_it_is_given(folder: Path) -> None:
    """Half of the structure, which the model would complete."""
    half = ellipse(HW, (170, 110), (60, 40)) & (np.arange(320) < 170)
    still = np.stack([np.roll(beating(1)[0], 2 * number, axis=1) for number in range(4)])
    stills(folder, still)
    Image.fromarray(half.astype(np.uint8)).save(folder / "half.png")
    done = uniultra("track", "stills", "--mask", "half.png", "--write", "none", "--out", "out", cwd=folder)
    assert done.returncode == 0, done.stderr
    pages = dict(read_label_pages(folder / "out" / "stills.track.masks.tif"))
    assert np.array_equal(pages[0] == 1, half)
    carried, expected = pages[3] == 1, np.roll(half, 6, axis=1)
    assert 2 * (carried & expected).sum() > 0.95 * (carried.sum() + expected.sum())
    again = ("--mask", "out/stills.track.masks.tif", "--write", "none")
    done = uniultra("track", "stills", "--frame", 2, *again, "--out", "again", cwd=folder)
    assert done.returncode == 0, done.stderr
    onward = dict(read_label_pages(folder / "again" / "stills.track.masks.tif"))
    assert np.array_equal(onward[2], pages[2])
    one = uniultra("segment", "stills/f02.png", *again[:2], "--out", "one", cwd=folder)
    assert (one.returncode, (folder / "one").exists()) == (2, False)
    assert "it has masks on frames 0, 1, 2, 3; name one with --frame" in one.stderr


def test_a_dicom_cine_from_a_box_in_its_middle(folder: Path) -> None:
    pytest.importorskip("highdicom", reason="highdicom is of the extra dicom")
    box = "113,65,230,155"
    done = uniultra("track", "cine.dcm", "--frame", 4, "--box", box, "--lv", 1, "--out", "out", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert names(folder / "out") == [
        f"cine.track.{ending}" for ending in sorted([*ALWAYS, "seg.dcm", "ef.json"])
    ]
    report = report_of(folder, "cine")
    assert (report["tracked"], report["frames_segmented"]) == (True, 8)
    objects = [frame["objects"][0] for frame in report["frames"]]
    assert {item["status"] for item in objects} == {"sure"}
    assert [item["prompt"] is not None for item in objects] == [number == 4 for number in range(8)]
    with (folder / "out" / "cine.track.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["status"] for row in rows] == ["sure"] * 8
    assert [float(row["time_s"]) for row in rows] == pytest.approx([0.04 * number for number in range(8)])
    areas = [float(row["area"]) for row in rows]
    truths = [np.pi * half * 40 * 0.25 for half in HALVES]
    assert areas == pytest.approx(truths, rel=0.12)
    assert rows[0]["unit"] == "mm"
    for number, ids in read_label_pages(folder / "out" / "cine.track.masks.tif"):
        assert int((ids == 1).sum()) == objects[number]["area_px"]
    assert open_cine(folder / "out" / "cine.track.overlay.mp4").count == 8
    heart = json.loads((folder / "out" / "cine.track.ef.json").read_text())
    assert (heart["end_diastole"]["frame"], heart["end_systole"]["frame"]) == (0, 4)
    assert 10 < heart["ejection_fraction"]["value"] < 70
    assert "EF of 1" in done.stdout
    with Image.open(folder / "out" / "cine.track.plot.png") as plot:
        assert plot.size[0] == 1440
    chart = (folder / "out" / "cine.track.plot.svg").read_text()
    assert chart.startswith("<svg")
    assert "area in mm2" in chart
    assert "time in s" in chart


def test_a_video_in_part_from_its_last_frame(tmp_path: Path) -> None:
    pictures = [np.repeat(frame[..., None], 3, axis=2) for frame in beating()]
    write_movie(tmp_path / "clip.mp4", pictures, 25.0)
    call = ["track", "clip.mp4", "--frame", 7, "--box", "125,65,245,155", "--from", 2, "--out", "out"]
    done = uniultra(*call, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    report = report_of(tmp_path, "clip")
    assert [frame["frame"] for frame in report["frames"]] == [2, 3, 4, 5, 6, 7]
    assert all(frame["objects"][0]["area_px"] > 3000 for frame in report["frames"])
    again = uniultra(*call, cwd=tmp_path)
    assert (again.returncode, again.stderr.count("\n")) == (2, 1)
    assert "exists; pass --force" in again.stderr


def test_prompts_on_several_frames_and_an_object_added_late(folder: Path) -> None:
    entries = [
        {"frame": 0, "object": 1, "box": [105, 65, 235, 155]},
        {"frame": 3, "object": 2, "box": [10, 10, 80, 60]},
        {"frame": 5, "object": 1, "box": [130, 65, 232, 155], "points": [[180, 110]], "labels": [1]},
    ]
    (folder / "prompts.json").write_text(json.dumps(entries))
    done = uniultra(
        "track", "cine.dcm", "--prompts", "prompts.json", "--write", "none", "--out", "out", cwd=folder
    )
    assert done.returncode == 0, done.stderr
    frames = report_of(folder, "cine")["frames"]
    assert [len(frame["objects"]) for frame in frames] == [2] * 8
    prompted = [
        (frame["frame"], item["id"]) for frame in frames for item in frame["objects"] if item["prompt"]
    ]
    assert prompted == [(0, 1), (3, 2), (5, 1)]
    assert "overlay.mp4" not in "".join(names(folder / "out"))


def test_what_is_before_and_after_a_broken_frame_is_kept(tmp_path: Path) -> None:
    stills(tmp_path, beating())
    whole = (tmp_path / "stills" / "f03.png").read_bytes()
    (tmp_path / "stills" / "f03.png").write_bytes(whole[: len(whole) // 2])
    Image.fromarray(np.zeros((100, 90), np.uint8)).save(tmp_path / "stills" / "f05.png")
    done = uniultra("track", "stills", "--box", BOX, "--out", "out", cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    lines = done.stderr.strip().splitlines()
    assert [line.split(":")[1] for line in lines] == [" frame 3 is left out", " frame 5 is left out"]
    report = report_of(tmp_path, "stills")
    assert [frame["frame"] for frame in report["frames"]] == list(range(8))
    assert [frame["frame"] for frame in report["frames"] if "error" in frame] == [3, 5]
    assert (report["frames_segmented"], report["frames_unreadable"]) == (6, [3, 5])
    read = [frame for frame in report["frames"] if "error" not in frame]
    assert all(frame["objects"][0]["area_px"] > 3000 for frame in read)


def test_one_frame_is_enough(tmp_path: Path) -> None:
    Image.fromarray(beating()[0]).save(tmp_path / "still.png")
    done = uniultra("track", "still.png", "--box", BOX, "--out", "out", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(report_of(tmp_path, "still")["frames"]) == 1


def test_a_cut_is_said_and_leaves_a_gap(tmp_path: Path) -> None:
    frames = beating(16)
    stripes = np.tile(np.arange(320) // 16 % 2, (240, 1)).astype(np.bool_)
    frames[6:12] = [speckled(stripes, number).pixels_hw for number in range(6)]
    stills(tmp_path, frames)
    done = uniultra("track", "stills", "--box", BOX, "--out", "out", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "lost on 6-9" in done.stdout
    assert "absent on 10-11" in done.stdout
    items = [frame["objects"][0] for frame in report_of(tmp_path, "stills")["frames"]]
    assert [item["area_px"] for item in items[6:12]] == [0] * 6
    assert all(item["area_px"] > 3000 for item in items[:6] + items[13:])


@pytest.mark.skipif(sys.platform == "win32", reason="sends signals")
@pytest.mark.parametrize("ends", [signal.SIGINT, signal.SIGKILL])
def test_a_run_that_is_ended_leaves_no_half_results(tmp_path: Path, ends: signal.Signals) -> None:
    save(dataset(beating(300)), tmp_path / "long.dcm")
    call = command("track", "long.dcm", "--box", BOX, "--out", "out", "--write", "none")
    with subprocess.Popen(
        call, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as running:
        until = time.monotonic() + 120
        while not any((tmp_path / "out").glob(".uniultra-*/*.masks.tif")) and time.monotonic() < until:
            assert running.poll() is None
            time.sleep(0.02)
        running.send_signal(ends)
        running.communicate(timeout=120)
    assert running.returncode != 0
    assert not list((tmp_path / "out").glob("long*"))
    done = uniultra(
        "track", "long.dcm", "--to", 3, "--box", BOX, "--out", "out", "--write", "none", cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert not list((tmp_path / "out").glob(".uniultra-*"))


@pytest.mark.skipif(sys.platform == "win32", reason="sends SIGKILL")
def test_a_killed_run_goes_on_with_resume_and_finds_the_same(tmp_path: Path) -> None:
    save(dataset(beating(48)), tmp_path / "long.dcm")
    call = ["track", "long.dcm", "--box", BOX, "--write", "none", "--resume"]
    journal = tmp_path / "out" / "long.track.part.jsonl"
    with subprocess.Popen(
        command(*call, "--out", "out"), cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as running:
        until = time.monotonic() + 120
        while not (journal.is_file() and b'"state": 24' in journal.read_bytes()) and time.monotonic() < until:
            assert running.poll() is None
            time.sleep(0.02)
        running.kill()
    assert journal.is_file()
    other = uniultra(*call, "--out", "out", "--to", 40, cwd=tmp_path)
    assert (other.returncode, "to a run with different frames" in other.stderr) == (2, True)
    done = uniultra(*call, "--out", "out", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert not journal.exists()
    assert uniultra(*call, "--out", "once", cwd=tmp_path).returncode == 0
    for ending in ("csv", "json"):
        pair = [(tmp_path / folder / f"long.track.{ending}").read_bytes() for folder in ("out", "once")]
        assert pair[0] == pair[1]


def test_a_folder_whose_frame_was_replaced_is_another_clip(tmp_path: Path) -> None:
    """Which leaves the folder's own time as it was; results beside its frames are no part of it."""
    for number, pixels in enumerate(beating(3)):
        Image.fromarray(pixels).save(tmp_path / f"f{number}.png")
    before = _stamp(tmp_path)
    (tmp_path / "f0.json").write_text("{}")
    assert _stamp(tmp_path) == before
    (tmp_path / "f1.png").write_bytes((tmp_path / "f2.png").read_bytes())
    assert _stamp(tmp_path) != before


@pytest.mark.skipif(sys.platform == "win32", reason="limits the size of files")
def test_a_full_disk_is_one_line_and_leaves_nothing(folder: Path) -> None:
    with largest_file(6000):
        done = uniultra("track", "cine.dcm", "--box", BOX, "--out", "out", "--write", "none", cwd=folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.strip().splitlines()) == 1
    assert "can't be written" in done.stderr
    assert names(folder) == ["cine.dcm"]


def test_a_report_of_nothing_is_left_out_and_said(folder: Path) -> None:
    """A box on even grey: the rest is written."""
    grey = np.full((4, 240, 320), 90, np.uint8)
    save(dataset(grey, SequenceOfUltrasoundRegions=[region((0, 0, 319, 239), 0.05)]), folder / "grey.dcm")
    done = uniultra("track", "grey.dcm", "--box", BOX, "--write", "seg,sr", "--out", "out", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "no SR is written: no structure was surely found on any frame" in done.stderr
    assert {"grey.track.json", "grey.track.seg.dcm"} <= {*names(folder / "out")}
    assert "grey.track.sr.dcm" not in names(folder / "out")
    assert "sr.dcm" not in done.stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (
            ["--box", BOX, "--write", "csv", "--keep-patient"],
            "--keep-patient applies to DICOM results only; add --write with one of seg,",
        ),
        (["--frame", "8", "--box", BOX], "a prompt is on frame 8, which isn't tracked; legal are 0 to 7"),
        (
            ["--frame", "1", "--from", "3", "--box", BOX],
            "a prompt is on frame 1, which isn't tracked; legal are 3",
        ),
        (
            ["--from", "5", "--to", "3", "--box", BOX],
            "--from 5 --to 3 are not frames of it; legal are 0 to",
        ),
        (["--to", "8", "--box", BOX], "--from 0 --to 8 are not frames of it; legal are 0 to 7"),
        ([], "no prompt: give --box x0,y0,x1,y1"),
        (["--box", BOX, "--lv", "2"], "--lv 2 is not a structure of this call; give 1 to 1"),
        (["--box", "400,400,500,500"], "box 400,400,500,500 has less than a pixel on the image"),
        (["--box", BOX, "--write", "coco"], "--write coco is for one frame"),
        (["--prompts", "bad.json"], "prompts 'bad.json', entry 2: frame -1 must be a whole number from 0"),
        (["--prompts", "bad.json", "--box", BOX], "--prompts can't be combined with these"),
        (["--prompts", "bad.json", "--frame", "3"], "bad.json names its frames itself; leave out --frame 3"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(folder: Path, arguments: list[str], says: str) -> None:
    entries = [
        {"frame": 0, "object": 1, "box": [9, 9, 50, 50]},
        {"frame": -1, "object": 1, "box": [9, 9, 50, 50]},
    ]
    (folder / "bad.json").write_text(json.dumps(entries))
    done = uniultra("track", "cine.dcm", *arguments, "--out", "out", cwd=folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.strip().splitlines()) == 1
    assert says in done.stderr
    assert names(folder) == ["bad.json", "cine.dcm"]


@pytest.mark.slow
def test_a_real_heart(shared: Path, tmp_path: Path) -> None:
    clip = shared / "dicom" / "examples_ybr_color.dcm"
    done = uniultra(
        "track", clip, "--box", "152,65,198,130", "--lv", 1, "--write", "none", "--out", "out", cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    heart = json.loads((tmp_path / "out" / "examples_ybr_color.track.ef.json").read_text())
    assert 50 < heart["ejection_fraction"]["value"] < 85


def test_a_video_model_with_memory_follows_too(folder: Path) -> None:
    from networks import tiny_video_model

    tiny_video_model().save_pretrained(folder / "video-model")
    call = ["track", str(folder / "cine.dcm"), "--box", BOX, "--tracker", "memory", "--write", "none"]
    done = uniultra(*call, "--model", "video-model", "--out", "out", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "video-model unpublished" in done.stdout
    report = json.loads((folder / "out" / "cine.track.json").read_text())
    assert report["model"]["name"] == "video-model"
    assert len(report["frames"]) == 8
    refused = uniultra(*call, "--model", "video-model", "--out", "no", "--resume", cwd=folder)
    assert refused.returncode == 2
    assert "--resume can't save the memory of video models" in refused.stderr
    wrong = uniultra(*call, "--out", "no", cwd=folder)
    assert wrong.returncode == 2
    assert "is not a folder; give that of a video model" in wrong.stderr
