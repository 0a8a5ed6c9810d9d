"""What SEG and SR take over from their source, and what isn't theirs to claim."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from pydicom.uid import JPEG2000, JPEGBaseline8Bit, JPEGExtended12Bit

from derived import BOTH, MAKER, MASK, Make, again, seg, sr
from dicoms import HEIGHT, WIDTH, dataset, encapsulated, jpeg, jpeg_2000, picture, save
from uniultra.errors import OutputError
from uniultra.io.dicom.cine import describe
from uniultra.io.dicom.header import read_header
from uniultra.io.dicom.seg import Segment, segmentation
from uniultra.io.dicom.source import read_source


@BOTH
@pytest.mark.parametrize(
    "kind",
    ["1.2.840.10008.5.1.4.1.1.6", "1.2.840.10008.5.1.4.1.1.3", "1.2.840.10008.5.1.4.1.1.6.2", "1.2.3.4"],
)
@pytest.mark.parametrize("frames", [1, 3])
def test_sources_of_any_class_are_referred_to_by_it(
    tmp_path: Path, make: Make, kind: str, frames: int
) -> None:
    path = save(dataset(picture(frames), SOPClassUID=kind), tmp_path / "a.dcm")
    made = again(make(read_source(path)))
    assert {element.value for element in made.iterall() if element.keyword == "ReferencedSOPClassUID"} == {
        kind
    }


@BOTH
@pytest.mark.parametrize("label", ["Schilddrüse", "左心室", "щитовидная", "a" * 64])
def test_labels_of_any_script_come_back(tmp_path: Path, make: Make, label: str) -> None:
    made = again(make(read_source(save(dataset(picture()), tmp_path / "a.dcm")), label))
    assert made.SpecificCharacterSet == "ISO_IR 192"
    assert label in {str(element.value) for element in made.iterall()}


@BOTH
@pytest.mark.parametrize("label", ["left\\right", "", "  ", "a\nb", "a\x00"])
def test_labels_that_would_be_read_as_something_else_are_refused(
    tmp_path: Path, make: Make, label: str
) -> None:
    source = read_source(save(dataset(picture()), tmp_path / "a.dcm"))
    with pytest.raises(
        OutputError, match="can't be written to DICOM; give 1 to 64 characters without a backslash"
    ):
        make(source, label)


LOSSY = {
    "LossyImageCompression": "01",
    "LossyImageCompressionRatio": [12.5, 3],
    "LossyImageCompressionMethod": ["ISO_10918_1", "ISO_15444_1"],
}


@pytest.mark.parametrize("frames", [1, 3])
def test_once_lossy_always_lossy(tmp_path: Path, frames: int) -> None:
    made = again(seg(read_source(save(dataset(picture(frames), **LOSSY), tmp_path / "a.dcm"))))
    assert {keyword: made[keyword].value for keyword in LOSSY} == LOSSY


@pytest.mark.parametrize("syntax", [JPEGBaseline8Bit, JPEGExtended12Bit, JPEG2000])
@pytest.mark.parametrize("flag", [{}, {"LossyImageCompression": "00"}])
def test_a_lossy_code_says_so_where_the_header_does_not(
    tmp_path: Path, syntax: str, flag: dict[str, str]
) -> None:
    rgb = picture(1, 3)
    stream = jpeg_2000(rgb[0], lossy=True) if syntax == JPEG2000 else jpeg(rgb[0])
    data = encapsulated(
        dataset(rgb, "YBR_ICT" if syntax == JPEG2000 else "YBR_FULL_422", **flag), syntax, [stream]
    )
    made = again(seg(read_source(save(data, tmp_path / "a.dcm"))))
    assert made.LossyImageCompression == "01"
    assert made.LossyImageCompressionMethod == ("ISO_15444_1" if syntax == JPEG2000 else "ISO_10918_1")
    assert float(made.LossyImageCompressionRatio) == pytest.approx(rgb.nbytes / len(stream), rel=0.02)


def test_what_never_was_lossy_does_not_claim_it(tmp_path: Path) -> None:
    made = again(seg(read_source(save(dataset(picture()), tmp_path / "a.dcm"))))
    assert made.get("LossyImageCompression", "00") == "00"


def masks(*places: tuple[int, int]) -> dict[int, np.ndarray]:
    """A band of columns of each frame."""
    planes = {}
    for number, (start, stop) in enumerate(places):
        planes[number] = np.zeros((HEIGHT, WIDTH), bool)
        planes[number][:, start:stop] = True
    return planes


@pytest.mark.parametrize(
    ("second", "says"),
    [(((10, 20), (5, 15)), "YES"), (((5, 15), (10, 20)), "YES"), (((10, 20), (10, 20)), "NO")],
)
def test_segments_overlap_where_they_do_on_any_frame(tmp_path: Path, second: Any, says: str) -> None:
    source = read_source(save(dataset(picture(2)), tmp_path / "a.dcm"))
    made = segmentation(source, [Segment("a", masks((0, 10), (0, 10))), Segment("b", masks(*second))], MAKER)
    assert made.SegmentsOverlap == says
    reals = [
        Segment(name, {i: plane.astype(np.float32) for i, plane in masks(*places).items()})
        for name, places in (("a", second), ("b", second))
    ]
    assert segmentation(source, reals, MAKER).SegmentsOverlap == "UNDEFINED"
    assert segmentation(source, reals[:1], MAKER).SegmentsOverlap == "NO"


@pytest.mark.parametrize("fractional", [False, True])
@pytest.mark.parametrize("numbers", [[1], [0, 1, 2]])
@pytest.mark.parametrize("count", [1, 2])
def test_no_functional_group_stands_in_both_places(
    tmp_path: Path, fractional: bool, numbers: list[int], count: int
) -> None:
    source = read_source(save(dataset(picture(3)), tmp_path / "a.dcm"))
    plane = MASK.astype(np.float32) if fractional else MASK
    made = segmentation(
        source, [Segment(f"s{i}", dict.fromkeys(numbers, plane)) for i in range(count)], MAKER
    )
    shared = {element.tag for element in made.SharedFunctionalGroupsSequence[0]}
    assert len(made.PerFrameFunctionalGroupsSequence) == count * len(numbers)
    for i, group in enumerate(made.PerFrameFunctionalGroupsSequence):
        assert not shared & {element.tag for element in group}
        assert group.SegmentIdentificationSequence[0].ReferencedSegmentNumber == 1 + i // len(numbers)


def test_planes_of_a_volume_are_numbered_by_place_not_by_time(tmp_path: Path) -> None:
    source = read_source(save(dataset(picture(3), DimensionOrganizationType="3D"), tmp_path / "a.dcm"))
    made = again(segmentation(source, [Segment("x", dict.fromkeys(range(3), MASK))], MAKER))
    contents = [group.FrameContentSequence[0] for group in made.PerFrameFunctionalGroupsSequence]
    assert [content.InStackPositionNumber for content in contents] == [1, 2, 3]
    assert not any("TemporalPositionIndex" in content for content in contents)
    assert made.DimensionIndexSequence[1].DimensionIndexPointer == 0x00209057


def test_attributes_that_may_be_empty_are_there(tmp_path: Path) -> None:
    made = again(seg(read_source(save(dataset(picture()), tmp_path / "a.dcm"))))
    for keyword in (
        "PatientOrientation",
        "ContentCreatorName",
    ):  # 2C in General Image, 2 in Content Identification
        assert keyword in made
        assert not made[keyword].value


@pytest.mark.parametrize("damaged", ["1.2.", "1.2.840.10008.5.1.4.1.1.", "1.02.3"])
def test_damaged_uids_are_not_warned_about(tmp_path: Path, damaged: str) -> None:
    with pydicom.config.disable_value_validation():
        data = dataset(picture(), StudyInstanceUID=damaged, SeriesInstanceUID=damaged, SOPClassUID=damaged)
        path = save(data, tmp_path / "a.dcm")
    assert describe(read_header(path))["object"] == damaged  # a warning is an error in tests
    for make in (seg, sr):
        make(read_source(path))


def test_what_highdicom_refuses_is_one_line(tmp_path: Path) -> None:
    source = read_source(save(dataset(picture()), tmp_path / "a.dcm"))
    source.PatientSex = "SECRET"
    with pytest.raises(
        OutputError, match=r"the SR can't be written .ValueError in highdicom.; leave out --keep-patient"
    ) as caught:
        sr(source)
    assert "SECRET" not in str(caught.value)
