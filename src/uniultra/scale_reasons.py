"""Why there are no millimetres, and what speaks against those that there are: each a sentence with a code."""

from __future__ import annotations

from collections.abc import Sequence

from uniultra.text import Said

UNCALIBRATED = Said("uncalibrated", "no calibration is known")
"""The reason of a plain picture, which needs no explanation."""
NO_LENGTHS = Said("no-lengths", "no region has lengths")
NOTHING = Said("nothing-to-measure", "there is nothing to measure")
OUTSIDE = Said("outside-regions", "it lies outside every calibrated region")
NOT_AN_IMAGE = Said("not-an-image", "the file doesn't call it a 2D image")

SHAPELESS = "without spatial format"
UNITLESS = "no unit"
UNKNOWN = "unknown"
"""Words for what a file leaves open about a region; `UNKNOWN` may be followed by its code."""


ONE_SCALE = "keep the mask within one region, or give --override-scale if one scale holds for all of it"
"""What helps where regions of a file decide, over which --spacing has no say."""


def is_unset(reason: str) -> bool:
    """Whether a size of a pixel is all that is missing."""
    return reason in (UNCALIBRATED, NO_LENGTHS)


def is_unsaid(word: str) -> bool:
    """Whether a region's shape or data type says nothing about it."""
    return word in (SHAPELESS, "none") or word.startswith(UNKNOWN)


def not_2d(shape: str, units_xy: tuple[str, str]) -> Said:
    """A bar or a text on the screen has neither a shape nor axes; their codes would tell a reader nothing."""
    across, down = units_xy
    if is_unsaid(shape) or units_xy == (UNITLESS, UNITLESS):
        return NOT_AN_IMAGE
    return Said(
        "not-2d", f"it is {shape}, x in {across} and y in {down}", shape=shape, across=across, down=down
    )


def not_cm(units_xy: tuple[str, str]) -> Said:
    across, down = units_xy
    text = f"its units are {across} to the right and {down} down, not cm"
    return Said("not-cm", text, across=across, down=down)


def no_deltas(delta_xy: tuple[float, float]) -> Said:
    across, down = (f"{delta:g}" for delta in delta_xy)
    text = f"its pixel deltas {across} and {down} cm have no length"
    return Said("no-deltas", text, across=across, down=down)


def in_region(number: int, fault: str) -> Said:
    return Said("in-region", f"it lies in region {number}, and {fault}", region=number, fault=fault)


def beyond(number: int) -> Said:
    return Said("beyond-region", f"it reaches beyond region {number}", region=number)


def across(numbers: Sequence[int]) -> Said:
    return Said("across-regions", f"it lies across regions {_listed(numbers)}", regions=[*numbers])


def overlapping(numbers: Sequence[int]) -> Said:
    text = f"it lies in regions {_listed(numbers)}, which overlap and have different scales"
    return Said("overlapping-regions", text, regions=[*numbers])


def unused(number: int, fault: str) -> Said:
    return Said("region-unused", f"region {number} is not used: {fault}", region=number, fault=fault)


def not_square(name: str, pixel_aspect: float) -> Said:
    times = f"{pixel_aspect:.4g}"
    text = f"pixels are not square: {name} says that one is {times} times as wide as it is high"
    return Said("not-square", text, name=name, times=times)


def conflict(name: str, size: str, known: str, known_size: str) -> Said:
    text = f"{name} says {size}, but {known} says {known_size}, which is used"
    return Said("scale-conflict", text, name=name, size=size, known=known, known_size=known_size)


def overridden(name: str, said: Sequence[tuple[str, str]]) -> Said:
    """`said`: what in the file says which size."""
    listed = "; ".join(f"{source} says {size}" for source, size in said)
    what = [list(pair) for pair in said]
    return Said("scale-overridden", f"{name} overrides the file: {listed}", name=name, said=what)


def _listed(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers[:-1])) + f" and {numbers[-1]}"
