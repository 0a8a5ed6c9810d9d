"""EchoNet-Dynamic, the left ventricle in apical four-chamber cines (Ouyang 2020, Nature 580:252-256).

    EchoNet-Dynamic/FileList.csv (FileName, EF, ESV, EDV, FrameHeight, FrameWidth, FPS, NumberOfFrames, Split)
    EchoNet-Dynamic/VolumeTracings.csv (FileName, X1, Y1, X2, Y2, Frame)    Videos/0X100009310A3BD7FC.avi

Of each traced frame the table has chords: first the long axis, then, from its one end to the other, those
across it, whose ends are the outline. Coordinates count from the middle of the first pixel, are rounded, and
pixels on an edge are inside, as in the set's own code, so that masks are the same as there. Of a clip's
frames the one with the largest outline is end-diastolic, the smallest end-systolic. Layout:
github.com/echonet/dynamic `echonet/datasets/echo.py`. A clip is of one person.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator
from functools import lru_cache, partial
from pathlib import Path

import numpy as np

from uniultra.data.importers.sample import Finding, Problem, Sample, locate
from uniultra.errors import DataError, FileError
from uniultra.io.cines import chosen_frames
from uniultra.io.video import open_video
from uniultra.text import number_of

CLIPS, TRACINGS, VIDEOS = "FileList.csv", "VolumeTracings.csv", "Videos"
SPLITS = {"TRAIN": "train", "VAL": "val", "TEST": "test"}
Outlines = dict[int, np.ndarray]
"""Outlines (N, 2) of x, y by the number of their frame, from 0."""
Row = dict[str, str]


def find(root: Path) -> Iterator[Finding]:
    root = locate(root, CLIPS, TRACINGS, VIDEOS)
    tracings = _tracings(root / TRACINGS)
    for row in _rows(root / CLIPS, ("FileName", "EF", "FrameHeight", "FrameWidth", "Split")):
        name = row["FileName"].removesuffix(".avi")
        video = root / VIDEOS / f"{name}.avi"
        outlines = tracings.pop(name, None)
        fault = _fault(row, video, outlines)
        if fault or outlines is None:
            yield Problem(str(video), fault)
        else:
            yield from _samples(name, video, root / TRACINGS, row, outlines)
    for name in tracings:
        yield Problem(str(root / TRACINGS), f"traces '{name}', which '{CLIPS}' doesn't list; add its row")


def _fault(row: Row, video: Path, outlines: Outlines | None) -> str:
    if not video.is_file():
        return f"no such file, but '{CLIPS}' lists it; unpack the set again"
    if outlines is None:
        return f"not traced in '{TRACINGS}'; leave it out"
    if row["Split"].upper() not in SPLITS:
        return f"split '{row['Split']}' is unknown; legal are {', '.join(SPLITS)}; correct '{CLIPS}'"
    if not (row["FrameWidth"].isdecimal() and row["FrameHeight"].isdecimal()):
        return f"size '{row['FrameWidth']} x {row['FrameHeight']}' in '{CLIPS}' is none; give whole pixels"
    return ""


def _samples(name: str, video: Path, table: Path, row: Row, outlines: Outlines) -> Iterator[Sample]:
    numbers = tuple(sorted(outlines))
    by_area = sorted(numbers, key=lambda number: _area(outlines[number]))
    phases = {by_area[0]: "ES", by_area[-1]: "ED"} if len(numbers) > 1 else {}
    percent = number_of(row["EF"])
    fraction = f"EF {percent:.1f} %" if math.isfinite(percent) else ""
    hw = int(row["FrameHeight"]), int(row["FrameWidth"])
    for number in numbers:
        yield Sample(
            f"{name}_{number:04d}",
            video,
            partial(_mask, outline=outlines[number], stated_hw=hw, where=str(video)),
            (table,),
            subject=name,
            label=", ".join(part for part in (phases.get(number, ""), fraction) if part),
            split=SPLITS[row["Split"].upper()],
            pixels=partial(_pixels, number=number, numbers=numbers),
            clip=name,
            frame=number,
        )


def _pixels(video: Path, number: int, numbers: tuple[int, ...]) -> np.ndarray:
    return _frames(video, numbers)[number]


@lru_cache(maxsize=1)
def _frames(video: Path, numbers: tuple[int, ...]) -> dict[int, np.ndarray]:
    """The traced frames of a clip, which is decoded once for all of them."""
    cine = open_video(video)
    if numbers[-1] >= cine.count:
        raise FileError(
            f"{video}: frame {numbers[-1]} is traced, but there are {cine.count}; unpack the set again"
        )
    return {number: frame.pixels_hw for number, frame in chosen_frames(cine, numbers)}


def _mask(hw: tuple[int, int], outline: np.ndarray, stated_hw: tuple[int, int], where: str) -> np.ndarray:
    if tuple(hw) != stated_hw:
        raise FileError(
            f"{where}: {hw[1]} x {hw[0]} pixels, '{CLIPS}' says {stated_hw[1]} x {stated_hw[0]}, and the "
            "outlines were traced on that; unpack the set again"
        )
    return inside(np.rint(outline), hw).astype(np.uint8)


def inside(corners_xy: np.ndarray, hw: tuple[int, int]) -> np.ndarray:
    """bool (H, W): pixels whose middle is within the polygon (even-odd), or on one of its edges or corners.

    Args:
        corners_xy: (N, 2), whole pixels.
    """
    y, x = np.mgrid[: hw[0], : hw[1]]
    within, on = np.zeros(hw, np.bool_), np.zeros(hw, np.bool_)
    for (x0, y0), (x1, y1) in zip(corners_xy, np.roll(corners_xy, -1, axis=0), strict=True):
        side = (x1 - x0) * (y - y0) - (y1 - y0) * (x - x0)
        level = (min(y0, y1) <= y) & (y <= max(y0, y1))
        on |= (side == 0) & level & (min(x0, x1) <= x) & (x <= max(x0, x1))
        within ^= ((y0 > y) != (y1 > y)) & ((side > 0) == (y1 > y0))
    return within | on


def _area(outline: np.ndarray) -> float:
    x, y = outline.T
    return abs(float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1)))) / 2


def _tracings(path: Path) -> dict[str, Outlines]:
    chords: dict[str, dict[int, list[list[float]]]] = {}
    for line, row in enumerate(_rows(path, ("FileName", "X1", "Y1", "X2", "Y2", "Frame")), start=2):
        try:
            chord = [float(row[end]) for end in ("X1", "Y1", "X2", "Y2")]
            frame = int(row["Frame"])
        except ValueError as error:
            raise DataError(f"'{path}', row {line}: {error}; legal are numbers; correct it") from error
        if not all(map(math.isfinite, chord)) or frame < 0:
            raise DataError(f"'{path}', row {line}: legal are finite numbers, frames from 0; correct it")
        clip = chords.setdefault(row["FileName"].removesuffix(".avi"), {})
        clip.setdefault(frame, []).append(chord)
    return {
        name: {number: _outline(path, name, lines) for number, lines in frames.items()}
        for name, frames in chords.items()
    }


def _outline(path: Path, name: str, lines: list[list[float]]) -> np.ndarray:
    """Down one side of the chords across the long axis, and up the other."""
    across = np.array(lines[1:], np.float64).reshape(-1, 4)
    if len(across) < 2:
        raise DataError(
            f"'{path}': a frame of '{name}' has {len(lines)} chords; legal are 3 or more, the long axis first"
        )
    return np.concatenate([across[:, :2], across[::-1, 2:]])


def _rows(path: Path, columns: tuple[str, ...]) -> Iterator[Row]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            table = csv.DictReader(file)
            missing = [column for column in columns if column not in (table.fieldnames or ())]
            if missing:
                raise DataError(f"'{path}' has no column {', '.join(missing)}; it must have these; add them")
            for row in table:
                yield {column: (row[column] or "").strip() for column in columns}
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"'{path}' can't be read as CSV ({error}); unpack the set again") from error
