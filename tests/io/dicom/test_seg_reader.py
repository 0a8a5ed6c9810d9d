"""Segmentations in: our own, highdicom's, and what other producers make of the same."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import RLELossless, generate_uid

from dicoms import dataset, save
from uniultra.errors import FileError, PromptError
from uniultra.io.dicom.seg import Segment, segmentation
from uniultra.io.dicom.seg_reader import masks_of, read_seg
from uniultra.io.dicom.source import Maker, read_source, write_dataset
from uniultra.io.dicom.sr_reader import read_report
from uniultra.io.priors import read_prior

hd = pytest.importorskip("highdicom", reason="highdicom is of the extra dicom")
HW = (13, 11)
"""143 pixels: frames of single bits don't begin on bytes."""
MAKER = Maker("m", "1", "2")


def planes(seed: int, frames: tuple[int, ...]) -> dict[int, np.ndarray]:
    random = np.random.default_rng(seed)
    return {number: random.random(HW) > 0.6 for number in frames}


@pytest.fixture
def cine(tmp_path: Path) -> Path:
    return save(dataset(np.zeros((6, *HW), np.uint8)), tmp_path / "cine.dcm")


@pytest.fixture
def still(tmp_path: Path) -> Path:
    about = {"PatientSex": "", "StudyDate": "", "StudyTime": "", "AccessionNumber": "", "StudyID": ""}
    return save(
        dataset(np.zeros((1, *HW), np.uint8), ReferringPhysicianName="", **about), tmp_path / "still.dcm"
    )


ONE, TWO = planes(1, (1, 2, 5)), planes(2, (1, 2, 5))


def ours(cine: Path, fractional: bool = False) -> Dataset:
    kind = (lambda mask: mask.astype(np.float32)) if fractional else (lambda mask: mask)
    segments = [
        Segment(name, {number: kind(mask) for number, mask in frames.items()})
        for name, frames in (("liver", ONE), ("left kidney", TWO))
    ]
    return segmentation(read_source(cine), segments, MAKER)


def written(data: Dataset, path: Path) -> Path:
    write_dataset(path, data)
    return path


def same(path: Path, cine: Path) -> None:
    source = pydicom.dcmread(cine)
    seg = read_seg(path)
    assert list(seg.labels.values()) == ["liver", "left kidney"]
    found = dict(masks_of(seg, source.SOPInstanceUID, 6))
    assert list(found) == [1, 2, 5]
    for number, masks in found.items():
        np.testing.assert_array_equal(masks[1], ONE[number])
        np.testing.assert_array_equal(masks[2], TWO[number])


@pytest.mark.parametrize("fractional", [False, True])
def test_our_own_comes_back(cine: Path, tmp_path: Path, fractional: bool) -> None:
    same(written(ours(cine, fractional), tmp_path / "a.seg.dcm"), cine)


def test_frames_in_another_order(cine: Path, tmp_path: Path) -> None:
    data = ours(cine)
    order = [4, 1, 5, 0, 3, 2]
    pixels = data.pixel_array
    data.PerFrameFunctionalGroupsSequence = [data.PerFrameFunctionalGroupsSequence[i] for i in order]
    bits = np.packbits(pixels[order].ravel(), bitorder="little").tobytes()
    data.PixelData = bits + b"\0" * (len(bits) % 2)
    same(written(data, tmp_path / "a.seg.dcm"), cine)


@pytest.mark.parametrize("on_bytes", [False, True])
def test_frames_of_cornerstone_begin_on_bytes(tmp_path: Path, on_bytes: bool) -> None:
    """Against PS3.5 8.1.1: findings/cornerstone_seg_frames.sh. 12 x 11 pixels are 16.5 bytes."""
    source = read_source(save(dataset(np.zeros((6, 12, 11), np.uint8)), tmp_path / "cine.dcm"))
    masks = {number: np.random.default_rng(number).random((12, 11)) > 0.6 for number in range(6)}
    data = segmentation(source, [Segment("liver", masks)], MAKER)
    if on_bytes:
        bits = [np.packbits(masks[number].ravel(), bitorder="little").tobytes() for number in range(6)]
        data.PixelData = b"".join(bits)
    assert len(data.PixelData) == (102 if on_bytes else 100)
    for number, found in masks_of(read_seg(written(data, tmp_path / "a.seg.dcm")), None, 6):
        np.testing.assert_array_equal(found[1], masks[number])


def test_an_empty_frame_may_be_left_out(cine: Path, tmp_path: Path) -> None:
    data = ours(cine)
    keep = [0, 1, 2, 3, 4]  # the second segment is not on frame 5
    pixels = data.pixel_array
    data.PerFrameFunctionalGroupsSequence = [data.PerFrameFunctionalGroupsSequence[i] for i in keep]
    data.NumberOfFrames = len(keep)
    bits = np.packbits(pixels[keep].ravel(), bitorder="little").tobytes()
    data.PixelData = bits + b"\0" * (len(bits) % 2)
    found = dict(masks_of(read_seg(written(data, tmp_path / "a.seg.dcm"))))
    assert [list(masks) for masks in found.values()] == [[1, 2], [1, 2], [1]]


def test_a_group_that_all_frames_share_may_stand_in_the_shared_ones(cine: Path, tmp_path: Path) -> None:
    data = segmentation(read_source(cine), [Segment("liver", {3: ONE[1]})], MAKER)
    [own], [shared] = data.PerFrameFunctionalGroupsSequence, data.SharedFunctionalGroupsSequence
    for keyword in ("DerivationImageSequence", "SegmentIdentificationSequence"):
        if keyword in own:
            shared[keyword] = own[keyword]
            del own[keyword]
    [(number, masks)] = masks_of(read_seg(written(data, tmp_path / "a.seg.dcm")), None, 6)
    assert number == 3
    np.testing.assert_array_equal(masks[1], ONE[1])


def test_a_label_map_of_a_cine(cine: Path, tmp_path: Path) -> None:
    data = ours(cine)
    groups = data.PerFrameFunctionalGroupsSequence[:3]
    for group in groups:
        group.pop("SegmentIdentificationSequence", None)
    data.PerFrameFunctionalGroupsSequence, data.NumberOfFrames = groups, 3
    data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.66.7"
    data.SegmentationType, data.BitsAllocated, data.BitsStored, data.HighBit = "LABELMAP", 8, 8, 7
    ids = np.stack([np.where(TWO[number], 2, ONE[number]).astype(np.uint8) for number in (1, 2, 5)])
    data.PixelData = ids.tobytes() + b"\0" * (ids.size % 2)
    path = written(data, tmp_path / "map.dcm")
    found = dict(masks_of(read_seg(path)))
    for index, number in enumerate((1, 2, 5)):
        np.testing.assert_array_equal(found[number][1], ids[index] == 1)
        np.testing.assert_array_equal(found[number][2], TWO[number])
    packed = pydicom.dcmread(path)
    packed.compress(RLELossless, encoding_plugin="pydicom", generate_instance_uid=False)
    again = dict(masks_of(read_seg(save(packed, tmp_path / "rle.dcm"))))  # type: ignore[arg-type]
    assert all(np.array_equal(again[n][s], found[n][s]) for n in found for s in found[n])


@pytest.mark.parametrize("kind", ["BINARY", "FRACTIONAL", "LABELMAP"])
def test_highdicoms(still: Path, tmp_path: Path, kind: str) -> None:
    from pydicom.sr.codedict import codes

    ids = np.where(TWO[1], 2, ONE[1]).astype(np.uint8)[None]
    algorithm = hd.AlgorithmIdentificationSequence("a", codes.DCM.ArtificialIntelligence, "1")
    segments = [
        hd.seg.SegmentDescription(number, name, codes.SCT.Tissue, codes.SCT.Liver, "AUTOMATIC", algorithm)
        for number, name in ((1, "one"), (2, "two"))
    ]
    pixels = np.stack([ids == 1, ids == 2], -1).astype(np.float32) if kind == "FRACTIONAL" else ids
    source = pydicom.dcmread(still)
    made = hd.seg.Segmentation(
        *([source], pixels, kind, segments, hd.UID(), 1, hd.UID(), 1, "m", "mm", "1", "1")
    )
    path = tmp_path / "hd.dcm"
    made.save_as(path, enforce_file_format=True)
    prior = read_prior(path, HW, still)
    assert prior.names == ["one", "two"]
    np.testing.assert_array_equal(prior.masks[0], ids[0] == 1)
    np.testing.assert_array_equal(prior.masks[1], ids[0] == 2)


def test_what_doesnt_fit_is_refused(cine: Path, tmp_path: Path) -> None:
    path = written(ours(cine), tmp_path / "a.seg.dcm")
    other = save(dataset(np.zeros((6, *HW), np.uint8)), tmp_path / "other.dcm")
    with pytest.raises(PromptError, match="segmentation belongs to another image"):
        read_prior(path, HW, other, 1)
    with pytest.raises(PromptError, match="11 x 13 pixels but the frame is 20 x 30"):
        read_prior(path, (30, 20), cine, 1)
    with pytest.raises(PromptError, match=r"no mask on frame 3; there are masks on 1, 2, 5"):
        read_prior(path, HW, cine, 3)
    with pytest.raises(PromptError, match=r"masks on frames 1, 2, 5; name one with --frame"):
        read_prior(path, HW, cine)
    with pytest.raises(FileError, match="not a segmentation; give a SEG"):
        read_seg(cine)
    with pytest.raises(PromptError, match="of frame 5, but the image has 0 to 3"):
        list(masks_of(read_seg(path), None, 4))


def test_frames_that_say_not_what_they_are_of(cine: Path, tmp_path: Path) -> None:
    data = ours(cine)
    for group in data.PerFrameFunctionalGroupsSequence:
        group.pop("DerivationImageSequence", None)
    path = written(data, tmp_path / "a.seg.dcm")
    with pytest.raises(PromptError, match="doesn't say which of the image's 6 frames its frame 0 is of"):
        list(masks_of(read_seg(path), None, 6))


def broken(data: Dataset, what: str) -> Dataset:
    if what == "short":
        data.PixelData = data.PixelData[:40]
    elif what == "type":
        data.SegmentationType = "SURFACE"
    elif what == "groups":
        data.PerFrameFunctionalGroupsSequence = data.PerFrameFunctionalGroupsSequence[:2]
    elif what == "segment":
        group = deepcopy(data.PerFrameFunctionalGroupsSequence[0])
        group.SegmentIdentificationSequence[0].ReferencedSegmentNumber = 9
        data.PerFrameFunctionalGroupsSequence[0] = group
    else:
        del data.SegmentSequence
    return data


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("short", "pixel data ends before frame"),
        ("type", "type 'SURFACE'"),
        ("groups", "2 functional groups for 6 frames"),
        ("segment", "of segment 9, but its segments are 1, 2"),
        ("none", "without segments"),
    ],
)
def test_damage_is_one_line(cine: Path, tmp_path: Path, what: str, said: str) -> None:
    path = written(broken(ours(cine), what), tmp_path / "a.seg.dcm")
    with pytest.raises(FileError, match=said):
        list(masks_of(read_seg(path)))


def numeric(value: str, name: tuple[str, str, str]) -> Dataset:
    item = Dataset()
    item.RelationshipType, item.ValueType = "CONTAINS", "NUM"
    item.ConceptNameCodeSequence = [coded(*name)]
    measured = Dataset()
    measured.NumericValue, measured.MeasurementUnitsCodeSequence = value, [coded("mm", "UCUM", "mm")]
    item.MeasuredValueSequence = [measured]
    return item


def coded(value: str, scheme: str, meaning: str) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return item


def test_a_report_of_another_producer(still: Path, tmp_path: Path) -> None:
    """A flat one, without groups, as scanners write them (TID 5000 and 5200 nest as deeply)."""
    data = pydicom.dcmread(still)
    del data.PixelData
    data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.88.33"
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    section = Dataset()
    section.ValueType, section.ConceptNameCodeSequence = "CONTAINER", [coded("121070", "DCM", "Findings")]
    section.ContentSequence = [numeric("12.5", ("11820-8", "LN", "Biparietal Diameter"))]
    data.ContentSequence = [section]
    [row] = read_report(save(data, tmp_path / "a.dcm"))
    assert (row.measure, row.value, row.unit, row.frames) == ("Biparietal Diameter", 12.5, "mm", ())
    data.ContentSequence = []
    with pytest.raises(FileError, match="without a single number"):
        read_report(save(data, tmp_path / "b.dcm"))
    with pytest.raises(FileError, match="not a report; give an SR"):
        read_report(still)
