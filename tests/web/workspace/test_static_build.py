"""The page without a server: built, opened in Chromium, and held against Python."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydicom.uid import JPEGBaseline8Bit

from browsers import CHROMIUM, WAIT_MS, check_tab, tab_of
from dicoms import dataset, encapsulated, jpeg, region, save
from phantoms import ellipse, speckled
from static_site import static_site
from uniultra.errors import ModelError, OutputError
from uniultra.io.cines import open_cine
from uniultra.io.coco import mask_of
from uniultra.measure.measured import as_json, measure_mask
from uniultra.pixel_scale import Scale
from uniultra.segmenter import Segmenter
from uniultra.tracking import track
from uniultra.types import Frame, Prompt
from uniultra.web.workspace.static_build import ENGINE, build

HW = (240, 320)
TRUE = ellipse(HW, (170, 110), (70, 50))


@pytest.fixture
def engine(tmp_path: Path) -> Path:
    """A folder with files of the engine's names."""
    folder = tmp_path / "dist"
    folder.mkdir()
    for name in ENGINE:
        (folder / name).write_text("")
    return folder


def test_what_is_missing_is_said_and_nothing_is_written(tmp_path: Path, engine: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(OutputError, match=r"lacks ort\.wasm\.min\.mjs; run `npm install onnxruntime-web`"):
        build(out, "uniultra-mini", tmp_path)
    with pytest.raises(ModelError, match="model 'none' is unknown"):
        build(out, "none", engine)
    assert not out.exists()
    out.mkdir()
    with pytest.raises(OutputError, match="exists; give the name of a new folder"):
        build(out, "uniultra-mini", engine)


def test_the_folder_holds_a_page_that_can_ask_nobody_else(tmp_path: Path, engine: Path) -> None:
    out = tmp_path / "out"
    size = build(out, "uniultra-mini", engine)
    assert size == sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
    page = (out / "index.html").read_text()
    assert "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'" in page
    assert page.index("Content-Security-Policy") < page.index("<script")
    assert (out / "static" / "api.mjs").read_text() == 'export * from "./local/api.mjs";\n'
    assert (out / "examples" / "ATTRIBUTION.md").is_file()


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    with static_site(tmp_path / "out") as found:
        yield found


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")
def test_the_tab_segments_and_measures_as_python_does(address: str, tmp_path: Path) -> None:
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    frames = np.stack([speckled(TRUE, seed=seed).pixels_hw for seed in range(3)])
    cine = dataset(frames, FrameTime=40.0)
    cine.SequenceOfUltrasoundRegions = [region((0, 0, HW[1] - 1, HW[0] - 1), delta=0.05)]
    save(cine, tmp_path / "cine.dcm")
    (tmp_path / "text.dcm").write_text("no DICOM")
    box = (95.0, 55.0, 245.0, 165.0)
    playwright.expect.set_options(timeout=WAIT_MS)
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        tab = tab_of(browser.new_context(viewport={"width": 1280, "height": 720}), address)
        assert tab.state()["doc"]["frames"] == []
        tab.page.locator("#file-input").set_input_files(tmp_path / "text.dcm")
        playwright.expect(tab.page.locator("#notice")).to_contain_text("not an image that this browser reads")
        (tmp_path / "clip.mp4").write_bytes(b"\0\0\0\x20ftypisom" + bytes(40))
        tab.page.locator("#file-input").set_input_files(tmp_path / "clip.mp4")
        playwright.expect(tab.page.locator("#notice")).to_contain_text("'moov' is missing")
        tab.page.locator("#file-input").set_input_files(tmp_path / "cine.dcm")
        tab.wait("app.file.name === 'cine.dcm' && app.file.count === 3")
        tab.page.keyboard.down("Shift")
        tab.page.mouse.move(*tab.at(165, 105))
        tab.page.mouse.move(*tab.at(170, 110))
        tab.wait("app.hover?.counts")
        hovered = mask_of(tab.page.evaluate("seen.app.hover.counts"), HW)
        tab.page.keyboard.up("Shift")
        tab.page.keyboard.press("k")
        tab.drag((0, 0), (319, 20))
        tab.wait("app.file.banners.length === 1 && app.file.scanner.endsWith('320 x 240')")
        tab.page.keyboard.press("s")
        tab.drag(box[:2], box[2:])
        tab.wait("doc.frames.length === 1 && app.saving === 'saved'")
        found = tab.state()["doc"]["frames"][0]["masks"][0]
        size = tab.page.locator("#measures tr", has_text="Long diameter").locator("td")
        playwright.expect(size).to_contain_text("mm")
        shown = float(size.inner_text().split()[0])
        tab.page.keyboard.press("t")
        tab.wait("doc.frames.length === 3 && app.saving === 'saved'")
        followed = [frame["masks"][0] for frame in tab.state()["doc"]["frames"]]
        tab.page.reload()
        tab.know()
        check_tab(tab)
        browser.close()
    assert 2 * (hovered & TRUE).sum() / (hovered.sum() + TRUE.sum()) > 0.7
    drawn = tuple(found["box"])
    [mask] = Segmenter.load(threads=1).segment(Frame.from_array(frames[0]), [Prompt(box_xyxy=drawn)])
    ours = mask_of(found["counts"], HW)
    assert 2 * (ours & mask.mask_hw).sum() / (ours.sum() + mask.mask_hw.sum()) > 0.995
    assert found["quality"] == pytest.approx(mask.quality, abs=0.01)
    assert [one["source"] for one in followed] == ["prompt", "track", "track"]
    for one, result in zip(
        followed,
        track(Segmenter.load(threads=1), open_cine(tmp_path / "cine.dcm"), {0: {1: Prompt(mask_hw=ours)}}),
        strict=True,
    ):
        theirs = mask_of(one["counts"], HW)
        for other in (result.objects[0].mask.mask_hw, TRUE):
            assert 2 * (theirs & other).sum() / (theirs.sum() + other.sum()) > 0.93
    measured = as_json(measure_mask(ours, Scale((0.5, 0.5), "region 1")))
    assert shown == pytest.approx(measured["long_diameter"]["value"], rel=0.01)


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")
def test_palettes_and_animations_are_shown_in_their_colours(address: str, tmp_path: Path) -> None:
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    grey = speckled(TRUE).pixels_hw // 2
    grey[20:60, 40:90] = 200
    table = np.repeat(np.arange(256, dtype=np.uint16)[:, None] * 257, 3, axis=1)
    table[200] = 200 * 257, 30 * 257, 20 * 257
    still = dataset(grey[None], "PALETTE COLOR")
    for place, colour in enumerate(("Red", "Green", "Blue")):
        setattr(still, f"{colour}PaletteColorLookupTableDescriptor", [256, 0, 16])
        setattr(still, f"{colour}PaletteColorLookupTableData", table[:, place].astype("<u2").tobytes())
    save(still, tmp_path / "palette.dcm")
    level = dataset(grey[None], WindowCenter=230, WindowWidth=120)
    save(encapsulated(level, JPEGBaseline8Bit, [jpeg(grey)]), tmp_path / "level.dcm")
    rgb = (table[grey] >> 8).astype(np.uint8)
    pictures = [Image.fromarray(np.roll(rgb, 30 * step, axis=1)) for step in range(3)]
    pictures[0].save(tmp_path / "cine.gif", save_all=True, append_images=pictures[1:], duration=40)
    shown = """async ([x, y]) => {
        const canvas = document.getElementById("image"), box = canvas.getBoundingClientRect();
        const picture = canvas.getContext("2d");
        let pixel = [0, 0, 0];
        for (let i = 0; i < 120 && !pixel.some(Boolean); i++) {
            await new Promise(requestAnimationFrame);
            pixel = [...picture.getImageData(x - box.left, y - box.top, 1, 1).data].slice(0, 3);
        }
        return pixel;
    }"""
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        tab = tab_of(browser.new_context(viewport={"width": 1280, "height": 720}), address)
        tab.page.locator("#file-input").set_input_files(tmp_path / "palette.dcm")
        tab.wait("app.file.name === 'palette.dcm' && !app.opening")
        assert tab.page.evaluate(shown, tab.at(65, 40)) == [200, 30, 20]
        tab.page.locator("#file-input").set_input_files(tmp_path / "level.dcm")
        tab.wait("app.file.name === 'level.dcm' && !app.opening")
        assert tab.page.evaluate(shown, tab.at(65, 40)) == pytest.approx([64] * 3, abs=3)
        tab.page.locator("#file-input").set_input_files(tmp_path / "cine.gif")
        tab.wait("app.file.name === 'cine.gif' && app.file.count === 3 && !app.opening")
        assert tab.page.evaluate("seen.app.file.times_s") == pytest.approx([0, 0.04, 0.08])
        assert tab.page.evaluate(shown, tab.at(65, 40)) == pytest.approx([200, 30, 20], abs=16)
        tab.page.locator("#frame-slider").fill("2")
        tab.page.locator("#image[data-shown$=' 2']").wait_for()
        assert tab.page.evaluate(shown, tab.at(125, 40)) == pytest.approx([200, 30, 20], abs=16)
        check_tab(tab)
        browser.close()
