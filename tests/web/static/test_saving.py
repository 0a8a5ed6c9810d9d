"""What is saved, by whom, and who gets nothing: tabs, a dead server, another site, names of files."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pydicom
import pytest
from PIL import Image

from browsers import Visit, check_tab, tab_of
from opened import HOSTILE, Server, annotations, fill_folder, frames, started

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = pytest.mark.browser


def test_names_of_files_are_text(tab: Visit) -> None:
    tab.open(HOSTILE)
    assert tab.page.locator("#file-name").inner_text() == HOSTILE
    assert tab.page.evaluate("window.hacked") is None
    assert tab.page.locator("img[onerror]").count() == 0


def test_a_second_tab_is_told(tab: Visit, signed_in: Any, server: Server) -> None:
    second = tab_of(signed_in, server.origin)
    for one in (tab, second):
        one.open("picture.png")
    tab.drag((95, 55), (245, 165))
    tab.wait("doc.frames.length === 1 && app.saving === 'saved'")
    second.drag((90, 50), (240, 160))
    second.wait("app.saving === 'conflict'")
    playwright.expect(second.page.locator("#saving")).to_contain_text("Changed in another tab")
    assert all("409" in fault for fault in second.faults)  # the browser's own note
    second.page.close()


def test_a_dead_server_loses_nothing(chromium: Any, folder: Path) -> None:
    shutil.rmtree(folder / "uniultra-project", ignore_errors=True)
    server = started(folder)
    context = chromium.new_context(viewport={"width": 1280, "height": 720})
    tab = tab_of(context, server.link)
    tab.open("picture.png")
    tab.drag((95, 55), (245, 165))
    tab.wait("doc.frames.length === 1 && app.saving === 'saved'")
    server.kill()
    tab.page.locator("input.name").fill("kept")
    tab.page.keyboard.press("Enter")
    tab.wait("app.saving === 'offline'")
    assert all("ERR_CONNECTION_REFUSED" in fault for fault in tab.faults)
    tab.page.close()
    again = started(folder, int(server.origin.rsplit(":", 1)[1]))
    back = tab_of(context, again.link)
    back.open("picture.png")
    back.wait("doc.objects[0]?.name === 'kept' && app.saving === 'saved'")
    assert annotations(folder, "picture.png")["doc"]["objects"][0]["name"] == "kept"
    check_tab(back)
    context.close()
    again.stop()


@pytest.mark.parametrize("size", [(320, 240), (200, 120)])
def test_a_file_that_was_replaced_on_the_disk_must_be_opened_again(
    chromium: Any, tmp_path: Path, size: tuple[int, int]
) -> None:
    fill_folder(tmp_path)
    server = started(tmp_path)
    context = chromium.new_context(viewport={"width": 1280, "height": 720}, locale="de")
    tab = tab_of(context, server.link)
    tab.open("picture.png")
    written = tmp_path.with_suffix(".png")
    Image.fromarray(frames()[3]).resize(size).save(written)
    written.replace(tmp_path / "picture.png")  # at once: whatever reads it meanwhile finds a whole picture
    tab.page.mouse.click(*tab.at(170, 110))
    tab.wait("app.saving === 'changed'")
    playwright.expect(tab.page.locator("#notice")).to_have_text(
        "Die Datei wurde auf dem Datenträger geändert. Öffnen Sie sie erneut."
    )
    state = tab.page.locator("#saving")
    playwright.expect(state).to_contain_text("Auf dem Datenträger geändert: nichts mehr gesichert")
    tab.page.keyboard.press("n")  # what is done now isn't saved, and said not to be
    tab.page.wait_for_timeout(1000)
    tab.wait("app.saving === 'changed'")
    assert not tab.state()["doc"]["frames"]
    state.locator("button").click()
    tab.wait(f"app.file.width === {size[0]} && app.saving === 'saved'")
    tab.page.mouse.click(*tab.at(size[0] * 0.53, size[1] * 0.46))
    tab.wait("doc.frames.length === 1 && app.saving === 'saved'")
    assert annotations(tmp_path, "picture.png")["width"] == size[0]
    assert [fault for fault in tab.faults if "409" not in fault] == []  # the browser's own notes
    context.close()
    server.stop()


def test_what_was_measured_of_a_file_that_was_replaced_is_not_shown_of_the_new_one(
    chromium: Any, tmp_path: Path
) -> None:
    """The same pixels and masks at twice the millimetres; a plane kept of the old file is refused."""
    fill_folder(tmp_path)
    server = started(tmp_path)
    context = chromium.new_context(viewport={"width": 1280, "height": 720}, locale="en-GB")
    tab = tab_of(context, server.link)
    tab.open("cine.dcm")
    tab.drag((95, 55), (245, 165))
    tab.wait("doc.frames.length === 1 && app.saving === 'saved'")
    length = tab.page.locator("#measures tr", has_text="Long diameter").locator("td")
    playwright.expect(length).to_contain_text("mm")
    before = float(length.inner_text().split()[0])
    tab.page.locator("#first-plane").click()
    dicom = pydicom.dcmread(tmp_path / "cine.dcm")
    for key in ("PhysicalDeltaX", "PhysicalDeltaY"):
        setattr(dicom.SequenceOfUltrasoundRegions[0], key, 0.1)
    dicom.save_as(tmp_path / "cine.dcm")
    tab.open("picture.png")
    tab.drag((95, 55), (245, 165))
    tab.wait("doc.frames.length === 1 && app.saving === 'saved'")
    tab.page.locator("#volume").click()
    refused = tab.page.locator(
        "#measures .warning", has_text="'cine.dcm' changed on the disk since its plane was kept"
    )
    playwright.expect(refused).to_be_visible()
    assert tab.page.evaluate("seen.app.saving") == "saved", "the file that is shown is the same"
    tab.open("cine.dcm")
    assert len(tab.state()["doc"]["frames"]) == 1
    playwright.expect(length).to_contain_text("mm")
    tab.page.wait_for_function(
        "(before) => Math.abs(parseFloat(document.querySelector('#measures td').innerText) - before) > 1",
        arg=before,
    )
    assert float(length.inner_text().split()[0]) == pytest.approx(2 * before, abs=0.2)
    context.close()
    server.stop()


def test_an_open_tab_saves_again_once_another_has_signed_in(chromium: Any, folder: Path) -> None:
    """The new server refuses the old tab's key until the browser has the new one."""
    shutil.rmtree(folder / "uniultra-project", ignore_errors=True)
    server = started(folder)
    context = chromium.new_context(viewport={"width": 1280, "height": 720})
    tab = tab_of(context, server.link)
    tab.open("picture.png")
    tab.drag((95, 55), (245, 165))
    tab.wait("doc.frames.length === 1 && app.saving === 'saved'")
    server.kill()
    again = started(folder, int(server.origin.rsplit(":", 1)[1]))
    tab.page.locator("input.name").fill("kept")
    tab.page.keyboard.press("Enter")
    tab.wait("app.saving === 'offline' && app.notice")
    assert any("401" in fault for fault in tab.faults)
    back = tab_of(context, again.link)
    tab.wait("app.saving === 'saved'")
    assert annotations(folder, "picture.png")["doc"]["objects"][0]["name"] == "kept"
    check_tab(back)
    context.close()
    again.stop()


def test_another_site_in_the_same_browser_gets_nothing(
    signed_in: Any, server: Server, tmp_path: Path
) -> None:
    import functools
    import http.server
    import threading

    (tmp_path / "evil.html").write_text("<!doctype html><title>another site</title>")
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(tmp_path))
    handler.log_message = lambda *_: None  # type: ignore[attr-defined]
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as other:
        threading.Thread(target=other.serve_forever, daemon=True).start()
        page = signed_in.new_page()
        page.goto(f"http://localhost:{other.server_port}/evil.html")
        found = page.evaluate(
            """async (origin) => {
                const state = await fetch(origin + "/v1/workspace", {
                    credentials: "include" }).then((r) => r.status, () => "refused");
                const write = await fetch(origin + "/v1/workspace/files?name=x.png", { method: "POST",
                    body: "x", mode: "no-cors",
                    credentials: "include" }).then((r) => r.status, () => "refused");
                const frame = document.createElement("iframe");
                frame.src = origin + "/";
                await new Promise((done) => { frame.onload = frame.onerror = done;
                    document.body.append(frame); });
                let seen = "nothing";
                try { seen = frame.contentDocument?.body?.textContent ?? "nothing"; } catch {
                    seen = "nothing"; }
                return [state, write, seen];
            }""",
            server.origin,
        )
        page.close()
        other.shutdown()
    assert found[0] == "refused"
    assert found[1] in (0, "refused")
    assert found[2] == "nothing"


def test_accepting_while_the_last_change_is_being_saved_goes_to_the_next_image(tab: Visit) -> None:
    """On a slow disk the two savings follow one another, and the page waits for both."""
    tab.open("picture.png")
    tab.drag((95, 55), (245, 165))
    tab.wait("doc.frames.length === 1 && app.saving === 'saved'")

    tab.page.evaluate(
        """() => { const plain = window.fetch; window.fetch = async (path, options) => {
            if (options?.method === "PUT") await new Promise((done) => setTimeout(done, 1000));
            return plain(path, options);
        }; }"""
    )
    tab.page.keyboard.press("n")
    tab.page.wait_for_function("() => seen.app.saving === 'saving'")
    tab.page.keyboard.press("Enter")
    tab.wait("app.file.name !== 'picture.png'")
    assert tab.page.evaluate("seen.app.workspace.items.find(({ name }) => name === 'picture.png').done")
