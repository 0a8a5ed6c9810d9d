"""Times of many jobs in turn, so that a machine that drifts slows all of them; medians, spreads, and ratios
round by round.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Job:
    """One thing to time: `step` of `contestant`."""

    contestant: str
    step: str
    call: Callable[[], object]


@dataclass(frozen=True)
class Pace:
    """How often each job is called.

    Attributes:
        rounds: through all jobs, after one that warms up and isn't counted.
        budget_s: a job is called again within a round until this time is used; each is called at least once.
        most: calls a round.
    """

    rounds: int = 9
    budget_s: float = 0.2
    most: int = 12


QUICK = Pace(rounds=2, budget_s=0.02, most=3)
"""For a look at whether everything runs; its numbers are worth little."""

Rounds = tuple[tuple[float, ...], ...]
"""Seconds of each call, round by round."""


def interleave(jobs: Sequence[Job], pace: Pace, tick: Callable[[], None] = lambda: None) -> list[Rounds]:
    """The times of each job, in the order of `jobs`; each round calls all of them. `tick` is called after
    each job of each round.
    """
    times: list[list[tuple[float, ...]]] = [[] for _ in jobs]
    for number in range(pace.rounds + 1):
        for index, job in enumerate(jobs):
            took = _calls(job.call, pace)
            if number:
                times[index].append(took)
            tick()
    return [tuple(rounds) for rounds in times]


def _calls(call: Callable[[], object], pace: Pace) -> tuple[float, ...]:
    took: list[float] = []
    while not took or (len(took) < pace.most and sum(took) < pace.budget_s):
        began = time.perf_counter()
        call()
        took.append(time.perf_counter() - began)
    return tuple(took)


def timing_of(job: Job, rounds: Rounds) -> dict[str, Any]:
    """What is told of a job: milliseconds over all counted calls, the median, and between which values 80 %
    of them lie.
    """
    low, middle, high = (np.percentile(_all(rounds), (10, 50, 90)) * 1000.0).tolist()
    times = {"median_ms": middle, "p10_ms": low, "p90_ms": high, "calls": len(_all(rounds))}
    return {"contestant": job.contestant, "step": job.step} | times


def ratio(theirs: Rounds, ours: Rounds) -> float:
    """How many times as long theirs takes: the median over rounds of the two medians' ratio, so that drift
    cancels.
    """
    return float(
        np.median([np.median(their) / np.median(our) for their, our in zip(theirs, ours, strict=True)])
    )


def spread(rounds: Rounds) -> float:
    """(90th - 10th percentile) / median of a job's times: its jitter."""
    low, middle, high = np.percentile(_all(rounds), (10, 50, 90))
    return float((high - low) / middle)


def _all(rounds: Rounds) -> list[float]:
    return [seconds for calls in rounds for seconds in calls]
