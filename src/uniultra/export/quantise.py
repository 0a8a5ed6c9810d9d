"""int8: weights and activations of the layers that bear it. Which ones do is searched, by what each does to
real answers.

The quantiser is onnxruntime's own (static, QDQ). Layers are taken in groups, by the module that holds them;
those that do most damage stay in float until the answers agree with fp32 as closely as asked.
"""

from __future__ import annotations

import ast
import tempfile
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantType
from onnxruntime.quantization.calibrate import create_calibrator
from onnxruntime.quantization.qdq_quantizer import QDQQuantizer

from uniultra.export.weight_precision import pack_weights

LAYERS = ("MatMul", "Conv")
"""What has integer kernels on a CPU. A transposed convolution has none: it would be rounded and then run in
float.
"""

Inputs = dict[str, np.ndarray]
Progress = Callable[[int, int, str], None]
"""Called with steps done, steps in all, and what is being done."""


@dataclass(frozen=True)
class Damage:
    """What a graph does to the answers: how far their probabilities move on average, 0 to 1, and their mean
    Dice with fp32's.
    """

    moved: float
    dice: float


@dataclass(frozen=True)
class Quantised:
    """A quantised graph, the groups of layers that stayed in float (the worst first), how many groups there
    are, and its Dice with fp32.
    """

    graph: onnx.ModelProto
    kept: tuple[str, ...]
    groups: int
    dice: float


def quantise(
    graph: onnx.ModelProto,
    inputs: Sequence[Inputs],
    judge: Callable[[onnx.ModelProto], Damage],
    min_dice: float,
    progress: Progress,
) -> Quantised:
    """The graph with as few groups in float as `min_dice` allows.

    Groups are ranked by what each alone does. Then the fewest of the worst that must stay are found by
    halving, which takes it that keeping more never hurts. What is judged there is what will be stored, with
    the weights that stay in float packed.

    Args:
        graph: fp32, with the exporter's metadata on its nodes.
        inputs: what to calibrate activations on.
        judge: of a candidate.
        min_dice: mean Dice with fp32's answers that is requested; where even packed weights alone miss it,
            the result's `dice` says so.
        progress: of ranges, groups and halvings.
    """
    groups = groups_of(graph)
    steps = len(groups) + len(groups).bit_length() + 2
    progress(0, steps, "ranges of activations")
    ranges = activation_ranges(graph, inputs)
    moved = {}
    for done, (name, nodes) in enumerate(groups.items(), start=1):
        progress(done, steps, name)
        moved[name] = judge(quantised(graph, nodes, ranges)).moved
    ranked = sorted(groups, key=lambda name: -moved[name])

    def candidate(kept: int) -> onnx.ModelProto:
        made = quantised(graph, [node for name in ranked[kept:] for node in groups[name]], ranges)
        pack_weights(made)
        return made

    low, high = 0, len(ranked)
    while low < high:
        middle = (low + high) // 2
        progress(steps - 1 - (high - low).bit_length(), steps, f"{middle} of {len(ranked)} groups in float")
        low, high = (low, middle) if judge(candidate(middle)).dice >= min_dice else (middle + 1, high)
    final = candidate(high)
    dice = judge(final).dice
    progress(steps, steps, f"{high} of {len(ranked)} groups in float")
    return Quantised(final, tuple(ranked[:high]), len(ranked), dice)


def groups_of(graph: onnx.ModelProto) -> dict[str, list[str]]:
    """Names of the nodes that can be quantised, layers with one constant weight, by the module of the model
    that holds them.
    """
    constant = {tensor.name: len(tensor.dims) for tensor in graph.graph.initializer}
    groups: dict[str, list[str]] = {}
    for node in graph.graph.node:
        if node.op_type in LAYERS and constant.get(node.input[1], 0) >= 2 and node.input[0] not in constant:
            groups.setdefault(_holder(node), []).append(node.name)
    return groups


def activation_ranges(graph: onnx.ModelProto, inputs: Sequence[Inputs]) -> Any:
    """The least and greatest value that each activation took on `inputs`, as the quantiser takes them."""
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / "graph.onnx"
        onnx.save(graph, str(plain))
        calibrator = create_calibrator(
            plain, LAYERS, str(Path(folder) / "wider.onnx"), CalibrationMethod.MinMax
        )
        calibrator.collect_data(_Reader(inputs))
        return calibrator.compute_data()


def quantised(graph: onnx.ModelProto, nodes: Collection[str], ranges: Any) -> onnx.ModelProto:
    """A copy of the graph with these nodes in int8: unsigned activations, signed weights with a scale an
    output channel.

    Weights take 7 bits: with 8, processors without integer dot products saturate, and answers would depend on
    the machine.
    """
    copy = onnx.ModelProto()
    copy.CopyFrom(graph)
    if not nodes:
        return copy
    quantiser = QDQQuantizer(
        copy,
        per_channel=True,
        reduce_range=True,
        weight_qType=QuantType.QInt8,
        activation_qType=QuantType.QUInt8,
        tensors_range=ranges,
        nodes_to_quantize=list(nodes),
        nodes_to_exclude=[],
        op_types_to_quantize=list(LAYERS),
        extra_options={
            "OpTypesToExcludeOutputQuantization": ["MatMul"],
            "QDQOpTypePerChannelSupportToAxis": {"MatMul": 1, "Conv": 0},
        },
    )
    quantiser.quantize_model()
    quantiser.model.topological_sort()
    made = quantiser.model.model
    assert isinstance(made, onnx.ModelProto)
    return made


class _Reader(CalibrationDataReader):
    """Hands inputs over one by one, as the calibrator asks for them."""

    def __init__(self, inputs: Sequence[Inputs]) -> None:
        self._rest: Iterator[Inputs] = iter(inputs)

    def get_next(self) -> Inputs | None:
        return next(self._rest, None)


def _holder(node: onnx.NodeProto) -> str:
    """The module that holds a node's own layer, by the exporter's metadata, such as
    vision_encoder.backbone.blocks.3.mlp.
    """
    scopes = next(
        (item.value for item in node.metadata_props if item.key == "pkg.torch.onnx.name_scopes"), "[]"
    )
    modules = [scope for scope in ast.literal_eval(scopes)[:-1] if scope]
    return modules[-1].removeprefix("model.").rpartition(".")[0] if modules else node.name
