"""From accepted images to a lesson's data: which frames show a kind of structure, and the job that copies
them.
"""

from __future__ import annotations

import asyncio
import shutil
from dataclasses import replace
from pathlib import Path

from uniultra.errors import OutputError
from uniultra.text import Said
from uniultra.web.problems import Problem
from uniultra.web.service import Service
from uniultra.web.workspace.items import Item
from uniultra.web.workspace.jobs import Teach, mask_name
from uniultra.web.workspace.learning import UNDER_WAY
from uniultra.web.workspace.lessons import (
    LEAST_IMAGES,
    MOST_FRAMES,
    MOST_IMAGES,
    Sample,
    next_folder,
    write_lesson,
)
from uniultra.web.workspace.schemas import Doc, edges
from uniultra.web.workspace.workspace import Workspace, rle_of, run


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
    accepted = await asyncio.to_thread(_accepted, workspace, kind)
    if len(accepted) < LEAST_IMAGES:
        found = f"{len(accepted)} accepted images have a structure of this name"
        text = f"{found}; learning takes {LEAST_IMAGES}: accept more of them"
        raise Problem("model", Said("too-few-accepted", text, count=len(accepted), least=LEAST_IMAGES))
    if project.unwritable():
        raise Problem("output", project.unwritable())
    learner.check_links()
    folder = next_folder(learner.root, kind)
    samples: list[Sample] = []
    try:
        (folder / "data" / "images").mkdir(parents=True)
        (folder / "data" / "masks").mkdir()
        for place, (item, doc, hw) in enumerate(accepted):
            banners = tuple(map(edges, await workspace.banners(service, item)))
            job = replace(_job(item, doc, (kind, hw), folder / "data", f"{place:03}"), banners=banners)
            names = await run(service, item, job)
            stem = project.stem(item)
            samples += [Sample(stem, f"images/{name}", f"masks/{mask_name(name, 0)}") for name in names]
        write_lesson(folder, kind, service.settings.model, samples)
    except (Problem, OutputError, OSError) as error:
        shutil.rmtree(folder, ignore_errors=True)
        if isinstance(error, Problem):
            raise
        raise Problem("output", "the lesson can't be written into the project folder") from None
    await asyncio.to_thread(learner.start, folder)
    return folder


def _accepted(workspace: Workspace, kind: str) -> list[tuple[Item, Doc, tuple[int, int]]]:
    progress = workspace.project.progress()
    found = []
    for item in workspace.items:
        known = progress.get(workspace.project.stem(item), {})
        if not known.get("done") or kind not in known.get("kinds", []):
            continue
        saved = workspace.project.load(item)
        if saved is not None and _frames(saved.doc, kind):
            found.append((item, saved.doc, (saved.height, saved.width)))
    return found[-MOST_IMAGES:]


def _frames(doc: Doc, kind: str) -> list[tuple[int, list[str]]]:
    """Frames on which a person pointed at or drew structures of a kind, with their masks: a few, evenly
    spread. What tracking filled in teaches nothing.
    """
    ids = {one.id for one in doc.objects if one.name == kind}
    shown = [
        (frame.number, [mask.counts for mask in frame.masks if mask.object in ids and mask.source != "track"])
        for frame in sorted(doc.frames, key=lambda one: one.number)
    ]
    shown = [(number, masks) for number, masks in shown if masks]
    return shown[:: max(1, -(-len(shown) // MOST_FRAMES))]


def _job(item: Item, doc: Doc, of: tuple[str, tuple[int, int]], folder: Path, name: str) -> Teach:
    kind, size_hw = of
    frames = tuple(
        (number, (tuple(rle_of(counts, size_hw) for counts in masks),))
        for number, masks in _frames(doc, kind)
    )
    return Teach(item.path, None, folder=folder, name=name, frames=frames)
