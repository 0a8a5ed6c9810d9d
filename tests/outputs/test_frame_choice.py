"""Which frames a call takes: what is understood, and what is refused in one line."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from uniultra.errors import PromptError
from uniultra.outputs.frame_choice import MOST_FRAMES, numbers_of, parse_frames, span_of
from uniultra.types import Cine, Frame


def cine_of(count: int) -> Cine:
    def read(_: int) -> Frame:
        return Frame(np.zeros((2, 2), np.uint8))

    def stream() -> Iterator[Frame]:
        return map(read, range(count))

    return Cine("a.dcm", (2, 2), count, read, stream)


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("all", [0, 1, 2, 3, 4]),
        ("ALL", [0, 1, 2, 3, 4]),
        ("3", [3]),
        ("1-3", [1, 2, 3]),
        ("0-4:2", [0, 2, 4]),
        (" 4, 1-2,2 ", [1, 2, 4]),
    ],
)
def test_what_is_chosen(text: str, numbers: list[int]) -> None:
    assert list(numbers_of(parse_frames(text), cine_of(5))) == numbers


@pytest.mark.parametrize(
    "text", ["", ",", "1,", "-1", "1-", "1:2", "1-3:0", "1-3:", "1.5", "0x1", "²", "1-2-3", "1--3"]
)
def test_what_is_no_choice(text: str) -> None:
    with pytest.raises(PromptError, match=r"--frames '.*' is not understood|is not a range"):
        parse_frames(text)


def test_a_huge_range_is_refused_without_being_counted_out() -> None:
    with pytest.raises(PromptError, match="there is no frame 999999999999; legal are 0 to 4"):
        numbers_of(parse_frames("0-999999999999"), cine_of(5))


def test_a_still_image_and_a_cine_that_is_too_long_are_refused() -> None:
    with pytest.raises(PromptError, match="a still image, of 1 frame; leave out --frames"):
        numbers_of(None, cine_of(1))
    with pytest.raises(
        PromptError, match=f"one call takes 1 to {MOST_FRAMES}; give fewer, as with 0-10000:2"
    ):
        numbers_of(None, cine_of(MOST_FRAMES + 1))


def test_a_span_is_the_whole_cine_by_default_and_lies_within_it() -> None:
    assert span_of(None, None, cine_of(5)) == range(5)
    assert span_of(2, 3, cine_of(5)) == range(2, 4)
    for first, last in ((5, None), (3, 2), (0, 5)):
        with pytest.raises(PromptError, match="are not frames of it; legal are 0 to 4"):
            span_of(first, last, cine_of(5))
    with pytest.raises(PromptError, match="10001 frames; one call takes 1 to 10000; give parts"):
        span_of(None, None, cine_of(MOST_FRAMES + 1))
