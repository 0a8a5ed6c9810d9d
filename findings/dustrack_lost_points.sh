#!/usr/bin/env bash
# DUSTrack 1.3.2 (tracks points in ultrasound videos): points that are lost get places all the same, beyond the frame too; of an AVI with B-frames a label lies on another frame.
#
# Expected: its optical flow gives, as documented, "trajectories (...) Missing/lost points are filled with NaN". A label on frame i of its reader lies on the frame that is the i-th in order.
# What happens: what OpenCV says of each point (found or lost) isn't looked at. Speckle moving 6 pixels a frame takes four points out of a frame of 320 columns; they are given columns 336 to
# 413, where the tissue is at 334 to 474, one 70 pixels behind. Through ten frames of even grey (the probe is lifted) points stay or wander, and when the picture is back they go on
# from there, 12 to 66 pixels away. No value is NaN. Its video reader (datanavigator 1.5.2), which names exact frames as its reason to replace decord, gives of an MPEG-4 AVI with
# B-frames a key frame for the three before it, and of an H.264 AVI 11 of 30 frames one to three off; MP4 and MJPEG are right.
# Why it matters: fascicles, tendons and vessel walls leave the picture in every contraction; displacements of lost points are finite numbers and are averaged with the others.
# Seen on 30 November 2026 with dustrack 1.3.2, datanavigator 1.5.2, opencv-python 4.11.0.86, PyAV 18.1.0, numpy 1.26.4, scipy 1.17.1, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile dustrack==1.3.2 datanavigator==1.5.2 opencv-python==4.11.0.86 av==18.1.0 numpy==1.26.4 scipy==1.17.1
export QT_QPA_PLATFORM=offscreen MPLBACKEND=agg HOME=$folder OMP_NUM_THREADS=1
venv/bin/python - 2>/dev/null <<'PYTHON'
from importlib.metadata import version

import av
import numpy as np
from datanavigator.video_reader import VideoReader
from dustrack.lk_filter import lucas_kanade_2
from scipy import ndimage

print("dustrack", version("dustrack"), "datanavigator", version("datanavigator"))
speckle = ndimage.gaussian_filter(np.random.default_rng(0).normal(size=(500, 800)), 3)
speckle = (speckle - speckle.min()) / (speckle.max() - speckle.min()) * 200 + 10
frames = [ndimage.shift(speckle, (0, 6 * number), order=3, mode="nearest")[100:340, 100:420].astype(np.uint8) for number in range(30)]
points = np.array([[160, 120], [260, 120], [300, 40], [160, 235]], np.float32)


def tracked(name, frames, truth):
    found = lucas_kanade_2(frames, points)
    last = found[-1]
    print(f"{name}: last frame, columns {[round(float(column), 1) for column in last[:, 0]]}, tissue at {truth.tolist()}; NaN anywhere: {bool(np.isnan(found).any())}")
    assert not np.isnan(found).any()
    return found


truth = points[:, 0] + 6 * 29
leaving = tracked("speckle that moves out of a frame of 320 columns", frames, truth)
assert (truth > 320).all() and (leaving[-1, :, 0] > 320).sum() >= 3
lifted = tracked("ten even frames between", frames[:10] + [np.full_like(frames[0], 30)] * 10 + frames[20:], truth)
assert np.abs(lifted[19, :, 0] - points[:, 0] - 6 * 19).max() > 30


def picture(number):
    grey = np.full((120, 160), 60, np.uint8)
    for bit in range(6):
        grey[:16, 20 * bit : 20 * bit + 16] = 200 if number >> bit & 1 else 30
    return np.stack([grey] * 3, axis=-1)


def number_of(frame):
    grey = np.asarray(frame).reshape(120, 160, -1).mean(axis=-1)
    return sum(1 << bit for bit in range(6) if grey[4:12, 20 * bit + 4 : 20 * bit + 12].mean() > 115)


for name, codec, between in [("mpeg4.avi", "mpeg4", 2), ("h264.avi", "libx264", 2), ("h264.mp4", "libx264", 2), ("mjpeg.avi", "mjpeg", 0)]:
    with av.open(name, "w") as container:
        stream = container.add_stream(codec, rate=25)
        stream.width, stream.height, stream.pix_fmt = 160, 120, "yuvj420p" if codec == "mjpeg" else "yuv420p"
        stream.codec_context.max_b_frames, stream.codec_context.gop_size, stream.bit_rate = between, 12, 4_000_000
        for index in range(30):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture(index), format="rgb24")))
        container.mux(stream.encode())
    with av.open(name) as container:
        assert [number_of(frame.to_ndarray(format="rgb24")) for frame in container.decode(video=0)] == list(range(30))
    reader = VideoReader(name)
    line = {index: number_of(reader[index].asnumpy()) for index in np.random.default_rng(1).permutation(30).tolist()}
    wrong = {index: line[index] for index in range(30) if line[index] != index}
    print(f"{name}: {len(wrong)} of 30 are another frame: {wrong}")
    assert (len(wrong) >= 3) == (name in ("mpeg4.avi", "h264.avi"))
print("as stated")
PYTHON
