"""Headers that stopped `uniultra segment`, or made it write what isn't so: by the command, each with its
right value and source.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest

from commands import uniultra
from dicoms import dataset, save
from phantoms import ellipse, speckled

BOX = "12,12,52,52"
TRUE = ellipse((64, 64), (32, 32), (18, 14))
RETIRED = "1.2.840.10008.5.1.4.1.1.6"
"""Ultrasound Image Storage (Retired), PS3.6 annex A."""
NAME = "Yamada^Tarou=山田^太郎=やまだ^たろう"
"""The example of PS3.5 H.3.1."""


def segment(folder: Path, *more: str, name: str = "a.dcm") -> subprocess.CompletedProcess[str]:
    done = uniultra("segment", name, "--box", BOX, "--out", "out", *more, cwd=folder)
    assert done.returncode == 0, done.stderr
    return done


def write(folder: Path, frames: int = 1, raw: dict[str, str] | None = None, **more: Any) -> None:
    data = dataset(np.stack([speckled(TRUE, seed).pixels_hw for seed in range(frames)]), **more)
    for keyword, value in (raw or {}).items():
        setattr(data, keyword, "")
        data[keyword]._value = value
    save(data, folder / "a.dcm")


def made(folder: Path, kind: str) -> pydicom.FileDataset:
    [path] = (folder / "out").glob(f"*.{kind}.dcm")
    return pydicom.dcmread(path)


def japanese(folder: Path) -> None:
    write(folder, SpecificCharacterSet=["", "ISO 2022 IR 87"], PatientName=NAME)
    assert segment(folder, "--keep-patient", "--write", "seg,sr").stderr == ""
    assert [str(made(folder, kind).PatientName) for kind in ("seg", "sr")] == [NAME, NAME]


def old_dates(folder: Path) -> None:
    write(folder, raw={"StudyDate": "1997.04.24", "StudyTime": "14:04:38", "PatientBirthDate": "unknown"})
    done = segment(folder, "--keep-patient", "--write", "seg,sr")
    assert done.stderr == (
        "uniultra: a.dcm: its PatientBirthDate is not a legal value and is left empty in what is "
        "derived from "
        "it\n"
    )
    for kind in ("seg", "sr"):  # PS3.5 table 6.2-1, DA and TM
        assert (made(folder, kind).StudyDate, made(folder, kind).StudyTime) == ("19970424", "140438")
        assert made(folder, kind).PatientBirthDate == ""


def retired(folder: Path) -> None:
    write(folder, SOPClassUID=RETIRED)
    done = segment(folder, "--write", "sr")
    assert (
        "DICOM results carry no patient identity, so they form a study of their own; --keep-patient "
        "files them" in done.stderr
    )
    references = {
        element.value
        for element in made(folder, "sr").iterall()
        if element.keyword == "ReferencedSOPClassUID"
    }
    assert references == {RETIRED}


def lossy(folder: Path) -> None:
    write(
        folder,
        2,
        LossyImageCompression="01",
        LossyImageCompressionRatio="10",
        LossyImageCompressionMethod="ISO_10918_1",
    )
    segment(folder, "--frames", "all", "--write", "seg")
    assert made(folder, "seg").LossyImageCompression == "01"  # PS3.3 C.8.20.2.2


def one_group(folder: Path) -> None:
    write(folder, 3, FrameTime=40)
    segment(folder, "--frame", "1", "--write", "seg")
    shared = made(folder, "seg").SharedFunctionalGroupsSequence[0]
    [frame] = made(folder, "seg").PerFrameFunctionalGroupsSequence
    assert not {element.tag for element in shared} & {element.tag for element in frame}  # PS3.3 C.7.6.16.1.1


def aspect(folder: Path) -> None:
    write(folder, PixelAspectRatio=[2, 1])  # PS3.3 C.7.6.3.1.7: height, then width
    for more in ([], ["--spacing", "0.5"]):
        report = json.loads(segment(folder, "--write", "none", "--json", "--force", *more).stdout)
        [note] = report["objects"][0]["measures"]["scale"]["notes"]
        assert "pixels are 2 high to 1 wide" in note


@pytest.mark.parametrize("case", [japanese, old_dates, retired, lossy, one_group, aspect])
def test_by_the_command(tmp_path: Path, case: Callable[[Path], None]) -> None:
    pytest.importorskip("highdicom", reason="highdicom is of the extra dicom")
    case(tmp_path)
