"""The files of one frame: all of what was planned, or none."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pydicom
import pytest

from archives import BOX, SHAPE, TRUE, save_phantom
from dicoms import PHI, dataset, region, save
from phantoms import speckled
from uniultra.errors import OutputError, PromptError
from uniultra.io.images import read_frame
from uniultra.io.input_file import InputFile, input_file
from uniultra.model_facts import ModelFacts
from uniultra.outputs.archive_files import write_extras
from uniultra.outputs.frame_files import write_frame_files
from uniultra.outputs.plan import OutputPlan, chosen_extras
from uniultra.results import FrameResult, frame_result
from uniultra.types import Frame, Mask, Prompt

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


def found(frame: Frame, masks: int = 1) -> FrameResult:
    mask = Mask(TRUE, np.where(TRUE, 4.0, -4.0).astype(np.float32), 0.9)
    return frame_result(frame, [Prompt(BOX)] * masks, [mask] * masks, ModelFacts("model", "1", 256))


def test_extras_of_a_picture_and_of_a_dicom(tmp_path: Path) -> None:
    pytest.importorskip("highdicom", reason="needs highdicom: pip install 'uniultra[dicom]'")
    kinds = chosen_extras(["overlay,json", "seg", "csv"])
    assert kinds == ("overlay", "json", "seg", "csv")
    picture = save_phantom(tmp_path / "scan.png")
    save(
        dataset(speckled(TRUE).pixels_hw[None], SequenceOfUltrasoundRegions=[region((0, 0, 127, 95))]),
        tmp_path / "still.dcm",
    )
    for name, file, seg in (("a", picture, False), ("b", tmp_path / "still.dcm", True)):
        made = write_extras(kinds, False, tmp_path / name, input_file(file), found(read_frame(file)))
        assert list(made) == ["overlay.png", "json", *(["seg.dcm"] if seg else []), "csv"]
        assert all(path.is_file() for path in made.values())


@pytest.mark.parametrize("keep", [False, True])
def test_the_patient_is_kept_where_that_was_asked_for(tmp_path: Path, keep: bool) -> None:
    pytest.importorskip("highdicom", reason="needs highdicom: pip install 'uniultra[dicom]'")
    data = dataset(speckled(TRUE).pixels_hw[None], SequenceOfUltrasoundRegions=[region((0, 0, 127, 95))])
    file = save(data, tmp_path / "still.dcm")
    extras = write_extras(("seg", "sr"), keep, tmp_path / "a", input_file(file), found(read_frame(file)))
    for path in extras.values():
        made = pydicom.dcmread(path)
        assert (made.PatientID, made.PatientName) == (("ID-4711", PHI) if keep else ("", ""))
        assert (made.StudyInstanceUID == data.StudyInstanceUID) == keep


def test_extras_of_a_frame_without_objects(tmp_path: Path) -> None:
    blank = found(Frame(np.zeros(SHAPE, np.uint8)), masks=0)
    made = write_extras(("overlay", "json", "csv"), False, tmp_path, InputFile(tmp_path / "scan.png"), blank)
    assert list(made) == ["overlay.png", "json"]
    assert json.loads(made["json"].read_text())["objects"] == []


def test_a_report_of_a_frame_whose_masks_are_empty_is_left_out(tmp_path: Path) -> None:
    """Of one image among many; it alone fails where it is all that was requested (`segment`)."""
    pytest.importorskip("highdicom", reason="needs highdicom: pip install 'uniultra[dicom]'")
    data = dataset(speckled(TRUE).pixels_hw[None], SequenceOfUltrasoundRegions=[region((0, 0, 127, 95))])
    source = input_file(save(data, tmp_path / "still.dcm"))
    nothing = Mask(np.zeros(SHAPE, bool), np.full(SHAPE, -4.0, np.float32), 0.1)
    empty = frame_result(read_frame(source.path), [Prompt(BOX)], [nothing], ModelFacts("model", "1", 256))
    assert list(write_extras(("seg", "sr"), False, tmp_path / "a", source, empty)) == ["seg.dcm"]
    assert write_extras(("sr",), False, tmp_path / "b", source, empty) == {}


def test_extras_that_exclude_each_other_are_refused() -> None:
    with pytest.raises(PromptError, match="--write seg and fractional are one file"):
        chosen_extras(["seg", "fractional"])
