"""A map on threads: as `map`, in order, with few items at a time."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from uniultra.parallel import cached_property, map_ahead


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(), max_size=30), st.integers(1, 5))
def test_it_is_map(items: list[int], workers: int) -> None:
    def slow(n: int) -> int:
        time.sleep((n % 3) / 2000)
        return n * n

    assert list(map_ahead(slow, items, workers)) == [slow(n) for n in items]


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_few_items_are_taken_ahead(workers: int) -> None:
    taken = 0

    def items() -> Iterator[int]:
        nonlocal taken
        for number in range(50):
            taken += 1
            yield number

    for given_out, _ in enumerate(map_ahead(abs, items(), workers)):
        assert taken - given_out <= workers + 1
    assert taken == 50


def test_calls_run_at_the_same_time() -> None:
    together = threading.Barrier(3, timeout=30)  # passes where three wait at it, else raises
    assert list(map_ahead(lambda n: together.wait() >= 0, range(6), 3)) == [True] * 6


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("where", ["items", "function"])
def test_an_error_comes_in_its_turn(workers: int, where: str) -> None:
    def items() -> Iterator[int]:
        yield from range(5)
        raise ValueError("no item 5")

    def function(n: int) -> int:
        if where == "function" and n == 3:
            raise ValueError("not 3")
        return n

    seen: list[int] = []
    with pytest.raises(ValueError, match="no item 5" if where == "items" else "not 3"):
        seen.extend(map_ahead(function, items(), workers))
    assert seen == list(range(5 if where == "items" else 3))


@pytest.mark.parametrize("workers", [2, 4])
def test_what_stops_early_leaves_no_thread(workers: int) -> None:
    before, begun = threading.active_count(), []
    results = map_ahead(begun.append, range(1000), workers)
    next(results)
    results.close()  # type: ignore[attr-defined]
    assert threading.active_count() == before
    assert len(begun) <= workers + 2


class Once:
    """Each object's value takes until both threads are at theirs."""

    def __init__(self, both: threading.Barrier) -> None:
        self.both, self.times = both, 0

    @cached_property
    def value(self) -> list[int]:
        """What is kept."""
        self.times += 1
        self.both.wait(timeout=30)
        return [self.times]


def test_two_objects_are_worked_out_at_once() -> None:
    """A lock of the class, as Python 3.11's cached_property has, would break the barrier."""
    both = threading.Barrier(2)
    objects = [Once(both), Once(both)]
    assert list(map_ahead(lambda one: one.value, objects, 2)) == [[1], [1]]
    assert [one.times for one in objects] == [1, 1]


def test_a_value_is_kept_and_is_one_for_all_threads() -> None:
    one = Once(threading.Barrier(2))
    first, second = map_ahead(lambda _: one.value, range(2), 2)
    assert first is second is one.value
    assert one.times == 2, "both were at it; later ones aren't"
    assert Once.value.__doc__ == "What is kept."
