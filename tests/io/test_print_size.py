"""Millimetres that are those of a print are told."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from uniultra.io.cines import open_cine
from uniultra.io.print_size import print_size_notes
from uniultra.pixel_scale import UNKNOWN, Calibration


def of(down: float, right: float) -> Calibration:
    return UNKNOWN.with_fallback("pixdim", (down, right))


@pytest.mark.parametrize("dots", [72, 96, 300])
def test_dots_per_inch_are_told(dots: int) -> None:
    [note] = print_size_notes("pixdim", of(25.4 / dots, 25.4 / dots))
    assert f"{dots} dots per inch" in note


def test_others_are_not() -> None:
    assert print_size_notes("pixdim", UNKNOWN) == ()
    assert print_size_notes("pixdim", of(0.35, 0.35)) == ()
    assert print_size_notes("pixdim", of(25.4 / 72, 0.2)) == ()
    assert "nobody knew" in print_size_notes("pixdim", of(1.0, 1.0))[0]


def test_a_nifti_made_of_a_jpeg(tmp_path: Path) -> None:
    nibabel = pytest.importorskip("nibabel")
    image = nibabel.Nifti1Image(np.zeros((30, 20), np.uint8), np.diag([25.4 / 72, 25.4 / 72, 1, 1]))
    image.header.set_xyzt_units("mm")
    nibabel.save(image, tmp_path / "a.nii")
    assert any("72 dots per inch" in note for note in open_cine(tmp_path / "a.nii").notes)
