"""Waiting for an archive: as long as it is worth it, once for all inputs where it stays away."""

from __future__ import annotations

import pytest

from uniultra.batch.patience import WAIT_S, Patience
from uniultra.errors import FileError, UnreachableError


def away() -> str:
    raise UnreachableError("the archive can't be reached")


def test_an_archive_that_comes_back_costs_no_input() -> None:
    waited: list[float] = []
    patience = Patience(pause=waited.append)
    assert patience.call(lambda: away() if len(waited) < 4 else "found") == "found"
    assert waited == [1.0, 2.0, 4.0, 8.0]
    assert patience.left_s == WAIT_S, "the next time it waits as long again"


def test_one_that_stays_away_is_waited_for_once() -> None:
    waited: list[float] = []
    patience = Patience(pause=waited.append)
    with pytest.raises(UnreachableError, match="can't be reached"):
        patience.call(away)
    assert sum(waited) == WAIT_S
    with pytest.raises(UnreachableError, match="can't be reached"):
        patience.call(away)
    assert sum(waited) == WAIT_S


def test_what_an_archive_refuses_is_not_waited_for() -> None:
    def refused() -> None:
        raise FileError("the archive answers 404")

    with pytest.raises(FileError, match="404"):
        Patience(pause=lambda _: pytest.fail("waited")).call(refused)
