"""A second reader, blind to the first: a project of their own in the project folder, and how far both agree.

readers/NAME/           annotations and exports of a reader, as in the project folder itself
export/agreement-NAME.csv
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any
from urllib.parse import unquote

from fastapi import Request
from pydantic import BaseModel

from uniultra.io.tables import write_csv
from uniultra.measure.agreement import BlandAltman, bland_altman
from uniultra.text import Said
from uniultra.web.messages import Rle
from uniultra.web.problems import Problem
from uniultra.web.service import Service
from uniultra.web.workspace.items import Item
from uniultra.web.workspace.jobs import Compare, Compared
from uniultra.web.workspace.project import Project
from uniultra.web.workspace.project_files import os_errors
from uniultra.web.workspace.schemas import Doc, FrameDoc, ReaderOut
from uniultra.web.workspace.workspace import Workspace, run

HEADER = "x-uniultra-reader"
MOST_LETTERS = 40
COLUMNS = (
    "file", "frame", "structure", "dice", "unit", "area_first", "area_second", "area_difference",
    "long_diameter_first", "long_diameter_second", "long_diameter_difference",
)  # fmt: skip


class SpreadOut(BaseModel):
    """Differences of a measure, second reader minus first; None below two pairs."""

    unit: str
    pairs: int
    bias: float
    deviation: float
    low: float
    high: float


class AgreementOut(BaseModel):
    """How far a second reader agrees with the first. `alone` counts structures that one of them has."""

    reader: str
    pairs: int
    files: int
    alone: int
    dice: list[float]
    area: SpreadOut | None
    long_diameter: SpreadOut | None
    csv: str


@dataclass(frozen=True)
class _Pair:
    item: Item
    frame: int
    structure: str
    found: Compared


def reader_of(request: Request) -> str:
    """Who reads in the tab that asks; "" for the first reader. Raises Problem: invalid."""
    return checked(unquote(request.headers.get(HEADER, "")))


def checked(name: str) -> str:
    """A reader's name as it may be a folder's. Raises Problem: invalid."""
    name = " ".join(name.split())
    if name and (len(name) > MOST_LETTERS or not re.fullmatch(r"\w[\w '-]*", name)):
        text = f"a reader's name has up to {MOST_LETTERS} letters, digits, blanks and hyphens"
        raise Problem("invalid", Said("reader-name", text, most=MOST_LETTERS))
    return name


def readers_of(workspace: Workspace) -> list[ReaderOut]:
    """The second readers of a project."""
    root = workspace.project.folder / "readers"
    if root.is_symlink() or not root.is_dir():
        return []
    names = sorted(path.name for path in root.iterdir() if path.is_dir() and not path.is_symlink())
    found = []
    for name in names:
        if re.fullmatch(r"\w[\w '-]*", name):
            progress = workspace.project_of(name).progress()
            found.append(ReaderOut(name=name, done=sum(bool(one["done"]) for one in progress.values())))
    return found


async def agreement(service: Service, workspace: Workspace, name: str) -> AgreementOut:
    """Compares what both readers saved, and writes the table. Raises Problem: no-file, project, output."""
    if name not in {one.name for one in await asyncio.to_thread(readers_of, workspace)}:
        raise Problem("no-file", "the project has no such reader; reload the page")
    second = workspace.project_of(name)
    pairs: list[_Pair] = []
    alone = 0
    for item in workspace.items:
        docs = await asyncio.to_thread(_both, workspace.project, second, item)
        if docs is None:
            continue
        mine, other, size_hw = docs
        matched, unmatched = _matched(mine, other)
        alone += unmatched
        if not matched:
            continue
        masks = tuple((frame, Rle(a, size_hw), Rle(b, size_hw)) for frame, _, a, b in matched)
        size_mm = None if mine.spacing_mm_yx is None else (mine.spacing_mm_yx[0], mine.spacing_mm_yx[1])
        answers = await run(service, item, Compare(item.path, size_mm, masks=masks))
        pairs += [
            _Pair(item, frame, label, found)
            for (frame, label, _, _), found in zip(matched, answers, strict=True)
        ]
    if not pairs:
        raise Problem(
            "output", Said("no-pairs", "no structure was segmented on the same frame by both readers yet")
        )
    return await asyncio.to_thread(_written, workspace, name, pairs, alone)


def _both(first: Project, second: Project, item: Item) -> tuple[Doc, Doc, tuple[int, int]] | None:
    mine, other = first.load(item), second.load(item)
    if mine is None or other is None or (mine.height, mine.width) != (other.height, other.width):
        return None
    return mine.doc, other.doc, (mine.height, mine.width)


def _matched(mine: Doc, other: Doc) -> tuple[list[tuple[int, str, str, str]], int]:
    """Frame, name and both masks of what both have: by the name, or the only structure on a frame of each;
    and how many have no partner.
    """
    found: list[tuple[int, str, str, str]] = []
    alone = 0
    theirs = {frame.number: _named(other, frame) for frame in other.frames}
    for frame in mine.frames:
        own, rest = _named(mine, frame), theirs.get(frame.number, {})
        if not rest:
            continue  # a frame that one alone read
        if len(own) == len(rest) == 1:
            [(label, counts)], [other_counts] = own.items(), rest.values()
            found.append((frame.number, label, counts, other_counts))
            continue
        both = own.keys() & rest.keys()
        found += [(frame.number, label, own[label], rest[label]) for label in sorted(both)]
        alone += len(own) + len(rest) - 2 * len(both)
    return found, alone


def _named(doc: Doc, frame: FrameDoc) -> dict[str, str]:
    """A frame's masks by the names of their structures."""
    names = {one.id: one.name.strip().lower() or str(one.id) for one in doc.objects}
    return {names[mask.object]: mask.counts for mask in frame.masks if mask.object in names}


def _written(workspace: Workspace, name: str, pairs: list[_Pair], alone: int) -> AgreementOut:
    target = workspace.project.exports / f"agreement-{name}.csv"
    with workspace.project.alone(), os_errors():
        write_csv(target, COLUMNS, [_row(pair) for pair in pairs], force=True)
    overlaps = sorted(pair.found.dice for pair in pairs)
    return AgreementOut(
        reader=name,
        pairs=len(pairs),
        files=len({pair.item.id for pair in pairs}),
        alone=alone,
        dice=[overlaps[0], median(overlaps), sum(overlaps) / len(overlaps)],
        area=_spread([(p.found.areas, "mm²" if p.found.unit == "mm" else "px²") for p in pairs]),
        long_diameter=_spread([(p.found.lengths, p.found.unit) for p in pairs]),
        csv=target.name,
    )


def _row(pair: _Pair) -> list[Any]:
    found, unit = pair.found, pair.found.unit
    values = [pair.item.name, pair.frame, pair.structure, round(found.dice, 4), unit]
    for first, second in (found.areas, found.lengths):
        values += [round(first, 3), round(second, 3), round(second - first, 3)]
    return values


def _spread(pairs: list[tuple[tuple[float, float], str]]) -> SpreadOut | None:
    """Of those in millimetres, or where fewer than two are, of those in pixels."""
    for unit in ("mm²", "mm", "px²", "px"):
        values = [value for value, its in pairs if its == unit]
        found: BlandAltman | None = bland_altman([a for a, _ in values], [b for _, b in values])
        if found is not None:
            return SpreadOut(unit=unit, **asdict(found))
    return None
