"""The accepted images of a project, copied: as one data set (pictures, masks, COCO, and the manifest that
`uniultra adapt`, `evaluate` and `data check` read), and as the data of a lesson on one kind of structure.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from uniultra.data.manifest_text import COLUMNS
from uniultra.errors import OutputError, PromptError
from uniultra.io.coco import annotation, mask_of
from uniultra.io.output import write_json
from uniultra.io.tables import write_csv
from uniultra.text import Said
from uniultra.web.messages import Rle
from uniultra.web.problems import Problem
from uniultra.web.service import Service
from uniultra.web.workspace.items import Item
from uniultra.web.workspace.jobs import Exported, Teach, mask_name
from uniultra.web.workspace.learning import UNDER_WAY
from uniultra.web.workspace.lessons import (
    LEAST_IMAGES,
    MOST_FRAMES,
    MOST_IMAGES,
    Sample,
    left_out,
    manifest_row,
    next_folder,
    write_lesson,
)
from uniultra.web.workspace.project import is_kind
from uniultra.web.workspace.project_files import free_folder
from uniultra.web.workspace.schemas import Annotations, Doc, MaskDoc, edges
from uniultra.web.workspace.workspace import Workspace, by_hand_of, run

UNNAMED = "structure"
Frames = dict[int, dict[str, list[MaskDoc]]]
"""By frame the masks of each name of structure."""


@dataclass(frozen=True)
class _Accepted:
    """An accepted file, and its name in the copy."""

    item: Item
    name: str
    saved: Annotations
    frames: Frames


async def begin_lesson(service: Service, workspace: Workspace, kind: str) -> Path:
    """Copies what was accepted of a kind of structure into a new lesson's folder, and begins to learn.

    Raises:
        Problem: model, with fewer than five accepted images of it; image, output, busy.
    """
    project, learner = workspace.project, workspace.learner
    if learner.unavailable():
        raise Problem("model", learner.unavailable())
    if learner.busy:
        raise Problem("busy", UNDER_WAY, retry_s=10)
    accepted = await asyncio.to_thread(_accepted, workspace, partial(_of_kind, kind=kind), kind)
    if len(accepted) < LEAST_IMAGES:
        found = f"{len(accepted)} accepted images have a structure of this name"
        text = f"{found}; learning takes {LEAST_IMAGES}: accept more of them"
        raise Problem("model", Said("too-few-accepted", text, count=len(accepted), least=LEAST_IMAGES))
    if project.unwritable():
        raise Problem("output", project.unwritable())
    learner.check_links()
    folder = next_folder(learner.root, kind)
    accepted = [replace(one, name=f"{place:03}") for place, one in enumerate(accepted[-MOST_IMAGES:])]
    async with _whole(service, folder, "the lesson can't be written into the project folder"):
        copied = await _copy(service, workspace, folder / "data", accepted)
        samples = [
            Sample(project.stem(one.item), f"images/{name}", f"masks/{mask_name(name, 0)}")
            for one, names in zip(accepted, copied, strict=True)
            for name in names
        ]
        write_lesson(folder, kind, service.settings.model, samples)
    await asyncio.to_thread(learner.start, folder)
    return folder


async def export_dataset(service: Service, workspace: Workspace) -> Exported:
    """Writes `export/dataset-N`. Raises Problem: output with nothing accepted, image."""
    project = workspace.project
    accepted = await asyncio.to_thread(_accepted, workspace, _by_name)
    if not accepted:
        raise Problem(
            "output", Said("none-accepted", "no image with a mask is accepted yet; accept some first")
        )
    if project.unwritable():
        raise Problem("output", project.unwritable())
    folder = free_folder(project.exports, "dataset")
    async with _whole(service, folder, "the data set can't be written into the project folder"):
        await _copy(service, workspace, folder, accepted)
        await asyncio.to_thread(_write, folder, accepted)
    count = sum(len(one.frames) for one in accepted)
    files = [f"{folder.name}/{name}" for name in ("manifest.csv", "coco.json", "images/", "masks/")]
    return Exported(tuple(files), (f"{count} pictures of {len(accepted)} accepted files",))


def _accepted(workspace: Workspace, frames_of: Callable[[Doc], Frames], kind: str = "") -> list[_Accepted]:
    """The accepted files of which `frames_of` takes any frames; with a `kind`, those that have it."""
    progress = workspace.project.progress()
    found: list[_Accepted] = []
    for item in workspace.items:
        known = progress.get(workspace.project.stem(item), {})
        if not known.get("done") or (kind and kind not in known.get("kinds", [])):
            continue
        saved = workspace.project.load(item)
        frames = {} if saved is None else frames_of(saved.doc)
        if saved is not None and frames:
            found.append(_Accepted(item, f"{len(found) + 1:05}", saved, frames))
    return found


def _by_name(doc: Doc) -> Frames:
    names = {one.id: one.name if is_kind(one.name) else UNNAMED for one in doc.objects}
    frames: Frames = {}
    for frame in sorted(doc.frames, key=lambda one: one.number):
        for mask in frame.masks:
            if mask.object in names:
                frames.setdefault(frame.number, {}).setdefault(names[mask.object], []).append(mask)
    return frames


def _of_kind(doc: Doc, kind: str) -> Frames:
    """Frames on which a person pointed at or drew structures of a kind, with their masks: a few, evenly
    spread. What tracking filled in teaches nothing.
    """
    ids = {one.id for one in doc.objects if one.name == kind}
    shown = [
        (frame.number, [mask for mask in frame.masks if mask.object in ids and mask.source != "track"])
        for frame in sorted(doc.frames, key=lambda one: one.number)
    ]
    shown = [(number, masks) for number, masks in shown if masks]
    return {number: {kind: masks} for number, masks in shown[:: max(1, -(-len(shown) // MOST_FRAMES))]}


@asynccontextmanager
async def _whole(service: Service, folder: Path, fault: str) -> AsyncIterator[None]:
    """A folder that is removed again where it can't be filled, or nobody waits for it any more. Raises
    Problem: output with `fault`.
    """
    try:
        yield
    except asyncio.CancelledError:
        for lane in service.lanes:  # one of them may be writing into it
            await lane.drained()
        shutil.rmtree(folder, ignore_errors=True)
        raise
    except (Problem, PromptError, OutputError, OSError) as error:
        shutil.rmtree(folder, ignore_errors=True)
        if isinstance(error, Problem):
            raise
        raise Problem("output", fault) from None


async def _copy(
    service: Service, workspace: Workspace, folder: Path, accepted: Sequence[_Accepted]
) -> list[tuple[str, ...]]:
    """Has pictures, black under banners, and masks written into `folder`; the names of each file's pictures.
    Raises Problem.
    """
    (folder / "images").mkdir(parents=True)
    (folder / "masks").mkdir()
    copied = []
    for one in accepted:
        banners = tuple(map(edges, await workspace.banners(service, one.item)))
        size_hw = one.saved.height, one.saved.width
        frames = tuple(
            (number, tuple(tuple(Rle(mask.counts, size_hw) for mask in masks) for masks in names.values()))
            for number, names in one.frames.items()
        )
        job = Teach(one.item.path, None, folder=folder, name=one.name, frames=frames, banners=banners)
        copied.append(await run(service, one.item, job))
    return copied


def _write(folder: Path, accepted: list[_Accepted]) -> None:
    """The manifest and coco.json of pictures that are there; one file of every five or so is of split val."""
    names = [one.name for one in accepted]
    fives = [names[start : start + 5] for start in range(0, len(names), 5)]
    val = {name for five in fives if len(five) == 5 for name in left_out(five)}
    rows: list[list[Any]] = []
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    labels = dict.fromkeys(name for one in accepted for names in one.frames.values() for name in names)
    categories = {label: number for number, label in enumerate(labels, start=1)}
    for one in accepted:
        sides = {"width": one.saved.width, "height": one.saved.height}
        for number, masks_by_name in one.frames.items():
            picture = f"{one.name}.frame{number}.png"
            image = {"id": len(images) + 1, "file_name": f"images/{picture}"} | sides
            images.append(image | {"source": one.item.name, "frame": number})
            for kind, (label, masks) in enumerate(masks_by_name.items()):
                mask_file = mask_name(picture, kind)
                row = manifest_row(
                    id=mask_file.removesuffix(".png"),
                    organ=label,
                    split="val" if one.name in val else "train",
                    image=f"images/{picture}",
                    mask=f"masks/{mask_file}",
                    group=one.name,
                    **sides,
                )
                rows.append(row)
                for saved in masks:
                    mask = mask_of(saved.counts, (one.saved.height, one.saved.width))
                    ids = len(annotations) + 1, len(images), categories[label]
                    annotations.append(annotation(*ids, mask) | _origin(saved))
    listed = [{"id": number, "name": label} for label, number in categories.items()]
    write_csv(folder / "manifest.csv", COLUMNS, rows)
    write_json(folder / "coco.json", {"images": images, "categories": listed, "annotations": annotations})


def _origin(mask: MaskDoc) -> dict[str, Any]:
    """What coco.json says of a mask beside its pixels, as that of one file does (`structured.origin_json`),
    and whether a tracker brought it.
    """
    hand = by_hand_of(mask)
    said = {
        "score": None if hand else mask.quality,
        "model": None if hand == "drawn" else mask.model or None,
        "by_hand": hand,
        "tracked": mask.source == "track" or None,
    }
    return {key: value for key, value in said.items() if value is not None}
