"""A cine's DICOM results in an archive: one of each kind, however many frames, and none that fails for one
frame.
"""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pydicom
import pytest
from PIL import Image

from dicoms import PHI, dataset, region, save
from phantoms import ellipse, speckled
from uniultra.automatic import GridSettings
from uniultra.backends.open import model_sha256
from uniultra.batch.job import Item, Job, plain_track
from uniultra.batch.process_item import do
from uniultra.outputs.archive_files import gather_extras, write_extras
from uniultra.segmenter import Segmenter
from uniultra.types import Prompt

hd = pytest.importorskip("highdicom", reason="needs highdicom: pip install 'uniultra[dicom]'")

SHAPE, COUNT = (96, 128), 4
BOX = (43.0, 25.0, 85.0, 71.0)
"""Around the structure of the first frames."""
EMPTY = COUNT - 1
"""The frame that shows one even grey."""


@pytest.fixture(scope="module")
def segmenter() -> Segmenter:
    return Segmenter.load(threads=1)


@pytest.fixture(scope="module")
def cine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    frames = [speckled(ellipse(SHAPE, (64, 48), (20 + n, 22)), 1).pixels_hw for n in range(COUNT - 1)]
    frames.append(np.full(SHAPE, 90, np.uint8))
    data = dataset(
        np.stack(frames), SequenceOfUltrasoundRegions=[region((0, 0, 127, 95), 0.05)], FrameTime=40
    )
    return save(data, tmp_path_factory.mktemp("in") / "cine.dcm")


@pytest.fixture
def job(tmp_path: Path, segmenter: Segmenter) -> Job:
    return writing(
        Job(str(tmp_path / "out"), "uniultra-mini", model_sha256("uniultra-mini", segmenter.facts), "run"),
        "seg",
        "sr",
        "sc",
    )


def writing(job: Job, *kinds: str) -> Job:
    return dataclasses.replace(
        job,
        kinds=kinds,
        extras=partial(write_extras, kinds, False),
        gather=partial(gather_extras, kinds, False),
    )


def made(job: Job) -> list[str]:
    return sorted(name for name in os.listdir(job.out) if not name.endswith(".mask.png") and name[0] != ".")


def tracked(cine: Path, box: tuple[float, float, float, float] = BOX) -> Item:
    return Item("cine.dcm", str(cine), "all", track=plain_track({0: {1: Prompt(box)}}))


def prompted(cine: Path) -> Item:
    return Item("cine.dcm", str(cine), "all", ((BOX, (), ()),))


@pytest.mark.parametrize("asking", [tracked, prompted])
def test_a_cine_has_one_object_of_each_kind(
    asking: Callable[[Path], Item], cine: Path, job: Job, segmenter: Segmenter
) -> None:
    """The last frame has no mask: a report of that frame alone failed the whole clip."""
    assert do(asking(cine), job, segmenter).reason == ""
    assert made(job) == [f"cine.dcm.{kind}.dcm" for kind in ("sc", "seg", "sr")]
    folder = Path(job.out)
    masks = [np.asarray(Image.open(folder / f"cine.dcm.frame{n}.mask.png")) > 0 for n in range(COUNT)]
    assert [bool(mask.any()) for mask in masks[:-1]] == [True] * EMPTY
    assert asking is prompted or not masks[EMPTY].any()
    seg = hd.seg.segread(folder / "cine.dcm.seg.dcm")
    frames = [
        int(one.DerivationImageSequence[0].SourceImageSequence[0].ReferencedFrameNumber) - 1
        for one in seg.PerFrameFunctionalGroupsSequence
    ]
    planes = seg.pixel_array.reshape(-1, *SHAPE)
    assert frames == [0, 1, 2, 3]
    assert all(np.array_equal(plane, masks[n]) for n, plane in zip(frames, planes, strict=True))
    report = pydicom.dcmread(folder / "cine.dcm.sr.dcm")
    assert PHI not in str(report)
    areas = [int(np.count_nonzero(mask)) for mask in masks]
    referenced = {int(n) for n in re.findall(r"Referenced Frame Number +IS: .?(\d+)", str(report))}
    assert referenced == {areas.index(max(areas)) + 1, areas.index(min(filter(None, areas))) + 1}
    assert pydicom.dcmread(folder / "cine.dcm.sc.dcm").NumberOfFrames == COUNT
    assert do(asking(cine), dataclasses.replace(job, run="later"), segmenter).status == "skipped"


def test_what_a_grid_finds_on_each_frame_stays_by_frame(cine: Path, job: Job, segmenter: Segmenter) -> None:
    """Frame by frame it may be other structures, so no object can hold them all."""
    grid = dataclasses.replace(writing(job, "seg"), grid=GridSettings(4, 0.2))
    item = Item("cine.dcm", str(cine), "all")
    assert do(item, grid, segmenter).reason == ""
    found = made(job)
    assert found
    assert all(name.startswith("cine.dcm.frame") for name in found)


def test_kinds_of_one_frame_stay_by_frame(cine: Path, job: Job, segmenter: Segmenter) -> None:
    assert do(tracked(cine), writing(job, "json", "fractional", "sr"), segmenter).reason == ""
    names = {f"cine.dcm.frame{n}.{ending}" for n in range(COUNT) for ending in ("json", "seg.dcm")}
    assert set(made(job)) == names | {"cine.dcm.sr.dcm"}


def test_a_report_of_nothing_is_left_out(tmp_path: Path, job: Job, segmenter: Segmenter) -> None:
    """The masks and the rest are there."""
    grey = save(dataset(np.full((2, *SHAPE), 90, np.uint8), FrameTime=40), tmp_path / "cine.dcm")
    nowhere = tracked(grey)
    assert do(nowhere, writing(job, "sr", "sc"), segmenter).reason == ""
    assert "cine.dcm.sc.dcm" in made(job)
    assert "cine.dcm.sr.dcm" not in made(job)
