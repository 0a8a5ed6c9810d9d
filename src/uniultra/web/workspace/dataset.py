"""The accepted images of a project as one data set: pictures, masks, COCO, and the manifest that `uniultra
adapt`, `evaluate` and `data check` read.
"""

from __future__ import annotations

import asyncio
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from uniultra.data.manifest_text import COLUMNS
from uniultra.errors import OutputError, PromptError
from uniultra.io.coco import annotation, mask_of
from uniultra.io.output import write_json
from uniultra.io.tables import write_csv
from uniultra.text import Said
from uniultra.web.problems import Problem
from uniultra.web.service import Service
from uniultra.web.workspace.items import Item
from uniultra.web.workspace.jobs import Exported, Teach, mask_name
from uniultra.web.workspace.lessons import left_out
from uniultra.web.workspace.schemas import Annotations, Doc, edges
from uniultra.web.workspace.workspace import Workspace, rle_of, run

UNNAMED = "structure"


@dataclass(frozen=True)
class _Accepted:
    """An accepted file: its name in the data set, size, and by frame the masks of each name of structure."""

    item: Item
    name: str
    saved: Annotations
    frames: dict[int, dict[str, list[str]]]


async def export_dataset(service: Service, workspace: Workspace) -> Exported:
    """Writes `export/dataset-N`. Raises Problem: output with nothing accepted, image."""
    project = workspace.project
    accepted = await asyncio.to_thread(_accepted, workspace)
    if not accepted:
        text = "no image with a mask is accepted yet; accept some first"
        raise Problem("output", Said("none-accepted", text))
    if project.unwritable():
        raise Problem("output", project.unwritable())
    folder = _next(project.exports)
    try:
        (folder / "images").mkdir(parents=True)
        (folder / "masks").mkdir()
        for one in accepted:
            banners = tuple(map(edges, await workspace.banners(service, one.item)))
            await run(service, one.item, replace(_job(one, folder), banners=banners))
        await asyncio.to_thread(_write, folder, accepted)
    except (Problem, PromptError, OutputError, OSError) as error:
        shutil.rmtree(folder, ignore_errors=True)
        if isinstance(error, Problem):
            raise
        raise Problem("output", "the data set can't be written into the project folder") from None
    count = sum(len(one.frames) for one in accepted)
    files = [f"{folder.name}/{name}" for name in ("manifest.csv", "coco.json", "images/", "masks/")]
    return Exported(tuple(files), (f"{count} pictures of {len(accepted)} accepted files",))


def _next(exports: Path) -> Path:
    number = 1
    while (exports / f"dataset-{number}").exists() or (exports / f"dataset-{number}").is_symlink():
        number += 1
    return exports / f"dataset-{number}"


def _accepted(workspace: Workspace) -> list[_Accepted]:
    progress = workspace.project.progress()
    found: list[_Accepted] = []
    for item in workspace.items:
        if not progress.get(workspace.project.stem(item), {}).get("done"):
            continue
        saved = workspace.project.load(item)
        frames = {} if saved is None else _by_name(saved.doc)
        if saved is not None and frames:
            found.append(_Accepted(item, f"{len(found) + 1:05}", saved, frames))
    return found


def _by_name(doc: Doc) -> dict[int, dict[str, list[str]]]:
    names = {one.id: one.name or UNNAMED for one in doc.objects}
    frames: dict[int, dict[str, list[str]]] = {}
    for frame in sorted(doc.frames, key=lambda one: one.number):
        for mask in frame.masks:
            if mask.object in names:
                frames.setdefault(frame.number, {}).setdefault(names[mask.object], []).append(mask.counts)
    return frames


def _job(one: _Accepted, folder: Path) -> Teach:
    size_hw = one.saved.height, one.saved.width
    frames = tuple(
        (number, tuple(tuple(rle_of(counts, size_hw) for counts in masks) for masks in names.values()))
        for number, names in one.frames.items()
    )
    return Teach(one.item.path, None, folder=folder, name=one.name, frames=frames)


def _write(folder: Path, accepted: list[_Accepted]) -> None:
    """The manifest and coco.json of pictures that are there; one file of every five or so is of split val."""
    val = {name for start in range(0, len(accepted), 5) for name in _val(accepted[start : start + 5])}
    rows: list[list[Any]] = []
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    labels = dict.fromkeys(name for one in accepted for names in one.frames.values() for name in names)
    categories = {label: number for number, label in enumerate(labels, start=1)}
    for one in accepted:
        for number, names in one.frames.items():
            picture = f"{one.name}.frame{number}.png"
            image = {"id": len(images) + 1, "file_name": f"images/{picture}", "width": one.saved.width}
            images.append(image | {"height": one.saved.height, "source": one.item.name, "frame": number})
            for kind, (label, masks) in enumerate(names.items()):
                split = "val" if one.name in val else "train"
                rows.append(_row((one, picture), mask_name(picture, kind), label, split))
                for counts in masks:
                    mask = mask_of(counts, (one.saved.height, one.saved.width))
                    ids = len(annotations) + 1, len(images), categories[label]
                    annotations.append(annotation(*ids, mask))
    listed = [{"id": number, "name": label} for label, number in categories.items()]
    write_csv(folder / "manifest.csv", COLUMNS, rows)
    write_json(folder / "coco.json", {"images": images, "categories": listed, "annotations": annotations})


def _val(files: list[_Accepted]) -> list[str]:
    return left_out([one.name for one in files]) if len(files) == 5 else []


def _row(of: tuple[_Accepted, str], mask: str, label: str, split: str) -> list[Any]:
    one, picture = of
    said = {
        "id": mask.removesuffix(".png"),
        "dataset": "project",
        "organ": label,
        "split": split,
        "image": f"images/{picture}",
        "mask": f"masks/{mask}",
        "width": one.saved.width,
        "height": one.saved.height,
        "group": one.name,
        "licence": "the project's own",
    }
    return [said.get(column, "") for column in COLUMNS]
