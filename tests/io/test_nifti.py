"""NIfTI: images and cines in, labels out and in again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from uniultra.errors import FileError, OutputError
from uniultra.io.cines import open_cine
from uniultra.io.images import read_frame
from uniultra.io.nifti import NO_WAY_UP, read_labels, write_labels

nibabel = pytest.importorskip("nibabel", reason="nibabel is of the extra nifti")
GREY = np.random.default_rng(0).integers(0, 256, (24, 36), dtype=np.uint8)


def save(
    path: Path,
    values_xy: np.ndarray,
    zooms: tuple[float, ...] = (0.3, 0.2),
    units: tuple[str, str] = ("mm", "sec"),
) -> Path:
    image = nibabel.Nifti1Image(values_xy, np.eye(4))
    image.header.set_zooms((*zooms, *([1.0] * (values_xy.ndim - len(zooms)))))
    image.header.set_xyzt_units(*units)
    nibabel.save(image, path)
    return path


@pytest.mark.parametrize("ending", ["nii", "nii.gz"])
def test_a_picture(tmp_path: Path, ending: str) -> None:
    frame = read_frame(save(tmp_path / f"a.{ending}", GREY.T))
    np.testing.assert_array_equal(frame.pixels_hw, GREY)
    assert frame.spacing_mm_yx == pytest.approx((0.2, 0.3))
    assert frame.calibration.at((1, 1, 5, 5)).source == "pixdim"


def test_a_cine_with_times_and_wide_values(tmp_path: Path) -> None:
    values = np.stack([GREY.T.astype(np.int16) * 4 - 100, GREY.T.astype(np.int16) * 2], axis=2)[:, :, None]
    cine = open_cine(save(tmp_path / "a.nii", values, (0.3, 0.2, 1, 40), ("mm", "msec")))
    assert (cine.count, cine.times_s) == (2, pytest.approx((0, 0.04)))
    np.testing.assert_array_equal(
        cine.read(0).pixels_hw, np.rint((GREY - float(GREY.min())) / np.ptp(GREY) * 255)
    )


@pytest.mark.parametrize(("qform", "sform"), [(0, 0), (1, 0), (0, 1)])
def test_a_file_that_does_not_say_which_way_up_it_lies_has_a_note(
    tmp_path: Path, qform: int, sform: int
) -> None:
    path = save(tmp_path / "a.nii", GREY.T[:, :, None], (0.3, 0.2, 1))
    plain = path.read_bytes()
    path.write_bytes(plain[:252] + np.array([qform, sform], "<i2").tobytes() + plain[256:])  # nifti1.h
    cine = open_cine(path)
    np.testing.assert_array_equal(cine.read(0).pixels_hw, GREY)
    assert (NO_WAY_UP in cine.notes) == (qform == sform == 0)


def test_units(tmp_path: Path) -> None:
    assert read_frame(
        save(tmp_path / "a.nii", GREY.T, (300, 200), ("micron", "sec"))
    ).spacing_mm_yx == pytest.approx((0.2, 0.3))
    assert read_frame(save(tmp_path / "b.nii", GREY.T, (1, 1), ("unknown", "unknown"))).spacing_mm_yx is None


def test_a_size_without_a_unit_is_named_and_not_used(tmp_path: Path) -> None:
    says = "pixdim is 0.3 x 0.2 without a unit (xyzt_units): not used; if it is millimetres, give it with"
    ids = np.pad(np.ones((20, 10), np.uint8), 8)
    _, known = read_labels(save(tmp_path / "a.nii", ids, units=("unknown", "unknown")))
    _, ones = read_labels(save(tmp_path / "b.nii", ids, (1, 1), ("unknown", "unknown")))
    _, stated = read_labels(save(tmp_path / "c.nii", ids))
    assert [len(one.notes) for one in (known, ones, stated)] == [1, 0, 0]
    assert known.notes[0].startswith(says)
    assert known.whole_mm_yx is None
    assert known.at(None).notes == known.notes


@pytest.mark.parametrize("spacing", [(0.2, 0.3), None])
@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
def test_labels_come_back(tmp_path: Path, name: str, spacing: tuple[float, float] | None) -> None:
    ids = np.random.default_rng(1).integers(0, 4, (24, 36), dtype=np.uint8)
    write_labels(tmp_path / name, ids, spacing)
    found, known = read_labels(tmp_path / name)
    np.testing.assert_array_equal(found, ids)
    assert known.whole_mm_yx == (None if spacing is None else pytest.approx(spacing))
    image = nibabel.load(tmp_path / name)
    assert image.header.get_intent()[0] == "label"
    with pytest.raises(OutputError, match=r"exists; pass --force"):
        write_labels(tmp_path / name, ids, spacing)


def test_what_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"axes of 10 x 10 x 3 x 3"):
        open_cine(save(tmp_path / "a.nii", np.zeros((10, 10, 3, 3), np.uint8)))
    with pytest.raises(FileError, match=r"frame 0 holds values that are NaN"):
        open_cine(save(tmp_path / "b.nii", np.full((10, 10), np.nan, np.float32)))
    with pytest.raises(FileError, match=r"labels are whole numbers from 0 to 255"):
        read_labels(save(tmp_path / "c.nii", np.full((10, 10), 0.5, np.float32)))
    with pytest.raises(FileError, match=r"3 frames of labels; legal is 1"):
        read_labels(save(tmp_path / "d.nii", np.zeros((10, 10, 3), np.uint8)))
    (tmp_path / "e.nii.gz").write_bytes(b"\x1f\x8b" + bytes(50))
    with pytest.raises(FileError, match=r"not a NIfTI file, or damaged"):
        open_cine(tmp_path / "e.nii.gz")
    whole = save(tmp_path / "f.nii", GREY.T).read_bytes()
    (tmp_path / "f.nii").write_bytes(whole[:-300])
    with pytest.raises(FileError, match=r"frame 0 is truncated or damaged"):
        open_cine(tmp_path / "f.nii")


def test_without_nibabel_one_line_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = save(tmp_path / "a.nii", GREY.T)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(
        FileError, match=r"NIfTI needs nibabel; install with: pip install 'uniultra\[nifti\]'"
    ):
        read_frame(path)
    with pytest.raises(OutputError, match=r"NIfTI needs nibabel"):
        write_labels(tmp_path / "b.nii", GREY, None)
