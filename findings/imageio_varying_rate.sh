#!/usr/bin/env bash
# imageio, moviepy and pims: of a recording that pauses once, index i is another frame, a third of the frames is never seen, others come fifteen times.
#
# Expected: as of PyAV and OpenCV, 40 frames in their order; frame 25 is frame 25. imageio's count_frames() says 40, and so does pims' len().
# What happens: 40 frames 40 ms apart with a pause of 0.6 s in the middle (H.264 in MP4, each frame with its own time). imageio gives 57: frame
# 19 fifteen times, 20 seventeen times, and 21 to 33 never; get_data(25) of a new reader is frame 19. moviepy's iter_frames ends after 39
# frames, the last of which is frame 20; asked for the very time of a frame, get_frame answers with one up to 6 before it ahead of the
# pause, and with 19 or 20 behind it. pims, by PyAV, gives 40 frames, goes back to frame 0 after the pause and leaves out seven. Nothing is
# raised or logged. imageio and moviepy have ffmpeg make an even rate of the average one; imageio's other plugin (plugin="pyav") is right.
# At an even rate all are right.
# Why it matters: freezing, contrast triggers, screen recorders and phones make such files. A mask or a label by index belongs to another picture,
# and a heart beat measured over the pause is of frames that never followed each other.
# Seen on 29 November 2026 with imageio 2.38.1, imageio-ffmpeg 0.8.1 (ffmpeg 9.0.2), moviepy 2.2.1, pims 0.7, av 18.1.0, numpy 2.4.6,
# opencv-python-headless 5.0.0.93, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check imageio==2.38.1 imageio-ffmpeg==0.8.1 moviepy==2.2.1 pims==0.7 av==18.1.0 numpy==2.4.6 \
    opencv-python-headless==5.0.0.93
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
from fractions import Fraction

import av
import cv2
import imageio.v2
import imageio.v3
import numpy as np
import pims
from moviepy import VideoFileClip

COUNT, SECONDS = 40, Fraction(1, 1000)


def recorded(name: str, times: list[int]) -> None:
    """Frame i shows the bits of i as bars."""
    with av.open(name, "w") as out:
        stream = out.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.codec_context.time_base = stream.time_base = SECONDS
        for number, time in enumerate(times):
            picture = np.zeros((48, 64, 3), np.uint8)
            for bit in range(6):
                picture[8:40, 4 + 10 * bit : 10 + 10 * bit] = 255 * (number >> bit & 1)
            frame = av.VideoFrame.from_ndarray(picture, "rgb24")
            frame.pts, frame.time_base = time, SECONDS
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))


def shown(frames) -> list[int]:
    return [sum(int(np.asarray(frame)[24, 6 + 10 * bit].mean() > 128) << bit for bit in range(6)) for frame in frames]


def opened_by_opencv(name: str) -> list[int]:
    capture, frames = cv2.VideoCapture(name), []
    while (read := capture.read())[0]:
        frames.append(read[1])
    return shown(frames)


def looked_at(name: str, times: list[int]) -> dict[str, list[int]]:
    recorded(name, times)
    with VideoFileClip(name, audio=False) as clip, imageio.v2.get_reader(name, "ffmpeg") as reader, pims.open(name) as video, av.open(name) as container:
        assert reader.count_frames() == len(video) == COUNT
        return {
            "PyAV": shown(frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)),
            "OpenCV": opened_by_opencv(name),
            "imageio, plugin pyav": shown(imageio.v3.imiter(name, plugin="pyav")),
            "imageio": shown(reader),
            "imageio v3": shown(imageio.v3.imiter(name)),
            "imageio get_data(25)": shown([imageio.v2.get_reader(name, "ffmpeg").get_data(25)]),
            "moviepy": shown(clip.iter_frames()),
            "moviepy at the frames' times": shown(clip.get_frame(time / 1000 + 0.001) for time in times),
            "pims": shown(video),
        }


whole = list(range(COUNT))
even = looked_at("even.mp4", [40 * number for number in whole])
pause = looked_at("pause.mp4", [40 * number + 600 * (number >= 20) for number in whole])
for name, frames in pause.items():
    print(f"{name}: {len(frames)} frames, never seen: {sorted(set(whole) - set(frames))}")
    print("   ", *frames)
assert all(frames == whole for name, frames in even.items() if "get_data" not in name)
assert pause["PyAV"] == pause["OpenCV"] == pause["imageio, plugin pyav"] == whole
assert pause["imageio"] == pause["imageio v3"] and len(pause["imageio"]) == 57 and set(range(21, 34)).isdisjoint(pause["imageio"])
assert pause["imageio get_data(25)"] == [19]
assert max(pause["moviepy"]) == 20 and len(pause["moviepy"]) == 39
assert pause["moviepy at the frames' times"][20:30] == [19] * 10
assert len(pause["pims"]) == COUNT and len(set(whole) - set(pause["pims"])) == 7 and pause["pims"][17:19] == [0, 2]
print("as stated")
PYTHON
