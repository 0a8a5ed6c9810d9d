"""What does nothing says why, and what goes on for long is left at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from browsers import Visit, check_tab, tab_of
from opened import annotations, frames, started

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = pytest.mark.browser


def test_an_eraser_without_a_mask_says_so(tab: Visit) -> None:
    tab.open("picture.png")
    tab.page.locator('[data-key="new"]').click()
    tab.wait("doc.objects.length === 1")
    tab.page.keyboard.press("e")
    tab.drag((100, 100), (140, 110))
    playwright.expect(tab.page.locator("#notice")).to_have_text(
        "The selected structure has no mask here to erase."
    )
    tab.page.keyboard.press("b")
    tab.drag((100, 100), (140, 110))
    tab.wait("doc.frames.length === 1 && app.saving === 'saved'")


def test_a_field_that_refuses_a_name_says_which_are_taken(tab: Visit) -> None:
    tab.page.locator("#readers").click()
    field = tab.page.locator("#reader-name")
    field.fill("Anna B.")
    assert field.evaluate("(one) => one.validity.patternMismatch && one.title").startswith("Up to 40 letters")
    field.fill("Anna O'B-1")
    assert field.evaluate("(one) => one.validity.valid")


@pytest.mark.parametrize("way", ["button.item[title='still.png']", "#accept"])
def test_a_file_is_opened_in_the_middle_of_a_track(chromium: Any, tmp_path: Path, way: str) -> None:
    """It was opened only when the whole cine was tracked."""
    loop = [Image.fromarray(frame).resize((160, 120)) for frame in frames()]
    whole = (loop[1:] + loop[::-1]) * 40
    loop[0].save(tmp_path / "cine.gif", "GIF", save_all=True, append_images=whole, duration=40)
    loop[0].save(tmp_path / "still.png")
    server = started(tmp_path)
    context = chromium.new_context(viewport={"width": 1280, "height": 720}, locale="en-GB")
    tab = tab_of(context, server.link)
    tab.open("cine.gif")
    tab.drag((47, 27), (122, 82))
    tab.wait("doc.frames.length === 1 && app.saving === 'saved'")
    tab.page.keyboard.press("t")
    tab.wait("doc.frames.length > 4")
    tab.page.locator(way).click()
    tab.wait("app.file.name === 'still.png' && app.saving === 'saved'")
    tracked = annotations(tmp_path, "cine.gif")["doc"]["frames"]
    assert 4 < len(tracked) < len(whole) // 2
    check_tab(tab)
    context.close()
    server.stop()
