"""A miniature of EchoNet-Dynamic in its own layout: AVI in Motion JPEG, 112 x 112, ellipses traced by chords
across their long axis.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from videos import save_video

SIDE = 112
ES, ED = 3, 7
"""The traced frames of each clip, end systole and diastole."""
CENTRE_XY, LONG = (56.3, 50.8), 30.2
SHORT = {ES: 10.4, ED: 16.7}
HEADER = "FileName,EF,ESV,EDV,FrameHeight,FrameWidth,FPS,NumberOfFrames,Split"


def build(root: Path, clips: Sequence[Sequence[np.ndarray]] = ()) -> None:
    """Three clips, one of each split, of noise or of the given frames, uint8 (112, 112) each."""
    base = root / "EchoNet-Dynamic"
    (base / "Videos").mkdir(parents=True)
    listed, traced = [HEADER], ["FileName,X1,Y1,X2,Y2,Frame"]
    for number, split in enumerate(("TRAIN", "VAL", "TEST")):
        name = f"0X10A{number}"
        frames = clips[number] if clips else _noise(number)
        save_video(base / f"Videos/{name}.avi", frames, codec="mjpeg")
        listed.append(f"{name},{55.123 + number},30.5,68,{SIDE},{SIDE},50,{len(frames)},{split}")
        for frame in (ES, ED):
            traced += [f"{name}.avi,{','.join(map(str, chord))},{frame}" for chord in chords(SHORT[frame])]
    (base / "FileList.csv").write_text("\n".join(listed), encoding="utf-8")
    (base / "VolumeTracings.csv").write_text("\n".join([*traced, ""]), encoding="utf-8")


def chords(short: float) -> list[tuple[float, float, float, float]]:
    """x1, y1, x2, y2: the long axis, which leans a little, then 20 chords across it, from top to bottom."""
    (x, y), lean = CENTRE_XY, 0.2
    along, across = (math.sin(lean), math.cos(lean)), (math.cos(lean), -math.sin(lean))
    whole = (x - LONG * along[0], y - LONG * along[1], x + LONG * along[0], y + LONG * along[1])
    found = [whole]
    for at in np.linspace(-0.95, 0.95, 20):
        half, down = short * math.sqrt(1 - at * at), LONG * at
        middle = x + down * along[0], y + down * along[1]
        ends = [middle[axis] + side * half * across[axis] for side in (-1, 1) for axis in (0, 1)]
        found.append((ends[0], ends[1], ends[2], ends[3]))
    return [(float(a), float(b), float(c), float(d)) for a, b, c, d in found]


def ellipse(short: float) -> np.ndarray:
    """bool (112, 112): the ellipse itself."""
    rows, columns = np.mgrid[:SIDE, :SIDE]
    x, y, lean = columns - CENTRE_XY[0], rows - CENTRE_XY[1], 0.2
    along = x * math.sin(lean) + y * math.cos(lean)
    across = x * math.cos(lean) - y * math.sin(lean)
    return np.asarray((along / LONG) ** 2 + (across / short) ** 2 <= 1)


def _noise(seed: int) -> list[np.ndarray]:
    """Ten frames, each with a level of its own in a corner, which says which frame it is."""
    random = np.random.default_rng(seed)
    frames = random.integers(0, 255, (10, 14, 14)).repeat(8, axis=1).repeat(8, axis=2).astype(np.uint8)
    for number, frame in enumerate(frames):
        frame[:16, :16] = 20 * number + 10
    return list(frames)
