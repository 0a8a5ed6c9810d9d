"""Clips with the truth on every frame: those that a manifest holds, in order, and cines simulated from its
stills.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import numpy as np

from uniultra.data.loading import read_row
from uniultra.data.manifest import Row, objects_in
from uniultra.data.simulation.cines import Event, simulate_cine
from uniultra.evaluation.settings import stable_seed
from uniultra.types import Frame

LEAST_FRAMES = 5
"""Fewer rows of one clip are stills."""
EVENT_CYCLE: tuple[Event, ...] = ("none", "leaves", "none", "cut", "none", "slip")
"""What happens in one simulated cine after the other."""
_NUMBERED = re.compile(r"(.+)_(\d+)")


class _Reader(Protocol):
    def __call__(self) -> tuple[list[Frame], list[np.ndarray]]: ...


@dataclass(frozen=True)
class Clip:
    """A clip, whose frames and truths, bool (H, W), are read or made when they are needed.

    Attributes:
        name, organ: for reports.
        group: what is resampled together.
        kind: `real`, or the event of a simulated one.
    """

    name: str
    organ: str
    group: str
    kind: str
    read: _Reader

    @property
    def dataset(self) -> str:
        return self.name.partition("/")[0]

    @property
    def id(self) -> str:
        """Of the set's clips this one: two groups may each have a clip of one name."""
        return f"{self.name.partition('/')[2]} ({self.group}, {self.kind})"


def real_clips(rows: Iterable[Row]) -> list[Clip]:
    """LEAST_FRAMES or more rows of one clip, by their frames. Rows that name none are one clip where they are
    of one set and group and their ids are alike but for a number at their end, which is taken for the frame.
    """
    found: dict[tuple[str, str, str], list[tuple[int, Row]]] = defaultdict(list)
    for row in rows:
        match = _NUMBERED.fullmatch(row.id)
        if row.clip and row.frame is not None:
            found[row.dataset, row.group, row.clip].append((row.frame, row))
        elif match:
            found[row.dataset, row.group, match[1]].append((int(match[2]), row))
    return [
        Clip(f"{dataset}/{name}", own[0][1].organ, own[0][1].cluster, "real", partial(_read, _in_order(own)))
        for (dataset, _, name), own in sorted(found.items())
        if len(own) >= LEAST_FRAMES
    ]


def short_clips(rows: Iterable[Row]) -> int:
    """How many clips that rows name, by the columns clip and frame, have too few frames to be followed."""
    named = Counter((row.dataset, row.group, row.clip) for row in rows if row.clip and row.frame is not None)
    return sum(count < LEAST_FRAMES for count in named.values())


def simulated_clips(rows: Sequence[Row], limit: int, count: int, seed: int = 0) -> list[Clip]:
    """Up to `limit` cines of `count` frames of each set, from stills evenly spaced among its rows; events go
    round.
    """
    clips: list[Clip] = []
    by_set: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_set[row.dataset].append(row)
    for dataset, own in sorted(by_set.items()):
        for still in own[:: max(len(own) // limit, 1)][:limit]:
            event = EVENT_CYCLE[len(clips) % len(EVENT_CYCLE)]
            read = partial(_simulated, still, count, seed, event)
            clips.append(Clip(f"{dataset}/{still.id}", still.organ, still.cluster, event, read))
    return clips


def _in_order(numbered: list[tuple[int, Row]]) -> list[Row]:
    return [row for _, row in sorted(numbered, key=lambda pair: pair[0])]


def _read(rows: Sequence[Row]) -> tuple[list[Frame], list[np.ndarray]]:
    pairs = [read_row(row) for row in rows]
    return [frame for frame, _ in pairs], [ids_hw > 0 for _, ids_hw in pairs]


def _simulated(row: Row, count: int, seed: int, event: Event) -> tuple[list[Frame], list[np.ndarray]]:
    """A cine of the still's largest object; no frames where it shows none."""
    frame, ids_hw = read_row(row)
    objects = objects_in(ids_hw, row.dataset)
    if not objects:
        return [], []
    target = max(objects, key=np.count_nonzero).astype(np.uint8)
    made = list(simulate_cine(frame.pixels_hw, target, count, stable_seed(seed, row.id) % 2**31, event))
    frames = [Frame(one.pixels_hw, frame.source, frame.calibration) for one in made]
    return frames, [one.ids_hw > 0 for one in made]
