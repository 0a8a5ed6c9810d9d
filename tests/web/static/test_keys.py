"""The page without a mouse."""

from __future__ import annotations

import pytest

from browsers import Visit

pytestmark = pytest.mark.browser


def test_the_keyboard_alone_is_enough(tab: Visit) -> None:
    tab.open("picture.png")
    tab.page.evaluate("document.activeElement.blur()")
    keys = tab.page.keyboard
    keys.press("g")
    for key, times in (
        ("ArrowLeft", 8),
        ("ArrowUp", 8),
        ("b", 1),
        ("ArrowRight", 18),
        ("ArrowDown", 13),
        ("b", 1),
    ):
        for _ in range(times):
            keys.press(key)
    tab.wait("doc.frames[0]?.masks[0].box.join() === '96,56,240,160'")
    for key in ("k", "b", "ArrowLeft", "ArrowUp", "b"):
        keys.press(key)
    tab.wait("app.file.banners.length === 1")
    keys.press("Enter")
    tab.wait("app.file.banners.length === 0")
    keys.press("s")
    keys.press("Escape")
    keys.press("Enter")
    tab.wait("app.workspace.items.find((item) => item.name === 'picture.png').done")
    tab.wait("app.file.name !== 'picture.png'")
