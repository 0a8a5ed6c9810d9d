"""`uniultra segment --frames`, as users call it: a cine in, one set of files out, whole or not at all."""

from __future__ import annotations

import csv
import json
import re
import signal
import threading
import tracemalloc
from pathlib import Path

import cv2
import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom.uid import JPEGBaseline8Bit

from commands import uniultra
from dicoms import dataset, encapsulated, jpeg, region, save
from phantoms import ellipse, speckled
from uniultra.cli.frames import SegmentJob, Summary, segment_frames
from uniultra.io.cines import open_cine
from uniultra.io.input_file import input_file
from uniultra.io.label_tiff import LabelFile, read_label_pages
from uniultra.io.video_writer import write_movie
from uniultra.model_facts import ModelFacts
from uniultra.outputs.plan import OWN_STUDY, OutputPlan
from uniultra.prompts.grouping import PromptSource, Typed
from uniultra.results import FrameResult
from uniultra.types import Frame, Mask, Prompt

RADII = (60, 50, 40, 50, 60)
BOX = "105,65,235,155"
ALWAYS = ["csv", "json", "masks.tif"]


def beating() -> np.ndarray:
    """Frames (5, 240, 320) of an ellipse that shrinks and grows again within the box."""
    return np.stack(
        [
            speckled(ellipse((240, 320), (170, 110), (radius, 40)), seed).pixels_hw
            for seed, radius in enumerate(RADII)
        ]
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save(
        dataset(beating(), SequenceOfUltrasoundRegions=[region((0, 0, 319, 239), 0.05)], FrameTime=40),
        tmp_path / "cine.dcm",
    )
    return tmp_path


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_every_frame_of_a_cine_is_segmented_as_if_alone(folder: Path) -> None:
    hd = pytest.importorskip("highdicom", reason="highdicom is of the extra dicom")
    done = uniultra(
        "segment", "cine.dcm", "--frames", "all", "--box", BOX, "--point", "20,20", "--out", "out", cwd=folder
    )
    assert (done.returncode, done.stderr) == (0, f"uniultra: {OWN_STUDY}\n")
    assert names(folder / "out") == [
        f"cine.frames.{ending}" for ending in (*ALWAYS, "overlay.mp4", "seg.dcm")
    ]
    pages = dict(read_label_pages(folder / "out" / "cine.frames.masks.tif"))
    assert list(pages) == [0, 1, 2, 3, 4]
    areas = [int((ids == 1).sum()) for ids in pages.values()]
    assert areas[2] < min(areas[0], areas[4])  # the masks follow the ellipse

    report = json.loads((folder / "out" / "cine.frames.json").read_text())
    assert [frame["frame"] for frame in report["frames"]] == [0, 1, 2, 3, 4]
    assert [frame["time_s"] for frame in report["frames"]] == pytest.approx([0, 0.04, 0.08, 0.12, 0.16])
    assert report["tracked"] is False
    with (folder / "out" / "cine.frames.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [(row["frame"], row["id"]) for row in rows] == [(str(f), str(i)) for f in range(5) for i in (1, 2)]
    assert float(rows[2]["time_s"]) == 0.04
    for row in rows:
        item = report["frames"][int(row["frame"])]["objects"][int(row["id"]) - 1]
        assert int(row["area_px"]) == item["area_px"]
        if row["unit"] == "mm":
            assert float(row["area"]) == pytest.approx(item["area_px"] * 0.25)

    seg = hd.seg.segread(folder / "out" / "cine.frames.seg.dcm")
    source = pydicom.dcmread(folder / "cine.dcm")
    found = seg.get_pixels_by_source_frame(source.SOPInstanceUID, [1, 2, 3, 4, 5])
    assert found.shape == (5, 240, 320, 2)
    assert [int(plane.sum()) for plane in found[..., 0]] == [
        frame["objects"][0]["area_px"] for frame in report["frames"]
    ]
    movie = open_cine(folder / "out" / "cine.frames.overlay.mp4")
    assert (movie.count, movie.frame_hw, movie.rate_hz) == (5, (480, 640), pytest.approx(25))

    alone = uniultra(
        "segment", "cine.dcm", "--frame", 2, "--box", BOX, "--point", "20,20", "--json", cwd=folder
    )
    assert json.loads(alone.stdout)["objects"] == report["frames"][2]["objects"]


def test_chosen_frames_of_a_video(tmp_path: Path) -> None:
    write_movie(tmp_path / "clip.mp4", (np.repeat(frame[..., None], 3, axis=2) for frame in beating()), 10)
    done = uniultra(
        "segment",
        "clip.mp4",
        "--frames",
        "4,0-3:2",
        "--box",
        BOX,
        "--spacing",
        "0.5",
        "--out",
        "out",
        cwd=tmp_path,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert re.search(r"1: area [\d.]+ mm2 \(frame 2\) to [\d.]+ mm2 \(frame [04]\); quality", done.stdout), (
        done.stdout
    )
    assert names(tmp_path / "out") == [f"clip.frames.{ending}" for ending in (*ALWAYS, "overlay.mp4")]
    assert [number for number, _ in read_label_pages(tmp_path / "out" / "clip.frames.masks.tif")] == [0, 2, 4]
    movie = open_cine(tmp_path / "out" / "clip.frames.overlay.mp4")
    assert (movie.count, movie.rate_hz) == (3, pytest.approx(5))  # every other frame, in the time it took
    capture = cv2.VideoCapture(str(tmp_path / "out" / "clip.frames.overlay.mp4"))
    there, picture = capture.read()
    capture.release()
    assert there
    assert picture[60:160, 100:240].std(axis=2).max() > 20  # coloured where the mask is


def test_json_alone_prints_a_line_a_frame_and_writes_nothing(folder: Path) -> None:
    done = uniultra("segment", "cine.dcm", "--frames", "1-2", "--box", BOX, "--json", cwd=folder)
    assert (done.returncode, done.stderr) == (0, "")
    reports = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(report["frame"], report["time_s"]) for report in reports] == [(1, 0.04), (2, 0.08)]
    assert names(folder) == ["cine.dcm"]


def test_write_chooses_and_results_are_kept_unless_forced(folder: Path) -> None:
    call = ["segment", "cine.dcm", "--frames", "0,1", "--box", BOX, "--write", "none", "--out", "out"]
    assert uniultra(*call, cwd=folder).returncode == 0
    assert names(folder / "out") == [f"cine.frames.{ending}" for ending in ALWAYS]
    (folder / "out" / "cine.frames.csv").write_text("mine")
    again = uniultra(*call, cwd=folder)
    assert (again.returncode, "exists; pass --force to overwrite" in again.stderr) == (2, True)
    assert (folder / "out" / "cine.frames.csv").read_text() == "mine"
    assert uniultra(*call, "--force", cwd=folder).returncode == 0
    assert (folder / "out" / "cine.frames.csv").read_text().startswith("image,frame,time_s,id,")


def save_broken(path: Path, broken: tuple[int, ...]) -> None:
    """A cine as JPEG, with the data of some frames cut off."""
    encoded = [jpeg(frame) for frame in beating()]
    for number in broken:
        encoded[number] = encoded[number][:200] + b"\0" * (len(encoded[number]) - 200)
    save(encapsulated(dataset(beating()), JPEGBaseline8Bit, encoded), path)


def test_an_unreadable_frame_is_reported_and_the_others_are_written(folder: Path) -> None:
    save_broken(folder / "broken.dcm", (3,))
    call = ["segment", "broken.dcm", "--frames", "all", "--box", BOX]
    done = uniultra(*call, "--write", "none", "--out", "out", cwd=folder)
    assert done.returncode == 2
    [line] = done.stderr.strip().splitlines()
    assert line.startswith("uniultra: frame 3 is left out: broken.dcm: ")
    assert "frames 0 to 4 of 0 to 4" in done.stdout
    report = json.loads((folder / "out" / "broken.frames.json").read_text())
    assert [(entry["frame"], "error" in entry, len(entry["objects"])) for entry in report["frames"]] == [
        (0, False, 1),
        (1, False, 1),
        (2, False, 1),
        (3, True, 0),
        (4, False, 1),
    ]
    assert (report["frames_segmented"], report["frames_unreadable"]) == (4, [3])
    assert report["frames"][3]["error"] in line
    masks = folder / "out" / "broken.frames.masks.tif"
    assert [number for number, _ in read_label_pages(masks)] == [0, 1, 2, 4]
    measured = uniultra("measure", masks, "--json", cwd=folder)  # which takes the JSON's scale
    assert [item["frame"] for item in json.loads(measured.stdout)["objects"]] == [0, 1, 2, 4]

    printed = uniultra(*call, "--json", cwd=folder)
    assert printed.returncode == 2
    lines = [json.loads(line) for line in printed.stdout.splitlines()]
    assert [(one["image"], one["frame"], "error" in one) for one in lines][2:4] == [
        ("broken.dcm", 2, False),
        ("broken.dcm", 3, True),
    ]


def test_ctrl_c_ends_the_threads_and_leaves_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Within this process: the signal comes while the look-ahead threads are at work on later frames."""

    def interrupted(_: Summary, result: FrameResult) -> None:
        if result.number == 1:
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(Summary, "add", interrupted)
    monkeypatch.setattr("uniultra.cli.frames._workers", lambda _: 2)
    done = uniultra("segment", "cine.dcm", "--frames", "all", "--box", BOX, "--out", "out", cwd=folder)
    assert done.returncode == 130
    assert "cine.dcm: interrupted; nothing of it was written" in done.stderr
    assert not (folder / "out").exists()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("uniultra-ahead")]


def test_a_file_of_unreadable_frames_alone_fails_and_leaves_nothing(folder: Path) -> None:
    save_broken(folder / "broken.dcm", (2, 3))
    call = ["segment", "broken.dcm", "cine.dcm", "--frames", "2-3", "--box", BOX]
    done = uniultra(*call, "--write", "none", "--out", "out", cwd=folder)
    assert (done.returncode, "frame 2" in done.stderr) == (2, True)
    assert names(folder / "out") == [f"cine.frames.{ending}" for ending in ALWAYS]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (
            ["cine.dcm", "--frames", "3-9"],
            "cine.dcm: there is no frame 9; legal are 0 to 4; give --frames within them",
        ),
        (
            ["cine.dcm", "--frames", "all", "--frame", "1"],
            "--frame 1 and --frames 'all' are two ways to choose; give one of them",
        ),
        (["still.png", "--frames", "all"], "still.png: a still image, of 1 frame; leave out --frames"),
        (
            ["cine.dcm", "--frames", "some"],
            "--frames 'some' is not understood at 'some'; give all, A-B, A-B:STEP, or numbers",
        ),
        (
            ["cine.dcm", "--frames", "3-1"],
            "--frames '3-1': '3-1' is not a range; give A-B or A-B:STEP with A up to B and STEP from 1",
        ),
        (
            ["cine.dcm", "--frames", "all", "--write", "coco"],
            "--write coco is for one frame, named with --frame; with --frames give seg, sr, sc, csv",
        ),
        (
            ["cine.dcm", "--frame", "0", "--write", "movie"],
            "--write movie is for several frames; choose them with --frames",
        ),
        (["still.png", "--frames", "0", "--write", "seg"], "still.png: DICOM results need a DICOM image"),
        (
            ["cine.dcm", "--frames", "0-1", "--box", "400,400,500,500"],
            "box 400,400,500,500 has less than a pixel on the image",
        ),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(folder: Path, arguments: list[str], says: str) -> None:
    Image.fromarray(beating()[0]).save(folder / "still.png")
    done = uniultra("segment", *arguments, "--box", BOX, "--out", "out", cwd=folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.strip().splitlines()) == 1
    assert says in done.stderr
    assert names(folder) == ["cine.dcm", "still.png"]


def test_measure_takes_the_label_of_a_cine(folder: Path) -> None:
    with LabelFile(folder / "cine.frames.masks.tif") as file:
        for number, radius in ((1, 50), (2, 40), (3, 0)):
            file.add(
                number,
                ellipse((240, 320), (170, 110), (radius, 30)).astype(np.uint8)
                if radius
                else np.zeros((240, 320), np.uint8),
            )
    call = ["measure", "cine.frames.masks.tif", "--image", "cine.dcm"]
    done = uniultra(*call, "--json", "--csv", "out.csv", cwd=folder)
    assert done.returncode == 0, done.stderr
    objects = json.loads(done.stdout)["objects"]
    assert [(item["frame"], item["id"]) for item in objects] == [(1, 1), (2, 1)]
    assert objects[0]["area"]["value"] == pytest.approx(np.pi * 25 * 15, rel=0.01)
    with (folder / "out.csv").open() as table:
        assert {row["frame"] for row in csv.DictReader(table)} == {"1", "2"}

    fraction = uniultra(*call, "--volume", "ef", "--json", cwd=folder)
    assert fraction.returncode == 0, fraction.stderr
    report = json.loads(fraction.stdout)
    assert (report["end_diastolic"]["frame"], report["end_systolic"]["frame"]) == (1, 2)
    assert report["ejection_fraction"]["value"] == pytest.approx(
        20, abs=1
    )  # axis 5/4 as long, the other equal: 1 - 4/5
    assert (
        report["ejection_fraction"]["notes"][1] == "left out, as the structure isn't on them: 1 of 3 frames"
    )
    reported = uniultra(*call, "--volume", "ef", cwd=folder)
    assert "single-plane Simpson, 20 discs, frame 1)" in reported.stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["a.tif", "--frame", "1"], "a.tif: names its frames itself; leave out --frame 1"),
        (
            ["a.tif", "--volume", "ef", "--spacing", "1"],
            "a.tif: frames with the structure: 1; --volume ef needs 2 or more",
        ),
        (["a.tif", "--volume", "ef"], "a.tif: frames with the structure: 1; --volume ef needs 2 or more"),
        (
            ["one.png", "--volume", "simpson"],
            "one.png: a volume needs millimetres, but no calibration is known; give --image or --spacing",
        ),
        (
            ["one.png", "one.png", "one.png", "one.png", "--volume", "ef"],
            "one.png: a volume needs millimetres, but no calibration is known; give --image or --spacing",
        ),
        (["a.tif", "--id", "2"], "a.tif: no structure 2 on any frame"),
        (
            ["one.png", "--volume", "ef", "--spacing", "1"],
            "one.png: one mask; --volume ef takes 2 or 4, or a label of a cine",
        ),
    ],
)
def test_what_measure_refuses_of_a_cine(tmp_path: Path, arguments: list[str], says: str) -> None:
    ids = ellipse((60, 80), (40, 30), (20, 10)).astype(np.uint8)
    Image.fromarray(ids).save(tmp_path / "one.png")
    with LabelFile(tmp_path / "a.tif") as file:
        file.add(5, ids)
    done = uniultra("measure", *arguments, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.strip().splitlines()) == 1
    assert says in done.stderr


class Stub:
    """In place of the model, whose memory is not the question."""

    name, version, backend = "stub", "0", None
    facts = ModelFacts("stub", "0", 256)

    def segment(self, frame: Frame, prompts: list[Prompt]) -> list[Mask]:
        logits = np.where(TRUE, 1.0, -1.0).astype(np.float32)
        return [Mask(TRUE, logits, 0.5) for _ in prompts]


TRUE = ellipse((240, 320), (170, 110), (60, 40))


def peak(path: Path, out: Path) -> int:
    plan = OutputPlan(out, None, ("movie",), False, False)
    typed = Typed(boxes=((105, 65, 235, 155),))
    job = SegmentJob(plan, Stub(), None, None, PromptSource(typed), False)  # type: ignore[arg-type]
    tracemalloc.start()
    try:
        segment_frames(job, input_file(path))
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_no_pixels_are_kept(tmp_path: Path) -> None:
    for count in (4, 8, 64):
        save(dataset(np.repeat(beating()[:1], count, axis=0)), tmp_path / f"{count}.dcm")
    peak(tmp_path / "4.dcm", tmp_path / "warm")  # what is imported and made once
    short, long = (peak(tmp_path / f"{count}.dcm", tmp_path / "out") for count in (8, 64))
    assert long - short < 56 * 240 * 320 / 8, (short, long)


@pytest.mark.shared
def test_a_real_cine(shared: Path, tmp_path: Path) -> None:
    path = shared / "dicom" / "examples_ybr_color.dcm"
    done = uniultra(
        "segment", path, "--frames", "0-29:7", "--box", "130,60,200,170", "--out", "out", cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    report = json.loads((tmp_path / "out" / "examples_ybr_color.frames.json").read_text())
    assert [frame["frame"] for frame in report["frames"]] == [0, 7, 14, 21, 28]
    assert [frame["time_s"] for frame in report["frames"]] == pytest.approx(
        [i * 7 / 30 for i in range(5)], abs=1e-3
    )
    masks = dict(read_label_pages(tmp_path / "out" / "examples_ybr_color.frames.masks.tif"))
    for frame in report["frames"]:
        [item] = frame["objects"]
        assert item["area_px"] == (masks[frame["frame"]] == 1).sum()
        assert item["measures"]["scale"]["source"] == "region 1"
        assert 4000 < item["area_px"] < 8500  # contracted on frame 21, where the box is too large


def test_names_without_a_code_are_told_where_dicom_is_written_alone(folder: Path) -> None:
    """For codes are DICOM's; from a file of prompts, too, and once for all files."""
    (folder / "in").mkdir()
    Image.fromarray(beating()[0]).save(folder / "in" / "still.png")
    (folder / "p.json").write_text(
        json.dumps([{"box": list(map(int, BOX.split(","))), "label": "fluid band"}])
    )
    typed, note = ("--box", BOX, "--label", "fluid band"), "'fluid band' has no code of its own"
    one, none = ("--frame", 1), ("--write", "none")
    for call, times in {
        ("segment", "cine.dcm", *one, *typed): 1,
        ("segment", "cine.dcm", *one, "--prompts", "p.json"): 1,
        ("segment", "cine.dcm", *one, *typed, *none): 0,
        ("segment", "cine.dcm", *one, *typed, "--json"): 0,
        ("segment", "in/still.png", *typed): 0,
        ("track", "cine.dcm", *typed): 1,
        ("track", "cine.dcm", *typed, *none): 0,
        ("batch", "in", "out", "--grid", 1, "--frame", "first", "--label", "fluid band", "--dry-run"): 0,
        ("batch", "in", "out", "--grid", 1, "--label", "fluid band", "--write", "seg", "--dry-run"): 1,
    }.items():
        to = () if call[0] == "batch" or "--json" in call else ("--force", "--out", "o")
        done = uniultra(*call, *to, cwd=folder)
        assert done.returncode == 0, done.stderr
        assert done.stderr.count(note) == times, call
