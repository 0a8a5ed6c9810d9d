#!/usr/bin/env bash
# Apache TVM 0.27.0.post1: a model's Resize forgets its antialiasing and its scales, a ConvTranspose its output_shape, a MaxPool its padding: other values, other sizes, no message.
#
# Expected: from_onnx imports what an operator's attributes say, or refuses the model, as it does for axes and half_pixel_symmetric.
# What happens: antialias is ignored: of speckle (a deviation of 50 grey levels) reduced to a quarter 25 is left, where onnxruntime leaves 8. Scales are replaced by the ratio of
# the sizes, so a frame of 45 columns enlarged by 1.3 is up to half a pixel off. ConvTranspose with strides of 2 and output_shape 18 x 22 gives 19 x 23;
# MaxPool with SAME_LOWER gives 4 x 5 for 5 x 6. 40 other settings of Resize in sizes, plain ConvTranspose, SAME_UPPER and GridSample agree with onnxruntime.
# Why it matters: torch exports interpolate(..., antialias=True) as antialias and scale_factor as scales: the same file then sees other textures and lays its mask elsewhere.
# Seen on 30 November 2026 with apache-tvm 0.27.0.post1, onnx 1.19.1, onnxruntime 1.28.0, numpy 2.4.6, Python 3.11 (another runtime than those of onnx_resize_antialias.sh).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check --no-compile apache-tvm==0.27.0.post1 onnx==1.19.1 onnxruntime==1.28.0 numpy==2.4.6
cd "$folder"
cat >run.py <<'PYTHON'
import importlib.metadata

import numpy as np
import onnx
import onnxruntime
import tvm
from onnx import helper, numpy_helper
from tvm import relax
from tvm.relax.frontend.onnx import from_onnx

random = np.random.default_rng(0)


def both(operator, x, inputs=("x",), attributes=None, **constants):
    """onnxruntime's and TVM's result of one operator."""
    node = helper.make_node(operator, list(inputs), ["y"], **(attributes or {}))
    value = helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, x.shape)
    initial = [numpy_helper.from_array(array, name) for name, array in constants.items()]
    graph = helper.make_graph([node], "g", [value], [onnx.ValueInfoProto(name="y")], initial)
    model = onnx.shape_inference.infer_shapes(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9))
    want = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"]).run(None, {"x": x})[0]
    machine = relax.VirtualMachine(tvm.compile(from_onnx(model, keep_params_in_input=False), target="llvm"), tvm.cpu())
    return want, np.asarray(machine["main"](tvm.runtime.tensor(x)).numpy())


def resized(x, size=None, scales=None, **attributes):
    name, array = ("sizes", np.array(size, np.int64)) if size else ("scales", np.array(scales, np.float32))
    inputs = ("x", "", "", "sizes") if size else ("x", "", "scales")
    return both("Resize", x, inputs, attributes, **{name: array})


print("apache-tvm", importlib.metadata.version("apache-tvm"), "- onnxruntime's result and TVM's")
speckle = (128 + 50 * random.standard_normal((1, 1, 256, 320))).astype(np.float32)
left = [float(result.std()) for result in resized(speckle, [1, 1, 64, 80], mode="linear", antialias=1)]
print("deviation of speckle of 50, reduced to a quarter with antialias:", [round(value, 1) for value in left])
assert left[0] < 10 and 23 < left[1] < 27
columns = np.tile(np.arange(45, dtype=np.float32), (30, 1))[None, None]  # each pixel holds its column
want, got = resized(columns, scales=[1, 1, 1.3, 1.3], mode="linear")
shift = (got - want)[0, 0, 10]
print(f"columns of 45 enlarged by 1.3: {want.shape[-1]} and {got.shape[-1]}; TVM is up to {np.abs(shift).max() * 1.3:.2f} pixels of the result off")
assert want.shape == got.shape and 0.4 < np.abs(shift).max() * 1.3 < 0.6
few = random.standard_normal((1, 4, 9, 11)).astype(np.float32)
kernel = random.standard_normal((4, 3, 3, 3)).astype(np.float32)
sizes = {
    "ConvTranspose output_shape": both("ConvTranspose", few, ("x", "w"), {"strides": [2, 2], "output_shape": [18, 22]}, w=kernel),
    "MaxPool SAME_LOWER": both("MaxPool", few, ("x",), {"kernel_shape": [3, 3], "strides": [2, 2], "auto_pad": "SAME_LOWER"}),
}
for name, (want, got) in sizes.items():
    print(f"{name}: {want.shape[2:]} and {got.shape[2:]}")
assert [pair[1].shape[2:] for pair in sizes.values()] == [(19, 23), (4, 5)] and [pair[0].shape[2:] for pair in sizes.values()] == [(18, 22), (5, 6)]
plain = both("ConvTranspose", few, ("x", "w"), {"strides": [2, 2], "output_padding": [1, 1]}, w=kernel)
agree = 0
for size in ([1, 1, 60, 90], [1, 1, 20, 31]):
    for mode in ("linear", "cubic"):
        for place in ("half_pixel", "align_corners", "asymmetric", "pytorch_half_pixel"):
            agree += np.allclose(*resized(columns, size, mode=mode, coordinate_transformation_mode=place), atol=1e-3)
    for rounding in ("round_prefer_floor", "round_prefer_ceil", "floor", "ceil"):
        for place in ("half_pixel", "asymmetric", "align_corners"):
            agree += np.array_equal(*resized(columns, size, mode="nearest", nearest_mode=rounding, coordinate_transformation_mode=place))
print(f"{agree} of 40 other settings of Resize agree")
assert np.allclose(*plain, atol=1e-4) and agree == 40
print("as stated")
PYTHON
"$folder/venv/bin/python" -s run.py 2>/dev/null
