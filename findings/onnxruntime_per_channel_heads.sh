#!/usr/bin/env bash
# onnxruntime 1.32.0: quantised "per channel", a MatMul weight of several heads gets its scales along the axis that is summed over, one
# for all heads.
#
# Expected: per_channel=True gives each output channel a scale of its own, as it does for weights of two axes (in, out); for a weight
# (heads, in, out), as attention is exported with its heads apart, each head's columns or at least each column.
# What happens: static quantisation (QDQ) takes axis 1 in both cases. Of (in, out) that is the output; of (heads, in, out) it is the input,
# so heads and outputs share 16 scales. A head whose weights are a hundredth of its neighbour's is rounded to zero or near it, and
# nothing is said. Dynamic quantisation takes the last axis, and writes a file that loads and whose first run is refused by its kernel.
# Why it matters: exporters that keep heads apart write such weights, and "per channel" is chosen to keep small ones apart from large.
# Seen on 28 November 2026 with onnxruntime 1.32.0, onnx 1.23.2, numpy 2.4.6, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check onnxruntime==1.32.0 onnx==1.23.2 numpy==2.4.6
cd "$folder"
venv/bin/python -W ignore - 2>/dev/null <<'PYTHON'
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantType, quantize_static

HEADS, INPUTS, OUTPUTS = 2, 16, 8
random = np.random.default_rng(0)
weights = random.normal(size=(HEADS, INPUTS, OUTPUTS)).astype(np.float32) * np.float32([0.01, 1.0])[:, None, None]
tokens = random.normal(size=(HEADS, 5, INPUTS)).astype(np.float32)


class Tokens(CalibrationDataReader):
    def __init__(self, given):
        self.left = iter([{"x": given}])

    def get_next(self):
        return next(self.left, None)


def quantised(weight, given):
    """The axis of the weight's scales, how many there are, and the quantised answer's error in each head."""
    shapes = [("x", given.shape), ("y", (*given.shape[:-1], OUTPUTS))]
    x, y = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in shapes]
    node = helper.make_node("MatMul", ["x", "w"], ["y"])
    graph = helper.make_graph([node], "heads", [x], [y], [numpy_helper.from_array(weight, "w")])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), "whole.onnx")
    quantize_static("whole.onnx", "small.onnx", Tokens(given), per_channel=True, weight_type=QuantType.QInt8)
    small = onnx.load("small.onnx").graph
    [axis] = [part.i for one in small.node for part in one.attribute if part.name == "axis"]
    scales = next(numpy_helper.to_array(one) for one in small.initializer if one.name == "w_scale")
    codes = next(numpy_helper.to_array(one) for one in small.initializer if one.name == "w_quantized")
    back = codes * scales.reshape([-1 if at == axis else 1 for at in range(codes.ndim)])
    error = np.abs(back - weight).reshape(-1, INPUTS, OUTPUTS).mean((1, 2))
    return axis, scales.size, error / np.abs(weight).reshape(-1, INPUTS, OUTPUTS).mean((1, 2))


print("onnxruntime", onnxruntime.__version__, "onnx", onnx.__version__)
plain = quantised(weights[0], tokens[0])
both = quantised(weights, tokens)
print("(in 16, out 8), the small head alone: axis", plain[0], "scales", plain[1], "error of the weights", plain[2].round(3))
print("(heads 2, in 16, out 8): axis", both[0], "scales", both[1], "error of the weights by head", both[2].round(3))
as_described = (
    plain[:2] == (1, OUTPUTS) and plain[2].max() < 0.02 and both[:2] == (1, INPUTS) and both[2][0] > 0.3 and both[2][1] < 0.02
)
raise SystemExit(0 if as_described else 1)
PYTHON
