"""What the server holds for its clients: in memory alone, bounded in number and bytes, dropped when nobody
uses it.
"""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import ClassVar, Generic, Protocol, TypeVar

from uniultra.web.problems import Problem

_LONGEST_WAIT_S = 60
"""Retry-After is never longer: others may delete theirs before they run out."""


class Held(Protocol):
    """One thing; `used` is when it was used last, by the store's clock."""

    id: str
    used: float

    @property
    def bytes(self) -> int:
        """What it may take of memory."""


H = TypeVar("H", bound=Held)


class Store(Generic[H]):
    """Things of one kind by id, oldest use first. Belongs to the event loop: nothing is locked.

    `clock` is in seconds; `on_drop` is called with what was deleted or ran out.
    """

    kind: ClassVar[str]
    """As messages have it, and the types of problems."""
    fix: ClassVar[str]
    """What makes a thing smaller."""

    def __init__(
        self, most: int, max_bytes: int, idle_s: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.most, self.max_bytes, self.idle_s, self.clock = most, max_bytes, idle_s, clock
        self.on_drop: Callable[[list[H]], None] = lambda dropped: None
        self.bytes = 0
        self._held: OrderedDict[str, H] = OrderedDict()

    def __len__(self) -> int:
        return len(self._held)

    def check_room(self, more: int = 0) -> None:
        """Passes where another thing of so many bytes has room. Raises Problem: full, or image."""
        self.sweep()
        if more > self.max_bytes:
            raise Problem(
                "image", f"the {self.kind}: {more} bytes are more than this server holds in all; {self.fix}"
            )
        if len(self._held) < self.most and self.bytes + more <= self.max_bytes:
            return
        oldest = next(iter(self._held.values()))
        wait = min(max(1, math.ceil(oldest.used + self.idle_s - self.clock())), _LONGEST_WAIT_S)
        raise Problem(
            "full",
            f"{len(self._held)} {self.kind}s with {self.bytes / 1e6:.0f} MB are held, of "
            f"{self.most} and {self.max_bytes / 1e6:.0f} MB; delete those that you are done with, "
            "or wait",
            retry_s=wait,
        )

    def hold(self, one: H) -> H:
        """Raises Problem: full, or image."""
        self.check_room(one.bytes)
        self._held[one.id] = one
        self.bytes += one.bytes
        return one

    def get(self, name: str) -> H:
        """What has this id; its time begins anew. Raises Problem: no-image or no-cine."""
        self.sweep()
        one = self._held.get(name)
        if one is None:
            raise Problem(
                f"no-{self.kind}",
                f"no {self.kind} has this id; it was deleted, or not used for too long: upload it again",
            )
        one.used = self.clock()
        self._held.move_to_end(name)
        return one

    def delete(self, name: str) -> None:
        """Raises Problem: no-image or no-cine."""
        self._drop([self.get(name)])

    def sweep(self) -> None:
        """Drops what nobody used for `idle_s`."""
        oldest = self.clock() - self.idle_s
        self._drop([one for one in self._held.values() if one.used <= oldest])

    def _drop(self, dropped: list[H]) -> None:
        for one in dropped:
            del self._held[one.id]
            self.bytes -= one.bytes
        if dropped:
            self.on_drop(dropped)
