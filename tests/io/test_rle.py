"""COCO run lengths back to masks, and text that is none."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from uniultra.errors import PromptError
from uniultra.io.coco import compressed, run_lengths
from uniultra.io.rle import mask_of


@given(arrays(np.bool_, st.tuples(st.integers(1, 40), st.integers(1, 40))))
def test_any_mask_comes_back(mask: np.ndarray) -> None:
    runs = run_lengths(mask)
    np.testing.assert_array_equal(mask_of(compressed(runs), mask.shape), mask)
    np.testing.assert_array_equal(mask_of(runs, mask.shape), mask)


def test_a_known_string() -> None:
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
