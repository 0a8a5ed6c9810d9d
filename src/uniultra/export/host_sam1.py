"""A model's two graphs in SAM 1's shape, as cornerstone3D (OHIF) feeds them.

The "embedding" is the picture itself, and the decoder looks where the prompt points, in one pass with a box
and in several with clicks, as `Segmenter.segment` does (without its closer first view). The graphs themselves
are within, as they were exported.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from onnx import TensorProto, helper

from uniultra.backends.onnx import DECODER, ENCODER
from uniultra.export.decoder_hints import Hints
from uniultra.export.graph_builder import (
    LABELS,
    LUMA,
    MASKS,
    POINTS,
    QUALITY,
    GraphBuilder,
    Pair,
    as_pixels,
    axes,
    floats,
    shape_of,
)
from uniultra.model_facts import ModelFacts
from uniultra.types import NEGATIVE, POSITIVE

CANVAS = 1024
"""Side of the picture that cornerstone3D encodes, in pixels."""
CUT = 64.5 / 255
"""cornerstone3D multiplies masks by 255, rounds and keeps what is over 64, where SAM keeps what is over 0."""
OUTSIDE = -20.0
"""Logit where no view reaches."""
FIRST_CORNER, LAST_CORNER = 2.0, 3.0


def ohif(pair: Pair, facts: ModelFacts, hints: Hints) -> Pair:
    """SAM 1's shape: the picture is the embedding, and the decoder answers with a mask of its size. How boxes
    fit is said of the user's, not of those around what is found at clicks.
    """
    build = GraphBuilder()
    mix = np.array([255 * share for share in LUMA], np.float32).reshape(1, 3, 1, 1)
    build("Conv", "input_image", mix, named="image_embeddings")
    picture = floats("image_embeddings", 1, 1, CANVAS, CANVAS)
    encoder = build.model(facts.name, [floats("input_image", 1, 3, CANVAS, CANVAS)], [picture])

    build = GraphBuilder()
    outputs = [floats(MASKS, 1, 1, CANVAS, CANVAS), floats(QUALITY, 1, 1)]
    ways = {}
    for name in ("box", "clicks"):
        inner = GraphBuilder(f"{name}/", build)
        decoder = hints.decoder(pair[DECODER], has_own_box=name == "box")
        view = View(inner, pair | {DECODER: decoder}, facts)
        logits, quality, seen = view.of_box() if name == "box" else view.of_clicks()
        view.paste(logits, seen, f"{name}/{MASKS}")
        one = np.array([1], np.int64)
        inner("Unsqueeze", quality, one, named=f"{name}/{QUALITY}")
        ends = [floats(f"{name}/{value.name}", *shape_of(value)) for value in outputs]
        ways[name] = inner.branch(name, ends)
    corners = build("Cast", build("Equal", LABELS, FIRST_CORNER), to=TensorProto.FLOAT)
    has_box = build("Cast", build("ReduceMax", corners, keepdims=0), to=TensorProto.BOOL)
    build.nodes.append(
        helper.make_node(
            "If", [has_box], [MASKS, QUALITY], then_branch=ways["box"], else_branch=ways["clicks"]
        )
    )
    inputs = [
        picture,
        floats(POINTS, 1, "points", 2),
        floats(LABELS, 1, "points"),
        floats("mask_input", 1, 1, CANVAS // 4, CANVAS // 4),  # these three say nothing: no mask, and the
        floats("has_mask_input", 1),  # canvas's own size
        floats("orig_im_size", 2),
    ]
    return {ENCODER: encoder, DECODER: build.model(facts.name, inputs, outputs)}


@dataclass(frozen=True)
class Seen:
    """A region of the canvas: its first corner and its size, as values (2,)."""

    low: str
    size: str


@dataclass(frozen=True)
class View:
    """Passes of a model on parts of the canvas, as nodes."""

    build: GraphBuilder
    pair: Pair
    facts: ModelFacts

    def of_box(self) -> tuple[str, str, Seen]:
        """One pass on a crop around a box, with the clicks beside it: logits (1, G, G), quality (1,), and
        what it saw. Of several boxes it is the one around them.
        """
        b = self.build
        corner = b("GreaterOrEqual", LABELS, FIRST_CORNER)
        places = b("Compress", POINTS, b("Squeeze", corner, axes(0)), axis=1)
        low, high = (b(kind, places, axes(0, 1), keepdims=0) for kind in ("ReduceMin", "ReduceMax"))
        is_click = b("Squeeze", b("Not", corner), axes(0))
        points, labels = (b("Compress", value, is_click, axis=1) for value in (POINTS, LABELS))
        seen = self._around(low, high)
        return *self._pass(self._crop(seen), seen, *self._with_box(points, labels, low, high)), seen

    def of_clicks(self) -> tuple[str, str, Seen]:
        """A pass on the whole canvas, and others on crops around what was found under the clicks."""
        b = self.build
        seen = Seen(b.constant([-0.5, -0.5]), b.constant([CANVAS, CANVAS]))
        step = CANVAS // self.facts.input_size
        whole = b("AveragePool", "image_embeddings", kernel_shape=[step, step], strides=[step, step])
        logits, quality = self._pass(as_pixels(b, whole), seen, POINTS, LABELS)
        qualities = [quality]
        for _ in range(self.facts.passes.click_crops):
            low, high = self._found(logits, seen)
            seen = self._around(low, high)
            prompt = self._with_box(POINTS, LABELS, low, high)
            logits, quality = self._pass(self._crop(seen), seen, *prompt)
            qualities.append(quality)
        logs = b("ReduceMean", b("Log", b("Concat", *qualities, axis=0)), axes(0))
        return logits, b("Exp", logs), seen

    def paste(self, logits: str, seen: Seen, named: str) -> str:
        """Logits of what was seen on the whole canvas, as cornerstone3D cuts them; OUTSIDE beyond it."""
        b, grid = self.build, self._grid
        places = np.arange(CANVAS, dtype=np.float32)[:, None]
        cells = b("Sub", b("Div", b("Mul", b("Sub", places, seen.low), float(grid)), seen.size), 0.5)
        sides, shares = [], []
        for axis in (0, 1):
            cell = b("Gather", cells, np.array([axis], np.int64), axis=1)  # (CANVAS, 1)
            within = b("And", b("GreaterOrEqual", cell, -0.5), b("LessOrEqual", cell, grid - 0.5))
            sides.append(within)
            clipped = b("Clip", cell, np.float32(0) * np.ones((), np.float32), np.array(grid - 1, np.float32))
            away = b("Abs", b("Sub", clipped, np.arange(grid, dtype=np.float32)[None]))
            shares.append(b("Relu", b("Sub", 1.0, away)))  # (CANVAS, G)
        spread = b("MatMul", b("MatMul", shares[1], logits), b("Transpose", shares[0], perm=[1, 0]))
        inside = b("And", sides[1], b("Transpose", sides[0], perm=[1, 0]))
        kept = b("Where", inside, b("Add", spread, CUT), OUTSIDE)
        return b("Unsqueeze", kept, axes(0), named=named)

    @property
    def _grid(self) -> int:
        return self.facts.input_size // 4

    def _with_box(self, points: str, labels: str, low: str, high: str) -> tuple[str, str]:
        """Clicks and a box by its corners, as a prompt."""
        b = self.build
        corners = [b("Reshape", end, np.array([1, 1, 2])) for end in (low, high)]
        kinds = np.array([[FIRST_CORNER, LAST_CORNER]], np.float32)
        return b("Concat", points, *corners, axis=1), b("Concat", labels, kinds, axis=1)

    def _marks(self, kind: float) -> str:
        """1 for points of a kind, else 0: (1, N, 1)."""
        b = self.build
        return b("Unsqueeze", b("Cast", b("Equal", LABELS, kind), to=TensorProto.FLOAT), axes(2))

    def _around(self, low: str, high: str) -> Seen:
        """As `geometry.region_around`."""
        b, scale = self.build, self.facts.passes.crop_scale
        sides = b("Sub", high, low)
        other = b("Gather", sides, np.array([1, 0], np.int64))
        longest = b("Max", sides, b("Div", other, self.facts.focus_stretch))
        size = b("Max", b("Mul", longest, scale), 16.0)
        centre = b("Mul", b("Add", low, high), 0.5)
        return Seen(b("Sub", centre, b("Mul", size, 0.5)), size)

    def _crop(self, seen: Seen) -> str:
        """What is seen as (1, S, S) uint8: each pixel is the mean of four places; black outside the
        canvas.
        """
        b, fine = self.build, 2 * self.facts.input_size
        steps = ((np.arange(fine, dtype=np.float32) + 0.5) / fine)[:, None]
        places = b("Add", seen.low, b("Mul", steps, seen.size))
        at = b("Sub", b("Div", b("Add", places, 0.5), CANVAS / 2), 1.0)
        across = b("Reshape", b("Gather", at, np.array([0]), axis=1), np.array([1, 1, fine, 1]))
        down = b("Reshape", b("Gather", at, np.array([1]), axis=1), np.array([1, fine, 1, 1]))
        shape = np.array([1, fine, fine, 1])
        grid = b("Concat", b("Expand", across, shape), b("Expand", down, shape), axis=3)
        sampled = b(
            "GridSample", "image_embeddings", grid, mode="bilinear", padding_mode="zeros", align_corners=0
        )
        return as_pixels(b, b("AveragePool", sampled, kernel_shape=[2, 2], strides=[2, 2]))

    def _pass(self, pixels: str, seen: Seen, points: str, labels: str) -> tuple[str, str]:
        b, grid = self.build, self._grid
        maps = b.include("encoder", self.pair[ENCODER].graph, {"images": pixels})
        share = b("Div", b("Sub", points, seen.low), seen.size)
        feeds = maps | {
            POINTS: b("Sub", b("Mul", share, float(self.facts.input_size)), 0.5),
            LABELS: b("Cast", labels, to=TensorProto.INT64),
            "mask_input": b.constant(np.zeros((1, 1, grid, grid), np.float32)),
            "has_mask_input": b.constant([0.0]),
        }
        found = b.include("decoder", self.pair[DECODER].graph, feeds)
        return found["low_res_masks"], found["iou_predictions"]

    def _found(self, logits: str, seen: Seen) -> tuple[str, str]:
        """The corners of what lies under the clicks, stretched to hold them, within the canvas; where there
        is nothing, a 24th of the canvas to each side of the clicks.
        """
        b, fine = self.build, 4 * self._grid
        kept = b("Resize", self._under_clicks(logits, seen), "", [1, 1, 4, 4], mode="nearest")
        smooth = b("Resize", b("Unsqueeze", logits, axes(1)), "", [1, 1, 4, 4], mode="linear")
        inside = b("And", b("Greater", smooth, 0.0), b("Greater", kept, 0.5))
        marked = b("Cast", inside, to=TensorProto.FLOAT)
        steps = np.arange(fine, dtype=np.float32)
        first, last = [], []
        for axis in (2, 3):  # along x the rows are reduced
            line = b("Greater", b("ReduceMax", marked, axes(0, 1, axis), keepdims=0), 0.5)
            first.append(b("ReduceMin", b("Where", line, steps, float(fine)), keepdims=1))
            last.append(b("ReduceMax", b("Where", line, steps + 1, 0.0), keepdims=1))
        cell = b("Div", seen.size, float(fine))
        ends = [b("Add", seen.low, b("Mul", b("Concat", *end, axis=0), cell)) for end in (first, last)]
        clicks = self._extent()
        something = b("Greater", b("ReduceMax", marked, keepdims=0), 0.5)
        low, high = (
            b("Where", something, end, b("Add", click, side))
            for end, click, side in zip(ends, clicks, (-CANVAS / 24, CANVAS / 24), strict=True)
        )
        low = b("Max", b("Min", low, b("Sub", clicks[0], 0.5)), -0.5)
        return low, b("Min", b("Max", high, b("Add", clicks[1], 0.5)), CANVAS - 0.5)

    def _under_clicks(self, logits: str, seen: Seen) -> str:
        """1 in the parts (1, 1, G, G) of a mask that hold a positive click, and in the cells around them; all
        of it where none does. A flood from the clicks' cells.
        """
        b, grid = self.build, self._grid
        inside = b("Unsqueeze", b("Cast", b("Greater", logits, 0.0), to=TensorProto.FLOAT), axes(1))
        share = b("Div", b("Sub", POINTS, seen.low), seen.size)
        cells = b("Floor", b("Mul", share, float(grid)))  # (1, N, 2)
        steps = np.arange(grid, dtype=np.float32)[None, None]
        hits = [
            b("Cast", b("Equal", b("Gather", cells, np.array([axis]), axis=2), steps), to=TensorProto.FLOAT)
            for axis in (0, 1)
        ]  # (1, N, G)
        rows = b("Transpose", b("Mul", hits[1], self._marks(POSITIVE)), perm=[0, 2, 1])
        seed = b("Mul", b("Unsqueeze", b("Min", b("MatMul", rows, hits[0]), 1.0), axes(1)), inside)
        near: dict[str, Any] = {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]}
        for _ in range(grid):
            seed = b("Mul", b("MaxPool", seed, **near), inside)
        any_hit = b("Greater", b("ReduceMax", seed, keepdims=0), 0.5)
        return b("MaxPool", b("Where", any_hit, seed, inside), **near)

    def _extent(self) -> tuple[str, str]:
        """What the positive clicks span; the negative ones' where there are no others."""
        b = self.build
        positive = self._marks(POSITIVE)
        positive = b(
            "Where", b("Greater", b("ReduceMax", positive, keepdims=0), 0.5), positive, self._marks(NEGATIVE)
        )
        away = b("Mul", b("Sub", 1.0, positive), 4.0 * CANVAS)
        low = b("ReduceMin", b("Add", POINTS, away), axes(0, 1), keepdims=0)
        return low, b("ReduceMax", b("Sub", POINTS, away), axes(0, 1), keepdims=0)
