"""How weights are stored: on one small graph with every kind of layer, no torch export."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper

from uniultra.errors import ModelError
from uniultra.export.weight_precision import (
    SCALE,
    check_precision,
    output_axes,
    pack_array,
    pack_heads,
    store,
)
from uniultra.models.stored import pack

RNG = np.random.default_rng(0)


def small_graph() -> onnx.ModelProto:
    """images (1, 8, 4, 4) through Conv, ConvTranspose and MatMul; `twice` is the weight of two kinds of
    layer, `other` of none.
    """
    weights = {
        "conv": RNG.normal(size=(64, 8, 3, 3)), "up": RNG.normal(size=(64, 32, 2, 2)),
        "dense": RNG.normal(size=(8, 512)),
        "twice": RNG.normal(size=(512, 512)), "other": RNG.normal(size=(1, 32, 8, 512)),
        "few": RNG.normal(size=(4, 4)),
    }  # fmt: skip
    nodes = [
        helper.make_node("Conv", ["images", "conv"], ["a"], pads=[1, 1, 1, 1]),
        helper.make_node("ConvTranspose", ["a", "up"], ["b"], strides=[2, 2]),
        helper.make_node("MatMul", ["b", "dense"], ["c"]),
        helper.make_node("Add", ["c", "other"], ["d"]),
        helper.make_node("MatMul", ["d", "twice"], ["e"]),
        helper.make_node("Add", ["e", "twice_row"], ["answer"]),
        helper.make_node("ReduceSum", ["twice"], ["twice_row"], keepdims=0),
    ]
    nodes.insert(5, nodes.pop())
    tensors = [numpy_helper.from_array(values.astype(np.float32), name) for name, values in weights.items()]
    images = helper.make_tensor_value_info("images", TensorProto.FLOAT, [1, 8, 4, 4])
    answer = helper.make_tensor_value_info("answer", TensorProto.FLOAT, [1, 32, 8, 512])
    graph = helper.make_graph(nodes, "small", [images], [answer], tensors)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)


def run(graph: onnx.ModelProto, written: Path | None = None) -> np.ndarray:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    if written is not None:
        options.optimized_model_filepath = str(written)
    images = np.random.default_rng(1).normal(size=(1, 8, 4, 4)).astype(np.float32)
    session = onnxruntime.InferenceSession(
        graph.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    return np.asarray(session.run(None, {"images": images})[0])


def test_output_channels_are_found_where_one_kind_of_layer_uses_a_weight() -> None:
    assert output_axes(small_graph()) == {"conv": 0, "up": 1, "dense": 1}


@pytest.mark.parametrize(
    ("precision", "share", "error"), [("fp32", 1.01, 0.0), ("fp16", 0.52, 1e-3), ("w8", 0.5, 2e-2)]
)
def test_a_stored_graph_is_smaller_and_says_about_the_same(
    precision: str, share: float, error: float
) -> None:
    graph = small_graph()
    before, size = run(graph), graph.ByteSize()
    store(graph, precision)
    onnx.checker.check_model(graph)
    assert graph.ByteSize() < share * size
    assert np.linalg.norm(run(graph) - before) <= error * np.linalg.norm(before)


@pytest.mark.parametrize("precision", ["fp16", "w8"])
def test_weights_are_widened_once_when_a_graph_is_loaded(precision: str, tmp_path: Path) -> None:
    graph = small_graph()
    store(graph, precision)
    run(graph, tmp_path / "loaded.onnx")
    loaded = onnx.load(str(tmp_path / "loaded.onnx"))
    assert not [node.name for node in loaded.graph.node if node.op_type == "Cast"]
    assert {t.data_type for t in loaded.graph.initializer} & {TensorProto.INT8, TensorProto.FLOAT16} == set()


def test_storing_again_changes_nothing() -> None:
    graph = small_graph()
    store(graph, "w8")
    once = graph.SerializeToString()
    store(graph, "w8")
    assert graph.SerializeToString() == once
    scales = [t for t in graph.graph.initializer if t.name.endswith(SCALE)]
    assert len(scales) == 3
    assert {t.data_type for t in scales} == {TensorProto.FLOAT}


@pytest.mark.parametrize("axis", [0, 1])
def test_graphs_and_safetensors_pack_alike(axis: int) -> None:
    values = np.random.default_rng(2).normal(size=(40, 30)).astype(np.float32)
    values[3] = 0.0
    ours, theirs = pack_array(values, axis), pack(torch.from_numpy(values), axis)
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(one, other.numpy())


@pytest.mark.parametrize("transposed", [False, True])
def test_heads_of_a_packed_layer_are_packed_again_without_a_loss(transposed: bool) -> None:
    layer = np.random.default_rng(3).normal(size=(64, 128)).astype(np.float32)
    layer *= np.geomspace(0.01, 1.0, 64, dtype=np.float32)[
        :, None
    ]  # heads and channels of very different size
    integers, scale = pack_array(layer, 0)
    heads = (integers * scale).reshape(8, 8, 128)
    heads = heads.transpose(0, 2, 1).copy() if transposed else heads
    again, scales = pack_heads(heads)
    assert scales.shape == ((8, 1, 8) if transposed else (8, 8, 1))
    np.testing.assert_allclose(again * scales, heads, rtol=1e-5)


def test_an_unknown_precision_is_refused() -> None:
    with pytest.raises(ModelError, match=r"^precision 'int4' is unknown; use one of fp32, fp16, w8, int8$"):
        check_precision("int4")
