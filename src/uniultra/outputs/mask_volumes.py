"""Volumes and the ejection fraction of masks that exist already."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from uniultra.errors import PromptError
from uniultra.measure.measured import number
from uniultra.measure.volume import Volume, apart_notes, ejection_fraction, ellipsoid, simpson, turned_notes
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
    """Volumes, and for `ef` the ejection fraction, with their uncertainty and notes.

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
    views = [mask.view(structure) for mask in single]
    if method == "simpson":
        return {"volume": _json_of(simpson(tuple(views)), _notes(single, structure))}
    diastole, systole = simpson(tuple(views[::2])), simpson(tuple(views[1::2]))
    fraction, turned = number(ejection_fraction(diastole, systole)), turned_notes(diastole, systole)
    return {
        "end_diastolic": _json_of(diastole, _notes(single[::2], structure)),
        "end_systolic": _json_of(systole, _notes(single[1::2], structure)),
        "ejection_fraction": fraction | ({"notes": turned} if turned else {}),
    }


def _one_each(method: str, paths: int, masks: Iterable[SavedMask]) -> list[SavedMask]:
    """The masks of files that hold one frame each. Raises PromptError."""
    single: list[SavedMask] = []
    for mask in masks:
        single.append(mask)
        if len(single) > paths:
            [(path, _)] = Counter(one.place.path for one in single).most_common(1)
            raise PromptError(f"{path}: a label of a cine; --volume {method} takes masks of one frame")
    return single


def _of_a_cine(masks: Iterable[SavedMask], structure: int | None) -> dict[str, Any]:
    """Ejection fraction from the label of a cine: the frames of the largest and of the smallest volume."""
    volumes: dict[int | None, Volume] = {}
    said: dict[int | None, tuple[str, ...]] = {}
    doubted: set[int | None] = set()
    times: dict[int | None, float | None] = {}
    empty, path = 0, Path()
    for mask in masks:
        path, frame = mask.place.path, mask.place.frame
        if not mask.place.of_cine:
            raise PromptError(
                f"{path}: one mask; --volume ef takes 2 or 4, or a label of a cine (segment --frames)"
            )
        if mask.ids(structure):
            volumes[frame], said[frame] = simpson((mask.view(structure),)), _notes([mask], structure)
            times[frame] = mask.time_s
            doubted |= {frame} if mask.only_id(structure) in mask.unsure else set()
        else:
            empty += 1
    if len(volumes) < 2:
        raise PromptError(
            f"{path}: frames with the structure: {len(volumes)}; --volume ef needs 2 or more; segment more"
        )
    largest, smallest = (pick(volumes, key=lambda frame: volumes[frame].volume.value) for pick in (max, min))
    notes = [
        f"largest and smallest of {len(volumes)} frames: a single bad mask decides the result, so check both"
    ]
    notes += [f"left out, as the structure isn't on them: {empty} of {empty + len(volumes)} frames"] * (
        empty > 0
    )
    unsure = [f"{frame}" for frame in dict.fromkeys((largest, smallest)) if frame in doubted]
    if unsure:
        notes.append(
            f"the result rests on what was tracked without being sure, frame {' and frame '.join(unsure)}; "
            "`uniultra track --lv` takes only sure frames"
        )
    notes += apart_notes(largest or 0, smallest or 0, times[largest], times[smallest])
    notes += turned_notes(volumes[largest], volumes[smallest])
    fraction = number(ejection_fraction(volumes[largest], volumes[smallest]))
    return {
        "end_diastolic": {"frame": largest, **_json_of(volumes[largest], said[largest])},
        "end_systolic": {"frame": smallest, **_json_of(volumes[smallest], said[smallest])},
        "ejection_fraction": fraction | {"notes": notes},
    }


def _notes(masks: Iterable[SavedMask], structure: int | None) -> tuple[str, ...]:
    return tuple(note for mask in masks for note in mask.notes_of(mask.only_id(structure)))


def _json_of(volume: Volume, notes: tuple[str, ...]) -> dict[str, Any]:
    return number(volume.volume) | {"method": volume.method, "notes": [*volume.notes, *notes]}
