"""Segmentations: written, then read back by pydicom and by highdicom, frame for frame."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pydicom
import pytest

from dicom_checks import check_iod, segment_models
from dicoms import HEIGHT, PHI, WIDTH, dataset, picture, save
from uniultra.errors import FileError
from uniultra.io.dicom.seg import Segment, write_seg
from uniultra.io.dicom.source import Maker, as_still, read_source

hd = pytest.importorskip("highdicom", reason="highdicom is of the extra dicom")
MAKER = Maker("uniultra-mini", "0.1.0", "9.9")


def masks(frames: list[int], seed: int) -> dict[int, np.ndarray]:
    random = np.random.default_rng(seed)
    return {number: random.random((HEIGHT, WIDTH)) > 0.6 for number in frames}


@pytest.mark.parametrize(("frames", "numbers"), [(1, [0]), (7, [3]), (7, [0, 2, 6]), (3, [0, 1, 2])])
def test_binary_frames_come_back_at_the_right_places(tmp_path: Path, frames: int, numbers: list[int]) -> None:
    path = save(dataset(picture(frames)), tmp_path / "a.dcm")
    segments = [Segment("left ventricle", masks(numbers, 1)), Segment("left atrium", masks(numbers, 2))]
    write_seg(tmp_path / "a.seg.dcm", read_source(path), segments, MAKER)
    source = pydicom.dcmread(path)
    seg = hd.seg.segread(tmp_path / "a.seg.dcm")
    assert [item.SegmentLabel for item in seg.SegmentSequence] == ["left ventricle", "left atrium"]
    if frames == 1:
        found = seg.get_pixels_by_source_instance([source.SOPInstanceUID])
    else:
        found = seg.get_pixels_by_source_frame(source.SOPInstanceUID, [number + 1 for number in numbers])
    for place, number in enumerate(numbers):
        for index, segment in enumerate(segments):
            np.testing.assert_array_equal(found[place, ..., index].astype(bool), segment.frames[number])
    plain = pydicom.dcmread(tmp_path / "a.seg.dcm")
    classes = {element.value for element in plain.iterall() if element.keyword == "ReferencedSOPClassUID"}
    assert classes == {source.SOPClassUID}
    stored = plain.pixel_array.reshape(2, len(numbers), HEIGHT, WIDTH)
    for index, segment in enumerate(segments):
        np.testing.assert_array_equal(
            stored[index].astype(bool), [segment.frames[number] for number in numbers]
        )


def test_highdicom_reads_ours_of_a_source_with_a_pixel_size(tmp_path: Path) -> None:
    """Its own of such a source it refuses, for want of SliceThickness (findings/highdicom_own_spacing.sh)."""
    path = save(dataset(picture(1), PixelSpacing=[0.3, 0.2]), tmp_path / "a.dcm")
    segment = Segment("lesion", masks([0], 1))
    write_seg(tmp_path / "a.seg.dcm", read_source(path), [segment], MAKER)
    seg = hd.seg.segread(tmp_path / "a.seg.dcm")
    [found] = seg.get_pixels_by_source_instance([pydicom.dcmread(path).SOPInstanceUID])
    np.testing.assert_array_equal(found[..., 0].astype(bool), segment.frames[0])


@pytest.mark.parametrize("frames", [1, 4])
def test_fractions_come_back(tmp_path: Path, frames: int) -> None:
    path = save(dataset(picture(frames)), tmp_path / "a.dcm")
    random = np.random.default_rng(3)
    segment = Segment(
        "lesion", {number: random.random((HEIGHT, WIDTH)).astype(np.float32) for number in range(frames)}
    )
    write_seg(tmp_path / "a.seg.dcm", read_source(path), [segment], MAKER)
    seg = hd.seg.segread(tmp_path / "a.seg.dcm")
    assert (seg.SegmentationType, seg.SegmentationFractionalType) == ("FRACTIONAL", "PROBABILITY")
    uid = pydicom.dcmread(path).SOPInstanceUID
    found = (
        seg.get_pixels_by_source_instance([uid])
        if frames == 1
        else seg.get_pixels_by_source_frame(uid, list(range(1, frames + 1)))
    )
    for number, probabilities in segment.frames.items():
        np.testing.assert_allclose(found[number, ..., 0], probabilities, atol=0.5 / 255 + 1e-6)


def test_an_empty_mask_is_a_segment_too(tmp_path: Path) -> None:
    path = save(dataset(picture(2)), tmp_path / "a.dcm")
    write_seg(
        tmp_path / "s.dcm", read_source(path), [Segment("x", {1: np.zeros((HEIGHT, WIDTH), bool)})], MAKER
    )
    assert not pydicom.dcmread(tmp_path / "s.dcm").pixel_array.any()


def test_uids_are_new_and_the_patient_stays_out_unless_kept(tmp_path: Path) -> None:
    path = save(dataset(picture(2)), tmp_path / "a.dcm")
    source = pydicom.dcmread(path)
    written = {}
    for keep in (False, True):
        target = tmp_path / f"{keep}.dcm"
        write_seg(target, read_source(path, keep), [Segment("x", masks([0], 1))], MAKER)
        written[keep] = pydicom.dcmread(target)
        assert (PHI.encode() in target.read_bytes()) == keep
    assert written[False].PatientID == ""
    assert (written[True].PatientID, written[True].PatientName) == ("ID-4711", PHI)
    assert written[True].StudyInstanceUID == source.StudyInstanceUID
    assert written[False].StudyInstanceUID != source.StudyInstanceUID  # a study has one patient
    uids = {written[keep].SOPInstanceUID for keep in written} | {
        written[keep].SeriesInstanceUID for keep in written
    }
    assert len(uids | {source.SOPInstanceUID, source.SeriesInstanceUID}) == 6


def test_it_says_what_made_it(tmp_path: Path) -> None:
    path = save(dataset(picture()), tmp_path / "a.dcm")
    write_seg(tmp_path / "s.dcm", read_source(path), [Segment("x", masks([0], 1))], MAKER)
    seg = pydicom.dcmread(tmp_path / "s.dcm")
    assert (seg.Manufacturer, seg.ManufacturerModelName, seg.SoftwareVersions) == (
        "UniUltra",
        "uniultra-mini",
        "9.9",
    )
    assert seg.ContentDescription == "AI-generated; not for diagnostic use"
    assert seg.SeriesDescription == f"x: {seg.ContentDescription}"
    [algorithm] = seg.SegmentSequence[0].SegmentationAlgorithmIdentificationSequence
    assert (algorithm.AlgorithmName, algorithm.AlgorithmVersion) == ("uniultra-mini", "0.1.0")


def test_a_source_without_uids_is_refused(tmp_path: Path) -> None:
    data = dataset(picture())
    del data.StudyInstanceUID
    with pytest.raises(FileError, match=r"StudyInstanceUID is missing, so nothing can refer to this image"):
        read_source(save(data, tmp_path / "a.dcm"))


def test_it_is_written_without_highdicom(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = read_source(save(dataset(picture()), tmp_path / "a.dcm"))
    monkeypatch.setitem(sys.modules, "highdicom", None)  # importing it fails
    write_seg(tmp_path / "s.dcm", source, [Segment("x", masks([0], 1))], MAKER)
    assert pydicom.dcmread(tmp_path / "s.dcm").SegmentationType == "BINARY"


OWN = {
    *("SOPInstanceUID", "SeriesInstanceUID", "TrackingUID", "DimensionOrganizationUID"),
    *("InstanceCreationDate", "InstanceCreationTime", "ContentDate", "ContentTime"),
    "ContributingEquipmentSequence",  # highdicom names itself
    *("SegmentsOverlap", "SeriesDescription"),  # it leaves these out, and the next two
    *("ContentCreatorName", "PatientOrientation"),
    *("SegmentIdentificationSequence", "DimensionDescriptionLabel"),  # of one segment it is shared
}


def flat(data: pydicom.Dataset, where: str = "") -> dict[str, object]:
    """Every value by its path."""
    found: dict[str, object] = {}
    for element in data:
        if element.keyword not in OWN and element.VR != "SQ":
            found[where + element.keyword] = element.value
        elif element.keyword not in OWN:
            for i, item in enumerate(element.value):
                found |= flat(item, f"{where}{element.keyword}[{i}].")
    return found


@pytest.mark.parametrize("fractional", [False, True])
@pytest.mark.parametrize("labels", [["left kidney"], ["breast mass", "thing"]])
def test_a_still_is_what_highdicom_makes_of_it(tmp_path: Path, fractional: bool, labels: list[str]) -> None:
    path = save(dataset(picture(1)), tmp_path / "a.dcm")
    source = read_source(path, keep_patient=True)
    planes = [masks([0], i)[0].astype(np.float32 if fractional else np.bool_) for i in range(len(labels))]
    segments = [Segment(label, {0: plane}) for label, plane in zip(labels, planes, strict=True)]
    write_seg(tmp_path / "ours.dcm", source, segments, MAKER)
    ours = pydicom.dcmread(tmp_path / "ours.dcm")
    theirs = hd.seg.Segmentation(
        [as_still(source)],
        np.stack(planes, axis=-1)[None],
        "FRACTIONAL" if fractional else "BINARY",
        [hd.seg.SegmentDescription.from_dataset(segment) for segment in ours.SegmentSequence],
        series_instance_uid=hd.UID(),
        series_number=900,
        sop_instance_uid=hd.UID(),
        instance_number=1,
        manufacturer="UniUltra",
        manufacturer_model_name="uniultra-mini",
        software_versions="9.9",
        device_serial_number="none",
        max_fractional_value=255,
        omit_empty_frames=False,
        content_label="UNIULTRA",
        content_description="AI-generated; not for diagnostic use",
    )
    assert flat(ours) == flat(theirs)
    assert all(segment.SegmentAlgorithmType == "SEMIAUTOMATIC" for segment in ours.SegmentSequence)


def test_planes_that_end_within_a_byte_follow_each_other_bit_by_bit(tmp_path: Path) -> None:
    path = save(dataset(picture(5)[:, :11, :13]), tmp_path / "a.dcm")
    random = np.random.default_rng(5)
    segments = [
        Segment(label, {number: random.random((11, 13)) > 0.5 for number in (0, 2, 3)})
        for label in ("a", "b")
    ]
    write_seg(tmp_path / "a.seg.dcm", read_source(path), segments, MAKER)
    stored = pydicom.dcmread(tmp_path / "a.seg.dcm").pixel_array
    expected = [segment.frames[number] for segment in segments for number in (0, 2, 3)]
    np.testing.assert_array_equal(stored.astype(bool), expected)


def test_each_segment_names_the_models_that_made_it(tmp_path: Path) -> None:
    """One, two on several frames, none where a person drew it, and one whose name LO doesn't hold."""
    path = save(dataset(picture(3)), tmp_path / "a.dcm")
    frames = masks([0, 1], 1)
    makers = (None, (("cyst-1", "7"), ("uniultra-mini", "0.9")), (), (("a\\b" + 70 * "c", ""),))
    segments = [Segment(f"structure {i}", frames, models=own) for i, own in enumerate(makers)]
    write_seg(tmp_path / "a.seg.dcm", read_source(path), segments, MAKER)
    found = segment_models(pydicom.dcmread(tmp_path / "a.seg.dcm"))
    long = "ab" + 62 * "c"
    assert found == [
        ("SEMIAUTOMATIC", "uniultra-mini", [("uniultra-mini", "0.1.0")]),
        ("SEMIAUTOMATIC", "cyst-1, uniultra-mini", [("cyst-1, uniultra-mini", "7, 0.9")]),
        ("MANUAL", None, []),
        ("SEMIAUTOMATIC", long, [(long, "unknown")]),
    ]
    read = hd.seg.segread(tmp_path / "a.seg.dcm")
    assert [read.get_segment_description(at).algorithm_type.value for at in (2, 3)] == [
        "SEMIAUTOMATIC",
        "MANUAL",
    ]
    check_iod(tmp_path / "a.seg.dcm")
