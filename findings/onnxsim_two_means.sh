#!/usr/bin/env bash
# onnxsim 0.8.1 (simplifies ONNX models): of two means one after the other, of which the first keeps its axis, the axis is lost: weights by channel become weights by place.
#
# Expected: a simplified model has the same answers, of the same shapes.
# What happens: a mean over the rows with keepdims, then one over the columns without, become one mean over both without keepdims: (1, 64, 1) for torch's x.mean(2, keepdim=True).mean(3)
# becomes (1, 64). Sums, maxima and L2 norms, too. As an answer it has another shape. Multiplied with tokens (1, 64 channels, 64 places) it is spread along the places, without a word;
# with another number of places onnxruntime refuses the model. check_ok is True, since its own comparison is off by default; with check_n=3 it is False. Two means that both keep
# their axes, or neither, are right, and onnxslim 0.1.98 leaves all as they are.
# Why it matters: squeeze and excitation over a map of 8 x 8 with 64 channels is such a product. The mask is another, and the file loads.
# Seen on 30 November 2026 with onnxsim 0.8.1, onnxslim 0.1.98, onnx 1.23.2, onnxruntime 1.32.0, numpy 2.4.6, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages" onnxsim==0.8.1 onnxslim==0.1.98 onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
cd "$folder"
cat >run.py <<'PYTHON'
import contextlib
import importlib.metadata

import numpy as np
import onnx
import onnxruntime
import onnxsim
import onnxslim
from onnx import TensorProto, helper, numpy_helper

onnxruntime.set_default_logger_severity(4)
CHANNELS = 64


def model(operation, keep, weighs, side=8):
    """The operation over rows, then columns, of a map; alone, or as factors of the map as tokens."""
    names = [numpy_helper.from_array(np.array([axis], np.int64), name) for name, axis in (("rows", 2), ("columns", 3))]
    names.append(numpy_helper.from_array(np.array([1, CHANNELS, side * side], np.int64), "tokens"))
    nodes = [helper.make_node(operation, ["x", "rows"], ["a"], keepdims=keep[0]), helper.make_node(operation, ["a", "columns" if keep[0] else "rows"], ["m"], keepdims=keep[1])]
    if weighs:
        nodes += [helper.make_node("Reshape", ["x", "tokens"], ["t"]), helper.make_node("Mul", ["t", "m"], ["y"])]
    given = [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, CHANNELS, side, side])]
    graph = helper.make_graph(nodes, "net", given, [helper.make_tensor_value_info("y" if weighs else "m", TensorProto.FLOAT, None)], names)
    return onnx.shape_inference.infer_shapes(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8))


def run(net, side=8):
    frame = np.random.default_rng(0).uniform(0.1, 1, (1, CHANNELS, side, side)).astype(np.float32)
    frame *= np.linspace(0.1, 1, CHANNELS, dtype=np.float32)[:, None, None]
    try:
        return onnxruntime.InferenceSession(net.SerializeToString()).run(None, {"x": frame})[0]
    except Exception:
        return None


def compared(operation, keep, weighs, side=8):
    net = model(operation, keep, weighs, side)
    before, (simple, fine) = run(net, side), onnxsim.simplify(net)
    after, slim = run(simple, side), run(onnxslim.slim(net), side)
    assert fine and np.allclose(before, slim, rtol=1e-4)
    if after is None or after.shape != before.shape:
        return "refused" if after is None else f"{before.shape} is {after.shape}"
    return round(float(np.abs(after - before).max() / np.abs(before).max()), 2)


print("onnxsim", importlib.metadata.version("onnxsim"), "- another shape, or the largest difference in parts of the largest answer")
seen = {
    f"{operation}, keepdims {keep[0]} then {keep[1]}{', as factors of ' + str(side * side) + ' places' if weighs else ''}": compared(operation, keep, weighs, side)
    for operation, keep, weighs, side in [
        ("ReduceMean", (1, 0), False, 8), ("ReduceSum", (1, 0), False, 8), ("ReduceMax", (1, 0), False, 8), ("ReduceMean", (1, 0), True, 8), ("ReduceMean", (1, 0), True, 16),
        ("ReduceMean", (1, 1), False, 8), ("ReduceMean", (0, 0), False, 8),
    ]
}
for name, result in seen.items():
    print(f"{name}: {result}")
with contextlib.redirect_stdout(None):
    checked = onnxsim.simplify(model("ReduceMean", (1, 0), True), check_n=3)[1]
print("with check_n=3 it says", checked)
results = list(seen.values())
assert results[:3] == ["(1, 64, 1) is (1, 64)"] * 3 and results[3] > 0.3 and results[4] == "refused" and results[5:] == [0, 0] and not checked
print("as stated")
PYTHON
PYTHONPATH=$folder/packages python3 -s run.py
