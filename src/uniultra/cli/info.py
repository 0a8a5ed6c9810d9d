"""`uniultra info`: what a file holds, in words; nothing of the patient unless requested."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from uniultra.cli.terminal.text import complain, say
from uniultra.errors import UniUltraError

if TYPE_CHECKING:
    from uniultra.pixel_scale import Calibration, ScanRegion


def info(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE...",
            help="Images, cines, videos, a DICOMDIR, folders, patterns, dicomweb://, or models.",
        ),
    ],
    phi: Annotated[bool, typer.Option("--phi", help="Also show the patient fields of DICOM files.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, one line per file.")] = False,
) -> None:
    """Show what is in a file: size, frames, rate, transfer syntax, regions and millimetres per pixel."""
    from uniultra.cli.terminal.archives import fetched
    from uniultra.io.images import find_images

    failed = 0
    models = [file for file in files if model_folder(Path(file)) is not None]
    for file in models:
        about = describe_model(Path(file))
        say(json.dumps(about) if as_json else _model_line(about))
    files = [file for file in files if file not in models]
    for path in find_images(fetched(files), results=True) if files else ():
        try:
            facts = describe_file(path, phi)
        except UniUltraError as error:
            failed += 1
            complain(error)
            continue
        say(*([json.dumps(_plain(facts))] if as_json else _lines(facts)))
    if failed:
        raise typer.Exit(2)


def model_folder(path: Path) -> Path | None:
    """Where the model of such a folder lies: an exported one, a run of `train`, `distill` or `adapt`, or one
    merged; None for any other path.
    """
    from uniultra.registry import finished_run

    folder = finished_run(path)
    kept = (("model.json",), ("adapter.safetensors",), ("config.json", "model.safetensors"))
    return folder if any(all((folder / name).is_file() for name in names) for names in kept) else None


def describe_model(path: Path) -> dict[str, Any]:
    """What the files of a model's folder say of it. Raises ModelError where its model.json isn't one."""
    from uniultra.model_facts import MODEL_JSON, read_licence, read_passes, read_structures

    folder = model_folder(path) or path
    about: dict[str, Any] = {"file": str(path), "kind": "model"}
    if (folder / "adapter.safetensors").is_file():
        base = _said(folder / "base.json").get("base", "unknown")
        return {**about, "kind": "adapter", "base": base, "use": f"--model {path}"}
    read_passes(folder)
    said = _said(folder / MODEL_JSON)
    about |= {key: said[key] for key in ("name", "version", "precision", "input_size") if key in said}
    names = read_structures(folder)
    return {
        **about,
        "licence": read_licence(folder),
        **({"structures": list(names)} if names else {}),
        "engine": "onnxruntime" if (folder / "decoder.onnx").is_file() else "torch",
        "use": f"--model {path}",
    }


def _model_line(about: dict[str, Any]) -> str:
    """`mine: model, version 1, ..., structures a; b, use --model mine`."""
    rest = [
        f"{key.replace('_', ' ')} {'; '.join(value) if isinstance(value, list) else value}"
        for key, value in about.items()
        if key not in ("file", "kind")
    ]
    return f"{about['file']}: {about['kind']}, {', '.join(rest)}"


def _said(path: Path) -> dict[str, Any]:
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def describe_file(path: Path, phi: bool) -> dict[str, Any]:
    """Facts of any file that can be read. Raises FileError."""
    from uniultra.io.images import kind_of
    from uniultra.io.input_file import InputFile
    from uniultra.io.paths import named

    source = InputFile(path, kind_of(path))
    cine = source.cine
    facts: dict[str, Any] = {
        "file": named(path),
        "kind": source.kind,
        "width": cine.frame_hw[1],
        "height": cine.frame_hw[0],
        "frames": cine.count,
        "rate_hz": cine.rate_hz,
        "times_s": cine.times_s,
        "calibration": cine.calibration,
        "notes": (*cine.notes, *cine.calibration.notes),
    }
    if source.is_dicom:
        from uniultra.io.dicom.cine import describe

        facts |= describe(source.header, phi)
    return facts


def _lines(facts: dict[str, Any]) -> list[str]:
    head = f"{facts['file']}: {facts['kind']}" + (
        f", {facts['modality']}, {facts['object']}" if "modality" in facts else ""
    )
    size = (
        f"{facts['width']} x {facts['height']} pixels, {facts['frames']} "
        f"frame{'s' if facts['frames'] > 1 else ''}"
    )
    if facts["frames"] > 1:
        size += (
            f" at {facts['rate_hz']:.3g} per second, {facts['times_s'][-1]:.2f} s"
            if facts["rate_hz"]
            else ", rate unknown"
        )
    lines = [head, f"  size        {size}"]
    if "syntax" in facts:
        lines += [
            f"  stored      {facts['syntax']}; {facts['photometric']}, {facts['bits']} bits per sample",
            f"  device      {', '.join(filter(None, (facts['manufacturer'], facts['model']))) or 'unknown'}",
            f"  burned in   {_burned_in(facts['burned_in_annotation'])}",
        ]
    lines += _scale_lines(facts["calibration"])
    lines += [f"  note        {note}" for note in facts["notes"]]
    return lines + [f"  {name:<24}{value or '-'}" for name, value in facts.get("patient", {}).items()]


def _burned_in(flag: str | None) -> str:
    said = {"YES": "yes: the picture itself may show the patient's name", "NO": "no, says the file"}
    return said.get(flag or "", "not stated: look at the picture before sharing it")


def _scale_lines(calibration: Calibration) -> list[str]:
    lines = [f"  {region.name:<12}{_region(region)}" for region in calibration.regions]
    for name, (down, right) in calibration.fallbacks:
        lines.append(f"  {name}: {right:.4g} x {down:.4g} mm per pixel")
    return lines or ["  scale       no calibration: sizes are in pixels"]


def _region(region: ScanRegion) -> str:
    x0, y0, x1, y1 = region.box_xyxy
    where = f"x {x0 + 0.5:g} to {x1 - 0.5:g}, y {y0 + 0.5:g} to {y1 - 0.5:g}, {region.what}"
    if region.spacing_mm_yx is None:
        return f"{where}; no lengths: {region.fault}"
    down, right = region.spacing_mm_yx
    return f"{where}; {right:.4g} x {down:.4g} mm per pixel"


def _plain(facts: dict[str, Any]) -> dict[str, Any]:
    """The facts in JSON's terms: regions as their numbers, times as first and last."""
    calibration = facts["calibration"]
    regions = [
        {
            "number": region.number,
            "box_xyxy": region.box_xyxy,
            "shape": region.shape,
            "data": region.data,
            "units_xy": region.units_xy,
            "flags": region.flags,
            "spacing_mm_yx": region.spacing_mm_yx,
            "fault": region.fault or None,
        }
        for region in calibration.regions
    ]
    times = facts["times_s"]
    rest = {name: value for name, value in facts.items() if name not in ("calibration", "times_s")}
    return rest | {
        "duration_s": times[-1] if times else None,
        "regions": regions,
        "spacings_mm_yx": dict(calibration.fallbacks),
    }
