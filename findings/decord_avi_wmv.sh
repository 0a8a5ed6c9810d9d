#!/usr/bin/env bash
# decord 0.6.0 and decord2 3.4.0: of an MPEG-4 AVI or an MPEG recording with B-frames, and of a WMV without any, frame 15 read on its own is frame 5 or 3; some times are -3.7e17 seconds.
#
# Expected: reader[i] is the frame that reading in order gives at i, from wherever; get_frame_timestamp gives its time in seconds.
# What happens: read in order all is right. Each read by a reader of its own, 20 of 30 frames of the AVI and of the MPEG program stream are wrong, most of them ten too early, and of the
# WMV frames 12 to 23 are frames 0 to 11. Nothing is raised. Read backwards, 19 and 12 are wrong. Packets without a presentation time (a third of the AVI's) get -3.7e17 s, and the
# list of times is sorted with those in front.
# Why it matters: decord is what SAM 2 and most video models are trained with, by random frames: picture and mask come from different moments of the heart's cycle. AVI and WMV are what
# scanners export beside DICOM. In MP4, MKV, MJPEG and FFV1 frames are right.
# Seen on 30 November 2026 with decord 0.6.0, decord2 3.4.0, PyAV 18.1.0 (writes the recordings), numpy 2.4.6, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
get() { python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/$1" "${@:2}"; }
get av av==18.1.0 numpy==2.4.6
get decord decord==0.6.0 numpy==2.4.6
get decord2 decord2==3.4.0 numpy==2.4.6
cd "$folder"
cat >make.py <<'PYTHON'
"""Recordings of 30 frames at 25 a second whose frames carry their number, as six squares that are bright or dark."""
import av
import numpy as np


def picture(number):
    grey = np.full((120, 160), 60, np.uint8)
    grey[40:80, 30 + 2 * number : 60 + 2 * number] = 180
    for bit in range(6):
        grey[:16, 20 * bit : 20 * bit + 16] = 200 if number >> bit & 1 else 30
    return np.stack([grey] * 3, axis=-1)


for name, codec, form, between in [("mpeg4.avi", "mpeg4", "avi", 2), ("mpeg1.mpg", "mpeg1video", "mpeg", 2), ("wmv2.wmv", "wmv2", "asf", 0), ("mjpeg.avi", "mjpeg", "avi", 0), ("h264.mp4", "libx264", "mp4", 2)]:
    with av.open(name, "w", format=form) as container:
        stream = container.add_stream(codec, rate=25)
        stream.width, stream.height, stream.pix_fmt = 160, 120, "yuvj420p" if codec == "mjpeg" else "yuv420p"
        stream.codec_context.max_b_frames, stream.codec_context.gop_size, stream.bit_rate = between, 12, 4_000_000
        for number in range(30):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture(number), format="rgb24")))
        container.mux(stream.encode())
PYTHON
cat >run.py <<'PYTHON'
import sys

import decord
import numpy as np


def number_of(frame):
    grey = frame.asnumpy().mean(axis=-1)
    return sum(1 << bit for bit in range(6) if grey[4:12, 20 * bit + 4 : 20 * bit + 12].mean() > 115)


print(sys.argv[1])
wrong = {}
for name in ("mpeg4.avi", "mpeg1.mpg", "wmv2.wmv", "mjpeg.avi", "h264.mp4"):
    reader = decord.VideoReader(name)
    assert [number_of(reader[index]) for index in range(len(reader))] == list(range(30))
    alone = [number_of(decord.VideoReader(name)[index]) for index in range(30)]
    reader = decord.VideoReader(name)
    backwards = [number_of(reader[index]) for index in reversed(range(30))][::-1]
    times = decord.VideoReader(name).get_frame_timestamp(range(30))[:, 0]
    wrong[name] = sum(a != index for index, a in enumerate(alone)), sum(b != index for index, b in enumerate(backwards)), alone[15], int(np.sum(np.abs(times) > 10))
    print(f"{name}: in order right; each by itself {wrong[name][0]} of 30 wrong (at 15 frame {alone[15]}), backwards {wrong[name][1]}; times of more than 10 s {wrong[name][3]}, first {times[0]:.3g} s")
    print("   ", alone)
assert all(15 <= wrong[name][0] <= 25 and wrong[name][1] >= 15 and 8 <= wrong[name][3] <= 14 for name in ("mpeg4.avi", "mpeg1.mpg")), wrong
assert wrong["wmv2.wmv"] == (12, 12, 3, 0), wrong
assert wrong["mjpeg.avi"] == (0, 0, 15, 0) and wrong["h264.mp4"] == (0, 0, 15, 0)
PYTHON
PYTHONPATH=$folder/av python3 -s make.py
PYTHONPATH=$folder/decord python3 -s run.py "decord 0.6.0"
PYTHONPATH=$folder/decord2 python3 -s run.py "decord2 3.4.0"
echo "as stated"
