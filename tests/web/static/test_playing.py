"""What is done on the image of a cine that plays is done on the frame that was in sight, which then stays."""

from __future__ import annotations

import pytest

from browsers import Visit

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = pytest.mark.browser


def playing(tab: Visit) -> None:
    tab.open("cine.dcm")
    tab.page.locator("#stage").focus()
    tab.page.keyboard.press("Space")
    tab.wait("app.playing && app.frame > 0")


def test_a_click_stops_the_cine_and_counts_on_its_frame(tab: Visit) -> None:
    playing(tab)
    tab.page.mouse.click(*tab.at(170, 110))
    tab.wait("!app.playing && doc.frames.length === 1 && app.saving === 'saved'")
    state = tab.state()
    assert state["doc"]["frames"][0]["number"] == state["frame"]


@pytest.mark.parametrize("key", ["s", "b", "m"])
def test_what_is_drawn_lies_on_the_frame_where_it_was_begun(tab: Visit, key: str) -> None:
    playing(tab)
    tab.page.keyboard.press(key)
    mouse = tab.page.mouse
    mouse.move(*tab.at(95, 55))
    mouse.down()
    begun = tab.page.evaluate("seen.app.frame")
    for step in range(1, 6):
        mouse.move(*tab.at(95 + 30 * step, 55 + 22 * step))
        tab.page.wait_for_timeout(60)
    mouse.up()
    tab.wait("!app.playing && doc.frames.length + doc.calipers.length === 1 && app.saving === 'saved'")
    doc = tab.state()["doc"]
    assert [one["number"] for one in doc["frames"]] + [one["frame"] for one in doc["calipers"]] == [begun]


def test_a_cross_of_the_keyboard_and_t_stop_it_too(tab: Visit) -> None:
    playing(tab)
    tab.page.keyboard.press("g")
    tab.page.keyboard.press("Enter")
    tab.wait("!app.playing && doc.frames.length === 1")
    tab.page.keyboard.press("Escape")
    number = tab.state()["doc"]["frames"][0]["number"]
    tab.page.evaluate("(number) => { seen.app.playing = true; seen.app.frame = number; }", number)
    tab.page.keyboard.press("t")
    tab.wait("!app.playing && app.saving === 'saved'")


def test_space_plays_and_enter_accepts_after_a_click_in_the_list(tab: Visit) -> None:
    tab.open("cine.dcm")  # by a click
    tab.page.keyboard.press("Space")
    tab.wait("app.playing && app.frame > 0")
    tab.page.locator("#rail [data-tool=pan]").click()
    tab.page.keyboard.press("Space")
    tab.wait("!app.playing && app.tool === 'pan'")
    tab.open("picture.png")
    tab.page.keyboard.press("Enter")
    tab.wait("app.file.name !== 'picture.png' && app.saving === 'saved'")
    assert tab.page.evaluate("seen.app.workspace.items.find(({ name }) => name === 'picture.png').done")
    tab.page.locator("button.item", has_text="picture.png").focus()
    tab.page.keyboard.press("Enter")  # reached without the mouse, a button does what it says
    tab.wait("app.file.name === 'picture.png'")
