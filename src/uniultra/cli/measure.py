"""`uniultra measure`: sizes of masks that exist already, volumes from planes, and the ejection fraction."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from uniultra.cli.terminal.measure_text import as_json_text, as_lines, reported_lines, volume_lines
from uniultra.cli.terminal.options import HELP, METAVAR, OVERRIDE_HELP, one_frame, parse_scale
from uniultra.cli.terminal.text import say, tell
from uniultra.errors import PromptError

MASKS_HELP = (
    "Masks: PNG (0 background, 1..N), labels in NIfTI, NRRD, MetaImage, NAME.frames.masks.tif, or DICOM SEG; "
    "or a DICOM SR, to print what it says; dicomweb:// names one in an archive."
)


def measure(
    masks: Annotated[
        list[str],
        typer.Argument(metavar="MASK...", help=MASKS_HELP),
    ],
    image: Annotated[
        list[str],
        typer.Option(help="The image a mask belongs to, for its calibration; one for all, or one per mask."),
    ] = [],  # noqa: B006
    frame: Annotated[
        int | None, typer.Option(parser=one_frame, metavar="N", help="Frame of the image, from 0.")
    ] = None,
    spacing: Annotated[str | None, typer.Option(metavar=METAVAR, help=HELP)] = None,
    override_scale: Annotated[str | None, typer.Option(metavar=METAVAR, help=OVERRIDE_HELP)] = None,
    structure: Annotated[
        int | None, typer.Option("--id", min=1, max=255, help="Measure this structure only.")
    ] = None,
    volume: Annotated[
        str | None, typer.Option(metavar="METHOD", help="ellipsoid, simpson or ef: see docs/dicom.md.")
    ] = None,
    csv: Annotated[Path | None, typer.Option(help="Also write the measures to this CSV file.")] = None,
    sr: Annotated[
        Path | None, typer.Option(help="With --volume ef of a DICOM cine: write a DICOM SR to this file.")
    ] = None,
    keep_patient: Annotated[
        bool, typer.Option("--keep-patient", help="Copy the patient's identity into the SR.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite an existing file.")] = False,
) -> None:
    """Measure masks: area, perimeter, calipers, ellipse, circumference; volumes and EF from several."""
    from uniultra.cli.terminal.archives import fetched_one
    from uniultra.io.output import check_free
    from uniultra.io.tables import write_csv
    from uniultra.measure.measured import CSV_COLUMNS, rows
    from uniultra.outputs.mask_volumes import volume_json
    from uniultra.outputs.reports import check_ejection_report, is_report_file, write_ejection_report
    from uniultra.outputs.saved_masks import open_masks

    files, images = ([Path(fetched_one(place)) for place in places] for places in (masks, image))
    if any(map(is_report_file, files)):
        alone = (
            not (images or volume or csv or sr or structure or spacing or override_scale) and frame is None
        )
        say(*reported_lines(files, alone, as_json))
        return
    if len(images) not in (0, 1, len(files)):
        raise PromptError(
            f"{len(images)} images for {len(files)} masks; give one --image for all, or one per mask in order"
        )
    _check_written((volume, len(files)), csv, sr, keep_patient)
    if sr is not None:
        check_ejection_report(sr, volume, len(files), len(images), force)
    rescale = parse_scale(spacing, override_scale)
    if csv is not None:
        check_free([csv], force)
    found = (
        one
        for i, path in enumerate(files)
        for one in open_masks(path, images[i % len(images)] if images else None, frame, rescale)
    )
    if volume is not None:
        report = volume_json(volume, len(files), found, structure)
        if sr is not None:
            tell(write_ejection_report(sr, images[0], report, keep_patient, force))
        say(*volume_lines(volume, report, as_json))
        return
    measured = [
        (one.place, identity, one.measured(identity), one.labels.get(identity, ""))
        for one in found
        for identity in one.ids(structure)
    ]
    if not measured:
        raise PromptError(
            f"{files[0]}: no structure{'' if structure is None else f' {structure}'} on any frame; segment it"
        )
    if csv is not None:
        lines = [
            line
            for one, identity, result, name in measured
            for line in rows(one.path.name, one.frame or 0, identity, result, name)
        ]
        write_csv(csv, CSV_COLUMNS, lines, force)
    say(*([as_json_text(measured)] if as_json else as_lines(measured)))


def _check_written(
    method: tuple[str | None, int], csv: Path | None, sr: Path | None, keep_patient: bool
) -> None:
    """Raises PromptError where --volume doesn't take so many masks, or an option would be without effect."""
    from uniultra.outputs.mask_volumes import check_volume

    volume, masks = method
    if volume is not None:
        check_volume(volume, masks)
    if volume is not None and csv is not None:
        raise PromptError(f"--csv {csv} is of masks' measures, not of --volume; give --json in its place")
    if keep_patient and sr is None:
        raise PromptError("--keep-patient is of the SR alone; give --sr FILE, or leave it out")
