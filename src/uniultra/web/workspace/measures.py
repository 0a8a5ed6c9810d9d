"""What was measured on several files, as one table of structures and one of calipers."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any

from uniultra.atomic import staged_files
from uniultra.io.tables import write_csv
from uniultra.measure.measured import CSV_COLUMNS, MEASURES_COLUMNS
from uniultra.web.problems import Problem
from uniultra.web.service import Service
from uniultra.web.workspace.items import Item
from uniultra.web.workspace.jobs import Exported
from uniultra.web.workspace.project import Project
from uniultra.web.workspace.project_files import os_errors
from uniultra.web.workspace.workspace import Workspace

NAME = "measures"


async def write_measures(
    service: Service, workspace: Workspace, ids: Sequence[str], project: Project
) -> Exported:
    """Writes `measures.csv`, a line for each structure of each frame of these files, and
    `measures.calipers.csv`. Raises Problem: no-file, output, image, project.
    """
    items = [workspace.item(one) for one in dict.fromkeys(ids)]
    if project.unwritable():
        raise Problem("output", project.unwritable())
    twice = Counter(item.path.name for item in items)
    structures: list[list[Any]] = []
    calipers: list[list[Any]] = []
    for item in items:
        found = await workspace.tables(service, item, project)
        name = project.stem(item) if twice[item.path.name] > 1 else item.path.name
        structures += ([name, *row[1:]] for row in found.structures)
        calipers += ([name, *row[1:]] for row in found.calipers)
    stem = _free_stem(workspace.items)
    return await asyncio.to_thread(_write, project, stem, structures, calipers)


def _free_stem(items: Iterable[Item]) -> str:
    """What both tables are called: a picture measures.png has a measures.csv of its own."""
    taken = {item.path.stem.casefold() for item in items}
    return next(name for name in (NAME, *(f"{NAME}-{n}" for n in range(2, 30_000))) if name not in taken)


def _write(
    project: Project, stem: str, structures: Sequence[list[Any]], calipers: Sequence[list[Any]]
) -> Exported:
    """Both tables, where they have a line; one of an earlier export goes where there is none."""
    files = []
    with os_errors(), staged_files(project.exports) as stage:
        for name, columns, rows in (
            (f"{stem}.csv", MEASURES_COLUMNS, structures),
            (f"{stem}.calipers.csv", CSV_COLUMNS, calipers),
        ):
            if rows:
                write_csv(stage / name, columns, rows)
                files.append(name)
            else:
                with suppress(OSError):
                    (project.exports / name).unlink()
    return Exported(tuple(files), ())
