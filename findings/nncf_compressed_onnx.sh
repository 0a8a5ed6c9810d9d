#!/usr/bin/env bash
# NNCF 3.4.0, compress_weights of ONNX models: with 4 bits weights on the left of a product are multiplied from the right and Gemm's factors are gone, silently; with 8 bits convolutions can't be run.
#
# Expected: compress_weights stores weights in fewer bits; the model goes on computing the same, within the rounding, or the call is refused.
# What happens, in opset 17, for which 4 bits become onnxruntime's MatMulNBits:
#   - MatMul(W, x), which mixes tokens or pixels: the new node computes x W'. Where W and x are square it runs, with answers that have nothing to do with the old ones (correlation 0.01); elsewhere onnxruntime refuses the file.
#   - Gemm with alpha 0.5 and beta 2: both are dropped, the correlation is 0.85. Gemm with transA: x isn't transposed any more (0.46).
#   - x W, and Gemm without these: as they should be (0.996 and 0.998).
#   - INT8_SYM and INT8_ASYM of a convolution, in opset 17 and 21: onnx's checker finds no error, onnxruntime 1.32.0 fails when it is run, "For per axis quantization, scale must be 1D": the scales are stored as 64 x 1 x 1 x 1.
#     8 bits of MatMul and Gemm are right.
# compress_weights reports "100%" of the layers in each case.
# Why it matters: the way to a small encoder for a phone or a browser. One whose token mixing is wrong gives masks as before where the skip connection carries most, and nobody is told.
# Seen on 30 November 2026 with nncf 3.4.0, onnx 1.23.2, onnxruntime 1.32.0, numpy 2.4.6, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check nncf==3.4.0 onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
cat >run.py <<'PYTHON'
import copy

import nncf
import numpy as np
import onnx
import onnxruntime
from nncf import CompressWeightsMode
from onnx import TensorProto, helper, numpy_helper

random = np.random.default_rng(0)


def model(node, weights, shape, result, opset):
    """A model of one node, from x to y."""
    sides = [helper.make_tensor_value_info(name, TensorProto.FLOAT, size) for name, size in (("x", shape), ("y", result))]
    stored = [numpy_helper.from_array(value.astype(np.float32), name) for name, value in weights.items()]
    made = helper.make_model(helper.make_graph([node], "g", sides[:1], sides[1:], stored), opset_imports=[helper.make_opsetid("", opset)])
    made.ir_version = 10
    onnx.checker.check_model(made)
    return made


def answer(made, x):
    return onnxruntime.InferenceSession(made.SerializeToString(), providers=["CPUExecutionProvider"]).run(None, {"x": x})[0]


def compressed(made, bits):
    four = {"mode": CompressWeightsMode.INT4_SYM, "group_size": 32, "all_layers": True}
    return nncf.compress_weights(copy.deepcopy(made), **(four if bits == 4 else {"mode": CompressWeightsMode.INT8_SYM}))


square, vector = random.normal(size=(64, 64)) / 8, random.normal(size=64)
products = {
    "x W": (helper.make_node("MatMul", ["x", "w"], ["y"]), {"w": square}),
    "W x": (helper.make_node("MatMul", ["w", "x"], ["y"]), {"w": square}),
    "Gemm": (helper.make_node("Gemm", ["x", "w", "b"], ["y"]), {"w": square, "b": vector}),
    "Gemm, alpha 0.5, beta 2": (helper.make_node("Gemm", ["x", "w", "b"], ["y"], alpha=0.5, beta=2.0), {"w": square, "b": vector}),
    "Gemm, transA": (helper.make_node("Gemm", ["x", "w", "b"], ["y"], transA=1), {"w": square, "b": vector}),
}
x = random.normal(size=(64, 64)).astype(np.float32)
alike = {}
for name, (node, weights) in products.items():
    made = model(node, weights, x.shape, x.shape, 17)
    for bits in (8, 4):
        alike[name, bits] = np.corrcoef(answer(compressed(made, bits), x).ravel(), answer(made, x).ravel())[0, 1]
        print(f"{name}, {bits} bits: correlation with the answers before {alike[name, bits]:.3f}")

image, failures = random.normal(size=(1, 64, 8, 8)).astype(np.float32), []
for opset in (17, 21):
    made = model(helper.make_node("Conv", ["x", "w"], ["y"]), {"w": square[:, :, None, None]}, image.shape, image.shape, opset)
    small = compressed(made, 8)
    onnx.checker.check_model(small)
    try:
        answer(small, image)
    except Exception as error:
        failures.append(str(error).strip()[-100:])
        print(f"a convolution in opset {opset}, 8 bits: {failures[-1]}")
assert all(alike[name, 8] > 0.999 for name in products)
assert alike["x W", 4] > 0.99 and alike["Gemm", 4] > 0.99
assert abs(alike["W x", 4]) < 0.1 and alike["Gemm, alpha 0.5, beta 2", 4] < 0.95 and alike["Gemm, transA", 4] < 0.8
assert len(failures) == 2 and all("scale must be 1D" in one for one in failures)
print("as stated")
PYTHON
venv/bin/python run.py
