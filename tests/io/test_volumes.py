"""MetaImage and NRRD in, label maps of both, and segmentations for Slicer out.

The files are written here by the formats' own specifications. That SimpleITK 2.5.7 and pynrrd 1.1.3 agree
with what is read, and slicerio 1.4.0 with what is written, was a run of 28 November 2026: docs/formats.md.
"""

from __future__ import annotations

import bz2
import gzip
import zlib
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from uniultra.cli.main import app
from uniultra.errors import FileError
from uniultra.io.cines import open_cine
from uniultra.io.images import find_images, read_frame
from uniultra.io.label_maps import READERS
from uniultra.io.nrrd import write_seg_nrrd

WIDTH, HEIGHT, COUNT = 40, 30, 3
PACK = {"raw": bytes, "gzip": gzip.compress, "bzip2": bz2.compress}


def marked(dtype: str = "u1") -> np.ndarray:
    """(frames, H, W), dim noise with a bright mark in the upper left corner: up and left must stay up and
    left.
    """
    pixels = np.random.default_rng(0).integers(0, 60, (COUNT, HEIGHT, WIDTH)).astype(dtype)
    pixels[:, 2:6, 3:9] = 255
    return pixels


def mha(pixels: np.ndarray, **more: str) -> bytes:
    """A MetaImage in one file; `more` replaces lines, or leaves one out where it is empty."""
    kinds = {"u1": "MET_UCHAR", "i2": "MET_SHORT", "u2": "MET_USHORT", "f4": "MET_FLOAT"}
    data = pixels.tobytes()
    if more.get("CompressedData") == "True":
        data = zlib.compress(data)
    frames, height, width = pixels.shape[:3]
    lines = {
        "ObjectType": "Image",
        "NDims": "3",
        "BinaryData": "True",
        "BinaryDataByteOrderMSB": "False",
        "ElementSpacing": "0.2 0.3 1",
        "DimSize": f"{width} {height} {frames}",
        "ElementType": kinds[pixels.dtype.str[1:]],
        **more,
    }
    text = "".join(f"{key} = {value}\n" for key, value in lines.items() if value)
    return f"{text}ElementDataFile = LOCAL\n".encode() + data


def nrrd(pixels: np.ndarray, encoding: str = "raw", **more: str) -> bytes:
    kinds = {"u1": "unsigned char", "i2": "short", "f4": "float"}
    frames, height, width = pixels.shape[:3]
    lines = {
        "type": kinds[pixels.dtype.str[1:]],
        "dimension": "3",
        "space": "left-posterior-superior",
        "sizes": f"{width} {height} {frames}",
        "space directions": "(0.2,0,0) (0,0.3,0) (0,0,1)",
        "kinds": "domain domain domain",
        "encoding": encoding,
        "endian": "little",
    } | {key.replace("_", " "): value for key, value in more.items()}
    text = "".join(f"{key}: {value}\n" for key, value in lines.items() if value)
    return f"NRRD0004\n# made by a test\n{text}\n".encode() + PACK.get(encoding, bytes)(pixels.tobytes())


def put(folder: Path, name: str, data: bytes) -> Path:
    (folder / name).write_bytes(data)
    return folder / name


@pytest.mark.parametrize(
    "made",
    [
        ("a.mha", mha(marked())),
        ("a.mha", mha(marked(), CompressedData="True")),
        ("a.nrrd", nrrd(marked())),
        ("a.nrrd", nrrd(marked(), "gzip")),
        ("a.nrrd", nrrd(marked(), "bzip2")),
    ],
)
def test_the_same_pixels_back_from_every_form(tmp_path: Path, made: tuple[str, bytes]) -> None:
    cine = open_cine(put(tmp_path, *made))
    assert (cine.count, cine.frame_hw) == (COUNT, (HEIGHT, WIDTH))
    for number, frame in enumerate(cine):
        assert np.array_equal(frame.pixels_hw, marked()[number])
        assert np.array_equal(cine.read(number).pixels_hw, frame.pixels_hw)
        assert frame.spacing_mm_yx == pytest.approx((0.3, 0.2))
    assert cine.times_s is None
    assert "slices" in cine.notes[0]
    assert find_images([tmp_path]) == [tmp_path / made[0]]


def test_a_stream_that_packs_well_comes_back_whole(tmp_path: Path) -> None:
    flat = np.full((7, 200, 300), 9, np.uint8)  # the last bytes of the file unpack to several frames
    for name, data in (("a.mha", mha(flat, CompressedData="True")), ("b.nrrd", nrrd(flat, "bzip2"))):
        assert sum(int((frame.pixels_hw == 9).all()) for frame in open_cine(put(tmp_path, name, data))) == 7


def test_other_values_are_spread_and_both_byte_orders_are_one(tmp_path: Path) -> None:
    wide = (marked("i2") * 10 - 700).astype("<i2")
    little = read_frame(put(tmp_path, "a.mha", mha(wide)), 1).pixels_hw
    big = mha(wide.astype(">i2"), BinaryDataByteOrderMSB="True", ElementType="MET_SHORT")
    assert little.min() <= 1
    assert little[3, 4] == 255
    assert np.array_equal(little, read_frame(put(tmp_path, "b.mha", big), 1).pixels_hw)
    assert np.array_equal(little, read_frame(put(tmp_path, "c.nrrd", nrrd(wide)), 1).pixels_hw)


def test_colour_becomes_luma(tmp_path: Path) -> None:
    red = np.zeros((1, HEIGHT, WIDTH, 3), np.uint8)
    red[..., 0] = 255
    file = put(tmp_path, "a.mha", mha(red, ElementNumberOfChannels="3"))
    assert (read_frame(file).pixels_hw == 76).all()
    more = {"dimension": "4", "sizes": f"3 {WIDTH} {HEIGHT} 1", "kinds": "vector domain domain domain"}
    directions = {"space directions": "none (0.2,0,0) (0,0.3,0) (0,0,1)"}
    frame = read_frame(put(tmp_path, "a.nrrd", nrrd(red, **more, **directions)))
    assert (frame.pixels_hw == 76).all()
    assert frame.spacing_mm_yx == pytest.approx((0.3, 0.2))


def test_pixels_in_a_file_beside_it(tmp_path: Path) -> None:
    head = mha(marked()).split(b"LOCAL")[0]
    put(tmp_path, "a.raw", b"skip" + marked().tobytes())
    plain = put(tmp_path, "a.mhd", head.replace(b"NDims", b"HeaderSize = 4\nNDims") + b"a.raw\n")
    from_end = put(tmp_path, "b.mhd", head.replace(b"NDims", b"HeaderSize = -1\nNDims") + b"a.raw\n")
    other = put(tmp_path, "a.nhdr", nrrd(marked()).split(b"\n\n")[0] + b"\nbyte skip: -1\ndata file: a.raw\n")
    for file in (plain, from_end, other):
        assert np.array_equal(open_cine(file).read(2).pixels_hw, marked()[2])


PLUS = {
    "UltrasoundImageOrientation": "MF",
    "UltrasoundImageType": "BRIGHTNESS",
    "ElementSpacing": "1 1 1",
    **{f"Seq_Frame{i:04}_Timestamp": f"{12.5 + 0.04 * i}" for i in range(COUNT)},
    "Seq_Frame0000_ProbeToTrackerTransform": "0 -1 0 5 1 0 0 5 0 0 1 5 0 0 0 1",
    "Seq_Frame0000_ImageToProbeTransform": "0.11 0 0 5 0 0.22 0 5 0 0 1 5 0 0 0 1",
    "Seq_Frame0001_ImageStatus": "INVALID",
}


@pytest.mark.parametrize(("letters", "flips"), {"MF": 0, "MFA": 0, "UF": 1, "MN": 2, "UNA": 3}.items())
def test_a_cine_of_plus_has_its_times_its_millimetres_and_is_turned_upright(
    tmp_path: Path, letters: str, flips: int
) -> None:
    lying = marked()[:, :: -1 if flips & 2 else 1, :: -1 if flips & 1 else 1]
    more = PLUS | {"UltrasoundImageOrientation": letters, "CompressedData": "True"}
    cine = open_cine(put(tmp_path, "a.igs.mha", mha(np.ascontiguousarray(lying), **more)))
    assert np.array_equal(cine.read(1).pixels_hw, marked()[1])  # the mark is up and left again
    assert cine.times_s == pytest.approx((0, 0.04, 0.08))
    assert cine.read(0).spacing_mm_yx == pytest.approx((0.22, 0.11))
    assert any("turned over" in note for note in cine.notes) == bool(flips)
    assert any("INVALID" in note for note in cine.notes)


def test_a_spacing_of_one_is_none_and_a_rigid_transform_too(tmp_path: Path) -> None:
    rigid = {
        "ElementSpacing": "1 1 1",
        "Seq_Frame0000_ImageToTrackerTransform": "0 -1 0 5 1 0 0 5 0 0 1 5 0 0 0 1",
    }
    ones = {"space_directions": "(1,0,0) (0,1,0) (0,0,1)"}
    for name, data in (("a.mha", mha(marked(), **rigid)), ("a.nrrd", nrrd(marked(), **ones))):
        cine = open_cine(put(tmp_path, name, data))
        assert cine.calibration.whole_mm_yx is None
        assert any("1 x 1" in note for note in cine.notes)


REFUSED = {
    "cut header": (mha(marked())[:60], "no ElementDataFile"),
    "cut pixels": (mha(marked())[:-1], "truncated"),
    "cut stream": (mha(marked(), CompressedData="True")[:-400], "truncated"),
    "no stream": (mha(marked(), CompressedData="True").replace(b"\x78\x9c", b"\0\0"), "can't be unpacked"),
    "no sizes": (mha(marked(), DimSize=""), "DimSize is"),
    "negative": (mha(marked(), DimSize="-40 30 3"), "not 2 to 5 whole numbers"),
    "huge": (mha(marked(), DimSize="99999999 30 3"), "99999999"),
    "a bomb": (mha(np.zeros((1, 9, 9), np.uint8), DimSize="9 9 999999999"), "frames; legal are"),
    "two more axes": (mha(marked(), DimSize="40 15 2 3"), "take out one slice"),
    "unknown type": (mha(marked(), ElementType="MET_STRING"), "legal are MET_CHAR"),
    "text": (mha(marked(), BinaryData="False"), "save it as binary"),
    "five channels": (mha(marked(), ElementNumberOfChannels="5"), "5 channels"),
    "no number": (mha(marked(), ElementSpacing="0.2 x 1"), "not 3 finite numbers"),
    "lines of RF": (mha(marked(), UltrasoundImageType="RF_REAL"), "scan-convert"),
    "depth along rows": (mha(marked(), UltrasoundImageOrientation="FM"), "legal are MF"),
    "nan": (mha(np.full((1, 9, 9), np.nan, np.float32)), "NaN"),
    "binary": (b"ObjectType\0" * 9, "isn't text"),
    "elsewhere": (mha(marked()).replace(b"LOCAL", b"/etc/passwd"), "one file beside it"),
    "above": (mha(marked()).replace(b"LOCAL", b"../a.raw"), "one file beside it"),
    "several": (mha(marked()).replace(b"LOCAL", b"a%03d.raw 1 9 1"), "one file beside it"),
    "missing": (mha(marked()).replace(b"LOCAL", b"b.raw"), "no such file"),
    "nrrd cut": (nrrd(marked())[:-1], "truncated"),
    "nrrd cut stream": (nrrd(marked(), "gzip")[:-400], "truncated"),
    "nrrd encoding": (nrrd(marked(), "hex"), "encoding 'hex'"),
    "nrrd type": (nrrd(marked(), type="block"), "type 'block'"),
    "nrrd line": (b"NRRD0004\nnothing\n\n", "is not a field"),
    "nrrd axes": (nrrd(marked(), kinds="stub domain domain"), "legal is domain domain"),
    "nrrd elsewhere": (nrrd(marked(), data_file="../../a.raw"), "one file beside it"),
    "nrrd list": (nrrd(marked(), data_file="LIST"), "no such file"),
}


@pytest.mark.parametrize(("data", "message"), REFUSED.values(), ids=REFUSED)
def test_hostile_files_are_refused_in_one_line(
    tmp_path: Path, data: bytes, message: str, request: pytest.FixtureRequest
) -> None:
    file = put(tmp_path, "a.nrrd" if data.startswith(b"NRRD") else "a.mha", data)
    with pytest.raises(FileError, match=message) as caught:
        list(open_cine(file))
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 500
    done = CliRunner().invoke(app, ["info", str(file)])
    assert done.exit_code == 2 or "stream" in request.node.callspec.id  # found when later frames are read


def test_labels_go_round_and_are_measured(tmp_path: Path) -> None:
    ids = np.zeros((HEIGHT, WIDTH), np.uint8)
    ids[5:15, 4:24], ids[20:25, 30:40] = 1, 2
    file = tmp_path / "a.seg.nrrd"
    write_seg_nrrd(file, ids, ["left\nkidney", "cyst"], [(255, 0, 0), (0, 128, 255)], (0.5, 0.25))
    head = file.read_bytes().split(b"\n\n")[0].decode()
    assert "Segment0_Name:=left kidney\n" in head
    assert "Segment1_Extent:=30 39 20 24 0 0" in head
    read, known = READERS["NRRD"](file)
    assert np.array_equal(read, ids)
    assert known.whole_mm_yx == pytest.approx((0.5, 0.25))
    done = CliRunner().invoke(app, ["measure", str(file), "--id", "1", "--json"])
    assert done.exit_code == 0
    assert '"value": 25.0' in done.stdout
    assert "(space directions)" in CliRunner().invoke(app, ["measure", str(file), "--id", "1"]).stdout
    grey = put(tmp_path, "b.mha", mha((marked("u2")[:1] * 2).astype("u2")))
    with pytest.raises(FileError, match="renumber them"):
        READERS["MetaImage"](grey)
    with pytest.raises(FileError, match="write one file per frame"):
        READERS["MetaImage"](put(tmp_path, "c.mha", mha(marked())))


SEQUENCE = {
    "last": ("domain domain domain list", "(0.2,0,0) (0,0.3,0) (0,0,1) none", '"" "" "" "s"', 3),
    "first": ("list domain domain domain", "none (0.2,0,0) (0,0.3,0) (0,0,1)", '"s" "" "" ""', 0),
}


def sequence(where: str, encoding: str = "raw", times: str = "10 10.04 10.2", **more: str) -> bytes:
    """A cine as Slicer writes it: frames last since 5.10, first before."""
    kinds, directions, units, axis = SEQUENCE[where]
    pixels = marked() if where == "last" else np.moveaxis(marked(), 0, -1)
    sizes = f"{WIDTH} {HEIGHT} 1"
    header = {
        "dimension": "4",
        "sizes": f"{sizes} {COUNT}" if where == "last" else f"{COUNT} {sizes}",
        "kinds": kinds,
        "space_directions": directions,
        "units": units,
        **more,
    }
    head, _, _ = nrrd(marked(), encoding, **header).partition(b"\n\n")
    index = f"\naxis {axis} index type:=numeric\naxis {axis} index values:={times}\n\n"
    return head + index.encode() + PACK[encoding](np.ascontiguousarray(pixels).tobytes())


@pytest.mark.parametrize("encoding", ["raw", "gzip"])
@pytest.mark.parametrize("where", SEQUENCE)
def test_a_sequence_of_slicer_has_its_frames_and_their_times(
    tmp_path: Path, where: str, encoding: str
) -> None:
    cine = open_cine(put(tmp_path, "a.seq.nrrd", sequence(where, encoding)))
    assert cine.count == COUNT
    assert cine.frame_hw == (HEIGHT, WIDTH)
    np.testing.assert_allclose(cine.times_s or (), (0, 0.04, 0.2))
    assert cine.read(0).spacing_mm_yx == pytest.approx((0.3, 0.2))
    for number, expected in enumerate(marked()):
        np.testing.assert_array_equal(cine.read(number).pixels_hw, expected)
    for frame, expected in zip(cine, marked(), strict=True):
        np.testing.assert_array_equal(frame.pixels_hw, expected)


def test_index_values_without_a_unit_of_time_are_not_times(tmp_path: Path) -> None:
    for more, said in (
        ({"units": '"" "" "" "mm"'}, "unit 'mm', which is no time"),
        ({"units": ""}, "no unit"),
        ({"times": "1 3 2"}, "ascend"),
    ):
        cine = open_cine(put(tmp_path, "a.seq.nrrd", sequence("last", **more)))
        assert cine.times_s is None
        assert cine.count == COUNT
        assert any("index values" in note and said in note for note in cine.notes)


def test_a_sequence_of_volumes_and_a_truncated_one_are_refused(tmp_path: Path) -> None:
    whole = sequence("first")
    sizes = (f"sizes: {COUNT} {WIDTH} {HEIGHT} 1".encode(), f"sizes: {COUNT} 5 {WIDTH} 6".encode())
    deep = whole.replace(*sizes)
    for data, said in ((whole[:-9], "truncated"), (deep, "legal are columns x rows")):
        with pytest.raises(FileError, match=said):
            open_cine(put(tmp_path, "a.seq.nrrd", data))
