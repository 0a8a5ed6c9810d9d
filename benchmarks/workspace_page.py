"""What `workspace.py` does on the page, and times there."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from playwright.sync_api import Page

from uniultra.io.video_writer import MovieFile

LATE_MS = 50.0
"""Between two frames at 30 a second: one that comes half a frame late."""
WAIT_S = 1.5
"""After a file is there, for what is encoded and fetched ahead."""
WATCH = """async () => {
    window.seen = await import("/static/state.mjs");
    window.times = { began: 0, box: [], click: [], hover: [], frame: [] };
    window.kind = "";
    window.drawn = (canvas) => canvas.getContext("2d").getImageData(0, 0, 1, 1); // waits for the drawing
    document.getElementById("stage").addEventListener("pointerup", () => { times.began = performance.now();
        }, true);
    const overlay = document.getElementById("overlay");
    let before = seen.doc(), hovered = null;
    seen.listen(() => {
        if (kind && seen.doc() !== before) {
            drawn(overlay);
            times[kind].push(performance.now() - times.began);
        }
        if (seen.app.hover?.ms && seen.app.hover !== hovered) { times.hover.push(performance.now());
            hovered = seen.app.hover; }
        before = seen.doc();
    });
}"""


def make_files(folder: Path, frames: int) -> None:
    random = np.random.default_rng(0)
    y, x = np.mgrid[:768, :1024]
    dark = [
        ((x - cx) / 90) ** 2 + ((y - cy) / 70) ** 2 < 1 for cx in (200, 512, 820) for cy in (200, 380, 580)
    ]
    tissue = np.where(np.any(dark, axis=0), 12.0, 80.0)
    speckle = cv2.GaussianBlur(random.rayleigh(1.0, tissue.shape), (0, 0), 1.2)
    picture = np.clip(tissue * speckle, 0, 255).astype(np.uint8)
    cv2.imwrite(str(folder / "picture.png"), picture)
    wide = np.pad(picture, ((0, 0), (128, 128)))[24:744]
    movie = MovieFile(folder / "cine.mp4", 30.0)
    with movie:
        for step in range(frames):
            grey = np.roll(wide, round(20 * np.sin(step / 12)), axis=0)
            movie.add(np.repeat(grey[..., None], 3, axis=2))


def on_picture(page: Page) -> dict[str, Any]:
    show(page, "picture.png")
    for cx in (200, 512, 820):
        for cy in (200, 380, 580):
            draw_box(page, cx, cy)
            for dx in (-20, 20, 0):
                page.evaluate("() => { kind = 'click'; }")
                page.mouse.click(*at(page, cx + dx, cy))
                settle(page)
    page.evaluate("() => { kind = ''; }")
    page.keyboard.down("Shift")
    for step in range(240):
        page.mouse.move(*at(page, 200 + 2.5 * step, 380))
        time.sleep(0.01)
    page.keyboard.up("Shift")
    times = page.evaluate("() => times")
    gaps = np.diff(times["hover"])
    return {
        "box_ms": spread(times["box"]),
        "click_ms": spread(times["click"]),
        "hover_a_second": round(1000 / float(np.mean(gaps)), 1),
    }


def draw_box(page: Page, cx: int, cy: int) -> None:
    page.evaluate("() => { kind = 'box'; seen.app.selected = null; }")
    page.mouse.move(*at(page, cx - 100, cy - 80))
    page.mouse.down()
    page.mouse.move(*at(page, cx + 100, cy + 80), steps=3)
    page.mouse.up()
    settle(page)


def on_static_picture(page: Page, picture: Path) -> dict[str, Any]:
    """From the address entered to a model that answers; then boxes."""
    ready = page.evaluate(
        """async () => {
            await (await import("/static/local/engine.mjs")).engine();
            return performance.now();
        }"""
    )
    page.locator("#file-input").set_input_files(picture)
    page.wait_for_function("() => seen.app.file?.name === 'picture.png'")
    time.sleep(2)
    for cx in (200, 512, 820):
        for cy in (200, 380, 580):
            draw_box(page, cx, cy)
    return {"static_ready_ms": round(ready), "static_box_ms": spread(page.evaluate("() => times.box"))}


SHOWN = """(key) => new Promise((done) => {
    const image = document.getElementById("image");
    const end = () => { watch.disconnect(); drawn(image); done(performance.now()); };
    const watch = new MutationObserver(() => { if (image.dataset.shown === key) end(); });
    watch.observe(image, { attributeFilter: ["data-shown"] });
    if (image.dataset.shown === key) end();
})"""
"""Resolves when a frame's pixels are on the canvas: a timer that looks would add up to 4 ms each time."""


def on_cine(page: Page) -> dict[str, Any]:
    """Opening, the first frame, steps, and 16 s of playing."""
    began = time.perf_counter()
    show(page, "cine.mp4")
    report = {"cine_open_s": round(time.perf_counter() - began - WAIT_S, 2)}
    show(page, "picture.png")
    report["cine_first_frame_ms"] = round(page.evaluate(FIRST), 1)
    time.sleep(1)
    report["cine_step_ms"] = spread(page.evaluate(STEPS, 1))
    report["cine_back_ms"] = spread(page.evaluate(STEPS, -1))
    page.evaluate("() => { seen.app.frame = 0; seen.changed(); }")
    time.sleep(1)
    page.evaluate(
        """() => {
            window.shown = [];
            let last = -1;
            seen.listen(() => {
                if (!seen.app.playing || seen.app.frame === last) return;
                last = seen.app.frame;
                shown.push(performance.now());
            });
        }"""
    )
    page.locator("[data-key=play]").click()
    time.sleep(16)
    page.keyboard.press("Space")
    gaps = np.diff(page.evaluate("() => shown"))
    return report | {
        "cine_frames_a_second": round(1000 / float(np.mean(gaps)), 1),
        "cine_gap_ms": spread(gaps),
        "cine_late_percent": round(100 * float(np.mean(gaps > LATE_MS)), 2),
    }


FIRST = f"""async () => {{
    const shown = {SHOWN}, button = [...document.querySelectorAll("button.item")]
        .find((one) => one.title === "cine.mp4");
    const began = performance.now(), end = shown(`${{button.dataset.item}} 0`);
    button.click();
    return (await end) - began;
}}"""
"""The first frame of a file that the server has opened before, as it does with the next one of the list."""
STEPS = f"""async (by) => {{
    const shown = {SHOWN}, times = [], key = by > 0 ? "ArrowRight" : "ArrowLeft";
    for (let n = 1; n <= 120; n++) {{
        const end = shown(`${{seen.app.file.id}} ${{seen.app.frame + by}}`), began = performance.now();
        document.body.dispatchEvent(new KeyboardEvent("keydown", {{ key, bubbles: true }}));
        times.push((await end) - began);
        await new Promise((done) => setTimeout(done, 25));
    }}
    return times;
}}"""
"""From the key to the frame on the canvas, 40 a second."""


def on_effort(page: Page) -> dict[str, Any]:
    """Frames a minute of a scripted user without hesitation: a box on every frame, and one box then
    tracked.
    """
    frames = 20
    page.evaluate("() => { seen.app.frame = 0; seen.app.selected = null; seen.changed(); }")
    began = time.perf_counter()
    for number in range(frames):
        page.mouse.move(*at(page, 540, 276))
        page.mouse.down()
        page.mouse.move(*at(page, 740, 436), steps=3)
        page.mouse.up()
        page.wait_for_function(f"() => seen.doc().frames.some((frame) => frame.number === {number})")
        page.keyboard.press("ArrowRight")
        page.wait_for_function("() => seen.isInSight()")
    boxes = frames / (time.perf_counter() - began)
    report = {"boxes_frames_a_minute": round(60 * boxes)}
    if page.evaluate("() => seen.app.workspace.tracking"):
        page.keyboard.press("Control+z")
        page.evaluate(f"() => {{ seen.app.frame = {frames - 2}; seen.changed(); }}")
        began = time.perf_counter()
        page.keyboard.press("t")
        page.wait_for_function(f"() => seen.app.frame >= {2 * frames - 2}", timeout=120_000)
        report["tracked_frames_a_minute"] = round(60 * frames / (time.perf_counter() - began))
        page.keyboard.press("t")
    return report


def show(page: Page, name: str) -> None:
    page.locator("button.item", has_text=name).click()
    page.wait_for_function(f"() => seen.app.file?.name === {json.dumps(name)}")
    time.sleep(WAIT_S)


def settle(page: Page) -> None:
    page.wait_for_function("() => !seen.app.busy")
    time.sleep(0.4)  # measures and saving, so that they aren't in the next time
    page.wait_for_function("() => seen.app.saving === 'saved'")


def at(page: Page, x: float, y: float) -> tuple[float, float]:
    left, top, scale = page.evaluate(
        """() => {
            const { width, height } = seen.app.file,
                box = document.getElementById("stage").getBoundingClientRect();
            const margin = Math.min(28, box.width * 0.03);
            const scale = Math.min((box.width - 2 * margin) / width, (box.height - 2 * margin) / height);
            return [box.left + (box.width - width * scale) / 2, box.top + (box.height - height * scale) / 2,
                scale];
        }"""
    )
    return left + (x + 0.5) * scale, top + (y + 0.5) * scale


def spread(times: Any) -> dict[str, float]:
    return {
        "median": round(float(np.median(times)), 1),
        "p95": round(float(np.percentile(times, 95)), 1),
        "n": len(times),
    }
