#!/usr/bin/env bash
# deffcode 0.2.8: after a pause all frames of a recording are lost while their number is right; MPEG loses a third, portrait videos are squeezed.
#
# Expected: every frame once, as PyAV 18.1.0 gives them; a turned video has its sides exchanged.
# What happens: 25 frames, ten of them, then 2 s of pause and the other 15: 25 come, the first ten and 15 copies of the tenth, as frames are
# laid on an even grid of 5.56 a second and counted up to the header's number. MPEG-2 in a program stream, which old scanners record, says
# a duration of 0.68 s for its 25 frames of 1 s; 17 come. A video that a player turns by 90 degrees is turned and then squeezed into the size before,
# 64 x 48: what is square is 1.8 times as wide as high. Exit without a message in all three.
# Why it matters: masks by number belong to other frames, or to none; areas and diameters of the squeezed picture are wrong in both directions.
# A recording with a pause, or from a telephone held upright, is what hand-held ultrasound gives.
# Seen on 30 November 2026 with deffcode 0.2.8, av 18.1.0, numpy 2.4.6, ffmpeg 5.1.9 (Debian 12), Python 3.11.
# Needs ffmpeg.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check deffcode==0.2.8 av==18.1.0 numpy==2.4.6
cd "$folder"
venv/bin/python - 2>/dev/null <<'PYTHON'
import subprocess
from importlib.metadata import version

import av
import numpy as np
from deffcode import FFdecoder

print("deffcode", version("deffcode"))


def ffmpeg(*options: str, frames: bytes | None = None) -> None:
    subprocess.run(["ffmpeg", "-y", "-v", "error", *options], input=frames, check=True)


def decoded(name: str) -> list[np.ndarray]:
    decoder = FFdecoder(name, frame_format="gray").formulate()
    frames = [one.copy() for one in decoder.generateFrame()]
    decoder.terminate()
    return frames


def levels(frames: list[np.ndarray]) -> list[int]:
    return [round(float(one.mean())) for one in frames]


def truth(name: str) -> list[int]:
    return levels([one.to_ndarray(format="gray") for one in av.open(name).decode(video=0)])


raw = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", "64x48"]
pictures = b"".join(np.full((48, 64, 3), 16 + 8 * number, np.uint8).tobytes() for number in range(25))
ffmpeg(*raw, "-r", "10", "-i", "-", "-c:v", "libx264", "-pix_fmt", "yuv420p", "even.mp4", frames=pictures)
ffmpeg("-i", "even.mp4", "-vf", "setpts='if(gte(N,10),PTS+2/TB,PTS)'", "-vsync", "vfr", "-c:v", "libx264", "-bf", "0",
       "-video_track_timescale", "1000", "pause.mp4")  # fmt: skip
ffmpeg(*raw, "-r", "25", "-i", "-", "-c:v", "mpeg2video", "-q:v", "2", "-bf", "2", "recording.mpg", frames=pictures)
found = {}
for name in ("even.mp4", "pause.mp4", "recording.mpg"):
    found[name], right = levels(decoded(name)), truth(name)
    print(f"{name}: {len(found[name])} frames of {len(right)}, the last is {found[name][-1]}, not {right[-1]}" if found[name] != right else f"{name}: as it is")
    assert len(right) == 25 and (found[name] == right) == (name == "even.mp4")
    assert found[name][:10] == right[:10]
assert len(found["pause.mp4"]) == 25 and set(found["pause.mp4"][10:]) == {found["pause.mp4"][9]}
assert found["recording.mpg"] == truth("recording.mpg")[:17]
square = np.zeros((48, 64, 3), np.uint8)
square[12:36, 20:44] = 255
ffmpeg(*raw, "-r", "10", "-i", "-", "-c:v", "libx264", "-qp", "4", "-pix_fmt", "yuv420p", "flat.mp4", frames=square.tobytes() * 5)
ffmpeg("-i", "flat.mp4", "-c", "copy", "-metadata:s:v", "rotate=90", "upright.mp4")
sides = {}
for name in ("flat.mp4", "upright.mp4"):
    bright = decoded(name)[0] > 128
    sides[name] = (int(bright.any(0).sum()), int(bright.any(1).sum()))
    print(f"{name}: a square of 24 is {sides[name][0]} wide and {sides[name][1]} high in a frame of {bright.shape[1]} x {bright.shape[0]}")
    assert bright.shape == (48, 64)
assert sides["flat.mp4"] == (24, 24) and sides["upright.mp4"] == (32, 18)
print("as stated")
PYTHON
