"""Patients from names: a pattern that fits, one that doesn't, and the one that is proposed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from uniultra.data.importers.sample import Sample, begin_alike, check_pattern, pattern_for, with_subjects
from uniultra.errors import DataError


def _sample(name: str, subject: str = "") -> Sample:
    return Sample(name, Path(f"{name}.png"), lambda hw: np.zeros(hw, np.uint8), subject=subject)


def test_the_first_group_or_the_whole_match_is_the_patient() -> None:
    samples = [_sample("p01_a"), _sample("p02_b")]
    assert [one.subject for one in with_subjects(samples, r"^(p\d+)_")] == ["p01", "p02"]
    assert [one.subject for one in with_subjects(samples, r"\d+")] == ["01", "02"]
    assert [one.subject for one in with_subjects([_sample("x", "own")], "")] == ["own"]
    assert [one.subject for one in with_subjects([_sample("x", "own")], "^p")] == ["own"]


@pytest.mark.parametrize(
    ("names", "says"),
    [
        (("images_p01_1", "images_p01_2"), "finds no patient in 2 of 2 names, such as 'images_p01_1'"),
        (("p01_1", "q1"), "finds no patient in 1 of 2 names, such as 'q1'; give one that fits all"),
    ],
)
def test_a_pattern_that_misses_images_is_refused(names: tuple[str, ...], says: str) -> None:
    with pytest.raises(DataError, match=says):
        with_subjects([_sample(name) for name in names], r"^(p\d+)_")


def test_a_pattern_must_be_one() -> None:
    with pytest.raises(DataError, match=r"subject pattern '\(' is not a regular expression"):
        check_pattern("(")


@pytest.mark.parametrize(
    ("names", "subjects"),
    [
        (("p01_1", "p01_2", "p02_1"), ["p01", "p01", "p02"]),
        (("images_p01_1", "images_p01_2", "images_p02_1"), ["images_p01", "images_p01", "images_p02"]),
        (("p01-a", "p01-b", "p02-a"), ["p01", "p01", "p02"]),
        (("case 1.a", "case 1.b", "case 2.a"), ["case 1", "case 1", "case 2"]),
    ],
)
def test_the_proposed_pattern_tells_the_patients_apart(names: tuple[str, ...], subjects: list[str]) -> None:
    pair = begin_alike(names)
    assert pair is not None
    found = with_subjects([_sample(name) for name in names], pattern_for(pair, names))
    assert [one.subject for one in found] == subjects
