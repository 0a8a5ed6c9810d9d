#!/usr/bin/env bash
# acvr 0.1.0, iterframes 0.7.0 and tensorcodec 0.4.1 (video readers of 2026 that promise the exact frame): of an MPEG-4 or H.264 AVI with B-frames index i is another frame.
#
# Expected: frame i is what reading in order gives at i, as in MP4; or an error, where a file has no times of showing.
# What happens: an AVI keeps frames in order of decoding, without times of showing. Read by number, tensorcodec gives 29 of 30 frames of the MPEG-4 AVI one too early, iterframes 23, and
# of the H.264 AVI 28 and 24 two too early; of the rest they raise. acvr gives a key frame for the three before it, and in H.264 12 frames one to three off, without a word.
# In order all are right, and on MP4 and MJPEG all three are right by number, too.
# Why it matters: scanners and workstations export AVI (Xvid and DivX are MPEG-4 with B-frames). A mask drawn on frame i of a viewer that reads in order lies on i + 1 or i + 2 here:
# 40 to 80 ms, a tenth of a heart beat, and near a key frame up to three frames.
# Seen on 30 November 2026 with the versions above, PyAV 18.1.0 (writes the recordings), numpy 2.4.6, Python 3.11. torchcodec 0.13.0 has it, too (torchcodec_b_frames.sh).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages" \
    av==18.1.0 acvr==0.1.0 iterframes==0.7.0 tensorcodec==0.4.1 tensorcodec-av==0.4.1 opencv-python-headless==5.0.0.93 numpy==2.4.6
cd "$folder"
cat >run.py <<'PYTHON'
import random
from importlib.metadata import version

import av
import iterframes
import numpy as np
from acvr import VideoReader
from tensorcodec.decoders import VideoDecoder

ORDER = random.Random(1).sample(range(30), 30)


def picture(number):
    grey = np.full((120, 160), 60, np.uint8)
    grey[40:80, 30 + 2 * number : 60 + 2 * number] = 180
    for bit in range(6):
        grey[:16, 20 * bit : 20 * bit + 16] = 200 if number >> bit & 1 else 30
    return np.stack([grey] * 3, axis=-1)


def number_of(frame):
    frame = np.asarray(frame)
    grey = frame.mean(axis=0 if frame.shape[0] == 3 else -1)
    return sum(1 << bit for bit in range(6) if grey[4:12, 20 * bit + 4 : 20 * bit + 12].mean() > 115)


def write(name, codec, between):
    with av.open(name, "w") as container:
        stream = container.add_stream(codec, rate=25)
        stream.width, stream.height, stream.pix_fmt = 160, 120, "yuvj420p" if codec == "mjpeg" else "yuv420p"
        stream.codec_context.max_b_frames, stream.codec_context.gop_size, stream.bit_rate = between, 12, 4_000_000
        for index in range(30):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture(index), format="rgb24")))
        container.mux(stream.encode())


def readers(name):
    reader, decoder = VideoReader(name), VideoDecoder(name)
    return {
        "acvr": lambda index: reader[index],
        "iterframes": lambda index: next(iter(iterframes.read(name, frames=[index]))),
        "tensorcodec": lambda index: decoder[index],
    }


print(", ".join(f"{name} {version(name)}" for name in ("acvr", "iterframes", "tensorcodec")))
wrong = {}
for name, codec, between in [("mpeg4.avi", "mpeg4", 2), ("h264.avi", "libx264", 2), ("h264.mp4", "libx264", 2), ("mjpeg.avi", "mjpeg", 0)]:
    write(name, codec, between)
    with av.open(name) as container:
        assert [number_of(frame.to_ndarray(format="rgb24")) for frame in container.decode(video=0)] == list(range(30))
    assert [number_of(frame) for frame in iterframes.read(name)] == list(range(30))
    for package, read in readers(name).items():
        found = {}
        for index in ORDER:
            try:
                found[index] = number_of(read(index))
            except RuntimeError:
                found[index] = "error"
        line = [found[index] for index in range(30)]
        errors = line.count("error")
        wrong[package, name] = sum(number != index for index, number in enumerate(line)) - errors
        print(f"{name}, {package}: {wrong[package, name]} of 30 are another frame, {errors} an error: {line}")
for package in ("acvr", "iterframes", "tensorcodec"):
    assert wrong[package, "mpeg4.avi"] >= (3 if package == "acvr" else 20) and wrong[package, "h264.avi"] >= 5
    assert wrong[package, "h264.mp4"] == wrong[package, "mjpeg.avi"] == 0
print("as stated")
PYTHON
PYTHONPATH=$folder/packages python3 -s run.py
