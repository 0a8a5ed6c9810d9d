"""Each input file is opened at most twice, by every command: to see what it is, and to read it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from commands import uniultra
from dicoms import dataset, picture, region, save
from phantoms import ellipse, speckled
from uniultra.batch.job import Item, Job
from uniultra.batch.process_item import do
from uniultra.io.video import open_gif, open_video
from uniultra.segmenter import Segmenter
from uniultra.web import cine_desk, worker, worker_prompts
from uniultra.web.messages import CineFile, FileOptions, Read
from videos import save_video

WATCHED: dict[str, int] = {}
"""How often each path was opened; a hook can't be taken away again."""


def _hook(event: str, values: tuple[Any, ...]) -> None:
    if event == "open" and isinstance(values[0], str | bytes | os.PathLike) and WATCHED:
        path = os.path.abspath(os.fsdecode(values[0]))
        if path in WATCHED:
            WATCHED[path] += 1


sys.addaudithook(_hook)


@pytest.fixture
def opens(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], Callable[[], int]]:
    """Watches a path; what is returned says how often it was opened since."""

    def watch(path: Path) -> Callable[[], int]:
        monkeypatch.setitem(WATCHED, str(path), 0)
        return lambda: WATCHED[str(path)]

    return watch


def frames() -> list[np.ndarray]:
    return [speckled(ellipse((96, 128), (64, 48), (30 + i, 20))).pixels_hw for i in range(4)]


def write_dicom(path: Path) -> None:
    box = (0, 0, 35, 23)
    save(dataset(picture(3), SequenceOfUltrasoundRegions=[region(box)], FrameTime=40), path)


def write_nifti(path: Path) -> None:
    nibabel = pytest.importorskip("nibabel", reason="nibabel is of the extra nifti")
    nibabel.save(nibabel.Nifti1Image(np.stack(frames(), -1), np.eye(4)), path)


def write_metaimage(path: Path) -> None:
    head = "NDims = 3\nDimSize = 128 96 4\nElementType = MET_UCHAR\nElementDataFile = LOCAL\n"
    path.write_bytes(f"ObjectType = Image\n{head}".encode() + np.stack(frames()).tobytes())


def write_animation(path: Path) -> None:
    first, *rest = map(Image.fromarray, frames())
    first.save(path, save_all=True, append_images=rest, duration=50)


WRITERS: dict[str, Callable[[Path], Any]] = {
    "a.png": lambda path: Image.fromarray(frames()[0]).save(path),
    "a.tif": lambda path: Image.fromarray(frames()[0]).save(path),
    "a.dcm": write_dicom,
    "a.gif": write_animation,
    "a.mp4": lambda path: save_video(path, frames(), codec="mpeg4"),
    "a.avi": lambda path: save_video(path, frames(), codec="mjpeg"),
    "a.nii": write_nifti,
    "a.mha": write_metaimage,
    "a.nii.gz": write_nifti,
}
ONE = ("--frame", "1")
ALL = ("--frames", "all")


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("a.png", ()),
        ("a.tif", ()),
        ("a.dcm", ("--write", "seg,csv", *ONE, "--keep-patient")),
        ("a.dcm", (*ALL, "--write", "seg,csv,movie")),
        *((name, which) for name in ("a.gif", "a.mp4", "a.avi", "a.nii.gz") for which in (ONE, ALL)),
        ("a.nii", ONE),
        ("a.mha", ONE),
    ],
)
def test_segment_opens_an_input_twice(
    tmp_path: Path, opens: Callable[[Path], Callable[[], int]], name: str, options: tuple[str, ...]
) -> None:
    WRITERS[name](tmp_path / name)
    count = opens(tmp_path / name)
    done = uniultra("segment", name, "--box", "5,5,30,20", *options, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert 1 <= count() <= 2


@pytest.mark.parametrize("name", ["a.dcm", "a.gif", "a.mp4"])
def test_track_does_too(tmp_path: Path, opens: Callable[[Path], Callable[[], int]], name: str) -> None:
    WRITERS[name](tmp_path / name)
    count = opens(tmp_path / name)
    done = uniultra("track", name, "--frame", "0", "--box", "5,5,30,20", "--out", "t", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert 1 <= count() <= 2


@pytest.mark.parametrize("name", ["a.png", "a.dcm", "a.mp4"])
def test_batch_opens_it_once_more_for_its_hash(
    tmp_path: Path, opens: Callable[[Path], Callable[[], int]], name: str
) -> None:
    WRITERS[name](tmp_path / name)
    job = Job(str(tmp_path / "out"), "uniultra-mini", "0" * 64, "run1")
    item = Item(name, str(tmp_path / name), prompts=(((5, 5, 30, 20), (), ()),), frame="first")
    count = opens(tmp_path / name)
    outcome = do(item, job, Segmenter.load(threads=1))
    assert outcome.status == "done", outcome.reason
    assert 2 <= count() <= 3, "the hash says whether it is done already"


@pytest.mark.parametrize("name", ["a.png", "a.dcm", "a.gif", "a.mp4"])
def test_an_upload_is_opened_twice(
    tmp_path: Path,
    opens: Callable[[Path], Callable[[], int]],
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    WRITERS[name](tmp_path / name)
    data = (tmp_path / name).read_bytes()
    monkeypatch.setattr(worker_prompts, "as_path", lambda _: nullcontext(str(tmp_path / name)))
    count = opens(tmp_path / name)
    frame = None if name == "a.png" else 1
    upload = worker.read_upload(Read(data, 10**6, 10**6, FileOptions(frame=frame)))
    assert upload.frame.width > 0
    assert (upload.origin is not None) == (name == "a.dcm")
    assert 1 <= count() <= 2
    before = count()
    cine = cine_desk._opened(CineFile("1", data, None, 10**6, 10**6)).cine
    assert len(list(cine)) == cine.count
    assert 1 <= count() - before <= 2


@pytest.mark.parametrize(("name", "open_one"), [("a.mp4", open_video), ("a.gif", open_gif)])
def test_two_readers_of_a_cine_have_a_file_each(
    tmp_path: Path, opens: Callable[[Path], Callable[[], int]], name: str, open_one: Callable[[Path], Any]
) -> None:
    WRITERS[name](tmp_path / name)
    count = opens(tmp_path / name)
    cine = open_one(tmp_path / name)
    pairs = [(one.pixels_hw, other.pixels_hw) for one, other in zip(cine, cine, strict=True)]
    assert len(pairs) == 4
    assert all(np.array_equal(*pair) for pair in pairs)
    assert count() == 2, "one that is kept, and one for the reader who came meanwhile"
    assert np.array_equal(cine.read(2).pixels_hw, pairs[2][0])
    assert count() == 2
