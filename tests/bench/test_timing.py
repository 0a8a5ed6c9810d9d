"""Every job is called in every round; drift cancels in ratios."""

from __future__ import annotations

import pytest

from uniultra.bench.timing import Job, Pace, interleave, ratio, spread, timing_of


def test_jobs_take_turns_and_the_first_round_isnt_counted() -> None:
    called: list[str] = []
    jobs = [Job("a", "encoder", lambda: called.append("a")), Job("b", "encoder", lambda: called.append("b"))]
    ticks: list[None] = []
    times = interleave(jobs, Pace(rounds=3, budget_s=0.0), lambda: ticks.append(None))
    assert "".join(called) == "abababab"
    assert [len(rounds) for rounds in times] == [3, 3]
    assert len(ticks) == 8


def test_a_quick_job_is_called_more_often_but_not_forever() -> None:
    called: list[int] = []
    times = interleave([Job("a", "x", lambda: called.append(1))], Pace(rounds=1, budget_s=60.0, most=5))
    assert (len(called), len(times[0][0])) == (10, 5)


def test_ratios_cancel_drift() -> None:
    ours, theirs = ((1.0,), (2.0,), (4.0,)), ((3.0,), (6.0,), (12.0,))
    assert ratio(theirs, ours) == pytest.approx(3.0)
    assert ratio(ours, theirs) == pytest.approx(1 / 3)


def test_a_timing_is_told_in_milliseconds() -> None:
    rounds = ((0.010, 0.020), (0.030,), (0.040, 0.050))
    reported = timing_of(Job("a", "decoder", lambda: None), rounds)
    assert (reported["contestant"], reported["step"], reported["calls"]) == ("a", "decoder", 5)
    assert [reported[f"{name}_ms"] for name in ("median", "p10", "p90")] == pytest.approx([30.0, 14.0, 46.0])
    assert spread(rounds) == pytest.approx(32 / 30)
