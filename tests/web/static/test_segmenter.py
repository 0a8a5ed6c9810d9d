"""The page's own segmenter: a region of one even grey has no quality, and a click may mean several things."""

from __future__ import annotations

import json
import shutil
import subprocess
from contextlib import suppress
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from at_once import without_turns
from browsers import Visit
from phantoms import ellipse, speckled
from uniultra.box_fit import CORNER_LABELS
from uniultra.errors import PromptError
from uniultra.evaluation.metrics import dice
from uniultra.io.coco import mask_of
from uniultra.named import NAME_POINTS, known_name, labels_of_name, name_labels
from uniultra.segmenter import Segmenter
from uniultra.structures import legal_name
from uniultra.types import Frame, Prompt
from uniultra.web.workspace.static_files import STATIC

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
SCRIPT = f"""
import {{ Segmenter }} from "{(STATIC / "core/segmenter.mjs").as_uri()}";
const ort = {{ Tensor: class {{ constructor(type, data) {{ Object.assign(this, {{ type, data }}); }} }} }};
const encoder = {{ run: async () => ({{}}) }};
const logits = {{ data: new Float32Array(256).fill(1) }};
const answer = {{ low_res_masks: logits, iou_predictions: {{ data: [0.6] }} }};
const passes = {{ crop_scale: 1.5, close_view: 0.5, click_crops: 2, min_part: 0.1 }};
const facts = {{ input_size: 64, focus_stretch: 2, passes }};
const segmenter = new Segmenter(ort, encoder, {{ run: async () => answer }}, facts);
const even = {{ width: 90, height: 70, pixels: new Uint8Array(90 * 70).fill(128) }};
const half = {{ ...even, pixels: even.pixels.map((grey, i) => (i % 90 < 60 ? grey : i % 200)) }};
const box = (x0, y0, x1, y1) => ({{ box: {{ x0, y0, x1, y1 }} }});
const click = {{ points: [[20, 35]] }};
const found = [
    await segmenter.segment(even, box(10, 10, 60, 60)), await segmenter.segment(even, click),
    await segmenter.segment(half, box(5, 5, 25, 25)), await segmenter.segment(half, box(40, 5, 85, 60)),
    await segmenter.underPointer(even, click), await segmenter.underPointer(half, click),
];
console.log(JSON.stringify(found.map(({{ quality, even }}) => [quality, even])));
"""


def test_an_even_grey_has_no_quality() -> None:
    command = ["node", "--input-type=module", "-e", SCRIPT]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    found = [(round(quality, 4), even) for quality, even in json.loads(done.stdout)]
    assert found == [(0, True), (0, True), (0, True), (0.6, False), (0, True), (0.6, False)]


FITS = f"""
import {{ Segmenter }} from "{(STATIC / "core/segmenter.mjs").as_uri()}";
const ort = {{ Tensor: class {{ constructor(type, data) {{ Object.assign(this, {{ type, data }}); }} }} }};
const asked = [], logits = {{ data: new Float32Array(256).fill(1) }};
const decoder = {{
  run: async ({{ point_labels: labels }}) => {{
    asked.push([...labels.data].map(Number));
    return {{ low_res_masks: logits, iou_predictions: {{ data: [0.6] }} }};
  }},
}};
const passes = {{ crop_scale: 1.5, close_view: 0.5, click_crops: 2, min_part: 0.1 }};
const image = {{ width: 90, height: 70, pixels: new Uint8Array(90 * 70).map((_, i) => i % 200) }};
const box = {{ x0: 10, y0: 10, x1: 60, y1: 60 }}, points = [[30, 30]];
for (const box_fits of [true, false]) {{
  const facts = {{ input_size: 64, focus_stretch: 2, passes, box_fits }};
  const segmenter = new Segmenter(ort, {{ run: async () => ({{}}) }}, decoder, facts);
  for (const fit of ["", "tight", "loose"]) await segmenter.segment(image, {{ box, fit, points }});
  await segmenter.segment(image, {{ box }});
  for (const wrong of [{{ box, fit: "snug" }}, {{ points, fit: "tight" }}])
    await segmenter.segment(image, wrong).catch((error) => asked.push(error.message));
}}
console.log(JSON.stringify(asked));
"""


def test_what_is_said_of_a_box_has_the_labels_of_python() -> None:
    done = subprocess.run(
        ["node", "--input-type=module", "-e", FITS], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    unknown = "box fit 'snug' is unknown; give tight or loose, or leave it out"
    alone = "box fit 'tight' without a box; give the box, or leave it out"
    told = [[1, *CORNER_LABELS[fit]] for fit in ("", "tight", "loose")]
    plain = [1, *CORNER_LABELS[""]]
    refused = [[2, 3], unknown, alone]
    assert json.loads(done.stdout) == [*told, *refused, plain, plain, plain, *refused]


NAMES = f"""
import {{ Segmenter }} from "{(STATIC / "core/segmenter.mjs").as_uri()}";
import {{ knownName }} from "{(STATIC / "core/named.mjs").as_uri()}";
const ort = {{ Tensor: class {{ constructor(type, data) {{ Object.assign(this, {{ type, data }}); }} }} }};
const asked = [], logits = {{ data: new Float32Array(256).fill(1) }};
const decoder = {{
  run: async ({{ point_labels: labels, point_coords: points }}) => {{
    asked.push([[...labels.data].map(Number), [...points.data].slice(-8)]);
    return {{ low_res_masks: logits, iou_predictions: {{ data: [0.6] }} }};
  }},
}};
const passes = {{ crop_scale: 1.5, close_view: 0.5, click_crops: 2, min_part: 0.1 }};
const image = {{ width: 90, height: 70, pixels: new Uint8Array(90 * 70).map((_, i) => i % 200) }};
const box = {{ x0: 10, y0: 10, x1: 60, y1: 60 }}, points = [[30, 30]];
const structures = ["left ventricle", "ovary", "LV_wall"];
const facts = {{ input_size: 64, passes, structures }};
const segmenter = new Segmenter(ort, {{ run: async () => ({{}}) }}, decoder, facts);
const said = JSON.parse(process.argv[1]);
for (const name of said) await segmenter.segment(image, {{ box, points, name }});
await segmenter.underPointer(image, {{ points, name: "ovary" }});
await segmenter.alternatives(image, {{ points, name: "ovary" }});
console.log(JSON.stringify([said.map((name) => knownName(name, structures)), asked]));
"""


def test_names_have_the_labels_of_python() -> None:
    said = [
        "",
        "left ventricle",
        " LEFT_Ovary ",
        "ventricle",
        "right ventricle",
        "Right  ovary",
        "left",
        "lv WALL",
    ]
    done = subprocess.run(
        ["node", "--input-type=module", "-e", NAMES, "--", json.dumps(said)],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    structures = ("left ventricle", "ovary", "LV_wall")
    known, asked = json.loads(done.stdout)
    assert known == [known_name(name, structures) for name in said]
    for name, (labels, points) in zip(said, asked, strict=False):
        told = labels_of_name(name, structures)
        assert labels == [1, 2, 3, *told]
        assert not told or points == [0] * 8
    pointed = asked[len(said) :]
    assert len(pointed) > 4
    assert all(labels[-NAME_POINTS:] == [*name_labels(1)] for labels, _ in pointed)


@pytest.mark.browser
def test_another_name_asks_again_where_the_model_knows_it(alone: Visit, tmp_path: Path) -> None:
    frame = speckled(ellipse((240, 320), (170, 110), (60, 40)), seed=3)
    Image.fromarray(frame.pixels_hw).save(tmp_path / "names.png")
    page = alone.page
    page.locator("#file-input").set_input_files(tmp_path / "names.png")
    alone.wait("app.file.name === 'names.png' && !app.opening")
    alone.drag((60, 30), (280, 190))
    alone.wait("doc.frames.length === 1 && !app.busy")
    masks = [alone.state()["doc"]["frames"][0]["masks"][0]]
    for name in ("Left ventricular myocardium", "left atrium", "cyst"):
        page.locator("input.name").first.fill(name)
        page.locator("input.name").first.blur()
        counts = masks[-1]["counts"]
        alone.wait(
            f"doc.objects[0].name === {json.dumps(name)} && doc.frames[0].masks[0].counts !== '{counts}'"
        )
        masks.append(alone.state()["doc"]["frames"][0]["masks"][0])
    box = tuple(masks[0]["box"])
    for mask, name in zip(masks, ("", "left ventricular myocardium", "left atrium", ""), strict=True):
        [ours] = Segmenter.load(threads=1).segment(
            frame, [Prompt(box, name=name, box_fit=mask.get("box_fit") or "")]
        )
        found = mask_of(mask["counts"], (240, 320))
        assert 2 * (found & ours.mask_hw).sum() / (found.sum() + ours.mask_hw.sum()) > 0.99
    assert masks[0]["counts"] == masks[-1]["counts"]
    offered = page.evaluate("[...document.querySelectorAll('#known-names option')].map((one) => one.value)")
    assert offered == list(Segmenter.load(threads=1).facts.structures)
    page.keyboard.press("Control+z")
    alone.wait(f"doc.frames[0].masks[0].counts === '{masks[2]['counts']}'")
    assert alone.state()["doc"]["objects"][0]["name"] == "left atrium"


@pytest.mark.browser
def test_what_is_said_of_a_box_changes_the_mask_and_holds_for_the_next(alone: Visit, tmp_path: Path) -> None:
    frame = speckled(ellipse((240, 320), (170, 110), (60, 40)))
    Image.fromarray(frame.pixels_hw).save(tmp_path / "fits.png")
    page = alone.page
    page.locator("#file-input").set_input_files(tmp_path / "fits.png")
    alone.wait("app.file.name === 'fits.png' && !app.opening")
    alone.drag((90, 55), (250, 165))
    alone.wait("doc.frames.length === 1 && !app.busy")
    masks = [alone.state()["doc"]["frames"][0]["masks"][0]]
    assert masks[0].get("box_fit") is None
    for key in (None, "d"):
        if key is None:
            page.get_by_role("button", name="tight").click()
        else:
            page.evaluate("document.activeElement.blur()")
            page.keyboard.press(key)
        alone.wait(f"doc.frames[0].masks[0].box_fit === '{'loose' if key else 'tight'}' && !app.busy")
        masks.append(alone.state()["doc"]["frames"][0]["masks"][0])
    assert len({mask["counts"] for mask in masks}) == 3
    box = tuple(masks[0]["box"])
    for mask, fit in zip(masks, ("", "tight", "loose"), strict=True):
        [ours] = Segmenter.load(threads=1).segment(frame, [Prompt(box, box_fit=fit)])
        found = mask_of(mask["counts"], (240, 320))
        assert 2 * (found & ours.mask_hw).sum() / (found.sum() + ours.mask_hw.sum()) > 0.99
    page.mouse.click(*alone.at(60, 190), button="right")
    alone.wait("doc.frames[0].masks[0].points.length === 1 && !app.busy")
    assert alone.state()["doc"]["frames"][0]["masks"][0]["box_fit"] == "loose", "a correction keeps it"
    page.keyboard.press("n")
    alone.drag((20, 20), (80, 60))
    alone.wait("doc.frames[0].masks.length === 2 && !app.busy")
    assert alone.state()["doc"]["frames"][0]["masks"][1]["box_fit"] == "loose"
    for _ in range(2):
        page.keyboard.press("Control+z")
    alone.wait("doc.frames[0].masks.length === 1 && !app.busy")
    page.keyboard.press("1")
    page.keyboard.press("d")
    alone.wait("(doc.frames[0].masks[0].box_fit ?? null) === null && !app.busy")
    assert page.get_by_role("button", name="as drawn").get_attribute("aria-pressed") == "true"


@pytest.mark.browser
def test_a_further_click_goes_on_from_the_last_mask(alone: Visit, tmp_path: Path) -> None:
    """As with the server, and not from all clicks anew."""
    frame = speckled(ellipse((240, 320), (170, 110), (60, 40)))
    Image.fromarray(frame.pixels_hw).save(tmp_path / "further.png")
    page, segmenter = alone.page, Segmenter.load(threads=1)
    all_at_once = without_turns(segmenter)
    page.locator("#file-input").set_input_files(tmp_path / "further.png")
    alone.wait("app.file.name === 'further.png' && !app.opening")
    masks = []
    for number, (place, button) in enumerate(
        (((170, 110), "left"), ((235, 118), "left"), ((30, 30), "right"))
    ):
        page.mouse.click(*alone.at(*place), button=button)
        alone.wait(f"doc.frames[0]?.masks[0].points.length === {number + 1} && !app.busy")
        masks.append(alone.state()["doc"]["frames"][0]["masks"][0])
    for before, after in pairwise(masks):
        points = tuple(map(tuple, after["points"]))
        prompt = Prompt(points_xy=points, point_labels=tuple(after["labels"]))
        last = replace(prompt, mask_hw=mask_of(before["counts"], (240, 320)))
        [going_on], [anew] = segmenter.segment(frame, [last]), all_at_once.segment(frame, [prompt])
        found = mask_of(after["counts"], (240, 320))
        assert dice(found, going_on.mask_hw) > 0.99
        assert after["quality"] == pytest.approx(going_on.quality, abs=2e-3)
        assert abs(going_on.quality - anew.quality) > 0.004, "both ways are alike; click elsewhere"


@pytest.mark.browser
def test_a_click_outside_corrects_a_mask_that_was_drawn(alone: Visit, tmp_path: Path) -> None:
    """It has neither a box nor a click inside: the model is pointed into the mask's depth, as in Python."""
    frame = speckled(ellipse((240, 320), (170, 110), (60, 40)))
    Image.fromarray(frame.pixels_hw).save(tmp_path / "drawn.png")
    page = alone.page
    page.locator("#file-input").set_input_files(tmp_path / "drawn.png")
    alone.wait("app.file.name === 'drawn.png' && !app.opening")
    page.keyboard.press("b")
    alone.drag((130, 110), (230, 110))
    alone.wait("doc.frames.length === 1 && !app.busy")
    before = mask_of(alone.state()["doc"]["frames"][0]["masks"][0]["counts"], (240, 320))
    page.keyboard.press("s")
    page.mouse.click(*alone.at(250, 110), button="right")
    alone.wait("doc.frames[0].masks[0].points.length === 1 && !app.busy")
    after = alone.state()["doc"]["frames"][0]["masks"][0]
    prompt = Prompt(points_xy=(tuple(after["points"][0]),), point_labels=(0,), mask_hw=before)
    [ours] = Segmenter.load(threads=1).segment(frame, [prompt])
    assert dice(mask_of(after["counts"], (240, 320)), ours.mask_hw) > 0.99
    assert after["quality"] == pytest.approx(ours.quality, abs=2e-3)


@pytest.mark.browser
def test_a_click_has_pythons_other_answers(alone: Visit, tmp_path: Path) -> None:
    """A circle within another: a click means the inner one or both; A shows the next, undo the last one."""
    hw = (240, 320)
    outer, inner = ellipse(hw, (160, 120), (100, 80)), ellipse(hw, (185, 130), (28, 24))
    frame = speckled(outer)
    pixels = np.where(inner, np.clip(frame.pixels_hw.astype(int) * 3 + 90, 0, 255), frame.pixels_hw)
    Image.fromarray(pixels.astype(np.uint8)).save(tmp_path / "within.png")
    page, at = alone.page, (185.0, 130.0)
    page.locator("#file-input").set_input_files(tmp_path / "within.png")
    alone.wait("app.file.name === 'within.png' && !app.opening")
    page.mouse.click(*alone.at(*at))
    alone.wait("doc.frames.length === 1 && app.saving === 'saved'")
    clicked = alone.state()["doc"]["frames"][0]["masks"][0]
    prompt = Prompt(points_xy=(tuple(clicked["points"][0]),), point_labels=(1,))
    ours = Segmenter.load(threads=1).alternatives(Frame.from_array(pixels.astype(np.uint8)), prompt)
    assert len(ours) > 1, "this click is clear; draw another"
    seen = [clicked["counts"]]
    for number in range(2, len(ours) + 1):
        page.keyboard.press("a")
        page.locator("#notice", has_text=f"Answer {number} of {len(ours)}").wait_for()
        seen.append(alone.state()["doc"]["frames"][0]["masks"][0]["counts"])
    for counts, mask in zip(seen, ours, strict=True):
        found = mask_of(counts, hw)
        assert 2 * (found & mask.mask_hw).sum() / (found.sum() + mask.mask_hw.sum()) > 0.97
    page.keyboard.press("Control+z")
    alone.wait(f"doc.frames[0].masks[0].counts === {json.dumps(seen[-2])}")
    page.keyboard.press("n")
    alone.drag((40, 30), (280, 210))
    alone.wait("doc.frames[0].masks.length === 2")
    page.keyboard.press("a")
    page.locator("#notice", has_text="no other answer").wait_for()


LEGAL = f"""
import {{ isLegalName }} from "{(STATIC / "core/named.mjs").as_uri()}";
console.log(JSON.stringify(JSON.parse(process.argv[1]).map(isLegalName)));
"""


def test_names_are_legal_where_pythons_are() -> None:
    said = [
        "thyroid",
        " a_b ",
        "",
        "  ",
        "a\x07b",
        "a\tb",
        "a\\b",
        "a\u00a0b",
        "a\u2028b",
        "a\u202eb",
        "Gefäß",
        "心臓",
    ]
    said += ["x" * 64, "x" * 65, "\U0001fac0" * 64, " " + "x" * 64, "\x07"]

    def legal(name: str) -> bool:
        with suppress(PromptError):
            return bool(legal_name(name))
        return False

    done = subprocess.run(
        ["node", "--input-type=module", "-e", LEGAL, json.dumps(said)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [legal(name) for name in said]
