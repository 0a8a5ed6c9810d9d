"""A busy machine is said to be one, a quiet one isn't."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from uniultra.bench.machine import describe_machine, peak_memory_mb, warnings_of, yardstick
from uniultra.machine import usable_cores


def test_a_quiet_machine_gets_no_warning() -> None:
    assert warnings_of(0.1, 2, {1: 0.02, 2: 0.14}) == []
    assert warnings_of(None, 2, {}) == []


def test_load_and_jitter_are_warned_of() -> None:
    first, second = warnings_of(3.5, 2, {1: 0.05, 2: 0.4})
    busy = "the machine was busy before the run (load average 3.5 on 2 cores)"
    assert first == f"{busy}; the timings are unreliable"
    assert second.startswith("at 2 threads a fixed piece of work varied by 40%")


def test_the_machine_is_described() -> None:
    facts = describe_machine()
    assert facts["numpy"] == np.__version__
    assert facts["cores"] == usable_cores() >= 1
    assert yardstick() == yardstick()


@pytest.mark.skipif(peak_memory_mb() is None, reason="this system doesn't say")
def test_peak_memory_is_the_childs_own() -> None:
    """A large parent doesn't show in its child: on Linux the usual way to ask would include it."""
    held = np.ones(40_000_000, np.float64)  # 320 MB
    code = "from uniultra.bench.machine import peak_memory_mb; print(peak_memory_mb())"
    child = float(
        subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    )
    mine = peak_memory_mb()
    assert mine is not None
    assert mine > held.nbytes / 1e6 > child > 5
