"""From the command to a measured, exported cine, as a new user walks it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from browsers import CHROMIUM
from commands import script

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed"),
]
SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "workspace_first.py"


def test_a_new_user_comes_to_a_measured_and_exported_cine(tmp_path: Path) -> None:
    """Each step is reached, in order, and the files are there; how long it takes is not judged here."""
    done = script(SCRIPT, "--out", tmp_path / "first.json")
    assert done.returncode == 0, done.stderr
    seconds = json.loads((tmp_path / "first.json").read_text())["seconds"]
    assert list(seconds)[-1] == "measured, exported"
    assert list(seconds.values()) == sorted(seconds.values())
    assert len(seconds) == 6
