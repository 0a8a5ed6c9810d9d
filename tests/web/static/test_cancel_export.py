"""An export that takes long is cancelled, by its button or Esc, and leaves nothing half-written."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from browsers import Visit, check_tab, tab_of
from dicoms import dataset, save
from opened import HW, STARTED, TRUE, frames, started
from uniultra.io.coco import compressed, run_lengths

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = pytest.mark.browser
COUNT = 240
CANCELLED = "Cancelled. Nothing was written."


@pytest.fixture(scope="module")
def long_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cine whose overlays and tables per frame take seconds."""
    folder = tmp_path_factory.mktemp("long")
    save(dataset(np.stack([frames()[0]] * COUNT), FrameTime=40.0), folder / "long.dcm")
    return folder


def document() -> dict[str, Any]:
    """One structure on every frame."""
    mask = {"object": 1, "counts": compressed(run_lengths(TRUE)), "quality": 0.9, "source": "prompt"}
    mask |= {"box": None, "points": [], "labels": []}
    return {
        "objects": [{"id": 1, "name": "ventricle", "colour": "#4cc9f0", "hidden": False}],
        "frames": [{"number": number, "masks": [mask]} for number in range(COUNT)],
        "calipers": [],
        "spacing_mm_yx": None,
        "done": False,
    }


@pytest.fixture
def visit(chromium: Any, long_folder: Path) -> Iterator[Visit]:
    running = started(long_folder)
    STARTED.remove(running)
    context = chromium.new_context(viewport={"width": 1280, "height": 720}, locale="en-GB")
    one = tab_of(context, running.link)
    one.page.evaluate("(doc) => seen.commit(doc)", document())
    one.wait("app.saving === 'saved' && doc.frames.length > 0")
    yield one
    check_tab(one)
    context.close()
    running.stop()


@pytest.mark.parametrize("by", ["button", "Escape"])
def test_an_export_is_cancelled(visit: Visit, long_folder: Path, by: str) -> None:
    """The server was busy with it for as long as it took, and its files appeared one after the other."""
    page, result = visit.page, visit.page.locator("#export-result")
    project = long_folder / "uniultra-project"
    page.keyboard.press("Control+e")
    for box in page.locator("#export-dialog .choice input:enabled").all():
        box.set_checked(box.get_attribute("value") in ("coco", "labelme"))
    with page.expect_request("**/export"):
        page.locator("#export-now").click()
    page.wait_for_timeout(700)
    assert page.locator("#export-stop").is_visible(), "it takes longer than that"
    if by == "button":
        page.locator("#export-stop").click()
    else:
        page.keyboard.press("Escape")
    playwright.expect(result).to_have_text(CANCELLED)
    assert page.locator("#export-dialog").evaluate("(dialog) => dialog.open")
    began = time.monotonic()
    page.keyboard.press("Escape")
    assert not page.locator("#export-dialog").evaluate("(dialog) => dialog.open")
    visit.drag((95, 55), (245, 165))
    visit.wait("doc.frames[0].masks.length === 2 && app.saving === 'saved'")
    assert time.monotonic() - began < 60
    assert not (project / "export").exists(), sorted((project / "export").iterdir())
    page.keyboard.press("Control+e")
    for box in page.locator("#export-dialog .choice input:enabled").all():
        box.set_checked(box.get_attribute("value") == "csv")
    page.locator("#export-now").click()
    playwright.expect(result).to_contain_text("files written", timeout=120_000)
    page.keyboard.press("Escape")
    names = sorted(path.name for path in (project / "export").iterdir())
    assert "long.frames.csv" in names
    assert not [name for name in names if ".frame0." in name or name.startswith(".")], names
    assert json.loads((project / "export" / "long.frames.json").read_text())["width"] == HW[1]
    for path in (project / "export").iterdir():
        path.unlink()
    (project / "export").rmdir()


def test_an_export_is_cancelled_without_a_server(alone: Visit, long_folder: Path) -> None:
    page, result = alone.page, alone.page.locator("#export-result")
    alone.add(long_folder / "long.dcm")
    page.evaluate("(doc) => seen.commit(doc)", document())
    alone.wait("app.saving === 'saved' && doc.frames.length > 0")
    downloads: list[Any] = []
    page.on("download", lambda one: downloads.append(one))
    page.keyboard.press("Control+e")
    page.locator("#export-now").click()
    page.wait_for_timeout(700)
    page.keyboard.press("Escape")
    playwright.expect(result).to_have_text(CANCELLED)
    page.wait_for_timeout(1000)
    assert page.evaluate("() => document.querySelector('#export-now').disabled") is False
    page.keyboard.press("Escape")
    assert downloads == []
