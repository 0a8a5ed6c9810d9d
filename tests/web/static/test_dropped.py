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


def test_a_truncated_file_says_so_in_the_list_and_can_be_removed(
    tab: Visit, folder: Path, tmp_path: Path
) -> None:
    """The header is whole, so that it is taken; only its pixels are missing."""
    whole = (folder / "cine.dcm").read_bytes()
    (tmp_path / "cut.dcm").write_bytes(whole[: len(whole) // 3])
    tab.page.locator("#file-input").set_input_files(tmp_path / "cut.dcm")
    row = tab.page.locator("#work-list li", has_text="cut.dcm")
    playwright.expect(row).to_contain_text("can't be opened")
    dropped = folder / "uniultra-project" / "dropped" / "cut.dcm"
    assert dropped.is_file()
    row.get_by_role("button", name="Remove cut.dcm from the list").click()
    playwright.expect(row).to_have_count(0)
    tab.wait("!app.workspace.items.some(({ name }) => name === 'cut.dcm')")
    assert not dropped.exists()
    assert all("422" in fault for fault in tab.faults)
    tab.faults.clear()
    tab.page.reload()
    tab.know()
    assert tab.page.evaluate("!seen.app.workspace.items.some(({ name }) => name === 'cut.dcm')")


def test_the_list_knows_after_a_reload_what_could_not_be_opened(
    tab: Visit, folder: Path, tmp_path: Path
) -> None:
    """And neither Enter nor the keys for the next and the last file stop at one."""
    whole = (folder / "cine.dcm").read_bytes()
    (tmp_path / "lost.dcm").write_bytes(whole[: len(whole) // 3])
    (tmp_path / "zz.png").write_bytes(bytes(png(5)))
    tab.page.locator("#file-input").set_input_files([tmp_path / "lost.dcm", tmp_path / "zz.png"])
    tab.wait("app.file.name === 'zz.png' && !app.opening")
    tab.page.reload()
    tab.know()
    row = tab.page.locator("#work-list li", has_text="lost.dcm")
    playwright.expect(row).to_contain_text("can't be opened")
    assert "lost.dcm" in (row.locator("button.item").get_attribute("title") or "")
    tab.open("picture.png")
    tab.page.keyboard.press("PageDown")
    tab.wait("app.file.name === 'zz.png' && !app.opening")
    tab.page.keyboard.press("PageUp")
    tab.wait("app.file.name === 'picture.png' && !app.opening")
    tab.page.keyboard.press("Enter")
    tab.wait("app.file.name === 'zz.png' && !app.opening")
    row.get_by_role("button", name="Remove lost.dcm from the list").click()
    playwright.expect(row).to_have_count(0)
    assert all("422" in fault for fault in tab.faults)
    tab.faults.clear()


def test_a_file_that_breaks_in_the_list_is_passed_once(tab: Visit, folder: Path) -> None:
    """Enter opened it, failed, and took back what it had accepted when it was pressed again."""
    first, *others = tab.page.evaluate("seen.app.workspace.items.map(({ name }) => name)")
    kept = (folder / others[0]).read_bytes()
    tab.open(first)
    tab.page.wait_for_timeout(1000)  # what is read ahead
    (folder / others[0]).write_bytes(kept[: len(kept) // 3])
    try:
        tab.page.keyboard.press("Enter")
        tab.wait(f"app.file.name === {others[1]!r} && !app.opening")
        playwright.expect(tab.page.locator("#notice")).to_contain_text(others[0])
        row = tab.page.locator("#work-list li", has_text=others[0])
        playwright.expect(row).to_contain_text("can't be opened")
    finally:
        (folder / others[0]).write_bytes(kept)
    tab.open(others[0])
    playwright.expect(row).not_to_contain_text("can't be opened")
    assert all("422" in fault for fault in tab.faults)
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


def test_without_a_server_a_truncated_file_is_refused(alone: Visit, folder: Path, tmp_path: Path) -> None:
    """It was opened as an empty image."""
    whole = (folder / "cine.dcm").read_bytes()
    (tmp_path / "cut.dcm").write_bytes(whole[: len(whole) - 400_000])
    before = alone.page.evaluate("seen.app.file.name")
    alone.page.locator("#file-input").set_input_files(tmp_path / "cut.dcm")
    playwright.expect(alone.page.locator("#notice")).to_contain_text("cut.dcm: frame 0 isn't in the file")
    assert alone.page.evaluate("seen.app.file.name") == before
    assert alone.page.evaluate("!seen.app.workspace.items.some(({ name }) => name === 'cut.dcm')")
    alone.add(folder / "cine.dcm")
