"""A frame whose picture can't be had: who points at it is told why, and what to do."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pydicom.uid import JPEGBaseline8Bit

from browsers import Visit
from dicoms import dataset, encapsulated, jpeg, save
from opened import frames

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def damaged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cine whose frame 2, as the page counts, is no JPEG."""
    path = tmp_path_factory.mktemp("damaged") / "damaged.dcm"
    pictures = frames()[:3]
    coded = [jpeg(one) for one in pictures]
    coded[1] = b"\xff\xd8" + bytes(len(coded[1]) - 4) + b"\xff\xd9"
    save(encapsulated(dataset(np.stack(pictures), FrameTime=40.0), JPEGBaseline8Bit, coded), path)
    return path


def said_where(visit: Visit, path: Path) -> list[str]:
    """What is said as the damaged frame comes, where one draws a box on it, and where keys point at it."""
    page, notice = visit.page, visit.page.locator("#notice")
    visit.add(path)
    page.keyboard.press("ArrowRight")
    visit.wait("app.frames.failed.has(1)")
    playwright.expect(notice).not_to_be_empty()
    said = [notice.text_content()]
    for keys in ("", "gb"):
        page.evaluate("() => { seen.say(''); seen.draw(); }")
        if keys:
            for key in keys:
                page.keyboard.press(key)
        else:
            visit.drag((100, 60), (240, 160))
        playwright.expect(notice).not_to_be_empty()
        said.append(notice.text_content())
    page.keyboard.press("Escape")
    assert visit.state()["doc"]["frames"] == []
    return [text or "" for text in said]


def test_a_frame_that_cant_be_read_says_why(tab: Visit, damaged: Path) -> None:
    """It was said to be loading still."""
    tab.faults = FaultsBut422()
    said = said_where(tab, damaged)
    assert len(set(said)) == 1, said
    assert said[0].startswith("This frame can't be shown: damaged.dcm: frame 1"), said[0]
    assert said[0].endswith(". Step to another one, or open the file again."), said[0]


def test_the_same_without_a_server(alone: Visit, damaged: Path) -> None:
    said = said_where(alone, damaged)
    assert len(set(said)) == 1, said
    assert said[0].startswith("This frame can't be shown: "), said[0]
    assert said[0].endswith(". Step to another one, or open the file again."), said[0]


class FaultsBut422(list[str]):
    """A refusal is logged by the browser itself, as that of any address."""

    def append(self, text: str) -> None:
        if "status of 422" not in text:
            super().append(text)
