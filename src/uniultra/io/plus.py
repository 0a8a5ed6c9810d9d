"""What the PLUS toolkit says of each frame, in the header of a MetaImage or an NRRD: orientation, times,
transforms and status.

Source: igsioVideoFrame and vtkIGSIOSequenceIOBase of github.com/IGSIO/IGSIO, and PLUS's page "Ultrasound
image orientation".
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise

from uniultra.errors import FileError
from uniultra.io.paths import shown
from uniultra.io.volumes import Volume
from uniultra.pixel_scale import Calibration
from uniultra.text import number_of

FRAME_FIELD = "Seq_Frame"
_TRANSFORM = re.compile(r"Seq_Frame0*\d+_ImageTo\w*Transform|ImageTo\w+Transform")
_PICTURES = ("", "BRIGHTNESS", "RGB_COLOR")
_ORIENTATION = re.compile(r"([MU])([FN])[AD]?")
RIGID = 1e-4
"""A transform whose columns are this close to 1 long moves an image and says nothing of its pixels."""


def described(
    volume: Volume, fields: Mapping[str, str], offset: int, calibration: Calibration, notes: tuple[str, ...]
) -> Volume:
    """A volume with its calibration, and all that PLUS's fields add.

    Frames are turned to orientation MF, as PLUS turns them: away from the probe is down, and the marked side
    is right.

    Raises:
        FileError: radio frequency lines, or an orientation with depth along the rows.
    """
    kind = fields.get("UltrasoundImageType", "").upper()
    if kind not in _PICTURES:
        raise FileError(
            f"{volume.name}: UltrasoundImageType {shown(kind[:40])} is not a picture; legal are "
            "BRIGHTNESS and RGB_COLOR; scan-convert it"
        )
    flips, said = _flips(volume.name, fields.get("UltrasoundImageOrientation"))
    if not (calibration.fallbacks or calibration.regions):
        size = _transform_mm(fields)
        if size is not None:
            calibration = calibration.with_fallback("ImageTo...Transform", size)
            notes = ()  # that it wasn't elsewhere
    blank = sum(
        key.startswith(FRAME_FIELD) and key.endswith("_ImageStatus") and value.upper() == "INVALID"
        for key, value in fields.items()
    )
    said = (*said, f"frames without a picture (ImageStatus INVALID): {blank}") if blank else said
    return replace(
        volume,
        offset=offset,
        flips=flips,
        calibration=calibration,
        times_s=_times(fields, volume.size[2]),
        notes=(*volume.notes, *notes, *said),
    )


def _flips(name: str, letters: str | None) -> tuple[tuple[bool, bool], tuple[str, ...]]:
    """What turns a frame to MF, left to right and top to bottom, with a note where anything does."""
    if letters is None or letters.upper() == "XX":
        return (False, False), ()
    match = _ORIENTATION.fullmatch(letters.upper())
    if match is None:
        raise FileError(
            f"{name}: UltrasoundImageOrientation {shown(letters[:20])}; legal are MF, MN, UF and UN, "
            "with A or D behind; export it again"
        )
    flips = match[1] == "U", match[2] == "N"
    how = {(True, False): "left to right", (False, True): "top to bottom", (True, True): "both ways"}
    note = f"frames lie as {match[0]} in the file and are turned over {how.get(flips)}, to MF, as PLUS does"
    return flips, (note,) if any(flips) else ()


def _transform_mm(fields: Mapping[str, str]) -> tuple[float, float] | None:
    """Millimetres per pixel (down, right) by the first transform from the image to anything that isn't
    rigid.
    """
    for key, value in fields.items():
        if not _TRANSFORM.fullmatch(key):
            continue
        try:
            numbers = [float(part) for part in value.split()]
        except ValueError:
            continue
        if len(numbers) != 16:
            continue
        right, down = (math.hypot(*numbers[column:12:4]) for column in (0, 1))
        if (
            math.isfinite(right + down)
            and min(right, down) > 0
            and max(abs(right - 1), abs(down - 1)) > RIGID
        ):
            return down, right
    return None


def _times(fields: Mapping[str, str], count: int) -> tuple[float, ...] | None:
    """Seconds from the first frame; None where a frame has no time, or they don't ascend."""
    stamps: dict[int, float] = {}
    for key, value in fields.items():
        match = re.fullmatch(r"Seq_Frame(\d{1,9})_Timestamp", key)
        if match:
            stamps[int(match[1])] = number_of(value)
    if count < 2 or len(stamps) != count or sorted(stamps) != list(range(count)):
        return None
    times = tuple(stamps[number] - stamps[0] for number in range(count))
    steps = [after - before for before, after in pairwise(times)]
    return times if all(math.isfinite(step) and step >= 0 for step in steps) and times[-1] > 0 else None
