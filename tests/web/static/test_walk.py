"""A new user's whole way on a real echo: from a box to exports, an adapted model, and a server that dies."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from browsers import Visit, check_tab, tab_of
from opened import Server, annotations, started

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = [pytest.mark.browser, pytest.mark.shared, pytest.mark.slow]
CINE = "examples_ybr_color.dcm"
"""An apical view of 30 frames in colour JPEG (SonoSite), public: pydicom-data."""
VENTRICLE = (152.0, 68.0), (198.0, 130.0)


@pytest.fixture(scope="module")
def folder(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The echo, and five stills to learn from."""
    scans = tmp_path_factory.mktemp("walk")
    shutil.copy(shared / "dicom" / CINE, scans / CINE)
    for path in sorted((shared / "data" / "busi" / "images").glob("benign*.jpg"))[:5]:
        shutil.copy(path, scans / path.name)
    return scans


@pytest.fixture
def walker(chromium: Any, folder: Path) -> Iterator[tuple[Visit, Server]]:
    """A browser that has never been here, and the server that it talks to."""
    server = started(folder)
    context = chromium.new_context(viewport={"width": 1280, "height": 720}, locale="en-GB")
    yield tab_of(context, server.link), server
    context.close()
    if server.process.poll() is None:  # the walk didn't come to its end
        server.stop()


def test_from_a_box_to_an_adapted_model_and_a_dead_server(
    walker: tuple[Visit, Server], folder: Path, shared: Path
) -> None:
    tab, server = walker
    tab.open(CINE)
    prompt(tab)
    choose_an_answer_and_take_it_back(tab)
    follow_and_correct(tab)
    measure(tab)
    reload_and_export(tab, folder / "uniultra-project")
    adapt(tab, folder, shared / "data" / "busi" / "masks")
    kill_and_reconnect(tab, server, folder)


def prompt(tab: Visit) -> None:
    """A box, then a click: the mask is drawn, and has changed."""
    tab.drag(*VENTRICLE)
    tab.wait("doc.frames.length === 1")
    assert tab.colour_at(175, 100)[3] > 30
    assert tab.colour_at(60, 200)[3] == 0
    tab.page.locator("input.name").fill("Left ventricle")
    tab.page.keyboard.press("Enter")
    before = tab.state()["doc"]["frames"][0]["masks"][0]["counts"]
    tab.page.mouse.click(*tab.at(172, 125))
    tab.wait("doc.frames[0].masks[0].points.length === 1")
    assert tab.state()["doc"]["frames"][0]["masks"][0]["counts"] != before


def choose_an_answer_and_take_it_back(tab: Visit) -> None:
    """A structure from one click has several answers; undo takes answers, click and structure back."""
    keys, steps = tab.page.keyboard, tab.page.evaluate("seen.app.history.past.length")
    keys.press("n")
    tab.wait("doc.objects.length === 2")
    tab.page.mouse.click(*tab.at(172, 145))
    tab.wait("doc.frames[0].masks.length === 2")
    first = tab.state()["doc"]["frames"][0]["masks"][1]["counts"]
    keys.press("a")
    playwright.expect(tab.page.locator("#notice")).to_have_text(re.compile("Answer 2 of"))
    tab.wait(f"doc.frames[0].masks[1].counts !== {json.dumps(first)}")
    for _ in range(3):
        keys.press("Control+z")
    tab.wait(f"app.history.past.length === {steps} && doc.objects.length === 1")
    assert tab.colour_at(172, 150)[3] == 0
    keys.press("1")


def follow_and_correct(tab: Visit) -> None:
    """The track fills in, marks what is unsure and lost; a correction there is followed from there on."""
    keys = tab.page.keyboard
    tab.page.evaluate("async () => { window.tracker = await import('/static/track.mjs'); }")
    keys.press("t")
    tab.wait("doc.frames.length > 4")
    tab.page.wait_for_function("() => !tracker.isTracking()", timeout=120_000)
    doc = tab.state()["doc"]
    sure = {frame["number"]: is_sure(frame["masks"][0]) for frame in doc["frames"]}
    lost = doc["objects"][0].get("lost", [])
    assert sorted([*sure, *lost]) == list(range(30))
    assert lost or not all(sure.values()), "this heart turns out of the plane"
    tab.page.locator("#frame-slider").fill("0")
    keys.press("Escape")
    tab.page.locator("#stage").focus()
    keys.press("u")
    first = min(number for number in range(1, 30) if not sure.get(number, False))
    tab.wait(f"app.frame === {first}")
    keys.press("u")
    tab.wait(f"app.frame > {first}")
    at = tab.state()["frame"]
    keys.press("Delete")
    tab.drag((150, 58), (196, 122))
    tab.wait(f"doc.frames.find((one) => one.number === {at}).masks[0].source === 'prompt'")
    keys.press("t")
    tab.page.wait_for_function("() => !tracker.isTracking()", timeout=120_000)
    tab.wait("app.saving === 'saved'")
    again = tab.state()["doc"]
    there = {one["number"] for one in again["frames"]}
    assert there | set(again["objects"][0].get("lost", [])) == set(range(30))
    assert [f for f in again["frames"] if f["number"] < at] == [f for f in doc["frames"] if f["number"] < at]
    assert [f for f in again["frames"] if f["number"] > at] != [f for f in doc["frames"] if f["number"] > at]


def is_sure(mask: dict[str, Any]) -> bool:
    """Whether neither the tracker nor the model's quality asks for a person."""
    return bool(mask.get("sure", True) and mask["quality"] >= 0.72)


def measure(tab: Visit) -> None:
    tab.page.locator("#frame-slider").fill("0")
    tab.page.locator("#stage").focus()
    tab.wait("app.frame === 0")
    size = tab.page.locator("#measures tr", has_text="Long diameter").locator("td")
    playwright.expect(size).to_contain_text(re.compile(r"\d mm"))
    tab.page.keyboard.press("m")
    tab.drag((155, 90), (195, 90))
    tab.wait("doc.calipers.length === 1")
    expected = f"{40 * 0.5104970559:.1f} mm"
    playwright.expect(tab.page.locator("#measures tr", has_text="Caliper 1")).to_contain_text(expected)
    tab.page.keyboard.press("s")
    tab.page.locator("#ejection").click()
    playwright.expect(tab.page.locator("#ejection-table")).to_contain_text("%")


def whole(doc: dict[str, Any]) -> dict[str, Any]:
    """With what a page leaves out where it is as usual, and the server fills in."""
    frames = [
        {**frame, "masks": [{"sure": True, **mask} for mask in frame["masks"]]} for frame in doc["frames"]
    ]
    return {**doc, "frames": frames, "objects": [{"lost": [], **one} for one in doc["objects"]]}


def reload_and_export(tab: Visit, project: Path) -> None:
    """What is on the disk is what was on the screen, and other people's readers read it."""
    import highdicom

    from uniultra.io.cines import open_cine

    tab.wait("app.saving === 'saved'")
    before = whole(tab.state()["doc"])
    tab.page.reload()
    tab.know()
    tab.open(CINE)
    assert whole(tab.state()["doc"]) == before
    dialog = tab.page.locator("#export-dialog")
    tab.page.locator("#export").click()
    for kind in ("seg", "csv", "nrrd", "movie", "sr"):
        dialog.locator(f"input[value={kind}]").set_checked(True)
    tab.page.locator("#export-now").click()
    playwright.expect(tab.page.locator("#export-result")).to_contain_text("files written", timeout=120_000)
    tab.page.keyboard.press("Escape")
    export, stem = project / "export", CINE.removesuffix(".dcm")
    numbers = [frame["number"] for frame in before["frames"]]
    masks = [np.array(Image.open(project / f"{CINE}.frame{number}.mask.png")) > 0 for number in numbers]
    seg = highdicom.seg.segread(export / f"{stem}.frames.seg.dcm")
    assert [one.SegmentLabel for one in seg.SegmentSequence] == ["Left ventricle"]
    assert seg.pixel_array.sum() == sum(mask.sum() for mask in masks)
    [movie] = export.glob("*.mp4")
    assert open_cine(movie).count == len(numbers)
    try:
        import slicerio
    except ModuleNotFoundError:
        return  # test_routes has a test of it, which says that it is skipped
    read = slicerio.read_segmentation(str(export / f"{stem}.frame0.seg.nrrd"))
    assert [one["name"] for one in read["segments"]] == ["Left ventricle"]
    assert (read["voxels"] > 0).sum() == masks[0].sum()


def adapt(tab: Visit, folder: Path, truths: Path) -> None:
    """Five accepted stills teach the model, which then answers."""
    paths = sorted(folder.glob("benign*.jpg"))
    assert len(paths) == 5
    for path in paths:
        tab.open(path.name)
        rows, columns = np.nonzero(np.array(Image.open(truths / f"{path.stem}.png")))
        tab.drag((columns.min() - 3, rows.min() - 3), (columns.max() + 3, rows.max() + 3))
        tab.wait("doc.frames.length === 1")
        tab.page.locator("input.name").fill("lesion")
        tab.page.keyboard.press("Enter")
        tab.wait("doc.objects[0].name === 'lesion'")
        tab.page.locator("#accept").click()
        tab.wait(f"app.workspace.items.find((item) => item.name === {json.dumps(path.name)}).done")
    tab.page.locator('[data-key="learn lesion"]').click()
    card = tab.page.locator('[data-lesson="lesion-1"]')
    playwright.expect(card).to_have_attribute("data-status", "ready", timeout=1_200_000)
    playwright.expect(card).to_contain_text(re.compile(r"\d\.\d\d → \d\.\d\d"))
    card.locator("button").click()
    playwright.expect(card).to_contain_text("in use", timeout=60_000)
    tab.open(CINE)
    tab.page.keyboard.press("n")
    tab.drag((120, 130), (150, 160))
    tab.wait("doc.frames[0].masks.length === 2 && app.saving === 'saved'")


def kill_and_reconnect(tab: Visit, server: Server, folder: Path) -> None:
    """What was done while no server was there is on the disk once there is one again, without a reload."""
    assert not tab.faults, tab.faults
    server.kill()
    tab.page.locator("input.name").first.fill("LV")
    tab.page.keyboard.press("Enter")
    tab.wait("app.saving === 'offline'")
    playwright.expect(tab.page.locator("#saving")).to_contain_text("doesn't answer")
    again = started(folder, int(server.origin.rsplit(":", 1)[1]))
    back = tab_of(tab.page.context, again.link)
    tab.wait("['saved', 'conflict'].includes(app.saving)")  # the other tab may have saved it first
    assert annotations(folder, CINE)["doc"]["objects"][0]["name"] == "LV"
    assert all(re.search("ERR_CONNECTION|401|409", fault) for fault in tab.faults), tab.faults
    tab.page.close()
    check_tab(back)
    again.stop()
