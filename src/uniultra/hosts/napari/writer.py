"""napari's writer of labels layers: DICOM SEG, Slicer's .seg.nrrd, or id masks as PNG with JSON."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from uniultra.errors import OutputError
from uniultra.hosts.napari.layers import OURS
from uniultra.hosts.napari.masks import Answers, results_of
from uniultra.io.dicom.notices import is_by_hand
from uniultra.io.dicom.seg import Segment, segmentation
from uniultra.io.dicom.source import source_of, write_dataset
from uniultra.io.input_file import InputFile, input_file
from uniultra.io.label_maps import PLACES
from uniultra.io.nrrd import write_seg_nrrd
from uniultra.io.output import write_json, write_png
from uniultra.io.overlay import PALETTE
from uniultra.outputs.frame_dicom import maker
from uniultra.outputs.structured import frame_json
from uniultra.results import FrameResult

_MOST = 255


def write_labels(path: str, data: Any, attributes: dict[str, Any]) -> list[str]:
    """Writes a labels layer that the panel made; returns the files. napari itself asks before it replaces
    one.

    Raises OutputError: another layer, no mask in it, more frames than the format holds, or a file can't be
    written. FileError: no DICOM that a SEG can refer to.
    """
    answers = (attributes.get("metadata") or {}).get(OURS, {}).get("answers")
    if not isinstance(answers, Answers):
        raise OutputError("this layer names no source; write one that 'Segment ultrasound' created")
    labels = np.asarray(data)
    if labels.max(initial=0) > _MOST:
        raise OutputError(f"label {labels.max()}; legal are 1 to {_MOST}; renumber it")
    results = list(results_of(labels, answers))
    if not results:
        raise OutputError("the layer is empty; segment a structure first")
    target = Path(path)
    if target.name.lower().endswith(".seg.dcm"):
        _write_seg(target, answers, results)
        return [path]
    if target.name.lower().endswith(".seg.nrrd"):
        _write_nrrd(target, answers, results)
        return [path]
    return [str(file) for result in results for file in _write_png(target, answers, result, len(results) > 1)]


def _source(answers: Answers) -> InputFile:
    if answers.path is None:
        raise OutputError(
            "the image wasn't opened by UniUltra, so no file can be referred to; save it as PNG"
        )
    return input_file(Path(answers.path))


def _write_seg(path: Path, answers: Answers, results: list[FrameResult]) -> None:
    source = _source(answers)
    if not source.is_dicom:
        raise OutputError(
            f"{source.path.name} isn't DICOM, which a SEG refers to; save it as .seg.nrrd or PNG"
        )
    numbers = sorted({found.number for result in results for found in result.objects})
    blank = np.zeros(answers.cine.frame_hw, np.bool_)
    segments = []
    for number in numbers:
        planes = {
            result.number or 0: next(
                (found.mask.mask_hw for found in result.objects if found.number == number), blank
            )
            for result in results
        }
        drawn = all(
            found.models == () for result in results for found in result.objects if found.number == number
        )
        label = answers.names.get(number) or f"structure {number}"
        segments.append(Segment(label, planes, models=() if drawn else None))
    origin = maker(answers.model, is_by_hand([segment.models for segment in segments]))
    write_dataset(path, segmentation(source_of(source.header), segments, origin), force=True)


def _write_nrrd(path: Path, answers: Answers, results: list[FrameResult]) -> None:
    if len(results) > 1:
        raise OutputError(
            f"masks on {len(results)} frames; a .seg.nrrd holds one here; save as .seg.dcm or PNG"
        )
    [result] = results
    ids = np.zeros(answers.cine.frame_hw, np.uint8)
    for at, found in enumerate(result.objects, 1):
        ids[found.mask.mask_hw] = at
    names = [found.label for found in result.objects]
    colours = [PALETTE[(found.number - 1) % len(PALETTE)] for found in result.objects]
    source = None if answers.path is None else _source(answers)
    lies = None
    if source is not None and source.kind in PLACES:
        lies = PLACES[source.kind](source.path, result.number or 0)
    write_seg_nrrd(path, ids, names, colours, result.objects[0].mask.spacing_mm_yx, True, lies)


def _write_png(path: Path, answers: Answers, result: FrameResult, several: bool) -> tuple[Path, Path]:
    stem = path.name[: -len(path.suffix)] if path.suffix else path.name
    stem = f"{stem}.f{result.number}" if several else stem
    ids = np.zeros(answers.cine.frame_hw, np.uint8)
    for found in result.objects:
        ids[found.mask.mask_hw] = found.number
    image, said = path.with_name(f"{stem}.png"), path.with_name(f"{stem}.json")
    write_png(image, ids, True)
    name = Path(answers.path).name if answers.path else answers.cine.source
    write_json(said, frame_json(name, result), True)
    return image, said
