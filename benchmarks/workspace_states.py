"""The main states of the workspace page, one after another: what `workspace_look.py` looks at.

A simulated heart in DICOM, whose ventricle leaves the plane for some frames, and the bundled examples are
segmented and tracked once, by the page itself; each state is then reached from there by keys and clicks.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from playwright.sync_api import Page, Route
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, UltrasoundMultiFrameImageStorage, generate_uid

EXAMPLES = Path(__file__).parents[1] / "src" / "uniultra" / "examples"
HEART, STILL, OTHER, EMPTY = "apical.dcm", "benign_182.jpg", "malignant_183.jpg", "v0039_1101.jpg"
FRAMES, LEAVES, RETURNS = 48, 31, 38
WAIT_MS = 300_000
CHAMBERS = (((330, 115), (502, 436), "Left ventricle"), ((322, 432), (490, 550), "Left atrium"))
"""Two corners of a box on frame 0, and a name."""

State = Callable[[Page], None]


def make_scans(folder: Path) -> bool:
    """The heart, and the bundled examples; whether they weren't there yet."""
    if (folder / HEART).is_file():
        return False
    folder.mkdir(parents=True, exist_ok=True)
    pixels = np.stack([_heart(number) for number in range(FRAMES)])
    meta = FileMetaDataset()
    meta.TransferSyntaxUID, meta.MediaStorageSOPClassUID = (
        ExplicitVRLittleEndian,
        UltrasoundMultiFrameImageStorage,
    )
    meta.MediaStorageSOPInstanceUID = generate_uid(entropy_srcs=["workspace_states"])
    file = FileDataset(None, {}, file_meta=meta, preamble=b"\0" * 128)
    file.SOPClassUID, file.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    file.StudyInstanceUID, file.SeriesInstanceUID = generate_uid(), generate_uid()
    file.Modality, file.Manufacturer, file.ManufacturerModelName = "US", "simulated", "heart"
    file.PatientName, file.PatientID, file.StudyID, file.SeriesNumber, file.InstanceNumber = "", "", "", 1, 1
    file.NumberOfFrames, file.Rows, file.Columns = pixels.shape
    file.SamplesPerPixel, file.PhotometricInterpretation, file.PixelRepresentation = 1, "MONOCHROME2", 0
    file.BitsAllocated, file.BitsStored, file.HighBit = 8, 8, 7
    file.FrameTime, file.FrameIncrementPointer = 33.0, 0x00181063
    file.SequenceOfUltrasoundRegions = [_region()]
    file.PixelData = pixels.tobytes()
    file.save_as(folder / HEART, enforce_file_format=True)
    for path in sorted(EXAMPLES.glob("*.jpg")):
        shutil.copy(path, folder / path.name)
    return True


def _region() -> Dataset:
    item = Dataset()
    item.RegionSpatialFormat, item.RegionDataType, item.RegionFlags = 1, 1, 0
    item.RegionLocationMinX0, item.RegionLocationMinY0 = 60, 60
    item.RegionLocationMaxX1, item.RegionLocationMaxY1 = 740, 580
    item.PhysicalUnitsXDirection = item.PhysicalUnitsYDirection = 3
    item.PhysicalDeltaX = item.PhysicalDeltaY = 0.0289
    return item


def _heart(number: int) -> np.ndarray:
    """One frame of an apical view: uint8 (600, 800)."""
    chance = np.random.default_rng(7)
    y, x = np.mgrid[:600, :800].astype(np.float32)
    radius, angle = np.hypot(x - 400, y - 50), np.arctan2(x - 400, y - 50)
    sector = (np.abs(angle) < 0.72) & (radius < 540) & (radius > 20)
    phase = 2 * np.pi * 1.5 * number / FRAMES
    beat = 1 - 0.16 * (1 - np.cos(phase)) / 2
    wide = 0.9 * (2 - beat)
    walls = [
        (415, 275, 78 * beat, 150 * (0.9 + 0.1 * beat), 0.22),
        (405, 490, 82 * wide, 58 * wide, 0.16),
        (290, 290, 52 * beat, 118, 0.2),
    ]
    tissue = np.full(x.shape, 0.42, np.float32)
    for cx, cy, rx, ry, thick in () if LEAVES <= number < RETURNS else walls:
        away = ((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2
        tissue = np.where(away < 1, 0.03, np.where(away < 1 + thick, 0.85, tissue)).astype(np.float32)
    speckle = cv2.GaussianBlur(chance.rayleigh(1.0, x.shape).astype(np.float32), (0, 0), 1.3)
    picture = cv2.GaussianBlur(tissue * speckle * 150 * np.exp(-radius / 900), (0, 0), 0.8) * sector
    for step in range(8):
        picture[118 + 58 * step : 120 + 58 * step, 748:766] = 220
    return np.clip(picture, 0, 255).astype(np.uint8)


def know(page: Page) -> None:
    """Gives scripts the page's state, by the module that the page itself uses."""
    page.wait_for_selector("body[data-ready]")
    page.evaluate("async () => { window.seen = await import('/static/state.mjs'); }")
    page.evaluate("async () => { window.tracker = await import('/static/track.mjs'); }")
    wait(page, "app.file")


def wait(page: Page, condition: str) -> None:
    """Until a condition on `app` and `doc` holds, and nothing is under way."""
    page.wait_for_function(
        "() => { const app = seen.app, doc = seen.doc(); return app.file && !app.busy && !app.opening"
        f" && ({condition}); }}",
        timeout=WAIT_MS,
    )


def show(page: Page, name: str) -> None:
    page.locator(f'[data-item][title="{name}"]').click()
    wait(page, f"app.file.name === {json.dumps(name)}")


def at(page: Page, point: tuple[float, float]) -> tuple[float, float]:
    """The place on the screen of a pixel of the image."""
    return tuple(
        page.evaluate(
            """([x, y]) => {
                const { width, height } = seen.app.file;
                const stage = document.getElementById("stage").getBoundingClientRect();
                const margin = Math.min(28, stage.width * 0.03);
                const scale = Math.min((stage.width - 2 * margin) / width,
                    (stage.height - 2 * margin) / height);
                return [stage.left + (stage.width - width * scale) / 2 + (x + 0.5) * scale,
                    stage.top + (stage.height - height * scale) / 2 + (y + 0.5) * scale];
            }""",
            list(point),
        )
    )


def drag(page: Page, a: tuple[float, float], b: tuple[float, float]) -> None:
    page.mouse.move(*at(page, a))
    page.mouse.down()
    page.mouse.move(*at(page, b), steps=4)
    page.mouse.up()


def prepare(page: Page) -> None:
    """Segments, names and tracks: what all later states show."""
    show(page, HEART)
    for number, (a, b, name) in enumerate(CHAMBERS):
        drag(page, a, b)
        wait(page, f"doc.objects.length === {number + 1} && doc.frames[0]?.masks.length === {number + 1}")
        page.locator("input.name").nth(number).fill(name)
        page.keyboard.press("Enter")
        page.locator("#stage").focus()
        page.keyboard.press("t")
        page.wait_for_function("() => !tracker.isTracking()", timeout=WAIT_MS)
        wait(page, "doc.frames.length > 1 && app.saving === 'saved'")
        page.locator("#frame-slider").fill("0")
    for name, box, done in ((STILL, ((130, 75), (330, 215)), False), (OTHER, ((60, 60), (260, 220)), True)):
        show(page, name)
        drag(page, *box)
        wait(page, "doc.frames.length === 1")
        page.locator("input.name").fill("lesion")
        page.keyboard.press("Enter")
        wait(page, "doc.objects[0].name === 'lesion' && app.saving === 'saved'")
        if done:
            page.locator("#accept").click()
            wait(page, f"app.file.name !== {json.dumps(name)} && app.saving === 'saved'")


def _start(page: Page) -> None:
    show(page, EMPTY)  # where something is segmented, the hint has gone
    page.evaluate("() => { localStorage.removeItem('uniultra-hint'); seen.changed(); }")


def _mask(page: Page) -> None:
    page.locator("#hint-close").click()
    show(page, STILL)


def _alternatives(page: Page) -> None:
    show(page, "s451_1.jpg")
    page.locator("#stage").focus()
    x, y = page.evaluate("() => [seen.app.file.width / 2, seen.app.file.height * 0.45]")
    page.mouse.click(*at(page, (x, y)))
    wait(page, "doc.frames.length === 1")
    page.keyboard.press("a")
    wait(page, "app.notice && /2/.test(app.notice)")


def _cine(page: Page) -> None:
    show(page, HEART)
    page.locator("#stage").focus()
    page.keyboard.press("1")


def _lost(page: Page) -> None:
    page.locator("#frame-slider").fill("32")


def _heart_measures(page: Page) -> None:
    page.locator("#frame-slider").fill("0")
    wait(page, "app.frame === 0")
    page.locator("#ejection").click()
    page.locator("#ejection-table").scroll_into_view_if_needed()


def _contour(page: Page) -> None:
    page.locator("#frame-slider").fill("1")
    page.locator("#stage").focus()
    page.keyboard.press("c")


def _export(page: Page) -> None:
    page.keyboard.press("s")
    page.locator("#export").click()


def _exported(page: Page) -> None:
    stem = HEART.removesuffix(".dcm")
    files = [
        f"{stem}.frames.{end}" for end in ("masks.tif", "csv", "json", "seg.dcm", "sc.dcm", "overlay.mp4")
    ]
    answer = json.dumps({"folder": "uniultra-project/export", "files": files, "notes": []})
    page.route("**/export", lambda route: route.fulfill(body=answer, content_type="application/json"))
    page.locator("#export-now").click()
    page.locator("#export-result li").first.wait_for()
    page.unroute("**/export")


def _help(page: Page) -> None:
    page.keyboard.press("Escape")
    page.locator("#help").click()


def _readers(page: Page) -> None:
    page.keyboard.press("Escape")
    page.locator("#readers").click()


def _scale(page: Page) -> None:
    page.keyboard.press("Escape")
    show(page, STILL)
    page.locator("#stage").focus()
    page.keyboard.press("m")
    drag(page, (120, 240), (300, 240))
    wait(page, "doc.calipers.length >= 1")
    page.keyboard.press("s")
    page.locator("#set-scale").click()


LESSON = {
    "kind": "lesion", "images": ["a", "b", "c", "d", "e"], "left_out": ["e"], "step": 120, "steps": 120,
    "gained": {"box": [0.86, 0.91], "click": [0.74, 0.85]}, "problem": "", "name": "",
}  # fmt: skip
"""What the server says of a lesson: the page's picture of it, not a measured gain."""


def _learn(page: Page) -> None:
    page.keyboard.press("Escape")
    lessons = [
        LESSON | {"id": "lesion-1", "status": "ready"},
        LESSON | {"id": "cyst-1", "kind": "cyst", "status": "running", "step": 47},
    ]
    answer = {"unavailable": "", "least": 5, "lessons": lessons, "using": "", "model": "uniultra-mini"}
    page.route("**/learning", lambda route: route.fulfill(json=answer))
    page.evaluate("async () => { (await import('/static/learn.mjs')).lookUpLessons(); }")
    page.locator('[data-lesson="lesion-1"]').scroll_into_view_if_needed()


def _offline(page: Page) -> None:
    page.route("**/v1/**", lambda route: route.abort())
    page.locator("#stage").focus()
    page.keyboard.press("n")
    wait(page, "app.saving === 'offline'")


STATES: dict[str, State] = {
    "start": _start,
    "mask": _mask,
    "alternatives": _alternatives,
    "cine": _cine,
    "lost": _lost,
    "ejection": _heart_measures,
    "contour": _contour,
    "export": _export,
    "exported": _exported,
    "help": _help,
    "readers": _readers,
    "scale": _scale,
    "learn": _learn,
    "offline": _offline,
}
"""In this order, each reached from the one before; "start" is also looked at before anything is segmented."""


def keep_project(page: Page) -> None:
    """Leaves the project as it is: what a tab would save is answered as if it had been."""

    def answer(route: Route) -> None:
        if route.request.method == "PUT":
            route.fulfill(json={"revision": json.loads(route.request.post_data or "{}")["revision"]})
        else:
            route.continue_()

    page.route("**/v1/workspace/items/*", answer)


def facts(page: Page) -> dict[str, Any]:
    """What is too small for a finger, and what is cut off."""
    return page.evaluate(
        """() => {
            const seen = (one) => one.checkVisibility({ visibilityProperty: true })
                && one.getClientRects().length;
            const named = (one) => one.id || one.getAttribute("aria-label")
                || one.textContent.trim().slice(0, 40);
            const small = [...document.querySelectorAll("button, input, select, a[href]")].filter(seen)
                .map((one) => [named(one), (one.closest("label") ?? one).getBoundingClientRect()])
                .filter(([, box]) => box.width < 43.5 || box.height < 43.5)
                .map(([name, box]) => `${name} ${Math.round(box.width)}x${Math.round(box.height)}`);
            const cut = [...document.querySelectorAll("body *")]
                .filter((one) => seen(one) && one.textContent.trim() && !one.children.length
                    && one.scrollWidth > one.clientWidth + 1 && getComputedStyle(one).overflowX !== "visible")
                .map(named);
            return { small, cut };
        }"""
    )
