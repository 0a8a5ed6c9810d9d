"""ONNX graphs put together by hand: a node at a time, and whole graphs within others."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from onnx import GraphProto, NodeProto, TensorProto, ValueInfoProto, helper, numpy_helper

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
                self.root._add_once(node, fixed)
            else:
                names |= {value: place + value for value in node.output}
                self.nodes.append(_renamed(node, names | fixed, place + node.name))
        names |= fixed
        return {value.name: names[value.name] for value in source.output}

    def _add_once(self, node: NodeProto, names: Mapping[str, str]) -> None:
        if names[node.output[0]] not in self.known:
            self.known.add(names[node.output[0]])
            self.nodes.append(_renamed(node, names, f"{names[node.output[0]]}.node"))

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
