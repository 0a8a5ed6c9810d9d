#!/usr/bin/env bash
# OpenCV's frame count and rate are not those of the frames that it gives, where an AVI drops still frames or a rate varies.
#
# Expected: CAP_PROP_FRAME_COUNT frames can be read, and frame i is shown at i / CAP_PROP_FPS.
# Seen (2026-11-28, opencv-python-headless 4.12.0.88 and 5.0.0.93, PyAV 18.1.0): an AVI of 6 pictures 160 ms apart counts 21 frames,
# gives 6, and says 25 a second, so that i / rate puts the last at 0.2 s where it is shown at 0.8 s. PyAV's stamps are right.
# Why it matters: heart rates and volumes over time of a recorded ultrasound cine are wrong by a factor of four.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cat >"$folder/make.py" <<'PY'
import sys, av, numpy as np
with av.open(sys.argv[1], "w") as out:
    stream = out.add_stream("mpeg4", rate=25)
    stream.width, stream.height, stream.pix_fmt = 160, 120, "yuv420p"
    for i in range(6):
        frame = av.VideoFrame.from_ndarray(np.full((120, 160), 40 + 20 * i, np.uint8), format="gray")
        frame.pts = 4 * i
        out.mux(stream.encode(frame))
    out.mux(stream.encode())
with av.open(sys.argv[1]) as file:
    times = [round(frame.time, 3) for frame in file.decode(video=0)]
print("PyAV", av.__version__, "times", times)
assert times == [0, 0.16, 0.32, 0.48, 0.64, 0.8]
PY
cat >"$folder/read.py" <<'PY'
import sys, cv2
capture = cv2.VideoCapture(sys.argv[1])
count, rate, read = int(capture.get(cv2.CAP_PROP_FRAME_COUNT)), capture.get(cv2.CAP_PROP_FPS), 0
while capture.read()[0]:
    read += 1
print("OpenCV", cv2.__version__, "count", count, "read", read, "rate", rate)
assert (count, read, rate) == (21, 6, 25)
PY
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check av==18.1.0 numpy
"$folder/venv/bin/python" "$folder/make.py" "$folder/a.avi"
for version in 4.12.0.88 5.0.0.93; do
    "$folder/venv/bin/pip" install --quiet --disable-pip-version-check "opencv-python-headless==$version"
    "$folder/venv/bin/python" "$folder/read.py" "$folder/a.avi"
done
