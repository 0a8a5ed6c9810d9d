"""What goes over many images: learning, a second reader, covered names."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from browsers import Visit
from opened import HOSTILE, HW
from uniultra.registry import find, verified_folder

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = pytest.mark.browser


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
    tab.page.wait_for_selector("#report canvas", state="attached")
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
    playwright.expect(tab.page.locator("#export-result")).to_contain_text("files written", timeout=60_000)
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
        if number == 0:
            seen = "app.workspace.items.find((item) => item.name === 'seen0.png')"
            tab.wait(f"doc.objects[0].name === 'Structure 1' && {seen}.kinds?.length === 0")
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
    playwright.expect(begun).to_contain_text("stopped at step 0 of 108")
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
