"""The table of prompts and the numbers of a run."""

from __future__ import annotations

import pytest

from uniultra.errors import PromptError
from uniultra.evaluation.settings import KINDS, EvaluationSettings, parse_kinds, stable_seed


def test_kinds_are_boxes_clicks_or_masks() -> None:
    settings = EvaluationSettings()
    assert [kind.name for kind in settings.boxes] == ["box", "box10", "box20"]
    assert [(kind.name, kind.clicks) for kind in settings.clicks] == [("click1", 1), ("click3", 3), ("click5", 5), ("to90", 10)]
    assert [kind.name for kind in settings.masks] == ["mask"]
    assert all(KINDS[name].name == name for name in KINDS)


def test_kinds_are_parsed_in_the_order_given() -> None:
    assert parse_kinds(" click1, box,") == ("click1", "box")


@pytest.mark.parametrize("kinds", [(), ("box", "box"), ("boxes",)])
def test_bad_kinds_are_named(kinds: tuple[str, ...]) -> None:
    with pytest.raises(PromptError, match=f"'{','.join(kinds)}' are not usable; give some of box,box10,box20,click1,click3,click5"):
        EvaluationSettings(kinds)


def test_counts_start_at_one() -> None:
    with pytest.raises(PromptError, match="draws is 0; it must be at least 1"):
        EvaluationSettings(draws=0)
    with pytest.raises(PromptError, match="workers is -1"):
        EvaluationSettings(workers=-1)


def test_seeds_are_stable_and_differ_by_every_part() -> None:
    assert stable_seed("benign_001", 0, "box10", 2) == 8539204815022698712
    asked = [("a", 0, "box10", 0), ("b", 0, "box10", 0), ("a", 1, "box10", 0), ("a", 0, "box20", 0), ("a", 0, "box10", 1), ("a0", 0)]
    assert len({stable_seed(*parts) for parts in asked}) == len(asked)
