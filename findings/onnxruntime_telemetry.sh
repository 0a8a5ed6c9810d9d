#!/usr/bin/env bash
# onnxruntime's Linux wheel, 1.32.0: a process that holds a session leaves a file `.ses` in TMPDIR.
#
# Expected: an inference library for the CPU writes nothing and asks for nobody; if it did, `disable_telemetry_events()`, its own
# function, would stop it.
# Seen (2026-11-28, Python 3.11, Linux x86-64): 1.32.0 writes `.ses`, of 51 bytes, within 3 s, and also when
# `disable_telemetry_events()` is called first; with ORT_DISABLE_TELEMETRY=1 before the import it doesn't. 1.22.1 never does.
# In a network namespace with a resolver that writes down what it is asked, the same process looks up
# mobile.events.data.microsoft.com, 4 times in 16 s (benchmarks/network_silence.py --unsilenced).
# Why it matters: a hospital's network sees a workstation with patients' images ask for that host.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cat >"$folder/hold.py" <<'PY'
import sys, time
import onnx, onnxruntime
from onnx import TensorProto, helper

if "disabled" in sys.argv:
    onnxruntime.disable_telemetry_events()
x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in "xy")
graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "g", [x], [y])
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
time.sleep(3)
PY
unset ORT_DISABLE_TELEMETRY
held() {  # version, what is said, arguments: prints what is left in a fresh TMPDIR
    local left="$folder/left"
    rm -rf "$left" && mkdir "$left"
    env "$2" TMPDIR="$left" "$folder/$1/bin/python" "$folder/hold.py" "${@:3}"
    echo "onnxruntime $1, $2 ${*:3}: $(ls -A "$left" | tr '\n' ' ')"
    ls -A "$left" >"$folder/found"
}
for version in 1.32.0 1.22.1; do
    python3 -m venv "$folder/$version"
    "$folder/$version/bin/pip" install --quiet --disable-pip-version-check "onnxruntime==$version" onnx==1.19.1
done
held 1.32.0 UNSET=1 && grep -qx .ses "$folder/found"
held 1.32.0 UNSET=1 disabled && grep -qx .ses "$folder/found"
held 1.32.0 ORT_DISABLE_TELEMETRY=1 && ! [ -s "$folder/found" ]
held 1.22.1 UNSET=1 && ! [ -s "$folder/found" ]
echo "as stated"
