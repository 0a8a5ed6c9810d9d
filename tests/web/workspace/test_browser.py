"""A person's way through the page, in Debian's Chromium: canvas, files on disk, and nothing that leaves
the machine.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from browsers import CHROMIUM, Visit, check_tab, tab_of
from dicoms import dataset, region, save
from phantoms import ellipse, speckled
from uniultra.registry import find, verified_folder
from uniultra.web.workspace.entry_page import entry_page

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed"),
]
HW = (240, 320)
TRUE = ellipse(HW, (170, 110), (70, 50))
HOSTILE = "<img src=x onerror=window.hacked=1>.png"


def frames() -> np.ndarray:
    """A dark ellipse that beats: uint8 (6, H, W)."""
    radii = [(70 - 6 * step, 50 - 5 * step) for step in range(6)]
    return np.stack([speckled(ellipse(HW, (170, 110), radius), seed=7).pixels_hw for radius in radii])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A calibrated cine in DICOM, and two pictures."""
    scans = tmp_path_factory.mktemp("scans")
    cine = dataset(frames(), FrameTime=40.0)
    cine.SequenceOfUltrasoundRegions = [region((0, 0, HW[1] - 1, HW[0] - 1), delta=0.05)]
    save(cine, scans / "cine.dcm")
    Image.fromarray(frames()[0]).save(scans / "picture.png")
    Image.fromarray(frames()[1]).save(scans / HOSTILE)
    return scans


@dataclass
class Server:
    """`uniultra open`, as a person starts it."""

    process: subprocess.Popen[str]
    link: str

    @property
    def origin(self) -> str:
        return self.link.partition("/#")[0]

    def stop(self) -> None:
        self.process.send_signal(signal.SIGINT)
        assert self.process.wait(30) == 0
        assert self.process.stdout is not None
        self.process.stdout.close()


def started(folder: Path, port: int = 0) -> Server:
    command = [
        sys.executable,
        "-m",
        "uniultra.cli.main",
        "open",
        str(folder),
        "--no-browser",
        "--port",
        str(port),
    ]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=os.environ
    )
    assert process.stdout is not None
    for line in process.stdout:
        if "http://" in line:
            return Server(process, line.split()[-1])
    raise AssertionError("the server didn't say where it is")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Server]:
    running = started(folder)
    yield running
    running.stop()


@pytest.fixture(scope="module")
def signed_in(chromium: Any, server: Server) -> Iterator[Any]:
    """A browser that has taken the code, from the page that `uniultra open` leaves for it."""
    context = chromium.new_context(viewport={"width": 1280, "height": 720}, locale="en-GB")
    page = context.new_page()
    with entry_page(server.link) as path:
        page.goto(path.as_uri())
        page.wait_for_selector("body[data-ready]")
    assert "code" not in page.url
    page.close()
    yield context
    context.close()


@pytest.fixture
def tab(signed_in: Any, server: Server, folder: Path) -> Iterator[Visit]:
    """A tab on a project that is empty."""
    shutil.rmtree(folder / "uniultra-project", ignore_errors=True)
    one = tab_of(signed_in, server.origin)
    yield one
    check_tab(one)


def annotations(folder: Path, name: str) -> dict[str, Any]:
    return json.loads((folder / "uniultra-project" / f"{name}.annotations.json").read_text())


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
    playwright.expect(tab.page.locator("#export-result")).to_contain_text("files written", timeout=20_000)
    check_export(folder / "uniultra-project" / "export")


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


def test_a_cine_plays_steps_and_keeps_its_masks_by_frame(tab: Visit) -> None:
    tab.open("cine.dcm")
    tab.drag((95, 55), (245, 165))
    tab.wait("doc.frames.length === 1")
    tab.page.keyboard.press("ArrowRight")
    tab.wait("app.frame === 1")
    tab.drag((100, 60), (240, 160))
    tab.wait("doc.frames.length === 2")
    assert [mask["object"] for frame in tab.state()["doc"]["frames"] for mask in frame["masks"]] == [1, 1]
    tab.page.locator("#ejection").click()
    playwright.expect(tab.page.locator("#ejection-table")).to_contain_text("ml")
    tab.page.keyboard.press("Space")
    tab.wait("app.playing")
    tab.wait("app.frame > 2")
    tab.page.keyboard.press("Space")
    tab.wait("!app.playing")
    tab.page.locator("#frame-slider").fill("5")
    tab.wait("app.frame === 5")


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
    tab.page.keyboard.press("p")
    playwright.expect(tab.page.locator("#report")).to_contain_text("Area")
    tab.page.emulate_media(media="print")
    playwright.expect(tab.page.locator("#report")).to_be_visible()
    playwright.expect(tab.page.locator("#report")).to_contain_text("Caliper 1Length20.0 mm")
    playwright.expect(tab.page.locator("#stage")).to_be_hidden()
    tab.page.emulate_media(media="screen")
    playwright.expect(tab.page.locator("#measures tr", has_text="Area")).to_contain_text("mm²")


def test_the_keyboard_alone_is_enough(tab: Visit) -> None:
    tab.open("picture.png")
    tab.page.evaluate("document.activeElement.blur()")
    keys = tab.page.keyboard
    keys.press("g")
    for key, times in (
        ("ArrowLeft", 8),
        ("ArrowUp", 8),
        ("b", 1),
        ("ArrowRight", 18),
        ("ArrowDown", 13),
        ("b", 1),
    ):
        for _ in range(times):
            keys.press(key)
    tab.wait("doc.frames[0]?.masks[0].box.join() === '96,56,240,160'")
    for key in ("k", "b", "ArrowLeft", "ArrowUp", "b"):
        keys.press(key)
    tab.wait("app.file.banners.length === 1")
    keys.press("Enter")
    tab.wait("app.file.banners.length === 0")
    keys.press("s")
    keys.press("Escape")
    keys.press("Enter")
    tab.wait("app.workspace.items.find((item) => item.name === 'picture.png').done")
    tab.wait("app.file.name !== 'picture.png'")


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
    server.process.kill()
    server.process.wait(10)
    assert server.process.stdout is not None
    server.process.stdout.close()
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


def test_a_track_fills_in_and_one_undo_takes_it_back(tab: Visit) -> None:
    tab.open("cine.dcm")
    tab.drag((95, 55), (245, 165))
    tab.wait("doc.frames.length === 1")
    tab.page.keyboard.press("t")
    tab.wait("doc.frames.length === 6 && app.frame === 5 && app.saving === 'saved'")
    frames = tab.state()["doc"]["frames"]
    assert [frame["masks"][0]["source"] for frame in frames] == ["prompt", *["track"] * 5]
    tab.page.keyboard.press("Control+z")
    tab.wait("doc.frames.length === 1 && app.frame === 0")


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


def test_covered_names_are_black_on_the_screen_in_exports_and_on_other_images_of_the_scanner(
    tab: Visit, folder: Path
) -> None:
    tab.open("picture.png")
    tab.page.keyboard.press("k")
    tab.drag((2, 2), (200, 30))
    tab.wait("app.file.banners.length === 1")
    tab.page.keyboard.press("s")
    tab.drag((95, 55), (245, 165))
    tab.wait("doc.frames.length === 1 && app.saving === 'saved'")
    tab.page.keyboard.press("p")
    shown = """async () => {
        const canvas = document.querySelector("#report canvas"), stage = document.getElementById("stage");
        const scale = canvas.width / stage.clientWidth, { width, height } = seen.app.file;
        const margin = Math.min(28, stage.clientWidth * 0.03);
        const zoom = Math.min((stage.clientWidth - 2 * margin) / width,
            (stage.clientHeight - 2 * margin) / height);
        const at = (x, y) => [(stage.clientWidth - width * zoom) / 2 + x * zoom,
            (stage.clientHeight - height * zoom) / 2 + y * zoom].map((v) => v * scale);
        const mean = ([x, y]) => canvas.getContext("2d").getImageData(x - 5, y - 5, 10, 10)
            .data.reduce((sum, v, i) => sum + (i % 4 === 3 ? 0 : v), 0);
        return [mean(at(100, 16)), mean(at(290, 220))];
    }"""
    under, beside = tab.page.evaluate(shown)
    assert under == 0
    assert beside > 1000
    tab.page.locator("#export").click()
    tab.page.locator("#export-now").click()
    playwright.expect(tab.page.locator("#export-result")).to_contain_text("files written", timeout=20_000)
    overlay = np.array(Image.open(folder / "uniultra-project" / "export" / "picture.overlay.png"))
    zoom = overlay.shape[1] / HW[1]
    assert overlay[int(4 * zoom) : int(28 * zoom), int(5 * zoom) : int(196 * zoom)].max() == 0
    assert overlay[int(200 * zoom) :, int(250 * zoom) :].max() > 50
    tab.page.keyboard.press("Escape")
    tab.open(HOSTILE)  # another picture of the same kind and size
    tab.wait("app.file.banners.length === 1")
    tab.page.keyboard.press("k")
    tab.page.mouse.click(*tab.at(100, 16))
    tab.wait("app.file.banners.length === 0")


def test_accepted_images_are_learned_and_the_model_is_switched(tab: Visit, folder: Path) -> None:
    """Five accepted images offer a lesson, which is begun and cancelled; a finished one's model answers."""
    pytest.importorskip("peft")
    finished = folder / "uniultra-project" / "learn" / "cyst-1"
    finished.mkdir(parents=True)
    model = verified_folder(find("uniultra-mini"))
    for name in ("encoder.onnx", "decoder.onnx", "model.json"):
        shutil.copy(model / name, finished / name)
    pair = {"objects": 1, "other_dice": 0.61, "dice": 0.83}
    own = {kind: {"mean over organs": pair} for kind in ("box10", "click1")}
    (finished / "gain.json").write_text(json.dumps({"own": own}))
    (finished / "adapter.safetensors").write_bytes(b"")
    lesson = {"kind": "cyst", "base": "uniultra-mini", "images": list("abcde"), "left_out": ["b"]}
    (finished / "lesson.json").write_text(json.dumps({"schema": "uniultra.lesson/1", "steps": 40, **lesson}))
    tab.page.reload()
    tab.know()
    card = tab.page.locator('[data-lesson="cyst-1"]')
    playwright.expect(card).to_contain_text("0.61 → 0.83")
    playwright.expect(card).to_contain_text("One image is little evidence")
    card.locator("button").click()
    playwright.expect(card).to_contain_text("in use", timeout=60_000)
    playwright.expect(card.locator("button")).to_have_text("Back to the original model")
    tab.open("picture.png")
    tab.drag((95, 55), (245, 165))
    tab.wait("doc.frames.length === 1 && app.saving === 'saved'")
    card.locator("button").click()
    playwright.expect(card).not_to_contain_text("in use", timeout=60_000)

    for number in range(5):
        data = (folder / "picture.png").read_bytes() + bytes(number + 1)
        tab.page.locator("#file-input").set_input_files(
            {"name": f"seen{number}.png", "mimeType": "image/png", "buffer": data}
        )
        tab.wait(f"app.file.name === 'seen{number}.png'")
        tab.drag((95, 55), (245, 165))
        tab.wait("doc.frames.length === 1")
        tab.page.locator("input.name").fill("node")
        tab.page.keyboard.press("Enter")
        tab.wait("doc.objects[0].name === 'node'")
        tab.page.locator("#accept").click()
        tab.wait(f"app.workspace.items.find((item) => item.name === 'seen{number}.png').done")
    tab.page.locator('[data-key="learn node"]').click()
    begun = tab.page.locator('[data-lesson="node-1"]')
    playwright.expect(begun).to_have_attribute("data-status", "running", timeout=30_000)
    begun.locator("button").click()
    playwright.expect(begun).to_have_attribute("data-status", "stopped", timeout=30_000)
    playwright.expect(begun).to_contain_text("stopped at step 0 of 120")
    assert (folder / "uniultra-project" / "learn" / "node-1" / "data" / "manifest.csv").is_file()


def test_a_second_reader_is_blind_and_agreement_is_shown(tab: Visit, folder: Path) -> None:
    tab.open("cine.dcm")
    tab.drag((95, 55), (245, 165))
    tab.wait("doc.frames.length === 1 && app.saving === 'saved'")
    tab.page.locator("#readers").click()
    tab.page.locator("#reader-name").fill("Dr B")
    tab.page.locator("#reader-begin").click()
    playwright.expect(tab.page.locator("#reader")).to_have_text("Reader: Dr B")
    tab.know()
    tab.open("cine.dcm")
    assert tab.state()["doc"]["frames"] == []
    assert tab.colour_at(170, 110)[3] == 0
    tab.drag((85, 50), (240, 160))
    tab.wait("doc.frames.length === 1 && app.saving === 'saved'")
    tab.page.locator("#readers").click()
    tab.page.locator("#first-reader").click()
    playwright.expect(tab.page.locator("#reader")).to_be_hidden()
    tab.know()
    tab.page.locator("#readers").click()
    tab.page.locator('[data-reader="Dr B"]').click()
    playwright.expect(tab.page.locator("#agreement")).to_contain_text("Agreement with Dr B")
    playwright.expect(tab.page.locator("#agreement")).to_contain_text("needs two structures")
    table = (folder / "uniultra-project" / "export" / "agreement-Dr B.csv").read_text().splitlines()
    assert len(table) == 2
    assert ",mm," in table[1]
    tab.page.keyboard.press("Escape")


def test_a_volume_from_two_planes(tab: Visit) -> None:
    tab.open("cine.dcm")
    tab.drag((95, 55), (245, 165))
    tab.wait("doc.frames.length === 1")
    tab.page.locator("#first-plane").click()
    tab.page.keyboard.press("ArrowRight")
    tab.wait("app.frame === 1")
    tab.drag((100, 60), (240, 160))
    tab.wait("doc.frames.length === 2")
    tab.page.locator("#volume").click()
    rows = tab.page.locator("#volume-table tr")
    playwright.expect(rows).to_have_count(2)
    value = float(rows.last.locator("td").inner_text().split()[0])
    assert value == pytest.approx(np.pi / 6 * 70 * 50 * 45 / 1000, rel=0.15)
