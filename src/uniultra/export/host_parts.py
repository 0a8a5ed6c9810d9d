"""What the graphs for other programs share: the names of the two graphs' values, and some steps."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import ModelProto, TensorProto, ValueInfoProto

from uniultra.backends.onnx import ENCODER
from uniultra.export.graph_builder import GraphBuilder
from uniultra.model_facts import ModelFacts

LUMA = (0.299, 0.587, 0.114)
"""Of red, green and blue in a grey image, as readers of colour images have it (ITU-R BT.601)."""
MAPS = ("image_embed", "high_res_feats_0", "high_res_feats_1")
POINTS, LABELS = "point_coords", "point_labels"
MASKS, QUALITY = "masks", "iou_predictions"
Pair = dict[str, ModelProto]
"""By the names of their files."""


def check_pair(pair: Pair, facts: ModelFacts) -> None:
    """Signs the graphs, and has onnx check them."""
    for model in pair.values():
        model.producer_name, model.producer_version = "uniultra", facts.version
        onnx.checker.check_model(model, full_check=True)


def map_shapes(pair: Pair) -> dict[str, list[int]]:
    """Of each feature map, without the batch."""
    return {value.name: shape_of(value)[1:] for value in pair[ENCODER].graph.output}


def as_pixels(build: GraphBuilder, grey: str) -> str:
    """Grey values (1, 1, H, W) as uint8 (1, H, W)."""
    whole = build("Clip", build("Round", grey), np.array(0, np.float32), np.array(255, np.float32))
    return build("Squeeze", build("Cast", whole, to=TensorProto.UINT8), axes(1))


def axes(*axes: int) -> np.ndarray:
    return np.array(axes, np.int64)


def shape_of(value: ValueInfoProto) -> list[int]:
    return [part.dim_value for part in value.type.tensor_type.shape.dim]
