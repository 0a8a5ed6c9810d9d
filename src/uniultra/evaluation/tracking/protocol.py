"""Clips under trackers: scored one after the other, and the tables of it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from uniultra.evaluation.journal import Journal
from uniultra.evaluation.metrics import bootstrap_means, percentile_interval
from uniultra.evaluation.report.tables import markdown_table
from uniultra.evaluation.settings import stable_seed
from uniultra.evaluation.tracking.clips import Clip
from uniultra.evaluation.tracking.followers import Tracker, true_prompt
from uniultra.evaluation.tracking.holding import prompts_to_hold
from uniultra.evaluation.tracking.scores import ClipScores, score_clip

Scores = dict[str, list[ClipScores]]
"""By tracker, in the order of clips."""
HEAD = (
    "method", "clips", "J", "F", "Dice", "95 %", "last frame", "95 %", "half-life", "accepted",
    "lost: recall", "precision", "unsure or lost: recall", "precision", "shown when gone", "roughness",
    "excess at first", "prompts for 100 frames", "ms a frame",
)  # fmt: skip


@dataclass(frozen=True)
class ScoredClip:
    """One clip, by tracker; of none where it begins without a target."""

    scores: dict[str, ClipScores]


def parse_clip(line: Mapping[str, Any]) -> ScoredClip:
    """A line of a journal."""
    return ScoredClip(
        {
            name: ClipScores(**{**values, "course": tuple(values["course"])})
            for name, values in line["scores"].items()
        }
    )


def evaluate_tracking(
    clips: Sequence[Clip],
    trackers: Sequence[Tracker],
    tick: Callable[[], None] = lambda: None,
    true_mask: bool = False,
    journal: Journal | None = None,
) -> Scores:
    """Every clip under every tracker, from the exact box of the first frame, or from its true mask; clips
    that begin without a target are left out. What the journal knows isn't scored again.
    """
    scores: Scores = {tracker.name: [] for tracker in trackers}
    for clip in clips:
        known: ScoredClip | None = None if journal is None else journal.get(clip)
        scored = known or ScoredClip(_scored(clip, trackers, true_mask))
        if journal is not None:
            journal.add(clip, scored)
        for name, score in scored.scores.items():
            scores[name].append(score)
        tick()
    return scores


def _scored(clip: Clip, trackers: Sequence[Tracker], true_mask: bool) -> dict[str, ClipScores]:
    frames, truths = clip.read()
    prompt = true_prompt(truths[0], true_mask) if truths else None
    if prompt is None:
        return {}
    found = {}
    for tracker in trackers:
        begun = time.perf_counter()
        answers = list(tracker.follow(frames, prompt))
        seconds = time.perf_counter() - begun
        score = score_clip((clip.name, clip.kind, clip.group), answers, truths, seconds)
        held = prompts_to_hold(tracker, frames, truths, answers, true_mask)
        found[tracker.name] = replace(score, prompts=100 * held / len(frames))
    return found


def tracking_markdown(scores: Scores) -> str:
    """A table for simulated cines without events, one for those with, and one for real clips."""
    parts = (
        ("Simulated cines", lambda kind: kind == "none"),
        (
            "Simulated cines with a target that leaves, a cut, or a slip of the probe",
            lambda kind: kind not in ("none", "real"),
        ),
        ("Real clips, frames in order", lambda kind: kind == "real"),
    )  # fmt: skip
    tables = [
        _table(title, {name: [s for s in own if takes(s.kind)] for name, own in scores.items()})
        for title, takes in parts
    ]
    return "\n".join(filter(None, tables))


def tracking_report(scores: Scores, true_mask: bool = False) -> dict[str, Any]:
    """Every clip's scores by tracker, as JSON, and what the first frame was prompted with."""
    return {
        "schema": "uniultra.track-evaluation/1",
        "prompt": "mask" if true_mask else "box",
        "trackers": {name: [asdict(one) for one in own] for name, own in scores.items()},
    }


def _table(title: str, scores: Scores) -> str:
    if not any(scores.values()):
        return ""
    table = markdown_table(list(HEAD), [_row(name, own) for name, own in scores.items()], left=1)
    return f"## {title}\n\n{table}"


def _row(name: str, own: Sequence[ClipScores]) -> list[str]:
    lost = sum(one.lost for one in own)
    return [
        name,
        str(len(own)),
        _number(one.j for one in own),
        _number(one.f for one in own),
        _number(one.dice for one in own),
        _interval([one.dice for one in own], own),
        _number(one.last for one in own),
        _interval([one.last for one in own], own),
        f"{np.mean([one.half_life for one in own]):.0f} of {np.mean([one.frames for one in own]):.0f}",
        f"{100 * np.mean([one.accepted for one in own]):.0f} %",
        *_noticed(sum(one.hits for one in own), lost, sum(one.flagged for one in own)),
        *_noticed(sum(one.noticed for one in own), lost, sum(one.doubted for one in own)),
        _number(one.over for one in own if one.over is not None),
        _number(one.roughness for one in own),
        _number(one.excess for one in own),
        f"{np.mean([one.prompts for one in own]):.1f}",
        f"{1000 * np.mean([one.seconds for one in own]):.0f}",
    ]


def _noticed(hits: int, lost: int, flagged: int) -> tuple[str, str]:
    """Recall of lost frames, and the precision of what is said of them."""
    recall = f"{hits / lost:.2f} of {lost}" if lost else "n/a"
    return recall, f"{hits / flagged:.2f}" if flagged else "n/a"


def _number(values: Iterable[float]) -> str:
    listed = [value for value in values if not math.isnan(value)]
    return f"{np.mean(listed):.3f}" if listed else "n/a"


def _interval(values: Sequence[float], own: Sequence[ClipScores]) -> str:
    """Over clips, whole groups drawn together; alike for all trackers."""
    groups = [one.group for one in own]
    if len(set(groups)) < 2:
        return "n/a"
    low, high = percentile_interval(bootstrap_means(values, groups, stable_seed(0, "track")))
    return f"{low:.3f}-{high:.3f}"
