"""What is done while the answer to a prompt is on its way counts for the mask that comes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from browsers import Visit

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = pytest.mark.browser


@contextmanager
def late(tab: Visit) -> Iterator[Callable[[], None]]:
    """Draws a box whose answer waits until what is yielded is called."""
    held: list[Any] = []
    tab.page.route("**/segment", lambda route: held.append(route))
    tab.drag((100, 60), (240, 160))
    while not held:
        tab.page.wait_for_timeout(20)
    yield lambda: held.pop().continue_()
    tab.page.unroute("**/segment")


def test_a_track_begins_once_its_mask_is_there(tab: Visit) -> None:
    """It was refused: "Segment a structure on this frame first"."""
    tab.open("cine.dcm")
    with late(tab) as answer:
        tab.page.keyboard.press("t")
        tab.page.wait_for_timeout(300)
        answer()
        tab.wait("doc.frames.length === 6 && !app.following && app.saving === 'saved'")
    assert [frame["masks"][0]["source"] for frame in tab.state()["doc"]["frames"]] == [
        "prompt",
        *["track"] * 5,
    ]


def test_a_track_that_waits_is_stopped_by_a_further_key(tab: Visit) -> None:
    tab.open("cine.dcm")
    with late(tab) as answer:
        tab.page.keyboard.press("t")
        tab.page.keyboard.press("t")
        answer()
        tab.wait("doc.frames.length === 1 && app.saving === 'saved'")
    tab.page.wait_for_timeout(500)
    assert len(tab.state()["doc"]["frames"]) == 1


def test_an_export_waits_for_a_mask(tab: Visit, folder: Path) -> None:
    """It was refused, or written without the mask."""
    tab.open("picture.png")
    with late(tab) as answer:
        tab.page.evaluate("async () => (await import('/static/export_dialog.mjs')).showExport()")
        tab.page.locator("#export-now").click()
        tab.page.wait_for_timeout(300)
        answer()
        tab.page.locator("#export-result .good").wait_for()
    tab.page.keyboard.press("Escape")
    written = json.loads((folder / "uniultra-project" / "export" / "picture.json").read_text())
    assert len(written["objects"]) == 1


def test_a_mask_is_kept_by_who_drew_its_box(tab: Visit, folder: Path) -> None:
    """It was lost where the person went on as a second reader."""
    tab.open("picture.png")
    with late(tab) as answer:
        tab.page.locator("#readers").click()
        tab.page.locator("#reader-name").fill("Eve")
        tab.page.locator("#reader-begin").click()
        tab.page.wait_for_timeout(300)
        answer()
        tab.page.wait_for_function("() => !window.seen")  # the page is loaded anew
        tab.know()
    saved = json.loads((folder / "uniultra-project" / "picture.png.annotations.json").read_text())
    assert len(saved["doc"]["frames"]) == 1


def test_other_answers_are_of_the_mask_that_comes(tab: Visit) -> None:
    """A was ignored."""
    tab.open("picture.png")
    with late(tab) as answer:
        tab.page.keyboard.press("a")
        tab.page.wait_for_timeout(300)
        with tab.page.expect_request("**/alternatives"):
            answer()
    tab.wait("doc.frames.length === 1 && app.saving === 'saved'")


def test_nobody_points_at_another_frames_picture(tab: Visit) -> None:
    """A caliper that was drawn on the picture of frame 0 was kept as one of the
    next, whose picture wasn't there yet.
    """
    tab.open("picture.png")
    held: list[Any] = []
    tab.page.route(re.compile(r"/frames/[1-9]$"), lambda route: held.append(route))
    tab.open("cine.dcm")
    tab.page.keyboard.press("ArrowRight")
    tab.page.keyboard.press("m")
    tab.drag((50, 50), (150, 100))
    tab.page.keyboard.press("s")
    tab.drag((100, 60), (240, 160))
    for key in "gb":
        tab.page.keyboard.press(key)
    playwright.expect(tab.page.locator("#notice")).to_have_text("This frame is still loading.")
    tab.page.keyboard.press("Enter")
    tab.page.keyboard.press("Escape")
    while held:
        held.pop().continue_()
    tab.page.unroute(re.compile(r"/frames/[1-9]$"))
    tab.page.wait_for_function("() => seen.isInSight()")
    assert tab.state()["frame"] == 1
    assert (tab.state()["doc"]["frames"], tab.state()["doc"]["calipers"]) == ([], [])
    tab.page.keyboard.press("m")
    tab.drag((50, 50), (150, 100))
    tab.wait("doc.calipers.length === 1 && doc.calipers[0].frame === 1 && app.saving === 'saved'")
