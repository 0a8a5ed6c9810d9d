"""The project folder: what a person made, as plain files, whole at any moment.

    NAME.annotations.json     structures, prompts, masks as COCO's run lengths, calipers; a revision
    NAME.frame7.mask.png      the masks of a frame as ids; a still has frame 0
    worklist.json             how far each file is, for the list
    dropped/                  files that were dropped onto the page
    export/                   results
    banners.json              what is covered in pictures (`workspace.banners`)
    readers/                  what second readers made (`workspace.readers`)
    learn/                    what a model learned from accepted images (`workspace.lessons`)

The folder's files are hostile when they are read again: no links, bounded size, every value checked.
"""

from __future__ import annotations

import json
import os
import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from uniultra import __version__
from uniultra.errors import PromptError
from uniultra.io.coco import mask_of
from uniultra.io.output import staged, write_bytes, write_json, write_png
from uniultra.text import Said, printable
from uniultra.web.problems import Problem
from uniultra.web.workspace.items import Item
from uniultra.web.workspace.project_files import (
    bytes_of,
    fault_in,
    free_names,
    os_errors,
    safe_name,
    shown,
    to_disk,
    with_legal_names,
)
from uniultra.web.workspace.schemas import Annotations, Doc, FrameDoc

if sys.platform != "win32":
    import fcntl

NAME = "uniultra-project"
DEFAULT_NAME = re.compile(r"(Structure|Struktur) \d+")
"""As in `static/doc.mjs`: the word of each language."""
SCHEMA, LIST_SCHEMA = "uniultra.annotations/1", "uniultra.worklist/1"


@dataclass
class Project:
    """One folder, which is made when the first thing is saved.

    Its methods block; any thread may call them.
    """

    folder: Path
    main: Path | None = None
    """Of a second reader: the project folder, which holds theirs."""
    _one: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def dropped(self) -> Path:
        return (self.main or self.folder) / "dropped"

    @property
    def exports(self) -> Path:
        return self.folder / "export"

    def unwritable(self) -> str:
        """Why nothing can be saved here; "" where it can."""
        try:
            self._check_links()
        except Problem as problem:
            return problem.detail
        folder = self.folder.absolute()
        while not os.path.lexists(folder):
            folder = folder.parent
        if folder.is_dir() and os.access(folder, os.W_OK | os.X_OK):
            return ""
        shown_folder = printable(str(folder))
        text = f"{shown_folder} is read-only; give another folder with --project"
        return Said("read-only", text, folder=shown_folder)

    def stem(self, item: Item) -> str:
        """What the names of an item's files begin with; a dropped file may be called like one of the list."""
        dropped = item.path.parent == self.dropped.absolute()
        return f"{item.path.name}-{item.id[:6]}" if dropped else item.path.name

    def load(self, item: Item) -> Annotations | None:
        """What is saved of a file; None for nothing.

        Raises Problem: project, where it can't be used; it is then left as it is.
        """
        self._check_links()
        path = self.folder / f"{self.stem(item)}.annotations.json"
        data = bytes_of(path)
        if data is None:
            return None
        try:
            said = json.loads(data)
            schema = str(said.get("schema", "")) if isinstance(said, dict) else ""
            if schema != SCHEMA and schema.startswith("uniultra.annotations/"):
                text = f"{shown(path)}: written by a newer version; update UniUltra to open it"
                raise Problem("project", Said("newer-project", text, file=shown(path)))
            return Annotations.model_validate(with_legal_names(said))
        except (ValueError, RecursionError) as error:
            text = f"{shown(path)}: {fault_in(error)}; move it away to start again"
            raise Problem("project", Said("damaged-project", text, file=shown(path))) from None

    def progress(self) -> dict[str, dict[str, Any]]:
        """How far each file is, by its `stem`; {} where the list can't be read, which costs no more than
        the marks in it.
        """
        try:
            said = json.loads(bytes_of(self.folder / "worklist.json") or b"{}")
            if said.get("schema") != LIST_SCHEMA:
                return {}
            return {
                str(name): {
                    "done": one["done"] is True,
                    "objects": int(one["objects"]),
                    "frames": int(one["frames"]),
                    "calipers": int(one.get("calipers", 0)),  # earlier versions didn't count them
                    "kinds": [kind for kind in map(str, one.get("kinds", [])) if is_kind(kind)],
                }
                for name, one in said["files"].items()
            }
        except (Problem, ValueError, TypeError, KeyError, AttributeError, RecursionError):
            return {}

    def save(self, item: Item, frame_hw: tuple[int, int], revision: int, doc: Doc) -> int:
        """Saves a document that was made from `revision`; the new revision.

        Raises:
            Problem: conflict, where the file has another one by now; project, output, prompt.
        """
        with self.alone():
            before = self.load(item)
            there = 0 if before is None else before.revision
            if there != revision:
                text = (
                    f"it was saved elsewhere meanwhile (revision {there}, yours is {revision}); reload the "
                    "page"
                )
                raise Problem("conflict", Said("saved-elsewhere", text))
            head: dict[str, Any] = {
                "schema": SCHEMA,
                "notice": "not a medical device",
                "uniultra": __version__,
                "image": item.name,
                "width": frame_hw[1],
                "height": frame_hw[0],
                "revision": there + 1,
            }
            self._write(item, head | {"doc": doc.model_dump(mode="json")}, before, doc)
        return there + 1

    def keep_dropped(self, name: str, data: bytes) -> Path:
        """Puts a dropped file into the folder, under its own name where that is free.

        Raises Problem: output.
        """
        self._check_links()
        with os_errors():
            for path in free_names(self.dropped, safe_name(name)):
                if os.path.lexists(path):
                    if bytes_of(path, len(data)) == data:
                        return path
                    continue
                write_bytes(path, data)
                return path
        raise Problem("output", "there are too many files of this name; rename it")

    def remove_dropped(self, path: Path) -> None:
        """Removes a file that was dropped; one that lies elsewhere stays. Raises Problem: output."""
        self._check_links()
        if path.parent == self.dropped.absolute():
            with os_errors():
                path.unlink(missing_ok=True)

    def _write(self, item: Item, annotations: dict[str, Any], before: Annotations | None, doc: Doc) -> None:
        stem = self.stem(item)
        size_hw = annotations["height"], annotations["width"]
        old = {} if before is None else {frame.number: frame for frame in before.doc.frames}
        changed = [frame for frame in doc.frames if frame.masks and old.get(frame.number) != frame]
        targets = {f"mask {f.number}": self.folder / _mask_name(stem, f.number) for f in changed}
        targets |= {"json": self.folder / f"{stem}.annotations.json", "list": self.folder / "worklist.json"}
        files = self.progress()
        files[stem] = {
            "done": doc.done,
            "objects": len(doc.objects),
            "frames": len([f for f in doc.frames if f.masks]),
            "calipers": len(doc.calipers),
            "kinds": sorted(_kinds(doc)),
        }
        with os_errors(), staged(targets, force=True) as parts:
            for frame in changed:
                write_png(parts[f"mask {frame.number}"], _ids(frame, doc, size_hw))
            write_json(parts["json"], annotations)
            write_json(parts["list"], {"schema": LIST_SCHEMA, "files": files})
            for part in parts.values():
                to_disk(part)
        kept = {frame.number for frame in doc.frames if frame.masks}
        for number in old.keys() - kept:
            with suppress(OSError):
                (self.folder / _mask_name(stem, number)).unlink()

    def _check_links(self) -> None:
        """Raises Problem where the folder, or one of its own, is no folder or leads elsewhere."""
        outer = () if self.main is None else (self.main, self.folder.parent)
        for folder in (*outer, self.folder, self.dropped, self.exports):
            if folder.is_symlink() or (os.path.lexists(folder) and not folder.is_dir()):
                text = f"{shown(folder)}: a link or no folder; give another with --project"
                raise Problem("project", Said("link", text, folder=shown(folder)))

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Nobody else saves into this folder meanwhile: no thread, and no process that asks for the same
        lock.
        """
        with self._one, os_errors():
            self._check_links()
            self.folder.mkdir(parents=True, exist_ok=True)
            self._check_links()
            lock = os.open(
                self.folder / ".lock", os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600
            )
            try:
                if sys.platform != "win32":
                    with suppress(OSError):  # a file system without locks
                        fcntl.flock(lock, fcntl.LOCK_EX)
                yield
            finally:
                os.close(lock)


def _ids(frame: FrameDoc, doc: Doc, size_hw: tuple[int, int]) -> np.ndarray:
    """uint8 (H, W): each structure by its place in the document, from 1; where they overlap, the first.

    Raises Problem: prompt.
    """
    places = {one.id: place for place, one in enumerate(doc.objects, start=1)}
    ids_hw = np.zeros(size_hw, np.uint8)
    try:
        for mask in reversed(frame.masks):
            ids_hw[mask_of(mask.counts, size_hw)] = places.get(mask.object, 0)
    except PromptError as error:
        raise Problem("prompt", f"frame {frame.number}: {error}") from None
    return ids_hw


def _kinds(doc: Doc) -> set[str]:
    """Names that a person gave to structures with a mask that they pointed at or drew."""
    used = {mask.object for frame in doc.frames for mask in frame.masks if mask.source != "track"}
    return {one.name for one in doc.objects if one.id in used and is_kind(one.name)}


def is_kind(name: str) -> bool:
    """Whether a name says what a structure is: the page calls one that nobody has named "Structure 1"."""
    return bool(name) and DEFAULT_NAME.fullmatch(name) is None


def _mask_name(stem: str, number: int) -> str:
    return f"{stem}.frame{number}.mask.png"
