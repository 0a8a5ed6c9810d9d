#!/usr/bin/env bash
# OpenCV 5.0.0 and 4.13.0 (cv2.dnn): where a layer has weights of its own for each head, all heads but the first are wrong as soon as two frames go through at once.
#
# Expected: MatMul of (frames, heads, tokens, channels) with constant weights (heads, channels, width) as ONNX and NumPy have it, for any number of frames.
# What happens: with one frame it is right. With two or more the first head is right and every other one is another matrix, in all frames, the first included;
# the shape is right and nothing is said. Weights that come in as an input are right.
# Why it matters: a model is tried on one frame, and then given a cine in batches: attention that is folded head by head answers for every frame as if it had not been trained.
# Seen on 29 November 2026 with opencv-python-headless 5.0.0.93 and 4.13.0.92, onnxruntime 1.32.0, onnx 1.23.2, numpy 2.4.6, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
get=(python3 -m pip install --quiet --disable-pip-version-check --no-compile)
"${get[@]}" --target "$folder/packages" onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
"${get[@]}" --target "$folder/five" --no-deps opencv-python-headless==5.0.0.93
"${get[@]}" --target "$folder/four" --no-deps opencv-python-headless==4.13.0.92
cd "$folder"
cat >run.py <<'PYTHON'
import cv2
import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

onnxruntime.set_default_logger_severity(4)
HEADS, TOKENS, CHANNELS, WIDTH = 4, 7, 5, 6
random = np.random.default_rng(0)
weights = random.standard_normal((HEADS, CHANNELS, WIDTH)).astype(np.float32)


def heads_wrong(frames, constant, first=HEADS):
    """Which heads of which frames differ from NumPy's; onnxruntime's must not."""
    x = random.standard_normal((frames, first, TOKENS, CHANNELS)).astype(np.float32)
    given = [helper.make_tensor_value_info("x", TensorProto.FLOAT, x.shape)]
    if not constant:
        given.append(helper.make_tensor_value_info("w", TensorProto.FLOAT, weights.shape))
    found = [helper.make_tensor_value_info("y", TensorProto.FLOAT, (frames, HEADS, TOKENS, WIDTH))]
    kept = [numpy_helper.from_array(weights, "w")] if constant else []
    graph = helper.make_graph([helper.make_node("MatMul", ["x", "w"], ["y"])], "net", given, found, kept)
    net = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8).SerializeToString()
    feed = {"x": x} if constant else {"x": x, "w": weights}
    expected = x @ weights
    assert np.allclose(onnxruntime.InferenceSession(net).run(None, feed)[0], expected, atol=1e-4)
    loaded = cv2.dnn.readNetFromONNX(np.frombuffer(net, np.uint8))
    for name, value in feed.items():
        loaded.setInput(value, name)
    got = loaded.forward()
    return [[head for head in range(HEADS) if not np.allclose(got[i, head], expected[i, head], atol=1e-3)] for i in range(frames)]


seen = {
    name: heads_wrong(*case)
    for name, case in {
        "one frame": (1, True), "two frames": (2, True), "three frames": (3, True), "two frames, tokens shared by the heads": (2, True, 1),
        "two frames, weights given as an input": (2, False),
    }.items()
}
print("OpenCV", cv2.__version__, "- heads that are wrong, frame by frame")
for name, wrong in seen.items():
    print(f"  {name}: {wrong}")
others = [1, 2, 3]
assert list(seen.values()) == [[[]], [others] * 2, [others] * 3, [others] * 2, [[], []]]
print("as stated")
PYTHON
PYTHONPATH=$folder/four:$folder/packages python3 -s run.py
PYTHONPATH=$folder/five:$folder/packages python3 -s run.py
