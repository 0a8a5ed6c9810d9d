#!/usr/bin/env bash
# Aidge 0.10.1 (CEA's runtime and generator for embedded devices): bilinear GridSample of even tissue of 100 gives -100, bicubic millions; Resize by two of its ways takes other pixels.
#
# Expected: what ONNX's attributes say, as onnx's own evaluator and onnxruntime do, or a refusal, as of Gelu or Elu; even grey stays that grey however it is sampled within the frame.
# What happens: of a frame of 100 bilinear GridSample makes -100 everywhere, and of a grid that takes each pixel where it is it returns other pixels, turned negative (-6 for 1). Bicubic: between 400 and some -3.6 million. Padding and align_corners
# change nothing of that. Nearest is right, but for padding by the border with align_corners=0. Resize with keep_aspect_ratio_policy="not_larger" has the right size and other values (up to 0.7 of a frame of 2), and half_pixel_symmetric is taken
# for half_pixel. Nothing is said; Resize's other ways (88 settings of mode, rounding, coordinates and scales), convolutions, pooling and norms are right.
# Why it matters: networks that lay a fan flat, register frames or follow motion sample by a grid (torch's grid_sample) within the graph. Here the device's network sees the negative of other pixels.
# Seen on 30 November 2026 with aidge_core, aidge_backend_cpu and aidge_onnx 0.10.1, onnx 1.23.2, onnxruntime 1.32.0, numpy 2.4.6, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check aidge-core==0.10.1 aidge-backend-cpu==0.10.1 aidge-onnx==0.10.1 onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6 2>/dev/null
cat >run.py <<'PYTHON'
import aidge_core
import aidge_onnx
import numpy as np
import onnx
import onnxruntime
import aidge_backend_cpu  # noqa: F401
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

aidge_core.Log.set_console_level(aidge_core.Level.Fatal)


def answers(node, inputs, constants):
    """What onnxruntime and Aidge make of it, where onnx's own evaluator agrees with the first (NaN elsewhere, beyond the frame)."""
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, value.shape) for name, value in inputs.items()]
    fixed = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    graph = helper.make_graph([node], "one", values, [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)], fixed)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)])
    model.ir_version = 10
    model = onnx.shape_inference.infer_shapes(model, strict_mode=True)
    onnx.save(model, "one.onnx")
    [defined] = ReferenceEvaluator(model).run(None, inputs)
    [said] = onnxruntime.InferenceSession("one.onnx", providers=["CPUExecutionProvider"]).run(None, inputs)
    said = np.where(np.abs(said - defined) < 1e-3, said, np.nan)
    assert np.isfinite(said).mean() > 0.6
    loaded = aidge_onnx.load_onnx("one.onnx")
    loaded.set_backend("cpu")
    aidge_core.SequentialScheduler(loaded).forward(data=[aidge_core.Tensor(value) for value in inputs.values()])
    [last] = loaded.get_output_nodes()
    return said, np.array(last.get_operator().get_output(0))


def sampled(frame, grid, mode, padding="border", corners=1):
    node = helper.make_node("GridSample", ["x", "g"], ["y"], mode=mode, padding_mode=padding, align_corners=corners)
    return answers(node, {"x": frame, "g": grid}, {})


def resized(frame, third, fourth, **more):
    names = {name: value for name, value in (("s", third), ("z", fourth)) if value is not None}
    node = helper.make_node("Resize", ["x", "", "s" if third is not None else "", *(["z"] if fourth is not None else [])], ["y"], **more)
    return answers(node, {"x": frame}, names)


draw = np.random.default_rng(1)
even = np.full((1, 1, 8, 8), 100, np.float32)
within = draw.uniform(-0.8, 0.8, (1, 6, 6, 2)).astype(np.float32)
seen = {mode: sampled(even, within, mode)[1] for mode in ("nearest", "linear", "cubic")}
for mode, found in seen.items():
    print(f"even tissue of 100, GridSample {mode}: {found.min():.0f} to {found.max():.0f}")
assert np.allclose(seen["nearest"], 100) and np.allclose(seen["linear"], -100, atol=0.01)
assert seen["cubic"].max() > 200 and seen["cubic"].min() < -1e6
counted = np.arange(1, 17, dtype=np.float32).reshape(1, 1, 4, 4)
line = np.linspace(-1, 1, 4)
_, itself = sampled(counted, np.stack(np.meshgrid(line, line), -1)[None].astype(np.float32), "linear")
print("1 to 16, each pixel where it is, bilinear:", itself.round().astype(int).ravel().tolist())
assert itself[0, 0, 0, 0].round() == -6 and itself.max() <= 0
frame = draw.standard_normal((1, 2, 6, 8)).astype(np.float32)
around = draw.uniform(-1.2, 1.2, (1, 5, 7, 2)).astype(np.float32)
right = set()
for mode in ("nearest", "linear", "cubic"):
    for padding in ("zeros", "border", "reflection"):
        for corners in (0, 1):
            said, found = sampled(frame, around, mode, padding, corners)
            if np.nanmax(np.abs(said - found)) < 1e-3:
                right.add((mode, padding, corners))
print("GridSample as stated by ONNX:", sorted(right))
assert right == {("nearest", padding, corners) for padding in ("zeros", "border", "reflection") for corners in (0, 1)} - {("nearest", "border", 0)}
said, found = resized(frame, None, np.array([9, 9]), mode="linear", axes=[2, 3], keep_aspect_ratio_policy="not_larger")
print(f"Resize to 9 x 9, not larger: {found.shape[2:]}, off by up to {np.abs(said - found).max():.2f}")
assert found.shape == said.shape and np.abs(said - found).max() > 0.1
scales = np.array([1, 1, 1.5, 0.7], np.float32)
said, found = resized(frame, scales, None, mode="nearest", nearest_mode="floor", coordinate_transformation_mode="half_pixel_symmetric")
plain, _ = resized(frame, scales, None, mode="nearest", nearest_mode="floor", coordinate_transformation_mode="half_pixel")
print(f"Resize by 1.5 and 0.7, half_pixel_symmetric: {(found != said).mean():.0%} of pixels others, {(found != plain).mean():.0%} other than half_pixel's")
assert (found != said).any()
print("as stated")
PYTHON
venv/bin/python run.py 2>&1 | grep -v '^\['
