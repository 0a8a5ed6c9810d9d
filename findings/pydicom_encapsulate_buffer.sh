#!/usr/bin/env bash
# One expects: `encapsulate_buffer`, pydicom 3's way to write many compressed frames without holding them in memory, costs a long cine as much per frame as a
# short one, as `encapsulate` does.
# What happens: the bytes are the same, but the time to write them grows faster than the square of the number of frames, nearly with its cube: each chunk of 8 KB
# that is written works out the offsets of all frames anew, each as the sum of the lengths of all before it. Frames of 8 KB, processor time to read the value as
# `save_as` does: 100 frames 0.3 s, 200 2.2 s, 400 12 s, 800 97 s; `encapsulate` takes milliseconds.
# Why it matters: it is meant for files too large for memory, and an ultrasound cine has hundreds to thousands of frames: saving one seems to hang. Write the
# item headers to a file oneself as the frames come (PS3.5 A.4) and give PixelData that file, or use `encapsulate` where memory allows.
# Seen on 28 November 2026 with pydicom 3.0.2, Python 3.11.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pydicom==3.0.2
cd "$work"
venv/bin/python - <<'PY'
import io
import sys
import time

import pydicom
from pydicom.encaps import encapsulate, encapsulate_buffer


def written(frames):
    """The value in chunks, as it is written, and the processor time of that."""
    value = encapsulate_buffer([io.BytesIO(frame) for frame in frames])
    began, found = time.process_time(), bytearray()
    while chunk := value.read(8192):
        found += chunk
    return bytes(found), time.process_time() - began


print("pydicom", pydicom.__version__)
seconds, same = {}, True
for count in (50, 100, 200):
    frames = [bytes([number % 256]) * 8000 for number in range(count)]
    data, seconds[count] = written(frames)
    began = time.process_time()
    same = same and data == encapsulate(frames)
    plain = time.process_time() - began
    print(f"{count} frames: buffered {seconds[count]:.2f} s, encapsulate {plain:.4f} s, same bytes so far: {same}")
growth = seconds[200] / seconds[50]
print(f"four times the frames: {growth:.0f} times the time")
sys.exit(not (growth > 10 and same))
PY
