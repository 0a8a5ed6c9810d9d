"""A mask that tracking is unsure of looks so on the page: a dashed contour, and a word in the list."""

from __future__ import annotations

import pytest

from browsers import Visit

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = pytest.mark.browser

COLOURED = """() => {
    const overlay = document.querySelector("#overlay"), { width, height } = overlay;
    const { data } = overlay.getContext("2d").getImageData(0, 0, width, height);
    let [lines, fill] = [0, 0];
    for (let at = 3; at < data.length; at += 4) {
        lines += data[at] > 240;
        fill += data[at] > 0;
    }
    return [lines, fill];
}"""
TOLD = """async (sure) => {
    const { commit, doc, draw } = await import("/static/state.mjs");
    const { maskOf, withMask } = await import("/static/doc.mjs");
    const told = { ...maskOf(doc(), 0, 1), box: null, points: [], labels: [], source: "track", sure };
    commit(withMask(doc(), 0, 1, told));
    draw();
}"""


def test_an_unsure_mask_is_dashed_and_says_so(tab: Visit) -> None:
    tab.open("picture.png")
    tab.page.locator("#stage").focus()
    tab.drag((95, 55), (245, 165))
    tab.wait("doc.frames.length === 1 && app.pending.length === 0 && app.saving === 'saved'")
    found = {}
    for sure in (True, False):
        tab.page.evaluate(TOLD, sure)
        said = playwright.expect(tab.page.locator(".structure .quality"))
        (said.not_to_contain_text if sure else said.to_contain_text)("unsure: check it")
        tab.colour_at(0, 0)  # two pictures later
        found[sure] = tab.page.evaluate(COLOURED)
    (line, area), (dashes, same) = found[True], found[False]
    assert dashes < 0.9 * line
    assert same > 0.9 * area


FOLLOWED = """async () => {
    const { commit, doc, draw } = await import("/static/state.mjs");
    const { maskOf, withChangedObject, withMask } = await import("/static/doc.mjs");
    const told = { ...maskOf(doc(), 0, 1), box: null, points: [], labels: [], source: "track" };
    let next = doc();
    for (const number of [1, 2, 3]) next = withMask(next, number, 1, { ...told, sure: number !== 2 });
    next = withMask(next, 3, 1, { ...told, sure: true, quality: 0.4 });
    commit(withChangedObject(next, 1, { lost: [4] }));
    draw();
}"""


@pytest.fixture
def followed(tab: Visit) -> Visit:
    """Of six frames the third is unsure, the fourth of low quality; on the fifth the structure is lost."""
    tab.open("cine.dcm")
    tab.page.locator("#stage").focus()
    tab.drag((95, 55), (245, 165))
    tab.wait("doc.frames.length === 1 && app.pending.length === 0 && app.saving === 'saved'")
    tab.page.evaluate(FOLLOWED)
    tab.wait("doc.frames.length === 4")
    playwright.expect(tab.page.locator("#next-unsure")).to_have_text("3 to check")
    return tab


def test_the_next_frame_to_check_after_the_last_is_the_first(followed: Visit) -> None:
    for key, frame in (("u", 2), ("u", 3), ("u", 4), ("u", 2), ("Shift+U", 4), ("Shift+U", 3)):
        followed.page.keyboard.press(key)
        followed.wait(f"app.frame === {frame} && !app.notice")


def test_what_is_right_as_it_is_needs_no_look_any_more(followed: Visit) -> None:
    """One step back each; a track stops before a mask that was found right."""
    page, right = followed.page, followed.page.locator("#right")
    playwright.expect(right).to_be_hidden()
    page.keyboard.press("u")
    playwright.expect(right).to_be_visible()
    page.keyboard.press("o")
    followed.wait("app.frame === 3")
    playwright.expect(page.locator("#next-unsure")).to_have_text("2 to check")
    right.click()
    followed.wait("app.frame === 4")
    page.keyboard.press("o")
    followed.wait("app.frame === 4 && doc.objects[0].lost.length === 0")
    playwright.expect(page.locator("#notice")).to_contain_text("No further frame")
    playwright.expect(page.locator("#next-unsure")).to_be_hidden()
    followed.wait("app.saving === 'saved'")
    page.keyboard.press("Home")
    for _ in range(2):
        page.keyboard.press("ArrowRight")
    playwright.expect(page.locator(".structure .quality")).to_contain_text("checked")
    counts = "doc.frames[2].masks[0].counts"
    kept = page.evaluate(counts.replace("doc", "seen.doc()"))
    page.keyboard.press("Home")
    page.keyboard.press("t")
    followed.wait("doc.frames[1].masks[0].counts !== doc.frames[0].masks[0].counts")
    followed.wait(f"document.querySelector('#track').getAttribute('aria-pressed') === 'false' && {counts}")
    assert page.evaluate(counts.replace("doc", "seen.doc()")) == kept
    for _ in range(2):
        page.keyboard.press("Control+z")
    followed.wait("doc.objects[0].lost.length === 1")
    for _ in range(2):
        page.keyboard.press("Control+z")
    playwright.expect(page.locator("#next-unsure")).to_have_text("3 to check")
    assert all(not mask.get("checked") for one in followed.state()["doc"]["frames"] for mask in one["masks"])


def test_a_brush_corrects_what_tracking_was_unsure_of(followed: Visit) -> None:
    followed.page.keyboard.press("u")
    followed.page.keyboard.press("b")
    followed.drag((170, 100), (190, 120))
    followed.wait("app.frame === 2 && doc.frames[2].masks[0].source === 'brush'")
    playwright.expect(followed.page.locator("#next-unsure")).to_have_text("2 to check")
