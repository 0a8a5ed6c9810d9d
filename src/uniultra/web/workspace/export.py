"""Results of a page as files, by the writers that the command line has."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from uniultra.atomic import staged_files
from uniultra.errors import OutputError
from uniultra.io.input_file import InputFile
from uniultra.io.tables import write_csv
from uniultra.measure.drawn_caliper import caliper_row
from uniultra.measure.measured import CSV_COLUMNS
from uniultra.model_facts import ModelFacts
from uniultra.outputs.cine_files import check_size, cine_files, measures_rows
from uniultra.outputs.faults import Faults
from uniultra.outputs.frame_files import write_frame_files
from uniultra.outputs.plan import OutputPlan, check_kinds
from uniultra.results import FrameResult
from uniultra.text import Said
from uniultra.types import Cine
from uniultra.web.workspace.answers import empty_result
from uniultra.web.workspace.jobs import Export, Exported, Tables

Check = Callable[[], None]
OF_CINES = ("seg", "sc", "csv", "movie")
"""Kinds that one file holds for all frames of a cine."""
OF_LENGTHS = ("sr", "sc")
"""Kinds that say something of a frame with calipers alone; its overlay and JSON are written, too."""


def export(
    job: Export,
    source: InputFile,
    model: ModelFacts,
    made: tuple[Cine, list[FrameResult]],
    check: Check,
) -> Exported:
    """Writes a job's results, all of them or none. Files of the same names are replaced: they are earlier
    exports of the same project. Calipers have a table of their own beside that of structures. `check` is
    called before each frame, and at the end.

    Raises:
        OutputError: a file can't be written, or nothing was chosen to be. FileError: DICOM that nothing can
        refer to. And what `check` raises.
    """
    cine, results = made
    if not results:
        raise OutputError(
            Said("no-mask", "there is no mask and no caliper to export; segment or measure a structure first")
        )
    check_kinds(OutputPlan(job.folder, None, job.kinds, keep_patient=False, force=True), [source])
    table = f"{job.name or source.stem}{'' if cine.count == 1 else '.frames'}.calipers.csv"
    with staged_files(job.folder) as stage:
        plan = OutputPlan(stage, None, job.kinds, keep_patient=False, force=True, name=job.name)
        if cine.count == 1:
            written = _stills(plan, source, results, check)
        else:
            written = _frames(plan, source, model, made, check)
        if "csv" in job.kinds and _write_calipers(stage / table, source, results):
            written = replace(written, files=(*written.files, table))
        check()
    if "csv" in job.kinds and table not in written.files:  # that of an earlier export
        with suppress(OSError):  # such as on Windows, where another program has it open
            (job.folder / table).unlink()
    return written


def tables_of(name: str, results: Sequence[FrameResult]) -> Tables:
    """What is measured on a file called `name`, for tables over several."""
    structures = [row for result in results for row in measures_rows(name, result)]
    calipers = [caliper_row(name, result.number or 0, one) for result in results for one in result.calipers]
    return Tables(tuple(structures), tuple(calipers))


def _write_calipers(path: Path, source: InputFile, results: Sequence[FrameResult]) -> bool:
    """The table of calipers, where there are any."""
    lines = tables_of(source.path.name, results).calipers
    if lines:
        write_csv(path, CSV_COLUMNS, lines, force=True)
    return bool(lines)


def _frames(
    plan: OutputPlan,
    source: InputFile,
    model: ModelFacts,
    made: tuple[Cine, list[FrameResult]],
    check: Check,
) -> Exported:
    cine, results = made
    kinds = plan.kinds or ()
    there = any(not _is_lost(result) for result in results)
    together = tuple(kind for kind in kinds if kind in OF_CINES and (there or kind != "seg"))
    alone = tuple(kind for kind in kinds if kind not in OF_CINES)
    filled = _filled(results)
    written = _cine(replace(plan, kinds=together or ("none",)), source, cine, filled, model, check)
    if not alone:
        return written
    shown = [one for one in filled if one.calipers or not _is_lost(one)]
    stills = _stills(replace(plan, kinds=alone), source, shown, check)
    return Exported((*written.files, *stills.files), (*written.notes, *stills.notes))


def _stills(plan: OutputPlan, source: InputFile, results: Sequence[FrameResult], check: Check) -> Exported:
    """Each frame on its own; of one with calipers alone what says something of them."""
    files: list[str] = []
    notes: dict[str, None] = {}
    kinds = plan.kinds or ()
    for result in results:
        check()
        one = replace(plan, frame=result.number)
        if _is_lost(result):
            one = replace(one, kinds=tuple(kind for kind in kinds if kind in OF_LENGTHS))
            result = replace(result, objects=())  # it says what a person measured
        notes |= dict.fromkeys(write_frame_files(one, source, result))
        paths = one.frame_paths(source)
        files += [path.name for path in paths.values() if path.is_file()]
    return Exported(tuple(files), tuple(notes))


def _cine(
    plan: OutputPlan,
    source: InputFile,
    cine: Cine,
    results: Sequence[FrameResult],
    model: ModelFacts,
    check: Check,
) -> Exported:
    numbers = [result.number or 0 for result in results]
    check_size(plan, source, cine, sum(len(result.objects) for result in results if not _is_lost(result)))
    followed = any(found.status in ("sure", "unsure") for result in results for found in result.objects)
    with cine_files(replace(plan, followed=followed), source, cine, numbers, model, Faults(cine)) as files:
        for result in results:
            check()
            (files.show if _is_lost(result) else files.add)(result)
    names = [path.name for path in plan.cine_paths(source).values() if path.is_file()]
    return Exported(tuple(names), (*files.notes, *files.lost))


def _filled(results: Sequence[FrameResult]) -> list[FrameResult]:
    """Every frame that has one with every structure, an empty mask where it has none: a SEG
    numbers its segments over all frames.
    """
    seen = {found.number: found for result in results for found in result.objects}
    filled = []
    for result in results:
        if _is_lost(result):
            filled.append(result)
            continue
        known = {found.number: found for found in result.objects}
        frame_hw = result.frame.height, result.frame.width
        whole = [
            known.get(number) or empty_result(number, one.name, frame_hw, one.colour_rgb)
            for number, one in sorted(seen.items())
        ]
        filled.append(replace(result, objects=tuple(whole)))
    return filled


def _is_lost(result: FrameResult) -> bool:
    """Whether tracking lost all that was followed here: only a movie shows such a frame."""
    return all(found.status == "lost" for found in result.objects)
