#!/usr/bin/env bash
# pyigtl 0.3.4 (OpenIGTLink in Python: PLUS, 3D Slicer): a client whose server has ended stays "connected" for good; when the server runs again, no frame comes.
#
# Expected: the client connects again ("Reconnect if needed" stands in its loop, and before a server runs at all it does try until one does), or
# is_connected() says False once the other side has closed the connection.
# What happens: the end of the stream is taken for "nothing came yet". is_connected() stays True, wait_for_message gives None until its time is up
# (without a timeout it waits for good), and the thread that reads takes a whole core meanwhile. A server that is started again on the same port
# sends to nobody; a client that is made anew gets its frames at once. Nothing is raised or logged.
# Why it matters: PlusServer is started again whenever a probe or a configuration is changed. What follows a live stream then shows its last frame
# and says that all is well. Make a client anew where no frame came for some seconds; compare timestamps, not is_connected().
# Seen on 1 December 2026 with pyigtl 0.3.4, numpy 2.4.6, Python 3.11. The server of OpenIGTLink's own library (C++, 1.11) closing its connection is
# the same to it (not part of this script).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pyigtl==0.3.4 numpy==2.4.6
cd "$folder"
cat > scanner.py <<'PYTHON'
"""Sends a frame 20 times a second to whoever connects, and ends after some seconds."""

import os
import sys
import time

import numpy as np
import pyigtl

port, seconds = int(sys.argv[1]), float(sys.argv[2])
server = pyigtl.OpenIGTLinkServer(port=port, local_server=True)
print("ready", flush=True)
end = time.monotonic() + seconds
while time.monotonic() < end:
    if server.is_connected():
        frame = pyigtl.ImageMessage(np.full((1, 24, 36), 40, np.uint8), device_name="Image")
        server.send_message(frame, wait=False)
    time.sleep(0.05)
os._exit(0)
PYTHON
venv/bin/python - <<'PYTHON'
import os
import socket
import subprocess
import sys
import time
from importlib.metadata import version

import pyigtl


def scanner(port: int, seconds: float) -> subprocess.Popen:
    process = subprocess.Popen(
        [sys.executable, "scanner.py", str(port), str(seconds)],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )
    assert process.stdout.readline() == "ready\n"
    return process


def comes(client: pyigtl.OpenIGTLinkClient, seconds: float) -> bool:
    return client.wait_for_message("Image", timeout=seconds) is not None


with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    port = free.getsockname()[1]
late = pyigtl.OpenIGTLinkClient("127.0.0.1", port)  # before there is a server
first = scanner(port, 4)
assert comes(late, 3)
print("a client that was there before its server gets frames")
first.wait()
while comes(late, 0.5):
    pass
began, worked = time.monotonic(), time.process_time()
assert not comes(late, 2)
share = (time.process_time() - worked) / (time.monotonic() - began)
print(f"after the server's end: no frame, is_connected() {late.is_connected()}, {share:.0%} of a core")
assert late.is_connected()
assert share > 0.3, "it waits without a rest"
second = scanner(port, 20)
assert not comes(late, 5)
print(f"the server runs again: no frame in 5 s, is_connected() {late.is_connected()}")
assert late.is_connected()
assert comes(pyigtl.OpenIGTLinkClient("127.0.0.1", port), 5)
print("a client made anew gets frames; pyigtl", version("pyigtl"))
second.kill()
print("as stated", flush=True)
os._exit(0)
PYTHON
