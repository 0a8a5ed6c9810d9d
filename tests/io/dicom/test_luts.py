"""Lookup tables: one grey from both byte orders, from segments, and from more entries than a byte counts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydicom.dataset import Dataset
from pydicom.uid import UID, ExplicitVRBigEndian, ExplicitVRLittleEndian

from dicoms import dataset, picture, save
from uniultra.errors import FileError
from uniultra.io.images import read_frame
from uniultra.io.silence import quiet

ORDERS = pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ExplicitVRBigEndian])
COLOURS = ("Red", "Green", "Blue")


def words(values: np.ndarray, syntax: UID) -> bytes:
    """16 bits in a file's byte order; values of 8 bits two in a word, the first in its low byte (PS3.5
    A.3).
    """
    if values.dtype.itemsize == 1:
        values = values.view("<u2")
    return values.astype(">u2" if syntax == ExplicitVRBigEndian else "<u2").tobytes()


def read(path: Path) -> np.ndarray:
    return read_frame(path).pixels_hw


@ORDERS
@pytest.mark.parametrize("dtype", ["u2", "i2"])
def test_grey_of_16_bits_has_one_value_in_both_orders(tmp_path: Path, syntax: UID, dtype: str) -> None:
    stored = (picture(1, dtype="u2") >> 6).astype(dtype) - (300 if dtype == "i2" else 0)  # both bytes matter
    path = save(dataset(stored, syntax=syntax, WindowCenter=400, WindowWidth=801), tmp_path / "a.dcm")
    share = np.clip((stored[0] - 399.5) / 800 + 0.5, 0, 1)  # PS3.3 C.11.2.1.2
    np.testing.assert_array_equal(read(path), np.rint(255 * share))


@ORDERS
def test_colour_of_16_bits_keeps_its_high_byte(tmp_path: Path, syntax: UID) -> None:
    rgb = picture(1, 3)[0]
    stored = rgb.astype(np.uint16)[None] * 256 + 77
    path = save(dataset(stored, "RGB", syntax), tmp_path / "a.dcm")
    np.testing.assert_array_equal(read(path), np.array(Image.fromarray(rgb).convert("L")))


@ORDERS
@pytest.mark.parametrize(("dtype", "bits"), [("u1", 8), ("u1", 16), ("u2", 8), ("u2", 16)])
def test_palettes_in_both_orders(tmp_path: Path, syntax: UID, dtype: str, bits: int) -> None:
    count = 256 if dtype == "u1" else 1000  # of 8 bits too: an index above 255 must not wrap
    entries = np.linspace(0, (1 << bits) - 1, count).astype(f"u{bits // 8}")
    stored = np.random.default_rng(1).integers(0, count, (1, 24, 36)).astype(dtype)
    data = dataset(stored, "PALETTE COLOR", syntax)
    for colour in COLOURS:
        setattr(data, f"{colour}PaletteColorLookupTableDescriptor", [count, 0, bits])
        setattr(data, f"{colour}PaletteColorLookupTableData", words(entries, syntax))
    np.testing.assert_array_equal(read(save(data, tmp_path / "a.dcm")), (entries >> (bits - 8))[stored[0]])


@ORDERS
@pytest.mark.parametrize("bits", [8, 16])
def test_a_palette_in_segments(tmp_path: Path, syntax: UID, bits: int) -> None:
    # PS3.3 C.7.9.2: two values, 62 steps up to 64; then both segments once more, by their first byte.
    top = 1 if bits == 8 else 257
    codes = [0, 2, 5 * top, 2 * top, 1, 62, 64 * top, 2, 2, 0, 0, *([0, 0] if bits == 8 else [])]
    codes += [0] * (len(codes) % 2)
    expected = [5, 2, *range(3, 65)] * 2
    stored = np.arange(128, dtype=np.uint8).reshape(1, 8, 16)
    data = dataset(stored, "PALETTE COLOR", syntax)
    for colour in COLOURS:
        setattr(data, f"{colour}PaletteColorLookupTableDescriptor", [128, 0, bits])
        setattr(
            data,
            f"Segmented{colour}PaletteColorLookupTableData",
            words(np.array(codes, f"u{bits // 8}"), syntax),
        )
    np.testing.assert_array_equal(read(save(data, tmp_path / "a.dcm")).ravel(), expected)


def test_a_second_segment_is_found_by_its_byte(tmp_path: Path) -> None:
    # Discrete 10, discrete 20, and the second one again: it begins at byte 6, which is the third word.
    codes = np.array([0, 1, 10 * 257, 0, 1, 20 * 257, 2, 1, 6, 0], "<u2")
    data = dataset(np.arange(64, dtype=np.uint8).reshape(1, 8, 8) % 3, "PALETTE COLOR")
    for colour in COLOURS:
        setattr(data, f"{colour}PaletteColorLookupTableDescriptor", [3, 0, 16])
        setattr(data, f"Segmented{colour}PaletteColorLookupTableData", codes.tobytes())
    assert read(save(data, tmp_path / "a.dcm"))[0, :3].tolist() == [10, 20, 20]


@pytest.mark.parametrize("codes", [[1, 3, 9], [7, 1, 1], [2, 1, 60000, 0]])
def test_damaged_segments_are_refused(tmp_path: Path, codes: list[int]) -> None:
    data = dataset(picture(), "PALETTE COLOR")
    for colour in COLOURS:
        setattr(data, f"{colour}PaletteColorLookupTableDescriptor", [256, 0, 16])
        setattr(data, f"Segmented{colour}PaletteColorLookupTableData", np.array(codes, "<u2").tobytes())
    with pytest.raises(FileError, match="the colour palette is missing or damaged; export it again"):
        read(save(data, tmp_path / "a.dcm"))


def test_a_palette_for_values_that_no_pixel_can_have_is_refused(tmp_path: Path) -> None:
    data = dataset(picture(), "PALETTE COLOR")
    with quiet("pydicom"):  # which warns of the VR
        for colour in COLOURS:
            data.add_new(f"{colour}PaletteColorLookupTableDescriptor", "DS", ["256", "1e12", "8"])
            setattr(data, f"{colour}PaletteColorLookupTableData", bytes(range(256)))
        path = save(data, tmp_path / "a.dcm")
    with pytest.raises(FileError, match="the colour palette is missing or damaged; export it again"):
        read(path)


@ORDERS
@pytest.mark.parametrize("sequence", ["ModalityLUTSequence", "VOILUTSequence"])
@pytest.mark.parametrize("bits", [8, 16])
def test_tables_of_more_entries_than_a_byte_counts(
    tmp_path: Path, syntax: UID, sequence: str, bits: int
) -> None:
    stored = picture(1, dtype="u2") >> 6  # 0 to 1023
    entries = np.linspace((1 << bits) - 1, 0, 1024).astype(np.uint16)
    table = Dataset()
    table.LUTDescriptor, table.LUTData, table.ModalityLUTType = [1024, 0, bits], words(entries, syntax), "US"
    more = (
        {"WindowCenter": 1 << (bits - 1), "WindowWidth": 1 << bits}
        if sequence == "ModalityLUTSequence"
        else {}
    )
    path = save(dataset(stored, syntax=syntax, **{sequence: [table]}, **more), tmp_path / "a.dcm")
    np.testing.assert_allclose(read(path), entries[stored[0]] / ((1 << bits) - 1) * 255, atol=0.51)
