"""The calibration of a DICOM file: ultrasound regions, PixelSpacing, NominalScannedPixelSpacing (PS3.3
C.8.5.5, 10.7).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from pydicom.dataset import Dataset

from uniultra.io.dicom.attributes import integer, items, real, reals
from uniultra.io.dicom.groups import spacing_differs
from uniultra.io.dicom.header import Header
from uniultra.io.print_size import print_size_notes
from uniultra.pixel_scale import Calibration, ScanRegion, same
from uniultra.scale_reasons import SHAPELESS, UNITLESS, UNKNOWN

SHAPES = (SHAPELESS, "2D", "M-mode", "spectral", "a waveform", "graphics")
DATA = (
    *(
        "none",
        "tissue",
        "colour flow",
        "PW spectral Doppler",
        "CW spectral Doppler",
        "Doppler mean trace",
        "Doppler mode trace",
    ),
    *(
        "Doppler max trace",
        "volume trace",
        "d(volume)/dt trace",
        "ECG trace",
        "pulse trace",
        "phonocardiogram trace",
        "grey bar",
    ),
    *("colour bar", "integrated backscatter", "area trace", "d(area)/dt", "other physiological trace"),
)
UNITS = (
    UNITLESS,
    "percent",
    "dB",
    "cm",
    "seconds",
    "hertz",
    "dB/seconds",
    "cm/s",
    "cm2",
    "cm2/s",
    "cm3",
    "cm3/s",
    "degrees",
)
SPACINGS = ("PixelSpacing", "NominalScannedPixelSpacing")
MAX_REGIONS = 64


def calibration_of(header: Header, frame_hw: tuple[int, int]) -> Calibration:
    """What the file says of sizes. What is odd about it becomes notes, never an error: the pixels can still
    be used.
    """
    found = items(header.dataset, "SequenceOfUltrasoundRegions")
    regions, notes = [], []
    for number, item in enumerate(found[:MAX_REGIONS], start=1):
        region = _region(item, number)
        if isinstance(region, str):
            notes.append(f"region {number} is ignored: {region}")
            continue
        notes += [f"region {number}: {note}" for note in _oddities(region, frame_hw)]
        regions.append(region)
    if spacing_differs(header.dataset):
        notes.append("PixelSpacing differs from frame to frame and is not used")
    spacings = {keyword: reals(header.dataset, keyword) for keyword in SPACINGS}
    notes += [
        f"{keyword} {', '.join(f'{one:g}' for one in spacing)} is not two sizes above 0 and is not used"
        for keyword, spacing in spacings.items()
        if spacing is not None and not _usable(spacing)
    ]
    calibration = Calibration(tuple(regions), notes=tuple(notes))
    for keyword, spacing in spacings.items():
        if spacing is not None and _usable(spacing):
            calibration = calibration.with_fallback(keyword, (spacing[0], spacing[1]))
    if calibration.fallbacks:
        doubts = print_size_notes(calibration.fallbacks[0][0], calibration)
        calibration = replace(calibration, notes=(*calibration.notes, *doubts))
    return _with_aspect(header, calibration)


def _usable(pair: Sequence[float]) -> bool:
    return len(pair) == 2 and min(pair) > 0


def _with_aspect(header: Header, calibration: Calibration) -> Calibration:
    """The calibration with what PixelAspectRatio (height to width of a pixel, C.7.6.3.1.7) says beside the
    spacing that is used.
    """
    ratio = reals(header.dataset, "PixelAspectRatio")
    if ratio is None or not _usable(ratio) or same((ratio[0], ratio[0]), (ratio[1], ratio[1])):
        return calibration
    said = f"PixelAspectRatio says that pixels are {ratio[0]:g} high to {ratio[1]:g} wide"
    known = [
        spacing
        for spacing in (*(region.spacing_mm_yx for region in calibration.regions), calibration.whole_mm_yx)
        if spacing
    ]
    if not known:
        note = f"{said}: along a slant, a length in pixels means nothing"
        return replace(calibration, pixel_aspect=ratio[1] / ratio[0], notes=(*calibration.notes, note))
    down, right = known[0]
    if same((down / right, 1.0), (ratio[0] / ratio[1], 1.0)):
        return calibration
    return replace(calibration, notes=(*calibration.notes, f"{said}, which the spacing in use contradicts"))


def _region(item: Dataset, number: int) -> ScanRegion | str:
    """A region, or why it is none."""
    edges = [integer(item, f"RegionLocation{end}") for end in ("MinX0", "MinY0", "MaxX1", "MaxY1")]
    if any(edge is None for edge in edges):
        return "it has no location"
    x0, y0, x1, y1 = (int(edge or 0) for edge in edges)
    if x1 <= x0 or y1 <= y0:
        return f"its box {x0},{y0},{x1},{y1} is empty or inverted"
    flags = integer(item, "RegionFlags") or 0
    deltas = (real(item, "PhysicalDeltaX"), real(item, "PhysicalDeltaY"))
    return ScanRegion(
        box_xyxy=(x0 - 0.5, y0 - 0.5, x1 + 0.5, y1 + 0.5),
        shape=_named(SHAPES, integer(item, "RegionSpatialFormat")),
        data=_named(DATA, integer(item, "RegionDataType")),
        units_xy=(
            _named(UNITS, integer(item, "PhysicalUnitsXDirection")),
            _named(UNITS, integer(item, "PhysicalUnitsYDirection")),
        ),
        delta_xy=(math.nan if deltas[0] is None else deltas[0], math.nan if deltas[1] is None else deltas[1]),
        low_priority=bool(flags & 1),
        flags=flags,
        number=number,
    )


def _named(names: tuple[str, ...], code: int | None) -> str:
    if code is None:
        return UNKNOWN
    return names[code] if 0 <= code < len(names) else f"{UNKNOWN} ({code})"


def _oddities(region: ScanRegion, frame_hw: tuple[int, int]) -> list[str]:
    notes = []
    _, _, x1, y1 = region.box_xyxy
    height, width = frame_hw
    if x1 > width + 0.5 or y1 > height + 0.5:
        notes.append(
            f"its box ends at {x1 - 0.5:g},{y1 - 0.5:g}, beyond the frame of {width} x {height}: cut, "
            "resized or turned after calibration; if resized, its millimetres are wrong by that factor, if "
            "turned, those across and down are exchanged"
        )
    if region.spacing_mm_yx and not 0.001 <= min(region.spacing_mm_yx) <= max(region.spacing_mm_yx) <= 10:
        notes.append(
            f"{region.spacing_mm_yx[1]:g} x {region.spacing_mm_yx[0]:g} mm per pixel is not "
            "plausible for ultrasound"
        )
    return notes
