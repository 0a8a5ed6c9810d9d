#!/usr/bin/env bash
# OpenCV's VideoWriter, 4.13.0.92 with its own FFmpeg: a disk that fills up while a movie is written goes unnoticed.
#
# Expected: write() or release() raises, or isOpened() turns false, as every other writer of files in Python does with ENOSPC.
# Seen (2026-11-28, Python 3.11, Linux x86-64): write() and release() return None, isOpened() stays True until release(), and what is
# left is a file of the length that there was room for, without the index (moov), that no player and not OpenCV itself opens. Only
# standard error, from C++, says so. The same with 4.12.0.88. 5.0.0.93 raises as little, but its write() returns False for a frame
# that it couldn't write, and True for the ones before; release() still says nothing.
# Why it matters: an overlay movie of a cine that can't be opened takes the place of the one before, with exit code 0. Reopen what was
# written and compare the number of frames, which works with all of them.
#
# The disk's end is stood in for by a limit on a file's size (RLIMIT_FSIZE): the kernel refuses the write in the same place.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cat >"$folder/fill.py" <<'PY'
import os, resource, sys
import cv2
import numpy as np

path = sys.argv[1]
frames = np.random.default_rng(0).integers(0, 256, (30, 240, 320, 3), np.uint8)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, resource.RLIM_INFINITY))
writer = cv2.VideoWriter(path, cv2.VideoWriter.fourcc(*"mp4v"), 25, (320, 240))
said = {writer.write(frame) for frame in frames}
open_still = writer.isOpened()
said.add(writer.release())
size, read = os.path.getsize(path), cv2.VideoCapture(path)
print(f"OpenCV {cv2.__version__}: write() and release() said {said}, isOpened() {open_still}, {size} bytes, opens: {read.isOpened()}")
expected = {None} if cv2.__version__ < "5" else {None, True, False}
sys.exit(not (said == expected and open_still and size == 20_000 and not read.isOpened()))
PY
for version in 4.12.0.88 4.13.0.92 5.0.0.93; do
    python3 -m venv "$folder/$version"
    "$folder/$version/bin/pip" install --quiet --disable-pip-version-check "opencv-python-headless==$version" numpy
    "$folder/$version/bin/python" "$folder/fill.py" "$folder/$version.mp4" 2>"$folder/told"
    grep -q "Failed to write frame" "$folder/told"
done
echo "as stated"
