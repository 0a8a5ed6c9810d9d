"""A folder into which files keep coming: each is taken once it is whole, and once."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

POLL_S, RETRY_S = 2.0, 60.0
"""Between two polls of a folder: a file that hasn't changed from one to the next counts as whole. And until
files are taken again whose results couldn't be written or sent.
"""
Stat = tuple[int, int]


@dataclass
class Watch:
    """What is known of a folder's files by their names.

    Attributes:
        seen: size and time of change at the last poll.
        taken: those with which a file was taken; one that is written again is taken again.
    """

    seen: dict[str, Stat] = field(default_factory=dict)
    taken: dict[str, Stat] = field(default_factory=dict)

    def ready(self, files: Mapping[str, str]) -> dict[str, str]:
        """Of names and local paths, those that are whole and not taken yet; they count as taken then."""
        now = {name: stat for name, path in files.items() if (stat := _stat(path)) is not None}
        ready = {
            name: files[name]
            for name, stat in now.items()
            if self.seen.get(name) == stat and self.taken.get(name) != stat and stat[0] > 0
        }
        self.seen = now
        self.taken |= {name: now[name] for name in ready}
        return ready

    def again(self, files: Mapping[str, str]) -> None:
        """These count as not taken."""
        for name in files:
            self.taken.pop(name, None)


def _stat(path: str) -> Stat | None:
    """None for a file that is gone."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns
