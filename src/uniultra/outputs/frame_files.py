"""The files of one frame's result: id mask, overlay and JSON always; DICOM SEG and SR, CSV, NIfTI and COCO as
planned.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from uniultra.geometry import scale_of
from uniultra.io.annotation_files import cvat, itksnap, labelme, yolo
from uniultra.io.coco import coco
from uniultra.io.input_file import InputFile
from uniultra.io.masks import ids_of
from uniultra.io.output import staged, write_bytes, write_json, write_png, write_text
from uniultra.io.tables import write_csv
from uniultra.measure.measured import CSV_COLUMNS, rows
from uniultra.outputs.plan import DICOM_KINDS, OutputPlan
from uniultra.outputs.result_picture import colour_of, draw_result
from uniultra.outputs.structured import frame_json, origin_json
from uniultra.results import FrameResult


def write_frame_files(plan: OutputPlan, source: InputFile, result: FrameResult) -> tuple[str, ...]:
    """Writes what the plan names, all of it or nothing. Returns notes on what isn't written.

    Raises:
        OutputError: a file exists or can't be written. FileError: nothing can refer to the source, where a
            SEG or SR was named.
    """
    paths = plan.frame_paths(source)
    kinds = [kind for kind in paths if kind in DICOM_KINDS]
    writers: dict[str, Callable[[Path], object]] = {}
    notes: tuple[str, ...] = ()
    if kinds:  # pydicom isn't imported for a picture
        from uniultra.outputs.frame_dicom import dicom_writers

        writers, notes = dicom_writers(plan, source, kinds, result)
    written = {kind: path for kind, path in paths.items() if kind not in DICOM_KINDS or kind in writers}
    if not result.objects:  # with calipers alone, which have no mask
        del written["mask"]
    with staged(written, plan.force) as parts:
        for kind, path in parts.items():
            if kind in writers:
                writers[kind](path)
            else:
                WRITERS[kind](path, source, result)
    return notes


def id_mask(result: FrameResult) -> np.ndarray:
    """uint8 (H, W), 1..N in the order of the objects; all 0 where there are none."""
    return (
        ids_of(result.masks)
        if result.masks
        else np.zeros((result.frame.height, result.frame.width), np.uint8)
    )


def _write_csv(path: Path, source: InputFile, result: FrameResult) -> None:
    image, frame = source.path.name, result.number or 0
    found = [
        row
        for one in result.objects
        for row in rows(image, frame, one.number, one.measured, one.name, (*one.mask.notes, *one.notes))
    ]
    write_csv(path, CSV_COLUMNS, found)


def _write_nifti(path: Path, source: InputFile, result: FrameResult) -> None:
    from uniultra.io.nifti import write_labels

    ids = ids_of(result.masks)
    like = source.path if source.kind == "NIfTI" else None
    spacing = scale_of(result.frame.calibration, ids > 0).spacing_mm_yx
    write_labels(path, ids, spacing, like=like, number=result.number or 0)


def _write_nrrd(path: Path, source: InputFile, result: FrameResult) -> None:
    from uniultra.io.label_maps import PLACES
    from uniultra.io.nrrd import write_seg_nrrd

    ids = ids_of(result.masks)
    names, colours = _legend(result)
    spacing = scale_of(result.frame.calibration, ids > 0).spacing_mm_yx
    lies = PLACES[source.kind](source.path, result.number or 0) if source.kind in PLACES else None
    write_seg_nrrd(path, ids, names, colours, spacing, lies=lies)


def _legend(result: FrameResult) -> tuple[list[str], list[tuple[int, int, int]]]:
    """The name and the colour of each structure, in their order."""
    return [found.label for found in result.objects], [colour_of(found) for found in result.objects]


def _write_coco(path: Path, source: InputFile, result: FrameResult) -> None:
    more = [origin_json(found, result.model) for found in result.objects]
    made = coco(source.called or source.path.name, result.masks_hw, more, result.names)
    if result.number is not None:  # COCO knows no frames; two of one file have one name
        made["images"][0]["frame"] = result.number
    write_json(path, made)


WRITERS: dict[str, Callable[[Path, InputFile, FrameResult], object]] = {
    "mask": lambda path, source, result: write_png(path, id_mask(result)),
    "overlay": lambda path, source, result: write_png(path, draw_result(result)),
    "json": lambda path, source, result: write_json(path, frame_json(source.path.name, result)),
    "csv": _write_csv,
    "nifti": _write_nifti,
    "nrrd": _write_nrrd,
    "itksnap": lambda path, source, result: write_text(path, itksnap(*_legend(result))),
    "coco": _write_coco,
    "yolo": lambda path, source, result: write_text(path, yolo(result.masks_hw, result.names)),
    "labelme": lambda path, source, result: write_json(
        path, labelme(source.called or source.path.name, result.masks_hw, result.names)
    ),
    "cvat": lambda path, source, result: write_bytes(
        path, cvat(source.path.name, result.masks_hw, result.names)
    ),
}
