"""What the page without a server reads of a DICOM file is what Python reads: colours, frames, scale."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate, encapsulate_extended, get_frame
from pydicom.pixels import pixel_array
from pydicom.uid import UID, ExplicitVRLittleEndian, ImplicitVRLittleEndian, JPEGBaseline8Bit, RLELossless

from dicoms import dataset, encapsulated, jpeg, picture, region, save
from uniultra.errors import FileError
from uniultra.io.cines import open_cine
from uniultra.io.dicom.header import read_header
from uniultra.io.dicom.pixel_checks import check_decoder
from uniultra.io.images import read_frame
from uniultra.web.workspace.static_files import STATIC

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
SCRIPT = f"""
import {{ readFileSync }} from "node:fs";
import {{ readDicom }} from "{(STATIC / "local/dicom.mjs").as_uri()}";
const given = JSON.parse(readFileSync(0));
globalThis.ImageData = class {{
    constructor(width, height) {{
        Object.assign(this, {{ width, height, data: new Uint8ClampedArray(4 * width * height) }});
    }}
}};
const told = async (path) => {{
    try {{
        const image = readDicom(new Uint8Array(readFileSync(path)));
        const frames = Array.from({{ length: image.count }}, (_, n) => image.frame(n));
        const table = image.table && Array.from(image.table);
        const coded = await Promise.all(frames.map(async (one) =>
            one instanceof Blob ? Array.from(new Uint8Array(await one.arrayBuffer())) : null));
        const {{ raw, ...facts }} = image;
        return {{ ...facts, table, coded, frames: frames.map((one) => Array.from(one.data ?? [])) }};
    }} catch (error) {{
        return {{ refused: error.message }};
    }}
}};
console.log(JSON.stringify(await Promise.all(given.map(told))));
"""


def read(*paths: Path) -> list[dict[str, Any]]:
    """What the reader says of each file."""
    command = ["node", "--input-type=module", "-e", SCRIPT]
    given = json.dumps([str(path) for path in paths])
    done = subprocess.run(command, input=given, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("photometric", "more"),
    [
        ("MONOCHROME2", {}),
        ("MONOCHROME1", {}),
        ("RGB", {}),
        ("RGB", {"PlanarConfiguration": 1}),
        ("YBR_FULL", {}),
        ("YBR_FULL", {"PlanarConfiguration": 1}),
    ],
)
def test_colours_of_each_frame(tmp_path: Path, photometric: str, more: dict[str, Any]) -> None:
    channels = 1 if photometric.startswith("MONO") else 3
    path = save(dataset(picture(3, channels), photometric, **more), tmp_path / "a.dcm")
    truth = pixel_array(path).astype(int)
    if photometric == "MONOCHROME1":
        truth = 255 - truth
    [found] = read(path)
    pixels = np.array(found["frames"]).reshape(3, found["height"], found["width"], 4)[..., :3]
    assert np.abs(pixels - (truth if channels == 3 else truth[..., None])).max() <= 1


def test_what_would_come_out_in_other_colours_is_refused(tmp_path: Path) -> None:
    half = dataset(picture(1, 3), "YBR_FULL_422")
    deep = dataset(picture(1, 3, "u2"), "RGB")
    split = encapsulated(dataset(picture(2)), JPEGBaseline8Bit, [jpeg(one) for one in picture(3)])
    paths = [save(one, tmp_path / f"{number}.dcm") for number, one in enumerate((half, deep, split))]
    said = [found["refused"] for found in read(*paths)]
    assert "YBR_FULL_422, aren't read here" in said[0]
    assert "its 16 bits a sample aren't read here" in said[1]
    assert "its 2 frames lie in 3 pieces" in said[2]


@pytest.mark.parametrize("ending", ["4.51", "4.80", "4.81", "4.90", "4.91"])
def test_what_the_server_reads_is_sent_to_it(tmp_path: Path, ending: str) -> None:
    path = coded_as(f"1.2.840.10008.1.2.{ending}", tmp_path / "a.dcm")
    [found] = read(path)
    assert found["refused"].endswith("isn't read here; use `uniultra open`")
    check_decoder(read_header(path))


@pytest.mark.parametrize("ending", ["4.92", "4.100", "4.102", "4.107", "4.201", "4.202", "4.203", "7.1"])
def test_what_nothing_reads_is_not_sent_to_the_server(tmp_path: Path, ending: str) -> None:
    """High-Throughput JPEG 2000, and video within DICOM, among others."""
    path = coded_as(f"1.2.840.10008.1.2.{ending}", tmp_path / "a.dcm")
    [found] = read(path)
    assert found["refused"].endswith("isn't read, nor by `uniultra open`; export it uncompressed")
    with pytest.raises(FileError, match=r"can't be read|no decoder of"):
        check_decoder(read_header(path))


def coded_as(syntax: str, path: Path) -> Path:
    """A file whose header says so."""
    return save(encapsulated(dataset(picture()), UID(syntax), [b"anything"]), path)


def test_values_of_64_bits_before_the_pixels(tmp_path: Path) -> None:
    """The table of 64-bit offsets (VR OV) hid the pixels: "it has no pixel data"."""
    frames = [jpeg(one) for one in picture(3)]
    made = encapsulated(dataset(picture(3)), JPEGBaseline8Bit, frames)
    data, offsets, lengths = encapsulate_extended(frames)
    made.PixelData, made.ExtendedOffsetTable, made.ExtendedOffsetTableLengths = data, offsets, lengths
    made.add_new(0x00720081, "SV", -5)
    made.add_new(0x00720082, "UV", 5)
    [found] = read(save(made, tmp_path / "a.dcm"))
    assert [bytes(one).rstrip(b"\0") for one in found["coded"]] == frames


def without(item: Dataset, *keywords: str) -> Dataset:
    for keyword in keywords:
        delattr(item, keyword)
    return item


@pytest.mark.parametrize(
    ("items", "more"),
    [
        ([region((0, 0, 35, 23), (0.02, 0.03))], {}),
        ([region((0, 0, 35, 23), (0.02, -0.03))], {}),
        ([region((0, 0, 35, 23), (-0.02, -0.03))], {"PixelSpacing": [0.5, 0.5]}),
        ([region((0, 0, 35, 23), (0.0, 0.03))], {"PixelSpacing": [0.5, 0.4]}),
        ([region((0, 0, 35, 23), (float("inf"), 0.03))], {}),
        ([region((20, 0, 5, 23)), region((0, 0, 35, 23), 0.01, 2, (4, 3))], {}),
        ([], {"PixelSpacing": [0.3, 0.2], "NominalScannedPixelSpacing": [0.5, 0.5]}),
        ([], {"PixelSpacing": [1, 1]}),
        ([], {"PixelSpacing": [0.264583, 0.264583]}),
        ([], {"NominalScannedPixelSpacing": [0.35278, 0.35278]}),
        ([region((0, 0, 35, 23), 0.1)], {"PixelSpacing": [1, 1]}),
        ([], {"PixelSpacing": [0, 0.2]}),
        ([], {"PixelSpacing": [-0.3, 0.2]}),
        ([], {"PixelSpacing": [0.3, 0.2, 0.1]}),
        ([region((0, 0, 595, 414), 0.051)], {}),
        ([region((0, 0, 35, 23), 1.5), region((0, 0, 35, 23), 1e-5)], {"PixelSpacing": [0.5, 0.2]}),
        ([region((0, 0, 35, 23), (0.02, 0.03))], {"PixelSpacing": [0.3, 0.2]}),
        ([region((0, 0, 35, 23), 0.02, 3, (4, 7)), region((0, 0, 35, 23), 0.02, 9, (99, 3))], {}),
        ([region((0, 0, 35, 23), 0.02)], {"PixelAspectRatio": [2, 1]}),
        ([region((0, 0, 35, 23), (0.02, 0.04))], {"PixelAspectRatio": [2, 1]}),
        ([], {"PixelAspectRatio": [2, 3]}),
        ([], {"PixelAspectRatio": [2, 1], "PixelSpacing": [0.2, 0.2]}),
        ([without(region((0, 0, 35, 23)), "RegionLocationMaxX1"), region((0, 0, 35, 23), 0.02)], {}),
        ([without(region((0, 0, 35, 23)), "PhysicalDeltaX", "RegionFlags")], {"PixelSpacing": [0.5, 0.4]}),
        ([without(region((0, 0, 35, 23)), "RegionSpatialFormat")], {}),
        ([region((0, 0, 35, 23)), region((30, 0, 35, 23), 0.0, 0, (0, 0), RegionDataType=13)], {}),
        ([region((0, 0, 35, 23), 0.02, 4, (4, 0)), region((0, 0, 35, 23), 0.02, 5, (0, 0))], {}),
        ([], {}),
    ],
)
def test_the_scale(tmp_path: Path, items: list[Any], more: dict[str, Any]) -> None:
    if items:
        more = {**more, "SequenceOfUltrasoundRegions": items}
    path = save(dataset(picture(), **more), tmp_path / "a.dcm")
    truth, found = read_frame(path).calibration, read(path)[0]["calibration"]
    assert len(found["regions"]) == len(truth.regions)
    for one, other in zip(found["regions"], truth.regions, strict=True):
        assert one["box_xyxy"] == list(other.box_xyxy)
        assert (one["number"], one["shape"]) == (other.number, other.shape)
        assert (one["fault"], one["low_priority"]) == (other.fault, other.low_priority)
        mm = None if one["spacing_mm_yx"] is None else tuple(one["spacing_mm_yx"])
        assert mm == pytest.approx(other.spacing_mm_yx)
    assert found["fallbacks"] == [[name, list(mm)] for name, mm in truth.fallbacks]
    assert found["notes"] == list(truth.notes)
    assert found["pixel_aspect"] == truth.pixel_aspect


def voi_lut(first: int, entries: np.ndarray, bits: int) -> Dataset:
    item = Dataset()
    item.add_new("LUTDescriptor", "US" if first >= 0 else "SS", [len(entries) % 65536, first, bits])
    item.LUTData = entries.astype("<u2").tobytes()
    item["LUTData"].VR = "OW"
    return item


CURVE = np.rint(np.linspace(0, 1, 200) ** 2 * 4095)
WINDOW = {"WindowCenter": [120, 60], "WindowWidth": [90, 20]}
GREYS: list[tuple[str, dict[str, Any]]] = [
    ("u1", WINDOW),
    ("u1", WINDOW | {"VOILUTFunction": "SIGMOID"}),
    ("u1", WINDOW | {"VOILUTFunction": "LINEAR_EXACT"}),
    ("u1", {"WindowCenter": 100, "WindowWidth": 1}),
    ("u1", {"WindowCenter": 100, "WindowWidth": 0}),
    ("u1", {"WindowCenter": 100.5, "WindowWidth": 77.3, "RescaleSlope": 1.7, "RescaleIntercept": -40}),
    ("u1", {"VOILUTSequence": [voi_lut(20, CURVE, 12)]}),
    ("u1", {"VOILUTSequence": [voi_lut(-30, CURVE, 12)], "RescaleIntercept": -90, "RescaleSlope": 0.5}),
    ("u1", {"ModalityLUTSequence": [voi_lut(0, CURVE, 12)], "WindowCenter": 1000, "WindowWidth": 1800}),
    ("u1", {"PixelPaddingValue": 60, "PixelPaddingRangeLimit": 90}),
    ("u1", {"BitsStored": 7, "HighBit": 6}),
    ("u2", {"WindowCenter": 30000, "WindowWidth": 20000}),
    ("u2", {}),
    ("u2", {"PixelPaddingValue": 56283}),
    ("u2", {"BitsStored": 12, "HighBit": 11}),
    ("u2", {"BitsStored": 12, "HighBit": 15}),
    ("u1", {"BitsStored": 7, "HighBit": 7}),
    ("i2", {"WindowCenter": 12000, "WindowWidth": 9000, "RescaleIntercept": -1024, "RescaleSlope": 1}),
    ("i2", {"VOILUTSequence": [voi_lut(40000, CURVE, 12)], "RescaleIntercept": -33000}),
]


@pytest.mark.parametrize("photometric", ["MONOCHROME2", "MONOCHROME1"])
@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian])
def test_the_window_and_the_tables(tmp_path: Path, syntax: Any, photometric: str) -> None:
    """Grey for grey what Python shows, of 8 bits and 16, signed and not."""
    paths = []
    for number, (dtype, more) in enumerate(GREYS):
        made = dataset(picture(2, dtype=dtype), photometric, syntax, **more)
        paths.append(save(made, tmp_path / f"{number}.dcm"))
    for path, found, case in zip(paths, read(*paths), GREYS, strict=True):
        pixels = np.array(found["frames"]).reshape(2, found["height"], found["width"], 4)
        truth = np.stack([open_cine(path).read(number).pixels_hw for number in range(2)])
        assert np.ptp(truth) > 0, case
        assert np.array_equal(pixels[..., :3], np.repeat(truth[..., None], 3, axis=-1)), case


def test_an_encoded_picture_comes_with_its_table(tmp_path: Path) -> None:
    """The browser decodes the JPEG; what its grey becomes is Python's."""
    frame = np.repeat(np.arange(256, dtype=np.uint8)[None], 8, axis=0)
    cases = [("MONOCHROME2", WINDOW), ("MONOCHROME1", {}), ("MONOCHROME2", {})]
    paths = []
    for number, (photometric, more) in enumerate(cases):
        made = encapsulated(dataset(frame[None], photometric, **more), JPEGBaseline8Bit, [jpeg(frame)])
        paths.append(save(made, tmp_path / f"{number}.dcm"))
    tables = [found["table"] for found in read(*paths)]
    for path, table in zip(paths, tables, strict=True):
        decoded = pixel_array(path)
        shown = decoded if table is None else np.array(table, np.uint8)[decoded]
        assert np.array_equal(shown, read_frame(path).pixels_hw)
    assert [table is None for table in tables] == [False, False, True]


def test_a_damaged_table_is_refused(tmp_path: Path) -> None:
    item = voi_lut(0, CURVE, 12)
    item.LUTData = item.LUTData[:90]
    damaged = save(dataset(picture(dtype="u2"), VOILUTSequence=[item]), tmp_path / "a.dcm")
    odd = save(dataset(picture(), BitsStored=5, HighBit=3), tmp_path / "b.dcm")
    said = [found["refused"] for found in read(damaged, odd)]
    assert "the VOI lookup table is damaged" in said[0]
    assert "5 bits stored with high bit 3" in said[1]


TIMES: list[dict[str, Any]] = [
    {"FrameTime": 40},
    {"FrameTimeVector": [0, 30, 50]},
    {"FrameTimeVector": [0, 30, 50], "FrameTime": 40},
    {"FrameTimeVector": [0, 30, 50], "FrameTime": 40, "FrameIncrementPointer": 0x00181063},
    {"FrameTimeVector": [0, 30, 50], "FrameTime": 40, "FrameIncrementPointer": 0x00181065},
    {"FrameTimeVector": [0, 30], "FrameTime": 40},
    {"FrameTimeVector": [0, -30, 50]},
    {"FrameTimeVector": [7, 33.3333333333, 33.3333333333]},
    {"CineRate": 25},
    {"CineRate": 0, "RecommendedDisplayFrameRate": 50},
    {},
]


def test_the_times(tmp_path: Path) -> None:
    paths = [
        save(dataset(picture(3), **more), tmp_path / f"{number}.dcm") for number, more in enumerate(TIMES)
    ]
    for path, found, case in zip(paths, read(*paths), TIMES, strict=True):
        cine = open_cine(path)
        times = None if found["times_s"] is None else tuple(found["times_s"])
        assert times == (None if cine.times_s is None else pytest.approx(cine.times_s, abs=1e-12)), case
        assert [note for note in cine.notes if "FrameTimeVector" in note] == found["notes"], case


def test_a_long_cine_keeps_its_times(tmp_path: Path) -> None:
    steps = [0, *(30 + number % 7 for number in range(399))]
    made = dataset(np.zeros((400, 4, 5), np.uint8), FrameTimeVector=steps)
    [found] = read(save(made, tmp_path / "a.dcm"))
    assert found["times_s"] == pytest.approx(np.cumsum(steps) / 1000)


@pytest.mark.parametrize("fragments", [1, 3])
@pytest.mark.parametrize("has_bot", [True, False])
def test_frames_are_found_in_their_pieces(tmp_path: Path, fragments: int, has_bot: bool) -> None:
    """With a table of offsets and without: the bytes of each JPEG, whole."""
    coded = [jpeg(one) for one in picture(4)]
    made = encapsulated(dataset(picture(4)), JPEGBaseline8Bit, coded, has_bot, fragments)
    one = encapsulated(dataset(picture()), JPEGBaseline8Bit, coded[:1], has_bot, fragments)
    many, alone = read(save(made, tmp_path / "a.dcm"), save(one, tmp_path / "b.dcm"))
    for found, truth in ((many, coded), (alone, coded[:1])):
        for data, expected in zip(found["coded"], truth, strict=True):
            assert bytes(data).rstrip(b"\0") == expected


def test_jpeg_that_is_rgb_without_saying_so_is_shown_as_rgb(tmp_path: Path) -> None:
    """A browser takes three samples for YCbCr unless Adobe's segment says that they aren't."""
    rgb = picture(1, 3)[0]
    said = jpeg(rgb, keep_rgb=True)
    adobe = said.index(b"\xff\xee")
    silent = said[:adobe] + said[adobe + 2 + int.from_bytes(said[adobe + 2 : adobe + 4]) :]
    frame = silent.index(b"\xff\xc0") + 10
    for component in range(3):  # their names would tell
        at = frame + 3 * component
        silent = silent[:at] + bytes([component + 1]) + silent[at + 1 :]
    scan = silent.index(b"\xff\xda") + 5
    for component in range(3):
        at = scan + 2 * component
        silent = silent[:at] + bytes([component + 1]) + silent[at + 1 :]
    codes = {"silent": silent, "said": said, "halved": jpeg(rgb, subsampling="4:2:0")}
    paths = [
        save(encapsulated(dataset(rgb[None], "RGB"), JPEGBaseline8Bit, [code]), tmp_path / f"{name}.dcm")
        for name, code in codes.items()
    ]
    shown = [Image.open(io.BytesIO(bytes(found["coded"][0]))).convert("RGB") for found in read(*paths)]
    for one in shown[:2]:
        assert np.abs(np.asarray(one).astype(int) - rgb).max() < 20
    assert np.abs(np.asarray(Image.open(io.BytesIO(silent)).convert("RGB")).astype(int) - rgb).max() > 60
    assert np.abs(np.asarray(shown[2]).astype(int) - rgb).mean() < 20


def lossless(source: Path, target: Path) -> Path:
    """The same file as lossless JPEG."""
    gdcm = pytest.importorskip("gdcm", reason="python-gdcm is of the extra dicom")
    reader = gdcm.ImageReader()
    reader.SetFileName(str(source))
    assert reader.Read()
    change = gdcm.ImageChangeTransferSyntax()
    change.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.JPEGLosslessProcess14_1))
    change.SetInput(reader.GetImage())
    assert change.Change()
    writer = gdcm.ImageWriter()
    writer.SetFileName(str(target))
    writer.SetFile(reader.GetFile())
    writer.SetImage(change.GetOutput())
    assert writer.Write()
    return target


def test_rle_and_lossless_jpeg_are_decoded(tmp_path: Path) -> None:
    """Bit for bit, grey of 8 and 16 bits and colours."""
    noise = np.random.default_rng(2)
    frames = [
        picture(2),
        picture(2, 3),
        picture(2, dtype="u2"),
        noise.integers(0, 256, (2, 24, 36)).astype(np.uint8),
        noise.integers(0, 65536, (1, 24, 36)).astype(np.uint16),
        np.zeros((1, 24, 36), np.uint8),
    ]
    paths, truths = [], []
    for number, stored in enumerate(frames):
        more = {"WindowCenter": 32768, "WindowWidth": 65536} if stored.dtype == np.uint16 else {}
        kind = "RGB" if stored.ndim == 4 else "MONOCHROME2"
        plain = save(dataset(stored, kind, **more), tmp_path / f"{number}.dcm")
        packed = dataset(stored, kind, **more)
        packed.compress(RLELossless, generate_instance_uid=False)
        paths.append(save(packed, tmp_path / f"{number}.rle.dcm"))
        paths.append(lossless(plain, tmp_path / f"{number}.ll.dcm"))
        truths += [plain, plain]
    found = read(*paths, *truths[::2])
    plain = [one["frames"] for one in found[len(paths) :] for _ in range(2)]
    for path, one, truth in zip(paths, found, plain, strict=False):
        assert one.get("frames") == truth, (path.name, one.get("refused"))


def test_damaged_pixels_are_refused(tmp_path: Path) -> None:
    packed = dataset(picture())
    packed.compress(RLELossless, generate_instance_uid=False)
    packed.PixelData = encapsulate([get_frame(packed.PixelData, 0)[:90]])
    coded = lossless(save(dataset(picture()), tmp_path / "plain.dcm"), tmp_path / "b.dcm")
    whole = dcmread(coded)
    whole.PixelData = encapsulate([get_frame(whole.PixelData, 0)[:200]])
    said = read(save(packed, tmp_path / "a.dcm"), save(whole, tmp_path / "c.dcm"))
    assert ["refused" in one for one in said] == [True, True]
    assert "RLE data is truncated" in said[0]["refused"]
    assert "lossless JPEG is damaged or truncated" in said[1]["refused"]
