"""What does nothing says why."""

from __future__ import annotations

import pytest

from browsers import Visit

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
