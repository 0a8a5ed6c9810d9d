#!/usr/bin/env bash
# onnx 1.23.2: converted to a newer opset, a model's enlarged masks lie up to 3.5 pixels further down and right.
#
# Expected: version_converter.convert_version gives a model that answers the same. Up to opset 10 Resize and Upsample take an output
# pixel's place divided by the scale; from 11 on there is an attribute for that, which the converter would set to "asymmetric" (and
# nearest_mode to "floor").
# What happens: it adds an input and leaves the attributes out, so that their new defaults count, which align the centres of pixels. Logits
# enlarged 8 times give a disc that lies 3.5 pixels lower and further right, 1.5 at 4 times; a linear map that is reduced to a quarter moves
# by 1.5 of its pixels before, and nearest takes others, too. Checker and shape inference are content. Softmax, whose meaning changed between
# 11 and 13, is converted rightly; Hardmax isn't.
# Why it matters: an old segmentation model is converted so that it can be quantised (from opset 11 on) or run beside others: borders are
# off by millimetres of an ultrasound frame, in one direction, and Dice of a large structure hides it. Of torch's exports before
# opset 11 the same step corrects what the export had got wrong, so that a test by them doesn't find it.
# Seen on 29 November 2026 with onnx 1.23.2, onnxruntime 1.32.0, numpy 2.4.6, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check onnxruntime==1.32.0 onnx==1.23.2 numpy==2.4.6
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, checker, helper, numpy_helper, shape_inference, version_converter

y, x = np.mgrid[:64, :64]
disc = (12 - np.hypot(y - 30, x - 33)).astype(np.float32)[None, None]


def model(kind, opset, mode="linear", scale=1.0):
    scaled = kind in ("Resize", "Upsample")
    more = {"mode": mode} if scaled else {"axis": 2}
    kept = [numpy_helper.from_array(np.float32([1, 1, scale, scale]), "scales")] if scaled else []
    node = helper.make_node(kind, ["x", "scales"] if scaled else ["x"], ["y"], **more)
    size = int(64 * scale)
    shown = [helper.make_tensor_value_info(name, TensorProto.FLOAT, (1, 1, one, one)) for name, one in (("x", 64), ("y", size))]
    graph = helper.make_graph([node], "enlarged", shown[:1], shown[1:], kept)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=5)


def run(one):
    checker.check_model(shape_inference.infer_shapes(one, strict_mode=True))
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(one.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return session.run(None, {"x": disc})[0]


def middle(logits):
    return np.array([where.mean() for where in np.nonzero(logits[0, 0] > 0)])


print("onnx", onnx.__version__, "onnxruntime", onnxruntime.__version__)
moved, apart = {}, {}
for kind, opset, scale in (("Resize", 10, 2), ("Resize", 10, 4), ("Resize", 10, 8), ("Resize", 10, 0.25), ("Upsample", 9, 4)):
    for mode in ("linear", "nearest"):
        before = run(model(kind, opset, mode, scale))
        for newer in (11, 13, 18):
            after = run(version_converter.convert_version(model(kind, opset, mode, scale), newer))
            moved[kind, mode, scale, newer] = (middle(after) - middle(before)).round(2).tolist()
        print(f"{kind} {mode} by {scale}, {opset} to 11, 13, 18: moved (down, right)", *(moved[kind, mode, scale, one] for one in (11, 13, 18)))
for kind in ("Softmax", "Hardmax"):
    one = model(kind, 11)
    apart[kind] = float(np.abs(run(version_converter.convert_version(one, 13)) - run(one)).max())
    print(f"{kind} 11 to 13: apart {apart[kind]:g}")
expected = {("linear", 2): 0.5, ("linear", 4): 1.5, ("linear", 8): 3.5, ("nearest", 2): 0, ("nearest", 4): 0, ("nearest", 8): 0}
as_described = (
    all(moved[kind, mode, scale, newer] == [expected[mode, scale]] * 2 for kind, mode, scale, newer in moved if scale > 1)
    and all(-0.5 < one < -0.2 for newer in (11, 13, 18) for one in moved["Resize", "linear", 0.25, newer])
    and all(min(moved["Resize", "nearest", 0.25, newer]) < 0 for newer in (11, 13, 18))
    and apart["Softmax"] < 1e-6 and apart["Hardmax"] == 1
)
raise SystemExit(0 if as_described else "onnx does otherwise now")
PYTHON
