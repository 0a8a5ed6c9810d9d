"""What `uniultra segment` writes: id mask, overlay and JSON always; DICOM SEG and SR, CSV, NIfTI and COCO as asked."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from uniultra.errors import OutputError, PromptError

if TYPE_CHECKING:
    from uniultra.types import Frame, Mask, Prompt

KINDS = {
    "seg": "seg.dcm",
    "fractional": "seg.dcm",
    "sr": "sr.dcm",
    "csv": "csv",
    "nifti": "nii.gz",
    "coco": "coco.json",
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

    def paths(self, file: Path) -> dict[str, Path]:
        """Each result's path: NAME.mask.png, or NAME.frame7.mask.png where a frame was named."""
        from uniultra.io.images import IMAGE_SUFFIXES

        known = file.suffix.lower() in (*IMAGE_SUFFIXES, ".mp4", ".mov", ".m4v", ".avi", ".gz")
        name = (file.stem if known else file.name) + ("" if self.frame is None else f".frame{self.frame}")
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
    from uniultra.errors import FileError
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
    """Writes what the plan names. Raises OutputError and FileError."""
    from uniultra.io.masks import ids_of
    from uniultra.io.output import write_json, write_png
    from uniultra.io.overlay import draw_overlay

    paths = plan.paths(answer.file)
    write_png(paths["mask"], ids_of(answer.masks), plan.force)
    write_png(paths["overlay"], draw_overlay(answer.frame, answer.masks), plan.force)
    for kind, path in paths.items():
        if kind in DICOM_KINDS:
            _write_dicom(kind, path, plan, answer)
        elif kind in _PLAIN:
            _PLAIN[kind](path, plan, answer)
    write_json(paths["json"], report, plan.force)


def _write_dicom(kind: str, path: Path, plan: Plan, answer: Answer) -> None:
    import numpy as np

    from uniultra import __version__
    from uniultra.io.dicom.report import Finding, write_report
    from uniultra.io.dicom.seg import Segment, write_seg
    from uniultra.io.dicom.source import Maker, read_source
    from uniultra.measure.report import measure_object

    source, maker = read_source(answer.file, plan.keep_patient), Maker(answer.model, answer.version, __version__)
    number = plan.frame or 0
    if kind == "sr":
        pairs = zip(answer.prompts, answer.masks, strict=True)
        shapes = [measure_object(answer.frame, mask.mask_hw, prompt).shape for prompt, mask in pairs]
        findings = [Finding(f"structure {i}", number, answer.masks[i - 1].mask_hw, shape) for i, shape in enumerate(shapes, 1) if shape]
        if not findings:
            raise OutputError(f"{path}: every mask is empty, so there is nothing to report; leave out --write sr")
        write_report(path, source, findings, maker, plan.force)
        return
    planes = [mask.mask_hw if kind == "seg" else 1.0 / (1.0 + np.exp(-mask.logits_hw.astype(np.float32))) for mask in answer.masks]
    segments = [Segment(f"structure {i}", {number: plane}) for i, plane in enumerate(planes, 1)]
    write_seg(path, source, segments, maker, plan.force)


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
