"""An Enhanced US Volume, built as the standard has it (dicom3tools' dciodvfy finds no error in it): planes
with millimetres, the right way up, and results that refer to them.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pydicom
import pytest
from typer.testing import CliRunner

from dicoms import save
from enhanced_us import enhanced_us, item
from phantoms import ellipse, speckled
from uniultra.cli.main import app
from uniultra.io.cines import open_cine

HW, PLANES = (96, 128), 5
MARK = 6
BOX = "33,25,95,71"
SPACING = (0.4, 0.3)


def volume(times: int = 1) -> np.ndarray:
    """Planes of an ellipsoid, with a white mark in the first rows and columns of plane 0 at time 0."""
    inside = [
        [ellipse(HW, (64, 48), (30 - 2 * abs(plane - 2), 22 - time)) for plane in range(PLANES)]
        for time in range(times)
    ]
    found = np.stack([[speckled(mask, seed).pixels_hw for seed, mask in enumerate(row)] for row in inside])
    found = np.minimum(found, 250)
    found[:, :, :MARK, :MARK] = 0
    found[0, 0, :MARK, :MARK] = 255
    return found


def test_planes_lie_as_they_are_stored_and_have_millimetres(tmp_path: Path) -> None:
    path = save(enhanced_us(volume(), SPACING), tmp_path / "a.dcm")
    cine = open_cine(path)
    assert (cine.count, cine.frame_hw, cine.times_s) == (PLANES, HW, None)
    assert cine.notes == ("its frames are planes of a volume, side by side in space, not moments",)
    for number in range(PLANES):
        frame = cine.read(number)
        np.testing.assert_array_equal(frame.pixels_hw, volume()[0, number])
        assert frame.spacing_mm_yx == SPACING
    rows, columns = np.nonzero(cine.read(0).pixels_hw == 255)
    assert rows.max() < MARK
    assert columns.max() < MARK  # the mark is at the top left


@pytest.mark.parametrize("keyword", ["CineRate", "RecommendedDisplayFrameRate"])
def test_the_rate_of_a_display_is_no_time_of_planes(tmp_path: Path, keyword: str) -> None:
    made = enhanced_us(volume(), SPACING)
    setattr(made, keyword, 20)
    assert open_cine(save(made, tmp_path / "a.dcm")).times_s is None


def test_a_volume_that_moves_isnt_a_cine_of_one_plane(tmp_path: Path) -> None:
    cine = open_cine(save(enhanced_us(volume(3), SPACING), tmp_path / "a.dcm"))
    assert (cine.count, cine.times_s) == (3 * PLANES, None)
    assert cine.notes == ("its frames are 5 planes at 3 times, not moments of one plane",)
    np.testing.assert_array_equal(cine.read(PLANES).pixels_hw, volume(3)[1, 0])


def test_a_sweep_of_the_probe_has_times(tmp_path: Path) -> None:
    """Each frame at its own place and time."""
    made = enhanced_us(volume(), SPACING)
    for number, group in enumerate(made.PerFrameFunctionalGroupsSequence):
        group.TemporalPositionSequence[0].TemporalPositionTimeOffset = 0.1 * number
    made.DimensionOrganizationType = "3D_TEMPORAL"
    assert open_cine(save(made, tmp_path / "a.dcm")).times_s == pytest.approx((0, 0.1, 0.2, 0.3, 0.4))


@pytest.mark.parametrize("times", [1, 2])
def test_flow_among_the_planes_is_said(tmp_path: Path, times: int) -> None:
    """PS3.3 C.8.24.3.3: one file may hold tissue and flow velocity of each plane, frame by frame."""
    made = enhanced_us(volume(times), SPACING)
    del made.SharedFunctionalGroupsSequence[0].ImageDataTypeSequence
    for number, group in enumerate(made.PerFrameFunctionalGroupsSequence):
        group.ImageDataTypeSequence = [item(DataType=("TISSUE_INTENSITY", "FLOW_VELOCITY")[number % 5 == 3])]
    path = save(made, tmp_path / "a.dcm")
    note = f"TISSUE_INTENSITY in {4 * times} (0, ...), FLOW_VELOCITY in {times} (3, ...)"
    assert open_cine(path).notes[1:] == (f"its frames hold different data: {note}",)
    done = CliRunner().invoke(app, ["info", str(path)])
    assert note in done.output


def test_segment_of_a_plane_and_of_all(tmp_path: Path) -> None:
    pytest.importorskip("highdicom", reason="highdicom is of the extra dicom")
    path = save(enhanced_us(volume(), SPACING), tmp_path / "a.dcm")
    out = tmp_path / "out"
    given = ["segment", str(path), "--box", BOX, "--label", "liver", "--out", str(out)]
    done = CliRunner().invoke(app, [*given, "--frame", "2"])
    assert done.exit_code == 0, done.output
    assert "mm2" in done.stdout
    one = pydicom.dcmread(out / "a.frame2.seg.dcm")
    source = one.PerFrameFunctionalGroupsSequence[0].DerivationImageSequence[0].SourceImageSequence[0]
    assert (source.ReferencedFrameNumber, source.ReferencedSOPClassUID) == (3, "1.2.840.10008.5.1.4.1.1.6.2")
    done = CliRunner().invoke(app, [*given, "--frames", "all", "--write", "seg,csv"])
    assert done.exit_code == 0, done.output
    assert "planes of a volume" in done.stdout
    found = pydicom.dcmread(out / "a.frames.seg.dcm")
    assert found.NumberOfFrames == PLANES
    names = [dimension.DimensionDescriptionLabel for dimension in found.DimensionIndexSequence]
    assert names == ["Segment Number", "In-Stack Position Number"]
    with open(out / "a.frames.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [(row["unit"], row["time_s"]) for row in rows] == [("mm", "")] * PLANES
    truth = [ellipse(HW, (64, 48), (30 - 2 * abs(plane - 2), 22)).sum() * 0.12 for plane in range(PLANES)]
    assert [float(row["area"]) for row in rows] == pytest.approx(truth, rel=0.08)
