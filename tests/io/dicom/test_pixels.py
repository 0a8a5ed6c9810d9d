"""Pixels of DICOM: the same values back from every syntax and photometric interpretation that can be encoded
here.
"""

from __future__ import annotations

import io
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.pixels.encoders import RLELosslessEncoder
from pydicom.uid import (
    JPEG2000,
    UID,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    RLELossless,
)

import dicoms
from dicoms import dataset, encapsulated, jpeg, jpeg_2000, picture, save
from uniultra.errors import FileError
from uniultra.io.dicom.cine import open_dicom
from uniultra.io.dicom.header import read_header
from uniultra.io.dicom.pixels import open_image, read_stored
from uniultra.io.images import read_frame


def grey_of(rgb: np.ndarray) -> np.ndarray:
    return np.array(Image.fromarray(rgb).convert("L"))


def frames_of(path: Path) -> np.ndarray:
    return np.stack([frame.pixels_hw for frame in open_dicom(path)])


def ybr(rgb: np.ndarray) -> np.ndarray:
    return np.stack([np.array(Image.fromarray(frame).convert("YCbCr")) for frame in rgb])


@pytest.mark.parametrize("syntax", dicoms.NATIVE)
@pytest.mark.parametrize("frames", [1, 3])
def test_native_grey_is_read_as_it_is(tmp_path: Path, syntax: UID, frames: int) -> None:
    stored = picture(frames)
    np.testing.assert_array_equal(frames_of(save(dataset(stored, syntax=syntax), tmp_path / "a.dcm")), stored)


@pytest.mark.parametrize("syntax", dicoms.NATIVE)
@pytest.mark.parametrize("planar", [0, 1])
def test_native_colour_becomes_luma(tmp_path: Path, syntax: UID, planar: int) -> None:
    stored = picture(2, 3)
    path = save(dataset(stored, "RGB", syntax, PlanarConfiguration=planar), tmp_path / "a.dcm")
    np.testing.assert_array_equal(frames_of(path), [grey_of(frame) for frame in stored])


def test_monochrome_1_is_inverted(tmp_path: Path) -> None:
    path = save(dataset(picture(), "MONOCHROME1"), tmp_path / "a.dcm")
    np.testing.assert_array_equal(frames_of(path), 255 - picture())


def test_ybr_full_becomes_the_luma_of_its_rgb(tmp_path: Path) -> None:
    rgb = picture(2, 3)
    found = frames_of(save(dataset(ybr(rgb), "YBR_FULL"), tmp_path / "a.dcm")).astype(int)
    assert np.abs(found - [grey_of(frame) for frame in rgb]).max() <= 2


def test_ybr_422_uncompressed_is_expanded(tmp_path: Path) -> None:
    full = ybr(
        np.repeat(picture(1, 3)[:, :, ::2], 2, axis=2)
    )  # pairs of equal pixels, so that nothing is lost
    y1, y2, chroma = full[:, :, ::2, 0], full[:, :, 1::2, 0], full[:, :, ::2, 1:]
    data = dataset(full, "YBR_FULL_422")
    data.PixelData = np.concatenate([y1[..., None], y2[..., None], chroma], axis=-1).tobytes()
    found = frames_of(save(data, tmp_path / "a.dcm"))[0].astype(int)
    assert np.abs(found - full[0, ..., 0]).max() <= 2


@pytest.mark.parametrize("frames", [1, 3])
def test_ybr_422_of_three_bytes_per_pixel_is_refused(tmp_path: Path, frames: int) -> None:
    """As PixelMed 20220618 leaves it after turning (findings/pixelmed_rotate.sh)."""
    made = dataset(ybr(picture(frames, 3)), "YBR_FULL_422")
    with pytest.raises(FileError, match="YBR_FULL_422 has 2 bytes per pixel, not 3"):
        frames_of(save(made, tmp_path / "a.dcm"))


@pytest.mark.parametrize("first", [0, 5])
@pytest.mark.parametrize(("dtype", "bits"), [("u1", 8), ("u1", 16), ("u2", 16)])
def test_palettes_of_8_and_16_bits(tmp_path: Path, first: int, dtype: str, bits: int) -> None:
    stored = np.random.default_rng(1).integers(first, 60, (1, 24, 36)).astype(dtype)
    entries = np.random.default_rng(2).integers(0, 1 << bits, (3, 256)).astype("<u2" if bits == 16 else "u1")
    data = dataset(stored, "PALETTE COLOR")
    for colour, table in zip(("Red", "Green", "Blue"), entries, strict=True):
        setattr(data, f"{colour}PaletteColorLookupTableDescriptor", [256, first, bits])
        setattr(data, f"{colour}PaletteColorLookupTableData", table.tobytes())
    rgb = (entries >> (bits - 8)).astype(np.uint8).T[stored[0].astype(int) - first]
    np.testing.assert_array_equal(frames_of(save(data, tmp_path / "a.dcm"))[0], grey_of(rgb))


def test_a_window_is_applied(tmp_path: Path) -> None:
    stored = picture(1, dtype="u2") >> 4
    path = save(
        dataset(stored, WindowCenter=2000, WindowWidth=1000, BitsStored=12, HighBit=11), tmp_path / "a.dcm"
    )
    share = np.clip((stored.astype(float) - 1999.5) / 999 + 0.5, 0, 1)  # PS3.3 C.11.2.1.2
    np.testing.assert_array_equal(frames_of(path), np.rint(255 * share))


@pytest.mark.parametrize(
    ("function", "share"),
    [
        ("LINEAR_EXACT", lambda v: (v - 100) / 80 + 0.5),
        ("SIGMOID", lambda v: 1 / (1 + np.exp(-4 * (v - 100) / 80))),
    ],
)
def test_window_functions(tmp_path: Path, function: str, share: object) -> None:
    path = save(
        dataset(picture(), WindowCenter=100, WindowWidth=80, VOILUTFunction=function), tmp_path / "a.dcm"
    )
    np.testing.assert_array_equal(
        frames_of(path), np.rint(255 * np.clip(share(picture().astype(float)), 0, 1))
    )  # type: ignore[operator]


def test_rescaling_comes_before_the_window(tmp_path: Path) -> None:
    data = dataset(
        picture(), RescaleSlope=2, RescaleIntercept=-50, RescaleType="US", WindowCenter=150, WindowWidth=201
    )
    share = np.clip((2.0 * picture() - 50 - 149.5) / 200 + 0.5, 0, 1)
    np.testing.assert_array_equal(frames_of(save(data, tmp_path / "a.dcm")), np.rint(255 * share))


@pytest.mark.parametrize("sequence", ["ModalityLUTSequence", "VOILUTSequence"])
def test_lookup_tables(tmp_path: Path, sequence: str) -> None:
    table = Dataset()
    table.LUTDescriptor, table.LUTData = [256, 0, 16], (257 * np.arange(255, -1, -1)).astype("<u2").tobytes()
    table.ModalityLUTType = "US"
    path = save(dataset(picture(), **{sequence: [table]}), tmp_path / "a.dcm")
    np.testing.assert_array_equal(frames_of(path), 255 - picture())


def test_more_than_8_bits_without_a_window_spread_by_the_first_frame(tmp_path: Path) -> None:
    stored = (picture(2, dtype="u2") >> 6).astype(np.int16) - 300
    found = frames_of(save(dataset(stored), tmp_path / "a.dcm"))
    low, high = stored[0].min(), stored[0].max()
    np.testing.assert_array_equal(found, np.rint(255 * np.clip((stored - float(low)) / (high - low), 0, 1)))


def test_unused_bits_are_ignored(tmp_path: Path) -> None:
    stored = (picture(1, dtype="u2") >> 4) | 0xF000
    path = save(
        dataset(stored, BitsStored=12, HighBit=11, WindowCenter=2048, WindowWidth=4096), tmp_path / "a.dcm"
    )
    np.testing.assert_allclose(frames_of(path), (stored & 0xFFF) / 4095 * 255, atol=0.51)


@pytest.mark.parametrize("channels", [1, 3])
def test_rle(tmp_path: Path, channels: int) -> None:
    stored = picture(3, channels)
    data = dataset(stored, "RGB" if channels == 3 else "MONOCHROME2")
    options = {
        "rows": 24,
        "columns": 36,
        "samples_per_pixel": channels,
        "bits_allocated": 8,
        "bits_stored": 8,
        "pixel_representation": 0,
        "number_of_frames": 1,
    }
    options |= {"photometric_interpretation": data.PhotometricInterpretation, "planar_configuration": 0}
    encoded = [RLELosslessEncoder.encode(np.ascontiguousarray(frame), **options) for frame in stored]
    found = frames_of(save(encapsulated(data, RLELossless, encoded), tmp_path / "a.dcm"))
    np.testing.assert_array_equal(found, [grey_of(frame) for frame in stored] if channels == 3 else stored)


@pytest.mark.parametrize("photometric", ["MONOCHROME2", "RGB", "YBR_RCT", "YBR_ICT"])
def test_jpeg_2000(tmp_path: Path, photometric: str) -> None:
    stored = picture(2, 1 if photometric == "MONOCHROME2" else 3)
    lossy = photometric == "YBR_ICT"
    encoded = [jpeg_2000(frame, lossy) for frame in stored]
    path = save(
        encapsulated(dataset(stored, photometric), JPEG2000 if lossy else JPEG2000Lossless, encoded),
        tmp_path / "a.dcm",
    )
    expected = np.stack([grey_of(frame) for frame in stored]).astype(int)
    assert np.abs(frames_of(path) - expected).max() <= (12 if lossy else 0)


@pytest.mark.parametrize("photometric", ["MONOCHROME2", "RGB", "YBR_FULL", "YBR_FULL_422"])
def test_jpeg_baseline(tmp_path: Path, photometric: str) -> None:
    stored = picture(2, 1 if photometric == "MONOCHROME2" else 3)
    options = (
        {"keep_rgb": True}
        if photometric == "RGB"
        else {"subsampling": "4:2:2" if "422" in photometric else "4:4:4"}
    )
    encoded = [jpeg(frame, **({} if stored.ndim == 3 else options)) for frame in stored]
    found = frames_of(
        save(encapsulated(dataset(stored, photometric), JPEGBaseline8Bit, encoded), tmp_path / "a.dcm")
    ).astype(int)
    assert np.abs(found - [grey_of(frame) for frame in stored]).mean() < 4


@pytest.mark.parametrize(("bits", "high"), [(12, 15), (10, 13), (12, 12)])
def test_values_that_lie_in_the_high_bits(tmp_path: Path, bits: int, high: int) -> None:
    """As ACR-NEMA had them. pydicom (3.0.2) keeps the low bits of them, whatever HighBit says."""
    values = (picture(2).astype(np.uint16) << (bits - 8)) | 1
    more = {"BitsStored": bits, "HighBit": high, "WindowCenter": 1 << (bits - 1), "WindowWidth": 1 << bits}
    shifted = (values << (high - bits + 1)).astype(np.uint16)
    for packed in (False, True):
        data = dataset(shifted, **more)
        if packed:
            data.compress(RLELossless, generate_instance_uid=False)
        found = frames_of(save(data, tmp_path / "a.dcm"))
        np.testing.assert_allclose(found, values / ((1 << bits) - 1) * 255, atol=0.51)


def test_jpeg_2000_of_16_bits(tmp_path: Path) -> None:
    stored = picture(1, dtype="u2")
    data = encapsulated(
        dataset(stored, WindowCenter=32768, WindowWidth=65536), JPEG2000Lossless, [jpeg_2000(stored[0])]
    )
    np.testing.assert_allclose(frames_of(save(data, tmp_path / "a.dcm")), stored / 65535 * 255, atol=0.51)


def coded_by_gdcm(source: Path, kind: str) -> Path:
    gdcm = pytest.importorskip("gdcm", reason="python-gdcm is of the extra dicom")
    reader, change, writer = gdcm.ImageReader(), gdcm.ImageChangeTransferSyntax(), gdcm.ImageWriter()
    reader.SetFileName(str(source))
    assert reader.Read()
    change.SetTransferSyntax(gdcm.TransferSyntax(getattr(gdcm.TransferSyntax, kind)))
    change.SetInput(reader.GetImage())
    assert change.Change()
    coded = source.with_name("coded.dcm")
    writer.SetFileName(str(coded))
    writer.SetFile(reader.GetFile())
    writer.SetImage(change.GetOutput())
    assert writer.Write()
    assert read_header(coded).syntax.is_compressed
    return coded


@pytest.mark.parametrize("dtype", ["u1", "u2"])
def test_jpeg_lossless_and_jpeg_ls_of_gdcm(tmp_path: Path, dtype: str) -> None:
    top = np.iinfo(dtype).max
    source = save(
        dataset(picture(1, dtype=dtype), WindowCenter=(top + 1) / 2, WindowWidth=top + 1),
        tmp_path / "plain.dcm",
    )
    for kind in ("JPEGLosslessProcess14_1", "JPEGLSLossless"):
        np.testing.assert_array_equal(frames_of(coded_by_gdcm(source, kind)), frames_of(source))


@pytest.mark.parametrize("kind", ["JPEGLosslessProcess14_1", "JPEGLSLossless", "RLELossless"])
def test_coded_colour_is_pixels_whatever_the_planar_configuration(tmp_path: Path, kind: str) -> None:
    source = save(dataset(picture(2, 3), "RGB"), tmp_path / "plain.dcm")
    data = dcmread(coded_by_gdcm(source, kind))
    data.PlanarConfiguration = 1  # of the file before it was coded
    np.testing.assert_array_equal(frames_of(save(data, tmp_path / "one.dcm")), frames_of(source))


def test_jpeg_2000_is_pixels_whatever_the_planar_configuration(tmp_path: Path) -> None:
    stored = picture(2, 3)
    streams = [jpeg_2000(frame, keep_rgb=True) for frame in stored]
    data = encapsulated(dataset(stored, "RGB"), JPEG2000Lossless, streams)
    data.PlanarConfiguration = 1
    image = open_image(read_header(save(data, tmp_path / "a.dcm")))
    for number, frame in enumerate(stored):
        np.testing.assert_array_equal(read_stored(image, number)[0], frame)


@pytest.mark.parametrize("fragments", [1, 3])
@pytest.mark.parametrize("has_bot", [True, False])
@pytest.mark.parametrize("frames", [1, 4])
def test_frames_are_found_with_and_without_an_offset_table(
    tmp_path: Path, frames: int, has_bot: bool, fragments: int
) -> None:
    stored = picture(frames)
    data = encapsulated(
        dataset(stored), JPEG2000Lossless, [jpeg_2000(frame) for frame in stored], has_bot, fragments
    )
    cine = open_dicom(save(data, tmp_path / "a.dcm"))
    for number in (frames - 1, 0):
        np.testing.assert_array_equal(cine.read(number).pixels_hw, stored[number])


def test_an_extended_offset_table_is_used(tmp_path: Path) -> None:
    from pydicom.encaps import encapsulate_extended

    stored = picture(3)
    data = encapsulated(dataset(stored), JPEG2000Lossless, [])
    data.PixelData, data.ExtendedOffsetTable, data.ExtendedOffsetTableLengths = encapsulate_extended(
        [jpeg_2000(frame) for frame in stored]
    )
    np.testing.assert_array_equal(frames_of(save(data, tmp_path / "a.dcm")), stored)


def test_a_wrong_offset_table_is_not_believed(tmp_path: Path) -> None:
    stored = picture(3)
    data = encapsulated(dataset(stored), JPEG2000Lossless, [jpeg_2000(frame) for frame in stored])
    data.PixelData = data.PixelData[:8] + b"\xff" * 12 + data.PixelData[20:]
    np.testing.assert_array_equal(frames_of(save(data, tmp_path / "a.dcm")), stored)


@pytest.mark.parametrize("frames", [1, 3])
def test_an_offset_table_that_counts_fragments_is_not_believed(tmp_path: Path, frames: int) -> None:
    """As dcmjs 0.52.2 writes it: findings/dcmjs_fragments.sh."""
    from pydicom.encaps import encapsulate, generate_fragments

    stored = picture(frames)
    data = encapsulated(dataset(stored), JPEG2000Lossless, [jpeg_2000(frame) for frame in stored], False, 2)
    _empty, *parts = generate_fragments(data.PixelData)
    data.PixelData = encapsulate(parts)
    cine = open_dicom(save(data, tmp_path / "a.dcm"))
    for number in reversed(range(frames)):
        np.testing.assert_array_equal(cine.read(number).pixels_hw, stored[number])


def test_without_preamble(tmp_path: Path) -> None:
    for syntax in (ImplicitVRLittleEndian, ExplicitVRLittleEndian):
        buffer = io.BytesIO()
        bare = Dataset(dataset(picture(), syntax=syntax))
        bare.save_as(buffer, implicit_vr=syntax.is_implicit_VR, little_endian=True)
        (tmp_path / "noname").write_bytes(buffer.getvalue())
        assert read_header(tmp_path / "noname").syntax == syntax
        np.testing.assert_array_equal(read_frame(tmp_path / "noname").pixels_hw, picture()[0])


@pytest.mark.parametrize("lacking", [(), ("ClassUID",), ("ClassUID", "InstanceUID")])
def test_without_preamble_a_header_may_begin_with_any_tag(tmp_path: Path, lacking: tuple[str, ...]) -> None:
    """As pydicom writes it where nothing enforces the file format: without the header's length, version."""
    data = dataset(picture())
    data.preamble = None
    for name in lacking:
        del data.file_meta[f"MediaStorageSOP{name}"]
    data.save_as(tmp_path / "noname", enforce_file_format=False)
    np.testing.assert_array_equal(read_frame(tmp_path / "noname").pixels_hw, picture()[0])


@pytest.mark.parametrize(
    "first",
    [
        "SpecificCharacterSet",
        "ImageType",
        "InstanceCreationDate",
        "SOPClassUID",
        "SOPInstanceUID",
        "StudyDate",
    ],
)
def test_without_preamble_a_data_set_may_begin_with_any_tag(tmp_path: Path, first: str) -> None:
    bare = Dataset(
        dataset(picture(), StudyDate="20260101", InstanceCreationDate="20260101", ImageType="ORIGINAL")
    )
    bare.SpecificCharacterSet = "ISO_IR 100"
    for element in [one for one in bare if one.tag < bare[first].tag]:
        del bare[element.tag]
    bare.save_as(tmp_path / "noname", implicit_vr=True, little_endian=True)
    np.testing.assert_array_equal(read_frame(tmp_path / "noname").pixels_hw, picture()[0])


def traced(path: Path) -> tuple[float, float]:
    """What reading a cine through holds in the end, and at its worst, in grey frames; the caller keeps the
    last frame.
    """
    cine = open_dicom(path)
    kept = cine.read(0)
    tracemalloc.start()
    for frame in cine:
        kept = frame
    now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return now / kept.pixels_hw.nbytes, peak / kept.pixels_hw.nbytes


def test_a_cine_is_read_in_the_memory_of_one_frame(tmp_path: Path) -> None:
    large = picture().repeat(20, axis=1).repeat(10, axis=2)
    found = [
        traced(save(dataset(large.repeat(frames, axis=0)), tmp_path / f"{frames}.dcm")) for frames in (2, 30)
    ]
    assert found[1][0] < 1.1, "more than the caller keeps"
    assert found[1] == pytest.approx(found[0], abs=0.05), "memory grows with the number of frames"
    assert found[1][1] < 3.1, "more than one frame beyond the last one kept, and the one being made"


@pytest.mark.parametrize("photometric", ["YBR_FULL_422", "YBR_RCT"])
def test_an_encoded_colour_cine_too(tmp_path: Path, photometric: str) -> None:
    large = picture(1, 3).repeat(10, axis=1).repeat(10, axis=2)[0]
    encoded, syntax = (
        (jpeg(large), JPEGBaseline8Bit)
        if photometric == "YBR_FULL_422"
        else (jpeg_2000(large), JPEG2000Lossless)
    )
    found = []
    for frames in (2, 30):
        data = encapsulated(dataset(np.stack([large] * frames), photometric), syntax, [encoded] * frames)
        found.append(traced(save(data, tmp_path / f"{frames}.dcm")))
    assert found[1][0] < 1.2, "more than the caller keeps"
    assert found[1] == pytest.approx(found[0], abs=0.2), "memory grows with the number of frames"
    # The last frame kept, the new one, and less than a decoded frame of colour (3): the encoded bytes, and
    # grey in two parts.
    assert found[1][1] < 5, "more than one decoded frame beyond what the caller keeps"


@pytest.mark.parametrize("photometric", ["YBR_FULL", "YBR_FULL_422", "YBR_RCT", "RGB"])
def test_luma_taken_directly_is_that_of_the_decoded_colour(
    tmp_path: Path, photometric: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = picture(2, 3)
    encoded = [
        jpeg(frame, subsampling="4:2:2") if photometric.startswith("YBR_FULL") else jpeg_2000(frame)
        for frame in stored
    ]
    syntax = JPEGBaseline8Bit if photometric.startswith("YBR_FULL") else JPEG2000Lossless
    path = save(encapsulated(dataset(stored, photometric), syntax, encoded), tmp_path / "a.dcm")
    direct = frames_of(path)
    monkeypatch.setattr("uniultra.io.dicom.pixels.quick_luma", lambda *_: None)
    np.testing.assert_array_equal(direct, frames_of(path))


def test_stored_values_are_rgb(tmp_path: Path) -> None:
    stored = picture(2, 3)
    image = open_image(read_header(save(dataset(stored, "RGB", PlanarConfiguration=1), tmp_path / "a.dcm")))
    np.testing.assert_array_equal(read_stored(image, 1)[0], stored[1])


def test_a_frame_that_is_not_there(tmp_path: Path) -> None:
    cine = open_dicom(save(dataset(picture(3)), tmp_path / "a.dcm"))
    with pytest.raises(FileError, match=r"there is no frame 3; legal are 0 to 2; count from 0"):
        cine.read(3)
