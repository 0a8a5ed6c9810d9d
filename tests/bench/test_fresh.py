"""A fresh process tells its time and memory, or in one line why it failed."""

from __future__ import annotations

from pathlib import Path

import pytest

from uniultra.bench.fresh import OURS, run_fresh
from uniultra.errors import ModelError

EXAMPLE = Path(__file__).parents[2] / "src" / "uniultra" / "examples" / "malignant_183.jpg"


def test_a_cold_start() -> None:
    found = run_fresh([OURS, "uniultra-mini", str(EXAMPLE), "116,40,398,318"])
    assert 0.05 < found.seconds < 120
    assert found.peak_mb is None or 20 < found.peak_mb < 2000


def test_a_failure_is_one_line() -> None:
    with pytest.raises(ModelError, match=r"^a fresh process for 'ours' failed: .*model 'mono' is unknown[^\n]*$"):
        run_fresh([OURS, "mono", str(EXAMPLE), "116,40,398,318"])
