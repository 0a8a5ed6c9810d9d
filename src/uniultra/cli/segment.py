"""`uniultra segment`: images and prompts in; id mask, overlay and JSON out."""

from __future__ import annotations

import json
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from uniultra.calibration import UNCALIBRATED
from uniultra.cli.frame_results import check_frame_kinds, frame_paths
from uniultra.cli.frames import Job, parse_frames, segment_frames
from uniultra.cli.prompts import Typed, group, parse_typed, read_prompts
from uniultra.cli.protocols import new_bar
from uniultra.cli.results import KINDS_SHOWN, Answer, Plan, check_kinds, chosen_kinds, describe, write_results
from uniultra.cli.text import printable
from uniultra.errors import PromptError, UniUltraError
from uniultra.registry import DEFAULT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from uniultra.types import Frame, Prompt

OUT = Path("uniultra-out")
OURS = (".mask.png", ".overlay.png", ".masks.tif", ".overlay.mp4", ".seg.dcm", ".sr.dcm", ".nii.gz")
"""Endings of our own results: skipped where a folder or a pattern brings them, taken where they are named."""
FRAMES_HELP = "Frames of a cine: all, A-B, A-B:STEP or A,B,C, from 0. Each gets the same prompts on its own; nothing is tracked."


def segment(
    images: Annotated[list[str], typer.Argument(metavar="IMAGE...", help="Images, folders of images, or patterns such as 'scans/*.png'.")],
    box: Annotated[list[str], typer.Option(metavar="X0,Y0,X1,Y1", help="A box around a structure, in pixels; repeat for more.")] = [],  # noqa: B006
    point: Annotated[list[str], typer.Option(metavar="X,Y", help="A point inside a structure.")] = [],  # noqa: B006
    negative: Annotated[list[str], typer.Option(metavar="X,Y", help="A point outside of it.")] = [],  # noqa: B006
    each_point: Annotated[bool, typer.Option("--each-point", help="Points outside of boxes are one structure each.")] = False,
    mask: Annotated[Path | None, typer.Option(help="A previous mask (0 background, 1..N structures) to correct.")] = None,
    prompts: Annotated[Path | None, typer.Option(help="A JSON file of prompts; see docs/segment.md.")] = None,
    model: Annotated[str, typer.Option(help="A published model, or a model folder.")] = DEFAULT,
    out: Annotated[Path | None, typer.Option(help=f"Folder for NAME.mask.png, NAME.overlay.png, NAME.json.  [default: {OUT}]")] = None,
    frame: Annotated[int | None, typer.Option(metavar="N", min=0, help="Frame of a cine or video, from 0.")] = None,
    frames: Annotated[str | None, typer.Option(metavar="WHICH", help=FRAMES_HELP)] = None,
    spacing: Annotated[float | None, typer.Option(metavar="MM", help="Millimetres a pixel, where the file doesn't say.")] = None,
    write: Annotated[list[str], typer.Option(metavar="KIND", help=f"Also write {KINDS_SHOWN}; seg is written for DICOM.")] = [],  # noqa: B006
    keep_patient: Annotated[bool, typer.Option("--keep-patient", help="Copy the patient's identity into DICOM results.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, one line an image; files only with --out.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite existing results.")] = False,
) -> None:
    """Segment structures in ultrasound images, DICOM included: point at them with boxes, clicks, or a previous mask."""
    from uniultra.io.images import find_images, read_frame
    from uniultra.io.output import check_free
    from uniultra.segmenter import Segmenter

    typed = parse_typed(box, point, negative, each_point)
    wanted = None if frames is None else parse_frames(frames)
    _check_options(typed, mask, prompts, spacing)
    files = [file for file in find_images(images) if str(file) in images or not file.name.endswith(OURS)]
    by_file = read_prompts(prompts) if prompts else None
    folder = out if out is not None or as_json else OUT
    plan = Plan(folder, frame, chosen_kinds(write), keep_patient, force)
    _check_frames(plan, frames)
    check_kinds(plan, files)
    if folder is not None:
        targets = [path for file in files for path in (plan.paths(file) if frames is None else frame_paths(plan, file)).values()]
        _spare_inputs(targets, [*files, *(path for path in (mask, prompts) if path)])
        check_free(targets, force)
    segmenter = Segmenter.load(model)

    def objects(file: Path, frame_hw: tuple[int, int]) -> list[Prompt]:
        return _objects(frame_hw, file, typed, mask, by_file)

    def one(file: Path) -> str:
        picture = _scaled(read_frame(file, frame), spacing)
        prompted = objects(file, (picture.height, picture.width))
        answer = Answer(file, picture, prompted, segmenter.segment(picture, prompted), segmenter.name, segmenter.version)
        report = describe(answer, frame)
        if folder is not None:
            write_results(plan, answer, report)
        return json.dumps(report) if as_json else printable(_human(file, report))

    job = Job(plan, segmenter, wanted, partial(_scaled, spacing=spacing), objects, as_json)
    failed = _each(files, one) if frames is None else _each(files, partial(segment_frames, job), several=True)
    if not as_json and failed < len(files):
        print(f"Results in {folder}/")
    if failed:
        raise typer.Exit(2)


def _check_frames(plan: Plan, frames: str | None) -> None:
    if frames is not None:
        if plan.frame is not None:
            raise PromptError(f"--frame {plan.frame} and --frames '{frames}' are two ways to choose; give one of them")
        check_frame_kinds(plan.kinds)
    elif plan.kinds is not None and "movie" in plan.kinds:
        raise PromptError("--write movie is of several frames; choose them with --frames, as in --frames all")


def _check_options(typed: Typed, mask: Path | None, prompts: Path | None, spacing: float | None) -> None:
    if typed.empty and mask is None and prompts is None:
        raise PromptError("no prompt: give --box x0,y0,x1,y1 or --point x,y (or --mask, --prompts)")
    if prompts is not None and not (typed.empty and not typed.negatives and mask is None):
        raise PromptError("--prompts stands alone; put boxes, points and labels into the file")
    if spacing is not None and not 0.001 <= spacing <= 10:
        raise PromptError(f"--spacing {spacing:g} is not a size of a pixel; give millimetres from 0.001 to 10")


def _spare_inputs(targets: Sequence[Path], inputs: Sequence[Path]) -> None:
    """Raises OutputError where a result would be written over what it is made from, which --force doesn't mean."""
    from uniultra.errors import OutputError

    sources = {path.resolve() for path in inputs}
    for target in targets:
        if target.resolve() in sources:
            raise OutputError(f"{target}: the result would replace an input of this call; give another folder with --out")


def _scaled(frame: Frame, spacing: float | None) -> Frame:
    from dataclasses import replace

    if spacing is None:
        return frame
    calibration = frame.calibration.with_fallback("--spacing", (spacing, spacing))
    return replace(frame, calibration=calibration, spacing_mm_yx=calibration.whole_mm_yx)


def _objects(
    frame_hw: tuple[int, int], file: Path, typed: Typed, mask: Path | None, by_file: dict[str, list[Prompt]] | list[Prompt] | None
) -> list[Prompt]:
    from uniultra.io.masks import read_previous

    if isinstance(by_file, dict):
        if file.name not in by_file:
            raise PromptError(f"{file}: the prompts file has no entry '{file.name}'")
        return by_file[file.name]
    if by_file is not None:
        return by_file
    previous = [] if mask is None else read_previous(mask, frame_hw)
    return group(typed, previous)


def _each(files: Sequence[Path], one: Callable[[Path], str], several: bool = False) -> int:
    """Runs every file; prints what `one` says of it to stdout and failures to stderr; the number of failures.

    With `several`, frames: `one` shows its own progress, and what it was at when interrupted is said.
    """
    failed = 0
    with new_bar(hidden=several or len(files) == 1) as bar:
        for file in bar.track(files, description="Segmenting"):
            try:
                told = one(file)
            except UniUltraError as error:
                failed += 1
                print(f"uniultra: {printable(str(error))}", file=sys.stderr)
                continue
            except KeyboardInterrupt:
                if not several:
                    raise
                print(f"uniultra: {printable(str(file))}: interrupted; nothing of it was written", file=sys.stderr)
                raise typer.Exit(130) from None
            if told:
                print(told)
    return failed


def _human(file: Path, report: dict[str, Any]) -> str:
    shown = f"{file}" if report["frame"] is None else f"{file} frame {report['frame']}"
    lines = [f"{shown}  {report['width']}x{report['height']}  {report['model']['name']} {report['model']['version']}"]
    notes: dict[str, None] = {}
    for item in report["objects"]:
        size, measures = f"{item['area_px']} px", item["measures"]
        if item["area_mm2"] is not None:
            long, short = measures["long_diameter"]["value"], measures["short_diameter"]["value"]
            size += f" = {item['area_mm2']:.1f} mm2, {long:.1f} x {short:.1f} mm"
        lines.append(f"  {item['id']}: area {size}, quality {item['quality']:.2f}")
        if measures["scale"]["reason"] not in (None, UNCALIBRATED):
            lines.append(f"     in pixels: {measures['scale']['reason']}")
        notes |= dict.fromkeys(measures["scale"]["notes"])
    return "\n".join([*lines, *(f"  note: {note}" for note in notes)])
