"""How a graph's weights are stored. Arithmetic is fp32 all the same: onnxruntime widens them once, when it
loads the graph.
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from uniultra.errors import ModelError
from uniultra.models.stored import LEVELS, SMALLEST_PACKED

PRECISIONS = {
    "fp32": "weights as they were trained",
    "fp16": "weights stored in 16 bits, arithmetic in fp32",
    "w8": "large weights stored in 8 bits, arithmetic in fp32",
    "int8": "weights stored in 8 bits, integer arithmetic in the layers that bear it; calibrated on real "
    "frames",
}
SMALLEST_HALVED = 256
"""Weights with fewer elements stay fp32: halving them saves nothing."""
SCALED = ("QuantizeLinear", "DequantizeLinear")
SCALE = ".scale"
"""How the names of a packed weight's scales end. Scales, and what SCALED take, stay fp32: rounded ones would
move every value.
"""


def check_precision(name: str) -> None:
    """Raises ModelError where there is no such precision."""
    if name not in PRECISIONS:
        raise ModelError(f"precision '{name}' is unknown; use one of {', '.join(PRECISIONS)}")


def store(graph: onnx.ModelProto, precision: str) -> None:
    """Stores a graph's fp32 weights as a precision has it, in place; of int8, those of the layers that stayed
    in float.
    """
    check_precision(precision)
    if precision == "fp16":
        halve_weights(graph)
    elif precision != "fp32":
        pack_weights(graph)


def halve_weights(graph: onnx.ModelProto) -> None:
    """Stores every large fp32 weight as fp16 with a Cast behind it, in place."""
    casts = []
    exact = {name for node in graph.graph.node if node.op_type in SCALED for name in node.input}
    exact |= {tensor.name for tensor in graph.graph.initializer if tensor.name.endswith(SCALE)}
    for tensor in list(graph.graph.initializer):
        values = numpy_helper.to_array(tensor)
        if tensor.data_type != TensorProto.FLOAT or values.size < SMALLEST_HALVED or tensor.name in exact:
            continue
        name = tensor.name
        tensor.CopyFrom(numpy_helper.from_array(values.astype("float16"), name + ".fp16"))
        casts.append(
            helper.make_node("Cast", [name + ".fp16"], [name], to=TensorProto.FLOAT, name=name + ".widen")
        )
    _put_first(graph, casts)


def pack_weights(graph: onnx.ModelProto) -> None:
    """Stores large weights of linear layers and convolutions as int8 with one scale an output channel, and
    the rest as fp16, in place.

    A Cast and a Mul widen them. DequantizeLinear would say the same, but onnxruntime keeps it to fuse with,
    and then widens at every call.
    """
    axes = output_axes(graph)
    widen = []
    for tensor in list(graph.graph.initializer):
        if tensor.name not in axes:
            continue
        name, values = tensor.name, numpy_helper.to_array(tensor)
        integers, scale = pack_heads(values) if values.ndim == 3 else pack_array(values, axes[name])
        tensor.CopyFrom(numpy_helper.from_array(integers, name + ".int8"))
        graph.graph.initializer.append(numpy_helper.from_array(scale, name + SCALE))
        widen += [
            helper.make_node(
                "Cast", [name + ".int8"], [name + ".wide"], to=TensorProto.FLOAT, name=name + ".widen"
            ),
            helper.make_node("Mul", [name + ".wide", name + SCALE], [name], name=name + ".rescale"),
        ]
    _put_first(graph, widen)
    halve_weights(graph)


def pack_array(values: np.ndarray, axis: int | tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """`models.stored.pack` for numpy: the same integers and scales; with several axes one scale for each of
    their places.
    """
    kept = (axis,) if isinstance(axis, int) else axis
    others = tuple(other for other in range(values.ndim) if other not in kept)
    scale = np.maximum(np.abs(values).max(axis=others, keepdims=True) / np.float32(LEVELS), np.float32(1e-12))
    return np.clip(np.round(values / scale), -LEVELS, LEVELS).astype(np.int8), scale.astype(np.float32)


def pack_heads(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """One matrix a head (heads, in, out), each row or each column with its own scale, whichever is nearer:
    that of the layer it is part of is exact.
    """
    packed = [pack_array(values, axes) for axes in ((0, 1), (0, 2))]
    return min(packed, key=lambda pair: float(np.square(pair[0] * pair[1] - values).sum()))


def output_axes(graph: onnx.ModelProto) -> dict[str, int]:
    """Large fp32 weights that one kind of layer alone applies to what it is given, and which of their axes
    counts output channels.
    """
    large = {
        t.name
        for t in graph.graph.initializer
        if t.data_type == TensorProto.FLOAT and np.prod(t.dims) >= SMALLEST_PACKED
    }
    constant = {t.name for t in graph.graph.initializer}
    found: dict[str, set[int | None]] = defaultdict(set)
    for node in graph.graph.node:
        for index, name in enumerate(node.input):
            if name in large:
                found[name].add(_axis(node) if index == 1 and node.input[0] not in constant else None)
    return {name: axis for name, axes in found.items() if len(axes) == 1 and (axis := axes.pop()) is not None}


def _axis(node: onnx.NodeProto) -> int | None:
    """Which axis of a layer's weight counts output channels; None where the node is no such layer."""
    if node.op_type == "Gemm":
        return 0 if any(attribute.name == "transB" and attribute.i for attribute in node.attribute) else 1
    return {"MatMul": 1, "Conv": 0, "ConvTranspose": 1}.get(node.op_type)


def _put_first(graph: onnx.ModelProto, nodes: list[onnx.NodeProto]) -> None:
    kept = [*nodes, *graph.graph.node]
    del graph.graph.node[:]
    graph.graph.node.extend(kept)
