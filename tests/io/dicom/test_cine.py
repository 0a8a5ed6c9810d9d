"""Headers, regions, times, and all that is refused: one sentence, without a word of the patient."""

from __future__ import annotations

import errno
import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.uid import (
    MPEG4HP41,
    DeflatedExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLosslessSV1,
    RLELossless,
)

from dicoms import PHI, dataset, encapsulated, jpeg_2000, picture, region, save
from uniultra.errors import FileError
from uniultra.io.cines import open_cine
from uniultra.io.dicom.cine import open_dicom
from uniultra.io.images import find_images, kind_of, read_frame


def refusal(path: Path) -> str:
    """The one line that reading every frame of a file ends with."""
    with pytest.raises(FileError, match=r"\S") as caught:
        list(open_dicom(path))
    message = str(caught.value)
    assert message.startswith(str(path))
    assert message.isprintable()
    for secret in (*PHI.split("^"), "4711", "1970"):
        assert secret not in message.removeprefix(str(path))
    return message


def test_regions_are_read(tmp_path: Path) -> None:
    items = [region((0, 0, 17, 23), (0.02, 0.03)), region((18, 0, 35, 23), 0.01, 2, (4, 3), RegionFlags=3)]
    calibration = open_dicom(
        save(dataset(picture(), SequenceOfUltrasoundRegions=items), tmp_path / "a.dcm")
    ).calibration
    [first, second] = calibration.regions
    assert (first.box_xyxy, first.shape, first.data) == ((-0.5, -0.5, 17.5, 23.5), "2D", "tissue")
    assert first.spacing_mm_yx == pytest.approx((0.3, 0.2))
    assert (second.shape, second.units_xy, second.low_priority, second.spacing_mm_yx) == (
        "M-mode",
        ("seconds", "cm"),
        True,
        None,
    )
    assert calibration.notes == ()


def test_a_region_beyond_the_frame_is_said(tmp_path: Path) -> None:
    items = [region((0, 0, 71, 47), 0.05)]
    [note] = open_dicom(
        save(dataset(picture(), SequenceOfUltrasoundRegions=items), tmp_path / "a.dcm")
    ).calibration.notes
    assert "region 1: its box ends at 71,47, beyond the frame of 36 x 24" in note
    assert "cut, resized or turned after calibration" in note


@pytest.mark.parametrize(
    ("box", "says"), [((5, 5, 5, 20), "5,5,5,20 is empty or inverted"), ((9, 9, 2, 20), "empty or inverted")]
)
def test_a_region_that_is_none_is_passed_over(tmp_path: Path, box: Any, says: str) -> None:
    items = [region(box), region((0, 0, 35, 23))]
    calibration = open_dicom(
        save(dataset(picture(), SequenceOfUltrasoundRegions=items), tmp_path / "a.dcm")
    ).calibration
    assert says in calibration.notes[0]
    assert [one.number for one in calibration.regions] == [2]
    assert calibration.at((1, 1, 5, 5)).source == "region 2"
    assert calibration.at((1, 1, 5, 50)).reason == "it reaches beyond region 2"
    moved = calibration.moved((4.5, 4.5), (2.0, 2.0)).overridden("--spacing", 9.0)
    assert moved.notes == ("--spacing overrides the file: region 2 says 0.25 mm",)


@pytest.mark.parametrize("spacing", [None, [0.2, 0.5]])
def test_a_region_of_bare_deltas_is_ignored(tmp_path: Path, spacing: list[float] | None) -> None:
    """As ITK and GDCM write ultrasound: millimetres as they stand, without unit or box."""
    item = Dataset()
    item.PhysicalDeltaX, item.PhysicalDeltaY = 0.5, 0.2
    data = dataset(picture(), SequenceOfUltrasoundRegions=[item])
    if spacing:
        data.PixelSpacing = spacing
    calibration = open_dicom(save(data, tmp_path / "a.dcm")).calibration
    assert (calibration.regions, calibration.whole_mm_yx) == ((), tuple(spacing) if spacing else None)
    assert "region 1 is ignored: it has no location" in calibration.notes


def test_a_region_without_lengths_keeps_its_number(tmp_path: Path) -> None:
    data = dataset(picture(), SequenceOfUltrasoundRegions=[region((9, 9, 2, 20)), region((0, 0, 35, 23), 0)])
    bare = open_dicom(save(data, tmp_path / "a.dcm")).calibration
    assert bare.at((1, 1, 5, 5)).reason.startswith("it lies in region 2, and its pixel deltas")
    spaced = bare.with_fallback("PixelSpacing", (0.2, 0.2)).at((1, 1, 5, 5))
    assert spaced.notes[-1].startswith("region 2 is not used")


def test_spacings_are_read_down_first(tmp_path: Path) -> None:
    data = dataset(picture(), PixelSpacing=[0.3, 0.2], NominalScannedPixelSpacing=[0.5, 0.5])
    frame = read_frame(save(data, tmp_path / "a.dcm"))
    assert frame.spacing_mm_yx == (0.3, 0.2)
    assert frame.calibration.notes == (
        "NominalScannedPixelSpacing says 0.5 mm, but PixelSpacing says 0.2 x 0.3 mm, which is used",
    )
    nominal = read_frame(save(dataset(picture(), NominalScannedPixelSpacing=[0.5, 0.5]), tmp_path / "b.dcm"))
    assert nominal.calibration.at((1, 1, 5, 5)).source == "NominalScannedPixelSpacing"


@pytest.mark.parametrize(
    ("spacing", "says"),
    [
        (
            [1, 1],
            "PixelSpacing is 1 x 1 mm, as ITK and converters write where nobody knew the size of a pixel",
        ),
        ([0.264583, 0.264583], "PixelSpacing is 0.2646 mm, which is 96 dots per inch"),
        ([1, 0.5], ""),
        ([0.2, 0.2], ""),
    ],
)
def test_a_spacing_of_a_print_or_of_nothing_is_doubted(
    tmp_path: Path, spacing: list[float], says: str
) -> None:
    """It is used, as the file says millimetres. Beside a region it is not what counts."""
    frame = read_frame(save(dataset(picture(), PixelSpacing=spacing), tmp_path / "a.dcm"))
    assert frame.spacing_mm_yx == tuple(spacing)
    assert [note.startswith(says) for note in frame.calibration.notes] == [True] * bool(says)
    data = dataset(picture(), PixelSpacing=spacing)
    data.SequenceOfUltrasoundRegions = [region((0, 0, 19, 9), delta=spacing[1] / 10)]
    assert not any(
        says in note for note in read_frame(save(data, tmp_path / "b.dcm")).calibration.notes if says
    )


@pytest.mark.parametrize(
    ("spacing", "said"), [([-0.2, 0.3], "-0.2, 0.3"), ([0, 0], "0, 0"), (["0.2"], "0.2")]
)
def test_a_spacing_that_is_none_is_said(tmp_path: Path, spacing: list[Any], said: str) -> None:
    frame = read_frame(save(dataset(picture(), PixelSpacing=spacing), tmp_path / "a.dcm"))
    assert frame.spacing_mm_yx is None
    assert frame.calibration.notes == (f"PixelSpacing {said} is not two sizes above 0 and is not used",)


@pytest.mark.parametrize(
    ("more", "times", "notes"),
    [
        ({"FrameTime": 40}, (0, 0.04, 0.08), 0),
        ({"FrameTimeVector": [0, 30, 50]}, (0, 0.03, 0.08), 0),
        ({"FrameTimeVector": [0, 30], "FrameTime": 40}, (0, 0.04, 0.08), 1),
        ({"FrameTimeVector": [0, -30, 10], "CineRate": 25}, (0, 0.04, 0.08), 1),
        ({"FrameTime": 0, "RecommendedDisplayFrameRate": 50}, (0, 0.02, 0.04), 0),
        ({"FrameTimeVector": [0, 30]}, None, 1),
        ({}, None, 0),
    ],
)
def test_times(tmp_path: Path, more: dict[str, Any], times: tuple[float, ...] | None, notes: int) -> None:
    cine = open_dicom(save(dataset(picture(3), **more), tmp_path / "a.dcm"))
    assert cine.times_s == (None if times is None else pytest.approx(times))
    assert len(cine.notes) == notes
    assert (cine.rate_hz is None) == (times is None)


def test_a_cine_needs_a_frame_number(tmp_path: Path) -> None:
    path = save(dataset(picture(3)), tmp_path / "a.dcm")
    with pytest.raises(FileError, match=r"holds 3 frames; name one from 0 to 2: --frame N"):
        read_frame(path)
    np.testing.assert_array_equal(read_frame(path, 2).pixels_hw, picture(3)[2])
    assert len(open_cine(path)) == 3


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"NumberOfFrames": 10**9}, "claims 1000000000 frames; legal are 1 to 1000000"),
        (
            {"NumberOfFrames": 5},
            "the pixel data is truncated: 5 frames of 36 x 24 need 4320 bytes, 2592 are there",
        ),
        ({"Rows": 60000}, "36 x 60000 pixels; the limit is 16384 a side"),
        ({"Rows": 0}, "36 x 0 pixels; the smallest legal side is 8"),
        ({"Rows": None}, "Rows is missing or not a number"),
        ({"SamplesPerPixel": 4}, "4 samples per pixel as 'MONOCHROME2'; legal are 1 with"),
        ({"PhotometricInterpretation": "ARGB"}, "1 samples per pixel as 'ARGB'"),
        ({"PhotometricInterpretation": "PALETTE COLOR"}, "the colour palette is missing or damaged"),
        ({"BitsAllocated": 12}, "12 bits allocated per sample; legal are 8 and 16"),
        ({"BitsStored": 9}, "9 bits stored with high bit 7 in 8 allocated"),
        ({"HighBit": 8}, "8 bits stored with high bit 8 in 8 allocated"),
    ],
)
def test_what_a_header_must_not_claim(tmp_path: Path, more: dict[str, Any], says: str) -> None:
    assert says in refusal(save(dataset(picture(3), **more), tmp_path / "a.dcm"))


@pytest.mark.parametrize("cut", [10, 500, 1400])
def test_truncated_native(tmp_path: Path, cut: int) -> None:
    path = save(dataset(picture(2)), tmp_path / "a.dcm")
    path.write_bytes(path.read_bytes()[:-cut])
    assert "the pixel data is truncated" in refusal(path)


@pytest.mark.parametrize("cut", [20, 300, 700])
def test_truncated_encapsulated(tmp_path: Path, cut: int) -> None:
    path = save(
        encapsulated(dataset(picture(3)), JPEG2000Lossless, [jpeg_2000(frame) for frame in picture(3)]),
        tmp_path / "a.dcm",
    )
    path.write_bytes(path.read_bytes()[:-cut])
    assert "the pixel data is truncated" in refusal(path)


def test_a_frame_too_few(tmp_path: Path) -> None:
    data = encapsulated(
        dataset(picture(3)), JPEG2000Lossless, [jpeg_2000(frame) for frame in picture(2)], has_bot=False
    )
    assert "holds 2 whole frames in 2 fragments, but the header says 3 frames" in refusal(
        save(data, tmp_path / "a.dcm")
    )


def test_a_frame_of_another_size_than_the_header(tmp_path: Path) -> None:
    data = encapsulated(dataset(picture()), JPEG2000Lossless, [jpeg_2000(np.zeros((48, 72), np.uint8))])
    assert "coded as 72 x 48 pixels of 1 samples, but the header says 36 x 24 of 1" in refusal(
        save(data, tmp_path / "a.dcm")
    )


def test_a_damaged_frame(tmp_path: Path) -> None:
    for syntax, encoded in (
        (JPEG2000Lossless, jpeg_2000(picture()[0])[:60]),
        (RLELossless, b"\x01\0\0\0" + bytes(64)),
    ):
        path = save(encapsulated(dataset(picture()), syntax, [encoded]), tmp_path / "a.dcm")
        assert "pixel data of frame 0 is damaged or truncated" in refusal(path)
    path = save(
        encapsulated(dataset(picture()), JPEGBaseline8Bit, [b"not a picture at all"]), tmp_path / "b.dcm"
    )
    assert "frame 0 is no JPEG Baseline picture" in refusal(path)


def test_lossy_jpeg_of_12_bits_is_refused_by_name(tmp_path: Path) -> None:
    stream = b"\xff\xd8\xff\xc1\0\x0b\x0c\0\x18\0\x24\x01\x01\x11\0"  # 24 x 36, one component, 12 bits
    data = encapsulated(
        dataset(picture(1, dtype="u2"), BitsStored=12, HighBit=11, WindowCenter=9, WindowWidth=9),
        JPEGExtended12Bit,
        [stream],
    )
    assert "frame 0 is a lossy JPEG of 12 bits, which can't be read; export it as JPEG lossless" in refusal(
        save(data, tmp_path / "a.dcm")
    )


def test_a_depth_that_no_decoder_may_see(tmp_path: Path) -> None:
    stream = b"\xff\xd8\xff\xc3\0\x0b\x03\0\x18\0\x24\x01\x01\x11\0"
    data = encapsulated(dataset(picture()), JPEGLosslessSV1, [stream])
    pytest.importorskip("gdcm", reason="python-gdcm is of the extra dicom")
    assert "is coded with 3 bits per sample; legal are 8 to 8" in refusal(save(data, tmp_path / "a.dcm"))


@pytest.mark.parametrize("photometric", ["MONOCHROME2", "YBR_PARTIAL_420"])
def test_video_in_dicom_is_refused_by_name(tmp_path: Path, photometric: str) -> None:
    """Whatever it says of its colours: that of real video (PS3.5, 8.2.7) is legal in nothing else."""
    data = encapsulated(dataset(picture()), MPEG4HP41, [b"ab"])
    data.PhotometricInterpretation = photometric
    data.SamplesPerPixel = 1 if photometric == "MONOCHROME2" else 3
    assert "MPEG-4 AVC/H.264 High Profile" in refusal(save(data, tmp_path / "a.dcm"))


def test_a_missing_codec_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pydicom.pixels.decoders.base import Decoder

    path = save(encapsulated(dataset(picture()), JPEGLosslessSV1, [b"\xff\xd8"]), tmp_path / "a.dcm")
    monkeypatch.setattr(Decoder, "is_available", False)
    monkeypatch.setattr(Decoder, "missing_dependencies", ["gdcm - requires gdcm>=3.0.10"])
    assert "needs a decoder that is not installed; install with: pip install 'uniultra[dicom]'" in refusal(
        path
    )


def test_no_image(tmp_path: Path) -> None:
    data = dataset(picture())
    del data.PixelData
    assert "a DICOM object of kind Ultrasound Image Storage (modality US) without pixel data" in refusal(
        save(data, tmp_path / "a.dcm")
    )


def test_a_deflated_file_that_is_damaged_or_a_bomb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save(dataset(picture(2), syntax=DeflatedExplicitVRLittleEndian), tmp_path / "a.dcm")
    whole = path.read_bytes()
    path.write_bytes(whole[:-200])
    assert "the deflated DICOM data is truncated" in refusal(path)
    path.write_bytes(whole[:400] + b"\xff" * 50 + whole[450:])
    assert "the deflated DICOM data is damaged" in refusal(path)
    monkeypatch.setattr("uniultra.io.dicom.deflated.MAX_INFLATED", 1_000_000)
    engine = zlib.compressobj(wbits=-15)
    start = whole.index(b"1.2.840.10008.1.2.1.99")
    meta = 144 + struct.unpack_from("<I", whole, 140)[0]
    assert start < meta
    path.write_bytes(whole[:meta] + engine.compress(bytes(5_000_000)) + engine.flush())
    assert "inflates to over" in refusal(path)


def test_a_deflated_file_that_has_no_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save(dataset(picture(2), syntax=DeflatedExplicitVRLittleEndian), tmp_path / "a.dcm")

    class Full(io.BytesIO):
        def write(self, _: object) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("uniultra.io.dicom.deflated.tempfile.TemporaryFile", Full)
    assert "no room in" in refusal(path)
    assert "free some, or set TMPDIR to another folder" in refusal(path)


def test_a_header_of_endless_elements(tmp_path: Path) -> None:
    data = dataset(picture(), SequenceOfUltrasoundRegions=[region((0, 0, 35, 23))])
    path = save(data, tmp_path / "a.dcm")
    whole = path.read_bytes()
    at = whole.index(b"\x18\0\x11\x60SQ")
    tiny = struct.pack("<HH2sH", 0x18, 0x6012, b"US", 0) * 450_000
    bomb = b"\x18\0\x11\x60SQ\0\0\xff\xff\xff\xff" + b"\xfe\xff\0\xe0\xff\xff\xff\xff" + tiny
    path.write_bytes(whole[:at] + bomb)
    assert "the DICOM header is longer than any real one" in refusal(path)


def test_patient_data_is_not_even_read(tmp_path: Path) -> None:
    from uniultra.io.dicom.header import PATIENT, read_header

    path = save(dataset(picture()), tmp_path / "a.dcm")
    assert PHI not in str(read_header(path).dataset)
    assert PHI in str(read_header(path, PATIENT).dataset)


def record(kind: str, file: Any = None) -> Dataset:
    item = Dataset()
    item.DirectoryRecordType = kind
    if file is not None:
        item.add(DataElement("ReferencedFileID", "CS", file, validation_mode=0))
    return item


def test_dicomdir_and_files_without_suffix(tmp_path: Path) -> None:
    (tmp_path / "medium" / "IMAGES").mkdir(parents=True)
    records = []
    for number in range(2):
        save(dataset(picture(seed=number)), tmp_path / "medium" / "IMAGES" / f"IM{number}")
        records.append(record("IMAGE", ["IMAGES", f"IM{number}"]))
    outside = [
        record("IMAGE", ["..", "IM0"]),
        record("IMAGE", "/etc/passwd"),
        record("IMAGE", ["IMAGES", "GONE"]),
    ]
    index = dataset(
        picture(), DirectoryRecordSequence=[record("PATIENT"), *records, *outside, record("IMAGE")]
    )
    del index.PixelData
    save(index, tmp_path / "medium" / "DICOMDIR")
    found = find_images([tmp_path / "medium" / "DICOMDIR"])
    assert len(found) == 2
    assert all(read_frame(file).width == 36 for file in found)
    assert set(find_images([found[0].parent])) == {file for file in found if file.parent == found[0].parent}
    for file in found:
        file.unlink()
    with pytest.raises(
        FileError, match=r"none of the 6 images that it lists is there; copy the whole medium"
    ):
        find_images([tmp_path / "medium" / "DICOMDIR"])
    (tmp_path / "DICOMDIR").write_bytes((save(dataset(picture()), tmp_path / "a.dcm")).read_bytes())
    with pytest.raises(FileError, match=r"not a DICOM directory"):
        find_images([tmp_path / "DICOMDIR"])


def test_a_preamble_of_a_tiff_file_is_still_dicom(tmp_path: Path) -> None:
    path = save(dataset(picture(), PixelSpacing=[0.3, 0.3]), tmp_path / "a.dcm")
    path.write_bytes(b"II*\0" + path.read_bytes()[4:])
    assert read_frame(path).spacing_mm_yx == (0.3, 0.3)


@pytest.mark.shared
def test_the_thirteen_real_files(shared: Path) -> None:
    expected = {
        "ExplVR_BigEnd": (1, 60, 80, 0),
        "JPGLosslessP14SV1_1s_1f_8b": (1, 768, 1024, 1),
        "OBXXXX1A": (1, 600, 800, 2),
        "OBXXXX1A_2frame": (2, 600, 800, 2),
        "OBXXXX1A_rle_2frame": (2, 600, 800, 2),
        "US1_J2KR": (1, 480, 640, 0),
        "US1_UNCR": (1, 480, 640, 0),
        "examples_jpeg2k": (1, 480, 640, 0),
        "examples_palette": (1, 350, 800, 2),
        "examples_rgb_color": (1, 240, 320, 0),
        "examples_ybr_color": (30, 240, 320, 1),
        "fodicom_GH364": (1, 768, 1024, 0),
        "gdcm-US-ALOKA-16": (1, 480, 640, 3),
    }
    found = {}
    for path in sorted((shared / "dicom").glob("*.dcm")):
        assert kind_of(path).name == "DICOM"
        cine = open_cine(path)
        assert all(frame.pixels_hw.std() > 1 for frame in cine)
        found[path.stem] = (cine.count, *cine.frame_hw, len(cine.calibration.regions))
    assert found == expected


@pytest.mark.shared
def test_the_same_picture_in_three_syntaxes(shared: Path) -> None:
    plain, coded = (open_dicom(shared / "dicom" / f"{name}.dcm") for name in ("US1_UNCR", "US1_J2KR"))
    np.testing.assert_array_equal(plain.read(0).pixels_hw, coded.read(0).pixels_hw)
    native, rle = (
        open_dicom(shared / "dicom" / f"OBXXXX1A{name}.dcm") for name in ("_2frame", "_rle_2frame")
    )
    for one, other in zip(native, rle, strict=True):
        np.testing.assert_array_equal(one.pixels_hw, other.pixels_hw)


@pytest.mark.shared
def test_the_overlapping_bar_and_the_two_views_of_a_real_file(shared: Path) -> None:
    frame = open_dicom(shared / "dicom" / "gdcm-US-ALOKA-16.dcm").read(0)
    assert frame.calibration.at((100, 200, 200, 300)).source == "region 1"
    assert frame.calibration.at((400, 200, 500, 300)).source == "region 2"
    assert frame.calibration.at((300, 200, 400, 300)).reason == "it lies across regions 1 and 2"
    assert frame.calibration.at((50, 60, 80, 90)).reason == "it lies across regions 1 and 3"
