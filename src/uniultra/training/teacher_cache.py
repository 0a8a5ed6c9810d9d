"""A teacher's maps on disk: computed when a view is first drawn, read ever after.

What is kept are the four stages' maps and the adapters' parts before the neck, in fp16: far fewer channels
than after it. It pays where the same views are drawn several times, by one long run or by several that share
a folder; `size_of_cache` says the size before.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.console import Console
from torch import Tensor

from uniultra.errors import ModelError, OutputError
from uniultra.io.output import write_json
from uniultra.models.levels import Stages, stage_maps
from uniultra.models.promptable import PromptableModel
from uniultra.text import printable
from uniultra.training.checkpoints import LATER_HASHES

RECORD, DONE, ANSWERED = "cache.json", "done.npy", "answered.npy"
LEAST_FREE = 2e9
"""Bytes that stay free on the disk."""


class TeacherCache:
    """Maps of `views` views, memory-mapped. Several processes may share it: each row is always filled with
    the same values.
    """

    def __init__(
        self,
        folder: Path,
        teacher: PromptableModel,
        views: int,
        made_of: dict[str, Any],
        with_parts: bool = True,
    ) -> None:
        """Opens a folder's cache, or makes an empty one.

        Args:
            folder: made if absent.
            teacher: whose maps.
            views: how many rows.
            made_of: what the views and the teacher depend on; a cache of anything else is refused.
            with_parts: keep the adapters' parts, too; half the room without.

        Raises:
            ModelError: the folder holds a cache of another teacher, data or setting.
            OutputError: not enough room.
        """
        self.teacher = teacher
        shapes = _shapes(teacher, with_parts)
        record = json.loads(json.dumps({"views": views, "shapes": shapes} | made_of))
        if (folder / RECORD).is_file():
            found = json.loads((folder / RECORD).read_text(encoding="utf-8"))
            unrecorded = {key: record[key] for key in LATER_HASHES if key in record}
            changed = [key for key in record if (unrecorded | found).get(key) != record[key]]
            if changed:
                raise ModelError(
                    f"'{folder}' holds a teacher's maps with different {changed[0]}; give another cache "
                    "folder, or remove it"
                )
            mode = "r+"
        else:
            _check_room(folder, views * sum(2 * int(np.prod(shape)) for shape in shapes))
            mode = "w+"
        self.maps = [
            _memmap(folder / f"map-{index}.npy", mode, (views, *shape), np.float16)
            for index, shape in enumerate(shapes)
        ]
        self.done = _memmap(folder / DONE, mode, (views,), np.bool_)
        write_json(folder / RECORD, record, force=True)

    def stages(self, images: Tensor, rows: Tensor) -> Stages:
        """The maps of views `rows` (B,), whose pixels are `images` (B, S, S); computed for those that aren't
        there yet.
        """
        numbers = rows.numpy(force=True)
        missing = np.flatnonzero(~self.done[numbers])
        if missing.size:
            self._fill(images[torch.from_numpy(missing).to(images.device)], numbers[missing])
        tensors = [
            torch.from_numpy(np.asarray(maps[numbers])).to(images.device).float() for maps in self.maps
        ]
        wholes, parts = tensors[::2], tensors[1::2]
        return Stages(tuple(wholes), tuple(part if part.shape[1] else None for part in parts))

    def _fill(self, images: Tensor, numbers: np.ndarray) -> None:
        computed = stage_maps(self.teacher, images)
        for index, (whole, part) in enumerate(zip(computed.wholes, computed.parts, strict=True)):
            self.maps[2 * index][numbers] = whole.half().numpy(force=True)
            if part is not None and self.maps[2 * index + 1].size:
                self.maps[2 * index + 1][numbers] = part.half().numpy(force=True)
        self.done[numbers] = True


class AnswerCache:
    """A teacher's mask logits for one prompt on each of `views` views, (side, side) in fp16, beside its
    maps.
    """

    def __init__(self, folder: Path, views: int, side: int) -> None:
        mode = "r+" if (folder / ANSWERED).is_file() else "w+"
        self.logits = _memmap(folder / "answers.npy", mode, (views, side, side), np.float16)
        self.done = _memmap(folder / ANSWERED, mode, (views,), np.bool_)

    def has(self, rows: Tensor) -> bool:
        """Whether the logits of all views `rows` (B,) are kept."""
        return bool(self.done[rows.numpy(force=True)].all())

    def get(self, rows: Tensor) -> Tensor:
        """The logits (B, side, side) of views `rows` (B,), all of which are kept."""
        numbers = rows.numpy(force=True)
        return torch.from_numpy(np.asarray(self.logits[numbers])).to(rows.device).float()

    def put(self, rows: Tensor, logits: Tensor) -> None:
        """Keeps the logits (B, side, side) of those of the views `rows` (B,) that have none yet: what one
        batch has been given, a run that goes on is given again.
        """
        numbers = rows.numpy(force=True)
        missing = ~self.done[numbers]
        self.logits[numbers[missing]] = logits.float().numpy(force=True)[missing]
        self.done[numbers] = True


def report(text: str) -> None:
    """Says on stderr how much room a cache takes."""
    Console(stderr=True, soft_wrap=True).print(printable(text), highlight=False, markup=False)


def size_of_cache(teacher: PromptableModel, views: int, with_parts: bool = True) -> float:
    """Bytes that the maps of so many views take."""
    return float(views * sum(2 * int(np.prod(shape)) for shape in _shapes(teacher, with_parts)))


@torch.no_grad()
def _shapes(teacher: PromptableModel, with_parts: bool) -> list[tuple[int, ...]]:
    """Of one view: each stage's map, and after it its adapter's part, (0, 1, 1) where none is, or none is
    kept.
    """
    side = teacher.input_size
    found = stage_maps(teacher, torch.zeros(1, side, side, device=teacher.device))
    shapes: list[tuple[int, ...]] = []
    for whole, part in zip(found.wholes, found.parts, strict=True):
        kept = part if with_parts else None
        shapes += [tuple(whole.shape[1:]), (0, 1, 1) if kept is None else tuple(kept.shape[1:])]
    return shapes


def _check_room(folder: Path, needed: float) -> None:
    there = next(parent for parent in (folder, *folder.absolute().parents) if parent.exists())
    free = shutil.disk_usage(there).free
    if needed + LEAST_FREE > free:
        raise OutputError(
            f"the teacher's maps take {needed / 1e9:.1f} GB and '{there}' has {free / 1e9:.1f} GB free; "
            "lower cache.views, or set it to 0"
        )


def _memmap(path: Path, mode: Any, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    if 0 in shape:
        return np.zeros(shape, dtype)
    if mode != "w+":
        return np.asanyarray(np.lib.format.open_memmap(path, mode=mode))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        made = np.asanyarray(np.lib.format.open_memmap(path, mode=mode, dtype=dtype, shape=shape))
        _reserve(path)
    except OSError as error:
        for begun in path.parent.glob("map-*.npy"):  # of no use without the others, and large
            begun.unlink()
        size = np.prod(shape) * np.dtype(dtype).itemsize / 1e9
        raise OutputError(
            f"'{printable(str(path))}' can't be written ({error.strerror}): it takes {size:.1f} GB; give "
            "--cache a folder with room, lower cache.views, or set it to 0"
        ) from error
    return made


def _reserve(path: Path) -> None:
    """Takes the file's room on the disk now: where a disk is full, storing into mapped memory ends the
    process by a signal. Systems and file systems that can't are left alone.
    """
    with path.open("r+b") as file, contextlib.suppress(AttributeError):
        try:
            os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.EOPNOTSUPP, errno.ENOSYS):
                raise
