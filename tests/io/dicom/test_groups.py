"""Functional groups, the pointer to frame times, and pixels that are not square."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset, FileDataset

from dicoms import dataset, picture, region, save
from uniultra.io.dicom.cine import open_dicom
from uniultra.io.dicom.groups import is_stack
from uniultra.io.dicom.header import read_header

ENHANCED = "1.2.840.10008.5.1.4.1.1.6.2"
FRAME_TIME, VECTOR, SLICES = 0x00181063, 0x00181065, 0x00540080


def item(**values: Any) -> Dataset:
    made = Dataset()
    for keyword, value in values.items():
        setattr(made, keyword, value)
    return made


def measures(down: float, right: float) -> Dataset:
    return item(PixelMeasuresSequence=[item(PixelSpacing=[down, right], SliceThickness=1)])


def enhanced(shared: Dataset, frames: list[Dataset], **more: Any) -> FileDataset:
    groups = {"SharedFunctionalGroupsSequence": [shared], "PerFrameFunctionalGroupsSequence": frames}
    return dataset(picture(len(frames)), SOPClassUID=ENHANCED, **groups, **more)


def at(seconds: float) -> Dataset:
    return item(TemporalPositionSequence=[item(TemporalPositionTimeOffset=seconds)])


def test_sizes_and_times_of_groups_are_used(tmp_path: Path) -> None:
    cine = open_dicom(
        save(enhanced(measures(0.4, 0.25), [at(1 + 0.05 * i) for i in range(4)]), tmp_path / "a.dcm")
    )
    assert cine.calibration.whole_mm_yx == (0.4, 0.25)
    assert cine.times_s == pytest.approx((0, 0.05, 0.1, 0.15))


def test_sizes_that_each_frame_states_are_used_where_they_agree(tmp_path: Path) -> None:
    same = open_dicom(save(enhanced(item(), [measures(0.4, 0.2)] * 3), tmp_path / "a.dcm"))
    assert same.calibration.whole_mm_yx == (0.4, 0.2)
    other = open_dicom(save(enhanced(item(), [measures(0.4, 0.2), measures(0.5, 0.2)]), tmp_path / "b.dcm"))
    assert other.calibration.whole_mm_yx is None
    assert other.calibration.notes == ("PixelSpacing differs from frame to frame and is not used",)


def test_times_by_the_moment_of_each_frame(tmp_path: Path) -> None:
    moments = [f"20200101235959.{part}" for part in ("900000", "950000")] + ["20200102000000.050000"]
    frames = [item(FrameContentSequence=[item(FrameAcquisitionDateTime=moment)]) for moment in moments]
    assert open_dicom(save(enhanced(item(), frames), tmp_path / "a.dcm")).times_s == pytest.approx(
        (0, 0.05, 0.15)
    )


def test_the_window_of_a_group_is_applied(tmp_path: Path) -> None:
    window = item(FrameVOILUTSequence=[item(WindowCenter=100, WindowWidth=80, VOILUTFunction="LINEAR_EXACT")])
    path = save(enhanced(window, [item(), item()]), tmp_path / "a.dcm")
    expected = np.rint(255 * np.clip((picture(2)[1] - 100.0) / 80 + 0.5, 0, 1))  # PS3.3 C.11.2.1.3.2
    np.testing.assert_array_equal(open_dicom(path).read(1).pixels_hw, expected)


def test_the_rescaling_of_a_group_comes_before_its_window(tmp_path: Path) -> None:
    groups = item(
        FrameVOILUTSequence=[item(WindowCenter=150, WindowWidth=200, VOILUTFunction="LINEAR_EXACT")],
        PixelValueTransformationSequence=[item(RescaleSlope=2, RescaleIntercept=-50, RescaleType="US")],
    )
    path = save(enhanced(groups, [item(), item()]), tmp_path / "a.dcm")
    expected = np.rint(255 * np.clip((2.0 * picture(2)[0] - 50 - 150) / 200 + 0.5, 0, 1))
    np.testing.assert_array_equal(open_dicom(path).read(0).pixels_hw, expected)


def test_what_the_top_says_goes_before_the_groups(tmp_path: Path) -> None:
    cine = open_dicom(
        save(enhanced(measures(0.4, 0.4), [item(), item()], PixelSpacing=[0.3, 0.3]), tmp_path / "a.dcm")
    )
    assert cine.calibration.whole_mm_yx == (0.3, 0.3)


def test_planes_of_a_volume_are_no_moments(tmp_path: Path) -> None:
    places = [item(PlanePositionVolumeSequence=[item(ImagePositionVolume=[0, 0, 0.5 * i])]) for i in range(3)]
    path = save(enhanced(measures(0.4, 0.4), places), tmp_path / "a.dcm")
    cine = open_dicom(path)
    assert (cine.times_s, cine.rate_hz) == (None, None)
    assert cine.notes == ("its frames are planes of a volume, side by side in space, not moments",)
    assert is_stack(read_header(path).dataset)
    flag = save(enhanced(item(), [item(), item()], DimensionOrganizationType="3D"), tmp_path / "b.dcm")
    assert is_stack(read_header(flag).dataset)
    moving = save(enhanced(item(), [at(0), at(0.1)]), tmp_path / "c.dcm")
    assert not is_stack(read_header(moving).dataset)


@pytest.mark.parametrize(
    ("pointer", "rate"),
    [
        (FRAME_TIME, 25),
        (VECTOR, 100),
        (None, 100),
        (SLICES, 100),
        ([VECTOR, SLICES], 100),
        ([FRAME_TIME, SLICES], 25),
    ],
)
def test_the_pointer_chooses_the_times(tmp_path: Path, pointer: int | list[int] | None, rate: float) -> None:
    more = {} if pointer is None else {"FrameIncrementPointer": pointer}
    data = dataset(picture(5), FrameTime=40, FrameTimeVector=[0, 10, 10, 10, 10], **more)
    cine = open_dicom(save(data, tmp_path / "a.dcm"))
    assert cine.rate_hz == pytest.approx(rate)
    assert bool(cine.notes) == (rate == 25)


def test_a_pointer_to_what_is_not_there_leaves_the_best_that_is(tmp_path: Path) -> None:
    data = dataset(picture(3), FrameTimeVector=[0, 20, 20], FrameIncrementPointer=FRAME_TIME)
    assert open_dicom(save(data, tmp_path / "a.dcm")).rate_hz == pytest.approx(50)
    data = dataset(picture(3), CineRate=30, FrameIncrementPointer=FRAME_TIME)
    assert open_dicom(save(data, tmp_path / "b.dcm")).rate_hz == pytest.approx(30)


def notes(path: Path, **more: Any) -> tuple[str, ...]:
    return open_dicom(save(dataset(picture(), **more), path)).calibration.notes


def test_pixels_that_are_not_square_are_told(tmp_path: Path) -> None:
    [note] = notes(tmp_path / "a.dcm", PixelAspectRatio=[2, 1])
    assert note.startswith(
        "PixelAspectRatio says that pixels are 2 high to 1 wide: along a slant, a length in pixels means "
        "nothing"
    )
    assert notes(tmp_path / "b.dcm", PixelAspectRatio=[3, 3]) == ()


def test_the_aspect_is_only_told_beside_a_spacing_that_contradicts_it(tmp_path: Path) -> None:
    assert notes(tmp_path / "a.dcm", PixelAspectRatio=[2, 1], PixelSpacing=[0.6, 0.3]) == ()
    [note] = notes(tmp_path / "b.dcm", PixelAspectRatio=[4, 3], PixelSpacing=[0.3, 0.3])
    assert (
        note == "PixelAspectRatio says that pixels are 4 high to 3 wide, which the spacing in use contradicts"
    )
    box = region((0, 0, 35, 23), (0.05, 0.1))
    assert notes(tmp_path / "c.dcm", PixelAspectRatio=[2, 1], SequenceOfUltrasoundRegions=[box]) == ()


@pytest.mark.parametrize("signed", [True, False])
@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
@pytest.mark.parametrize("limit", [None, 100])
def test_padding_takes_no_part_in_contrast_and_is_black(
    tmp_path: Path, signed: bool, photometric: str, limit: int | None
) -> None:
    plain = (picture(1, dtype="u2") >> 5).astype(np.int32)
    padding = -32768 if signed else 65535
    stored = plain.copy()
    stored[:, :, :9] = padding
    more: dict[str, Any] = {"PixelPaddingValue": padding}
    if limit is not None:
        stored[:, :, 4:9] += limit if signed else -limit
        more["PixelPaddingRangeLimit"] = padding + limit if signed else padding - limit
    dtype = np.int16 if signed else np.uint16
    whole, padded = plain.astype(dtype), stored.astype(dtype)
    whole[:, :, :9] = whole[:, :, 9:10]
    a = open_dicom(save(dataset(whole, photometric), tmp_path / "a.dcm")).read(0).pixels_hw
    b = open_dicom(save(dataset(padded, photometric, **more), tmp_path / "b.dcm")).read(0).pixels_hw
    np.testing.assert_array_equal(a[:, 9:], b[:, 9:])
    assert not b[:, :9].any()
    assert b[:, 9:].min() == 0
    assert b[:, 9:].max() == 255


def test_a_frame_of_padding_alone_is_black(tmp_path: Path) -> None:
    data = dataset(np.full((1, 24, 36), -5, np.int16), PixelPaddingValue=-5)
    assert not open_dicom(save(data, tmp_path / "a.dcm")).read(0).pixels_hw.any()
