"""The threads that work on one track: the caller's, and helpers that end with it.

Threads change no result: calls give what they give, in their order, and what one raises is raised where it
would be without threads.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from types import TracebackType
from typing import Any, Self, TypeVar

from uniultra.machine import usable_cores
from uniultra.segmenter import Segmenter

THREADS = 2
"""Structures, the model beside registration, and motion to the next frame are worked on by at most so many
threads, the caller's among them.
"""
Made = TypeVar("Made")


class Crew:
    """The caller's thread and helpers, which begin when there is work for them, and end with the block that
    this is entered for. Alone, the caller does everything in turn.
    """

    def __init__(self, count: int) -> None:
        self.count = count
        helpers = count - 1
        self._pool = ThreadPoolExecutor(helpers, thread_name_prefix="uniultra-track") if helpers else None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def at_once(self, tasks: Sequence[Callable[[], Made]]) -> list[Made]:
        """What calls give, in their order. Of what they raise, the first in their order is raised, and calls
        that haven't begun by then never do; nor do they where the caller is interrupted.
        """
        if self._pool is None or len(tasks) < 2:
            return [task() for task in tasks]
        waiting = deque(enumerate(tasks))
        made: dict[int, Made] = {}
        faults: dict[int, Exception] = {}
        work = partial(_work, waiting, made, faults)
        helpers = [self._pool.submit(work) for _ in range(min(self.count, len(tasks)) - 1)]
        try:
            work()
        finally:
            waiting.clear()
            for helper in helpers:
                if not helper.cancel():  # one that is busy with something else isn't waited for
                    helper.result()
        if faults:
            raise faults[min(faults)]
        return [made[place] for place in range(len(tasks))]

    def map(self, function: Callable[..., Made], *items: Sequence[Any]) -> list[Made]:
        """As `map`, by `at_once`."""
        return self.at_once([partial(function, *given) for given in zip(*items, strict=True)])

    def begun(self, task: Callable[[], Made]) -> Future[Made] | None:
        """A call that a helper makes meanwhile; None without helpers, where nothing is done."""
        return None if self._pool is None else self._pool.submit(task)


def suited(segmenter: Segmenter, calls: int, crew: Crew) -> Segmenter:
    """What so many calls at once are made with: where there are more than threads, a call takes only its own,
    since operators on several wait for each other at every turn.
    """
    return segmenter.one_threaded() if calls > crew.count > 1 else segmenter


def crew_of(segmenter: Segmenter) -> Crew:
    """As many threads as the segmenter may use, THREADS at most."""
    return Crew(min(THREADS, segmenter.threads or usable_cores()))


def _work(
    waiting: deque[tuple[int, Callable[[], Made]]], made: dict[int, Made], faults: dict[int, Exception]
) -> None:
    """Takes one call after another until there is none, or one raises: those before it have begun."""
    while True:
        try:
            place, task = waiting.popleft()
        except IndexError:
            return
        try:
            made[place] = task()
        except Exception as error:
            waiting.clear()
            faults[place] = error
