#!/usr/bin/env bash
# OpenCV 5.0.0 (cv2.dnn): nets that pad to SAME, as those of TensorFlow and Keras do, answer otherwise: masks lie up to 31 pixels off, decoders lose a pixel; OpenVINO's
# decoders grow by one.
#
# Expected: auto_pad SAME_UPPER and SAME_LOWER of ONNX: frames of n pixels become n / 2 (a stride of 2) and 2n on the way back (ConvTranspose), an odd pixel of padding
# goes to the end or to the beginning, as its name says; or a refusal.
# What happens: OpenCV puts SAME_UPPER's odd pixel at the beginning: a convolution of 3 x 3 with a stride of 2 on an even frame, and pooling too. Each level
# moves what is seen by one of its pixels: three levels 7 pixels of the frame, five (the depth of MobileNet and EfficientNet) 31. Some of SAME_LOWER goes to the end. A ConvTranspose gives 2n - 1, and of
# `output_shape` 2n + 2. OpenCV 4.13.0 has SAME_UPPER of convolutions and pooling right, the rest wrong as well.
# OpenVINO is right where the model names the size of a frame. Where it leaves it open, ConvTranspose of 3 x 3 gives 2n + 1, of 4 x 4 2n + 2. Nobody says a word.
# Why it matters: a mask beside its structure, of the right shape and with the right score; millimetres hardly differ, places do.
# Seen on 29 November 2026 with opencv-python-headless 5.0.0.93 and 4.13.0.92, openvino 2026.4.1, onnxruntime 1.32.0, onnx 1.23.2, numpy 2.4.6, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
get=(python3 -m pip install --quiet --disable-pip-version-check --no-compile)
"${get[@]}" --target "$folder/packages" onnx==1.23.2 onnxruntime==1.32.0 openvino==2026.4.1 numpy==2.4.6
"${get[@]}" --target "$folder/five" --no-deps opencv-python-headless==5.0.0.93
"${get[@]}" --target "$folder/four" --no-deps opencv-python-headless==4.13.0.92
cd "$folder"
cat >run.py <<'PYTHON'
import sys

import cv2
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

onnxruntime.set_default_logger_severity(4)
HEIGHT, WIDTH = 480, 640
y, x = np.mgrid[:HEIGHT, :WIDTH]
FRAME = (np.hypot(x - 300, y - 220) < 100).astype(np.float32)[None, None]


def model(nodes, constants, open_size=False):
    size = ["h", "w"] if open_size else [HEIGHT, WIDTH]
    given = [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 1, *size])]
    found = [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)]
    kept = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "net", given, found, kept)
    whole = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    return onnx.shape_inference.infer_shapes(whole).SerializeToString()


def by_onnxruntime(net):
    return onnxruntime.InferenceSession(net).run(None, {"x": FRAME})[0]


def by_opencv(net):
    loaded = cv2.dnn.readNetFromONNX(np.frombuffer(net, np.uint8))
    loaded.setInput(FRAME, "x")
    return loaded.forward()


def by_openvino(net):
    import openvino

    core = openvino.Core()
    compiled = core.compile_model(core.read_model(net), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return np.array(compiled({"x": FRAME})[0])


def encoder(levels):
    nodes = [
        helper.make_node("Conv", ["x" if i == 0 else f"a{i}", "w"], ["y" if i == levels - 1 else f"a{i + 1}"], strides=[2, 2], auto_pad="SAME_UPPER")
        for i in range(levels)
    ]
    return model(nodes, {"w": np.full((1, 1, 3, 3), 1 / 9, np.float32)})


def one(kind, side, stride, open_size=False, **more):
    weights = [] if kind.endswith("Pool") else ["w"]
    if kind.endswith("Pool"):
        more["kernel_shape"] = [side, side]
    node = helper.make_node(kind, ["x", *weights], ["y"], strides=[stride, stride], **more)
    constants = {"w": np.arange(side * side, dtype=np.float32).reshape(1, 1, side, side)} if weights else {}
    return model([node], constants, open_size)


def centre(answer, levels):
    """Of the disc, weighted by what is left of it, in pixels of the frame."""
    weights, (rows, columns) = answer[0, 0], np.indices(answer.shape[2:])
    return tuple(float((weights * axis).sum() / weights.sum()) * 2**levels for axis in (rows, columns))


def compared(net, run):
    expected, got = by_onnxruntime(net), run(net)
    return got.shape[2:] if got.shape != expected.shape else "the same" if np.allclose(got, expected, atol=1e-3) else "other values"


print("OpenCV", cv2.__version__)
seen = {}
for levels in (1, 3, 5):
    net = encoder(levels)
    right, got = centre(by_onnxruntime(net), levels), centre(by_opencv(net), levels)
    seen[levels] = tuple(round(b - a) for a, b in zip(right, got, strict=True))
    print(f"  a disc after {levels} convolutions of 3 x 3, stride 2, SAME_UPPER: moved by {seen[levels]} pixels against onnxruntime")
cases = {
    "MaxPool 3/2 upper": ("MaxPool", 3, 2, {"auto_pad": "SAME_UPPER"}), "AveragePool 3/2 upper": ("AveragePool", 3, 2, {"auto_pad": "SAME_UPPER"}),
    "AveragePool 2/1 lower": ("AveragePool", 2, 1, {"auto_pad": "SAME_LOWER"}), "Conv 2/1 lower": ("Conv", 2, 1, {"auto_pad": "SAME_LOWER"}),
    "ConvTranspose 3/2 upper": ("ConvTranspose", 3, 2, {"auto_pad": "SAME_UPPER"}), "ConvTranspose 4/2 upper": ("ConvTranspose", 4, 2, {"auto_pad": "SAME_UPPER"}),
    "ConvTranspose 3/2 to 960 x 1280": ("ConvTranspose", 3, 2, {"output_shape": [2 * HEIGHT, 2 * WIDTH]}),
}
for name, (kind, side, stride, more) in cases.items():
    seen[name] = compared(one(kind, side, stride, **more), by_opencv)
    print(f"  {name}: {seen[name]}")
if sys.argv[1] == "4":
    assert [seen[levels] for levels in (1, 3, 5)] == [(0, 0)] * 3
    raise SystemExit
assert [seen[levels] for levels in (1, 3, 5)] == [(1, 1), (7, 7), (31, 31)]
assert [seen[name] for name in cases][:4] == ["other values"] * 4
assert [seen[name] for name in cases][4:] == [(959, 1279)] * 2 + [(962, 1282)]
print("OpenVINO, the size named and open")
vino = {}
for name, (kind, side, stride, more) in cases.items():
    vino[name] = tuple(compared(one(kind, side, stride, open_size=size, **more), by_openvino) for size in (False, True))
    print(f"  {name}: {vino[name]}")
assert [vino[name] for name in cases][:4] == [("the same", "the same")] * 4
assert [vino[name] for name in cases][4:] == [("the same", (961, 1281)), ("the same", (962, 1282)), ("the same", "other values")]
print("as stated")
PYTHON
PYTHONPATH=$folder/four:$folder/packages python3 -s run.py 4
PYTHONPATH=$folder/five:$folder/packages python3 -s run.py 5
