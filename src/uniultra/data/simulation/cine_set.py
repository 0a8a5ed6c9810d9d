"""Simulated cines of a manifest's stills, written as a set of clips with its manifest."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from uniultra.atomic import check_new, staged_folder
from uniultra.data.loading import read_row
from uniultra.data.manifest import CLIP_COLUMNS, COLUMNS, Row, objects_in, read_manifest
from uniultra.data.simulation.cines import EVENTS, LEAST_FRAMES, Event, simulate_cine
from uniultra.data.simulation.frames import MOST_SEED
from uniultra.data.wrong_masks import has_wrong_mask
from uniultra.errors import DataError
from uniultra.hashes import stable_seed
from uniultra.io.tables import write_csv

MOST_CINES, MOST_SET_FRAMES = 100_000, 10_000_000
Progress = Callable[[int, int], None]


class CineCount(NamedTuple):
    """How many cines were made, and of how many stills none: they show no object, or their mask is another
    picture's.
    """

    made: int
    left_out: int


@dataclass(frozen=True)
class CineSettings:
    """Which stills become cines, and what happens in them.

    Attributes:
        split: whose stills; the cines are in the same split.
        cines: how many, evenly spaced among the stills; 0 for one of each.
        frames: of each cine.
        events: go round from cine to cine.
    """

    split: str
    cines: int = 0
    frames: int = 100
    seed: int = 0
    events: tuple[Event, ...] = ("none",)


def simulate_cine_set(
    manifest: Path, out: Path, settings: CineSettings, progress: Progress = lambda done, total: None
) -> CineCount:
    """Writes manifest.csv, images/ and masks/ into the folder `out`, which must not exist: a cine of each
    still's largest object, whose mask has the id 1.

    The same stills, settings and seed give the same files.

    Raises:
        DataError: the manifest or a still can't be read, a number is out of range, or no still shows an
            object.
        OutputError: `out` exists or can't be written. Nothing is left half-written.
    """
    stills, wrong = _stills(manifest, out, settings)
    with staged_folder(out) as part:
        for folder in ("images", "masks"):
            (part / folder).mkdir()
        lines: list[list[str]] = []
        made = 0
        for done, (still, event) in enumerate(stills, start=1):
            own = list(_written(part, still, event, settings))
            lines, made = lines + own, made + bool(own)
            progress(done, len(stills))
        if not made:
            raise DataError(
                f"manifest '{manifest}': no still of {settings.split} shows an object; give another"
            )
        write_csv(part / "manifest.csv", (*COLUMNS, *CLIP_COLUMNS), lines)
    return CineCount(made, wrong + len(stills) - made)


def _stills(manifest: Path, out: Path, settings: CineSettings) -> tuple[Sequence[tuple[Row, Event]], int]:
    """The stills with their events, and how many of those chosen have another picture's mask."""
    ranges = (
        ("cines", settings.cines, 0, MOST_CINES),
        ("frames", settings.frames, LEAST_FRAMES, 10_000),
        ("seed", settings.seed, 0, MOST_SEED),
    )
    for name, value, least, most in ranges:
        if not least <= value <= most:
            raise DataError(f"{name} is {value}; it must be {least} to {most}")
    for event in settings.events:
        if event not in EVENTS:
            raise DataError(f"event '{event}' is unknown; use {', '.join(EVENTS)}, with commas between them")
    check_new(out)
    rows = [row for row in read_manifest(manifest) if row.split == settings.split]
    if not rows:
        raise DataError(f"manifest '{manifest}' has no row of split '{settings.split}'; give another --split")
    chosen = rows[:: max(len(rows) // settings.cines, 1)][: settings.cines] if settings.cines else rows
    count, chosen = len(chosen), [row for row in chosen if not has_wrong_mask(row)]
    if len(chosen) * settings.frames > MOST_SET_FRAMES:
        raise DataError(
            f"{len(chosen)} cines of {settings.frames} frames are over {MOST_SET_FRAMES}; give fewer"
        )
    events = settings.events
    return [(row, events[place % len(events)]) for place, row in enumerate(chosen)], count - len(chosen)


def _written(part: Path, still: Row, event: Event, settings: CineSettings) -> Iterator[list[str]]:
    """Writes the frames of a still's cine and gives their lines; none where it shows no object."""
    frame, ids_hw = read_row(still)
    objects = objects_in(ids_hw, still.dataset)
    if not objects:
        return
    target = max(objects, key=np.count_nonzero).astype(np.uint8)
    seed = stable_seed(settings.seed, f"{still.dataset}/{still.id}") % 2**31
    name = f"{still.dataset}_{still.id}".replace("/", "_")
    cine = simulate_cine(frame.pixels_hw, target, settings.frames, seed, event)
    for number, one in enumerate(cine):
        image, mask = (f"{folder}/{name}_{number:05d}.png" for folder in ("images", "masks"))
        Image.fromarray(one.pixels_hw).save(part / image)
        Image.fromarray(one.ids_hw).save(part / mask)
        values: dict[str, Any] = {
            "id": f"{name}_{number:05d}", "dataset": f"{still.dataset}-cines", "organ": still.organ,
            "split": still.split, "image": image, "mask": mask, "width": frame.width, "height": frame.height,
            "pixel_mm": "" if still.pixel_mm is None else still.pixel_mm, "group": still.group,
            "class": event, "objects": int(one.ids_hw.max()), "licence": still.licence,
            "clip": name, "frame": number,
        }  # fmt: skip
        yield [str(values.get(column, "")) for column in (*COLUMNS, *CLIP_COLUMNS)]
