"""CSV out."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from uniultra.errors import OutputError
from uniultra.io.tables import write_csv


def test_a_table_comes_back_and_formulas_are_text(tmp_path: Path) -> None:
    rows = [['=HYPERLINK("x")', -1.5, "a,b"], ["plain", 2, 'say "x"']]
    write_csv(tmp_path / "a.csv", ("one", "two", "three"), rows)
    with (tmp_path / "a.csv").open() as file:
        assert list(csv.reader(file)) == [["one", "two", "three"], ['\'=HYPERLINK("x")', "-1.5", "a,b"], ["plain", "2", 'say "x"']]
    with pytest.raises(OutputError, match=r"exists; pass --force"):
        write_csv(tmp_path / "a.csv", ("one",), [])
