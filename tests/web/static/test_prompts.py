"""Boxes, clicks, brush and contour points: canvas pixels and files on disk."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from browsers import Visit
from opened import TRUE, annotations
from uniultra.io.coco import mask_of

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = pytest.mark.browser


def test_from_a_box_to_files_on_disk(tab: Visit, folder: Path) -> None:
    tab.open("cine.dcm")
    tab.drag((95, 55), (245, 165))
    tab.wait("doc.frames.length === 1")
    assert tab.colour_at(170, 110)[3] > 30
    assert tab.colour_at(20, 20)[3] == 0
    tab.page.mouse.click(*tab.at(150, 100))
    tab.wait("doc.frames[0].masks[0].points.length === 1")
    tab.page.mouse.click(*tab.at(300, 20), button="right")
    tab.wait("doc.frames[0].masks[0].labels.join() === '1,0'")
    tab.page.keyboard.press("a")
    playwright.expect(tab.page.locator("#notice")).to_have_text(re.compile("Answer 2|no other answer"))
    if "Answer" in tab.page.locator("#notice").inner_text():
        tab.page.keyboard.press("Control+z")
    for count in (1, 0):
        tab.page.keyboard.press("Control+z")
        tab.wait(f"doc.frames[0].masks[0].points.length === {count}")
    tab.page.keyboard.press("Control+z")
    tab.wait("doc.frames.length === 0 && doc.objects.length === 0")
    tab.page.keyboard.press("Control+Shift+z")
    tab.wait("doc.frames.length === 1 && app.saving === 'saved'")
    mask = np.array(Image.open(folder / "uniultra-project" / "cine.dcm.frame0.mask.png")) > 0
    assert 2 * (mask & TRUE).sum() / (mask.sum() + TRUE.sum()) > 0.9
    size = tab.page.locator("#measures tr", has_text="Long diameter").locator("td")
    playwright.expect(size).to_contain_text("mm")
    assert float(size.inner_text().split()[0]) == pytest.approx(140 * 0.5, rel=0.06)

    tab.page.keyboard.press("m")
    tab.drag((100, 110), (240, 110))
    tab.wait("doc.calipers.length === 1")
    playwright.expect(tab.page.locator("#measures")).to_contain_text("70.0 mm")
    tab.drag((240, 110), (200, 110))
    tab.wait("doc.calipers[0].b[0] < 205")
    playwright.expect(tab.page.locator("#measures")).to_contain_text("50.0 mm")
    tab.wait("app.saving === 'saved'")

    tab.page.reload()
    tab.know()
    tab.open("cine.dcm")
    assert len(tab.state()["doc"]["frames"]) == 1
    tab.page.locator("#export").click()
    tab.page.locator("#export-dialog input[value=sr]").check()
    tab.page.locator("#export-now").click()
    playwright.expect(tab.page.locator("#export-result")).to_contain_text("files written", timeout=60_000)
    check_export(folder / "uniultra-project" / "export")


def test_a_mask_is_on_the_canvas_before_the_screen_takes_its_next_picture(tab: Visit) -> None:
    tab.open("cine.dcm")
    start, end = tab.at(95, 55), tab.at(245, 165)
    inside = [there - edge for there, edge in zip(tab.at(170, 110), stage_corner(tab), strict=True)]
    tab.page.evaluate("() => { window.later = requestAnimationFrame; requestAnimationFrame = () => 1; }")
    tab.page.mouse.move(*start)
    tab.page.mouse.down()
    tab.page.mouse.move(*end, steps=4)
    tab.page.mouse.up()
    tab.page.wait_for_function("() => seen.doc().frames.length === 1", polling=50)
    alpha = """([x, y]) => document.getElementById("overlay").getContext("2d")
        .getImageData(x * devicePixelRatio, y * devicePixelRatio, 1, 1).data[3]"""
    assert tab.page.evaluate(alpha, inside) > 30
    tab.page.evaluate("() => { requestAnimationFrame = later; seen.draw(); }")
    tab.wait("app.saving === 'saved'")


def stage_corner(tab: Visit) -> tuple[float, float]:
    left, top = tab.page.evaluate(
        """() => { const { left, top } = document.getElementById("stage").getBoundingClientRect();
            return [left, top]; }"""
    )
    return left, top


def check_export(export: Path) -> None:
    import highdicom
    import pydicom

    seg = highdicom.seg.segread(export / "cine.frames.seg.dcm")
    assert [one.SegmentLabel for one in seg.SegmentSequence] == ["Structure 1"]
    assert seg.pixel_array.sum() == pytest.approx(TRUE.sum(), rel=0.1)
    report = pydicom.dcmread(export / "cine.frame0.sr.dcm")
    assert report.Modality == "SR"
    listed = json.loads((export / "cine.frames.json").read_text())
    assert listed["frames"][0]["objects"][0]["measures"]["scale"]["source"] == "region 1"


def test_brush_names_and_a_mask_under_the_pointer(tab: Visit, folder: Path) -> None:
    tab.open("picture.png")
    tab.page.keyboard.press("b")
    tab.drag((60, 60), (90, 60))
    tab.wait("doc.frames[0]?.masks[0].source === 'brush'")
    tab.page.locator("input.name").fill("<b>cyst</b>")
    tab.page.keyboard.press("Enter")
    tab.wait("doc.objects[0].name === '<b>cyst</b>' && app.saving === 'saved'")
    assert tab.page.locator("#structures b, #measures b").count() == 0
    assert annotations(folder, "picture.png")["doc"]["objects"][0]["name"] == "<b>cyst</b>"
    tab.page.keyboard.press("s")
    tab.page.keyboard.down("Shift")
    tab.page.mouse.move(*tab.at(165, 105))
    tab.page.mouse.move(*tab.at(170, 110))
    tab.wait("app.hover?.counts")
    tab.page.keyboard.up("Shift")
    tab.wait("app.hover === null")
    tab.page.keyboard.press("m")
    tab.drag((50, 200), (150, 200))
    tab.page.locator("#set-scale").click()
    tab.page.locator("#scale-mm").fill("20")
    tab.page.keyboard.press("Enter")
    tab.wait("doc.spacing_mm_yx?.[0] === 0.2")
    # A closed dialog's field may keep the focus until the page is drawn again: its keys are the page's.
    tab.page.locator("#scale-mm").dispatch_event("keydown", {"key": "w", "bubbles": True})
    tab.wait("app.tool === 'window'")
    tab.page.keyboard.press("p")
    playwright.expect(tab.page.locator("#report")).to_contain_text("Area")
    tab.page.emulate_media(media="print")
    playwright.expect(tab.page.locator("#report")).to_be_visible()
    playwright.expect(tab.page.locator("#report")).to_contain_text("Caliper 1Length20.0 mm")
    playwright.expect(tab.page.locator("#stage")).to_be_hidden()
    tab.page.emulate_media(media="screen")
    playwright.expect(tab.page.locator("#measures tr", has_text="Area")).to_contain_text("mm²")


def test_a_track_follows_what_the_eraser_left(tab: Visit) -> None:
    """The model would give the erased half back at once."""
    tab.open("cine.dcm")
    tab.drag((95, 55), (245, 165))
    tab.wait("doc.frames.length === 1")
    whole = tab.state()["doc"]["frames"][0]["masks"][0]["counts"]
    tab.page.keyboard.press("e")
    for y in range(118, 170, 8):
        tab.drag((95, y), (245, y))
    tab.wait("doc.frames[0].masks[0].source === 'brush'")
    left = tab.state()["doc"]["frames"][0]["masks"][0]["counts"]
    tab.page.keyboard.press("s")
    tab.page.keyboard.press("t")
    tab.wait("doc.frames.length === 6")
    frames = {one["number"]: one["masks"][0] for one in tab.state()["doc"]["frames"]}
    assert (frames[0]["counts"], frames[0]["source"], frames[1]["source"]) == (left, "brush", "track")
    size = [
        int(np.count_nonzero(mask_of(counts, TRUE.shape))) for counts in (whole, left, frames[1]["counts"])
    ]
    assert size[1] < 0.75 * size[0]
    assert size[2] < 1.15 * size[1]


def test_contour_points_by_hand_and_by_keys(tab: Visit) -> None:
    tab.open("picture.png")
    steps = tab.page.evaluate("seen.app.history.past.length")  # of what an earlier tab left unsaved
    tab.drag((95, 55), (245, 165))
    tab.wait(f"app.history.past.length === {steps + 1}")
    mask = "seen.doc().frames[0].masks.find((one) => one.object === seen.app.selected)"
    area = f"seen.app && (await import('/static/shapes.mjs')).areaIn({mask}.counts)"
    before = tab.page.evaluate(f"(async () => {area})()")
    tab.page.keyboard.press("c")
    x, y = tab.page.evaluate(
        """(async () => {
            const { contour } = await import("/static/contour.mjs");
            const points = contour().loops[0];
            return points.reduce((most, one) => (one[0] > most[0] ? one : most));
        })()"""
    )
    tab.drag((x, y), (x + 40, y))
    tab.wait(f"{mask}.source === 'brush' && {mask}.quality === null")
    after = tab.page.evaluate(f"(async () => {area})()")
    assert after > before + 100
    assert tab.colour_at(x + 15, y)[3] > 20
    tab.page.keyboard.press("Delete")
    tab.wait(f"app.history.past.length === {steps + 3}")
    assert tab.page.evaluate(f"(async () => {area})()") < after - 100
    tab.page.keyboard.press(".")
    for key in ("i", "ArrowLeft", "ArrowUp"):
        tab.page.keyboard.press(key)
    tab.wait(f"app.history.past.length === {steps + 5}")
    for _ in range(4):
        tab.page.keyboard.press("Control+z")
    tab.wait(f"{mask}.source === 'prompt'")
    assert tab.page.evaluate(f"(async () => {area})()") == before


@pytest.mark.parametrize("leave", ["ArrowRight", "PageDown"])
def test_an_answer_that_comes_late_is_kept_where_it_was_asked_for(tab: Visit, leave: str) -> None:
    """The person has stepped on by then, or asked for another file; a further click waits for its turn."""
    tab.open("cine.dcm")
    tab.page.mouse.click(*tab.at(170, 110))
    tab.wait("doc.frames.length === 1")
    steps = len(tab.state()["doc"]["frames"][0]["masks"][0]["points"])
    held: list[Any] = []
    tab.page.route("**/segment", lambda route: route.continue_() if held else held.append(route))
    tab.page.mouse.click(*tab.at(150, 100))
    tab.page.mouse.click(*tab.at(185, 115))
    while not held:
        tab.page.wait_for_timeout(20)
    tab.page.keyboard.press(leave)
    if leave == "ArrowRight":
        tab.page.wait_for_function("() => seen.app.frame === 1")
        assert tab.page.evaluate("seen.app.pending.map(({ frame }) => frame)") == [0, 0]
    else:
        playwright.expect(tab.page.locator("#notice")).to_contain_text("Opening")
        tab.page.wait_for_timeout(1000)
        assert tab.page.evaluate("seen.app.file.name") == "cine.dcm"
    held[0].continue_()
    if leave == "PageDown":
        tab.wait("app.file.name !== 'cine.dcm' && !app.opening")
        assert tab.state()["doc"]["frames"] == []
        tab.open("cine.dcm")
    tab.wait("app.saving === 'saved' && !app.pending.length")
    [frame] = tab.state()["doc"]["frames"]
    assert frame["number"] == 0
    assert len(frame["masks"][0]["points"]) == steps + 2
    if leave == "ArrowRight":
        tab.page.keyboard.press("Control+z")
        tab.wait(f"app.frame === 0 && doc.frames[0].masks[0].points.length === {steps + 1}")
    tab.page.unroute("**/segment")


def test_another_answer_that_comes_too_late_lands_in_no_other_file(tab: Visit) -> None:
    tab.open("cine.dcm")
    tab.page.mouse.click(*tab.at(170, 110))
    tab.wait("doc.frames.length === 1")
    held: list[Any] = []
    tab.page.route("**/alternatives", lambda route: held.append(route))
    tab.page.keyboard.press("a")
    while not held:
        tab.page.wait_for_timeout(20)
    tab.page.keyboard.press("PageDown")
    tab.page.wait_for_function("() => seen.app.file.name !== 'cine.dcm' && !seen.app.opening")
    with tab.page.expect_response("**/alternatives"):
        held.pop().continue_()
    tab.wait("app.saving === 'saved'")
    assert tab.state()["doc"]["frames"] == []
    tab.page.unroute("**/alternatives")
