"""A second reader on the page without a server: blind to the first, and compared as Python compares."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import expect

from browsers import Visit
from exported import HW, KIDNEY, OTHER, RING, SPACING, document
from phantoms import ellipse
from uniultra.measure.agreement import bland_altman, dice
from uniultra.measure.measured import measure_mask
from uniultra.pixel_scale import Scale
from uniultra.web.workspace.readers import COLUMNS

pytestmark = pytest.mark.browser
SECOND = ellipse(HW, (62, 50), (40, 25)), ellipse(HW, (64, 52), (32, 19))
FIRST = KIDNEY, ellipse(HW, (64, 50), (34, 20))


def named(mask: np.ndarray, name: str, **more: Any) -> dict[str, Any]:
    """A document of one structure, of that name."""
    doc = document({0: (mask, None, None)})
    [kidney] = [one for one in doc["objects"] if one["id"] == 3]
    return doc | {"objects": [kidney | {"name": name}]} | more


def take(tab: Visit, path: Path, doc: dict[str, Any]) -> None:
    tab.add(path)
    tab.page.evaluate("(doc) => seen.commit(doc)", doc)
    tab.wait("app.saving === 'saved' && doc.frames.length > 0")


def test_blind_and_then_compared(alone: Visit, scans: Path) -> None:
    page = alone.page
    take(alone, scans / "still.dcm", named(FIRST[0], "left kidney", done=True))
    take(alone, scans / "cine.dcm", named(FIRST[1], "Left kidney "))
    page.evaluate("() => { seen.app.selected = 3; seen.changed(); }")
    page.keyboard.press("m")
    page.locator("#first-plane").click()
    page.locator("#readers").click()
    page.locator("#reader-name").fill("Dr  B")
    page.locator("#reader-begin").click()
    alone.wait("app.file.name === 'cine.dcm' && !app.opening && doc.objects.length === 0")
    expect(page.locator("#reader")).to_have_text("Reader: Dr B")
    assert not any(one["done"] or one["objects"] for one in page.evaluate("seen.app.workspace.items"))
    page.keyboard.press("Control+z")
    assert alone.state()["doc"]["objects"] == []
    take(alone, scans / "cine.dcm", named(SECOND[1], "LEFT KIDNEY"))
    assert page.locator("#first-plane").count() == 1, "the first reader's plane is forgotten"
    take(alone, scans / "still.dcm", named(SECOND[0], "kidney", done=True))
    page.locator("#export").click()
    assert page.locator("#dataset-now").count() == 0
    page.keyboard.press("Escape")
    page.locator("#readers").click()
    page.locator("#first-reader").click()
    alone.wait("app.file.name === 'still.dcm' && !app.opening && doc.objects[0]?.name === 'left kidney'")
    page.locator("#readers").click()
    assert "1 accepted" in page.locator("#readers-dialog .reader").inner_text()
    with page.expect_download() as waited:
        page.locator("[data-reader='Dr B']").click()
    assert waited.value.suggested_filename == "agreement-Dr B.csv"
    told = page.locator("#agreement").inner_text()
    page.keyboard.press("Escape")
    with open(waited.value.path(), newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == COLUMNS
    assert [(row["file"], row["frame"], row["unit"]) for row in rows] == [
        ("still.dcm", "0", "mm"),
        ("cine.dcm", "0", "mm"),
    ]
    pairs = list(zip(FIRST, SECOND, strict=True))
    assert [float(row["dice"]) for row in rows] == pytest.approx([dice(*pair) for pair in pairs], abs=1e-4)
    pixel = SPACING[0] * SPACING[1]
    for row, pair in zip(rows, pairs, strict=True):
        for which, mask in zip(("first", "second"), pair, strict=True):
            assert float(row[f"area_{which}"]) == pytest.approx(mask.sum() * pixel, abs=1e-3)
            shape = measure_mask(mask, Scale(SPACING, "region 1")).shape
            assert shape is not None
            length = shape.long_diameter.length.value
            assert float(row[f"long_diameter_{which}"]) == pytest.approx(length, rel=0.02)
    area = bland_altman(*([mask.sum() * pixel for mask in masks] for masks in (FIRST, SECOND)))
    assert area is not None
    assert f"{abs(area.bias):.2f}" in told.replace("−", "-")
    assert f"{abs(area.low):.2f}" in told
    assert f"{abs(area.high):.2f}" in told
    assert "agreement-Dr B.csv" in told


def test_structures_are_matched_by_name_and_the_others_counted(alone: Visit) -> None:
    both = document({0: (KIDNEY, OTHER, None), 2: (RING, None, None)})
    other = document({0: (KIDNEY, OTHER, None), 1: (RING, None, None)})
    other["objects"][0]["name"], other["objects"][1]["name"] = "Left Kidney", "duct"
    found = alone.page.evaluate(
        "async ([a, b]) => (await import('/static/local/agreement.mjs')).matches(a, b)", [both, other]
    )
    assert [(pair["frame"], pair["label"]) for pair in found["pairs"]] == [(0, "left kidney")]
    assert found["alone"] == 2
