#!/usr/bin/env bash
# A colon in the name of a recording: OpenCV and PyAV can't open "10:30.mp4".
#
# Expected:   a path of an existing file opens, as it does for every other reader of files.
# What happens: FFmpeg takes what stands before the colon for a protocol. OpenCV returns a capture that isn't opened, without a word
#             (and a writer likewise); PyAV raises that the protocol is not found. pathlib takes a leading "./" off again,
#             so the usual remedy is lost on the way. An absolute path works in both.
# Why it matters: recorders beside a scanner name their files by the time, and a reader that trusts isOpened() calls them damaged.
# Seen with:  opencv-python-headless 4.13.0.92, av 16.0.1, Linux, 2026-11-28. (opencv/opencv#15624, #8013.)
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" -q install opencv-python-headless==4.13.0.92 av==16.0.1 numpy==2.2.6
cd "$folder"
OPENCV_LOG_LEVEL=SILENT OPENCV_FFMPEG_LOGLEVEL=-8 "$folder/venv/bin/python" - <<'PYTHON'
import os
import sys

import av
import cv2
import numpy as np

print("opencv", cv2.__version__, "av", av.__version__)
writer = cv2.VideoWriter("clip.mp4", int.from_bytes(b"mp4v", "little"), 25, (64, 48))
for i in range(5):
    writer.write(np.full((48, 64, 3), 40 * i, np.uint8))
writer.release()
os.rename("clip.mp4", "10:30.mp4")


def by_pyav(path):
    try:
        with av.open(path) as container:
            return sum(1 for _ in container.decode(video=0))
    except Exception as error:
        return type(error).__name__


found = {}
for path in ("10:30.mp4", "./10:30.mp4", os.path.abspath("10:30.mp4")):
    kind = "absolute" if os.path.isabs(path) else path
    found[kind] = (cv2.VideoCapture(path, cv2.CAP_FFMPEG).isOpened(), by_pyav(path))
    print(f"{kind:14} OpenCV opened: {found[kind][0]}   PyAV: {found[kind][1]}")
right = not found["10:30.mp4"][0] and found["10:30.mp4"][1] != 5 and found["absolute"] == (True, 5)
print("as described" if right else "CHANGED")
sys.exit(0 if right else 1)
PYTHON
