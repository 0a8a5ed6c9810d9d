"""What `uniultra segment` writes: id mask, overlay and JSON always; DICOM SEG and SR, CSV, NIfTI and COCO as asked."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from uniultra.cli.text import printable
from uniultra.errors import FileError, OutputError, PromptError

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from uniultra.io.dicom.source import Maker
    from uniultra.types import Frame, Mask, Prompt

KINDS = {
    "seg": "seg.dcm",
    "fractional": "seg.dcm",
    "sr": "sr.dcm",
    "csv": "csv",
    "nifti": "nii.gz",
    "coco": "coco.json",
    "movie": "overlay.mp4",
    "none": "",
}
"""What can be asked for beside the three files that are always written, and how its name ends."""
KINDS_SHOWN = ", ".join(KINDS)
DICOM_KINDS = ("seg", "fractional", "sr")


@dataclass(frozen=True)
class Plan:
    """Where results go: `kinds` is None where nothing was asked for, so that DICOM images get a SEG."""

    folder: Path | None
    frame: int | None
    kinds: tuple[str, ...] | None
    keep_patient: bool
    force: bool

    def kinds_for(self, file: Path) -> tuple[str, ...]:
        if self.kinds is not None:
            return tuple(kind for kind in self.kinds if kind != "none")
        return ("seg",) if is_dicom(file) and importlib.util.find_spec("highdicom") else ()

    def stem(self, file: Path) -> str:
        """What every result's name begins with."""
        from uniultra.io.images import IMAGE_SUFFIXES

        known = file.suffix.lower() in (*IMAGE_SUFFIXES, ".mp4", ".mov", ".m4v", ".avi", ".gz")
        return file.stem if known else file.name

    def paths(self, file: Path) -> dict[str, Path]:
        """Each result's path: NAME.mask.png, or NAME.frame7.mask.png where a frame was named."""
        name = self.stem(file) + ("" if self.frame is None else f".frame{self.frame}")
        endings = {"mask": "mask.png", "overlay": "overlay.png", "json": "json"} | {kind: KINDS[kind] for kind in self.kinds_for(file)}
        assert self.folder is not None
        return {kind: self.folder / f"{name}.{ending}" for kind, ending in endings.items()}


@dataclass(frozen=True)
class Answer:
    """One image's prompts and masks, and who gave them."""

    file: Path
    frame: Frame
    prompts: Sequence[Prompt]
    masks: Sequence[Mask]
    model: str
    version: str


def chosen_kinds(asked: Sequence[str]) -> tuple[str, ...] | None:
    """The kinds of `--write`, repeated or with commas; None for no such option. Raises PromptError for an unknown one."""
    kinds = [part.strip().lower() for text in asked for part in text.split(",")]
    for kind in kinds:
        if kind not in KINDS:
            raise PromptError(f"--write '{kind}' is unknown; give one or several of {KINDS_SHOWN}")
    if "seg" in kinds and "fractional" in kinds:
        raise PromptError("--write seg and fractional are one file; give one of them")
    return tuple(dict.fromkeys(kinds)) if kinds else None


def check_kinds(plan: Plan, files: Sequence[Path]) -> None:
    """Says before anything is computed what can't be written. Raises OutputError."""
    if plan.folder is None:
        return
    if plan.kinds is None:
        if importlib.util.find_spec("highdicom") is None and any(is_dicom(file) for file in files):
            print("uniultra: no DICOM SEG is written; for that: pip install 'uniultra[dicom]'", file=sys.stderr)
        return
    if any(kind in DICOM_KINDS for kind in plan.kinds):
        from uniultra.io.dicom.source import need_highdicom

        need_highdicom(plan.folder)
        for file in files:
            if not is_dicom(file):
                raise OutputError(f"{file}: DICOM results need a DICOM image to refer to; leave out --write seg, fractional and sr")
    if "nifti" in plan.kinds and importlib.util.find_spec("nibabel") is None:
        raise OutputError("--write nifti needs nibabel; install with: pip install 'uniultra[nifti]'")


def is_dicom(file: Path) -> bool:
    """Whether a file is read as DICOM; False where it can't be read at all, which reading it will say."""
    from uniultra.io.images import kind_of

    try:
        return kind_of(file).name == "DICOM"
    except FileError:
        return False


def describe(answer: Answer, number: int | None) -> dict[str, Any]:
    """The JSON of one image."""
    from uniultra import __version__

    frame = answer.frame
    return {
        "schema": "uniultra.segment/1",
        "image": answer.file.name,
        "frame": number,
        "width": frame.width,
        "height": frame.height,
        "spacing_mm_yx": frame.spacing_mm_yx,
        "model": {"name": answer.model, "version": answer.version},
        "uniultra": __version__,
        "objects": [_object(answer, index) for index in range(len(answer.masks))],
        "notice": "not a medical device",
    }


def _object(answer: Answer, index: int) -> dict[str, Any]:
    from uniultra.measure import area_px
    from uniultra.measure.report import as_json, measure_object

    prompt, found = answer.prompts[index], answer.masks[index]
    measures = as_json(measure_object(answer.frame, found.mask_hw, prompt))
    area = measures.get("area", {})
    return {
        "id": index + 1,
        "prompt": {
            "box": prompt.box_xyxy,
            "points": prompt.points_xy,
            "labels": prompt.point_labels,
            "previous_mask": prompt.mask_hw is not None,
        },
        "box_xyxy": found.box_xyxy,
        "area_px": area_px(found),
        "area_mm2": round(area["value"], 3) if area.get("unit") == "mm2" else None,
        "quality": round(found.quality, 4),
        "measures": measures,
    }


def write_results(plan: Plan, answer: Answer, report: dict[str, Any]) -> None:
    """Writes what the plan names; what may be refused is found out before the first file. Raises OutputError and FileError."""
    from uniultra.io.masks import ids_of
    from uniultra.io.output import write_json, write_png
    from uniultra.io.overlay import draw_overlay

    paths = plan.paths(answer.file)
    derived = _derived(plan, answer, paths)
    write_png(paths["mask"], ids_of(answer.masks), plan.force)
    write_png(paths["overlay"], draw_overlay(answer.frame, answer.masks), plan.force)
    for kind, dataset in derived.items():
        _save(paths[kind], dataset, plan.force)
    for kind, write in _PLAIN.items():
        if kind in paths:
            write(paths[kind], plan, answer)
    write_json(paths["json"], report, plan.force)


def _derived(plan: Plan, answer: Answer, paths: dict[str, Path]) -> dict[str, Dataset]:
    """The DICOM objects that are asked for, by kind. A source that nothing can refer to is only said where none was asked for."""
    kinds = [kind for kind in paths if kind in DICOM_KINDS]
    if not kinds:  # pydicom isn't imported for a picture
        return {}
    from uniultra.io.dicom.source import read_source

    try:
        source = read_source(answer.file, plan.keep_patient)
    except FileError as error:
        if plan.kinds is not None:
            raise
        print(f"uniultra: no DICOM SEG is written: {printable(str(error))}", file=sys.stderr)
        return {}
    return {kind: _report(source, plan, answer) if kind == "sr" else _segmentation(kind, source, plan, answer) for kind in kinds}


def maker(model: str, version: str) -> Maker:
    from uniultra import __version__
    from uniultra.io.dicom.source import Maker

    return Maker(model, version, __version__)


def _segmentation(kind: str, source: Dataset, plan: Plan, answer: Answer) -> Dataset:
    import numpy as np

    from uniultra.io.dicom.seg import Segment, segmentation

    planes = [mask.mask_hw if kind == "seg" else 1.0 / (1.0 + np.exp(-mask.logits_hw.astype(np.float32))) for mask in answer.masks]
    segments = [Segment(f"structure {i}", {plan.frame or 0: plane}) for i, plane in enumerate(planes, 1)]
    return segmentation(source, segments, maker(answer.model, answer.version))


def _report(source: Dataset, plan: Plan, answer: Answer) -> Dataset:
    from uniultra.io.dicom.report import Finding, report
    from uniultra.measure.report import measure_object

    pairs = zip(answer.prompts, answer.masks, strict=True)
    shapes = [measure_object(answer.frame, mask.mask_hw, prompt).shape for prompt, mask in pairs]
    numbered = [(i, shape) for i, shape in enumerate(shapes) if shape is not None]
    if not numbered:
        raise OutputError(f"{answer.file}: every mask is empty, so there is nothing to report; leave out --write sr")
    findings = [Finding(f"structure {i + 1}", plan.frame or 0, answer.masks[i].mask_hw, shape) for i, shape in numbered]
    return report(source, findings, maker(answer.model, answer.version))


def _save(path: Path, dataset: Dataset, force: bool) -> None:
    from uniultra.io.dicom.source import write_dataset

    write_dataset(path, dataset, force)


def _write_csv(path: Path, plan: Plan, answer: Answer) -> None:
    from uniultra.io.tables import write_csv
    from uniultra.measure.report import CSV_COLUMNS, measure_object, rows

    lines = []
    for i, (prompt, mask) in enumerate(zip(answer.prompts, answer.masks, strict=True), start=1):
        lines += rows(answer.file.name, plan.frame or 0, i, measure_object(answer.frame, mask.mask_hw, prompt))
    write_csv(path, CSV_COLUMNS, lines, plan.force)


def _write_nifti(path: Path, plan: Plan, answer: Answer) -> None:
    from uniultra.io.masks import ids_of
    from uniultra.io.nifti import write_labels
    from uniultra.types import mask_box

    ids = ids_of(answer.masks)
    write_labels(path, ids, answer.frame.scale_at(mask_box(ids > 0)).spacing_mm_yx, plan.force)


def _write_coco(path: Path, plan: Plan, answer: Answer) -> None:
    from uniultra.io.coco import coco
    from uniultra.io.output import write_json

    masks = [mask.mask_hw for mask in answer.masks]
    write_json(path, coco(answer.file.name, masks, [mask.quality for mask in answer.masks]), plan.force)


_PLAIN = {"csv": _write_csv, "nifti": _write_nifti, "coco": _write_coco}
