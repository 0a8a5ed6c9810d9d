"""Volumes and the ejection fraction of masks that exist already."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from uniultra.errors import PromptError
from uniultra.measure.ejection import Ejection, are_alike, ejection, single_plane
from uniultra.measure.measured import number
from uniultra.measure.volume import View, Volume, apart_notes, ellipsoid, simpson, turned_notes
from uniultra.outputs.saved_masks import SavedMask

VOLUMES = {"ellipsoid": (2,), "simpson": (1, 2), "ef": (1, 2, 4)}
"""Methods, and how many masks each takes; 1 for `ef` is a label of a cine."""


def check_volume(method: str, masks: int) -> None:
    """Raises PromptError where there is no such method, or it takes another number of masks."""
    if method not in VOLUMES:
        raise PromptError(f"--volume '{method}' is unknown; give {', '.join(VOLUMES)}")
    if masks not in VOLUMES[method]:
        raise PromptError(
            f"--volume {method} takes {' or '.join(map(str, VOLUMES[method]))} masks, not {masks}; see "
            "docs/dicom.md for their order"
        )


def volume_json(
    method: str, paths: int, masks: Iterable[SavedMask], structure: int | None = None
) -> dict[str, Any]:
    """Volumes, and for `ef` the ejection fraction and (of one view) the fractional area change, with their
    uncertainty and notes. Where millimetres are unknown, volumes for `ef` are None, and say why.

    Args:
        method: one of VOLUMES.
        paths: how many files the masks are of: for `ef`, 1 is a label of a cine, whose largest and smallest
            volumes are taken.
        masks: for `simpson` apical 4- and 2-chamber views; for `ef` diastole and systole of each view in
            turn.

    Raises:
        PromptError: `check_volume`'s; a mask without scale, or with several structures and none named.
    """
    check_volume(method, paths)
    if method == "ef" and paths == 1:
        return _of_a_cine(masks, structure)
    single = _one_each(method, paths, masks)
    if method == "ellipsoid":
        first, second = (mask.measured(mask.only_id(structure)) for mask in single)
        return {"volume": _json_of(ellipsoid(first, second), _notes(single, structure))}
    views = _views(single, structure, relative=method == "ef" and paths == 2)
    if method == "simpson":
        return {"volume": _json_of(simpson(views), _notes(single, structure))}
    said = tuple(_notes(masks, structure) for masks in (single[::2], single[1::2]))
    return _report(ejection(views[::2], views[1::2]), said)


def _views(masks: Sequence[SavedMask], structure: int | None, relative: bool) -> tuple[View, ...]:
    """Planes in millimetres; where `relative`, also in pixels, where that is all that is known of each."""
    views = tuple(mask.plane(structure) for mask in masks)
    if relative and are_alike(*views):
        return views
    return tuple(mask.view(structure) for mask in masks)


def _report(
    found: Ejection,
    said: Sequence[tuple[str, ...]],
    frames: Sequence[int | None] = (),
    notes: Iterable[str] = (),
) -> dict[str, Any]:
    """Of end-diastole and end-systole, with notes on their masks (`said`), of a cine with their frames, and
    notes on the fraction.
    """
    doubts = [*filter(None, [found.assumed]), *notes, *turned_notes(found.diastole, found.systole)]
    phases = []
    for at, volume in enumerate((found.diastole, found.systole)):
        frame = {"frame": frames[at]} if frames else {}
        sized = _json_of(volume, said[at])
        if found.reason:
            sized |= {"value": None, "unit": "ml", "uncertainty": None, "reason": found.reason}
        phases.append(frame | sized)
    fraction = number(found.fraction) | ({"notes": doubts} if doubts else {})
    area = {} if found.area_change is None else {"fractional_area_change": number(found.area_change)}
    return {"end_diastolic": phases[0], "end_systolic": phases[1], "ejection_fraction": fraction, **area}


def _one_each(method: str, paths: int, masks: Iterable[SavedMask]) -> list[SavedMask]:
    """The masks of files that hold one frame each. Raises PromptError."""
    single: list[SavedMask] = []
    for mask in masks:
        single.append(mask)
        if len(single) > paths:
            [(path, _)] = Counter(one.place.path for one in single).most_common(1)
            raise PromptError(f"{path}: a label of a cine; --volume {method} takes masks of one frame")
    return single


@dataclass(frozen=True)
class _Sized:
    mask: SavedMask
    view: View
    volume: float

    @property
    def frame(self) -> int | None:
        return self.mask.place.frame


def _of_a_cine(masks: Iterable[SavedMask], structure: int | None) -> dict[str, Any]:
    """Ejection fraction from the label of a cine: the frames of the largest and of the smallest volume."""
    first = largest = smallest = None
    count, empty, path = 0, 0, Path()
    for mask in masks:
        path = mask.place.path
        if not mask.place.of_cine:
            raise PromptError(
                f"{path}: one mask; --volume ef takes 2 or 4, or a label of a cine (segment --frames)"
            )
        if not mask.ids(structure):
            empty += 1
            continue
        count += 1
        one = _sized(mask, first or mask, structure)
        first = first or mask
        largest = one if largest is None or one.volume > largest.volume else largest
        smallest = one if smallest is None or one.volume < smallest.volume else smallest
    if count < 2 or largest is None or smallest is None:
        raise PromptError(
            f"{path}: frames with the structure: {count}; --volume ef needs 2 or more; segment more"
        )
    notes = [f"largest and smallest of {count} frames: a single bad mask decides the result, so check both"]
    notes += [f"left out, as the structure isn't on them: {empty} of {empty + count} frames"] * (empty > 0)
    pair = (largest, smallest)
    doubted = {one.frame: None for one in pair if one.mask.only_id(structure) in one.mask.unsure}
    if doubted:
        notes.append(
            f"the result rests on what was tracked without being sure, frame "
            f"{' and frame '.join(map(str, doubted))}; `uniultra track --lv` takes only sure frames"
        )
    times = largest.mask.time_s, smallest.mask.time_s
    notes += apart_notes(largest.frame or 0, smallest.frame or 0, *times)
    said = tuple(_notes([one.mask], structure) for one in pair)
    frames = largest.frame, smallest.frame
    return _report(ejection((largest.view,), (smallest.view,)), said, frames, notes)


def _sized(mask: SavedMask, first: SavedMask, structure: int | None) -> _Sized:
    """A frame's ventricle beside that of the first frame. Raises PromptError where their sizes can't be
    compared: in millimetres, or in pixels where these are all that is known.
    """
    view = mask.plane(structure)
    if not are_alike(first.plane(structure), view):
        first.view(structure), mask.view(structure)
    return _Sized(mask, view, single_plane(view).volume.value)


def _notes(masks: Iterable[SavedMask], structure: int | None) -> tuple[str, ...]:
    return tuple(note for mask in masks for note in mask.notes_of(mask.only_id(structure)))


def _json_of(volume: Volume, notes: tuple[str, ...]) -> dict[str, Any]:
    """With an ellipsoid's diameters, each in its mask, from 1."""
    diameters = [
        {
            "mask": one.plane + 1,
            "shared": one.shared,
            **number(one.caliper.length),
            "ends_xy": one.caliper.ends_xy,
        }
        for one in volume.diameters
    ]
    more = {"diameters": diameters} if diameters else {}
    return number(volume.volume) | {"method": volume.method, **more, "notes": [*volume.notes, *notes]}
