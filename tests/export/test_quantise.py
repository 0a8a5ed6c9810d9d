"""int8's search, on a small network of three layers of which one can't bear it."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from uniultra.evaluation.metrics import dice
from uniultra.export.quantise import Damage, activation_ranges, groups_of, quantise, quantised

WILD, CALM = "net.wild", "net.calm"


def network() -> onnx.ModelProto:
    """x (1, 32) through calm.0, wild.0 and calm.1. What wild.0 sees is one huge number among small ones that
    decide: 8 bits lose these.
    """
    rng = np.random.default_rng(0)
    weights = {"a": rng.normal(size=(32, 64)), "b": rng.normal(size=(64, 64)), "c": rng.normal(size=(64, 32))}
    push = np.zeros(64)
    push[0] = 3e4
    weights["b"][0] = 0.0
    tensors = [
        numpy_helper.from_array(values.astype(np.float32), name)
        for name, values in {**weights, "push": push}.items()
    ]
    nodes = [
        helper.make_node("MatMul", ["x", "a"], ["u"], name="first"),
        helper.make_node("Add", ["u", "push"], ["v"], name="add"),
        helper.make_node("MatMul", ["v", "b"], ["w"], name="second"),
        helper.make_node("MatMul", ["w", "c"], ["y"], name="third"),
        helper.make_node("MatMul", ["y", "y_turned"], ["z"], name="no_weight"),
        helper.make_node("Transpose", ["y"], ["y_turned"], name="turn", perm=[1, 0]),
    ]
    nodes.insert(4, nodes.pop())
    for node, holder in ((nodes[0], f"{CALM}.0"), (nodes[2], f"{WILD}.0"), (nodes[3], f"{CALM}.1")):
        entry = node.metadata_props.add()
        entry.key, entry.value = (
            "pkg.torch.onnx.name_scopes",
            str(["", "model.net", f"model.{holder}", "linear"]),
        )
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 32])
    outputs = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, width])
        for name, width in (("y", 32), ("z", 1))
    ]
    graph = helper.make_graph(nodes, "network", [x], outputs, tensors)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)


INPUTS = [{"x": np.random.default_rng(seed).normal(size=(1, 32)).astype(np.float32)} for seed in range(12)]


def answers(graph: onnx.ModelProto) -> list[np.ndarray]:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(
        graph.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    return [session.run(["y"], one)[0] for one in INPUTS]


def judge(graph: onnx.ModelProto) -> Damage:
    pairs = list(zip(answers(graph), answers(network()), strict=True))
    moved = float(np.mean([np.abs(np.tanh(ours) - np.tanh(theirs)).mean() for ours, theirs in pairs]))
    return Damage(moved, float(np.mean([dice(ours > 0, theirs > 0) for ours, theirs in pairs])))


def test_groups_are_layers_with_one_weight_by_what_holds_them() -> None:
    assert groups_of(network()) == {CALM: ["first", "third"], WILD: ["second"]}


def test_what_does_most_damage_stays_in_float() -> None:
    steps: list[tuple[int, int, str]] = []
    result = quantise(network(), INPUTS, judge, 0.95, lambda *step: steps.append(step))
    assert (result.kept, result.groups) == ((WILD,), 2)
    assert result.dice == judge(result.graph).dice >= 0.95
    onnx.checker.check_model(result.graph)
    assert {node.op_type for node in result.graph.graph.node} >= {"QuantizeLinear", "DequantizeLinear"}
    done, totals = [step[0] for step in steps], {step[1] for step in steps}
    assert done == sorted(done)
    assert totals == {done[-1]}
    assert any(WILD in what for _, _, what in steps)


@pytest.mark.parametrize(("min_dice", "kept"), [(0.0, 0), (1.1, 2)])
def test_a_bound_that_anything_or_nothing_meets(min_dice: float, kept: int) -> None:
    result = quantise(network(), INPUTS, judge, min_dice, lambda *_: None)
    assert len(result.kept) == kept
    ops = {node.op_type for node in result.graph.graph.node}
    assert ("QuantizeLinear" in ops) == (kept == 0)


def test_weights_keep_to_seven_bits_with_a_scale_a_channel() -> None:
    graph = network()
    made = quantised(graph, ["third"], activation_ranges(graph, INPUTS))
    tensors = {t.name: numpy_helper.to_array(t) for t in made.graph.initializer}
    [integers] = [values for values in tensors.values() if values.dtype == np.int8 and values.ndim == 2]
    assert np.abs(integers.astype(int)).max() in (63, 64)
    assert (32,) in {values.shape for values in tensors.values() if values.dtype == np.float32}
    assert {"a", "b"} <= set(tensors)
