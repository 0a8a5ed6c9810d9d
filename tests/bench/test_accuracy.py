"""An accuracy is put beside the times of what it was measured with, or it is said that it wasn't."""

from __future__ import annotations

import pytest

from uniultra.bench.accuracy import Accuracy, of_others


def _accuracy(weights: str | None, prompting: dict[str, object] | None) -> dict[str, Accuracy]:
    return {"mini": Accuracy(0.9, "box", "test", "mini", "0", (weights, prompting))}


@pytest.mark.parametrize(
    ("weights", "prompting", "warned"),
    [
        ("a", {"passes": 1}, False),
        (None, None, False),
        ("a", None, False),
        ("b", {"passes": 1}, True),
        ("a", {"passes": 2}, True),
    ],
)
def test_other_weights_and_other_passes_are_warned_of(
    weights: str | None, prompting: dict[str, object] | None, warned: bool
) -> None:
    found = of_others(_accuracy(weights, prompting), {"mini": ("a", {"passes": 1}), "other": ("c", {})})
    assert len(found) == warned
    assert all("'mini' is of other weights or passes (model.json) than those timed" in text for text in found)


def test_what_has_no_weights_is_not_warned_of() -> None:
    assert of_others(_accuracy("a", {"passes": 1}), {}) == []
