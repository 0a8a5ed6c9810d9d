#!/usr/bin/env bash
# pyigtl 0.3.4 (OpenIGTLink in Python: PLUS, 3D Slicer): a frame given as (rows, columns) arrives as a sheet that stands across, with other millimetres.
#
# Expected: ImageMessage takes arrays of one to four axes, "(k, j, i, components)". A frame of 24 rows x 36 columns with pixels of 0.2 mm across
# and 0.5 mm down (the matrix's first and second column) is 36 x 24 x 1 on the wire, as PLUS sends its frames; or it is refused.
# What happens: without the third axis the message says 1 x 36 x 24: columns run along the second axis of the matrix, rows along the third. The
# frame lies in another plane, its columns are 0.5 mm apart, its rows 1 mm: 18 x 24 mm, where (1, 24, 36) gives 7.2 x 12 mm. A colour frame
# (24, 36, 3) becomes a grey volume of 3 columns, 36 rows and 24 slices. Its own client reads them back as (24, 36, 1) and (24, 36, 3), so
# that a test by shape or by pixels passes for colour. Nothing is raised.
# Why it matters: masks of a segmentation server come as (rows, columns), and go to Slicer by such a message. Areas are wrong by a factor that
# depends on the pixels (here 5), and what is drawn over the live picture lies across it. Send frame[None].
# Seen on 29 November 2026 with pyigtl 0.3.4, numpy 2.4.6, Python 3.11. Bytes are read as OpenIGTLink's protocol (v2, IMAGE) lays them out.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pyigtl==0.3.4 numpy==2.4.6
cd "$folder"
venv/bin/python - <<'PYTHON'
import socket
import struct
import time
from importlib.metadata import version

import numpy as np
import pyigtl

PIXELS = np.diag([0.2, 0.5, 1, 1])  # mm along i (columns), j (rows) and k
HEADER = struct.Struct(">H 12s 20s I I Q Q")
IMAGE = struct.Struct(">H 4B 3H 12f 6H")


def on_the_wire(image: np.ndarray) -> tuple[tuple[int, ...], int, np.ndarray]:
    """Size along i, j and k, components, and the size in mm."""
    body = pyigtl.ImageMessage(image, PIXELS, device_name="US").pack()[HEADER.size :]
    fields = IMAGE.unpack(body[: IMAGE.size])
    size, axes = fields[5:8], np.array(fields[8:17]).reshape(3, 3)
    assert body[IMAGE.size :] == image.tobytes()
    return size, fields[1], np.round(np.linalg.norm(axes, axis=1) * size, 3).tolist()


def received(image: np.ndarray) -> tuple[int, ...]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server, client = pyigtl.OpenIGTLinkServer(port=port, local_server=True), pyigtl.OpenIGTLinkClient("127.0.0.1", port)
    for _ in range(200):
        if server.is_connected() and client.is_connected():
            break
        time.sleep(0.05)
    server.send_message(pyigtl.ImageMessage(image, PIXELS, device_name="US"))
    shape = client.wait_for_message("US", timeout=20).image.shape
    client.stop()
    server.stop()
    return shape


frame = np.full((24, 36), 40, np.uint8)
frame[4:12, 8:20] = 100
colour = np.stack([frame] * 3, axis=-1)
found = {}
for name, image in {"frame": frame, "frame[None]": frame[None], "colour": colour, "colour[None]": colour[None]}.items():
    found[name] = *on_the_wire(image), received(image)
    print(f"{name}, {image.shape}: size {found[name][0]}, {found[name][1]} components, {found[name][2]} mm; its own client has", found[name][3])
print("pyigtl", version("pyigtl"))
assert found["frame[None]"] == ((36, 24, 1), 1, [7.2, 12, 1], (1, 24, 36))
assert found["colour[None]"] == ((36, 24, 1), 3, [7.2, 12, 1], (1, 24, 36, 3))
assert found["frame"] == ((1, 36, 24), 1, [0.2, 18, 24], (24, 36, 1))
assert found["colour"] == ((3, 36, 24), 1, [0.6, 18, 24], (24, 36, 3))
print("as stated")
PYTHON
