"""How far a batch is: a bar where a person looks on, and else a line now and then."""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from uniultra.cli.terminal.progress import new_bar
from uniultra.cli.terminal.text import printable
from uniultra.text import count_of

if TYPE_CHECKING:
    from uniultra.batch.records import Counts

WINDOW_S = 60.0
"""What the speed is taken over."""
EVERY_S = 30.0
"""Seconds between two lines, where there is no terminal."""


@dataclass
class Meter:
    """Counts by status, and speed: files per second over the last WINDOW_S, those that were done before
    included. `show` is called after each.
    """

    total: int
    counts: dict[str, int] = field(default_factory=dict)
    began: float = field(default_factory=lambda: time.monotonic())
    recent: deque[float] = field(default_factory=deque)
    last: float = field(default_factory=lambda: time.monotonic())
    show: Callable[[Meter], object] = lambda meter: None

    def add(self, status: str) -> None:
        now = time.monotonic()
        self.counts[status] = self.counts.get(status, 0) + 1
        self.recent.append(now)
        while self.recent[0] < now - WINDOW_S:
            self.recent.popleft()
        self.show(self)

    def line(self) -> None:
        """Prints itself to stderr, where the last line is EVERY_S old."""
        if time.monotonic() - self.last >= EVERY_S:
            self.last = time.monotonic()
            print(f"uniultra: {self.text()}", file=sys.stderr, flush=True)

    @property
    def seen(self) -> int:
        return sum(self.counts.values())

    def speed(self) -> float:
        """Files per second; 0 before the first."""
        span = min(WINDOW_S, time.monotonic() - self.began)
        return len(self.recent) / span if span > 0 else 0.0

    def text(self) -> str:
        speed = self.speed()
        left = "?" if speed == 0 else duration((self.total - self.seen) / speed)
        return (
            f"{self.seen} of {self.total}, {pace(speed)}, {left} left, {self.counts.get('failed', 0)} failed"
        )


def duration(seconds: float) -> str:
    """As 1:02:03."""
    whole = round(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"


def pace(speed: float) -> str:
    """Files per second; of slower ones, such as long cines, per minute or hour."""
    if speed >= 1 or speed == 0:
        return f"{speed:.1f} files per second"
    return f"{60 * speed:.1f} files per minute" if speed >= 1 / 60 else f"{3600 * speed:.1f} files per hour"


@contextmanager
def shown(total: int) -> Iterator[Meter]:
    """A meter that shows itself on stderr."""
    with new_bar() as bar:
        meter = Meter(total)
        task = bar.add_task("starting", total=total)
        meter.show = Meter.line
        if not bar.disable:
            meter.show = lambda _: bar.update(task, completed=meter.seen, description=meter.text())
        yield meter


def tell_counts(counts: Counts, total: int, meter: Meter, out: str, hearts: bool = False) -> None:
    """What became of `total` inputs, and where their tables are; with `hearts`, that of ejection fractions,
    too.
    """
    took = time.monotonic() - meter.began
    before = meter.counts.get("skipped", 0)
    print(
        f"{counted(counts, total)}; {before} were done before; {duration(took)}, {pace(meter.total / took)}"
    )
    print(
        printable(
            f"Results in {out.rstrip('/')}/results.csv"
            + (f", ejection fractions in {out.rstrip('/')}/ef.csv" if hearts else "")
            + (f", failures in {out.rstrip('/')}/failures.csv" if counts.failed + counts.unreadable else "")
        )
    )


def counted(counts: Counts, total: int) -> str:
    """The same in a few words."""
    left = {
        "failed": counts.failed,
        "not reached": counts.pending,
        "frames unreadable": counts.unreadable,
    }
    more = "".join(f", {number} {what}" for what, number in left.items() if number)
    return f"{counts.done} of {count_of(total, 'input')} done, {count_of(counts.objects, 'object')}{more}"
