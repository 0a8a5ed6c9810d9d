"""`uniultra measure`: sizes of masks that exist already, volumes from planes, and the ejection fraction."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from uniultra.cli.text import printable
from uniultra.errors import PromptError

if TYPE_CHECKING:
    import numpy as np

    from uniultra.measure.report import Measured
    from uniultra.measure.volume import View, Volume
    from uniultra.types import Frame

METHODS = {"ellipsoid": (2,), "simpson": (1, 2), "ef": (2, 4)}
"""Methods of `--volume`, and how many masks each takes."""


def measure(
    masks: Annotated[list[Path], typer.Argument(metavar="MASK...", help="Masks: PNG (0 background, 1..N structures) or NIfTI labels.")],
    image: Annotated[list[Path], typer.Option(help="The image a mask belongs to, for its calibration; one for all, or one a mask.")] = [],  # noqa: B006
    frame: Annotated[int | None, typer.Option(metavar="N", min=0, help="Frame of the image, from 0.")] = None,
    spacing: Annotated[float | None, typer.Option(metavar="MM", help="Millimetres a pixel, where no file says.")] = None,
    structure: Annotated[int | None, typer.Option("--id", min=1, max=255, help="Measure this structure only.")] = None,
    volume: Annotated[str | None, typer.Option(metavar="METHOD", help="ellipsoid, simpson or ef: see docs/dicom.md.")] = None,
    csv: Annotated[Path | None, typer.Option(help="Write the measures to this CSV file too.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite an existing file.")] = False,
) -> None:
    """Measure masks: area, perimeter, calipers, ellipse and its circumference; volumes and ejection fraction from several."""
    from uniultra.io.output import check_free
    from uniultra.io.tables import write_csv
    from uniultra.measure.report import CSV_COLUMNS, rows

    _check(masks, image, spacing, volume)
    if csv is not None:
        check_free([csv], force)
    found = [_open(path, image[i % len(image)] if image else None, frame, spacing) for i, path in enumerate(masks)]
    if volume is not None:
        print(_told(volume, _volume(volume, found, structure), as_json))
        return
    measured = [(one, identity, _measured(one, identity)) for one in found for identity in _chosen(one, structure)]
    if csv is not None:
        lines = [line for one, identity, result in measured for line in rows(one.path.name, frame or 0, identity, result)]
        write_csv(csv, CSV_COLUMNS, lines, force)
    print(_json(measured) if as_json else printable("\n".join(_lines(measured))))


@dataclass(frozen=True)
class _Mask:
    path: Path
    ids_hw: np.ndarray
    frame: Frame


def _check(masks: Sequence[Path], images: Sequence[Path], spacing: float | None, method: str | None) -> None:
    if len(images) not in (0, 1, len(masks)):
        raise PromptError(f"{len(images)} images for {len(masks)} masks; give one --image for all, or one a mask in their order")
    if spacing is not None and not 0.001 <= spacing <= 10:
        raise PromptError(f"--spacing {spacing:g} is not a size of a pixel; give millimetres from 0.001 to 10")
    if method is None:
        return
    if method not in METHODS:
        raise PromptError(f"--volume '{method}' is unknown; give {', '.join(METHODS)}")
    if len(masks) not in METHODS[method]:
        legal = " or ".join(map(str, METHODS[method]))
        raise PromptError(f"--volume {method} takes {legal} masks, not {len(masks)}; see docs/dicom.md for their order")


def _open(path: Path, image: Path | None, number: int | None, spacing: float | None) -> _Mask:
    from dataclasses import replace

    import numpy as np

    from uniultra.io.images import kind_of, read_frame
    from uniultra.io.masks import read_ids
    from uniultra.types import Frame

    known = None
    if kind_of(path).name == "NIfTI":
        from uniultra.io.nifti import read_labels

        ids, known = read_labels(path)
    else:
        ids = read_ids(path)
        values = np.unique(ids)
        ids = (ids > 0).astype(np.uint8) if values.tolist() in ([0, 255], [255]) else ids
    frame = Frame(np.zeros(ids.shape, np.uint8), source=str(path)) if image is None else read_frame(image, number)
    if (frame.height, frame.width) != ids.shape:
        sizes = f"{ids.shape[1]} x {ids.shape[0]} pixels, but {image} has {frame.width} x {frame.height}"
        raise PromptError(f"{path}: the mask has {sizes}; give the image that it belongs to")
    calibration = frame.calibration if known is None else frame.calibration.with_fallback("pixdim", known)
    calibration = calibration if spacing is None else calibration.with_fallback("--spacing", (spacing, spacing))
    return _Mask(path, ids, replace(frame, calibration=calibration, spacing_mm_yx=calibration.whole_mm_yx))


def _chosen(mask: _Mask, structure: int | None) -> list[int]:
    import numpy as np

    there = [int(value) for value in np.unique(mask.ids_hw) if value > 0]
    if structure is not None and structure not in there:
        raise PromptError(f"{mask.path}: no structure {structure}; there are {', '.join(map(str, there)) or 'none'}")
    if not there:
        raise PromptError(f"{mask.path}: the mask is empty; at least 1 pixel must be above 0; segment it first")
    return there if structure is None else [structure]


def _measured(mask: _Mask, identity: int) -> Measured:
    from uniultra.measure.report import measure_object

    return measure_object(mask.frame, mask.ids_hw == identity)


def _volume(method: str, masks: Sequence[_Mask], structure: int | None) -> dict[str, Any]:
    from uniultra.measure.report import number
    from uniultra.measure.volume import ejection_fraction, ellipsoid, simpson

    if method == "ellipsoid":
        shapes = [_measured(mask, _single(mask, structure)).shape for mask in masks]
        assert shapes[0] is not None and shapes[1] is not None, "a chosen structure has pixels"
        return {"volume": _plain(ellipsoid(shapes[0], shapes[1]))}
    views = [_view(mask, structure) for mask in masks]
    if method == "simpson":
        return {"volume": _plain(simpson(tuple(views)))}
    diastole, systole = simpson(tuple(views[::2])), simpson(tuple(views[1::2]))
    fraction = ejection_fraction(diastole, systole)
    return {"end_diastolic": _plain(diastole), "end_systolic": _plain(systole), "ejection_fraction": number(fraction)}


def _single(mask: _Mask, structure: int | None) -> int:
    chosen = _chosen(mask, structure)
    if len(chosen) != 1:
        raise PromptError(f"{mask.path}: structures {', '.join(map(str, chosen))}; a volume is of one: name it with --id")
    return chosen[0]


def _view(mask: _Mask, structure: int | None) -> View:
    from uniultra.measure.report import scale_of
    from uniultra.measure.volume import View

    inside = mask.ids_hw == _single(mask, structure)
    scale = scale_of(mask.frame, inside)
    if scale.spacing_mm_yx is None:
        raise PromptError(f"{mask.path}: a volume needs millimetres, but {scale.reason}; give --image or --spacing")
    return View(inside, scale.spacing_mm_yx)


def _plain(volume: Volume) -> dict[str, Any]:
    from uniultra.measure.report import number

    return number(volume.volume) | {"method": volume.method, "notes": list(volume.notes)}


def _told(method: str, report: dict[str, Any], as_json: bool) -> str:
    if as_json:
        return json.dumps({"schema": "uniultra.measure/1", "method": method, **report, "notice": "not a medical device"})
    lines = []
    for name, found in report.items():
        lines.append(f"{name.replace('_', ' '):<18} {found['value']:.1f} ± {found['uncertainty']:.1f} {found['unit']}")
        if "method" in found:
            lines[-1] += f"  ({found['method']})"
        lines += [f"  note: {note}" for note in found.get("notes", [])]
    return "\n".join(lines)


def _json(measured: Sequence[tuple[_Mask, int, Measured]]) -> str:
    from uniultra.measure.report import as_json

    items = [{"mask": one.path.name, "id": identity, **as_json(result)} for one, identity, result in measured]
    return json.dumps({"schema": "uniultra.measure/1", "objects": items, "notice": "not a medical device"})


def _lines(measured: Sequence[tuple[_Mask, int, Measured]]) -> list[str]:
    from uniultra.measure.report import named

    lines = []
    for one, identity, result in measured:
        scale = result.scale.source or f"in pixels: {result.scale.reason}"
        lines.append(f"{one.path}  structure {identity}  ({scale})")
        assert result.shape is not None, "a chosen structure has pixels"
        for item in named(result.shape):
            found = item.measurement
            ends = "" if item.ends_xy is None else "   from {:.1f},{:.1f} to {:.1f},{:.1f}".format(*item.ends_xy[0], *item.ends_xy[1])
            lines.append(f"  {item.name.replace('_', ' '):<22}{found.value:>10.2f} ± {found.uncertainty or 0:.2f} {found.unit}{ends}")
        lines += [f"  note: {note}" for note in (*result.scale.notes, *result.shape.notes)]
    return lines
