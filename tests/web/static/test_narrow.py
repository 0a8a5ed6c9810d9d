"""The page as wide as a phone; which file a page that is loaded anew shows; what T says."""

from __future__ import annotations

import pytest

from browsers import Visit

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = pytest.mark.browser
SHOWN = "#actions button, #measures td, #measures th, #structures button"
CUT = """(selector) => [...document.querySelectorAll(selector)].filter((one) => {
    const box = one.getBoundingClientRect(), around = one.closest("section, header").getBoundingClientRect();
    return one.scrollWidth > one.clientWidth + 1 || box.left < around.left || box.right > around.right;
}).map((one) => one.outerHTML.slice(0, 80))"""


@pytest.mark.parametrize("width", [360, 390, 510])
def test_nothing_is_cut_at_the_width_of_a_phone(tab: Visit, width: int) -> None:
    tab.page.set_viewport_size({"width": width, "height": 844})
    tab.open("cine.dcm")
    tab.drag((95, 55), (245, 165))
    tab.wait("doc.frames.length === 1 && app.saving === 'saved'")
    playwright.expect(tab.page.locator("#measures")).to_contain_text("mm²")
    assert tab.page.evaluate(CUT, SHOWN) == []
    for selector, least in (("#file-name", 30), ("#saving", 20), ("input.name", 90)):
        assert tab.page.locator(selector).bounding_box()["width"] >= least
    playwright.expect(tab.page.locator("#accept")).to_have_accessible_name("Accept and next")


def test_a_page_that_is_loaded_anew_shows_the_same_file(tab: Visit) -> None:
    tab.open("picture.png")
    tab.page.reload()
    tab.know()
    assert tab.page.evaluate("seen.app.file.name") == "picture.png"


def test_t_says_what_it_does(tab: Visit) -> None:
    notice = tab.page.locator("#notice")
    tab.open("picture.png")
    tab.drag((95, 55), (245, 165))
    tab.wait("doc.frames.length === 1 && app.saving === 'saved'")
    tab.page.keyboard.press("t")
    playwright.expect(notice).to_have_text("Tracking needs a cine; this file has a single frame.")
    tab.open("cine.dcm")
    tab.page.keyboard.press("t")
    playwright.expect(notice).to_have_text("Segment a structure on this frame first; then track it.")
    tab.drag((95, 55), (245, 165))
    tab.wait("doc.frames.length === 1")
    held: list[object] = []
    tab.page.route("**/frames/4/track", lambda route: held.append(route))  # the second part never comes
    tab.page.keyboard.press("t")
    playwright.expect(notice).to_contain_text("Press T to stop.")
    tab.page.keyboard.press("t")
    playwright.expect(notice).to_be_hidden(timeout=3000)
    tab.page.unroute("**/frames/4/track")
