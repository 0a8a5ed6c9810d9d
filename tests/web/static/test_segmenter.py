"""The page's own segmenter, with stand-ins for its two graphs: a region of one even grey has no quality."""

from __future__ import annotations

import json
import shutil
import subprocess

import pytest

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
