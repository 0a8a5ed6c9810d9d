#!/usr/bin/env bash
# PyAV 18.1.0, decord 0.6.0, decord2 3.4.0, and acvr 0.1.0, iterframes 0.7.0 and tensorcodec 0.4.1 (2026): frames of an uncompressed AVI of 8 bits are black, in some readers only after a seek.
#
# Expected: the picture by its palette, which an AVI keeps once, in its header: frame i is frame i, read in order or on its own.
# What happens: decord and decord2 give black for every frame, in order too. PyAV is right from the first frame on, but black, without an error, after any seek; so are acvr,
# iterframes and tensorcodec, which seek for a frame by its number. FFmpeg hands the palette over beside the first packet alone. OpenCV 5.0.0 is right either way.
# Why it matters: frame grabbers and older scanners export B-mode as uncompressed AVI of 8 bits, whose palette is grey. Frame counts, sizes and times are right, so a cine of
# nothing is segmented, measured and trained on; a mask drawn on frame 0 lies over black elsewhere.
# Seen on 30 November 2026 with the versions above, numpy 2.4.6, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
get() { python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/$1" "${@:2}"; }
get readers av==18.1.0 acvr==0.1.0 iterframes==0.7.0 tensorcodec==0.4.1 tensorcodec-av==0.4.1 opencv-python-headless==5.0.0.93 numpy==2.4.6
get decord decord==0.6.0 numpy==2.4.6
get decord2 decord2==3.4.0 numpy==2.4.6
cd "$folder"
cat >make.py <<'PYTHON'
"""An uncompressed AVI as Windows writes it: a palette of greys in the stream's format, one '00db' a frame, rows from the bottom up, an index."""
import struct

import numpy as np

ROWS, COLUMNS, COUNT = 48, 64, 12


def chunk(name, data):
    return name + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)


frames = [np.full((ROWS, COLUMNS), 40 + 10 * number, np.uint8) for number in range(COUNT)]
size = ROWS * COLUMNS
main = struct.pack("<14I", 40_000, size * 25, 0, 0x10, COUNT, 0, 1, size, COLUMNS, ROWS, 0, 0, 0, 0)
stream = b"vidsDIB " + struct.pack("<10I4H", 0, 0, 0, 1, 25, 0, COUNT, size, 0xFFFFFFFF, 0, 0, 0, COLUMNS, ROWS)
form = struct.pack("<IiiHHIIiiII", 40, COLUMNS, ROWS, 1, 8, 0, size, 0, 0, 256, 256) + bytes(value for grey in range(256) for value in (grey, grey, grey, 0))
header = chunk(b"LIST", b"hdrl" + chunk(b"avih", main) + chunk(b"LIST", b"strl" + chunk(b"strh", stream) + chunk(b"strf", form)))
pictures = [chunk(b"00db", frame[::-1].tobytes()) for frame in frames]
index = b"".join(b"00db" + struct.pack("<III", 0x10, 4 + (size + 8) * number, size) for number in range(COUNT))
body = b"AVI " + header + chunk(b"LIST", b"movi" + b"".join(pictures)) + chunk(b"idx1", index)
with open("a.avi", "wb") as file:
    file.write(b"RIFF" + struct.pack("<I", len(body)) + body)
PYTHON
cat >decord_all.py <<'PYTHON'
import sys

import decord

reader = decord.VideoReader("a.avi")
seen = [int(reader[number].asnumpy().mean()) for number in range(len(reader))]
print(sys.argv[1], "in order:", seen)
assert seen == [0] * 12
PYTHON
cat >run.py <<'PYTHON'
from importlib.metadata import version

import av
import cv2
import iterframes
import numpy as np
from acvr import VideoReader
from tensorcodec.decoders import VideoDecoder

TRUE = [40 + 10 * number for number in range(12)]


def said(name, frames):
    values = [round(float(np.asarray(frame).mean())) for frame in frames]
    print(f"{name}: {values}")
    return values


def opencv(number):
    capture = cv2.VideoCapture("a.avi")
    capture.set(cv2.CAP_PROP_POS_FRAMES, number)
    return capture.read()[1]


def sought():
    with av.open("a.avi") as container:
        container.seek(5, stream=container.streams.video[0])
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


with av.open("a.avi") as container:
    assert said(f"PyAV {av.__version__}, in order", [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]) == TRUE
assert said("OpenCV, each on its own", [opencv(number) for number in range(12)]) == TRUE
assert said("PyAV from frame 5 on, after a seek", sought()) == [0] * 7
reader, decoder = VideoReader("a.avi"), VideoDecoder("a.avi")
assert said(f"acvr {version('acvr')}, each on its own", [reader[number] for number in range(12)]) == [0] * 12
assert said(f"iterframes {version('iterframes')}, each on its own", [next(iter(iterframes.read("a.avi", frames=[number]))) for number in range(12)]) == [0] * 12
assert said(f"tensorcodec {version('tensorcodec')}, each on its own", [decoder[number] for number in range(12)]) == [0] * 12
PYTHON
PYTHONPATH=$folder/readers python3 -s make.py
PYTHONPATH=$folder/readers python3 -s run.py
PYTHONPATH=$folder/decord python3 -s decord_all.py "decord 0.6.0"
PYTHONPATH=$folder/decord2 python3 -s decord_all.py "decord2 3.4.0"
echo "as stated"
