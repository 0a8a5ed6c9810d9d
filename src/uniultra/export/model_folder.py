"""A whole model folder: ONNX to run, safetensors to train on, what clients must know, a parity report, and
the hash of each file.
"""

from __future__ import annotations

import copy
import shutil
import tempfile
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from uniultra.atomic import staged
from uniultra.backends.onnx import DECODER, ENCODER, FORMAT, OnnxBackend
from uniultra.backends.torch import TorchBackend, known_passes
from uniultra.errors import DataError, ModelError
from uniultra.export.int8 import Int8Settings, draw_views, quantise_pair
from uniultra.export.onnx import ModelFacts, QualityCalibration, trace_graphs, write_graphs
from uniultra.export.parity import check_parity, graph_facts
from uniultra.export.quantise import Progress
from uniultra.export.weight_precision import check_precision
from uniultra.hashes import file_sha256
from uniultra.io.output import write_json
from uniultra.model_facts import (
    MODEL_JSON,
    UNKNOWN_LICENCE,
    Passes,
    read_licence,
    read_quality,
    states_passes,
)
from uniultra.models.adapted import base_location, open_model
from uniultra.models.build import check_image_size, load
from uniultra.models.promptable import PromptableModel
from uniultra.models.stored import os_errors_of, save_packed
from uniultra.quality import AS_DECODED, PromptQuality
from uniultra.registry import exported_folder

GRAPHS = (ENCODER, DECODER)
LEAST_AGREEMENT = 0.999
"""Share of pixels on which the graphs must give torch's mask, or nothing is exported; int8 has a bound of its
own.
"""
FILES = (*GRAPHS, MODEL_JSON, "config.json", "model.safetensors", "parity.json")


@dataclass(frozen=True)
class ExportSettings:
    """What is exported.

    A model trained on from another one keeps what was chosen for that, here but for one of the passes:

        passes = replace(known_passes("uniultra-mini"), sure=0.5)
        export_folder("run/model", out, facts, ExportSettings(settings_from="uniultra-mini", passes=passes))

    Attributes:
        calibration: of the quality; None takes what the source's own decoder.onnx says, if there is one.
        image_size: side of the model's input in pixels; None for the model's own.
        int8: frames and bound; given for precision int8, and for no other.
        force: whether existing files are replaced.
        passes: how prompts become masks; None takes what the source's own model.json says, if there is one.
        quality: what the quality is corrected by, on top of `calibration`; kinds of prompt that it says
            nothing of have what the source's own model.json says, unless `calibration` is given.
        settings_from: an exported model, by its published name or its folder, of the same input side: what is
            None of `calibration`, `passes` and `quality` is taken from it in place of the source.
    """

    calibration: QualityCalibration | None = None
    image_size: int | None = None
    int8: Int8Settings | None = None
    force: bool = False
    passes: Passes | None = None
    quality: PromptQuality | None = None
    settings_from: str | Path | None = None


def export_folder(
    source: str | Path,
    out: Path,
    facts: ModelFacts,
    settings: ExportSettings | None = None,
    progress: Progress = lambda done, total, what: None,
) -> dict[str, Any]:
    """Exports a model folder; all files appear together, or none.

    The graphs are made from the weights as they are stored; what `fuse` folds of them is rounded once more.

    Args:
        source: a published name, a folder with config.json and model.safetensors, or a run of `uniultra
            adapt`.
        out: the new folder.
        facts: what the files say about themselves; `precision` decides how weights are stored and layers
            computed.
        settings: calibration, passes, input side, and what int8 takes.
        progress: of int8's search.

    Raises:
        ModelError: the source is no model, no such precision or side, `settings_from` is no exported model of
            that side, or the graphs don't answer as torch does.
        DataError: int8 without frames to calibrate on, or frames for another precision.
        OutputError: its files are there already (without `force`), or it can't be written.

    Returns:
        The parity report, and the SHA-256 of each file.
    """
    settings = settings or ExportSettings()
    check_settings(facts.precision, settings)
    model = open_sized(source, settings.image_size)
    settings = _completed(settings, source, model.input_size)
    place = base_location(source)
    if facts.licence is None and isinstance(place, Path):  # a hub's name says none
        facts = replace(facts, licence=read_licence(place))
    with staged({file: out / file for file in FILES}, settings.force) as parts, os_errors_of(out):
        report = _fill(parts[MODEL_JSON].parent, model, facts, settings, progress)
        for file in FILES:  # safetensors' own are closed to all but their owner
            shutil.copymode(parts[MODEL_JSON], parts[file])
    return report | {f"sha256 {file}": file_sha256(out / file) for file in FILES}


def check_settings(precision: str, settings: ExportSettings) -> None:
    """Raises ModelError on an unknown precision, a side that doesn't fit or settings from what is no exported
    model, DataError where int8 lacks frames or another has them.
    """
    check_precision(precision)
    if settings.image_size is not None:
        check_image_size(settings.image_size)
    if precision == "int8" and settings.int8 is None:
        raise DataError(
            "precision int8 calibrates on real frames; give a manifest that has some of split 'train': "
            "--data manifest.csv"
        )
    if precision != "int8" and settings.int8 is not None:
        raise DataError(
            f"precision {precision} takes no frames; omit --data, or export with --precision int8"
        )
    if settings.int8 is not None and not 0.0 < settings.int8.min_dice <= 1.0:
        raise ModelError(
            f"--min-dice {settings.int8.min_dice:g} is out of range; give one over 0 and up to 1, such as "
            "0.995"
        )
    if settings.settings_from is not None:
        settings_folder(settings.settings_from, settings.image_size)


def settings_folder(name_or_folder: str | Path, side: int | None = None) -> Path:
    """The folder of an exported model, which says what was chosen for it; `side`: what its input must have.
    Raises ModelError.
    """
    try:
        folder = exported_folder(str(name_or_folder))
        facts = OnnxBackend.open(folder, 1).facts
    except ModelError as error:
        raise ModelError(f"--settings-from: {error}") from error
    if not states_passes(folder):
        raise ModelError(
            f"--settings-from: '{folder}' has no {MODEL_JSON} that says its passes; export that model again"
        )
    if facts.quality_calibrated is None:
        raise ModelError(
            f"--settings-from: '{folder / DECODER}' doesn't say its calibration; export that model again"
        )
    if side not in (None, facts.input_size):
        raise ModelError(
            f"--settings-from: '{name_or_folder}' takes {facts.input_size} px and this model {side}; what is "
            f"chosen at one side doesn't hold at another: give a model of {side} px, or export with --size "
            f"{facts.input_size}"
        )
    return folder


def open_sized(source: str | Path, image_size: int | None) -> PromptableModel:
    """A model at another input side than its own; None for its own. Raises ModelError."""
    model = open_model(source, image_size)
    if image_size in (None, model.input_size):
        return model
    with tempfile.TemporaryDirectory() as folder:  # what `adapt` leaves opens at the side it was trained at
        model.save_pretrained(folder)
        return load(Path(folder), image_size=image_size)


def _fill(
    scratch: Path, model: PromptableModel, facts: ModelFacts, settings: ExportSettings, progress: Progress
) -> dict[str, Any]:
    """Writes all files; the report as parity.json has it."""
    calibration, fp32 = settings.calibration or QualityCalibration(), TorchBackend(model, "fp32")
    views = None
    if settings.int8 is not None:
        views = draw_views(settings.int8.data, model.input_size, model.focus_stretch, settings.int8.seed)
    stored = _save_weights(model, scratch, facts.precision)
    graphs = trace_graphs(stored, calibration, fused=settings.int8 is None)
    report: dict[str, Any] = {"precision": facts.precision, "image_size": model.input_size}
    if settings.int8 is not None and views is not None:
        graphs, report["int8"] = quantise_pair(graphs, fp32, views, settings.int8.min_dice, progress)
        if report["int8"]["dice"] < settings.int8.min_dice:
            raise ModelError(
                f"int8 agrees with fp32 by Dice {report['int8']['dice']:.4f} with every layer in float, as "
                f"its weights take 8 bits; {settings.int8.min_dice:g} was requested: give a lower "
                "--min-dice, or export with --precision fp16"
            )
    write_graphs(graphs, scratch, facts, stored, calibration)
    if facts.precision == "int8":
        report |= {"reference": "torch, weights in fp32"} | check_parity(model, scratch, calibration)
    else:
        report |= {"reference": "torch, weights as stored"} | check_parity(stored, scratch, calibration)
        if not report["pixel_agreement"] > LEAST_AGREEMENT:
            raise ModelError(
                f"the graphs agree with torch on {report['pixel_agreement']:.4%} of pixels; it must be over "
                f"{LEAST_AGREEMENT:.1%}"
            )
        report["against_fp32"] = check_parity(model, scratch, calibration)
    report["graphs"] = {file: graph_facts(scratch / file) for file in GRAPHS}
    write_json(scratch / "parity.json", report)
    hashes = {file: file_sha256(scratch / file) for file in GRAPHS}
    stated = (settings.quality or AS_DECODED).stated
    client = {
        "format": FORMAT,
        "name": facts.name,
        "version": facts.version,
        "licence": facts.licence or UNKNOWN_LICENCE,
        "precision": facts.precision,
        "input_size": stored.input_size,
        "focus_stretch": stored.focus_stretch,
        "passes": asdict(settings.passes or Passes()),
        **({"box_fits": True} if stored.box_fits else {}),
        **({"structures": list(stored.structures)} if stored.structures else {}),
        **({"quality": stated} if stated else {}),
        "sha256": hashes,
    }
    write_json(scratch / MODEL_JSON, client)
    return report


def _save_weights(model: PromptableModel, folder: Path, precision: str) -> PromptableModel:
    """config.json and model.safetensors; the model as it opens from them."""
    (model if precision == "fp32" else copy.deepcopy(model).half()).save_pretrained(folder)
    if precision in ("w8", "int8"):
        save_packed(model, folder / "model.safetensors")
    return load(folder)


def _completed(settings: ExportSettings, source: str | Path, side: int) -> ExportSettings:
    """The settings with what they leave open as `settings_from` says it, else the source. Raises
    ModelError.
    """
    other = settings.settings_from
    place = base_location(source) if other is None else settings_folder(other, side)
    calibration, quality = settings.calibration, settings.quality
    if calibration is None and isinstance(place, Path):
        calibration = QualityCalibration.of_graph(place / DECODER)
        quality = (quality or AS_DECODED).beside(read_quality(place / MODEL_JSON))
    passes = settings.passes or known_passes(source if other is None else place)
    return replace(settings, calibration=calibration, passes=passes, quality=quality)
