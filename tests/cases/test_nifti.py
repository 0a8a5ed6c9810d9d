"""NIfTI: labels lie on their images, axis 3 is space and axis 4 time, labels that storage as float spread are
read.

After wasserth/TotalSegmentator#413, BrainLesion/AURORA#24, icometrix/dicom2nifti#6,
InsightSoftwareConsortium/ITK PR 4595. Right values: nifti1.h ("dimensions 1,2,3 are for space, dimension 4 is
for time"; qform, sform and pixdim say where a voxel lies). At 117ac18 labels had an axis-aligned affine at
0,0,0; slices 2.5 mm apart were frames 2.5 s apart; columns x rows x 1 x frames was refused.
"""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from uniultra.cli.main import app
from uniultra.data.importers.nifti import read_nifti
from uniultra.errors import FileError
from uniultra.io.cines import open_cine
from uniultra.io.nifti import SLICES, read_labels, write_labels

nibabel = pytest.importorskip("nibabel", reason="nibabel is of the extra nifti")
AFFINES = {
    "shifted": [[-0.2, 0, 0, 12], [0, -0.3, 0, -7], [0, 0, 1, 5], [0, 0, 0, 1]],
    "turned": [[0, -0.3, 0, 30], [0.2, 0, 0, -7], [0, 0, 1, 5], [0, 0, 0, 1]],
    "oblique": [[-0.16, 0.12, 0, 12], [0.18, 0.24, 0, -7], [0, 0, 2.5, 5], [0, 0, 0, 1]],
}


def scene(count: int) -> np.ndarray:
    """uint8 (60, 48, count), x first: a dark disc on speckle."""
    x, y = np.mgrid[:60, :48]
    inside = (x - 30) ** 2 + (y - 24) ** 2 < 12**2
    grey = np.where(inside, 40, 130) + np.random.default_rng(1).integers(-20, 20, (60, 48))
    return np.repeat(grey[..., None].astype(np.uint8), count, axis=2)


def save(
    path: Path,
    values: np.ndarray,
    affine: list[list[float]],
    codes: tuple[int, int] = (1, 1),
    two: bool = False,
) -> object:
    make = nibabel.Nifti2Image if two else nibabel.Nifti1Image
    image = make(values, np.array(affine, float))
    image.set_sform(np.array(affine), codes[0])
    image.set_qform(np.array(affine), codes[1])
    image.header.set_xyzt_units("mm", "sec")
    nibabel.save(image, path)
    return image


@pytest.mark.parametrize("which", AFFINES)
@pytest.mark.parametrize("ending", ["nii", "nii.gz"])
def test_a_label_lies_on_its_image(tmp_path: Path, which: str, ending: str) -> None:
    image = save(tmp_path / f"a.b.{ending}", scene(1)[..., 0], AFFINES[which])
    arguments = [
        "segment",
        str(tmp_path / f"a.b.{ending}"),
        "--box",
        "15,9,45,39",
        "--write",
        "nifti",
        "--out",
        str(tmp_path / "o"),
    ]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    assert sorted(made.name for made in (tmp_path / "o").iterdir()) == [
        "a.b.json",
        "a.b.mask.png",
        "a.b.nii.gz",
        "a.b.overlay.png",
    ]
    label = nibabel.load(tmp_path / "o" / "a.b.nii.gz")
    np.testing.assert_allclose(label.affine, image.affine, atol=1e-5)  # type: ignore[attr-defined]
    inside = np.asarray(label.dataobj)[..., 0]
    assert inside[30, 24]
    assert not inside[5, 5]


@pytest.mark.parametrize("codes", [(1, 0), (0, 1), (0, 0), (2, 1), (4, 0)])
@pytest.mark.parametrize("two", [False, True])
def test_every_field_of_its_place_is_the_images_own(
    tmp_path: Path, codes: tuple[int, int], two: bool
) -> None:
    """ITK, FSL and nibabel choose differently between qform, sform and pixdim: so all three are the same."""
    save(tmp_path / "a.nii.gz", scene(4), AFFINES["turned" if codes[1] else "oblique"], codes, two)
    write_labels(tmp_path / "l.nii.gz", np.ones((48, 60), np.uint8), (1.0, 1.0), like=tmp_path / "a.nii.gz")
    ours, theirs = (nibabel.load(tmp_path / name).header for name in ("l.nii.gz", "a.nii.gz"))
    assert (int(ours["sform_code"]), int(ours["qform_code"])) == codes
    assert ours.get_xyzt_units()[0] == "mm"
    for key in (
        "srow_x",
        "srow_y",
        "srow_z",
        "quatern_b",
        "quatern_c",
        "quatern_d",
        "qoffset_x",
        "qoffset_y",
        "qoffset_z",
    ):
        np.testing.assert_allclose(ours[key], theirs[key], atol=1e-6)
    np.testing.assert_allclose(ours["pixdim"][:4], theirs["pixdim"][:4])


def test_the_label_of_a_slice_lies_on_that_slice(tmp_path: Path) -> None:
    image = save(tmp_path / "a.nii.gz", scene(4), AFFINES["shifted"])
    arguments = [
        "segment",
        str(tmp_path / "a.nii.gz"),
        "--frame",
        "2",
        "--box",
        "15,9,45,39",
        "--write",
        "nifti",
    ]
    done = CliRunner().invoke(app, [*arguments, "--out", str(tmp_path / "o")])
    assert done.exit_code == 0, done.output
    label = nibabel.load(tmp_path / "o" / "a.frame2.nii.gz")
    for point in ((0, 0), (59, 47)):
        here = label.affine @ [*point, 0, 1]
        np.testing.assert_allclose(here, image.affine @ [*point, 2, 1], atol=1e-4)  # type: ignore[attr-defined]
        np.testing.assert_allclose(label.get_qform() @ [*point, 0, 1], here, atol=1e-4)


def test_axis_4_is_time_and_axis_3_space(tmp_path: Path) -> None:
    cine = nibabel.Nifti1Image(scene(6)[:, :, None, :], np.diag([-0.2, -0.3, 1, 1]))
    cine.header.set_zooms((0.2, 0.3, 1, 40))
    cine.header.set_xyzt_units("mm", "msec")
    nibabel.save(cine, tmp_path / "cine.nii.gz")
    found = open_cine(tmp_path / "cine.nii.gz")
    assert (found.count, found.times_s, found.notes) == (6, pytest.approx([0.04 * i for i in range(6)]), ())
    np.testing.assert_array_equal(found.read(5).pixels_hw, scene(6)[:, :, 5].T)
    volume = nibabel.Nifti1Image(scene(6), np.diag([-0.2, -0.3, 2.5, 1]))
    volume.header.set_xyzt_units("mm", "sec")
    nibabel.save(volume, tmp_path / "volume.nii.gz")
    slices = open_cine(tmp_path / "volume.nii.gz")
    assert (slices.count, slices.times_s, slices.rate_hz, slices.notes) == (6, None, None, (SLICES,))


@pytest.mark.parametrize("shape", [(20, 20, 3, 2), (20, 20, 1, 1, 3), (20, 20, 2, 1, 2)])
def test_axes_that_are_refused(tmp_path: Path, shape: tuple[int, ...]) -> None:
    nibabel.save(nibabel.Nifti1Image(np.zeros(shape, np.uint8), np.eye(4)), tmp_path / "a.nii")
    with pytest.raises(
        FileError,
        match=f"axes of {' x '.join(map(str, shape))}; legal are columns x rows, with slices as a third axis",
    ):
        open_cine(tmp_path / "a.nii")


@pytest.mark.parametrize("ids", [(0, 1, 3), (0, 1, 7), (0, 1, 2, 5, 11)])
def test_labels_that_float_storage_spread(tmp_path: Path, ids: tuple[int, ...]) -> None:
    """nibabel spreads float data over uint8: 1 is read as 1.00000002, or 0.988 beside 7."""
    labels = np.random.default_rng(0).choice(ids, (16, 12)).astype(float)
    labels.flat[: len(ids)] = ids
    image = nibabel.Nifti1Image(labels, np.eye(4))
    image.set_data_dtype(np.uint8)
    nibabel.save(image, tmp_path / "a.nii.gz")
    assert (np.asarray(nibabel.load(tmp_path / "a.nii.gz").dataobj) != labels).any()
    np.testing.assert_array_equal(read_labels(tmp_path / "a.nii.gz")[0], labels.T)
    np.testing.assert_array_equal(np.rint(read_nifti(tmp_path / "a.nii.gz").values_hw), labels.T)


@pytest.mark.parametrize("stored", [np.uint8, np.float32])
def test_soft_masks_are_no_labels(tmp_path: Path, stored: type) -> None:
    image = nibabel.Nifti1Image(np.linspace(0, 1, 16 * 12).reshape(16, 12), np.eye(4))
    image.set_data_dtype(stored)
    nibabel.save(image, tmp_path / "a.nii.gz")
    with pytest.raises(FileError, match=r"labels are whole numbers from 0 to 255"):
        read_labels(tmp_path / "a.nii.gz")


def test_a_slope_of_0_means_as_stored(tmp_path: Path) -> None:
    nibabel.save(nibabel.Nifti1Image(scene(1)[..., 0], np.eye(4)), tmp_path / "a.nii.gz")
    import gzip

    data = bytearray(gzip.decompress((tmp_path / "a.nii.gz").read_bytes()))
    struct.pack_into("<2f", data, 112, 0.0, 7.0)
    (tmp_path / "b.nii.gz").write_bytes(gzip.compress(bytes(data)))
    np.testing.assert_array_equal(read_nifti(tmp_path / "b.nii.gz").values_hw, scene(1)[..., 0].T)
