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


@pytest.mark.parametrize(("width", "height"), [(390, 844), (530, 844), (600, 900), (900, 700), (1280, 720)])
def test_names_that_begin_alike_can_be_told_apart(tab: Visit, width: int, height: int) -> None:
    """Between a phone and a desk the panels lie side by side, and a name has little room; at most the last
    letters of a long one are hidden.
    """
    names = ["left ventricular cavity", "left ventricular myocardium"]
    tab.page.set_viewport_size({"width": width, "height": height})
    tab.open("cine.dcm")
    tab.drag((95, 55), (245, 165))
    tab.wait("doc.frames.length === 1 && app.saving === 'saved'")
    tab.page.evaluate(
        """async (names) => {
            const { commit, doc } = await import('/static/state.mjs');
            const objects = names.map((name, at) => ({ ...doc().objects[0], id: at + 1, name }));
            commit({ ...doc(), objects });
        }""",
        names,
    )
    fields = tab.page.locator("#structures input.name")
    playwright.expect(fields).to_have_count(2)
    cut = "(fields) => fields.map((one) => [one.value, one.scrollWidth - one.clientWidth, one.clientWidth])"
    for name, over, wide in fields.evaluate_all(cut):
        assert over <= 0.15 * wide, (name, over, wide)
    assert tab.page.evaluate(CUT, "#structures button, #measures td, #measures th") == []
