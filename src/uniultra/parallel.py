"""What threads share: a map that keeps the order and holds few items, and values worked out once."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Generic, Self, TypeVar, overload

Given = TypeVar("Given")
Made = TypeVar("Made")
Owner = TypeVar("Owner")


class cached_property(Generic[Owner, Made]):  # noqa: N801 - it stands where `property` does
    """A property that is worked out on first use, and kept.

    As `functools.cached_property` of Python 3.12: until 3.11 that holds a lock of the whole class meanwhile,
    so that threads measured one result after another. Where two threads ask one object at once, both may work
    it out, and both get the value of the first to end.
    """

    def __init__(self, function: Callable[[Owner], Made]) -> None:
        self._function, self.__doc__ = function, function.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...

    @overload
    def __get__(self, instance: Owner, owner: type) -> Made: ...

    def __get__(self, instance: Any, owner: type) -> Any:
        if instance is None:
            return self
        return instance.__dict__.setdefault(self._name, self._function(instance))


def map_ahead(
    function: Callable[[Given], Made], items: Iterable[Given], workers: int
) -> Generator[Made, None, None]:
    """As `map`, with up to `workers` calls at a time on threads, which helps where they release the GIL.

    Items are taken in the caller's thread, at most `workers` + 1 more of them than results were handed out.
    Results come in the items' order. What `items` or `function` raises is raised in its turn, after the
    results before it. Where the caller stops earlier, or is interrupted, calls that haven't begun never do,
    and those that have are waited for.

    Args:
        workers: from 1; with 1 there is no thread.
    """
    if workers == 1:
        yield from map(function, items)
        return
    waiting: deque[Future[Made]] = deque()
    with ThreadPoolExecutor(workers, thread_name_prefix="uniultra-ahead") as threads:
        try:
            for future in _submitted(threads, function, items):
                waiting.append(future)
                if len(waiting) > workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def _submitted(
    threads: ThreadPoolExecutor, function: Callable[[Given], Made], items: Iterable[Given]
) -> Iterator[Future[Made]]:
    """A future for each item; the last one holds what taking an item raised, if anything did."""
    source = iter(items)
    while True:
        try:
            item = next(source)
        except StopIteration:
            return
        except Exception as error:
            fault: Future[Made] = Future()
            fault.set_exception(error)
            yield fault
            return
        yield threads.submit(function, item)
