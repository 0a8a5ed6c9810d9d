"""Results of a page as files, by the writers that the command line has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace

from uniultra.errors import OutputError
from uniultra.io.input_file import InputFile
from uniultra.io.tables import write_csv
from uniultra.measure.drawn_caliper import caliper_row
from uniultra.measure.measured import CSV_COLUMNS
from uniultra.model_facts import ModelFacts
from uniultra.outputs.cine_files import check_size, cine_files
from uniultra.outputs.faults import Faults
from uniultra.outputs.frame_files import write_frame_files
from uniultra.outputs.plan import OutputPlan, check_kinds
from uniultra.results import FrameResult
from uniultra.text import Said
from uniultra.types import Cine
from uniultra.web.workspace.answers import empty_result
from uniultra.web.workspace.jobs import Export, Exported

OF_CINES = ("seg", "sc", "csv", "movie")
"""Kinds that one file holds for all frames of a cine."""
OF_LENGTHS = ("sr", "sc")
"""Kinds that say something of a frame with calipers alone; its overlay and JSON are written, too."""


def export(
    job: Export,
    source: InputFile,
    model: ModelFacts,
    made: tuple[Cine, list[FrameResult]],
) -> Exported:
    """Writes a job's results. Files of the same names are replaced: they are earlier exports of the same
    project. Calipers have a table of their own beside that of structures.

    Raises:
        OutputError: a file can't be written, or nothing was chosen to be. FileError: DICOM that nothing can
        refer to.
    """
    cine, results = made
    if not results:
        raise OutputError(
            Said("no-mask", "there is no mask and no caliper to export; segment or measure a structure first")
        )
    plan = OutputPlan(job.folder, None, job.kinds, keep_patient=False, force=True)
    check_kinds(plan, [source])
    if cine.count == 1:
        written = _stills(plan, source, results)
    else:
        written = _frames(plan, source, model, made)
    return replace(written, files=(*written.files, *_table(job, source, made)))


def _table(job: Export, source: InputFile, made: tuple[Cine, list[FrameResult]]) -> Iterator[str]:
    """The table of calipers, where there are any; that of an earlier export goes where there are none."""
    cine, results = made
    if "csv" not in job.kinds:
        return
    path = job.folder / f"{source.stem}{'' if cine.count == 1 else '.frames'}.calipers.csv"
    lines = [
        caliper_row(source.path.name, result.number or 0, one)
        for result in results
        for one in result.calipers
    ]
    if lines:
        write_csv(path, CSV_COLUMNS, lines, force=True)
        yield path.name
    else:
        with suppress(OSError):  # such as on Windows, where another program has it open
            path.unlink()


def _frames(
    plan: OutputPlan, source: InputFile, model: ModelFacts, made: tuple[Cine, list[FrameResult]]
) -> Exported:
    cine, results = made
    kinds = plan.kinds or ()
    there = any(not _is_lost(result) for result in results)
    together = tuple(kind for kind in kinds if kind in OF_CINES and (there or kind != "seg"))
    alone = tuple(kind for kind in kinds if kind not in OF_CINES)
    filled = _filled(results)
    written = _cine(replace(plan, kinds=together or ("none",)), source, cine, filled, model)
    if not alone:
        return written
    shown = [one for one in filled if one.calipers or not _is_lost(one)]
    stills = _stills(replace(plan, kinds=alone), source, shown)
    return Exported((*written.files, *stills.files), (*written.notes, *stills.notes))


def _stills(plan: OutputPlan, source: InputFile, results: Sequence[FrameResult]) -> Exported:
    """Each frame on its own; of one with calipers alone what says something of them."""
    files: list[str] = []
    notes: dict[str, None] = {}
    kinds = plan.kinds or ()
    for result in results:
        one = replace(plan, frame=result.number)
        if _is_lost(result):
            one = replace(one, kinds=tuple(kind for kind in kinds if kind in OF_LENGTHS))
            result = replace(result, objects=())  # it says what a person measured
        notes |= dict.fromkeys(write_frame_files(one, source, result))
        paths = one.frame_paths(source)
        files += [
            path.name for kind, path in paths.items() if path.is_file() and (result.objects or kind != "mask")
        ]
    return Exported(tuple(files), tuple(notes))


def _cine(
    plan: OutputPlan, source: InputFile, cine: Cine, results: Sequence[FrameResult], model: ModelFacts
) -> Exported:
    numbers = [result.number or 0 for result in results]
    check_size(plan, source, cine, sum(len(result.objects) for result in results if not _is_lost(result)))
    followed = any(found.status in ("sure", "unsure") for result in results for found in result.objects)
    with cine_files(replace(plan, followed=followed), source, cine, numbers, model, Faults(cine)) as files:
        for result in results:
            (files.show if _is_lost(result) else files.add)(result)
    without = () if files.listed_frames else ("masks", "csv")  # those of an earlier export may be there
    names = [
        path.name for kind, path in plan.cine_paths(source).items() if path.is_file() and kind not in without
    ]
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
