"""`uniultra measure`: sizes of masks that exist already, volumes from planes, and the ejection fraction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from uniultra.cli.terminal.frame_option import one_frame
from uniultra.cli.terminal.measure_text import MaskPlace, as_json_text, as_lines, told
from uniultra.cli.terminal.spacing import HELP, METAVAR, OVERRIDE_HELP, TypedScale, parse_scale
from uniultra.cli.terminal.text import say
from uniultra.errors import PromptError

if TYPE_CHECKING:
    import numpy as np

    from uniultra.measure.measured import Measured
    from uniultra.measure.volume import View, Volume
    from uniultra.pixel_scale import Scale
    from uniultra.types import Frame

METHODS = {"ellipsoid": (2,), "simpson": (1, 2), "ef": (1, 2, 4)}
"""Methods of `--volume`, and how many masks each takes; 1 for `ef` is a label of a cine."""

MASKS_HELP = "Masks: PNG (0 background, 1..N), labels in NIfTI, NRRD, MetaImage, or NAME.frames.masks.tif."


def measure(
    masks: Annotated[
        list[Path],
        typer.Argument(metavar="MASK...", help=MASKS_HELP),
    ],
    image: Annotated[
        list[Path],
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
    csv: Annotated[Path | None, typer.Option(help="Write the measures to this CSV file too.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite an existing file.")] = False,
) -> None:
    """Measure masks: area, perimeter, calipers, ellipse, circumference; of several, volumes and EF."""
    from uniultra.io.output import check_free
    from uniultra.io.tables import write_csv
    from uniultra.measure.measured import CSV_COLUMNS, rows

    _check(masks, image, volume)
    scale = parse_scale(spacing, override_scale)
    if csv is not None:
        check_free([csv], force)
    found = (
        one
        for i, path in enumerate(masks)
        for one in _open(path, image[i % len(image)] if image else None, frame, scale)
    )
    if volume is not None:
        report = (
            _beat(masks[0], found, structure)
            if volume == "ef" and len(masks) == 1
            else _volume(volume, found, structure)
        )
        say(*told(volume, report, as_json))
        return
    measured = [
        (one.about, identity, _measured(one, identity))
        for one in found
        for identity in _chosen(one, structure)
    ]
    if not measured:
        raise PromptError(
            f"{masks[0]}: no structure{'' if structure is None else f' {structure}'} on any frame; segment it"
        )
    if csv is not None:
        lines = [
            line
            for one, identity, result in measured
            for line in rows(one.path.name, one.frame or 0, identity, result)
        ]
        write_csv(csv, CSV_COLUMNS, lines, force)
    say(*([as_json_text(measured)] if as_json else as_lines(measured)))


@dataclass(frozen=True)
class _Mask:
    """Ids of one frame, and the scale of each structure by its id where it was written beside the mask."""

    about: MaskPlace
    ids_hw: np.ndarray
    frame: Frame
    saved: Mapping[int, Scale]

    def scale_of(self, identity: int) -> Scale:
        from uniultra.geometry import scale_of

        return self.saved.get(identity) or scale_of(self.frame.calibration, self.ids_hw == identity)


def _check(masks: Sequence[Path], images: Sequence[Path], method: str | None) -> None:
    if len(images) not in (0, 1, len(masks)):
        raise PromptError(
            f"{len(images)} images for {len(masks)} masks; give one --image for all, or one per mask in order"
        )
    if method is None:
        return
    if method not in METHODS:
        raise PromptError(f"--volume '{method}' is unknown; give {', '.join(METHODS)}")
    if len(masks) not in METHODS[method]:
        legal = " or ".join(map(str, METHODS[method]))
        raise PromptError(
            f"--volume {method} takes {legal} masks, not {len(masks)}; see docs/dicom.md for their order"
        )


def _open(path: Path, image: Path | None, number: int | None, scale: TypedScale | None) -> Iterator[_Mask]:
    """The mask of a file, or one mask a frame of a cine's label, one at a time."""
    from uniultra.io.images import kind_of
    from uniultra.io.label_maps import READERS
    from uniultra.io.label_tiff import holds_pages, read_label_pages
    from uniultra.io.masks import MISSING, check_ids
    from uniultra.io.paths import shown
    from uniultra.outputs.saved import of_frame, saved_beside

    kind, known = kind_of(path).name, None
    saved = {} if image is not None or scale is not None else saved_beside(path)
    if kind == "TIFF" and holds_pages(path):
        if number is not None:
            raise PromptError(f"{path}: names its frames itself; leave out --frame {number}")
        blank = None
        for frame, ids in read_label_pages(path):
            check_ids(ids, f"{shown(path)} frame {frame}", MISSING)
            blank = blank or _blank(path, (ids.shape[0], ids.shape[1]), image, frame, scale, None)
            yield _Mask(MaskPlace(path, frame, True), ids, blank, of_frame(saved, frame))
        return
    if kind in READERS:
        ids, known = READERS[kind](path)
        check_ids(ids, shown(path), MISSING)
    else:
        ids = _read_ids(path)
    blank = _blank(path, (ids.shape[0], ids.shape[1]), image, number, scale, known)
    yield _Mask(MaskPlace(path, number), ids, blank, {} if number is not None else of_frame(saved, None))


def _read_ids(path: Path) -> np.ndarray:
    import numpy as np

    from uniultra.io.masks import MISSING, check_ids, read_ids
    from uniultra.io.paths import shown

    ids = read_ids(path)
    check_ids(ids, shown(path), MISSING)
    return (ids > 0).astype(np.uint8) if np.unique(ids).tolist() in ([0, 255], [255]) else ids


def _blank(
    path: Path,
    hw: tuple[int, int],
    image: Path | None,
    number: int | None,
    scale: TypedScale | None,
    known: tuple[float, float] | None,
) -> Frame:
    """The frame that a mask of (height, width) belongs to: its calibration is what counts."""
    from dataclasses import replace

    import numpy as np

    from uniultra.io.images import read_frame
    from uniultra.types import Frame

    frame = Frame(np.zeros(hw, np.uint8), source=str(path)) if image is None else read_frame(image, number)
    if (frame.height, frame.width) != hw:
        sizes = f"{hw[1]} x {hw[0]} pixels, but {image} has {frame.width} x {frame.height}"
        raise PromptError(f"{path}: the mask has {sizes}; give the image that it belongs to")
    calibration = frame.calibration if known is None else frame.calibration.with_fallback("pixdim", known)
    calibration = calibration if scale is None else scale.applied(calibration)
    return replace(frame, calibration=calibration)


def _chosen(mask: _Mask, structure: int | None) -> list[int]:
    import numpy as np

    there = [int(value) for value in np.unique(mask.ids_hw) if value > 0]
    if mask.about.of_cine:  # a structure may be missing on some frames
        return there if structure is None else [structure] * (structure in there)
    if structure is not None and structure not in there:
        raise PromptError(
            f"{mask.about}: no structure {structure}; there are {', '.join(map(str, there)) or 'none'}"
        )
    if not there:
        raise PromptError(
            f"{mask.about}: the mask is empty; at least 1 pixel must be above 0; segment it first"
        )
    return there if structure is None else [structure]


def _measured(mask: _Mask, identity: int) -> Measured:
    from uniultra.measure.measured import measure_mask

    return measure_mask(mask.ids_hw == identity, mask.scale_of(identity))


def _volume(method: str, found: Iterable[_Mask], structure: int | None) -> dict[str, Any]:
    from uniultra.measure.measured import number
    from uniultra.measure.volume import ejection_fraction, ellipsoid, simpson

    masks = []
    for mask in found:
        if mask.about.of_cine:
            raise PromptError(
                f"{mask.about.path}: a label of a cine; --volume {method} takes masks of one frame"
            )
        masks.append(mask)
    if method == "ellipsoid":
        first, second = (_measured(mask, _single(mask, structure)) for mask in masks)
        return {"volume": _plain(ellipsoid(first, second))}
    views = [_view(mask, structure) for mask in masks]
    if method == "simpson":
        return {"volume": _plain(simpson(tuple(views)))}
    diastole, systole = simpson(tuple(views[::2])), simpson(tuple(views[1::2]))
    fraction = ejection_fraction(diastole, systole)
    return {
        "end_diastolic": _plain(diastole),
        "end_systolic": _plain(systole),
        "ejection_fraction": number(fraction),
    }


def _beat(path: Path, found: Iterable[_Mask], structure: int | None) -> dict[str, Any]:
    """Ejection fraction from the label of a cine: the frames of the largest and of the smallest volume."""
    from uniultra.measure.measured import number
    from uniultra.measure.volume import ejection_fraction, simpson

    volumes: dict[int | None, Volume] = {}
    empty = 0
    for mask in found:
        if not mask.about.of_cine:
            raise PromptError(
                f"{path}: one mask; --volume ef takes 2 or 4, or a label of a cine (segment --frames)"
            )
        if _chosen(mask, structure):
            volumes[mask.about.frame] = simpson((_view(mask, structure),))
        else:
            empty += 1
    if len(volumes) < 2:
        raise PromptError(
            f"{path}: frames with the structure: {len(volumes)}; --volume ef needs 2 or more; segment more"
        )
    largest, smallest = (pick(volumes, key=lambda frame: volumes[frame].volume.value) for pick in (max, min))
    notes = [f"largest and smallest of {len(volumes)} frames: one bad mask decides, so look at both"]
    notes += [f"left out, as the structure isn't on them: {empty} of {empty + len(volumes)} frames"] * (
        empty > 0
    )
    fraction = number(ejection_fraction(volumes[largest], volumes[smallest]))
    return {
        "end_diastolic": {"frame": largest, **_plain(volumes[largest])},
        "end_systolic": {"frame": smallest, **_plain(volumes[smallest])},
        "ejection_fraction": fraction | {"notes": notes},
    }


def _single(mask: _Mask, structure: int | None) -> int:
    chosen = _chosen(mask, structure)
    if len(chosen) != 1:
        raise PromptError(
            f"{mask.about}: structures {', '.join(map(str, chosen))}; a volume is of one: name it with --id"
        )
    return chosen[0]


def _view(mask: _Mask, structure: int | None) -> View:
    from uniultra.measure.volume import View

    identity = _single(mask, structure)
    inside, scale = mask.ids_hw == identity, mask.scale_of(identity)
    if scale.spacing_mm_yx is None:
        raise PromptError(
            f"{mask.about}: a volume needs millimetres, but {scale.reason}; give --image or --spacing"
        )
    return View(inside, scale)


def _plain(volume: Volume) -> dict[str, Any]:
    from uniultra.measure.measured import number

    return number(volume.volume) | {"method": volume.method, "notes": list(volume.notes)}
