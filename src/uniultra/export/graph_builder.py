"""ONNX graphs put together by hand: a node at a time, and whole graphs within others; and what the graphs for
other programs share: the names of the two graphs' values, and some steps.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from onnx import GraphProto, ModelProto, NodeProto, TensorProto, ValueInfoProto, helper, numpy_helper

from uniultra.backends.onnx import ENCODER
from uniultra.model_facts import ModelFacts

OPSET, IR_VERSION = 18, 9
"""Of what is built. onnxruntime-web 1.17, which cornerstone3D 4 brings along, reads no later format."""
Value = str | float | Sequence[float] | np.ndarray
"""A name, or a constant: floats are float32."""


class GraphBuilder:
    """A graph that grows. A branch of it, for `If`, has nodes of its own, and weights in the graph that it is
    in.
    """

    def __init__(self, prefix: str = "", outer: GraphBuilder | None = None) -> None:
        self.prefix = prefix
        self.nodes: list[NodeProto] = []
        self.root: GraphBuilder = self if outer is None else outer.root
        self.weights: dict[str, TensorProto] = {}
        self.known: set[str] = set()

    def __call__(self, kind: str, *inputs: Value, named: str = "", **attributes: Any) -> str:
        """Adds a node of one output and returns its name, `named` where one is given."""
        name = named or f"{self.prefix}{kind}_{len(self.nodes)}"
        known = [value if isinstance(value, str) else self.constant(value) for value in inputs]
        self.nodes.append(helper.make_node(kind, known, [name], name=f"{name}.node", **attributes))
        return name

    def constant(self, value: Value) -> str:
        """The name of a constant, which is there once."""
        array = np.asarray(value)
        if not isinstance(value, np.ndarray):
            array = array.astype(np.float32)
        shape = "x".join(map(str, array.shape))
        name = f"constant_{array.dtype}_{shape}_{hashlib.sha256(array.tobytes()).hexdigest()[:12]}"
        self.root.weights.setdefault(name, numpy_helper.from_array(array, name))
        return name

    def include(self, tag: str, source: GraphProto, feeds: Mapping[str, str]) -> dict[str, str]:
        """Adds a whole graph, fed with values by the names of its inputs.

        Its weights, as `tag`'s, and what is worked out from them alone, are there once however often it is
        included.

        Returns:
            its outputs' new names by their names.
        """
        place = f"{self.prefix}{tag}_{len(self.nodes)}/"
        fixed = {tensor.name: f"{tag}/{tensor.name}" for tensor in source.initializer}
        for tensor in source.initializer:
            if fixed[tensor.name] not in self.root.weights:
                kept = TensorProto()
                kept.CopyFrom(tensor)
                kept.name = fixed[tensor.name]
                self.root.weights[kept.name] = kept
        names = dict(feeds)
        for node in source.node:
            if all(value in fixed or not value for value in node.input):
                fixed |= {value: f"{tag}/{value}" for value in node.output}
                if fixed[node.output[0]] not in self.root.known:
                    self.root.known.add(fixed[node.output[0]])
                    self.root.nodes.append(_renamed(node, fixed, f"{fixed[node.output[0]]}.node"))
            else:
                names |= {value: place + value for value in node.output}
                self.nodes.append(_renamed(node, names | fixed, place + node.name))
        names |= fixed
        return {value.name: names[value.name] for value in source.output}

    def branch(self, name: str, outputs: Sequence[ValueInfoProto]) -> GraphProto:
        """The nodes as a branch of the graph that it is in."""
        return helper.make_graph(self.nodes, name, [], outputs)

    def model(
        self, name: str, inputs: Sequence[ValueInfoProto], outputs: Sequence[ValueInfoProto]
    ) -> onnx.ModelProto:
        """The whole graph as a model."""
        graph = helper.make_graph(self.nodes, name, inputs, outputs, list(self.weights.values()))
        opset = [helper.make_opsetid("", OPSET)]
        return helper.make_model(graph, opset_imports=opset, ir_version=IR_VERSION)


def _renamed(node: NodeProto, names: Mapping[str, str], name: str) -> NodeProto:
    added = NodeProto()
    added.CopyFrom(node)
    for part in (added.input, added.output):
        part[:] = [value and names[value] for value in part]
    added.name = name
    return added


def floats(name: str, *shape: int | str) -> ValueInfoProto:
    """An input or output of float32."""
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, list(shape))


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
