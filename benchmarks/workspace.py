"""How quick the workspace page is, in a real Chromium on this machine: from the hand to the mask on the
canvas.

    python benchmarks/workspace.py [--out benchmarks/workspace.json]

Makes a picture of 1024 x 768 and a cine of 500 frames of 1280 x 720, opens them with `uniultra open`, and
works on them with a scripted mouse. A time ends when the page has drawn; what the screen adds isn't in it.
Needs playwright and a Chromium.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from playwright.sync_api import Page, sync_playwright

from uniultra.io.output import write_json
from uniultra.io.video_writer import MovieFile

WATCH = """async () => {
    window.seen = await import("/static/state.mjs");
    window.times = { began: 0, box: [], click: [], hover: [], frame: [] };
    window.kind = "";
    document.getElementById("stage").addEventListener("pointerup", () => { times.began = performance.now();
        }, true);
    let before = seen.doc(), hovered = null;
    seen.listen(() => {
        if (kind && seen.doc() !== before) times[kind].push(performance.now() - times.began);
        if (seen.app.hover?.ms && seen.app.hover !== hovered) { times.hover.push(performance.now());
            hovered = seen.app.hover; }
        before = seen.doc();
    });
}"""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path)
    parser.add_argument("--frames", type=int, default=500)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_files(folder, chosen.frames)
        report = measured(folder)
    print(json.dumps(report, indent=2))
    if chosen.out is not None:
        write_json(chosen.out, report, force=True)


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


def measured(folder: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "uniultra.cli.main", "open", str(folder), "--no-browser", "--port", "0"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert server.stdout is not None
    link = next(line.split()[-1] for line in server.stdout if "http://" in line)
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    try:
        with sync_playwright() as running:
            browser = running.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            page = browser.new_page(viewport={"width": 1280, "height": 860})
            page.goto(link)
            page.wait_for_selector("body[data-ready]")
            page.evaluate(WATCH)
            report = {"cores": os.cpu_count(), "load": os.getloadavg()[0], "chromium": browser.version}
            report |= on_picture(page) | on_cine(page) | on_effort(page)
            browser.close()
        return report | {"server_mb": round(memory_mb(server.pid))}
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(30)
        server.stdout.close()


def on_picture(page: Page) -> dict[str, Any]:
    show(page, "picture.png")
    for cx in (200, 512, 820):
        for cy in (200, 380, 580):
            page.evaluate("() => { kind = 'box'; seen.app.selected = null; }")
            page.mouse.move(*at(page, cx - 100, cy - 80))
            page.mouse.down()
            page.mouse.move(*at(page, cx + 100, cy + 80), steps=3)
            page.mouse.up()
            settle(page)
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


def on_cine(page: Page) -> dict[str, Any]:
    began = time.perf_counter()
    show(page, "cine.mp4")
    opened = time.perf_counter() - began
    steps = page.evaluate(
        """async () => {
            const times = [];
            for (let i = 1; i <= 60; i++) {
                const began = performance.now();
                seen.app.frame = i;
                await new Promise((done) => { const f = () => { done(); }; seen.changed();
                    requestAnimationFrame(f); });
                times.push(performance.now() - began);
            }
            return times;
        }"""
    )
    page.evaluate("() => { seen.app.frame = 0; seen.changed(); }")
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
    return {
        "cine_open_s": round(opened, 2),
        "cine_frames_a_second": round(1000 / float(np.mean(gaps)), 1),
        "cine_gap_ms": spread(gaps),
        "cine_step_ms": spread(steps),
    }


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
    boxes = frames / (time.perf_counter() - began)
    report = {"boxes_frames_a_minute": round(60 * boxes)}
    if page.evaluate("() => seen.app.workspace.tracking"):
        page.keyboard.press("Control+z")
        page.evaluate(f"() => {{ seen.app.frame = {frames - 2}; seen.changed(); }}")
        began = time.perf_counter()
        page.keyboard.press("t")
        page.wait_for_function(f"() => seen.doc().frames.length >= {2 * frames}", timeout=120_000)
        report["tracked_frames_a_minute"] = round(60 * frames / (time.perf_counter() - began))
        page.keyboard.press("t")
    return report


def show(page: Page, name: str) -> None:
    page.locator("button.item", has_text=name).click()
    page.wait_for_function(f"() => seen.app.file?.name === {json.dumps(name)}")
    time.sleep(1.5)


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


def memory_mb(pid: int) -> float:
    """Resident memory of a process and its children, shared pages counted once each (PSS)."""
    pids = [pid]
    for task in Path(f"/proc/{pid}/task").iterdir():
        pids += [int(child) for child in (task / "children").read_text().split()]
    total = 0
    for one in pids:
        for line in Path(f"/proc/{one}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                total += int(line.split()[1])
    return total / 1024


if __name__ == "__main__":
    main()
