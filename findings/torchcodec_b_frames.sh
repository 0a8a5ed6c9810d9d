#!/usr/bin/env bash
# torchcodec 0.13.0: of an MPEG-4 AVI and an MPEG-2 recording with B-frames, index i is another frame when frames aren't read in order.
#
# Expected: seek_mode "exact", the default, gives frame i for index i, in whatever order, or raises.
# What happens: read from 0 on all is right but the last frame, which raises. Read from the end, 12 of 20 indices give a frame one or two later in the
# AVI (every I- and P-frame three times), 14 in the MPEG program stream, one earlier to three later. Nothing is said; the same index gives
# the right frame when it is read in order. MP4 and Motion-JPEG AVI are right.
# Why it matters: AVI and MPEG are what scanners and archives export; a prompt for frame i falls onto another, and what is returned depends on what
# was read before.
# Seen on 29 November 2026 with torchcodec 0.13.0, torch 2.13.0, numpy 2.4.6, ffmpeg 5.1.9, Python 3.11.
# Needs ffmpeg.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check torch==2.13.0
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check torchcodec==0.13.0 numpy==2.4.6
cd "$folder"
cat >levels.py <<'PYTHON'
import sys

for number in range(20):
    sys.stdout.buffer.write(bytes([10 * number + 30]) * (96 * 128))
PYTHON
python3 levels.py | ffmpeg -loglevel error -f rawvideo -pix_fmt gray -s 128x96 -r 25 -i - -c:v libx264 -pix_fmt yuv420p whole.mp4
ffmpeg -loglevel error -i whole.mp4 -c:v mjpeg -q:v 2 -pix_fmt yuvj420p mjpeg.avi
ffmpeg -loglevel error -i whole.mp4 -c:v mpeg4 -bf 2 -q:v 2 mpeg4.avi
ffmpeg -loglevel error -i whole.mp4 -c:v mpeg2video -bf 2 -q:v 2 recording.mpg
venv/bin/python -W ignore - <<'PYTHON'
import torchcodec
from torchcodec.decoders import VideoDecoder


def read(name, order):
    """The number of the frame that each index gives, None where reading raises."""
    decoder, found = VideoDecoder(name), {}
    for index in order:
        try:
            level = decoder.get_frame_at(index).data.float().mean().item()
            found[index] = round((level - 30) / 10)
        except (IndexError, RuntimeError):
            found[index] = None
    return [found[index] for index in sorted(found)]


print("torchcodec", torchcodec.__version__)
wrong = {}
for name in ("whole.mp4", "mjpeg.avi", "mpeg4.avi", "recording.mpg"):
    forwards, backwards = read(name, range(20)), read(name, range(19, -1, -1))
    print(name, "\n   forwards ", forwards, "\n   backwards", backwards)
    wrong[name] = [sum(seen not in (index, None) for index, seen in enumerate(way)) for way in (forwards, backwards)]
print("indices that give another frame, forwards and backwards:", wrong)
as_described = (
    wrong["whole.mp4"] == wrong["mjpeg.avi"] == [0, 0] and wrong["mpeg4.avi"][0] == wrong["recording.mpg"][0] == 0
    and min(wrong["mpeg4.avi"][1], wrong["recording.mpg"][1]) > 5
)
raise SystemExit(0 if as_described else "torchcodec does otherwise now")
PYTHON
