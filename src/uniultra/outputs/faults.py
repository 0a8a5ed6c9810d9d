"""Frames of a cine that can't be read: the others are written, and these are listed with the reason."""

from __future__ import annotations

from dataclasses import dataclass, field

from uniultra.errors import FileError
from uniultra.types import Cine

MOST_NAMED = 5
"""Frames that can't be read are named to a person up to this many; the rest are counted."""


@dataclass
class Faults:
    """Collects them; give it as `on_fault`."""

    cine: Cine
    found: dict[int, FileError] = field(default_factory=dict)

    def __call__(self, number: int, error: FileError) -> None:
        self.found.setdefault(number, error)

    def check_some_read(self, results: int) -> None:
        """Raises the first of them where not a single frame gave a result."""
        if self.found and not results:
            raise self.found[min(self.found)]

    def lines(self) -> list[str]:
        """A sentence for each; of a video, whose later frames need the one that is broken, of all of them."""
        which = "frame {} and all after it are left out" if self.cine.in_order else "frame {} is left out"
        said = [f"{which.format(number)}: {self.found[number]}" for number in sorted(self.found)]
        more = len(said) - MOST_NAMED
        return [*said[:MOST_NAMED], *([f"and {more} more frames are left out"] if more > 0 else [])]
