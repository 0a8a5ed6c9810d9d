"""CSV out."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from uniultra.errors import OutputError
from uniultra.io.tables import TableFile, write_csv


def test_a_table_comes_back_and_formulas_are_text(tmp_path: Path) -> None:
    rows = [['=HYPERLINK("x")', -1.5, "a,b"], ["plain", 2, 'say "x"']]
    write_csv(tmp_path / "a.csv", ("one", "two", "three"), rows)
    with (tmp_path / "a.csv").open() as file:
        assert list(csv.reader(file)) == [["one", "two", "three"], ['\'=HYPERLINK("x")', "-1.5", "a,b"], ["plain", "2", 'say "x"']]
    with pytest.raises(OutputError, match=r"exists; pass --force"):
        write_csv(tmp_path / "a.csv", ("one",), [])


def test_a_table_written_row_by_row_is_the_same(tmp_path: Path) -> None:
    rows = [[1, "=sum(A1)"], [2.5, "a,b"]]
    write_csv(tmp_path / "a.csv", ["x", "y"], rows)
    with TableFile(tmp_path / "b.csv", ["x", "y"]) as file:
        for row in rows:
            file.add(row)
    assert (tmp_path / "b.csv").read_bytes() == (tmp_path / "a.csv").read_bytes()
