#!/usr/bin/env bash
# pnnx 20261020 with ncnn 1.0.20261020 (Tencent's runtime for phones): of an ONNX model the mean over channels is left out, a flip is left out, space-to-depth mixes up its channels, and resizing takes other pixels.
#
# Expected: what ONNX says of each operator and onnxruntime answers, or a refusal, as of ArgMax, CumSum, Pad over channels or a flip that isn't whole.
# What happens: pnnx converts without a warning, and ncnn answers. Behind a convolution, ReduceMean (and Sum, L1, L2, LogSumExp) over the channels or over one side returns its input with all three channels and both sides. Slice by steps of -1 over a whole
# axis isn't there any more. SpaceToDepth becomes torch's pixel_unshuffle, whose channels lie in another order (0 4 8 1 5 9 ... for 0 1 2 ...). AveragePool with SAME_UPPER counts the zeros beyond the frame: 44 in the corner of a frame of 100.
# Resize by "asymmetric", linear or cubic, is done as "half_pixel" (half a pixel off when enlarged by two), nearest by "half_pixel" and "align_corners" with "floor" as "asymmetric", antialias=1 as without. ConvTranspose with output_shape has a row and a
# column more. "half_pixel" and "align_corners", linear and cubic, convolutions, pooling by `pads`, norms, softmax and bilinear grids are right.
# Why it matters: "asymmetric" is what Keras' and older torch's enlarging becomes in ONNX: the mask is displaced. Attention over places (CBAM) takes the channels' mean, flipped copies are how a network is averaged, stems fold pixels into channels.
# Seen on 1 December 2026 with pnnx 20261020, ncnn 1.0.20261020, onnx 1.23.2, onnxruntime 1.32.0, numpy 2.4.6, Python 3.11. pnnx without torch, which its converter doesn't need.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6 2>/dev/null
venv/bin/pip install --quiet --disable-pip-version-check --no-deps pnnx==20261020 ncnn==1.0.20261020 2>/dev/null
cat >run.py <<'PYTHON'
import subprocess
from importlib.util import find_spec

import ncnn
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

CONVERTER = f"{find_spec('pnnx').submodule_search_locations[0]}/pnnx"
draw = np.random.default_rng(0)


def answers(frame, operator, constants=None, **attributes):
    """What onnxruntime and ncnn make of frame (1, C, H, W) behind a convolution that leaves it as it is."""
    channels = frame.shape[1]
    constants = {name: np.asarray(value) for name, value in (constants or {}).items()}
    inputs = ["same", *(["", *constants] if operator == "Resize" else constants)]
    nodes = [helper.make_node("Conv", ["x", "one"], ["same"], group=channels), helper.make_node(operator, inputs, ["y"], **attributes)]
    fixed = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    fixed += [numpy_helper.from_array(np.ones((channels, 1, 1, 1), np.float32), "one")]
    values = [helper.make_tensor_value_info("x", TensorProto.FLOAT, frame.shape)]
    graph = helper.make_graph(nodes, "one", values, [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)], fixed)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)])
    model.ir_version = 10
    onnx.save(onnx.shape_inference.infer_shapes(model, strict_mode=True), "one.onnx")
    [defined] = onnxruntime.InferenceSession("one.onnx", providers=["CPUExecutionProvider"]).run(None, {"x": frame})
    shape = ",".join(map(str, frame.shape))
    done = subprocess.run([CONVERTER, "one.onnx", f"inputshape=[{shape}]f32", "fp16=0"], capture_output=True, text=True, check=True)
    told = [line.lower() for line in (done.stdout + done.stderr).splitlines() if "[W:onnxruntime" not in line]  # that one is about the processor
    assert not any(word in line for line in told for word in ("warn", "fallback", "not supported", "ignore"))
    net = ncnn.Net()
    net.opt.use_vulkan_compute = net.opt.use_fp16_packed = net.opt.use_fp16_storage = net.opt.use_fp16_arithmetic = False
    net.opt.num_threads = 1
    assert net.load_param("one.ncnn.param") == 0 and net.load_model("one.ncnn.bin") == 0
    run = net.create_extractor()
    run.input("in0", ncnn.Mat(np.ascontiguousarray(frame[0])).clone())
    code, found = run.extract("out0")
    assert code == 0
    return defined[0], np.array(found)


def off(*said, **attributes):
    defined, found = answers(*said, **attributes)
    return round(float(np.abs(defined - found).max()), 2) if defined.shape == found.shape else (defined.shape, found.shape)


frame = draw.random((1, 3, 12, 16)).astype(np.float32)
reduced = {op: off(frame, op, {"axes": np.array([1])}, keepdims=1) for op in ("ReduceMean", "ReduceSum", "ReduceL2", "ReduceLogSumExp")}
print("over channels, shapes by ONNX and by ncnn:", reduced)
_, found = answers(frame, "ReduceMean", {"axes": np.array([1])}, keepdims=1)
assert set(reduced.values()) == {((1, 12, 16), (3, 12, 16))} and np.abs(found - frame[0]).max() < 1e-6
assert off(frame, "ReduceMean", {"axes": np.array([2, 3])}, keepdims=1) < 1e-3

ends = {"a": np.array([-1]), "b": np.array([-100]), "c": np.array([3]), "d": np.array([-1])}
_, found = answers(frame, "Slice", ends)
print("flipped: as the frame was by", np.abs(found - frame[0]).max())
assert np.abs(found - frame[0]).max() < 1e-6

numbered = np.broadcast_to(np.arange(3, dtype=np.float32)[None, :, None, None], (1, 3, 4, 4)) + 3 * np.tile([[0, 1], [2, 3]], (2, 2)).astype(np.float32)
defined, found = answers(np.ascontiguousarray(numbered), "SpaceToDepth", blocksize=2)
print("space to depth:", defined[:, 0, 0].astype(int).tolist(), "by ncnn", found[:, 0, 0].astype(int).tolist())
assert found[:, 0, 0].tolist() == np.arange(12).reshape(4, 3).T.ravel().tolist() and defined[:, 0, 0].tolist() == list(range(12))

even = np.full((1, 3, 12, 16), 100, np.float32)
_, found = answers(even, "AveragePool", kernel_shape=[3, 3], auto_pad="SAME_UPPER")
print("mean of even 100, SAME_UPPER: corner", round(float(found[0, 0, 0]), 1), "within", round(float(found[0, 5, 5]), 1))
assert abs(found[0, 0, 0] - 400 / 9) < 0.1 and abs(found[0, 5, 5] - 100) < 0.1
assert off(frame, "AveragePool", kernel_shape=[3, 3], pads=[1, 1, 1, 1]) < 1e-3

ramp = np.broadcast_to(np.arange(16, dtype=np.float32), (1, 1, 12, 16)).copy()
for mode, place, more in (("linear", "asymmetric", {}), ("cubic", "asymmetric", {}), ("nearest", "half_pixel", {"nearest_mode": "floor"}), ("nearest", "align_corners", {"nearest_mode": "floor"})):
    defined, found = answers(ramp, "Resize", {"s": np.array([1, 1, 2, 2], np.float32)}, mode=mode, coordinate_transformation_mode=place, **more)
    print(f"enlarged by two, {mode}, {place}: {defined[0, 5, 8:14].round(2).tolist()} by ncnn {found[0, 5, 8:14].round(2).tolist()}")
    taken, _ = answers(ramp, "Resize", {"s": np.array([1, 1, 2, 2], np.float32)}, mode=mode, coordinate_transformation_mode="asymmetric" if mode == "nearest" else "half_pixel", **more)
    assert np.abs(found - taken).max() < 1e-3 and np.abs(found - defined).max() > 0.2
assert all(off(frame, "Resize", {"s": np.array([1, 1, 2, 2], np.float32)}, mode=mode, coordinate_transformation_mode=place) < 1e-3
           for mode in ("linear", "cubic") for place in ("half_pixel", "align_corners"))
smoothed = off(frame, "Resize", {"s": np.array([1, 1, 0.5, 0.5], np.float32)}, mode="linear", antialias=1)
enlarged = off(frame, "ConvTranspose", {"w": draw.random((3, 2, 3, 3)).astype(np.float32)}, strides=[2, 2], output_shape=[24, 32])
print("antialias off by", smoothed, "; ConvTranspose's output_shape:", enlarged)
assert smoothed > 0.05 and enlarged == ((2, 24, 32), (2, 25, 33))
print("as stated")
PYTHON
venv/bin/python run.py
