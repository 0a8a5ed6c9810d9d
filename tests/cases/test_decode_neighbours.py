"""A prompt's answer is its own: what else is decoded in the call doesn't change it.

The right values are those of the same prompt decoded alone. 117ac18 padded all prompts of a call to one
number of points, which the model sees: Dice 0.93 to 0.99 to the answer alone.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from phantoms import ellipse, speckled
from uniultra.segmenter import Segmenter
from uniultra.types import Embedding, Frame, Mask, Prompt

TRUE = ellipse((240, 320), (160, 120), (60, 40))
FRAME = speckled(TRUE)
BOX = Prompt(box_xyxy=(95.0, 75.0, 225.0, 165.0))
CLICK = Prompt(points_xy=((160.0, 120.0),), point_labels=(1,))
SIGNS = Prompt(points_xy=((150.0, 110.0), (20.0, 20.0)), point_labels=(1, 0))
MASK = Prompt(mask_hw=TRUE)
BOTH = Prompt(
    box_xyxy=(95.0, 75.0, 225.0, 165.0), points_xy=((160.0, 120.0),), point_labels=(1,), mask_hw=TRUE
)


def crowd(count: int) -> Prompt:
    """A neighbour of that many points."""
    return Prompt(
        points_xy=tuple((320.0 * (i + 1) / (count + 1), 120.0) for i in range(count)),
        point_labels=(1,) * count,
    )


@pytest.fixture(scope="module")
def segmenter() -> Segmenter:
    return Segmenter.load(threads=1)


@pytest.fixture(scope="module")
def embedding(segmenter: Segmenter) -> Embedding:
    return segmenter.encode(Frame(FRAME.pixels_hw))


def check_alike(found: Sequence[Mask], alone: Sequence[Mask]) -> None:
    for one, other in zip(found, alone, strict=True):
        np.testing.assert_array_equal(one.mask_hw, other.mask_hw)
        np.testing.assert_allclose(one.logits_hw, other.logits_hw, atol=1e-3)
        assert one.quality == pytest.approx(other.quality, abs=1e-5)


@pytest.mark.parametrize("count", [1, 2, 3, 20])
def test_a_neighbour_with_other_points_changes_nothing(
    segmenter: Segmenter, embedding: Embedding, count: int
) -> None:
    together = segmenter.decode(embedding, [BOX, crowd(count)])
    check_alike(together, [segmenter.decode(embedding, [prompt])[0] for prompt in (BOX, crowd(count))])


def test_all_kinds_of_prompts_together_in_any_order(segmenter: Segmenter, embedding: Embedding) -> None:
    prompts = [CLICK, BOTH, MASK, BOX, crowd(7), SIGNS, MASK, CLICK]
    alone = [segmenter.decode(embedding, [prompt])[0] for prompt in prompts]
    check_alike(segmenter.decode(embedding, prompts), alone)
    check_alike(segmenter.decode(embedding, prompts[::-1]), alone[::-1])
