"""The files of one frame's result: id mask, overlay and JSON always; DICOM SEG and SR, CSV, NIfTI and COCO as
planned. Of a frame of an archive, those that were chosen beside its mask, under the same endings.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from uniultra.errors import FileError, OutputError
from uniultra.io.annotation_files import cvat, itksnap, labelme, yolo
from uniultra.io.coco import coco
from uniultra.io.input_file import InputFile
from uniultra.io.masks import ids_of
from uniultra.io.output import staged, write_bytes, write_json, write_png, write_text
from uniultra.io.tables import write_csv
from uniultra.measure.measured import CSV_COLUMNS, rows
from uniultra.outputs.plan import ARCHIVE_ENDINGS, DICOM_KINDS, PLAIN, OutputPlan
from uniultra.outputs.result_picture import colour_of, draw_result
from uniultra.outputs.structured import frame_json
from uniultra.results import FrameResult

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from uniultra.io.dicom.source import Maker, SourceImage
    from uniultra.model_facts import ModelFacts


def write_frame_files(plan: OutputPlan, source: InputFile, result: FrameResult) -> tuple[str, ...]:
    """Writes what the plan names, all of it or nothing. Returns notes on what isn't written.

    Raises:
        OutputError: a file exists or can't be written. FileError: nothing can refer to the source, where a
            SEG or SR was named.
    """
    paths = plan.frame_paths(source)
    dataset, notes = dicom_source(plan, source, paths)
    kinds = [kind for kind in paths if kind in DICOM_KINDS and dataset is not None]
    derived = {kind: derived_dataset(kind, dataset, source.path.name, result) for kind in kinds}
    written = {kind: path for kind, path in paths.items() if kind not in DICOM_KINDS or kind in derived}
    with staged(written, plan.force) as parts:
        write_png(parts["mask"], id_mask(result))
        write_png(parts["overlay"], draw_result(result))
        for kind, dataset in derived.items():
            _save(parts[kind], dataset)
        for kind, write in _PLAIN.items():
            if kind in parts:
                write(parts[kind], source, result)
        write_json(parts["json"], frame_json(source.path.name, result))
    return notes


def id_mask(result: FrameResult) -> np.ndarray:
    """uint8 (H, W), 1..N in the order of the objects; all 0 where there are none."""
    return (
        ids_of(result.masks)
        if result.masks
        else np.zeros((result.frame.height, result.frame.width), np.uint8)
    )


def maker(model: ModelFacts) -> Maker:
    """What DICOM results name as their origin."""
    from uniultra import __version__
    from uniultra.io.dicom.source import Maker

    return Maker(model.name, model.version, __version__)


def dicom_source(plan: OutputPlan, source: InputFile, kinds: Iterable[str]) -> tuple[Any, tuple[str, ...]]:
    """The `SourceImage` that the DICOM results among these kinds refer to, with notes; None where there are
    none. That nothing can refer to the source is only noted where no kind was named.

    Raises:
        FileError: nothing can refer to it, where a kind was named.
    """
    if not set(kinds) & set(DICOM_KINDS):  # pydicom isn't imported for a picture
        return None, ()
    from uniultra.io.dicom.source import source_of

    try:
        dataset = source_of(source.header, plan.keep_patient)
    except FileError as error:
        if plan.kinds is not None:
            raise
        return None, (f"no DICOM SEG is written: {error}",)
    return dataset, dataset.notes


def derived_dataset(kind: str, dataset: SourceImage, name: str, result: FrameResult) -> Dataset:
    """One DICOM object of a frame's result; `name` is the image's in messages.

    Args:
        kind: of `plan.DICOM_KINDS`.
        dataset: what it refers to.

    Raises:
        OutputError: of an SR, highdicom refuses the source, or every mask is empty.
    """
    made = {"sr": _report, "sc": _capture}
    return made.get(kind, _segmentation)(kind, dataset, name, result)


def _segmentation(kind: str, dataset: SourceImage, name: str, result: FrameResult) -> Dataset:
    from uniultra.io.dicom.seg import Segment, segmentation

    planes = [mask.mask_hw for mask in result.masks]
    if kind == "fractional":
        planes = [1.0 / (1.0 + np.exp(-mask.logits_hw.astype(np.float32))) for mask in result.masks]
    frame = result.number or 0
    segments = [
        Segment(found.label, {frame: plane}, found.colour_rgb)
        for found, plane in zip(result.objects, planes, strict=True)
    ]
    return segmentation(dataset, segments, maker(result.model))


def _report(kind: str, dataset: SourceImage, name: str, result: FrameResult) -> Dataset:
    from uniultra.io.dicom.sr import Finding, report

    findings = [
        Finding(found.label, result.number or 0, found.mask.mask_hw, found.measured.shape)
        for found in result.objects
        if found.measured.shape is not None
    ]
    if not findings:
        raise OutputError(f"{name}: every mask is empty, so there is nothing to report; leave out the SR")
    return report(dataset, findings, maker(result.model))


def _capture(kind: str, dataset: SourceImage, name: str, result: FrameResult) -> Dataset:
    from uniultra.io.dicom.sc import capture

    labels = [found.label for found in result.objects]
    return capture(dataset, draw_result(result), (labels, result.number or 0), maker(result.model))


def _save(path: Path, dataset: Dataset) -> None:
    from uniultra.io.dicom.source import write_dataset

    write_dataset(path, dataset)


def _write_csv(path: Path, source: InputFile, result: FrameResult) -> None:
    frame = result.number or 0
    image = source.path.name
    found = [row for one in result.objects for row in rows(image, frame, one.number, one.measured, one.name)]
    write_csv(path, CSV_COLUMNS, found)


def _write_nifti(path: Path, source: InputFile, result: FrameResult) -> None:
    from uniultra.geometry import scale_of
    from uniultra.io.nifti import write_labels

    ids = ids_of(result.masks)
    like = source.path if source.kind == "NIfTI" else None
    spacing = scale_of(result.frame.calibration, ids > 0).spacing_mm_yx
    write_labels(path, ids, spacing, like=like, number=result.number or 0)


def _names(result: FrameResult) -> list[str]:
    return [found.name for found in result.objects]


def _write_coco(path: Path, source: InputFile, result: FrameResult) -> None:
    masks = [mask.mask_hw for mask in result.masks]
    write_json(path, coco(source.path.name, masks, [mask.quality for mask in result.masks], _names(result)))


def _write_nrrd(path: Path, source: InputFile, result: FrameResult) -> None:
    from uniultra.geometry import scale_of
    from uniultra.io.label_maps import PLACES
    from uniultra.io.nrrd import write_seg_nrrd

    ids = ids_of(result.masks)
    names, colours = _legend(result)
    spacing = scale_of(result.frame.calibration, ids > 0).spacing_mm_yx
    lies = PLACES[source.kind](source.path, result.number or 0) if source.kind in PLACES else None
    write_seg_nrrd(path, ids, names, colours, spacing, lies=lies)


def _write_itksnap(path: Path, source: InputFile, result: FrameResult) -> None:
    write_text(path, itksnap(*_legend(result)))


def _legend(result: FrameResult) -> tuple[list[str], list[tuple[int, int, int]]]:
    """The name and the colour of each structure, in their order."""
    return [found.label for found in result.objects], [colour_of(found) for found in result.objects]


def _write_yolo(path: Path, source: InputFile, result: FrameResult) -> None:
    write_text(path, yolo([mask.mask_hw for mask in result.masks], _names(result)))


def _write_labelme(path: Path, source: InputFile, result: FrameResult) -> None:
    write_json(path, labelme(source.path.name, [mask.mask_hw for mask in result.masks], _names(result)))


def _write_cvat(path: Path, source: InputFile, result: FrameResult) -> None:
    write_bytes(path, cvat(source.path.name, [mask.mask_hw for mask in result.masks], _names(result)))


_PLAIN = {
    "csv": _write_csv,
    "nifti": _write_nifti,
    "nrrd": _write_nrrd,
    "itksnap": _write_itksnap,
    "coco": _write_coco,
    "yolo": _write_yolo,
    "labelme": _write_labelme,
    "cvat": _write_cvat,
}


@dataclass(frozen=True)
class WriteExtras:
    """An `Extras` of the chosen kinds; those of DICOM are made of DICOM inputs alone."""

    kinds: tuple[str, ...]
    keep_patient: bool = False

    def __call__(self, folder: Path, source: InputFile, result: FrameResult) -> dict[str, Path]:
        """The path of each file, by its ending. Raises OutputError and FileError."""
        kinds = [kind for kind in self.kinds if kind not in DICOM_KINDS or source.is_dicom]
        kinds = [kind for kind in kinds if result.objects or kind in PLAIN]
        more = tuple(kind for kind in kinds if kind not in PLAIN)
        if not more:
            return {PLAIN[kind]: _plain(kind, folder, source.path, result) for kind in kinds}
        plan = OutputPlan(folder / "all", result.number, more, keep_patient=self.keep_patient, force=True)
        write_frame_files(plan, source, result)
        paths = plan.frame_paths(source)
        return {ARCHIVE_ENDINGS[kind]: paths[kind] for kind in kinds}


def _plain(kind: str, folder: Path, file: Path, result: FrameResult) -> Path:
    path = folder / PLAIN[kind]
    if kind == "json":
        write_json(path, frame_json(file.name, result))
    else:
        write_png(path, draw_result(result))
    return path
