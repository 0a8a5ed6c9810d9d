"""`uniultra export`: a trained model to a folder that everything opens, held against torch before it is
called done.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from uniultra.box_fit import BoxFit
from uniultra.cli.terminal.extras import need
from uniultra.cli.terminal.options import given_options
from uniultra.cli.terminal.text import label, say
from uniultra.errors import ModelError
from uniultra.io.texts import read_json
from uniultra.structures import legal_name
from uniultra.text import command

if TYPE_CHECKING:
    from uniultra.export.model_folder import ExportSettings
    from uniultra.quality import PromptQuality


def export(
    ctx: typer.Context,
    model: Annotated[
        str,
        typer.Option(
            help="A published model, a folder with config.json and model.safetensors, or a run of adapt."
        ),
    ],
    out: Annotated[
        Path, typer.Option(help="Folder for the graphs, the weights, model.json and parity.json.")
    ],
    name: Annotated[
        str | None,
        typer.Option(help="The model's name, written into the files; default with --for: the model's own."),
    ] = None,
    host: Annotated[
        str | None,
        typer.Option("--for", help="Write what another program opens: x-anylabeling, ohif or huggingface."),
    ] = None,
    version: Annotated[
        str, typer.Option(help="The weights' version, written into the files and into all results.")
    ] = "unpublished",
    licence: Annotated[
        str | None,
        typer.Option(
            help="The weights' licence, written into the files, such as Apache-2.0; default: what the "
            "model's own files say, else unknown."
        ),
    ] = None,
    precision: Annotated[
        str, typer.Option(help="fp32; fp16 and w8 (stored in 16 and 8 bits, computed in fp32); int8.")
    ] = "fp16",
    size: Annotated[
        int | None,
        typer.Option(help="Side of the input in pixels, a multiple of 32; default: the model's own."),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(help="For int8: a manifest; frames of its train split are used for calibration."),
    ] = None,
    min_dice: Annotated[
        float, typer.Option(help="For int8: the lowest acceptable mean Dice with fp32's masks.")
    ] = 0.995,
    least_dice: Annotated[float | None, typer.Option(help="Former name of --min-dice.", hidden=True)] = None,
    seed: Annotated[int, typer.Option(help="For int8: the seed for drawing frames and prompts.")] = 0,
    calibration: Annotated[
        list[Path] | None,
        typer.Option(help="A file that `uniultra calibrate` wrote, with --by-prompt or without; repeatable."),
    ] = None,
    passes: Annotated[
        list[str] | None,
        typer.Option(
            "--pass",
            help="A setting of the passes in model.json, as NAME=VALUE, such as sure=0.5; repeatable.",
        ),
    ] = None,
    settings_from: Annotated[
        str | None,
        typer.Option(
            help="A published or exported model of the same input size, whose passes and quality "
            "calibration are kept, except what --pass and --calibration change."
        ),
    ] = None,
    structure: Annotated[
        str | None,
        typer.Option(
            "--label",
            help="With --for x-anylabeling or ohif: the structure to segment, by a name the model knows.",
        ),
    ] = None,
    box_fit: Annotated[
        BoxFit | None,
        typer.Option(help="With --for x-anylabeling or ohif: how boxes will be drawn, tight or loose."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite existing files.")] = False,
) -> None:
    """Export a model to ONNX with a parity report against torch, or in another program's format. Needs
    uniultra[train].
    """
    if host is not None:
        others = given_options(ctx, ("model", "out", "host", "structure", "box_fit", "force"))
        meant = "" if structure is None else legal_name(structure)
        _export_for(host, model, out, others, force=force, name=meant, box_fit=box_fit or "")
        return
    if structure is not None or box_fit is not None:
        flag = "--label" if structure is not None else "--box-fit"
        raise ModelError(
            f"{flag} applies to --for x-anylabeling and --for ohif only; add one, or leave it out"
        )
    if name is None:
        raise ModelError("--name is missing: what the model is to be called")
    need("train", "torch", "transformers", "onnx", "onnxscript")
    from uniultra.backends.torch import known_passes
    from uniultra.cli.terminal.progress import new_bar
    from uniultra.export.int8 import Int8Settings
    from uniultra.export.model_folder import (
        FILES,
        check_settings,
        export_folder,
        settings_folder,
    )
    from uniultra.export.onnx import ModelFacts
    from uniultra.io.output import check_free
    from uniultra.model_facts import changed_passes

    idle = [flag for flag in given_options(ctx, ()) if flag in ("--min-dice", "--least-dice", "--seed")]
    if idle and precision != "int8":
        raise ModelError(f"{idle[0]} applies to --precision int8 only; add it, or leave {idle[0]} out")
    bound = min_dice if least_dice is None else least_dice
    int8 = None if data is None else Int8Settings(data, bound, seed)
    settings = replace(_calibrated(calibration or []), image_size=size, int8=int8, force=force)
    known = known_passes(model if settings_from is None else settings_folder(settings_from))
    settings = replace(settings, passes=changed_passes(known, passes or ()), settings_from=settings_from)
    check_settings(precision, settings)
    check_free([out / file for file in FILES], force)
    with new_bar() as bar:
        task = bar.add_task(label(f"exporting {model}"), total=None)
        report = export_folder(
            model,
            out,
            ModelFacts(name, version, licence, precision),
            settings,
            lambda done, total, what: bar.update(task, completed=done, total=total, description=what),
        )
    say(*_lines(report), f"Model in {out}; use it with {command('--model', out)}")


def _export_for(
    host: str, model: str, out: Path, others: list[str], *, force: bool, name: str, box_fit: str
) -> None:
    """The graphs of a published model or a folder, as another program takes them; `others` are options given
    that don't apply, `name` and `box_fit` what every prompt means.
    """
    need("train", "onnx")
    from uniultra.export.host_files import write_host
    from uniultra.registry import exported_folder

    if others:
        raise ModelError(
            f"--for {host} takes a model as it is; export it with {', '.join(others)} to a folder first"
        )
    say(*_lines(write_host(host, exported_folder(model), out, force, name, box_fit)))


def _calibrated(files: list[Path]) -> ExportSettings:
    """The settings that hold what `uniultra calibrate` wrote, with --by-prompt or without; the last file of
    each kind counts. Raises ModelError for another file.
    """
    from uniultra.export.model_folder import ExportSettings
    from uniultra.export.onnx import QualityCalibration
    from uniultra.quality import AS_DECODED

    settings = ExportSettings()
    for path in files:
        if _is_by_prompt(path):
            settings = replace(settings, quality=_terms_of(path).beside(settings.quality or AS_DECODED))
        else:
            settings = replace(settings, calibration=QualityCalibration.read(path))
    return settings


def _terms_of(path: Path) -> PromptQuality:
    from uniultra.model_facts import read_quality

    try:
        return read_quality(path)
    except ModelError as error:
        raise ModelError(f"'{path}' is not what `uniultra calibrate --by-prompt` wrote: {error}") from error


def _is_by_prompt(path: Path) -> bool:
    try:
        return "quality" in read_json(path)
    except (OSError, ValueError, TypeError, RecursionError):
        return False


def _lines(report: dict[str, Any], before: str = "") -> Iterator[str]:
    """One line per value; counts of operators, and lists, on one line each."""
    for key, value in report.items():
        match value:
            case dict() if key != "operators":
                yield from _lines(value, f"{before}{key} ")
            case dict():
                yield f"{before}{key}: " + ", ".join(f"{name} {count}" for name, count in value.items())
            case list():
                yield f"{before}{key}: " + (", ".join(map(str, value)) or "none")
            case _:
                yield f"{before}{key}: {value}"
