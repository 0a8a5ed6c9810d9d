"""Waiting for an archive that is away for a while, as one that is started again is."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from uniultra.errors import UnreachableError

WAIT_S = 60.0
LONGEST_PAUSE_S = 8.0
T = TypeVar("T")


@dataclass
class Patience:
    """One worker's. Where the archive stays away it is spent once, not for each input.

    Attributes:
        left_s: how long it still waits in all, until the archive answers again.
        pause: waits for so many seconds.
    """

    left_s: float = WAIT_S
    pause: Callable[[float], None] = time.sleep

    def call(self, ask: Callable[[], T]) -> T:
        """What `ask` gives, which is asked again as long as the archive is away. Raises what it raises."""
        pause_s = 1.0
        while True:
            try:
                found = ask()
            except UnreachableError:
                if self.left_s <= 0:
                    raise
                now_s = min(pause_s, self.left_s)
                self.left_s -= now_s
                self.pause(now_s)
                pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
            else:
                self.left_s = WAIT_S
                return found
