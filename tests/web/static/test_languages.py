"""The page's texts have their place in every language, at every width."""

from __future__ import annotations

import pytest

from browsers import Visit

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = pytest.mark.browser

OUTSIDE = """() => {
    const stage = document.querySelector("#stage").getBoundingClientRect();
    return [...document.querySelectorAll("#hint li, #hint button")]
        .map((part) => [part.textContent, part.getBoundingClientRect()])
        .filter(([, box]) => box.width === 0 || box.left < stage.left || box.right > stage.right)
        .map(([text]) => text);
}"""


@pytest.mark.parametrize("language", ["en", "de"])
def test_the_hint_lies_within_the_image(tab: Visit, language: str) -> None:
    tab.page.evaluate(
        "(code) => { localStorage.setItem('uniultra-language', code);"
        " localStorage.removeItem('uniultra-hint') }",
        language,
    )
    tab.page.reload()
    tab.know()
    tab.open("picture.png")
    for width, height in ((1920, 1080), (1280, 720), (1110, 700), (1024, 768), (820, 1180), (600, 960)):
        tab.page.set_viewport_size({"width": width, "height": height})
        playwright.expect(tab.page.locator("#hint button")).to_be_visible()
        assert tab.page.evaluate(OUTSIDE) == [], (width, height)
