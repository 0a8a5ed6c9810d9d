"""`uniultra segment`: images and prompts in; id mask, overlay and JSON out."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from uniultra.box_fit import BOX_FIT_HELP, BoxFit
from uniultra.cli.frames import Printed, SegmentJob, segment_frames
from uniultra.cli.terminal.archives import STORE_HELP, check_patient, check_store, fetched, outgoing
from uniultra.cli.terminal.options import (
    HELP,
    LABEL_HELP,
    METAVAR,
    OVERRIDE_HELP,
    one_frame,
    parse_labels,
    parse_scale,
    tell_uncoded,
)
from uniultra.cli.terminal.progress import new_bar
from uniultra.cli.terminal.text import complain, printable, say, tell
from uniultra.errors import PromptError, UniUltraError
from uniultra.io.paths import path_from, shown
from uniultra.outputs.frame_choice import parse_frames
from uniultra.outputs.plan import (
    KINDS_SHOWN,
    OutputPlan,
    check_cine_kinds,
    check_kinds,
    check_targets,
    chosen_kinds,
    dicom_paths,
    own_study,
    written_kinds,
)
from uniultra.pixel_scale import UNCALIBRATED
from uniultra.prompts.grouping import PromptSource, parse_typed
from uniultra.registry import DEFAULT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from uniultra.io.input_file import InputFile
    from uniultra.results import FrameResult, ObjectResult

OUT = Path("uniultra-out")
ALTERNATIVES_HELP = "Add up to N-1 alternative masks for ambiguous clicks to the JSON (N: 1 to 3)."
FRAMES_HELP = (
    "Frames of a cine: all, A-B, A-B:STEP or A,B,C, from 0. Each is segmented on its own with the same "
    "prompts; see `track` to follow a structure."
)


def segment(
    images: Annotated[
        list[str],
        typer.Argument(
            metavar="IMAGE...", help="Images, folders, patterns such as 'scans/*.png', or dicomweb://."
        ),
    ],
    box: Annotated[
        list[str],
        typer.Option(metavar="X0,Y0,X1,Y1", help="A box around a structure, in pixels; repeat for more."),
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
        Path | None, typer.Option(help="A previous mask to correct (0 background, 1..N structures).")
    ] = None,
    prompts: Annotated[
        Path | None, typer.Option(help="A JSON or CSV file of prompts; see docs/segment.md.")
    ] = None,
    label: Annotated[list[str], typer.Option(metavar="NAME", help=LABEL_HELP)] = [],  # noqa: B006
    model: Annotated[str, typer.Option(help="A published model, or a model folder.")] = DEFAULT,
    out: Annotated[
        Path | None,
        typer.Option(help=f"Folder for NAME.mask.png, NAME.overlay.png, NAME.json.  [default: {OUT}]"),
    ] = None,
    frame: Annotated[
        int | None, typer.Option(parser=one_frame, metavar="N", help="Frame of a cine or video, from 0.")
    ] = None,
    frames: Annotated[str | None, typer.Option(metavar="WHICH", help=FRAMES_HELP)] = None,
    spacing: Annotated[str | None, typer.Option(metavar=METAVAR, help=HELP)] = None,
    override_scale: Annotated[str | None, typer.Option(metavar=METAVAR, help=OVERRIDE_HELP)] = None,
    write: Annotated[
        list[str], typer.Option(metavar="KIND", help=f"Also write {KINDS_SHOWN}; seg is written for DICOM.")
    ] = [],  # noqa: B006
    keep_patient: Annotated[
        bool, typer.Option("--keep-patient", help="Copy the patient's identity into DICOM results.")
    ] = False,
    store: Annotated[str | None, typer.Option(metavar="PLACE", help=STORE_HELP)] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON, one line per image; files only with --out.")
    ] = False,
    alternatives: Annotated[int, typer.Option(metavar="N", help=ALTERNATIVES_HELP)] = 1,
    force: Annotated[bool, typer.Option("--force", help="Overwrite existing results.")] = False,
) -> None:
    """Segment structures in ultrasound images, DICOM included: point at them with boxes, clicks, or a
    previous mask.
    """
    from uniultra.io.images import find_images
    from uniultra.io.input_file import input_file
    from uniultra.prompts.files import read_prompts
    from uniultra.segmenter import Segmenter

    typed = parse_typed(box, point, negative, each_point, box_fit)
    requested = None if frames is None else parse_frames(frames)
    typed.check(mask, prompts)
    called = parse_labels(label)
    scale = parse_scale(spacing, override_scale)
    files = find_images(fetched(images))
    names = [file.as_posix() for file in files]
    listed = None if prompts is None else read_prompts(prompts, names, others=True)
    folder = out if out is not None or as_json else OUT
    kinds = chosen_kinds(write)
    plan = OutputPlan(folder, frame, kinds, check_store(store, kinds, folder) or keep_patient, force)
    _check_frames(plan, frames, alternatives)
    sources = [input_file(file) for file in files]
    check_kinds(plan, sources)
    check_patient(keep_patient, plan, sources)
    _check_targets(plan, sources, frames is not None, mask, prompts)
    paths_of = plan.frame_paths if frames is None else plan.cine_paths
    to_archive = outgoing(store, [] if store is None else dicom_paths(map(paths_of, sources)))
    source_of_prompts = PromptSource(typed, mask, listed, called)
    tell_uncoded(source_of_prompts.said_names, written_kinds(plan, sources))
    threads = None if frames is None else 1  # several frames at a time, each on one thread
    segmenter = Segmenter.load(model, threads)
    job = SegmentJob(plan, segmenter, requested, scale, source_of_prompts, as_json, alternatives)
    done = _each(
        sources, partial(segment_image if frames is None else segment_frames, job), frames is not None
    )
    if done:
        tell(own_study(plan, sources))
        if not as_json:
            say(f"Results in {folder}/")
        to_archive.send()
    if len(done) < len(files) or not all(done):
        raise typer.Exit(2)


def segment_image(job: SegmentJob, source: InputFile) -> Printed:
    """Segments one image, or the frame that was named, and writes the results. Raises UniUltraError."""
    from uniultra.outputs.frame_files import write_frame_files
    from uniultra.outputs.structured import frame_json
    from uniultra.results import segment_ambiguous, segment_frame

    called = "" if job.plan.folder is None else path_from(job.plan.folder, source.path)
    source = replace(source, called=called)  # what it opens lives no longer than this call
    frame = source.frame(job.plan.frame)
    if job.scale is not None:
        frame = replace(frame, calibration=job.scale(frame.calibration))
    prompts = job.prompts.for_file(source.path, (frame.height, frame.width), job.plan.frame)
    if job.alternatives > 1:
        result = segment_ambiguous(job.segmenter, frame, prompts, job.alternatives, job.plan.frame)
    else:
        result = segment_frame(job.segmenter, frame, prompts, job.plan.frame)
    notes = () if job.plan.folder is None else write_frame_files(job.plan, source, result)
    if job.as_json:
        return Printed(json.dumps(frame_json(source.path.name, result)), tuple(notes))
    return Printed(_human(source.path, result), tuple(notes))


def _check_targets(
    plan: OutputPlan, sources: Sequence[InputFile], of_cines: bool, mask: Path | None, prompts: Path | None
) -> None:
    """Raises OutputError where a result can't be written, before anything is computed.

    The previous mask may be the one that the result replaces: with --force an answer is corrected in place.
    """
    if plan.folder is None:
        return
    paths_of = plan.cine_paths if of_cines else plan.frame_paths
    targets = [path for source in sources for path in paths_of(source).values()]
    inputs = [*(source.path for source in sources), *([prompts] if prompts else [])]
    in_place = len(sources) == 1 and not of_cines
    if mask is not None and not in_place:
        inputs.append(mask)
    check_targets(targets, inputs, plan.force)


def _check_frames(plan: OutputPlan, frames: str | None, alternatives: int) -> None:
    if not 1 <= alternatives <= 3:
        raise PromptError(f"--alternatives {alternatives} is out of range; give 1 to 3")
    if frames is not None:
        if alternatives > 1:
            raise PromptError(
                "--alternatives is for one frame; choose it with --frame N in place of --frames"
            )
        if plan.frame is not None:
            raise PromptError(
                f"--frame {plan.frame} and --frames '{frames}' are two ways to choose; give one of them"
            )
        check_cine_kinds(plan.kinds)
    elif plan.kinds is not None and "movie" in plan.kinds:
        raise PromptError(
            "--write movie is for several frames; choose them with --frames, as in --frames all"
        )


def _each(
    sources: Sequence[InputFile], one: Callable[[InputFile], Printed], several: bool = False
) -> list[bool]:
    """Runs every file; prints its text to stdout, notes and failures to stderr; for each file that has
    results, whether they are complete.

    With `several`, frames: `one` shows its own progress, and where an interrupted run was is reported.
    """
    done = []
    with new_bar(hidden=several or len(sources) == 1) as bar:
        for source in bar.track(sources, description="Segmenting"):
            try:
                printed = one(source)
            except UniUltraError as error:
                complain(error)
                continue
            except KeyboardInterrupt:
                if not several:
                    raise
                tell([f"{shown(source.path)}: interrupted; nothing of it was written"])
                raise typer.Exit(130) from None
            done.append(printed.complete)
            tell(printed.notes)
            if printed.text:
                print(printed.text)
    return done


def _human(file: Path, result: FrameResult) -> str:
    name = shown(file) if result.number is None else f"{shown(file)} frame {result.number}"
    size = f"{result.frame.width}x{result.frame.height}"
    lines = [f"{name}  {size}  {result.model.name} {result.model.version}"]
    notes = dict.fromkeys(result.notes)
    for found in result.objects:
        lines.append(f"  {found.number}: area {_size(found)}, quality {found.mask.quality:.2f}")
        if found.scale.reason not in ("", UNCALIBRATED):
            lines.append(f"     in pixels: {found.scale.reason}")
        notes |= dict.fromkeys(found.scale.notes)
    return "\n".join(map(printable, [*lines, *(f"  note: {note}" for note in notes)]))


def _size(found: ObjectResult) -> str:
    """Area and both diameters, in millimetres too where the scale is known."""
    shape = found.measured.shape
    area = f"{found.area_px} px2"
    if shape is None:
        return area
    long, short = shape.long_diameter.length, shape.short_diameter.length
    if found.area_mm2 is not None:
        area = f"{area} = {found.area_mm2:.1f} mm2"
    return f"{area}, {long.value:.1f} x {short.value:.1f} {long.unit}"
