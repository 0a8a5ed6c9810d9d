"""The page without a mouse."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from browsers import Visit
from opened import frames

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


def test_a_button_that_was_clicked_does_not_keep_enter_and_space(tab: Visit) -> None:
    """Neither beside the image, nor in the header, nor once the dialog is closed that it opened."""
    tab.open("cine.dcm")
    tab.drag((95, 55), (245, 165))
    tab.wait("doc.frames.length === 1 && app.saving === 'saved'")
    tab.page.locator("[data-key^=eye]").click()
    tab.wait("doc.objects[0].hidden")
    press(tab, (" ", 1))
    tab.wait("app.playing && doc.objects[0].hidden")
    press(tab, (" ", 1))
    tab.wait("!app.playing")
    tab.page.locator("#export").click()
    press(tab, ("Escape", 1))
    playwright.expect(tab.page.locator("dialog[open]")).to_have_count(0)
    press(tab, ("Enter", 1))
    tab.wait("app.file.name !== 'cine.dcm'")
    playwright.expect(tab.page.locator("dialog[open]")).to_have_count(0)


def test_a_key_counts_at_once_when_a_dialog_has_closed(tab: Visit) -> None:
    """Its first field keeps the focus until the next picture of the screen; Enter was lost until then."""
    tab.open("cine.dcm")
    tab.drag((95, 55), (245, 165))
    tab.wait("doc.frames.length === 1 && app.saving === 'saved'")
    tab.page.locator("#export").click()
    tab.page.evaluate(
        """() => {
            const dialog = document.querySelector("dialog[open]"), field = dialog.querySelector("input");
            field.focus();
            dialog.close();
            field.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true }));
        }"""
    )
    tab.wait("app.file.name !== 'cine.dcm'")


def test_the_scale_takes_up_the_caliper_that_it_needs(tab: Visit) -> None:
    tab.open("picture.png")
    tab.drag((95, 55), (245, 165))
    tab.page.locator("#set-scale").click()
    tab.wait("app.tool === 'caliper'")
    playwright.expect(tab.page.locator("#notice")).to_contain_text("Draw a caliper")


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


CROSS = """() => {
    const [cross, stage] = ["cross", "stage"]
        .map((id) => document.getElementById(id).getBoundingClientRect());
    return [cross.left + cross.width / 2 - stage.left, cross.top + cross.height / 2 - stage.top,
        stage.width, stage.height];
}"""
"""Where the keyboard's cross is on the stage, and how large that is."""


def cross(tab: Visit) -> tuple[float, float, float, float]:
    tab.page.evaluate("async () => { for (let i = 0; i < 3; i++) await new Promise(requestAnimationFrame); }")
    return tab.page.evaluate(CROSS)


def test_the_cross_stays_on_its_pixel_and_in_sight(tab: Visit) -> None:
    """At any zoom, and where it leaves what is shown."""
    tab.open("picture.png")
    tab.page.evaluate("document.activeElement.blur()")
    press(tab, ("g", 1), ("ArrowLeft", 4), ("ArrowUp", 2), ("+", 6))  # 128, 104
    press(tab, ("Enter", 1))
    tab.wait("doc.frames[0]?.masks[0].points.join() === '128,104'")
    press(tab, ("+", 2), ("f", 1))
    x, y, width, height = cross(tab)
    left, top = tab.at(128, 104)
    stage = tab.page.locator("#stage").bounding_box()
    assert (x + stage["x"], y + stage["y"]) == pytest.approx((left, top), abs=1.5)
    press(tab, ("+", 9), ("ArrowRight", 15), ("ArrowDown", 10))
    x, y, width, height = cross(tab)
    assert 10 < x < width - 10
    assert 10 < y < height - 10


def test_the_cross_begins_anew_on_another_image(tab: Visit, tmp_path: Path) -> None:
    Image.fromarray(frames()[0][:120, :160]).save(tmp_path / "small.png")
    tab.open("cine.dcm")
    tab.page.evaluate("document.activeElement.blur()")
    press(tab, ("g", 1), ("ArrowRight", 30), ("ArrowDown", 30), ("b", 1))
    tab.add(tmp_path / "small.png")
    tab.page.evaluate("document.activeElement.blur()")
    press(tab, ("Enter", 1))
    tab.wait("doc.frames[0]?.masks[0].points.join() === '80,60'")
    press(tab, ("b", 1), ("ArrowRight", 6), ("ArrowDown", 5), ("b", 1))
    tab.wait("doc.frames[0].masks.some((one) => one.box?.join() === '80,60,128,100')")


@pytest.mark.parametrize(("width", "height"), [(1024, 600), (640, 360), (512, 300)])
def test_a_small_or_zoomed_window_has_room_for_the_image(tab: Visit, width: int, height: int) -> None:
    """A cart's display, and at 200 % a screen of 1280 x 720, and that cart's."""
    tab.page.set_viewport_size({"width": width, "height": height})
    tab.open("cine.dcm")
    assert tab.page.locator("#stage").bounding_box()["height"] >= min(150, height / 2)
    tab.page.evaluate("document.activeElement.blur()")
    hidden = []
    for _ in range(60):
        tab.page.keyboard.press("Tab")
        hidden += tab.page.evaluate(
            """() => {
                const one = document.activeElement, box = one.getBoundingClientRect();
                if (one === document.body) return [];
                const top = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
                return top && (one.contains(top) || top.contains(one)) ? [] : [one.outerHTML.slice(0, 80)];
            }"""
        )
    assert not hidden
    tab.page.locator("#stage").focus()
    tab.drag((96, 56), (240, 160))
    tab.wait("doc.frames[0]?.masks[0].box")
    assert tab.state()["doc"]["frames"][0]["masks"][0]["box"] == pytest.approx([96, 56, 240, 160], abs=1)


@pytest.mark.parametrize("width", [1280, 1000])
def test_the_opened_file_is_in_sight_in_a_long_list(tab: Visit, width: int) -> None:
    tab.page.set_viewport_size({"width": width, "height": 720})
    tab.page.evaluate(
        """() => {
            const { items } = seen.app.workspace, [one] = items;
            const copy = (_, i) => ({ ...one, id: `a${i}`, name: `a${i}.png` });
            items.unshift(...Array.from({ length: 60 }, copy));
        }"""
    )
    for name in ("cine.dcm", "picture.png"):
        tab.open(name)
        tab.page.wait_for_selector(f'[data-item][title="{name}"][aria-current]')
        inside = tab.page.evaluate(
            """() => {
                const row = document.querySelector("[data-item][aria-current]").getBoundingClientRect();
                const list = document.querySelector("#work-list ol").getBoundingClientRect();
                return [row.top - list.top, list.bottom - row.bottom, row.left - list.left,
                    list.right - row.right];
            }"""
        )
        assert min(inside) >= -7, inside  # the list is as much wider than its rows
    tab.page.wait_for_load_state("networkidle")
    tab.faults.clear()  # what was asked of files that aren't there
