"""Sizes of pixels that are those of a print, or of nothing: what converters of pictures write."""

from __future__ import annotations

from uniultra.pixel_scale import Calibration

MM_PER_INCH = 25.4
_USUAL = (72, 96, 100, 120, 144, 150, 200, 240, 300, 600)
_SAME = 2e-4
"""Relative difference below which a spacing is that of so many dots per inch."""


def print_size_notes(field: str, calibration: Calibration) -> tuple[str, ...]:
    """A sentence where the one size of a pixel that a header's field gives is that of a print, or 1 mm."""
    known = calibration.whole_mm_yx
    if known is None or abs(known[0] - known[1]) > _SAME * known[0]:
        return ()
    if known[0] == 1.0:
        return (
            f"{field} is 1 x 1 mm, as ITK and converters write where nobody knew the size of a pixel: "
            "check it, or give --override-scale",
        )
    for dots in _USUAL:
        if abs(known[0] * dots / MM_PER_INCH - 1) <= _SAME:
            return (
                f"{field} is {known[0]:.4g} mm, which is {dots} dots per inch: ITK takes a picture's "
                "print size for millimetres; check it, or give --override-scale",
            )
    return ()
