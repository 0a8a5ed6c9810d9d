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


def test_what_the_server_says_is_german_too(tab: Visit) -> None:
    """A reason, an offer and a refusal; without a reload, as the language is chosen in the help."""
    tab.page.evaluate("localStorage.setItem('uniultra-language', 'en')")
    tab.page.reload()
    tab.know()
    tab.open("picture.png")
    tab.drag((95, 55), (245, 165))
    tab.wait("doc.frames.length === 1 && app.saving === 'saved'")
    playwright.expect(tab.page.locator("#measures")).to_contain_text("In pixels: no calibration is known.")
    tab.page.locator("#help").click()
    tab.page.locator("#help-dialog select").select_option("de")
    tab.page.keyboard.press("Escape")
    playwright.expect(tab.page.locator("#measures")).to_contain_text("es ist kein Maßstab bekannt.")
    tab.page.locator("#export").click()
    playwright.expect(tab.page.locator("#export-dialog")).to_contain_text("Braucht ein DICOM-Bild")
    tab.page.keyboard.press("Escape")
    said = tab.page.evaluate(
        """async () => {
            const { sendJson } = await import("/static/api.mjs");
            const { reasonOf } = await import("/static/texts.mjs");
            return sendJson("POST", "/v1/workspace/dataset", {}).catch(reasonOf);
        }"""
    )
    assert said == "Noch kein Bild mit einer Maske ist übernommen. Übernehmen Sie zuerst welche."
    refused = tab.page.evaluate(
        """async () => {
            const { getJson } = await import("/static/api.mjs");
            const { reasonOf } = await import("/static/texts.mjs");
            const first = window.seen.app.workspace.items[0].id;
            return getJson(`/v1/workspace/items/${first}/frames/77`).catch(reasonOf);
        }"""
    )
    assert refused.endswith(".png: Es gibt kein Bild 77; zulässig sind 0 bis 0. Gezählt wird von 0.")
    tab.faults[:] = [fault for fault in tab.faults if "422" not in fault]
    tab.page.evaluate("localStorage.removeItem('uniultra-language')")
