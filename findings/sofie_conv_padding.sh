#!/usr/bin/env bash
# sofie 0.1.0 (CERN's SOFIE, networks as C++): a convolution of an ONNX model without `pads` is padded to SAME, dilations of MaxPool and ConvTranspose and Gemm's beta are left out.
#
# Expected: ONNX's defaults: no `pads` (or auto_pad NOTSET) is no padding, 11 x 15 of 13 x 17 by a kernel of 3; dilations and beta count, or the model is refused, as Resize, GridSample and DepthToSpace are.
# What happens: such a convolution has an answer of 13 x 17, by strides of two 7 x 9 for 6 x 8; with pads=[0, 0, 0, 0] it is right. MaxPool with dilations of 2 has the right size and the maxima of neighbours (off by up to 2.5 of 3.1); ConvTranspose with
# dilations of 2 has other values, and Gemm with beta=2 adds the bias once. Nothing is said, check_model finds nothing. Convolutions with pads, groups and strides, pooling, norms, softmax, sums and 110 others (139 of some 150 that it takes) are right.
# Why it matters: "valid" layers, as of the first U-Net and of Keras' models, are then another network: each answer lies a pixel further on a layer, and crops that follow take other pixels.
# Seen on 1 December 2026 with sofie 0.1.0, onnx 1.23.2, onnxruntime 1.32.0, numpy 2.4.6, Python 3.11, g++ 12.2, libblas 3.11.
# Needs g++ and libblas3.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check sofie==0.1.0 onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6 2>/dev/null
cat >run.py <<'PYTHON'
import re
import subprocess
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import sofie
from onnx import TensorProto, helper, numpy_helper

MAIN = """#include <cstdio>
#include "one.hxx"
int main() {
  std::vector<float> x(%d);
  FILE* file = fopen("x.bin", "rb");
  if (fread(x.data(), 4, x.size(), file) != x.size()) return 1;
  %s::Session session("one.dat");
  for (float value : session.infer(x.data())) printf("%%.9g\\n", value);
}"""
draw = np.random.default_rng(0)


def normal(*shape):
    return draw.standard_normal(shape).astype(np.float32)


def answers(frame, operator, constants=None, **attributes):
    constants = constants or {}
    node = helper.make_node(operator, ["x", *constants], ["y"], **attributes)
    fixed = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    value = helper.make_tensor_value_info("x", TensorProto.FLOAT, frame.shape)
    graph = helper.make_graph([node], "one", [value], [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)], fixed)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
    model.ir_version = 10
    onnx.save(onnx.shape_inference.infer_shapes(model, strict_mode=True), "one.onnx")
    [defined] = onnxruntime.InferenceSession("one.onnx", providers=["CPUExecutionProvider"]).run(None, {"x": frame})
    assert sofie.onnx.check_model("one.onnx")
    made = sofie.onnx.parse("one.onnx")
    made.generate()
    made.output_generated("one.hxx")
    frame.tofile("x.bin")
    Path("one.cpp").write_text(MAIN % (frame.size, re.search(r"namespace (\w+)", Path("one.hxx").read_text())[1]))
    subprocess.run(["g++", "-std=c++20", "-O1", "-w", "one.cpp", "-o", "one", "-l:libblas.so.3"], check=True)
    found = subprocess.run(["./one"], capture_output=True, text=True, check=True).stdout.split()
    return defined, np.array(found, float)


frame, weights = normal(1, 1, 13, 17), {"w": normal(1, 1, 3, 3)}
for name, attributes, same in (("no pads", {}, True), ("no pads, strides of 2", {"strides": [2, 2]}, True), ("pads of 0", {"pads": [0] * 4}, False)):
    defined, found = answers(frame, "Conv", weights, kernel_shape=[3, 3], **attributes)
    padded, _ = answers(frame, "Conv", weights, kernel_shape=[3, 3], auto_pad="SAME_UPPER", **attributes) if same else (defined, None)
    print(f"Conv, {name}: {defined.shape[2:]}, {defined.size} values by ONNX, {found.size} by SOFIE")
    assert np.abs(found - padded.ravel()).max() < 1e-4 and (defined.size != found.size) == same

pooled, found = answers(frame, "MaxPool", kernel_shape=[3, 3], dilations=[2, 2])
upwards, other = answers(frame, "ConvTranspose", weights, dilations=[2, 2])
print("dilations of 2: MaxPool off by", np.abs(found - pooled.ravel()).max().round(2), "ConvTranspose by", np.abs(other - upwards.ravel()).max().round(2))
assert np.abs(found - pooled.ravel()).max() > 1 and np.abs(other - upwards.ravel()).max() > 1
vector, parts = normal(1, 6), {"w": normal(4, 6), "b": normal(4)}
for beta, added in ((1.0, 1), (2.0, 1)):
    defined, found = answers(vector, "Gemm", parts, alpha=0.5, beta=beta, transB=1)
    expected = 0.5 * vector @ parts["w"].T + added * parts["b"]
    print(f"Gemm, beta={beta}: off by", np.abs(found - defined.ravel()).max().round(3))
    assert np.abs(found - expected.ravel()).max() < 1e-4 and (np.abs(found - defined.ravel()).max() > 0.1) == (beta == 2)
print("as stated")
PYTHON
venv/bin/python run.py
