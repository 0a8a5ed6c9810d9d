"""Names to codes: each code is looked up in pydicom's copy of the context groups of PS3.16."""

from __future__ import annotations

import re

import pytest

from uniultra.errors import PromptError
from uniultra.structures import (
    ANATOMY,
    NAMES,
    PAIRED,
    SIDES,
    SUBSTANCE,
    Coded,
    legal_name,
    structure,
    unlisted_note,
)


def all_codes() -> set[Coded]:
    found = set(SIDES.values())
    for name in NAMES:
        one = structure(name)
        found |= {code for code in (one.category, one.kind, one.region) if code is not None}
    return found


def test_every_code_has_its_meaning_in_the_standards_groups() -> None:
    from pydicom.sr._concepts_dict import concepts

    keywords: dict[str, set[str]] = {}
    for keyword, codes in concepts["SCT"].items():
        for value in codes:
            keywords.setdefault(value, set()).add(keyword.lower())
    for code in all_codes():
        word = re.sub("[^a-z]", "", code.meaning.lower())
        assert word in keywords[code.value], f"{code} is called {keywords.get(code.value)}"


@pytest.mark.parametrize(
    ("said", "name"),
    [("Thyroid", "thyroid"), (" left  kidney", "left kidney"), ("LEFT_VENTRICLE", "left ventricle")],
)
def test_spelling_doesnt_matter(said: str, name: str) -> None:
    assert legal_name(said) == name
    assert structure(said).listed


def test_left_and_right_are_laterality_of_what_is_paired_alone() -> None:
    assert structure("left kidney").side == SIDES["left"]
    assert structure("left kidney").kind == structure("kidney").kind
    assert structure("left ventricle").side is None
    assert not structure("left liver").listed
    assert set(PAIRED) < set(NAMES)


def test_what_lies_in_something_has_its_region() -> None:
    nodule, fluid = structure("thyroid nodule"), structure("pleural effusion")
    assert nodule.region == structure("thyroid").kind
    assert (fluid.category, fluid.region) == (SUBSTANCE, structure("pleura").kind)


def test_a_name_without_a_code_stays_and_is_told() -> None:
    free = structure("arcuate ligament")
    assert (free.name, free.category, free.kind, free.listed) == ("arcuate ligament", ANATOMY, ANATOMY, False)
    assert "did you mean thyroid?" in (unlisted_note("thyriod") or "")
    assert "docs/archive.md" in (unlisted_note("arcuate ligament") or "")
    assert unlisted_note("Kidney") is None


@pytest.mark.parametrize("text", ["", "  ", "a\\b", "a\nb", "x" * 65, 3])
def test_what_dicom_cannot_hold_is_refused(text: object) -> None:
    with pytest.raises(PromptError, match=r"label .* (can't name a structure|is not text)"):
        legal_name(text)
