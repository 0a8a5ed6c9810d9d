"""How problems are told: together, by line, never more than fit on a screen, never on two lines."""

from __future__ import annotations

import pytest

from uniultra.data.problems import MOST_REPORTED, Problem, RowError, refuse
from uniultra.errors import DataError


def test_none_pass_and_a_long_list_is_cut() -> None:
    refuse("it", [])
    with pytest.raises(DataError, match="it has 51 problem") as caught:
        refuse("it", [Problem(f"row {i}, mask", "bad") for i in range(51)], "fix it")
    lines = str(caught.value).splitlines()
    assert lines[:2] == ["it has 51 problems; fix it:", "  row 0, mask: bad"]
    assert lines[-1] == f"  and {51 - MOST_REPORTED} more"
    assert len(lines) == 2 + MOST_REPORTED


def test_a_line_feed_in_a_value_ends_no_line() -> None:
    assert str(Problem("row 2, split", "'a\nb' is unknown")) == "row 2, split: 'a\\nb' is unknown"
    assert "\n" not in str(RowError([Problem("row 2, image", "'a\nb'"), Problem("row 2, mask", "x")]))
