"""What the ids of masks are called."""

from __future__ import annotations

from pathlib import Path

import pytest

from phantom_manifest import Phantom, phantom_manifest
from uniultra.data.manifest import read_manifest
from uniultra.data.structure_names import FILE, PUBLISHED, legal_names, names_beside, parsed_names
from uniultra.errors import DataError
from uniultra.structures import structure


def test_published_names_are_listed_ones() -> None:
    named = {name for names in PUBLISHED.values() for name in names.values()}
    assert {name for name in named if not structure(name).listed} == set()
    assert PUBLISHED["camus"] == {1: "left ventricle", 2: "left ventricular myocardium", 3: "left atrium"}


def test_a_set_s_own_names_win(tmp_path: Path) -> None:
    manifest = phantom_manifest(tmp_path, [Phantom("a", split="train", objects=2)])
    assert manifest.rows[0].structure_of(1) == ""
    (tmp_path / FILE).write_text(
        "dataset,id,structure\nphantoms,1,Left_Ovary\nphantoms,,cyst\ncamus,,heart\n"
    )
    row = read_manifest(manifest.path).rows[0]
    assert [row.structure_of(value) for value in (1, 2, 7)] == ["left ovary", "cyst", "cyst"]
    names = names_beside(manifest.path)
    assert names["camus"] == {None: "heart"}
    assert names["camus2"] == PUBLISHED["camus2"]


def test_every_wrong_line_is_named(tmp_path: Path) -> None:
    lines = [
        "dataset,id,structure",
        "a,0,cyst",
        "a,300,cyst",
        "a,1,",
        ",1,cyst",
        "a,1,cyst",
        "a,1,mass",
        "a,1",
    ]
    (tmp_path / FILE).write_text("\n".join(lines) + "\n")
    with pytest.raises(DataError, match=FILE) as refused:
        names_beside(tmp_path / "manifest.csv")
    said = str(refused.value)
    for line, why in (
        (2, "id '0' is not a whole number from 1 to 255"),
        (3, "id '300' is not"),
        (4, "can't name a structure"),
        (5, "needs a dataset"),
        (7, "has a name for id '1' already"),
        (8, "can't name a structure"),
    ):
        assert f"line {line}: " in said
        assert why in said
    assert "line 6" not in said
    (tmp_path / FILE).write_text("dataset,structure\na,cyst\n")
    with pytest.raises(DataError, match="has the columns 'dataset,structure'; give dataset,id,structure"):
        names_beside(tmp_path / "manifest.csv")


def test_a_set_s_own_names_are_text() -> None:
    said = [(1, None), (2, 5), (3, "LV_ wall"), (4, True), (0, "background"), (5, "x" * 65), ("6", "apex")]
    assert legal_names(said) == {3: "LV wall"}


def test_a_quoted_name_holds_commas() -> None:
    assert parsed_names('"1=chamber, left", 2=wall') == {1: "chamber, left", 2: "wall"}
    with pytest.raises(DataError, match="can't name a structure"):
        parsed_names("1=wall,,2=apex")
