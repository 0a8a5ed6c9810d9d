"""A server that is away for a while: what the page lacks comes later, and nothing else stands for it."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from browsers import Visit
from uniultra.measure.measured import CSV_COLUMNS, MEASURES

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = pytest.mark.browser
AWAY = "The server doesn't answer. Is “uniultra open” still running?"
EMPTY = """() => {
    const image = document.getElementById("image"), { width, height } = image;
    return !image.getContext("2d").getImageData(0, 0, width, height).data.some(Boolean);
}"""


@contextmanager
def away(tab: Visit, question: str) -> Iterator[None]:
    """Nobody answers a question; the browser's own notes of that are no faults."""
    tab.page.route(question, lambda route: route.abort())
    yield
    tab.page.unroute(question)
    assert all("Failed to load resource" in fault for fault in tab.faults)
    tab.faults.clear()


def told(tab: Visit) -> None:
    playwright.expect(tab.page.locator("#notice")).to_have_text(AWAY)


def segmented(tab: Visit) -> None:
    """The cine, with a mask on two frames."""
    tab.open("cine.dcm")
    tab.drag((95, 55), (245, 165))
    tab.wait("doc.frames.length === 1")
    tab.page.keyboard.press("ArrowRight")
    tab.wait("app.frame === 1")
    tab.drag((100, 60), (240, 160))
    tab.wait("doc.frames.length === 2 && app.saving === 'saved'")


def test_masks_of_one_frame_are_not_drawn_on_the_picture_of_another(tab: Visit) -> None:
    with away(tab, "**/frames/5"):
        tab.open("cine.dcm")
        tab.page.locator("#frame-slider").fill("5")
        told(tab)
        tab.wait("app.frame === 5")
        assert tab.page.evaluate(EMPTY)
    tab.wait("document.getElementById('image').dataset.shown.endsWith(' 5')")
    assert not tab.page.evaluate(EMPTY)


def test_sizes_come_later_and_no_table_is_saved_without_them(tab: Visit) -> None:
    area = tab.page.locator("#measures tr", has_text="Area").locator("td")
    with away(tab, "**/measure"):
        tab.open("cine.dcm")
        tab.drag((95, 55), (245, 165))
        tab.wait("doc.frames.length === 1 && app.saving === 'saved'")
        playwright.expect(area).to_have_text("…")
        tab.page.evaluate("() => { window.print = () => { window.printed = true; }; }")
        for key in ("csv", "copy", "print"):
            tab.page.evaluate("async () => (await import('/static/state.mjs')).say('')")
            tab.page.locator(f'[data-key="{key}"]').click()
            told(tab)
        assert tab.page.evaluate("window.printed") is None
    playwright.expect(area).to_contain_text("mm²")
    tab.page.evaluate("async () => (await import('/static/state.mjs')).say('')")
    with away(tab, "**/tables.mjs"):
        tab.page.locator('[data-key="csv"]').click()
        told(tab)
    tab.page.evaluate(
        "async () => { const { commit, doc } = await import('/static/state.mjs');"
        "commit({ ...doc(), calipers: [{ id: 1, frame: 0, a: [10, 20], b: [40, 60] }] }); }"
    )
    with tab.page.expect_download() as coming:
        tab.page.locator('[data-key="csv"]').click()
    with coming.value.path().open(newline="") as file:
        head, *lines = csv.reader(file)
    assert head == list(CSV_COLUMNS)
    assert [line[:5] for line in lines[:8]] == [
        ["cine.dcm", "0", "1", "Structure 1", measure] for measure in MEASURES
    ]
    assert lines[0][6] == "mm2"
    assert lines[0][12] == "region 1"
    [caliper] = lines[8:]
    assert caliper[:5] == ["cine.dcm", "0", "", "Caliper 1", "length"]
    assert caliper[6:12] == ["mm", "", "10", "20", "40", "60"]


def test_an_ejection_fraction_and_a_volume_can_be_requested_again(tab: Visit) -> None:
    segmented(tab)
    tab.page.locator("#ejection").scroll_into_view_if_needed()
    with away(tab, "**/ejection"):
        tab.page.locator("#ejection").click()
        told(tab)
    tab.page.locator("#ejection").click()
    playwright.expect(tab.page.locator("#ejection-table")).to_contain_text("ml")
    tab.page.locator("#first-plane").click()
    tab.page.keyboard.press("ArrowLeft")
    with away(tab, "**/volume"):
        tab.page.locator("#volume").click()
        told(tab)
    tab.page.locator("#volume").click()
    playwright.expect(tab.page.locator("#volume-table")).to_contain_text("ml")


def test_a_report_of_a_cine_that_plays_is_of_one_frame_with_its_sizes(tab: Visit) -> None:
    segmented(tab)
    tab.page.keyboard.press("ArrowLeft")
    tab.wait("app.frame === 0")
    tab.page.evaluate("() => { window.print = () => { window.printed = true; }; }")
    tab.page.keyboard.press("Space")
    tab.wait("app.playing")
    tab.page.keyboard.press("p")
    tab.page.wait_for_function("() => window.printed")
    frame = tab.page.evaluate("seen.app.playing ? null : seen.app.frame")
    assert f"Frame {frame + 1} of 6" in tab.page.locator("#report").text_content()


def test_two_structures_are_never_given_one_name(tab: Visit) -> None:
    tab.open("picture.png")
    for _ in range(2):
        tab.page.locator('[data-key="new"]').click()
    tab.wait("doc.objects.length === 2")
    tab.page.locator('[data-key="trash1"]').click()
    tab.wait("doc.objects.length === 1")
    tab.drag((95, 55), (245, 165))
    tab.wait("doc.frames.length === 1")
    tab.drag((5, 5), (60, 40))
    tab.wait("doc.objects.length === 2 && app.saving === 'saved'")
    assert [one["name"] for one in tab.state()["doc"]["objects"]] == ["Structure 2", "Structure 3"]
