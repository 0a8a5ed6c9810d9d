"""What the page without a server keeps in the browser: by a file's content, many megabytes, and once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from browsers import Visit, check_tab, tab_of
from phantoms import ellipse, speckled
from uniultra.io.coco import compressed, run_lengths

pytestmark = pytest.mark.browser
HW = (60, 80)
MASK = ellipse(HW, (40, 30), (20, 15))


def scan(folder: Path, seed: int) -> Path:
    folder.mkdir(exist_ok=True)
    Image.fromarray(speckled(MASK, seed=seed).pixels_hw).save(folder / "IM0001.png")
    return folder / "IM0001.png"


def document(count: int = 0) -> dict[str, Any]:
    """One mask, and as many of frames that this picture hasn't."""
    mask = {"object": 1, "counts": compressed(run_lengths(MASK)), "quality": 0.9, "source": "prompt"}
    noise = np.random.default_rng(0).random(HW) > 0.5
    long = {"object": 1, "counts": compressed(run_lengths(noise)), "quality": 0.9, "source": "track"}
    frames = [{"number": 0, "masks": [mask]}]
    frames += [{"number": number, "masks": [long]} for number in range(1, count + 1)]
    objects = [{"id": 1, "name": "liver", "colour": "#4cc9f0", "hidden": False}]
    return {"objects": objects, "frames": frames, "calipers": [], "spacing_mm_yx": None, "done": False}


def opened(tab: Visit, path: Path, known: int) -> None:
    tab.add(path)
    tab.wait(f"app.workspace.items.length === {known}")


def test_masks_come_back_with_their_own_file_alone(alone: Visit, tmp_path: Path) -> None:
    """Scanners call the first picture of every patient the same."""
    first, second = scan(tmp_path / "one", 1), scan(tmp_path / "two", 2)
    known = alone.page.evaluate("seen.app.workspace.items.length")
    opened(alone, first, known + 1)
    alone.page.evaluate("(doc) => seen.commit(doc)", document(3000))
    alone.wait("app.saving === 'saved' && doc.frames.length === 3001")
    assert len(str(alone.state()["doc"])) > 6_000_000, "localStorage ends at 5 MB"
    opened(alone, second, known + 2)
    assert alone.state()["doc"]["frames"] == []
    other = tab_of(alone.page.context, alone.page.url)
    opened(other, first, known + 1)
    assert len(other.state()["doc"]["frames"]) == 3001
    opened(alone, first, known + 2)
    alone.page.evaluate("(doc) => seen.commit(doc)", document())
    alone.wait("app.saving === 'saved' && doc.frames.length === 1")
    other.page.evaluate("(doc) => seen.commit(doc)", document(3))
    other.wait("app.saving === 'conflict'")
    check_tab(other)
