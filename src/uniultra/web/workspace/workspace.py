"""What the page's server does, apart from HTTP: the work list, its project, and jobs for the computing
processes.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from math import nan
from pathlib import Path
from typing import TYPE_CHECKING, Any

from uniultra.errors import FileError
from uniultra.io.images import kind_of
from uniultra.text import Said
from uniultra.web.messages import FileJob, PromptRequest, Rle
from uniultra.web.problems import Problem
from uniultra.web.prompt_requests import plain_request
from uniultra.web.service import Service
from uniultra.web.workspace.access import PageAccess
from uniultra.web.workspace.banners import Banners
from uniultra.web.workspace.items import Item, WorkList, files_of
from uniultra.web.workspace.jobs import (
    Export,
    Exported,
    FileFacts,
    OpenFile,
    SavedCaliper,
    SavedFrame,
    SavedObject,
    Tables,
    Tabulate,
)
from uniultra.web.workspace.learning import Learner
from uniultra.web.workspace.offers import check_offered
from uniultra.web.workspace.project import NAME, Project
from uniultra.web.workspace.schemas import Doc, MaskDoc, SaveIn, edges

if TYPE_CHECKING:
    from uniultra.results import ByHand, TrackStatus


@dataclass
class Workspace:
    """One run of `uniultra open`."""

    items: WorkList
    project: Project
    examples: bool = False
    access: PageAccess = field(default_factory=PageAccess)
    using: str = ""
    """The lesson whose model answers; "" for the model that the server began with."""
    learner: Learner = field(init=False, repr=False)
    _projects: dict[str, Project] = field(default_factory=dict, repr=False)
    _facts: dict[str, FileFacts] = field(default_factory=dict, repr=False)
    _faults: dict[str, str] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        self.learner = Learner(self.project.folder)

    @classmethod
    def of(cls, target: Path | None, project: Path | None = None) -> Workspace:
        """The workspace for a file, a folder, or None: the bundled examples. The project lies beside what was
        opened.

        Raises:
            FileError: there is no such file, or no image in the folder.
        """
        files = files_of(target)
        kept = project or _beside(target) / NAME
        work = WorkList([*files, *_dropped_before(kept)])
        return cls(work, Project(kept.absolute()), target is None)

    def project_of(self, reader: str) -> Project:
        """Where a reader's work is kept; "" is the first reader."""
        if not reader:
            return self.project
        folder = self.project.folder / "readers" / reader
        return self._projects.setdefault(reader, Project(folder, self.project.folder))

    def item(self, item_id: str) -> Item:
        """Raises Problem: no-file."""
        found = self.items.get(item_id)
        if found is None:
            raise Problem("no-file", Said("no-file", "the work list has no such file; reload the page"))
        return found

    def known(self, item: Item) -> FileFacts | None:
        """What a file is, where it was opened before."""
        return self._facts.get(item.id)

    async def facts(self, service: Service, item: Item) -> FileFacts:
        """What a file is. Raises Problem: image."""
        try:
            facts = await run(service, item, OpenFile(item.path))
        except Problem as problem:
            if problem.kind.name == "image":
                self._faults[item.id] = problem.detail
            raise
        assert isinstance(facts, FileFacts)
        self._facts[item.id] = facts
        self._faults.pop(item.id, None)
        return facts

    def fault(self, item: Item) -> str:
        """Why a file couldn't be opened when that was last tried; "" where it could."""
        return self._faults.get(item.id, "")

    async def banners(self, service: Service, item: Item) -> list[list[float]]:
        """What is covered on a file's pictures. Raises Problem: image, project."""
        facts = self.known(item) or await self.facts(service, item)
        return await asyncio.to_thread(Banners(self.project.folder).of, facts.scanner)

    async def keep_banners(self, service: Service, item: Item, boxes: list[list[float]]) -> None:
        """Covers other boxes, on all pictures of a file's scanner. Raises Problem: image, project, output."""
        facts = self.known(item) or await self.facts(service, item)

        def keep() -> None:
            with self.project.alone():
                Banners(self.project.folder).keep(facts.scanner, boxes)

        await asyncio.to_thread(keep)

    async def save(
        self, service: Service, item: Item, requested: SaveIn, project: Project | None = None
    ) -> int:
        """The new revision. Raises Problem."""
        facts = self.known(item) or await self.facts(service, item)
        kept = project or self.project
        return await asyncio.to_thread(kept.save, item, facts.frame_hw, requested.revision, requested.doc)

    async def drop(self, name: str, data: bytes) -> Item:
        """A file that was dropped onto the page, kept in the project. Raises Problem: image, output."""
        if not data:
            raise Problem(
                "image", Said("empty-file", "the file is empty (0 bytes); drop an image, DICOM or video")
            )
        path = await asyncio.to_thread(self.project.keep_dropped, name, data)
        try:
            kind_of(path)
            return self.items.add(path)
        except FileError as error:
            path.unlink(missing_ok=True)
            raise Problem("image", str(error).replace(f"{path.parent}/", "")) from None

    async def remove(self, service: Service, item: Item) -> None:
        """Takes a file that can't be opened off the list; where it was dropped, it isn't kept either. Raises
        Problem: output.
        """
        try:
            await self.facts(service, item)
        except Problem as problem:
            if problem.kind.name != "image":
                raise
        else:
            raise Problem("output", Said("opens", "this file can be opened, so it stays in the list"))
        await asyncio.to_thread(self.project.remove_dropped, item.path)
        self.items.remove(item)

    async def use(self, service: Service, name: str) -> None:
        """Answers with a lesson's model, or for "" with the first one. Raises Problem: not-found, model."""
        model = service.settings.model
        if name:
            lesson = await asyncio.to_thread(self.learner.lesson, name)
            if lesson.status != "ready":
                raise Problem(
                    "model", Said("lesson-unfinished", "this lesson isn't finished; resume it first")
                )
            model = str(self.learner.root / lesson.id)
        await service.switch(model)
        self.using = name

    async def export(
        self, service: Service, item: Item, kinds: tuple[str, ...], project: Project | None = None
    ) -> Exported:
        """Writes results of what is saved. Raises Problem."""
        project = project or self.project
        saved = await asyncio.to_thread(_tabulate, project, item)
        check_offered(kinds, self.known(item) or await self.facts(service, item))
        job = Export(
            item.path,
            saved.size_mm,
            frames=saved.frames,
            calipers=saved.calipers,
            folder=project.exports,
            kinds=kinds,
            name=project.stem(item) if self.items.has_namesake(item) else "",
            banners=tuple(map(edges, await self.banners(service, item))),
        )
        done = await run(service, item, job)
        assert isinstance(done, Exported)
        return done

    async def tables(self, service: Service, item: Item, project: Project) -> Tables:
        """What is measured on a file, by what is saved. Raises Problem."""
        done = await run(service, item, await asyncio.to_thread(_tabulate, project, item))
        assert isinstance(done, Tables)
        return done


def _tabulate(project: Project, item: Item) -> Tabulate:
    """All that is saved of a file. Raises Problem."""
    saved = project.load(item)
    if saved is None:
        raise Problem(
            "output", Said("nothing-saved", "nothing is saved of this file; segment a structure first")
        )
    doc = saved.doc
    size_mm = None if doc.spacing_mm_yx is None else (doc.spacing_mm_yx[0], doc.spacing_mm_yx[1])
    calipers = tuple(
        SavedCaliper(one.id, one.frame, ((one.a[0], one.a[1]), (one.b[0], one.b[1]))) for one in doc.calipers
    )
    frames = _saved_frames(doc, (saved.height, saved.width))
    return Tabulate(item.path, size_mm, frames=frames, calipers=calipers)


async def run(service: Service, item: Item, job: FileJob) -> Any:
    """The answer to a job, by the process that has the item's file open. Raises Problem."""
    lane = service.lanes[int(item.id, 16) % len(service.lanes)]
    answer = await lane.run(job)
    return answer.value


def request_of(mask: MaskDoc) -> PromptRequest | None:
    """The prompt of a saved mask; None for one without box and click inside, which was drawn."""
    if mask.box is None and 1 not in mask.labels:
        return None
    return plain_request(mask)


def _saved_frames(doc: Doc, size_hw: tuple[int, int]) -> tuple[SavedFrame, ...]:
    """The frames with masks, and those on which tracking lost a structure that has masks elsewhere.

    Structures are numbered by their place in the document.
    """
    used = {mask.object for frame in doc.frames for mask in frame.masks}
    kept = [one for one in doc.objects if one.id in used]
    places = {one.id: place for place, one in enumerate(kept, start=1)}
    names = {one.id: one.name for one in kept}
    colours = {one.id: rgb_of(one.colour) for one in kept}
    masks = {frame.number: [mask for mask in frame.masks if mask.object in places] for frame in doc.frames}
    lost: dict[int, list[int]] = {}
    for one in kept:
        for number in one.lost:
            if all(mask.object != one.id for mask in masks.get(number, ())):
                lost.setdefault(number, []).append(one.id)
    frames = []
    for number in sorted({number for number, there in masks.items() if there} | set(lost)):
        objects = [
            SavedObject(
                places[mask.object],
                Rle(mask.counts, size_hw),
                request_of(mask),
                nan if mask.quality is None else mask.quality,
                names[mask.object],
                _status(mask),
                colours[mask.object],
                mask.model,
                by_hand_of(mask),
            )
            for mask in masks.get(number, ())
        ]
        objects.sort(key=lambda one: one.number)
        gone = tuple((places[one], names[one], colours[one]) for one in lost.get(number, ()))
        frames.append(SavedFrame(number, tuple(objects), gone))
    return tuple(frames)


def rgb_of(colour: str) -> tuple[int, int, int]:
    """RGB, 0 to 255, of a colour as "#4cc9f0"."""
    red, green, blue = bytes.fromhex(colour.removeprefix("#"))
    return red, green, blue


def by_hand_of(mask: MaskDoc) -> ByHand | None:
    """What a person did to a mask: drew it, where no model had a part in it."""
    if mask.source != "brush":
        return None
    return "corrected" if mask.model or request_of(mask) is not None else "drawn"


def _status(mask: MaskDoc) -> TrackStatus | None:
    """What the tracker said of a mask; None for one that a person made."""
    if mask.source != "track":
        return None
    return "sure" if mask.sure else "unsure"


def _beside(target: Path | None) -> Path:
    """The folder that a project lies in where nobody said."""
    if target is None:
        return Path.cwd()
    return target if target.is_dir() else target.absolute().parent


def _dropped_before(folder: Path) -> list[Path]:
    dropped = folder / "dropped"
    if folder.is_symlink() or dropped.is_symlink() or not dropped.is_dir():
        return []
    return sorted(path for path in dropped.iterdir() if path.is_file() and not path.is_symlink())
