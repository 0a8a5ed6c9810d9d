"""The results of every accepted file, in one go."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from browsers import Visit
from exported import KIDNEY, OTHER, document

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = pytest.mark.browser


def accept(tab: Visit, name: str) -> None:
    tab.open(name)
    tab.drag((95, 55), (245, 165))
    tab.wait("doc.frames.length === 1 && app.pending.length === 0 && app.saving === 'saved'")
    tab.page.locator("#accept").click()
    tab.wait(f"app.workspace.items.find((item) => item.name === {json.dumps(name)}).done && !app.opening")


def test_all_accepted_files_are_exported_and_that_can_be_stopped(tab: Visit, folder: Path) -> None:
    """Of files like the open one what is chosen, of others the usual; none that isn't accepted."""
    export = folder / "uniultra-project" / "export"
    page, result = tab.page, tab.page.locator("#export-result")
    accept(tab, "cine.dcm")
    tab.open("picture.png")
    playwright.expect(page.locator("#export")).to_be_enabled()  # of the accepted one, if not of this
    accept(tab, "picture.png")
    tab.open("picture.png")
    page.keyboard.press("Control+e")
    for kind in page.locator("#export-dialog .choice input:enabled").all():
        kind.set_checked(kind.get_attribute("value") == "csv")
    page.locator("#export-all").click()
    playwright.expect(result).to_contain_text("files written", timeout=60_000)
    names = {path.name for path in export.iterdir()}
    assert {"picture.csv", "cine.frames.csv", "cine.frames.seg.dcm", "cine.frames.sc.dcm"} <= names
    assert not {"picture.coco.json", "cine.frame0.coco.json"} & names
    assert page.evaluate(
        "() => { const r = document.querySelector('#export-result .good').getBoundingClientRect();"
        " return r.top > 0 && r.bottom < innerHeight; }"
    )
    for path in export.iterdir():
        path.unlink()
    page.route("**/export", lambda route: (page.wait_for_timeout(500), route.continue_()))
    page.locator("#export-all").click()
    page.locator("#export-stop").click()
    playwright.expect(result).to_contain_text("files written", timeout=60_000)
    page.unroute("**/export")
    assert len({path.name.partition(".")[0] for path in export.iterdir()}) == 1


def test_without_a_server_each_file_is_a_download(alone: Visit, scans: Path) -> None:
    page = alone.page
    for name in ("still.dcm", "cine.dcm"):
        alone.add(scans / name)
        masks: dict[int, tuple[np.ndarray | None, ...]] = {0: (KIDNEY, OTHER, None)}
        page.evaluate("(doc) => seen.commit({ ...doc, done: true })", document(masks))
        alone.wait("app.saving === 'saved' && doc.frames.length > 0")
    downloads: list[str] = []
    page.on("download", lambda one: downloads.append(one.suggested_filename))
    page.keyboard.press("Control+e")
    page.locator("#export-all").click()
    playwright.expect(page.locator("#export-result")).to_contain_text("files written", timeout=60_000)
    page.keyboard.press("Escape")
    assert downloads == ["still.uniultra.zip", "cine.uniultra.zip"]
