"""What a person does while a structure is followed, or an answer is on its way, is kept."""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np
import pytest

from browsers import Visit
from dicoms import dataset, save
from phantoms import ellipse, speckled

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = pytest.mark.browser

ROOT = Path(__file__).resolve().parents[3]
HW, COUNT = (160, 220), 60
CENTRE = (110, 80)


@pytest.fixture(params=["tab", "alone"])
def visit(request: pytest.FixtureRequest, tmp_path: Path) -> Visit:
    """A tab with a structure on the first frame of a cine that it hasn't seen before."""
    visited: Visit = request.getfixturevalue(request.param)
    page, seed = visited.page, zlib.crc32(request.node.name.encode()) % 10_000
    frame = speckled(ellipse(HW, CENTRE, (45, 30)), seed=seed).pixels_hw
    cine = dataset(np.repeat(frame[None], COUNT, 0), FrameTime=40.0)
    page.evaluate("async () => { window.run = await import('/static/track.mjs'); }")
    page.locator("#file-input").set_input_files(save(cine, tmp_path / f"{seed}.dcm"))
    visited.wait(f"app.file.name === '{seed}.dcm' && !app.opening")
    page.keyboard.press("n")
    page.mouse.click(*visited.at(*CENTRE))
    visited.wait("doc.frames.length === 1")
    return visited


def while_tracked(visit: Visit, deed: str) -> None:
    """Does something as soon as some frames are filled in, and waits for the end of the track."""
    visit.page.keyboard.press("t")
    visit.page.wait_for_function(
        f"() => seen.doc().frames.length > 4 && run.isTracking() && ({deed}, true)", polling=5
    )
    visit.page.wait_for_function("() => !run.isTracking()")
    visit.page.wait_for_timeout(600)  # for answers that were on their way


def test_the_button_takes_back_a_track_that_is_under_way(visit: Visit) -> None:
    while_tracked(visit, "document.getElementById('undo').click()")
    assert [frame["number"] for frame in visit.state()["doc"]["frames"]] == [0]
    visit.page.locator("#redo").click()
    assert len(visit.state()["doc"]["frames"]) > 4


def test_a_track_says_at_once_that_it_began_and_until_it_ends_how_far_it_is(visit: Visit) -> None:
    """On a slow machine nothing was said before the first frames, nor where the next took long."""
    page = visit.page
    page.evaluate(
        """() => {
            window.heard = [];
            const notice = document.getElementById("notice"), button = document.getElementById("track");
            const hear = () => window.heard.push([notice.hidden ? "" : notice.textContent, button.innerText]);
            new MutationObserver(hear).observe(document.body, { childList: true, subtree: true });
        }"""
    )
    page.keyboard.press("t")
    page.wait_for_function("() => run.isTracking() && seen.doc().frames.length > 4", polling=5)
    page.evaluate("() => { seen.app.notice = ''; seen.changed(); }")  # as when its time is over
    playwright.expect(page.locator("#notice")).to_contain_text("Press T to stop")
    page.keyboard.press("t")
    page.wait_for_function("() => !run.isTracking()")
    playwright.expect(page.locator("#notice")).to_be_hidden()
    heard = [text for text, button in page.evaluate("heard") if "Stop" in button]
    assert any(f"frame 1 of {COUNT}" in text for text in heard), heard


def test_an_export_says_that_it_waits_for_a_track(visit: Visit) -> None:
    """And has all of it; or what there is where the track is stopped there."""
    page = visit.page
    page.evaluate(
        """async () => {
            window.heard = [];
            const dialog = document.getElementById("export-dialog");
            const hear = () => window.heard.push(document.getElementById("export-result")?.innerText ?? "");
            new MutationObserver(hear).observe(dialog, { childList: true, subtree: true });
        }"""
    )
    page.keyboard.press("t")
    page.wait_for_function("() => seen.doc().frames.length > 4 && run.isTracking()", polling=5)
    page.locator("#export").click()
    page.locator("#export-now").click()
    page.locator("#export-result .good").wait_for()
    heard = page.evaluate("heard")
    assert any("Waiting until Structure 1 is tracked: frame " in one for one in heard), heard
    assert len(visit.state()["doc"]["frames"]) == COUNT
    page.keyboard.press("Escape")


def test_a_click_stops_a_track_and_corrects_the_frame_that_is_seen(visit: Visit) -> None:
    click = f"window.prompts.click([{CENTRE[0] + 5}, {CENTRE[1]}], 1)"
    visit.page.evaluate("async () => { window.prompts = await import('/static/prompts.mjs'); }")
    while_tracked(visit, f"window.clicked = seen.app.frame, {click}")
    visit.wait("!app.pending.length")
    doc, clicked = visit.state()["doc"], visit.page.evaluate("clicked")
    prompted = [frame["number"] for frame in doc["frames"] if frame["masks"][0]["source"] == "prompt"]
    assert prompted == [0, clicked]
    assert visit.state()["frame"] == clicked
    visit.page.locator("#undo").click()  # the click alone
    assert len(visit.state()["doc"]["frames"]) == len(doc["frames"])


def test_a_structure_that_is_deleted_is_followed_no_further(visit: Visit) -> None:
    while_tracked(visit, "seen.commit({ ...seen.doc(), objects: [], frames: [] })")
    doc = visit.state()["doc"]
    assert (doc["objects"], doc["frames"]) == ([], [])
    visit.wait("app.saving === 'saved'")


def while_asked(visit: Visit, call: str, deed: str) -> None:
    """Asks the model, and does something while its answer is on its way."""
    module, name = call.split("(")[0].split(".")
    given = call.removeprefix(f"{module}.{name}")
    visit.page.evaluate(
        f"""async () => {{
            const {{ {name} }} = await import('/static/{module}.mjs'), done = {name}{given};
            for (let i = 0; i < 3; i++) await null; // for the prompt to be on its way
            {deed};
            await done;
        }}"""
    )


NAMED = """seen.commit({ ...seen.doc(),
    objects: seen.doc().objects.map((one) => ({ ...one, name: "cyst" })) })"""


def test_what_changed_while_an_answer_was_on_its_way_stays(visit: Visit) -> None:
    while_asked(visit, "prompts.click([115, 82], 1)", NAMED)
    doc = visit.state()["doc"]
    assert [one["name"] for one in doc["objects"]] == ["cyst"]
    assert len(doc["frames"][0]["masks"][0]["points"]) == 2


@pytest.mark.parametrize("call", ["prompts.click([115, 82], 1)", "alternatives.nextAlternative()"])
def test_an_answer_to_what_was_taken_back_is_dropped(visit: Visit, call: str) -> None:
    while_asked(visit, call, "seen.undo()")
    assert visit.state()["doc"]["frames"] == []
    visit.page.wait_for_selector("#redo:enabled")


def test_a_box_beside_a_mask_is_a_structure_of_its_own_whatever_changed(visit: Visit) -> None:
    while_asked(visit, "prompts.box([60, 45, 160, 115])", f"{NAMED}; seen.app.selected = null")
    assert [one["name"] for one in visit.state()["doc"]["objects"]] == ["cyst", "Structure 2"]


@pytest.mark.parametrize("at_once", [False, True])
@pytest.mark.parametrize("again", [False, True])
def test_what_is_done_while_a_file_opens_is_kept(visit: Visit, again: bool, at_once: bool) -> None:
    """In the file that is left, and in one that is opened again; saved at once, before the file is here, or
    after a while.
    """
    page, name = visit.page, visit.page.evaluate("seen.app.file.name")
    page.locator("#file-input").set_input_files(ROOT / "src/uniultra/examples/benign_182.jpg")
    visit.wait("app.file.name === 'benign_182.jpg' && !app.opening")
    page.locator("[data-item]", has_text=name).click()
    visit.wait(f"app.file.name === '{name}' && !app.opening")
    other = name if again else "benign_182.jpg"
    page.evaluate(
        f"""async ([other, atOnce]) => {{
            const {{ saveNow }} = await import("/static/saving.mjs");
            window.before = seen.app.file;
            const items = [...document.querySelectorAll("[data-item]")];
            items.find((one) => one.textContent.includes(other)).click();
            for (let i = 0; i < 20; i++) await null; // for the file to be on its way
            {NAMED};
            if (atOnce) saveNow();
        }}""",
        [other, at_once],
    )
    visit.wait(f"app.file !== window.before && app.file.name === '{other}' && !app.opening")
    if not again:
        page.locator("[data-item]", has_text=name).click()
        visit.wait(f"app.file.name === '{name}' && !app.opening")
    assert [one["name"] for one in visit.state()["doc"]["objects"]] == ["cyst"]
    # The server is asked to read ahead in what earlier tests gave it, whose project is gone.
    visit.faults[:] = [fault for fault in visit.faults if "422" not in fault]
