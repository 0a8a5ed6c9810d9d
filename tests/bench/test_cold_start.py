"""A fresh process tells its time and memory, or in one line why it failed."""

from __future__ import annotations

from pathlib import Path

import pytest

from uniultra.bench.cold_start import MODULE, run_fresh
from uniultra.errors import ModelError

EXAMPLE = Path(__file__).parents[2] / "src" / "uniultra" / "examples" / "malignant_183.jpg"


def segment(model: str) -> list[str]:
    box = "116,40,398,318"
    return [MODULE, "uniultra.cli.main", "segment", str(EXAMPLE), "--box", box, "--model", model, "--json"]


def test_a_cold_start_costs_more_than_a_start_of_python() -> None:
    nothing, found = run_fresh([MODULE, "keyword"]), run_fresh(segment("uniultra-mini"))
    assert found.seconds > nothing.seconds
    if nothing.peak_mb is not None and found.peak_mb is not None:
        assert found.peak_mb > nothing.peak_mb + 20


def test_a_failure_is_one_line() -> None:
    with pytest.raises(
        ModelError,
        match=r"^a fresh process for 'uniultra\.cli\.main' failed: .*model 'mono' is unknown[^\n]*$",
    ):
        run_fresh(segment("mono"))
