"""One input to one result: the whole of what a worker does, wherever it runs.

The order of its steps is what makes a killed worker harmless. First the record of an older answer goes, then
the new files take their places under names that follow from the input, then the record does. Whatever was cut
off in between has no record and is made again, under the same names. Before the work starts a try is noted,
so that a file that kills its workers is given up.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from uniultra.automatic import segment_grid
from uniultra.batch.coco_file import named_from
from uniultra.batch.frames import frame_numbers, frames_of
from uniultra.batch.hearts import heart_record
from uniultra.batch.job import EVERY, Extras, GatheredExtras, Item, Job
from uniultra.batch.patience import Patience
from uniultra.batch.records import (
    DONE,
    FAILED,
    Record,
    drop_record,
    read_record,
    write_record,
)
from uniultra.batch.rows import object_records
from uniultra.batch.storage import Store, local_file, sha256_of
from uniultra.errors import FileError, PromptError, UniUltraError
from uniultra.io.input_file import InputFile, input_file
from uniultra.io.masks import read_previous
from uniultra.io.output import write_png
from uniultra.io.paths import one_line
from uniultra.io.scratch import scratch_folder
from uniultra.outputs.course import Course, ejection_json
from uniultra.outputs.frame_files import id_mask
from uniultra.prompts.objects import named_prompts, names_of
from uniultra.prompts.tracks import named_tracks
from uniultra.results import FrameResult, frame_result, segment_frame, with_names
from uniultra.segmenter import Segmenter
from uniultra.tracking import track
from uniultra.types import Frame, Prompt

SKIPPED = "skipped"
MOST_TRIES = 3
"""So many workers may end while they are at one file."""


@dataclass(frozen=True)
class Outcome:
    """What became of an input: DONE, FAILED for a `reason`, or SKIPPED, its result being there already."""

    label: str
    status: str
    reason: str = ""


def do(item: Item, job: Job, segmenter: Segmenter, patience: Patience | None = None) -> Outcome:
    """Makes the result of one input, or the record of its failure; by default an archive is not waited for.

    Raises:
        OutputError: not even the record of a failure can be written.
    """
    store = Store(job.out, job.run)
    try:
        return _try(item, job, segmenter, store, patience or Patience(0.0))
    except Exception as error:  # whatever one file brings about is its own failure, and the others go on
        reason = _reason(error, item)
        drop_record(store, item)
        write_record(store, item, job, {"status": FAILED, "reason": reason})
        return Outcome(item.label, FAILED, reason)


def _try(item: Item, job: Job, segmenter: Segmenter, store: Store, patience: Patience) -> Outcome:
    """Raises whatever a hostile file brings about."""
    with ExitStack() as stack:
        file, prior = patience.call(partial(_fetch, item, job, stack))
        with _called(item, (file, prior)):  # it may be gone by now
            sums = _sums(file, prior)
        record = read_record(store, item)
        if record is not None and record.get("run") == job.run:
            return Outcome(item.label, record["status"], record.get("reason", ""))
        if _is_done(store, record, sums, item, job):
            return Outcome(item.label, SKIPPED)
        drop_record(store, item)
        if not store.try_once_more(item.digest, MOST_TRIES):
            raise FileError(
                f"{item.name}: its worker ended {MOST_TRIES} times while at it (crashed, killed, or out of "
                "memory); look at the file, or run again with fewer --workers"
            )
        with scratch_folder() as folder:
            made: dict[str, Path] = {}
            content = _make(item, job, segmenter, (file, prior), (folder, made))
            _put(store, made)
    write_record(store, item, job, {"status": DONE, **sums, **content, "files": list(made)})
    return Outcome(item.label, DONE)


def is_pending(item: Item, job: Job) -> bool:
    """Whether an input has no result yet, by the contents of its files; True where they can't be read."""
    store = Store(job.out, job.run)
    try:
        with ExitStack() as stack:
            sums = _sums(*_fetch(item, job, stack))
            return job.force or not _is_done(store, read_record(store, item), sums, item, job)
    except UniUltraError:
        return True


def _fetch(item: Item, job: Job, stack: ExitStack) -> tuple[Path, Path | None]:
    """The input and its previous mask as local files. Raises FileError."""
    if job.masks and item.prior is None:
        raise FileError(
            f"{item.name}: has no previous mask; put one under its relative name, with .png for its suffix"
        )
    return stack.enter_context(local_file(item.path)), None if item.prior is None else stack.enter_context(
        local_file(item.prior)
    )


def _sums(file: Path, prior: Path | None) -> dict[str, str | None]:
    return {"sha256": sha256_of(file), "prior_sha256": None if prior is None else sha256_of(prior)}


def _is_done(store: Store, record: Record | None, sums: dict[str, str | None], item: Item, job: Job) -> bool:
    if record is None or job.force or record["status"] != DONE or record["ask"] != job.request_of(item):
        return False
    return all(record[name] == value for name, value in sums.items()) and all(
        store.exists(name) for name in record["files"]
    )


def _make(
    item: Item,
    job: Job,
    segmenter: Segmenter,
    files: tuple[Path, Path | None],
    to: tuple[Path, dict[str, Path]],
) -> Record:
    """Segments the chosen frames; what the record says of them. Their files go into a folder, and a dict from
    their names in OUT.
    """
    content: Record = {"frames": [], "objects": [], "model": segmenter.name, "version": segmenter.version}
    with _called(item, files):
        source = replace(input_file(files[0]), called=named_from(item, job.out, beside=True))
        faults: dict[int, FileError] = {}
        gathered, last = _gathered(item, job, source, to[0]), None
        course, ejection = Course(job.ventricle, about=source.cine.notes), None
        extras = job.extras if gathered is None else gathered.of_frame
        for result in _results(item, job, segmenter, (source, files[1]), faults):
            mask = _write(item, extras, (source, result), *to)
            if gathered is not None:
                gathered.add(result)
            if job.ventricle:
                course.add(result)
            content["frames"].append({"frame": result.number, "mask": mask})
            content["objects"] += object_records(result)
            last = result
        if job.ventricle:
            ejection = ejection_json(item.name, course)
            content["heart"] = heart_record(course, ejection)
        if gathered is not None and last is not None:
            whole = gathered.write(to[0], last, ejection)
            to[1].update({f"{item.name}.{ending}": path for ending, path in whole.items()})
        if faults and not content["frames"]:
            raise faults[min(faults)]
        content["faults"] = [
            {"frame": number, "reason": " ".join(str(error).replace(str(files[0]), item.name).split())}
            for number, error in faults.items()
        ]
    return content


def _results(
    item: Item,
    job: Job,
    segmenter: Segmenter,
    opened: tuple[InputFile, Path | None],
    faults: dict[int, FileError],
) -> Iterator[FrameResult]:
    """Each chosen frame's result; of a track each frame's. Frames that can't be read go into `faults`. Raises
    UniUltraError.
    """
    source, prior = opened
    if item.track:
        frame_numbers(item, source.cine)  # too many frames
        prompted = named_tracks(item.tracked(), job.labels)
        names = {number: one.name for own in prompted.values() for number, one in own.items() if one.name}
        results = track(segmenter, source.cine, prompted, on_fault=faults.__setitem__)
        yield from (with_names(result, names) for result in results)
        return
    for number, frame in frames_of(item, source, faults):
        yield replace(_segment(frame, item, job, segmenter, prior), number=number)


@contextmanager
def _called(item: Item, files: tuple[Path, Path | None]) -> Iterator[None]:
    """Errors call an input by its own name: not by where the archive, or a copy of the file, lies on this
    machine.
    """
    try:
        yield
    except UniUltraError as error:
        text = str(error).replace(str(files[0]), item.name)
        raise FileError(
            text if files[1] is None else text.replace(str(files[1]), f"previous mask of {item.name}")
        ) from error


def _segment(frame: Frame, item: Item, job: Job, segmenter: Segmenter, prior: Path | None) -> FrameResult:
    if job.grid is not None:
        found = frame_result(frame, *segment_grid(segmenter, frame, job.grid), segmenter.facts)
        names = names_of(job.labels, len(found.objects))
        return replace(with_names(found, dict(enumerate(names, start=1))), automatic=True)
    if prior is not None:
        prompts = [Prompt(mask_hw=mask_hw) for mask_hw in read_previous(prior, (frame.height, frame.width))]
    else:
        prompts = item.requested()
    if not prompts:
        raise PromptError(f"{item.name}: has no prompt; give it a row in the prompts file")
    return segment_frame(segmenter, frame, named_prompts(prompts, job.labels))


def _gathered(item: Item, job: Job, source: InputFile, folder: Path) -> GatheredExtras | None:
    """What gathers the results of a cine as a whole, where each of its frames has the same structures: not
    what a grid finds on each.
    """
    if job.gather is None or item.frame != EVERY or job.grid is not None:
        return None
    return job.gather(folder, source)


def _write(
    item: Item,
    extras: Extras | None,
    found: tuple[InputFile, FrameResult],
    folder: Path,
    made: dict[str, Path],
) -> str:
    """Writes the mask, and what else was requested of the frame; the mask's name."""
    source, result = found
    stem = item.name if result.number is None else f"{item.name}.frame{result.number}"
    here = folder / f"frame{result.number}"
    here.mkdir()
    made[f"{stem}.mask.png"] = here / "mask.png"
    write_png(here / "mask.png", id_mask(result))
    if extras is not None:
        made |= {f"{stem}.{ending}": path for ending, path in extras(here, source, result).items()}
    return f"{stem}.mask.png"


def _put(store: Store, made: dict[str, Path]) -> None:
    """All files take their places, or none. Raises OutputError."""
    try:
        for name, path in made.items():
            store.put(name, path)
    except UniUltraError:
        for name in made:
            store.remove(name)
        raise


def _reason(error: Exception, item: Item) -> str:
    """One line, in which the input is called by its own name."""
    if isinstance(error, MemoryError):
        return f"{item.name}: out of memory; run again with fewer --workers"
    if not isinstance(error, UniUltraError):
        return f"{item.name}: {type(error).__name__}: {one_line(error)}"
    return " ".join(str(error).split())
