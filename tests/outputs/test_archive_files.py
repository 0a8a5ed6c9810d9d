"""What `batch --write` makes of one frame beside its mask."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pydicom
import pytest

from archives import BOX, SHAPE, TRUE, save_phantom
from dicoms import PHI, dataset, region, save
from phantoms import speckled
from uniultra.errors import PromptError
from uniultra.io.images import read_frame
from uniultra.io.input_file import InputFile, input_file
from uniultra.model_facts import ModelFacts
from uniultra.outputs.archive_files import WriteExtras
from uniultra.outputs.plan import chosen_extras
from uniultra.results import FrameResult, frame_result
from uniultra.types import Frame, Mask, Prompt


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
        made = WriteExtras(kinds)(tmp_path / name, input_file(file), found(read_frame(file)))
        assert list(made) == ["overlay.png", "json", *(["seg.dcm"] if seg else []), "csv"]
        assert all(path.is_file() for path in made.values())


@pytest.mark.parametrize("keep", [False, True])
def test_the_patient_is_kept_where_that_was_asked_for(tmp_path: Path, keep: bool) -> None:
    pytest.importorskip("highdicom", reason="needs highdicom: pip install 'uniultra[dicom]'")
    data = dataset(speckled(TRUE).pixels_hw[None], SequenceOfUltrasoundRegions=[region((0, 0, 127, 95))])
    file = save(data, tmp_path / "still.dcm")
    for path in WriteExtras(("seg", "sr"), keep)(
        tmp_path / "a", input_file(file), found(read_frame(file))
    ).values():
        made = pydicom.dcmread(path)
        assert (made.PatientID, made.PatientName) == (("ID-4711", PHI) if keep else ("", ""))
        assert (made.StudyInstanceUID == data.StudyInstanceUID) == keep


def test_extras_of_a_frame_without_objects(tmp_path: Path) -> None:
    made = WriteExtras(("overlay", "json", "csv"))(
        tmp_path, InputFile(tmp_path / "scan.png"), found(Frame(np.zeros(SHAPE, np.uint8)), masks=0)
    )
    assert list(made) == ["overlay.png", "json"]
    assert json.loads(made["json"].read_text())["objects"] == []


def test_extras_that_exclude_each_other_are_refused() -> None:
    with pytest.raises(PromptError, match="--write seg and fractional are one file"):
        chosen_extras(["seg", "fractional"])
