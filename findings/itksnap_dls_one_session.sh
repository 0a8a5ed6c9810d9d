#!/usr/bin/env bash
# itksnap-dls 0.1.5 (ITK-SNAP's deep-learning server): every window is given the same session, so the second image replaces the first.
#
# Expected: GET /v2/start_session/{model} makes a session of its own for each client; its ID addresses that image and its prompts.
# Seen (2026-11-28): the ID is a default argument, worked out once when the module is loaded. Two calls answer the same ID, and
# after the second window's upload the first window's click is answered with a mask of the second window's size: here 6 bytes
# for an image of 24. Ending one session ends both.
# Why it matters: ITK-SNAP's client puts a volume's answer into its own image without comparing lengths (a slice's it does). A server
# of its protocol must give each window an ID, and answer with a status over 400 what isn't a whole mask of that window's image.
# Runs the server with its own stand-in models (--mock-models) on loopback; no model is fetched.
set -euo pipefail
folder="$(mktemp -d)"
server=""
trap '[ -z "$server" ] || kill "$server"; rm -rf "$folder"' EXIT
python3 -m venv "$folder/v"
"$folder/v/bin/pip" install --quiet --disable-pip-version-check --no-deps itksnap-dls==0.1.5
"$folder/v/bin/pip" install --quiet --disable-pip-version-check torch==2.13.0 fastapi==0.165.0 uvicorn python-multipart==0.0.34 \
    numpy SimpleITK huggingface_hub requests httpx ngrok
port="$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')"
"$folder/v/bin/python" -m itksnap_dls --mock-models --no-network --device cpu --host 127.0.0.1 --port "$port" >"$folder/log" 2>&1 &
server=$!
"$folder/v/bin/python" - "http://127.0.0.1:$port" <<'PY'
import base64
import gzip
import json
import sys
import time

import httpx
import numpy as np

root = sys.argv[1]
for _ in range(600):
    try:
        print("itksnap-dls", httpx.get(f"{root}/status").json()["version"])
        break
    except httpx.TransportError:
        time.sleep(0.2)


def start(shape: tuple[int, ...]) -> str:
    """As ITK-SNAP does: a session, then the image as gzipped float32, with its size in x, y, z."""
    session = httpx.get(f"{root}/v2/start_session/nnInteractive").json()["session_id"]
    said = json.dumps({"dimensions": list(shape)[::-1], "components_per_pixel": 1})
    image = gzip.compress(np.zeros(shape, np.float32).tobytes())
    files = {"file": ("image.gz", image, "application/gzip"), "metadata": (None, said, "application/json")}
    httpx.post(f"{root}/v2/upload_raw/{session}", files=files).raise_for_status()
    return session


def click(session: str) -> httpx.Response:
    return httpx.get(f"{root}/v2/process_point_interaction/{session}?point=1&point=1&point=0&foreground=true")


first = start((1, 4, 6))
alone = len(gzip.decompress(base64.b64decode(click(first).json()["result"])))
second = start((1, 2, 3))
beside = len(gzip.decompress(base64.b64decode(click(first).json()["result"])))
httpx.get(f"{root}/v2/end_session/{second}")
ended = click(first)
print("the two windows' sessions are one:", first == second)
print("bytes of the first window's mask, alone and beside the second:", alone, beside)
print("the first window, after the second has ended:", ended.status_code, ended.json())
assert (first == second, alone, beside) == (True, 24, 6)
assert (ended.status_code, ended.json()) == (200, {"error": "Invalid session"})
print("as stated")
PY
