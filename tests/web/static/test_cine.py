"""A cine on the page: playing, masks by frame, tracking, volumes."""

from __future__ import annotations

import numpy as np
import pytest

from browsers import Visit

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = pytest.mark.browser


def two_frames(tab: Visit) -> None:
    """A box on each of the first two frames of the cine."""
    tab.open("cine.dcm")
    tab.drag((95, 55), (245, 165))
    tab.wait("doc.frames.length === 1")
    tab.page.keyboard.press("ArrowRight")
    tab.wait("app.frame === 1")
    tab.drag((100, 60), (240, 160))
    tab.wait("doc.frames.length === 2 && !app.busy")


def test_a_cine_plays_steps_and_keeps_its_masks_by_frame(tab: Visit) -> None:
    two_frames(tab)
    assert [mask["object"] for frame in tab.state()["doc"]["frames"] for mask in frame["masks"]] == [1, 1]
    tab.page.locator("#ejection").click()
    playwright.expect(tab.page.locator("#ejection-table")).to_contain_text("ml")
    tab.page.keyboard.press("Space")
    tab.wait("app.playing")
    tab.wait("app.frame > 2")
    tab.page.keyboard.press("Space")
    tab.wait("!app.playing")
    tab.page.locator("#frame-slider").fill("5")
    tab.wait("app.frame === 5")


def test_a_button_that_is_held_down_is_not_replaced_by_what_comes_meanwhile(tab: Visit) -> None:
    """Measures that came between the press and the release took the click away."""
    two_frames(tab)
    playwright.expect(tab.page.locator("#measures")).to_contain_text("mm²")
    tab.page.locator("#ejection").hover()
    tab.page.mouse.down()
    other = "tab => { seen.app.boxFit = tab; return import('/static/state.mjs').then((it) => it.changed()); }"
    tab.page.evaluate(other, "tight")
    tab.page.wait_for_timeout(300)
    tab.page.mouse.up()
    playwright.expect(tab.page.locator("#ejection-table")).to_contain_text("ml", timeout=10_000)


def test_a_frame_that_is_here_is_drawn_by_the_key_itself(tab: Visit) -> None:
    tab.open("cine.dcm")
    for key, number in (("ArrowRight", 1), ("ArrowRight", 2), ("ArrowLeft", 1)):
        tab.page.keyboard.press(key)
        tab.wait(f"document.getElementById('image').dataset.shown.endsWith(' {number}')")
    shown = """(key) => {
        const pixels = () => [...image.getContext("2d").getImageData(0, 0, image.width, image.height).data];
        const image = document.getElementById("image"), before = pixels();
        document.body.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
        return [image.dataset.shown, pixels().some((value, at) => value !== before[at])];
    }"""
    item = tab.page.evaluate("() => seen.app.file.id")
    for key, number in (("ArrowRight", 2), ("ArrowLeft", 1), ("ArrowLeft", 0)):
        assert tab.page.evaluate(shown, key) == [f"{item} {number}", True]


def test_a_track_fills_in_and_one_undo_takes_it_back(tab: Visit) -> None:
    tab.open("cine.dcm")
    tab.drag((95, 55), (245, 165))
    tab.wait("doc.frames.length === 1")
    tab.page.keyboard.press("t")
    tab.wait("doc.frames.length === 6 && app.frame === 5 && app.saving === 'saved'")
    frames = tab.state()["doc"]["frames"]
    assert [frame["masks"][0]["source"] for frame in frames] == ["prompt", *["track"] * 5]
    tab.page.keyboard.press("Control+z")
    tab.wait("doc.frames.length === 1 && app.frame === 0")


def test_a_volume_from_two_planes(tab: Visit) -> None:
    tab.open("cine.dcm")
    tab.drag((95, 55), (245, 165))
    tab.wait("doc.frames.length === 1")
    tab.page.locator("#first-plane").click()
    tab.page.keyboard.press("ArrowRight")
    tab.wait("app.frame === 1")
    tab.drag((100, 60), (240, 160))
    tab.wait("doc.frames.length === 2")
    tab.page.locator("#volume").click()
    rows = tab.page.locator("#volume-table tr")
    playwright.expect(rows).to_have_count(2)
    value = float(rows.last.locator("td").inner_text().split()[0])
    assert value == pytest.approx(np.pi / 6 * 70 * 50 * 45 / 1000, rel=0.15)


def test_the_next_file_is_on_the_screen_without_being_fetched_again(tab: Visit) -> None:
    tab.open("cine.dcm")
    fetched = """() => performance.getEntriesByType("resource")
        .filter(({ name }) => name.endsWith(`/items/${next}/frames/0`)).length"""
    tab.page.evaluate(
        """() => {
            const { items } = seen.app.workspace;
            window.next = items[items.findIndex((item) => item.id === seen.app.file.id) + 1].id;
        }"""
    )
    tab.page.wait_for_function(fetched)
    tab.page.wait_for_timeout(1000)  # to be decoded
    tab.page.keyboard.press("PageDown")
    tab.wait("app.file.id === next && !app.opening")
    shown = tab.page.evaluate("() => document.getElementById('image').dataset.shown")
    assert shown == tab.page.evaluate("() => `${next} 0`")
    assert tab.page.evaluate(fetched) == 1


def test_the_export_of_a_cine_says_what_is_written_and_how_frames_count(tab: Visit) -> None:
    tab.open("cine.dcm")
    tab.drag((95, 55), (245, 165))
    tab.wait("doc.frames.length === 1 && app.saving === 'saved'")
    tab.page.locator("#export").click()
    dialog, result = tab.page.locator("#export-dialog"), tab.page.locator("#export-result")
    playwright.expect(dialog).to_contain_text(
        "Masks and JSON are always written; overlay pictures as the movie"
    )
    playwright.expect(dialog).to_contain_text("frame 1 on this page is frame 0 there")
    tab.page.locator("#export-now").click()
    playwright.expect(result).to_contain_text("files written")
    assert "cine.frames.masks.tif" in result.inner_text()
    assert "overlay" not in result.inner_text()
    dialog.locator("input[value=coco]").check()
    tab.page.locator("#export-now").click()
    playwright.expect(result).to_contain_text("cine.frame0.overlay.png")
