"""The script that times tracking runs, and gives back what it changes."""

from __future__ import annotations

from pathlib import Path

from commands import script
from uniultra.tracking import answers

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "track_speed.py"


def test_a_row_for_each_case() -> None:
    explained = answers.EXPLAINED
    done = script(SCRIPT, "--frames", 4, "--threads", 1)
    assert done.returncode == 0, done.stderr
    rows = [line.split(" | ") for line in done.stdout.splitlines()[2:]]
    assert [row[0] for row in rows] == ["| registered, 1", "| registered, 5", "| model, 1", "| model, 5"]
    assert all(float(row[2]) > 0 for row in rows)
    assert explained == answers.EXPLAINED
