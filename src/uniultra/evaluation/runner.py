"""Rows scored one after another or several at once, each remembered in a journal: what every protocol
shares.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from uniultra.data.manifest import Row
from uniultra.evaluation.journal import Journal

T = TypeVar("T")


def score_rows(
    score: Callable[[Row], T],
    rows: Sequence[Row],
    workers: int,
    journal: Journal | None,
    tick: Callable[[], None] | None = None,
) -> Iterator[T]:
    """`score` of each row in their order, up to `workers` at once, which changes no result; `tick` is called
    after each.

    What `journal` knows isn't asked again; what is new is added to it.
    """

    def scored(row: Row) -> T:
        known: T | None = None if journal is None else journal.get(row)
        return score(row) if known is None else known

    pool = ThreadPoolExecutor(workers)
    try:
        for row, found in zip(rows, pool.map(scored, rows), strict=True):
            if journal is not None:
                journal.add(row, found)
            if tick is not None:
                tick()
            yield found
    finally:  # whatever ends it, a full disk or an impatient user: what hasn't begun never does
        pool.shutdown(cancel_futures=True)
