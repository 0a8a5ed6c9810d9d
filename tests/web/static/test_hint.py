"""The hint of the first minute lies over the image, so it goes once it has been followed."""

from __future__ import annotations

import pytest

from browsers import Visit

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = pytest.mark.browser


@pytest.fixture
def learner(tab: Visit) -> Visit:
    """A tab that has never seen the hint, on a picture without masks."""
    tab.page.evaluate("localStorage.removeItem('uniultra-hint')")
    tab.page.reload()
    tab.know()
    tab.open("picture.png")
    playwright.expect(tab.page.locator("#hint")).to_be_visible()
    tab.drag((95, 55), (245, 165))
    tab.wait("doc.frames.length === 1 && app.saving === 'saved'")
    playwright.expect(tab.page.locator("#hint .now")).to_contain_text("Click adds")
    return tab


def _forget(tab: Visit) -> None:
    while tab.page.evaluate("seen.doc().objects.length"):
        tab.page.keyboard.press("Control+z")
        tab.wait("!app.busy")
    tab.wait("app.saving === 'saved'")


def test_it_goes_with_the_first_correction_and_stays_away(learner: Visit) -> None:
    learner.page.mouse.click(*learner.at(150, 100))
    playwright.expect(learner.page.locator("#hint")).to_be_hidden()
    learner.wait("doc.frames[0].masks[0].points.length === 1")
    _forget(learner)
    playwright.expect(learner.page.locator("#hint")).to_be_hidden()


def test_it_goes_with_the_first_mask_on_another_file(learner: Visit) -> None:
    _forget(learner)
    learner.open("cine.dcm")
    playwright.expect(learner.page.locator("#hint")).to_be_visible()
    learner.drag((95, 55), (245, 165))
    learner.wait("doc.frames.length === 1 && app.saving === 'saved'")
    playwright.expect(learner.page.locator("#hint")).to_be_hidden()
    _forget(learner)
