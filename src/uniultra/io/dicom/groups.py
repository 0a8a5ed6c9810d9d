"""Multi-frame functional groups (PS3.3 C.7.6.16): where enhanced objects keep sizes, windows and times."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from pydicom.dataset import Dataset
from pydicom.valuerep import DT

from uniultra.io.dicom.attributes import code, items, real, reals, value
from uniultra.io.silence import quiet

SHARED, BY_FRAME = "SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"
_SPACING = "PixelSpacing"
_HOLDS = (
    ("PixelMeasuresSequence", (_SPACING,)),
    ("FrameVOILUTSequence", ("WindowCenter", "WindowWidth", "VOILUTFunction")),
    ("PixelValueTransformationSequence", ("RescaleSlope", "RescaleIntercept")),
)
"""Groups, and what is taken from them where the top of the data set lacks it (C.7.6.16.2.1, .10, .9)."""
_PLACE = "PlanePositionVolumeSequence"
_DATES = ("FrameReferenceDateTime", "FrameAcquisitionDateTime")


def raise_groups(dataset: Dataset) -> None:
    """Copies what the groups hold to the top of a data set; what frames differ in, of frame 0.

    A PixelSpacing in which frames differ is left where it is: `spacing_differs`.
    """
    for group, keywords in _HOLDS:
        found = _first(dataset, group)
        for keyword in keywords:
            if found is None or keyword not in found or value(dataset, keyword) is not None:
                continue
            if keyword == _SPACING and spacing_differs(dataset):
                continue
            with quiet("pydicom"):
                try:
                    dataset[keyword] = found[keyword]
                except Exception:  # conversion of hostile bytes raises almost anything
                    continue


def spacing_differs(dataset: Dataset) -> bool:
    """Whether frames differ in PixelSpacing."""
    return (
        len({tuple(reals(found, _SPACING) or ()) for found in _of_frames(dataset, _HOLDS[0][0])} - {()}) > 1
    )


def group_times(dataset: Dataset, frames: int) -> tuple[float, ...] | None:
    """Seconds of each frame from the first one: by temporal positions or dates; None where neither says."""
    offsets = [
        real(found, "TemporalPositionTimeOffset") for found in _of_frames(dataset, "TemporalPositionSequence")
    ]
    times = _rising(offsets, frames)
    contents = [] if times else _of_frames(dataset, "FrameContentSequence")
    for keyword in _DATES:
        times = times or _rising([_seconds(value(found, keyword)) for found in contents], frames)
    return times


def is_stack(dataset: Dataset) -> bool:
    """Whether frames are planes in space at one time (C.7.6.17: 3D), not a picture that moves."""
    if value(dataset, "DimensionOrganizationType") == "3D":
        return True
    return bool(_of_frames(dataset, _PLACE)) and not _of_frames(dataset, "TemporalPositionSequence")


def moving_volume(dataset: Dataset) -> tuple[int, int] | None:
    """How many times and planes, where frames are planes of a volume that moves (C.7.6.17: 3D_TEMPORAL): each
    plane comes at several times, and each time has several planes. A probe that is swept isn't that.
    """
    positions = [reals(found, "ImagePositionVolume") for found in _of_frames(dataset, _PLACE)]
    offsets = [
        real(found, "TemporalPositionTimeOffset") for found in _of_frames(dataset, "TemporalPositionSequence")
    ]
    if None in positions or None in offsets or len(positions) != len(offsets):
        return None
    planes, times = len({tuple(place or ()) for place in positions}), len(set(offsets))
    return (times, planes) if min(planes, times) > 1 and max(planes, times) < len(positions) else None


def data_notes(dataset: Dataset) -> tuple[str, ...]:
    """A note where frames differ in what their values are (C.7.6.16.2.24): tissue, or flow beside it."""
    found: dict[str, list[int]] = {}
    for number, frame in enumerate(items(dataset, BY_FRAME)):
        for item in items(frame, "ImageDataTypeSequence")[:1]:
            found.setdefault(code(item, "DataType") or "nothing known", []).append(number)
    parts = ", ".join(f"{kind} in {len(at)} ({at[0]}, ...)" for kind, at in found.items())
    return (f"its frames hold different data: {parts}",) if len(found) > 1 else ()


def _first(dataset: Dataset, group: str) -> Dataset | None:
    """The item of a group that all frames share, or else of frame 0."""
    for place in (SHARED, BY_FRAME):
        for item in items(dataset, place)[:1]:
            if found := items(item, group):
                return found[0]
    return None


def _of_frames(dataset: Dataset, group: str) -> list[Dataset]:
    """The items of a group that frames have for themselves."""
    return [found[0] for item in items(dataset, BY_FRAME) if (found := items(item, group))]


def _rising(seconds: list[float | None], frames: int) -> tuple[float, ...] | None:
    """Times from the first one, where each frame has one, none goes back, and they aren't all the same."""
    times = [second for second in seconds if second is not None]
    if (
        len(times) != frames
        or times[0] == times[-1]
        or any(later < earlier for earlier, later in pairwise(times))
    ):
        return None
    return tuple(time - times[0] for time in times)


def _seconds(found: Any) -> float | None:
    try:
        with quiet("pydicom"):
            moment = DT(str(found))
        return moment.timestamp() if moment is not None else None
    except Exception:  # no date
        return None
