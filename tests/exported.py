"""What a page without a server exports: a document of three structures, and the files that come of it."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from browsers import Visit
from phantoms import ellipse
from uniultra.io.coco import compressed, run_lengths

HW = (100, 140)
NAMES = ("left kidney", "=cmd()", "cyst")
COLOURS = ((76, 201, 240), (255, 183, 3), (247, 37, 133))
KIDNEY, OTHER = ellipse(HW, (60, 50), (40, 25)), ellipse(HW, (96, 60), (20, 15))
RING = ellipse(HW, (40, 40), (14, 14)) & ~ellipse(HW, (40, 40), (6, 6))
MASKS = {0: (KIDNEY, OTHER, None), 2: (ellipse(HW, (64, 50), (34, 20)), None, RING)}
SPACING = (0.5, 0.4)
KINDS = ["seg", "csv", "nifti", "nrrd", "itksnap", "coco", "yolo"]


def document(frames: dict[int, tuple[np.ndarray | None, ...]]) -> dict[str, Any]:
    """What a person made of a file."""
    objects = [
        {
            "id": number + 3,
            "name": name,
            "colour": "#{:02x}{:02x}{:02x}".format(*colour),
            "hidden": False,
            "lost": [1] * (number == 0 and len(frames) > 1),
        }
        for number, (name, colour) in enumerate(zip(NAMES, COLOURS, strict=True))
    ]
    made = []
    for number, masks in frames.items():
        listed = [
            {
                "object": place + 3,
                "counts": compressed(run_lengths(mask)),
                "quality": None if place == 2 else 0.9,
                "box": None,
                "points": [],
                "labels": [],
                "source": "prompt",
            }
            for place, mask in enumerate(masks)
            if mask is not None
        ]
        made.append({"number": number, "masks": listed})
    return {"objects": objects, "frames": made, "calipers": [], "spacing_mm_yx": None, "done": False}


def exported(tab: Visit, path: Path, doc: dict[str, Any]) -> dict[str, bytes]:
    """Opens a file, takes a document for it, and exports all that can be."""
    page = tab.page
    page.locator("#file-input").set_input_files(path)
    tab.wait(f"app.file.name === {json.dumps(path.name)} && !app.opening")
    page.evaluate("(doc) => seen.commit(doc)", doc)
    tab.wait("app.saving === 'saved' && doc.frames.length + doc.calipers.length > 0")
    page.locator("#export").click()
    for box in page.locator("#export-dialog input:enabled").all():
        box.check()
    with page.expect_download() as waited:
        page.locator("#export-now").click()
    page.locator("#export-result .good").wait_for()
    page.keyboard.press("Escape")
    assert waited.value.suggested_filename == f"{path.stem}.uniultra.zip"
    with zipfile.ZipFile(waited.value.path()) as packed:
        assert packed.testzip() is None
        return {name: packed.read(name) for name in packed.namelist()}


def saved(data: bytes, path: Path) -> Path:
    path.write_bytes(data)
    return path


def polygon(corners: np.ndarray) -> np.ndarray:
    """The pixels whose centres lie within, by an odd number of crossings to their right."""
    y, x = np.mgrid[: HW[0], : HW[1]]
    inside = np.zeros(HW, bool)
    for (ax, ay), (bx, by) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        crossed = (ay > y) != (by > y)
        if ay != by:
            inside ^= crossed & (x < ax + (y - ay) / (by - ay) * (bx - ax))
    return inside
