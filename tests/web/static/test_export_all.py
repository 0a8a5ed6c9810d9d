"""The results of every accepted file, in one go."""

from __future__ import annotations

import csv
import json
import re
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from browsers import Visit
from exported import KIDNEY, OTHER, document
from uniultra.measure.measured import FRAME_COLUMNS, MEASURES_COLUMNS

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
    check_table(export)
    before = {path.name: path.read_bytes() for path in export.iterdir()}
    held: list[Any] = []
    page.route("**/export", lambda route: held.append(route))
    with page.expect_request("**/export"):
        page.locator("#export-all").click()
    leaves = "() => dispatchEvent(new Event('beforeunload', { cancelable: true }))"
    assert page.evaluate(leaves) is False, "the browser asks first"
    page.locator("#export-stop").click()
    playwright.expect(result).to_have_text("Cancelled. Nothing was written.")
    held.pop().abort()  # or it would go to the server once nothing holds it
    page.unroute("**/export")
    assert page.evaluate(leaves) is True
    assert {path.name: path.read_bytes() for path in export.iterdir()} == before
    (export / "measures.csv").unlink()
    page.route("**/export", lambda route: held.append(route))
    page.route("**/export", lambda route: route.continue_(), times=1)
    page.locator("#export-all").click()
    playwright.expect(result).to_contain_text("File 2 of 2", timeout=60_000)
    page.keyboard.press("Escape")
    playwright.expect(result).to_have_text(re.compile(r"Cancelled\. \d+ files were written before\."))
    page.unroute("**/export")
    assert not (export / "measures.csv").exists()


def check_table(export: Path) -> None:
    """One table of both files; a cine's lines begin as those of its own table, and millimetres and pixels
    are told apart by their unit.
    """
    text = (export / "measures.csv").read_text(encoding="utf-8")
    head, *lines = csv.reader(text.splitlines())
    assert head == list(MEASURES_COLUMNS)
    _, *own = csv.reader((export / "cine.frames.csv").read_text(encoding="utf-8").splitlines())
    assert [line[: len(FRAME_COLUMNS)] for line in lines if line[0] == "cine.dcm"] == own
    rows = {line[0]: dict(zip(head, line, strict=True)) for line in lines}
    assert [line[0] for line in lines] == ["cine.dcm", "picture.png"]
    assert (rows["cine.dcm"]["unit"], rows["picture.png"]["unit"]) == ("mm", "px")
    assert {row["model"] for row in rows.values()} == {"uniultra-mini"}
    assert {(row["status"], row["by_hand"]) for row in rows.values()} == {("", "")}


def test_without_a_server_each_file_is_a_download(alone: Visit, scans: Path) -> None:
    page = alone.page
    for name in ("still.dcm", "cine.dcm"):
        alone.add(scans / name)
        masks: dict[int, tuple[np.ndarray | None, ...]] = {0: (KIDNEY, OTHER, None)}
        page.evaluate("(doc) => seen.commit({ ...doc, done: true })", document(masks))
        alone.wait("app.saving === 'saved' && doc.frames.length > 0")
    downloads: list[Any] = []
    page.on("download", lambda one: downloads.append(one))
    page.keyboard.press("Control+e")
    page.locator("#export-all").click()
    playwright.expect(page.locator("#export-result")).to_contain_text("files written", timeout=60_000)
    page.keyboard.press("Escape")
    names = [one.suggested_filename for one in downloads]
    assert names == ["still.uniultra.zip", "cine.uniultra.zip", "measures.csv"]
    head, *lines = csv.reader(Path(downloads[-1].path()).read_text(encoding="utf-8").splitlines())
    assert head == list(MEASURES_COLUMNS)
    with zipfile.ZipFile(downloads[1].path()) as packed:
        own = list(csv.reader(packed.read("cine.frames.csv").decode().splitlines()))
    assert own[0] == list(FRAME_COLUMNS)
    assert [line[: len(FRAME_COLUMNS)] for line in lines if line[0] == "cine.dcm"] == own[1:]
    assert [(line[0], line[4]) for line in lines] == [
        (name, called) for name in ("still.dcm", "cine.dcm") for called in ("left kidney", "'=cmd()")
    ]
