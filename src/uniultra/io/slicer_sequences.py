"""What 3D Slicer says of a sequence's frames in an NRRD (.seq.nrrd): the value of each along the axis of kind
"list", which is last since Slicer 5.10 and first before.

Source: Slicer's pages "Volume sequence file format" of 5.8 and of its development version, and
vtkMRMLVolumeSequenceStorageNode (0369bf4).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from itertools import pairwise

from uniultra.text import number_of

_SECONDS = {"s": 1.0, "sec": 1.0, "second": 1.0, "seconds": 1.0, "ms": 0.001, "msec": 0.001, "us": 1e-6}


def index_times(
    fields: Mapping[str, str], pairs: Mapping[str, str], count: int
) -> tuple[tuple[float, ...] | None, tuple[str, ...]]:
    """Seconds from the first of `count` frames, and a note where there are values that are none: without a
    unit of time, or not ascending.
    """
    kinds = fields.get("kinds", "").lower().split()
    if "list" not in kinds or count < 2:
        return None, ()
    at = kinds.index("list")
    axes = (at, at - 1)  # Slicer's own number leaves out an axis of colours
    axis = next((one for one in axes if f"axis {one} index values" in pairs), at)
    said = pairs.get(f"axis {axis} index values", "").split()
    if not said or pairs.get(f"axis {axis} index type", "numeric").lower() != "numeric":
        return None, ()
    units = dict(enumerate(re.findall(r'"([^"]*)"|\S+', fields.get("units", ""))))
    unit = next((units[one].lower() for one in axes if units.get(one)), "")
    values = [number_of(one) for one in said]
    steps = [after - before for before, after in pairwise(values)]
    ascends = len(values) == count and all(math.isfinite(step) and step >= 0 for step in steps)
    if not ascends or values[-1] <= values[0] or unit not in _SECONDS:
        what = f"unit '{unit}', which is no time" if unit else "no unit"
        why = f"have {what}" if unit not in _SECONDS else "don't ascend, one for each frame"
        return None, (f"the sequence's index values {why}: not used as times",)
    return tuple((value - values[0]) * _SECONDS[unit] for value in values), ()
