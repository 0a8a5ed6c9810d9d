"""The page without a mouse."""

from __future__ import annotations

from pathlib import Path

import pytest

from browsers import Visit

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = pytest.mark.browser


def press(tab: Visit, *keys: tuple[str, int]) -> None:
    """Each key so many times."""
    for key, times in keys:
        for _ in range(times):
            tab.page.keyboard.press(key)


def tab_to(tab: Visit, selector: str) -> None:
    """Goes on from element to element until this one has the focus."""
    for _ in range(150):
        if tab.page.evaluate("(wanted) => document.activeElement.matches(wanted)", selector):
            return
        tab.page.keyboard.press("Tab")
    raise AssertionError(f"Tab doesn't reach {selector}")


def test_the_keyboard_alone_is_enough(tab: Visit) -> None:
    tab.open("picture.png")
    tab.page.evaluate("document.activeElement.blur()")
    press(tab, ("g", 1), ("ArrowLeft", 8), ("ArrowUp", 8), ("b", 1))
    press(tab, ("ArrowRight", 18), ("ArrowDown", 13), ("b", 1))
    tab.wait("doc.frames[0]?.masks[0].box.join() === '96,56,240,160'")
    press(tab, ("k", 1), ("b", 1), ("ArrowLeft", 1), ("ArrowUp", 1), ("b", 1))
    tab.wait("app.file.banners.length === 1")
    press(tab, ("Enter", 1))
    tab.wait("app.file.banners.length === 0")
    press(tab, ("s", 1), ("Escape", 1), ("Enter", 1))
    tab.wait("app.workspace.items.find((item) => item.name === 'picture.png').done")
    tab.wait("app.file.name !== 'picture.png'")


def test_home_and_end_are_the_first_and_the_last_frame(tab: Visit) -> None:
    tab.open("cine.dcm")
    tab.page.evaluate("document.activeElement.blur()")
    for key, frame in (("End", 5), ("Home", 0), ("End", 5), ("ArrowLeft", 4), ("Home", 0)):
        press(tab, (key, 1))
        shown = f"document.getElementById('image').dataset.shown.endsWith(' {frame}')"
        tab.wait(f"app.frame === {frame} && {shown}")
    press(tab, ("?", 1))
    playwright.expect(tab.page.locator("dialog[open]")).to_contain_text("first and last frame")


def test_a_cine_from_the_list_to_its_export_by_keys(tab: Visit, folder: Path) -> None:
    """Open, box, click, undo, track, measure, name, export, accept: no pointer moves."""
    tab_to(tab, '[data-item][title="cine.dcm"]')
    press(tab, ("Enter", 1))
    tab.wait("app.file.name === 'cine.dcm'")
    tab_to(tab, "#stage")
    press(tab, ("g", 1), ("ArrowLeft", 8), ("ArrowUp", 8), ("b", 1))
    press(tab, ("ArrowRight", 18), ("ArrowDown", 13), ("b", 1))
    tab.wait("doc.frames[0]?.masks[0].box.join() === '96,56,240,160'")
    press(tab, ("ArrowLeft", 8), ("ArrowUp", 6), ("Enter", 1))
    tab.wait("doc.frames[0].masks[0].points.join() === '176,112'")
    press(tab, ("Control+z", 1))
    tab.wait("doc.frames[0].masks[0].points.length === 0")
    press(tab, ("m", 1), ("b", 1), ("ArrowRight", 5), ("b", 1))
    tab.wait("doc.calipers.length === 1")
    playwright.expect(tab.page.locator("#measures tr", has_text="Caliper 1")).to_contain_text("20.0 mm")
    press(tab, ("s", 1), ("Escape", 1), ("t", 1))
    tab.wait("doc.frames.length === 6 && app.frame === 5")
    tab_to(tab, "#ejection")
    press(tab, ("Enter", 1))
    playwright.expect(tab.page.locator("#ejection-table")).to_contain_text("%")
    tab.page.keyboard.press("Shift+Tab")
    for _ in range(40):
        if tab.page.evaluate("document.activeElement.matches('input.name')"):
            break
        tab.page.keyboard.press("Shift+Tab")
    press(tab, ("Control+a", 1))
    tab.page.keyboard.type("ventricle")
    press(tab, ("Enter", 1))
    tab.wait("doc.objects[0].name === 'ventricle' && app.saving === 'saved'")
    press(tab, ("Control+e", 1))
    tab_to(tab, "#export-now")
    press(tab, ("Enter", 1))
    playwright.expect(tab.page.locator("#export-result")).to_contain_text("files written")
    assert list((folder / "uniultra-project" / "export").glob("cine*.seg.dcm"))
    press(tab, ("Escape", 1))
    tab.page.evaluate("document.activeElement.blur()")
    press(tab, ("Enter", 1))
    tab.wait("app.workspace.items.find((item) => item.name === 'cine.dcm').done")
