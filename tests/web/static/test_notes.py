"""What is odd about a prompt is said on the page, in its language, with a server and without."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from browsers import Visit
from phantoms import ellipse, speckled

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = pytest.mark.browser

HW = (200, 300)
SAID = {
    "en": (
        "There is nothing to see where the prompt points: the image is of one even grey there.",
        "Point 150,100 is given both as inside and as outside; leave one of them out.",
    ),
    "de": (
        "ist nichts zu sehen: Das Bild hat da ein einziges, gleichmäßiges Grau.",
        "Der Punkt 150,100 ist als innen und als außen angeklickt: Machen Sie einen der Klicks rückgängig.",
    ),
}


@pytest.mark.parametrize(("visit", "language"), [("tab", "de"), ("alone", "en")])
def test_an_even_grey_and_a_pixel_clicked_both_ways_are_said(
    visit: str, language: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    visited: Visit = request.getfixturevalue(visit)
    Image.fromarray(np.full(HW, 90, np.uint8)).save(tmp_path / "even.png")
    Image.fromarray(speckled(ellipse(HW, (150, 100), (60, 45))).pixels_hw).save(tmp_path / "cyst.png")
    page = visited.page
    nothing, both = SAID[language]
    page.evaluate("(code) => localStorage.setItem('uniultra-language', code)", language)
    page.reload()
    visited.know()
    notice = page.locator("#notice")
    page.locator("#file-input").set_input_files(tmp_path / "even.png")
    visited.wait("app.file.name === 'even.png' && !app.opening")
    page.mouse.click(*visited.at(150, 100))
    playwright.expect(notice).to_contain_text(nothing)
    page.locator("#file-input").set_input_files(tmp_path / "cyst.png")
    visited.wait("app.file.name === 'cyst.png' && !app.opening")
    page.keyboard.press("n")
    page.mouse.click(*visited.at(150, 100))
    visited.wait("doc.frames.length === 1 && !app.busy")
    page.mouse.click(*visited.at(150, 100), button="right")
    playwright.expect(notice).to_contain_text(both)
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+z")
    visited.wait("doc.frames.length === 0 && app.saving === 'saved'")
    page.evaluate("localStorage.removeItem('uniultra-language')")
