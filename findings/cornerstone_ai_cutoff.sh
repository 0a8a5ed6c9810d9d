#!/usr/bin/env bash
# @cornerstonejs/ai 4.19.0 (the click-to-segment tools of OHIF): of a SAM mask's logits it keeps those over 0.25, not those over 0.
#
# Expected: SAM's decoder gives logits; inside is what is over 0 (mask_threshold in segment-anything).
# Seen (2026-11-28): the controller turns the mask into an image, value times 255, cut to 0 and 255, and keeps what is over
# pCutoff = 64. A pixel is inside from a logit of 64.5 / 255 = 0.253 on; 0.1 and 0.25 are outside, and everything over 1 is alike,
# so that setPCutoff can only move the threshold between 0 and 1.
# Why it matters: every outline is drawn inside of the model's own, further for a model whose logits rise slowly. A decoder for OHIF
# can add 64.5 / 255 to its masks.
# Needs node, npm and chromium; serves on loopback.
set -euo pipefail
folder="$(mktemp -d)"
server=""
trap '[ -z "$server" ] || kill "$server"; rm -rf "$folder"' EXIT
cd "$folder"
echo '{}' >package.json
npm install --silent --no-audit --no-fund @cornerstonejs/core@4.19.0 @cornerstonejs/tools@4.19.0 @cornerstonejs/ai@4.19.0 esbuild@0.25.0 >/dev/null 2>&1
mkdir www
cat >main.js <<'JS'
import ort from 'onnxruntime-web/webgpu';
import { ONNXSegmentationController } from '@cornerstonejs/ai';

const logits = Float32Array.of(-1, 0.1, 0.25, 0.26, 1, 9);
const ai = new ONNXSegmentationController({ modelName: 'none', models: {} });
const { data } = new ort.Tensor('float32', logits, [1, 1, 1, logits.length]).toImageData();
const kept = Array.from(logits, (_, i) => data[4 * i] > ai.pCutoff);
fetch('/said', { method: 'POST', body: JSON.stringify({ values: Array.from(logits, (_, i) => data[4 * i]), kept, cutoff: ai.pCutoff }) });
JS
npx esbuild main.js --bundle --format=esm --define:global=window --outfile=www/main.js --log-level=error
echo '<!doctype html><script type=module src=main.js></script>' >www/index.html
cat >check.py <<'PY'
import functools
import http.server
import json
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


found = json.loads(lines(""))
print("logits: -1, 0.1, 0.25, 0.26, 1, 9")
print(found)
assert found["cutoff"] == 64 and found["kept"] == [False, False, False, True, True, True]
assert found["values"][-2:] == [255, 255]
print("as stated")
PY
python3 check.py
