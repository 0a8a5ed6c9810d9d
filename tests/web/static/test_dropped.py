"""Files and folders that are dropped on the page, and those among them that can't be opened."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image

from browsers import Visit
from opened import frames

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = pytest.mark.browser
# A drop of one folder, which is read in parts as browsers do.
DROP = """(named) => {
    const entries = Object.entries(named).map(([name, values]) => ({
        name, isFile: values !== null,
        file: (done) => done(new File([new Uint8Array(values)], name)),
    }));
    const parts = [entries.slice(0, 2), entries.slice(2), []];
    const createReader = () => ({ readEntries: (done) => done(parts.shift()) });
    const folder = { isDirectory: true, createReader };
    const items = [{ kind: "file", webkitGetAsEntry: () => folder }];
    const event = new Event("drop", { bubbles: true, cancelable: true });
    event.dataTransfer = { items, files: [new File([], "folder")] };
    document.body.dispatchEvent(event);
}"""


def png(number: int) -> list[int]:
    held = io.BytesIO()
    Image.fromarray(frames()[number]).save(held, "PNG")
    return list(held.getvalue())


def test_a_folder_gives_its_files_in_the_order_of_their_names(tab: Visit) -> None:
    named = {"b10.png": png(2), "notes.txt": [65, 66], "sub": None, "b9.png": png(3), ".hidden": [1]}
    tab.page.evaluate(DROP, named)
    tab.wait("app.file.name === 'b9.png' && !app.opening")
    playwright.expect(tab.page.locator("#notice")).to_contain_text("notes.txt: not a known kind of image")
    names = tab.page.evaluate("seen.app.workspace.items.map(({ name }) => name)")
    assert [name for name in names if name.startswith("b")] == ["b9.png", "b10.png"]
    tab.wait("app.file.name === 'b9.png' && app.saving === 'saved'")
    assert not tab.page.evaluate("document.body.classList.contains('dropping')")
    tab.page.evaluate(DROP, {"sub": None})
    playwright.expect(tab.page.locator("#notice")).to_contain_text("its own files are opened")
    assert all("422" in fault for fault in tab.faults)  # the browser's own notes
    tab.faults.clear()


def test_all_that_could_not_be_opened_is_said_once(tab: Visit, tmp_path: Path) -> None:
    for name in ("bad.png", "worse.dcm", "notes.txt"):
        (tmp_path / name).write_text("nothing")
    (tmp_path / "good.png").write_bytes(bytes(png(4)))
    names = ("bad.png", "worse.dcm", "good.png", "notes.txt")
    tab.page.locator("#file-input").set_input_files([tmp_path / name for name in names])
    tab.wait("app.file.name === 'good.png' && !app.opening")
    notice = tab.page.locator("#notice")
    playwright.expect(notice).to_contain_text("bad.png: named .png")
    playwright.expect(notice).to_contain_text("Not opened either: worse.dcm, notes.txt.")
    assert notice.inner_text().count("bad.png") == 1
    assert all("422" in fault for fault in tab.faults)
    tab.faults.clear()
