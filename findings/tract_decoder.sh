#!/usr/bin/env bash
# tract 0.23.9 (ONNX in Rust, with Python): a ConvTranspose with output_shape gives a picture of the right size that lies a pixel off; an Einsum with "..." on one side loses frames.
#
# Expected: as of onnxruntime, or a refusal: padding is what is left over of output_shape, split between both sides (ONNX, ConvTranspose: total_padding); "...ij,jk->...ik" multiplies
# each frame of each batch by one matrix.
# What happens: nothing is cut off before, all behind. Of a kernel of 4 x 4 in steps of 2, the doubling of U-Nets, with output_shape 18 x 22 of 9 x 11 pixels each is the one up and left of
# it; the same with pads, as torch exports it, is right. "...ij,jk->...ik" of 2 x 3 frames of 4 x 5 with a matrix of 5 x 6 gives 3 x 4 x 6: the first axis is summed away. With "..." on
# both sides it is right. GridSample in cubic mode with border padding differs by up to 0.3 (not so with zeros or reflection). Nothing is said.
# Why it matters: converters from TensorFlow write output_shape. After four doublings a mask is 15 pixels off, and looks like a bad model.
# Of some 340 settings of operators 312 are as of onnxruntime, 11 are refused.
# Seen on 30 November 2026 with tract 0.23.9, onnxruntime 1.32.0, onnx 1.23.2, numpy 2.4.6, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages" tract==0.23.9 onnxruntime==1.32.0 onnx==1.23.2 numpy==2.4.6
cd "$folder"
cat >run.py <<'PYTHON'
import importlib.metadata

import numpy as np
import onnx
import onnxruntime
import tract
from onnx import TensorProto, helper, numpy_helper

onnxruntime.set_default_logger_severity(4)
random = np.random.default_rng(0)


def values(*shape):
    return random.normal(size=shape).astype(np.float32)


def both(nodes, given, constants):
    """What onnxruntime and tract make of the last node's "y"."""
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, given.shape)]
    outputs = [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)]
    graph = helper.make_graph(nodes, "net", inputs, outputs, [numpy_helper.from_array(value, name) for name, value in constants.items()])
    net = onnx.shape_inference.infer_shapes(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9))
    onnx.save(net, "net.onnx")
    right = onnxruntime.InferenceSession("net.onnx").run(None, {"x": given})[0]
    return right, tract.onnx().load("net.onnx").into_model().into_runnable().run([given])[0].to_numpy()


print("tract", importlib.metadata.version("tract"), "against onnxruntime", onnxruntime.__version__)
frames, kernel = values(1, 2, 9, 11), values(2, 3, 4, 4)
right, found = both([helper.make_node("ConvTranspose", ["x", "w"], ["y"], strides=[2, 2], output_shape=[18, 22])], frames, {"w": kernel})
moved = np.abs(found[:, :, 1:, 1:] - right[:, :, :-1, :-1]).max()
print(f"ConvTranspose to output_shape 18 x 22: {found.shape}, differs by {np.abs(found - right).max():.1f}, moved by a pixel by {moved:.0e}")
assert found.shape == right.shape and np.abs(found - right).max() > 1 and moved < 1e-4
padded, found = both([helper.make_node("ConvTranspose", ["x", "w"], ["y"], strides=[2, 2], pads=[1, 1, 1, 1])], frames, {"w": kernel})
print(f"the same by pads: differs by {np.abs(found - padded).max():.0e}")
assert np.allclose(found, right, atol=1e-4) and np.allclose(padded, right, atol=1e-4)

spot, doublings = np.zeros((1, 1, 8, 8), np.float32), 4
spot[..., 4, 4] = 1
smooth = (np.outer([1, 3, 3, 1], [1, 3, 3, 1]) / 16).astype(np.float32)[None, None]
nodes = [
    helper.make_node("ConvTranspose", [f"s{step}" if step else "x", "w"], [f"s{step + 1}" if step + 1 < doublings else "y"], strides=[2, 2], output_shape=[16 << step] * 2)
    for step in range(doublings)
]
centres = [np.array([(picture[0, 0].sum(axis=1 - axis) * np.arange(128)).sum() / picture.sum() for axis in (0, 1)]) for picture in both(nodes, spot, {"w": smooth})]
print("after four doublings a spot is at", centres[0].round(2).tolist(), "and", centres[1].round(2).tolist())
assert np.allclose(centres[1] - centres[0], 15, atol=0.01)

right, found = both([helper.make_node("Einsum", ["x", "w"], ["y"], equation="...ij,jk->...ik")], values(2, 3, 4, 5), {"w": values(5, 6)})
print(f"Einsum ...ij,jk->...ik: {found.shape} for {right.shape}, the sum over the first axis: {np.allclose(found, right.sum(axis=0), atol=1e-4)}")
assert found.shape == (3, 4, 6) and np.allclose(found, right.sum(axis=0), atol=1e-4)
places = np.clip(values(1, 5, 6, 2), -1.3, 1.3)
for padding, same in (("zeros", True), ("reflection", True), ("border", False)):
    right, found = both([helper.make_node("GridSample", ["x", "g"], ["y"], mode="cubic", padding_mode=padding)], frames, {"g": places})
    print(f"GridSample, cubic, {padding}: differs by {np.abs(found - right).max():.1g}")
    assert np.allclose(found, right, atol=1e-4) is same
print("as stated")
PYTHON
PYTHONPATH=$folder/packages python3 -s run.py
