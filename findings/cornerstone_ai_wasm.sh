#!/usr/bin/env bash
# @cornerstonejs/ai 4.19.0 (the click-to-segment tools of OHIF): with ?provider=wasm, for machines without a GPU, no model loads.
#
# Expected: the controller reads `provider` from the page's address; wasm runs the models on the processor, where WebGPU is missing.
# Seen (2026-11-28): it sets onnxruntime-web's path to the relative "ort/" and, for wasm alone, has the engine run in a worker. That
# worker is made from a blob, whose address has no folder, so "ort/" can't be resolved: "no available backend found". The error goes
# to the log's listeners alone, initModel() succeeds, and clicks are never answered. With an absolute path, set after the
# constructor and before initModel, the same page loads both models.
# Why it matters: a model that is small enough for the processor must be given with that line, or it looks broken.
# Needs node, npm and chromium; serves on loopback.
set -euo pipefail
folder="$(mktemp -d)"
server=""
trap '[ -z "$server" ] || kill "$server"; rm -rf "$folder"' EXIT
cd "$folder"
echo '{}' >package.json
npm install --silent --no-audit --no-fund @cornerstonejs/core@4.19.0 @cornerstonejs/tools@4.19.0 @cornerstonejs/ai@4.19.0 esbuild@0.25.0 >/dev/null 2>&1
python3 -m venv v
v/bin/pip install --quiet --disable-pip-version-check onnx==1.23.2
mkdir -p www/ort
cp node_modules/onnxruntime-web/dist/*.wasm www/ort/
v/bin/python - <<'PY'
import onnx
from onnx import TensorProto, helper

value = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in ("x", "y")]
graph = helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "same", value[:1], value[1:])
onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8), "www/model.onnx")
PY
cat >main.js <<'JS'
import ort from 'onnxruntime-web/webgpu';
import { ONNXSegmentationController } from '@cornerstonejs/ai';

const lines = [];
const model = (key) => ({ name: key, key, url: '/model.onnx', size: 1 });
const ai = new ONNXSegmentationController({
  listeners: [(...parts) => lines.push(parts.join(' '))],
  models: { same: [model('encoder'), model('decoder')] },
  modelName: 'same',
});
if (location.search.includes('absolute')) ort.env.wasm.wasmPaths = `${location.origin}/ort/`;
ai.initModel().then(() => fetch('/said', { method: 'POST', body: lines.join('\n') }));
JS
npx esbuild main.js --bundle --format=esm --define:global=window --outfile=www/main.js --log-level=error
echo '<!doctype html><script type=module src=main.js></script>' >www/index.html
cat >check.py <<'PY'
import functools
import http.server
import queue
import subprocess
import threading

said: queue.Queue[str] = queue.Queue()


class Page(http.server.SimpleHTTPRequestHandler):
    extensions_map = http.server.SimpleHTTPRequestHandler.extensions_map | {".wasm": "application/wasm"}

    def log_message(self, *_: object) -> None:
        pass

    def do_POST(self) -> None:
        said.put(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self.send_response(204)
        self.end_headers()


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Page, directory="www"))
threading.Thread(target=server.serve_forever, daemon=True).start()


def lines(query: str) -> str:
    address = f"http://127.0.0.1:{server.server_port}/?provider=wasm&threads=1{query}"
    options = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir=profile{len(query)}", "--remote-debugging-port=0"]
    browser = subprocess.Popen(["chromium", *options, address], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        return said.get(timeout=300)
    finally:
        browser.terminate()
        browser.wait()


relative, absolute = lines(""), lines("&absolute")
print("as the controller sets it:", relative, sep="\n")
print("with an absolute path:", absolute, sep="\n")
assert "no available backend found" in relative and "Failed to parse URL from ort/" in relative
assert "ready," in absolute and "no available backend" not in absolute
print("as stated")
PY
python3 check.py
