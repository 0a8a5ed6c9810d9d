"""Which model made the masks of a project: another may answer by the time that they are exported."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from uniultra.model_facts import ModelFacts
from uniultra.text import Said
from uniultra.web.workspace.jobs import SavedFrame, SavedObject


def called(name: str, version: str) -> str:
    """A model as masks keep it."""
    return f"{name} {version}"


def maker_of(frames: Sequence[SavedFrame], now: ModelFacts) -> ModelFacts:
    """What results name: the model that made all masks, where all say so and it is one; else that of now."""
    made = {one.made_by for frame in frames for one in frame.objects if one.made_by}
    if len(made) != 1 or any(not one.made_by and one.prompt for frame in frames for one in frame.objects):
        return now
    name, _, version = made.pop().rpartition(" ")
    return replace(now, name=name, version=version) if name else now


def models_of(saved: SavedObject) -> tuple[tuple[str, str], ...] | None:
    """What DICOM results name as what made a mask; None: what they name of the whole file."""
    if saved.by_hand == "drawn":
        return ()
    name, _, version = saved.made_by.rpartition(" ")
    return ((name, version),) if name else None


def mask_notes(saved: SavedObject, named: ModelFacts) -> tuple[str, ...]:
    """Notes on a mask that the model that results name didn't make, or a person's hand did."""
    here, there, number = called(named.name, named.version), saved.made_by, saved.number
    notes = [] if there in ("", here) else [f"structure {number}: made by {there}, not by {here}"]
    if saved.by_hand == "drawn":
        notes.append(f"structure {number}: drawn by hand")
    elif saved.by_hand == "corrected":
        notes.append(f"structure {number}: corrected by hand")
    return tuple(notes)


def makers_note(frames: Sequence[SavedFrame], named: ModelFacts) -> tuple[str, ...]:
    """A note on an export of masks of several models."""
    others = sorted(
        {one.made_by for frame in frames for one in frame.objects} - {"", called(named.name, named.version)}
    )
    if not others:
        return ()
    there, here = ", ".join(others), called(named.name, named.version)
    text = (
        f"some masks were made by {there}; files that name one model name {here}, DICOM SEG and SR name each "
        "structure's own, and JSON, CSV and COCO say of which masks"
    )
    return (Said("several-models", text, others=there, named=here),)
