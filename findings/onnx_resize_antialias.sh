#!/usr/bin/env bash
# OpenVINO 2026.4.1 and OpenCV 5.0.0 (cv2.dnn) leave the antialiasing of Resize out, so a model that reduces its frames itself sees other ones.
#
# Expected: ONNX's Resize has `antialias`, `exclude_outside` and `keep_aspect_ratio_policy`; a runtime does what they say, or refuses the model.
# What happens: both ignore antialias: of a frame reduced to a quarter only the pixels nearest to each centre count. Speckle (a deviation of 50 grey levels) keeps 25, where onnxruntime
# leaves 8; a wall of one column is 128 in one place and 0 in the next, where onnxruntime has 40 to 56 in each. OpenVINO also ignores exclude_outside and
# keep_aspect_ratio_policy: a frame of 480 x 640 that is to fit into 256 x 256 is squeezed, 256 rows for 192. OpenCV refuses that one. Neither says a word.
# Why it matters: torch 2.13.0 exports interpolate(..., antialias=True), with which a model brings frames to its own size, as antialias and exclude_outside. The same
# file then segments other textures than the ones that it learned, and thin walls flicker.
# Seen on 29 November 2026 with openvino 2026.4.1, opencv-python-headless 5.0.0.93, onnxruntime 1.32.0, onnx 1.23.2, numpy 2.4.6, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
get=(python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages")
"${get[@]}" onnx==1.23.2 onnxruntime==1.32.0 openvino==2026.4.1 numpy==2.4.6
"${get[@]}" --no-deps opencv-python-headless==5.0.0.93
cd "$folder"
cat >run.py <<'PYTHON'
import cv2
import numpy as np
import onnx
import onnxruntime
import openvino
from onnx import TensorProto, helper, numpy_helper

onnxruntime.set_default_logger_severity(4)
HEIGHT, WIDTH = 480, 640
speckle = np.clip(np.random.default_rng(0).normal(128, 50, (HEIGHT, WIDTH)), 0, 255).astype(np.float32)
walls = np.zeros((HEIGHT, WIDTH), np.float32)
walls[:, [100, 201, 302, 403]] = 255  # one of each place within four columns


def model(sizes=None, scales=None, **more):
    wanted = numpy_helper.from_array(np.array(sizes, np.int64) if sizes else np.array(scales, np.float32), "s")
    node = helper.make_node("Resize", ["x", "", "", "s"] if sizes else ["x", "", "s"], ["y"], **more)
    given = [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 1, HEIGHT, WIDTH])]
    graph = helper.make_graph([node], "net", given, [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)], [wanted])
    whole = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    return onnx.shape_inference.infer_shapes(whole).SerializeToString()


def by_onnxruntime(net, frame):
    return onnxruntime.InferenceSession(net).run(None, {"x": frame[None, None]})[0][0, 0]


def by_openvino(net, frame):
    core = openvino.Core()
    return core.compile_model(core.read_model(net), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})({"x": frame[None, None]})[0][0, 0]


def by_opencv(net, frame):
    try:
        loaded = cv2.dnn.readNetFromONNX(np.frombuffer(net, np.uint8))
        loaded.setInput(frame[None, None], "x")
        return loaded.forward()[0, 0]
    except cv2.error:
        return None


runs = {"onnxruntime": by_onnxruntime, "OpenVINO": by_openvino, "OpenCV": by_opencv}
quarter = dict(scales=[1, 1, 0.25, 0.25], mode="linear", coordinate_transformation_mode="half_pixel")
smooth, plain = model(**quarter, antialias=1), model(**quarter)
fitted = model(sizes=[256, 256], mode="linear", axes=[2, 3], keep_aspect_ratio_policy="not_larger")
edges = dict(scales=[1, 1, 2, 2], mode="cubic", coordinate_transformation_mode="half_pixel")
inside, outside = model(**edges, exclude_outside=1), model(**edges)
seen = {}
for name, run in runs.items():
    deviation = round(float(run(smooth, speckle).std()))
    columns = [round(float(run(smooth, walls)[60, place // 4 - 2 : place // 4 + 3].max())) for place in (100, 201, 302, 403)]
    read_over = bool(np.allclose(run(smooth, speckle), run(plain, speckle), atol=1e-3))
    shape = run(fitted, speckle)
    cubic = bool(np.allclose(run(inside, speckle), run(outside, speckle), atol=1e-3))
    seen[name] = deviation, columns, read_over, None if shape is None else shape.shape, cubic
    print(f"{name}: deviation {deviation} (of 50), walls {columns} (of 255), as without antialias: {read_over}; fitted into 256 x 256: {seen[name][3]};",
          f"as without exclude_outside: {cubic}")
assert seen["onnxruntime"] == (8, [40, 56, 56, 40], False, (192, 256), False)
assert seen["OpenVINO"] == (25, [0, 128, 128, 0], True, (256, 256), True)
assert seen["OpenCV"] == (25, [0, 128, 128, 0], True, None, False)
print("as stated")
PYTHON
PYTHONPATH=$folder/packages python3 -s run.py 2>/dev/null
