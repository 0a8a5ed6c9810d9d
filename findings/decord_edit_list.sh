#!/usr/bin/env bash
# decord 0.6.0 (what SAM 2 opens videos with): in a trimmed MP4 one index is another frame, depending on what was read before it.
#
# Expected: a clip of 20 frames whose first five an edit list cuts away ("ffmpeg -ss 0.2 -c copy", and the trimming of phones and viewers)
# has 15 frames, as PyAV decodes and players show; reader[i] is frame i in whatever order it is asked for.
# What happens: len() is 20. Read from 0 on, the 15 shown frames come first and then the last one five times more. Read from the end,
# or by get_batch in another order, the same indices give other frames. Time stamps begin at -0.2 s. Without an edit list all is right.
# Why it matters: a click on frame i and the mask of frame i belong to different pictures, and the end of a cine "stands still".
# Seen on 28 November 2026 with decord 0.6.0, PyAV 16.0.1, numpy 2.4.6, Python 3.11.
# Needs ffmpeg.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check decord==0.6.0 av==16.0.1 numpy==2.4.6
cd "$folder"
cat >levels.py <<'PY'
import sys

for number in range(20):
    sys.stdout.buffer.write(bytes([10 * number + 30]) * (96 * 128))
PY
python3 levels.py | ffmpeg -loglevel error -f rawvideo -pix_fmt gray -s 128x96 -r 25 -i - -c:v libx264 -pix_fmt yuv420p whole.mp4
ffmpeg -loglevel error -ss 0.2 -i whole.mp4 -c copy trimmed.mp4
venv/bin/python - <<'PYTHON'
import av
import decord

print("decord", decord.__version__, "PyAV", av.__version__)


def level(frame):
    return int(round(float(frame.asnumpy().mean()) / 10)) * 10


def read(name):
    with av.open(name) as container:
        shown = [frame.to_ndarray(format="gray").mean() for frame in container.decode(video=0)]
    reader = decord.VideoReader(name)
    forwards = [level(reader[i]) for i in range(len(reader))]
    reader = decord.VideoReader(name)
    backwards = [level(reader[i]) for i in reversed(range(len(reader)))][::-1]
    start = round(float(reader.get_frame_timestamp(0)[0]), 2)
    print(name, "shown:", len(shown), "decord:", len(reader), "first time stamp:", start)
    print("  forwards ", forwards)
    print("  backwards", backwards)
    return len(shown), len(reader), forwards, backwards


shown, count, forwards, backwards = read("whole.mp4")
assert (shown, count) == (20, 20) and forwards == backwards
shown, count, forwards, backwards = read("trimmed.mp4")
assert (shown, count) == (15, 20) and forwards != backwards and len(set(forwards[14:])) == 1
print("as stated")
PYTHON
