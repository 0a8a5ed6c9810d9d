"""COCO run lengths, against a decoder written from the format's description and a known string."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from uniultra.errors import PromptError
from uniultra.io.coco import coco, compressed, mask_of, run_lengths


def decoded(counts: str, shape: tuple[int, int]) -> np.ndarray:
    runs: list[int] = []
    at = 0
    while at < len(counts):
        value, shift, more = 0, 0, True
        while more:
            part = ord(counts[at]) - 48
            value |= (part & 0x1F) << shift
            more = bool(part & 0x20)
            at, shift = at + 1, shift + 5
            if not more and part & 0x10:
                value |= -1 << shift
        runs.append(value + (runs[-2] if len(runs) > 2 else 0))
    flat = np.repeat(np.arange(len(runs)) % 2 == 1, runs)
    return flat.reshape(shape, order="F")


@given(arrays(np.bool_, st.tuples(st.integers(1, 40), st.integers(1, 40))))
def test_any_mask_comes_back(mask: np.ndarray) -> None:
    assert sum(run_lengths(mask)) == mask.size
    np.testing.assert_array_equal(decoded(compressed(run_lengths(mask)), mask.shape), mask)


def test_a_known_string() -> None:
    mask = np.zeros((3, 4), bool)
    mask[1:, 1:3] = True
    assert run_lengths(mask) == [4, 2, 1, 2, 3]
    assert compressed([4, 2, 1, 2, 3]) == "42102"


def test_long_runs_take_several_signs() -> None:
    mask = np.zeros((900, 1000), bool)
    mask[100:800, 200:900] = True
    np.testing.assert_array_equal(decoded(compressed(run_lengths(mask)), mask.shape), mask)


def test_the_object_of_an_image() -> None:
    mask = np.zeros((30, 40), bool)
    mask[5:15, 10:30] = True
    report = coco("scan.png", [mask, np.zeros_like(mask)], [{"score": 0.9}, {"score": 0.1}])
    first, second = report["annotations"]
    assert (first["bbox"], first["area"], first["segmentation"]["size"]) == ([10, 5, 20, 10], 200, [30, 40])
    assert (second["bbox"], second["area"]) == ([0, 0, 0, 0], 0)
    assert report["images"] == [{"id": 1, "file_name": "scan.png", "width": 40, "height": 30}]


@given(arrays(np.bool_, st.tuples(st.integers(1, 40), st.integers(1, 40))))
def test_any_mask_comes_back_from_its_text(mask: np.ndarray) -> None:
    runs = run_lengths(mask)
    np.testing.assert_array_equal(mask_of(compressed(runs), mask.shape), mask)
    np.testing.assert_array_equal(mask_of(runs, mask.shape), mask)


def test_a_known_string_is_read() -> None:
    mask = np.zeros((3, 4), bool)
    mask[1:, 1:3] = True
    np.testing.assert_array_equal(mask_of("42102", (3, 4)), mask)


@given(st.text(max_size=60), st.integers(1, 300), st.integers(1, 300))
def test_any_text_gives_a_mask_or_one_line(text: str, height: int, width: int) -> None:
    try:
        shape = mask_of(text, (height, width)).shape
    except PromptError as error:
        shape = (height, width) if str(error).isprintable() else "unprintable"
    assert shape == (height, width)


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ("!", "has '!' where"),
        ("4210\u2028", "has '.u2028' where"),
        ("o" * 8, "has 'o' where"),
        ("4o", "truncated"),
        ("", "don't add up to 4 x 3 pixels"),
        ("4210", "don't add up to 4 x 3 pixels"),
        ("o`0", "a run of the mask is"),
        ([13], "don't add up"),
        ([20, -8], "don't add up"),
    ],
)
def test_what_is_no_mask_is_refused(counts: str | list[int], message: str) -> None:
    with pytest.raises(PromptError, match=message):
        mask_of(counts, (3, 4))


def test_compressed_runs_are_those_of_the_format() -> None:
    """Worked by hand from the format: 5 = '5'; 40 = 8 + 32 * 1, so 'X' and '1'; the fourth of 5, 40, 5, 42 is
    stored as 2.
    """
    np.testing.assert_array_equal(mask_of("5X152", (23, 4)), mask_of([5, 40, 5, 42], (23, 4)))
