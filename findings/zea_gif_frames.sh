#!/usr/bin/env bash
# zea 0.1.8 (ultrasound toolbox): a movie saved as GIF and loaded again has fewer frames where the picture stood still, and plays up to a quarter too fast.
#
# Expected: load_video of what save_video (or save_to_gif) wrote has as many frames; a GIF at fps=30 lasts as long as 30 frames a second do, or as close as
# GIF's hundredths of a second come to it (34 and 33 in turn); a warning otherwise, as there is above 50.
# What happens: frames that are the same as the one before are one frame with a longer time in the file, and load_video heeds no times: three and three
# equal frames come back as two, and of a heart that is frozen for a while frame i is another frame from there on. A duration is rounded to ms, and then
# cut to hundredths: fps=30 plays at 33.3, fps=24 at 25, fps=40 at 50, and nothing is said. As MP4 all frames come back.
# Why it matters: a mask or a label per frame no longer fits its frame, and a heart rate that is read off the movie is too high by 11 % at 30 frames a second.
# Seen on 29 November 2026 with zea 0.1.8, keras 3.15.1, torch 2.13.0, pillow 13.0.0, imageio 2.38.1, imageio-ffmpeg 0.8.1, numpy 2.4.6, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile zea==0.1.8 keras==3.15.1 torch==2.13.0 pillow==13.0.0 imageio==2.38.1 \
    imageio-ffmpeg==0.8.1 numpy==2.4.6
export KERAS_BACKEND=torch ZEA_LOG_LEVEL=ERROR HOME=$folder MPLBACKEND=agg OMP_NUM_THREADS=1
venv/bin/python - <<'PYTHON'
from importlib.metadata import version

import numpy as np
from PIL import Image
from zea.io_lib import load_video, save_video

print("zea", version("zea"))
moving = np.stack([np.full((32, 48), 10 + 40 * frame, np.uint8) for frame in range(6)])
frozen = np.stack([np.full((32, 48), 10 if frame < 3 else 130, np.uint8) for frame in range(6)])
counts: dict[str, tuple[int, int]] = {}
for kind in ("gif", "mp4"):
    for name, frames in (("moving", moving), ("frozen", frozen)):
        save_video(frames, f"{name}.{kind}", fps=20)
    counts[kind] = tuple(len(load_video(f"{name}.{kind}")) for name in ("moving", "frozen"))
    print(f"{kind}: six frames that move come back as {counts[kind][0]}, six that stand still as {counts[kind][1]}")
rates: dict[int, float] = {}
for rate in (20, 24, 30, 40, 50):
    save_video(moving, "rate.gif", fps=rate)
    with Image.open("rate.gif") as movie:
        times = []
        for frame in range(movie.n_frames):
            movie.seek(frame)
            times.append(movie.info["duration"])
    rates[rate] = round(1000 * len(times) / sum(times), 1)
print("frames per second, given and in the file:", rates)
assert counts == {"gif": (6, 2), "mp4": (6, 6)}
assert rates == {20: 20, 24: 25, 30: 33.3, 40: 50, 50: 50}
print("as stated")
PYTHON
