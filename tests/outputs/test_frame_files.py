"""The files of one frame: all of what was planned, or none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from archives import BOX, TRUE, save_phantom
from uniultra.errors import OutputError
from uniultra.io.images import read_frame
from uniultra.io.input_file import input_file
from uniultra.model_facts import ModelFacts
from uniultra.outputs.frame_files import write_frame_files
from uniultra.outputs.plan import OutputPlan
from uniultra.results import FrameResult, frame_result
from uniultra.types import Mask, Prompt

ENDINGS = ("mask.png", "overlay.png", "csv", "coco.json", "json")


@pytest.fixture
def image(tmp_path: Path) -> Path:
    return save_phantom(tmp_path / "scan.png")


def result_of(image: Path) -> FrameResult:
    mask = Mask(TRUE, np.where(TRUE, 4.0, -4.0).astype(np.float32), 0.9)
    return frame_result(read_frame(image), [Prompt(BOX)], [mask], ModelFacts("model", "1", 256))


def write(image: Path, out: Path, force: bool = False) -> None:
    plan = OutputPlan(out, None, ("csv", "coco"), keep_patient=False, force=force)
    write_frame_files(plan, input_file(image), result_of(image))


@pytest.mark.parametrize("ending", ENDINGS)
def test_one_that_is_in_the_way_stops_all(image: Path, tmp_path: Path, ending: str) -> None:
    """Nobody has looked since the call began: this is the last look."""
    out = tmp_path / "out"
    out.mkdir()
    (out / f"scan.{ending}").write_text("mine")
    with pytest.raises(OutputError, match=rf"scan.{ending} exists; pass --force"):
        write(image, out)
    assert [path.name for path in out.iterdir()] == [f"scan.{ending}"]
    write(image, out, force=True)
    assert sorted(path.name for path in out.iterdir()) == sorted(f"scan.{ending}" for ending in ENDINGS)


@pytest.mark.parametrize("force", [False, True])
def test_what_fails_at_the_last_leaves_none(
    image: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, force: bool
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    out = tmp_path / "out"
    if force:
        write(image, out)
        for path in out.iterdir():
            path.write_text("earlier")
    monkeypatch.setattr("uniultra.outputs.frame_files.frame_json", full)
    with pytest.raises(OutputError, match=r"out: can't be written \(No space left on device\)"):
        write(image, out, force)
    assert out.exists() == force
    assert not force or {path.read_text() for path in out.iterdir()} == {"earlier"}
