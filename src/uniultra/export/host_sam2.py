"""A model's two graphs in SAM 2's shape: as X-AnyLabeling feeds them, by place, and transformers.js, by name.

Both show the model RGB, normalised as ImageNet's. The graphs themselves are within, as they were exported.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from onnx import ModelProto, TensorProto, helper

from uniultra.backends.onnx import DECODER, ENCODER
from uniultra.export.decoder_hints import Hints
from uniultra.export.graph_builder import (
    LABELS,
    LUMA,
    MAPS,
    MASKS,
    POINTS,
    QUALITY,
    GraphBuilder,
    Pair,
    as_pixels,
    axes,
    floats,
    map_shapes,
)
from uniultra.model_facts import ModelFacts

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def x_anylabeling(pair: Pair, facts: ModelFacts, hints: Hints) -> Pair:
    """SAM 2's shape: RGB, normalised as ImageNet's, to three maps, which the decoder takes by place.

    Prompts count from the edge of the first pixel; labels are floats.
    """
    grid, shapes = facts.input_size // 4, map_shapes(pair)
    encoder = sam2_encoder(pair, facts, "input_image", (*MAPS[1:], MAPS[0]))

    build = GraphBuilder()
    count = build("Shape", LABELS, start=0, end=1)
    feeds = {name: name for name in (*MAPS, "mask_input")} | {
        POINTS: build("Sub", POINTS, 0.5),
        LABELS: build("Cast", LABELS, to=TensorProto.INT64),
        "has_mask_input": build("Expand", "has_mask_input", count),
    }
    found = build.include("decoder", hints.decoder(pair[DECODER]).graph, feeds)
    one = np.array([1], np.int64)
    build("Unsqueeze", found["low_res_masks"], one, named=MASKS)
    build("Unsqueeze", found["iou_predictions"], one, named=QUALITY)
    inputs = [
        *(floats(name, 1, *shapes[name]) for name in MAPS),
        floats(POINTS, "prompts", "points", 2),
        floats(LABELS, "prompts", "points"),
        floats("mask_input", "prompts", 1, grid, grid),
        floats("has_mask_input", 1),
    ]
    outputs = [floats(MASKS, "prompts", 1, grid, grid), floats(QUALITY, "prompts", 1)]
    return {ENCODER: encoder, DECODER: build.model(facts.name, inputs, outputs)}


def sam2_encoder(pair: Pair, facts: ModelFacts, image: str, maps: Sequence[str]) -> ModelProto:
    """RGB, normalised as ImageNet's, to the fine, the middle and the coarse map by these names."""
    side, build = facts.input_size, GraphBuilder()
    spread = [255 * std * share for std, share in zip(IMAGENET_STD, LUMA, strict=True)]
    offset = sum(255 * mean * share for mean, share in zip(IMAGENET_MEAN, LUMA, strict=True))
    grey = build("Conv", image, np.array(spread, np.float32).reshape(1, 3, 1, 1), [offset])
    found = build.include("encoder", pair[ENCODER].graph, {"images": as_pixels(build, grey)})
    shapes, order = map_shapes(pair), (*MAPS[1:], MAPS[0])
    for name, given in zip(order, maps, strict=True):
        build("Identity", found[name], named=given)
    outputs = [floats(given, 1, *shapes[name]) for name, given in zip(order, maps, strict=True)]
    return build.model(facts.name, [floats(image, 1, 3, side, side)], outputs)


def sam2_decoder(pair: Pair, facts: ModelFacts) -> ModelProto:
    """As transformers.js feeds SAM 2: points (1, P, N, 2) and labels (1, P, N), boxes (1, B, 4), of which one
    kind may be empty; with both, P and B are 1. Pixels count from the centre of the first.
    """
    grid, b = facts.input_size // 4, GraphBuilder()
    one, two = np.array([1], np.int64), np.array([2], np.int64)
    prompts, count = b("Shape", "input_labels", start=1, end=2), b("Shape", "input_labels", start=2, end=3)
    boxes = b("Shape", "input_boxes", start=1, end=2)
    corners = b("Div", b("Mul", boxes, two), prompts)  # of each prompt: 2, or none
    kinds = b("Slice", np.array([[2, 3]], np.int64), np.array([0], np.int64), corners, one)
    both = [b("Concat", prompts, number, two, axis=0) for number in (count, corners)]
    points = [
        b("Reshape", value, shape, allowzero=1)
        for value, shape in zip(("input_points", "input_boxes"), both, strict=True)
    ]
    labels = b("Squeeze", "input_labels", axes(0))
    spread = b("Expand", kinds, b("Concat", prompts, corners, axis=0))
    rows = b("Concat", prompts, np.array([1, grid, grid], np.int64), axis=0)
    feeds = {
        POINTS: b("Concat", *points, axis=1),
        LABELS: b("Concat", labels, spread, axis=1),
        "mask_input": b("Expand", np.zeros((1, 1, 1, 1), np.float32), rows),
        "has_mask_input": b("Expand", [0.0], prompts),
    } | {name: f"image_embeddings.{place}" for name, place in zip(MAPS, (2, 0, 1), strict=True)}
    found = b.include("decoder", pair[DECODER].graph, feeds)
    b("Unsqueeze", found["low_res_masks"], axes(0, 2), named="pred_masks")
    b("Unsqueeze", found["iou_predictions"], axes(0, 2), named="iou_scores")
    shapes = map_shapes(pair)
    whole = helper.make_tensor_value_info("input_labels", TensorProto.INT64, [1, "prompts", "points"])
    inputs = [
        floats("input_points", 1, "point_prompts", "points", 2),
        whole,
        floats("input_boxes", 1, "boxes", 4),
        *(floats(f"image_embeddings.{i}", 1, *shapes[name]) for i, name in enumerate((*MAPS[1:], MAPS[0]))),
    ]
    outputs = [floats("iou_scores", 1, "prompts", 1), floats("pred_masks", 1, "prompts", 1, grid, grid)]
    return b.model(facts.name, inputs, outputs)
