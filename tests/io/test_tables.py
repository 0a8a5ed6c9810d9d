"""CSV out."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uniultra.errors import OutputError
from uniultra.io.tables import TableFile, inert, plain_text, write_csv

ROOT = Path(__file__).resolve().parents[2]
SIGNS = "=+-@＝＋－＠"


def test_a_table_comes_back_and_formulas_are_text(tmp_path: Path) -> None:
    rows = [['=HYPERLINK("x")', -1.5, "a,b"], ["plain", 2, 'say "x"']]
    write_csv(tmp_path / "a.csv", ("one", "two", "three"), rows)
    with (tmp_path / "a.csv").open() as file:
        assert list(csv.reader(file)) == [
            ["one", "two", "three"],
            ['\'=HYPERLINK("x")', "-1.5", "a,b"],
            ["plain", "2", 'say "x"'],
        ]
    with pytest.raises(OutputError, match=r"exists; pass --force"):
        write_csv(tmp_path / "a.csv", ("one",), [])


def test_a_table_written_row_by_row_is_the_same(tmp_path: Path) -> None:
    rows = [[1, "=sum(A1)"], [2.5, "a,b"]]
    write_csv(tmp_path / "a.csv", ["x", "=y"], rows)
    with TableFile(tmp_path / "b.csv", ["x", "=y"]) as file:
        for row in rows:
            file.add(row)
    assert (tmp_path / "b.csv").read_bytes() == (tmp_path / "a.csv").read_bytes()
    assert (tmp_path / "b.csv").read_text().startswith("x,'=y\n")


@pytest.mark.parametrize(
    "before", ["", " ", "\t", "\r", "\n", "\u00a0", "\u3000", "\ufeff", "\u200b ", "\x00"], ids=ascii
)
@pytest.mark.parametrize("sign", SIGNS)
def test_whatever_begins_as_a_formula_is_text(sign: str, before: str) -> None:
    cell = f"{before}{sign}cmd|' /C calc'!A0"
    assert inert(cell).startswith("'")
    assert plain_text(inert(cell)).endswith(cell[-10:])


@pytest.mark.parametrize("separator", [";", "\t", "\n", "; ", "\r\n"], ids=ascii)
def test_another_countrys_separator_begins_no_formula(separator: str) -> None:
    """Excel with a German locale splits at semicolons, quotes or not."""
    cells = re.split(r"[;\t\r\n]", inert(f"scan{separator}=1+1"))
    assert not any(cell.strip().startswith("=") for cell in cells)


@pytest.mark.parametrize(
    "cell", [-1.5, 0, None, True, "", "-1.5", "+3", "-2e-05", ".5", "a-b", "a=b", "1;2", "Müller", "'quoted'"]
)
def test_numbers_and_plain_text_stay(cell: object) -> None:
    assert inert(cell) == cell
    if isinstance(cell, str):
        assert plain_text(cell) == cell


@pytest.mark.parametrize("cell", ["-1+1", "-1,5", "+49 30 1", "-a", "@x", "-", "−−=1".replace("−", "-")])
def test_what_only_looks_like_a_number_is_guarded(cell: str) -> None:
    assert inert(cell) == f"'{cell}"


@given(
    cell=st.text("='+-@ \t;a1\u00a0", max_size=8).filter(lambda cell: not re.search(r"[;\t]\s*[=+@-]", cell))
)
def test_what_was_written_is_read(cell: str) -> None:
    assert plain_text(inert(cell)) == cell


@given(cell=st.text(st.characters(exclude_categories=["Cs"]), max_size=12))
def test_no_cell_of_any_text_begins_as_a_formula(cell: str) -> None:
    file = io.StringIO(newline="")
    csv.writer(file).writerow([inert(cell)])
    [[read]] = csv.reader(io.StringIO(file.getvalue(), newline=""))
    visible = "".join(sign for sign in read if sign.isprintable() and not sign.isspace())
    assert visible[:1] not in tuple(SIGNS) or re.fullmatch(r"[-+][0-9.eE+-]+", read)


def test_this_is_the_only_writer_of_csv() -> None:
    """A second one would lack the guard."""
    users = [
        path
        for path in (ROOT / "src").rglob("*.py")
        if re.search(r"csv\.(writer|DictWriter)", path.read_text(encoding="utf-8"))
    ]
    assert [path.name for path in users] == ["tables.py"]
