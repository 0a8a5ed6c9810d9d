"""The table of prompts and the numbers of a run."""

from __future__ import annotations

import pytest

from uniultra.errors import PromptError
from uniultra.evaluation.settings import KINDS, EvaluationSettings, parse_kinds, parse_seeds, stable_seed


def test_kinds_are_boxes_clicks_or_masks() -> None:
    settings = EvaluationSettings()
    assert [kind.name for kind in settings.boxes] == ["box", "box10", "box20"]
    assert [(kind.name, kind.clicks) for kind in settings.clicks] == [
        ("click1", 1),
        ("click3", 3),
        ("click5", 5),
        ("to90", 10),
    ]
    assert [kind.name for kind in settings.masks] == ["mask"]
    assert all(KINDS[name].name == name for name in KINDS)


def test_kinds_are_parsed_in_the_order_given() -> None:
    assert parse_kinds(" click1, box") == ("click1", "box")


@pytest.mark.parametrize(
    ("kinds", "why"),
    [
        ((), ""),
        (("click1", "box", "box"), ": 'box' is given twice"),
        (("box", "boxes"), ": 'boxes' is unknown"),
    ],
)
def test_bad_kinds_are_named(kinds: tuple[str, ...], why: str) -> None:
    with pytest.raises(
        PromptError,
        match=f"'{','.join(kinds)}' are not usable{why}; give some of box,box10,box20,click1,click3,click5",
    ):
        EvaluationSettings(kinds)


def test_counts_start_at_one() -> None:
    with pytest.raises(PromptError, match="draws is 0; it must be at least 1"):
        EvaluationSettings(draws=0)
    with pytest.raises(PromptError, match="workers is -1"):
        EvaluationSettings(workers=-1)


def test_seeds_are_stable_and_differ_by_every_part() -> None:
    assert stable_seed("benign_001", 0, "box10", 2) == 8539204815022698712
    requested = [
        ("a", 0, "box10", 0),
        ("b", 0, "box10", 0),
        ("a", 1, "box10", 0),
        ("a", 0, "box20", 0),
        ("a", 0, "box10", 1),
        ("a0", 0),
    ]
    assert len({stable_seed(*parts) for parts in requested}) == len(requested)


def test_every_kind_is_one_of_box_click_mask() -> None:
    settings = EvaluationSettings(tuple(KINDS))
    parts = (settings.boxes, settings.clicks, settings.masks)
    assert sorted(kind.name for part in parts for kind in part) == sorted(KINDS)


def test_only_what_chance_has_a_part_in_is_drawn_more_than_once() -> None:
    settings = EvaluationSettings(tuple(KINDS), draws=2)
    drawn = {name for name, kind in KINDS.items() if settings.draws_of(kind) == (0, 1)}
    boxes = {"box4", "saidtight4", "box10", "box20", "sam2box", "box10then1", "box10then3"}
    boxes |= {"box10with1", "box10with3"}
    assert drawn == boxes | {"uclick1", "scribble"}
    assert {settings.draws_of(KINDS[name]) for name in KINDS.keys() - drawn} == {(0,)}


def test_seeds_take_the_place_of_draws() -> None:
    settings = EvaluationSettings(("box", "sam2box"), seeds=parse_seeds("42, 2026,1337"))
    assert settings.draws_of(KINDS["sam2box"]) == (42, 2026, 1337)
    assert settings.draws_of(KINDS["box"]) == (0,)
    assert parse_seeds("") == ()


@pytest.mark.parametrize("text", ["1,1", "-1", "4294967296"])
def test_seeds_out_of_range_are_named(text: str) -> None:
    with pytest.raises(
        PromptError,
        match=f"seeds '{text}' are not usable; give whole numbers from 0 to 4294967295, each once",
    ):
        EvaluationSettings(seeds=parse_seeds(text))


@pytest.mark.parametrize("text", ["a", "1;2", "1.5"])
def test_seeds_are_whole_numbers(text: str) -> None:
    with pytest.raises(
        PromptError, match=f"seeds '{text}' are not whole numbers; give some separated by commas"
    ):
        parse_seeds(text)
