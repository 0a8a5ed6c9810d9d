"""The page's own segmenter: a region of one even grey has no quality, and a click may mean several things."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from browsers import Visit
from phantoms import ellipse, speckled
from uniultra.io.coco import mask_of
from uniultra.segmenter import Segmenter
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
