"""Results that an archive gives back under other names are no images to segment."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from commands import uniultra
from dicoms import dataset, picture, save
from uniultra.io.images import find_images

KINDS = ("seg", "sc", "sr")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A scan and its results."""
    pytest.importorskip("highdicom", reason="highdicom is of the extra dicom")
    folder = tmp_path_factory.mktemp("made")
    save(dataset(picture(1)), folder / "scan.dcm")
    given = ("--box", "5,5,25,18", "--write", ",".join(KINDS), "--out", folder)
    done = uniultra("segment", "scan.dcm", *given, cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.parametrize("name", ["1.2.3.{}", "{}.dcm", "USm{}"])
def test_seg_sr_and_our_capture_are_left_out_of_a_folder(made: Path, tmp_path: Path, name: str) -> None:
    """As dcmtk's storescp and getscu, and archives, name what they write."""
    for number, ending in enumerate(("dcm", *(f"{kind}.dcm" for kind in KINDS))):
        shutil.copy(made / f"scan.{ending}", tmp_path / name.format(number))
    assert find_images([tmp_path]) == [tmp_path / name.format(0)]
    one = tmp_path / name.format(1)
    assert find_images([one]) == [one]  # where it is named, it is taken, and refused for what it is


def test_a_capture_of_another_maker_is_an_image(made: Path, tmp_path: Path) -> None:
    ours = (made / "scan.sc.dcm").read_bytes()
    assert b"UniUltra" in ours
    other = tmp_path / "1.2.3.1"
    other.write_bytes(ours.replace(b"UniUltra", b"Grabbers"))
    assert find_images([tmp_path]) == [other]
