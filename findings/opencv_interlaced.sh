#!/usr/bin/env bash
# OpenCV's wheels from 4.13 on decode interlaced MPEG-4 wrongly, and return it as good.
#
# Expected: VideoCapture gives the pictures that were encoded, as PyAV and opencv-python-headless 4.12 do (within 2 to 4 levels).
# Seen (2026-11-28, Python 3.11, Linux x86-64): 4.13.0.92, 4.14.0.94 and 5.0.0.93 are off by over 100 grey levels, on every frame.
# `read()` returns True; only FFmpeg's swscaler complains, on the process's standard error.
# Why it matters: recorders behind an ultrasound scanner write interlaced MPEG; a mask of such a picture is of something else.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cat >"$folder/make.py" <<'PY'
import sys, av, numpy as np
ramp = np.tile(np.linspace(20, 230, 320).astype(np.uint8), (240, 1))
with av.open(sys.argv[1], "w") as out:
    stream = out.add_stream("mpeg4", rate=25)
    stream.width, stream.height, stream.pix_fmt, stream.bit_rate = 320, 240, "yuv420p", 8_000_000
    stream.options = {"flags": "+ildct+ilme"}
    for _ in range(5):
        out.mux(stream.encode(av.VideoFrame.from_ndarray(ramp, format="gray")))
    out.mux(stream.encode())
with av.open(sys.argv[1]) as file:
    errors = [abs(frame.to_ndarray(format="gray").astype(int) - ramp).max() for frame in file.decode(video=0)]
print("PyAV", av.__version__, "largest error", max(errors))
assert max(errors) <= 4
PY
cat >"$folder/read.py" <<'PY'
import sys, cv2, numpy as np
ramp = np.tile(np.linspace(20, 230, 320).astype(np.uint8), (240, 1))
capture, worst = cv2.VideoCapture(sys.argv[1]), 0
while (got := capture.read())[0]:
    worst = max(worst, abs(cv2.cvtColor(got[1], cv2.COLOR_BGR2GRAY).astype(int) - ramp).max())
print("OpenCV", cv2.__version__, "largest error", worst)
sys.exit(int(worst > 4 if sys.argv[2] == "right" else worst < 100))
PY
python3 -m venv "$folder/av"
"$folder/av/bin/pip" install --quiet --disable-pip-version-check av==18.1.0 numpy
"$folder/av/bin/python" "$folder/make.py" "$folder/a.avi"
for pair in 4.12.0.88=right 4.13.0.92=wrong 4.14.0.94=wrong 5.0.0.93=wrong; do
    python3 -m venv "$folder/${pair%=*}"
    "$folder/${pair%=*}/bin/pip" install --quiet --disable-pip-version-check "opencv-python-headless==${pair%=*}"
    "$folder/${pair%=*}/bin/python" "$folder/read.py" "$folder/a.avi" "${pair#*=}"
done
