"""`uniultra track`: a clip and a prompt on one of its frames in; the structure on every frame out, and a word
where it is lost.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import ExitStack, closing
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from uniultra.box_fit import BOX_FIT_HELP, BoxFit
from uniultra.cli.terminal.archives import STORE_HELP, check_patient, check_store, fetched_one, outgoing
from uniultra.cli.terminal.course_lines import course_lines
from uniultra.cli.terminal.extras import need
from uniultra.cli.terminal.options import (
    HELP,
    LABEL_HELP,
    METAVAR,
    OVERRIDE_HELP,
    parse_labels,
    parse_scale,
    tell_uncoded,
)
from uniultra.cli.terminal.progress import new_bar
from uniultra.cli.terminal.text import label, say, tell
from uniultra.errors import PromptError
from uniultra.outputs.plan import (
    OutputPlan,
    check_cine_kinds,
    check_kinds,
    check_targets,
    chosen_kinds,
    dicom_paths,
    own_study,
    written_kinds,
)
from uniultra.prompts.grouping import Typed, parse_typed
from uniultra.registry import DEFAULT

if TYPE_CHECKING:
    from uniultra.io.input_file import InputFile
    from uniultra.segmenter import Segmenter
    from uniultra.tracking import Tracker
    from uniultra.tracking.journal import TrackJournal
    from uniultra.types import Cine, Prompt

OUT = Path("uniultra-out")
DRAWING = 2
"""Threads that draw overlays while the next frames are followed."""


class TrackerKind(StrEnum):
    """What follows structures."""

    prompts = "prompts"
    memory = "memory"


def track(
    clip: Annotated[
        str, typer.Argument(metavar="CLIP", help="A cine: DICOM, dicomweb://, video, GIF, NIfTI, a folder.")
    ],
    frame: Annotated[
        int | None,
        typer.Option(metavar="K", min=0, help="The frame that is prompted, from 0.  [default: 0]"),
    ] = None,
    box: Annotated[
        list[str],
        typer.Option(metavar="X0,Y0,X1,Y1", help="A box around a structure on that frame; repeat for more."),
    ] = [],  # noqa: B006
    box_fit: Annotated[BoxFit | None, typer.Option(help=BOX_FIT_HELP)] = None,
    point: Annotated[
        list[str], typer.Option(metavar="X,Y", help="A point inside a structure; repeat for more.")
    ] = [],  # noqa: B006
    negative: Annotated[
        list[str], typer.Option(metavar="X,Y", help="A point outside it; repeat for more.")
    ] = [],  # noqa: B006
    each_point: Annotated[
        bool, typer.Option("--each-point", help="Each point outside all boxes is a structure of its own.")
    ] = False,
    mask: Annotated[
        Path | None, typer.Option(help="A mask of that frame (0 background, 1..N structures) to follow.")
    ] = None,
    prompts: Annotated[
        Path | None,
        typer.Option(help="A JSON or CSV file of prompts on one or more frames; see docs/tracking.md."),
    ] = None,
    label: Annotated[list[str], typer.Option(metavar="NAME", help=LABEL_HELP)] = [],  # noqa: B006
    first: Annotated[
        int | None,
        typer.Option("--from", metavar="A", min=0, help="First frame to track; by default that of the clip."),
    ] = None,
    last: Annotated[
        int | None,
        typer.Option("--to", metavar="B", min=0, help="Last frame to track; by default that of the clip."),
    ] = None,
    reverse: Annotated[
        bool, typer.Option("--reverse", help="Between prompted frames, track backwards from the later one.")
    ] = False,
    ventricle: Annotated[
        int,
        typer.Option(
            "--lv",
            metavar="N",
            min=0,
            help="Structure N is a left ventricle: also compute its ejection fraction.",
        ),
    ] = 0,
    model: Annotated[str, typer.Option(help="A published model, or a model folder.")] = DEFAULT,
    tracker: Annotated[
        TrackerKind,
        typer.Option(
            help="prompts: the model is prompted anew on each frame; memory: --model FOLDER is SAM 2.1's or "
            "EdgeTAM's video model, or a run of adapt on one."
        ),
    ] = TrackerKind.prompts,
    out: Annotated[
        Path, typer.Option(help="Folder for NAME.track.masks.tif, .csv, .json, plot and overlay.")
    ] = OUT,
    spacing: Annotated[str | None, typer.Option(metavar=METAVAR, help=HELP)] = None,
    override_scale: Annotated[str | None, typer.Option(metavar=METAVAR, help=OVERRIDE_HELP)] = None,
    write: Annotated[
        list[str], typer.Option(metavar="KIND", help="Write only these extras: seg, sr, sc, movie, or none.")
    ] = [],  # noqa: B006
    resume: Annotated[
        bool,
        typer.Option("--resume", help="Keep a journal, and resume an interrupted run from it."),
    ] = False,
    keep_patient: Annotated[
        bool, typer.Option("--keep-patient", help="Copy the patient's identity into DICOM results.")
    ] = False,
    store: Annotated[str | None, typer.Option(metavar="PLACE", help=STORE_HELP)] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite existing results.")] = False,
) -> None:
    """Follow structures through a cine from a box, a click or a mask on one frame, and report where they are
    lost.
    """
    from uniultra.io.cines import open_cine, recalibrated
    from uniultra.io.input_file import input_file
    from uniultra.outputs.frame_choice import span_of
    from uniultra.prompts.tracks import named_tracks
    from uniultra.segmenter import Segmenter

    typed = parse_typed(box, point, negative, each_point, box_fit)
    typed.check(mask, prompts)
    scale = parse_scale(spacing, override_scale)
    kinds = chosen_kinds(write)
    plan = OutputPlan(out, None, kinds, check_store(store, kinds, out) or keep_patient, force)
    check_cine_kinds(plan.kinds)
    path = Path(fetched_one(clip))
    source = input_file(path)
    check_kinds(plan, [source])
    check_patient(keep_patient, plan, [source])
    to_archive = outgoing(store, dicom_paths([plan.track_paths(source)]))
    cine = open_cine(path) if path.is_dir() else source.cine
    if scale is not None:
        cine = recalibrated(cine, scale)
    frames = span_of(first, last, cine)
    prompted = named_tracks(_prompts((path, cine), frame, typed, mask, prompts), parse_labels(label))
    said = [one.name for own in prompted.values() for one in own.values()]
    tell_uncoded(said, written_kinds(plan, [source]))
    targets = plan.track_paths(source, bool(ventricle)).values()
    check_targets(targets, [path, *filter(None, (mask, prompts))], force)
    if tracker is TrackerKind.memory and resume:
        raise PromptError(
            "--resume can't save the memory of video models; leave it out, or use --tracker prompts"
        )
    follower = Segmenter.load(model) if tracker is TrackerKind.prompts else _video_tracker(model)
    options = TrackOptions(frames, reverse, ventricle, model, resume)
    summary, complete = _run(plan, (source, cine), follower, prompted, options)
    print(summary)
    tell(own_study(plan, [source]))
    say(f"Results in {out}/")
    to_archive.send()
    if not complete:
        raise typer.Exit(2)


@dataclass(frozen=True)
class TrackOptions:
    """Which frames are tracked, which way, which structure is a left ventricle (0: none), by which model, and
    whether a journal is kept.
    """

    frames: range
    reverse: bool
    ventricle: int
    model: str
    resume: bool


def _run(
    plan: OutputPlan,
    read: tuple[InputFile, Cine],
    follower: Segmenter | Tracker,
    prompted: dict[int, dict[int, Prompt]],
    options: TrackOptions,
) -> tuple[str, bool]:
    """Tracks and writes, all files or none; what to print of it, and whether every frame could be read.
    Raises UniUltraError.
    """
    from uniultra.outputs.cine_files import check_size, cine_files
    from uniultra.outputs.course import Course
    from uniultra.outputs.faults import Faults
    from uniultra.parallel import map_ahead
    from uniultra.results import with_names
    from uniultra.tracking import track as follow

    source, cine = read
    structures = {number for own in prompted.values() for number in own}
    if options.ventricle and options.ventricle not in structures:
        raise PromptError(
            f"--lv {options.ventricle} is not a structure of this call; give 1 to {len(structures)}"
        )
    check_size(plan, source, cine, len(options.frames) * len(structures))
    course, faults, facts = Course(options.ventricle, about=cine.notes), Faults(cine), follower.facts
    journal = _journal(plan, read, follower, prompted, options) if options.resume else None
    names = {number: one.name for own in prompted.values() for number, one in own.items() if one.name}
    found = follow(follower, cine, prompted, options.frames, options.reverse, faults, journal)
    results = (with_names(result, names) for result in found)
    with ExitStack() as stack:
        if journal is not None:
            stack.callback(journal.close)
        bar = stack.enter_context(new_bar())
        task = bar.add_task(label(source.path.name), total=len(options.frames))
        first = next(results, None)  # wrong prompts are told before a file is begun
        faults.check_some_read(first is not None)
        files = stack.enter_context(cine_files(plan, source, cine, options.frames, facts, faults, course))
        drawn = map_ahead(files.prepare, chain([] if first is None else [first], results), DRAWING)
        for result in stack.enter_context(closing(drawn)):
            files.add(result)
            bar.advance(task)
    if journal is not None:
        journal.path.unlink(missing_ok=True)
    tell((*files.notes, *files.lost, *faults.lines()))
    return course_lines(source, course, facts), not faults.found


def _journal(
    plan: OutputPlan,
    read: tuple[InputFile, Cine],
    follower: Segmenter | Tracker,
    prompted: dict[int, dict[int, Prompt]],
    options: TrackOptions,
) -> TrackJournal:
    """The journal of this call, beside its results. Raises OutputError where there is one of another call."""
    from uniultra.backends.open import weights_sha256
    from uniultra.tracking.journal import TrackJournal, about_call

    source, cine = read
    assert plan.folder is not None
    about = about_call(cine, prompted, options.frames, follower.facts) | {"reverse": options.reverse}
    about |= {"file": _stamp(source.path)}
    about |= {"weights_sha256": weights_sha256(options.model)}
    return TrackJournal.open(plan.folder / f"{source.stem}.track.part.jsonl", about)


def _stamp(path: Path) -> list[object]:
    """What tells a file from one that replaces it; of a folder, all of its images."""
    from uniultra.io.images import find_images

    if not path.is_dir():
        found = path.stat()
        return [path.name, found.st_size, found.st_mtime_ns]
    inside = json.dumps([_stamp(file) for file in find_images([path])])
    return [path.name, hashlib.sha256(inside.encode()).hexdigest()]


def _video_tracker(model: str) -> Tracker:
    """SAM 2.1's or EdgeTAM's own tracker. Raises ModelError."""
    need("train", "torch", "transformers")
    from uniultra.video_models.open import open_video_tracker

    return open_video_tracker(model)


def _prompts(
    read: tuple[Path, Cine], frame: int | None, typed: Typed, mask: Path | None, prompts: Path | None
) -> dict[int, dict[int, Prompt]]:
    from uniultra.prompts.grouping import group_prior, prior_of
    from uniultra.prompts.tracks import read_track_prompts

    clip, cine = read
    if prompts is not None:
        if frame is not None:
            raise PromptError(f"--prompts {prompts} names its frames itself; leave out --frame {frame}")
        return read_track_prompts(prompts, clip.name)
    frame = frame or 0
    prior = prior_of(mask, cine.frame_hw, clip, frame)
    return {frame: dict(enumerate(group_prior(typed, prior), start=1))}
