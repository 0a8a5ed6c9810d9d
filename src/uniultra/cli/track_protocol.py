"""`uniultra evaluate --protocol track`: our tracker and the baselines on clips and simulated cines, in one
run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from uniultra.cli.protocols import ticks
from uniultra.cli.terminal.text import printable_lines
from uniultra.errors import DataError

if TYPE_CHECKING:
    from uniultra.data.manifest import Row
    from uniultra.evaluation.tracking.followers import Followed
    from uniultra.segmenter import Segmenter
    from uniultra.types import Frame, Prompt

CINE_FRAMES = 100
CINES_A_SET = 6
"""Simulated cines of each set, unless --limit says otherwise."""


@dataclass(frozen=True)
class OurTracker:
    """`tracking` behind the protocol of the evaluation."""

    segmenter: Segmenter
    name: str = "uniultra track"

    def follow(self, frames: Sequence[Frame], prompt: Prompt) -> Iterator[Followed]:
        from uniultra.evaluation.tracking.followers import Followed
        from uniultra.tracking import begin, step

        answers, state = begin(self.segmenter, frames[0], {1: prompt})
        for number, frame in enumerate(frames):
            if number:
                answers, state = step(self.segmenter, state, frame)
            [answer] = answers
            lost = answer.status in ("lost", "absent")
            yield Followed(answer.mask.mask_hw, answer.guess.mask_hw, lost)


def run_track_protocol(
    segmenter: Segmenter, rows: Sequence[Row], limit: int | None, out: Path | None, force: bool
) -> str:
    """Scores, writes a JSON where `out` names one, and returns the tables.

    Raises:
        DataError: nothing to follow. OutputError: the file exists or can't be written.
    """
    from uniultra.evaluation.tracking.clips import real_clips, simulated_clips
    from uniultra.evaluation.tracking.followers import baselines
    from uniultra.evaluation.tracking.protocol import evaluate_tracking, tracking_markdown, tracking_report
    from uniultra.io.output import check_free, write_json

    file = out if out is None or out.suffix.lower() == ".json" else out / "tracking.json"
    if file is not None:
        check_free([file], force)
    clips = real_clips(rows)
    kept = {clip.name.split("/")[0] for clip in clips}
    clips += simulated_clips(
        [row for row in rows if row.dataset not in kept], limit or CINES_A_SET, CINE_FRAMES
    )
    with ticks(f"{segmenter.name}, tracking", len(clips)) as tick:
        scores = evaluate_tracking(clips, [OurTracker(segmenter), *baselines(segmenter)], tick)
    if not any(scores.values()):
        raise DataError("no clip begins with a target, so there is nothing to follow; check the masks")
    if file is not None:
        write_json(file, tracking_report(scores), force)
    return tracking_markdown(scores)


def by_track(
    model: str, rows: Callable[[], Sequence[Row]], limit: int | None, out: Path | None, force: bool
) -> None:
    """The whole of a run under this protocol; `limit` is of simulated cines a set. Prints its tables."""
    from uniultra.segmenter import Segmenter

    segmenter = Segmenter.load(model)
    print(printable_lines(run_track_protocol(segmenter, rows(), limit, out, force)), end="")
