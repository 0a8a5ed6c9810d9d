"""The page's main states, looked at by axe-core, and by a finger."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from browsers import CHROMIUM
from commands import script

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed"),
]
BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
SCRIPT = BENCHMARKS / "workspace_look.py"
AXE = BENCHMARKS / "axe" / "node_modules" / "axe-core" / "axe.min.js"
STATES = 14
needs_axe = pytest.mark.skipif(not AXE.is_file(), reason="run `npm ci --prefix benchmarks/axe`")


@needs_axe
def test_no_state_breaks_a_rule_of_accessibility(tmp_path: Path) -> None:
    """In both themes and both languages."""
    done = script(SCRIPT, "--axe", AXE, "--size", "1280x720", "--scans", tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("0 violations\n")


@needs_axe
def test_a_violation_is_reported(tmp_path: Path) -> None:
    """A picture without words, on the page itself: the exit code is 1, and the element is named."""
    broken = tmp_path / "axe.js"
    picture = "addEventListener('load', () => document.querySelector('main').append(new Image(9, 9)));"
    broken.write_text(AXE.read_text(encoding="utf-8") + picture, encoding="utf-8")
    one = ("--size", "1280x720", "--theme", "dark", "--language", "en", "--state", "start")
    done = script(SCRIPT, "--axe", broken, *one)
    assert done.returncode == 1
    assert "image-alt" in done.stdout


def test_a_tablet_has_room_for_fingers(tmp_path: Path) -> None:
    """Whatever can be touched has 44 pixels a side, and each state gives a picture."""
    one = ("--size", "820x1180", "--theme", "light", "--language", "de")
    done = script(SCRIPT, *one, "--out", tmp_path / "look")
    assert done.returncode == 0, done.stderr
    assert "below 44 pixels" not in done.stdout
    pictures = sorted((tmp_path / "look").glob("*.png"))
    assert len(pictures) == STATES
    for path in pictures:
        with Image.open(path) as picture:
            assert picture.size == (820, 1180)
