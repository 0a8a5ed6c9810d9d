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
