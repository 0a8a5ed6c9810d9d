#!/usr/bin/env bash
# MNN 3.6.1 (model runtime for phones): GridSample knows neither bicubic nor reflection, Resize's "nearest" no rounding up; other pixels are taken, and nothing is said.
#
# Expected: what ONNX's attributes say, as onnxruntime does, or a converter that refuses what it can't do, as it refuses others.
# What happens: bicubic GridSample is the bilinear one, to the bit of float32, and reflection is the border's pixel repeated. Of "nearest" with ceil or round_prefer_ceil each is as floor:
# a picture brought to half takes columns 0, 2, 4 for 1, 3, 5, labels are a pixel further up and left. An average pool that counts its padding doesn't where there is
# padding at the lower and right edge alone. Bilinear and nearest GridSample with zeros or border, Resize linear, and nearest with floor or round_prefer_floor are right.
# Why it matters: networks that lay a fan flat or scan-convert within the graph do it by GridSample (torch's grid_sample), and flow and registration networks use reflection at
# the sector's edge. The mask of such a model is another one on the phone.
# Seen on 30 November 2026 with mnn 3.6.1, onnx 1.23.2, onnxruntime 1.32.0, numpy 2.4.6, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages" mnn==3.6.1 onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
cd "$folder"
cat >mnn.py <<'PYTHON'
import _tools
import numpy as np

_tools.mnnconvert(["", "-f", "ONNX", "--modelFile", "m.onnx", "--MNNModel", "m.mnn", "--bizCode", "none"])
import MNN.expr as F
import MNN.nn as nn

frame = np.load("x.npy")
given = F.placeholder(list(frame.shape), F.NCHW, F.float)
given.write(frame.flatten().tolist())
answer = F.convert(nn.load_module_from_file("m.mnn", ["x"], ["y"]).forward(given), F.NCHW)
np.save("y.npy", np.array(answer.read()).reshape(answer.shape))
PYTHON
cat >run.py <<'PYTHON'
import importlib.metadata
import pathlib
import subprocess
import sys

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

onnxruntime.set_default_logger_severity(4)
random = np.random.default_rng(0)
frame = random.uniform(0, 255, (1, 1, 32, 46)).astype(np.float32)
columns = np.broadcast_to(np.arange(46, dtype=np.float32), frame.shape).copy()
places = random.uniform(-1.2, 1.2, (1, 20, 30, 2)).astype(np.float32)


def model(operation, inputs, weights, version, **attributes):
    given = [helper.make_tensor_value_info("x", TensorProto.FLOAT, list(frame.shape))]
    made = [numpy_helper.from_array(value, name) for name, value in weights.items()]
    graph = helper.make_graph([helper.make_node(operation, inputs, ["y"], **attributes)], "net", given, [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)], made)
    return onnx.shape_inference.infer_shapes(helper.make_model(graph, opset_imports=[helper.make_opsetid("", version)], ir_version=8))


def sample(mode, padding):
    return model("GridSample", ["x", "g"], {"g": places}, 16, mode=mode, padding_mode=padding, align_corners=0)


def resize(mode, **more):
    return model("Resize", ["x", "", "s"], {"s": np.array([1, 1, 0.5, 0.5], np.float32)}, 18, mode=mode, coordinate_transformation_mode="half_pixel", **more)


def pool(**more):
    return model("AveragePool", ["x"], {}, 17, kernel_shape=[3, 3], strides=[2, 2], **more)


def by_onnxruntime(net, x=frame):
    return onnxruntime.InferenceSession(net.SerializeToString()).run(None, {"x": x})[0]


def by_mnn(net, x=frame):
    onnx.save(net, "m.onnx")
    np.save("x.npy", x)
    pathlib.Path("y.npy").unlink(missing_ok=True)
    subprocess.run([sys.executable, "-s", "mnn.py"], check=True, capture_output=True)
    return np.load("y.npy")


def off(one, other):
    return float(np.abs(one - other).max())


print("mnn", importlib.metadata.version("mnn"), "- largest difference in grey levels of 255")
right = {"GridSample bilinear, zeros": sample("bilinear", "zeros"), "bilinear, border": sample("bilinear", "border"), "nearest, zeros": sample("nearest", "zeros"),
         "Resize linear": resize("linear"), "nearest, floor": resize("nearest", nearest_mode="floor"), "nearest, round_prefer_floor": resize("nearest", nearest_mode="round_prefer_floor"),
         "AveragePool, one pixel of padding around": pool(pads=[1, 1, 1, 1], count_include_pad=1)}
for name, net in right.items():
    difference = off(by_mnn(net), by_onnxruntime(net))
    print(f"{name}: {difference:.3f}")
    assert difference < 0.05, name
for name, net, instead in (
    ("GridSample bicubic, zeros", sample("bicubic", "zeros"), sample("bilinear", "zeros")), ("bicubic, border", sample("bicubic", "border"), sample("bilinear", "border")),
    ("bilinear, reflection", sample("bilinear", "reflection"), sample("bilinear", "border")), ("nearest, reflection", sample("nearest", "reflection"), sample("nearest", "border")),
):
    found = by_mnn(net)
    print(f"{name}: {off(found, by_onnxruntime(net)):.0f}; from {'bilinear' if 'bicubic' in name else 'border'} {off(found, by_onnxruntime(instead)):.3f}")
    assert off(found, by_onnxruntime(net)) > 20 and off(found, by_onnxruntime(instead)) < 0.05, name
for rounding in ("ceil", "round_prefer_ceil"):
    net = resize("nearest", nearest_mode=rounding)
    taken = [answer[0, 0, 0, :4].astype(int).tolist() for answer in (by_onnxruntime(net, columns), by_mnn(net, columns))]
    print(f"nearest, {rounding}: columns {taken[1]} for {taken[0]}")
    assert taken == [[1, 3, 5, 7], [0, 2, 4, 6]]
found = by_mnn(pool(pads=[0, 0, 1, 1], count_include_pad=1))
counted, uncounted = (by_onnxruntime(pool(pads=[0, 0, 1, 1], count_include_pad=count)) for count in (1, 0))
print(f"AveragePool, padding at the lower and right edge counted: {off(found, counted):.0f}; not counted {off(found, uncounted):.3f}")
assert off(found, counted) > 20 and off(found, uncounted) < 0.05
print("as stated")
PYTHON
PYTHONPATH=$folder/packages python3 -s run.py
