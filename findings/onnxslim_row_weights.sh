#!/usr/bin/env bash
# onnxslim 0.1.98 (shrinks ONNX models): weights by row or column that follow a convolution become weights by channel wherever their number is that of the channels.
#
# Expected: a slimmed model answers as before; "Mul" after a Conv goes into its weights only where it is by channel.
# What happens: the factors are squeezed and counted. A gain by depth, (64, 1), or a window across, (64,), on 64 channels of 64 x 64 is multiplied into the channels: rows keep
# their own brightness, and channels that belong together are weighted by what was meant for the upper and lower end of the picture. The same after ConvTranspose.
# With 32 channels the same model is right, so are factors by channel, and Add in place of Mul. Nothing is said, with the command nor the function. onnxsim 0.8.1 leaves all of them right.
# Why it matters: depth gain and the windows by which overlapping crops are blended are such factors, and 64 channels at 64 x 64 are common in small decoders of masks.
# Seen on 30 November 2026 with onnxslim 0.1.98, onnxsim 0.8.1, onnx 1.23.2, onnxruntime 1.32.0, numpy 2.4.6, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages" onnxslim==0.1.98 onnxsim==0.8.1 onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
cd "$folder"
cat >run.py <<'PYTHON'
import importlib.metadata
import subprocess
import sys

import numpy as np
import onnx
import onnxruntime
import onnxsim
from onnx import TensorProto, helper, numpy_helper

onnxruntime.set_default_logger_severity(4)
SIDE = 64
random = np.random.default_rng(0)
frame = random.uniform(0, 1, (1, 8, SIDE, SIDE)).astype(np.float32)
gain = np.linspace(1, 0.1, SIDE, dtype=np.float32)  # by depth, or from left to right


def model(channels, factors, transposed=False, operation="Mul"):
    shape = (8, channels, 1, 1) if transposed else (channels, 8, 3, 3)
    weights = [numpy_helper.from_array(random.normal(0, 0.1, shape).astype(np.float32), "w"), numpy_helper.from_array(factors, "k")]
    layer = helper.make_node("ConvTranspose", ["x", "w"], ["a"]) if transposed else helper.make_node("Conv", ["x", "w"], ["a"], pads=[1, 1, 1, 1])
    given = [helper.make_tensor_value_info("x", TensorProto.FLOAT, list(frame.shape))]
    answer = [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, channels, SIDE, SIDE])]
    graph = helper.make_graph([layer, helper.make_node(operation, ["a", "k"], ["y"])], "net", given, answer, weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def run(net):
    return onnxruntime.InferenceSession(net.SerializeToString()).run(None, {"x": frame})[0]


def slimmed(net):
    onnx.save(net, "in.onnx")
    subprocess.run([sys.executable, "-c", "import sys; from onnxslim.cli import main; sys.exit(main())", "in.onnx", "out.onnx"], check=True, capture_output=True)
    return onnx.load("out.onnx")


print("onnxslim", importlib.metadata.version("onnxslim"), "- largest difference in parts of the largest answer, and brightness of the lowest eighth by that of the highest")
rows, columns, channels = gain[:, None], gain, gain[:, None, None]
seen = {}
for name, case in {
    "64 channels, by row": (64, rows), "64 channels, by column": (64, columns), "64 channels, by row, after ConvTranspose": (64, rows, True),
    "32 channels, by row": (32, rows), "64 channels, by channel": (64, channels), "64 channels, by row, Add": (64, rows, False, "Add"),
}.items():
    net = model(*case)
    before, by_slim, by_sim = run(net), run(slimmed(net)), run(onnxsim.simplify(net)[0])
    top = np.abs(before).max()
    fall = [float(np.abs(answer[:, :, -8:]).mean() / np.abs(answer[:, :, :8]).mean()) for answer in (before, by_slim)]
    seen[name] = float(np.abs(by_slim - before).max() / top), fall
    assert np.abs(by_sim - before).max() < 1e-5 * top
    print(f"{name}: {seen[name][0]:.2f}; {fall[0]:.2f} before, {fall[1]:.2f} after")
wrong = list(seen)[:3]
assert all(seen[name][0] > 0.3 for name in wrong) and all(seen[name][0] < 1e-5 for name in seen if name not in wrong)
assert all(seen[name][1][0] < 0.25 and seen[name][1][1] > 0.9 for name in (wrong[0], wrong[2]))
print("as stated")
PYTHON
PYTHONPATH=$folder/packages python3 -s run.py
