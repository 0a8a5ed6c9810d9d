"""`uniultra export`: a trained model to a folder that everything opens, held against torch before it is called done."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def export(
    model: Annotated[Path, typer.Option(help="A model folder: config.json and model.safetensors.")],
    out: Annotated[Path, typer.Option(help="Folder for encoder.onnx, decoder.onnx, model.safetensors and parity.json.")],
    name: Annotated[str, typer.Option(help="The model's name, written into the files.")],
    version: Annotated[str, typer.Option(help="The weights' version, written into the files.")] = "unpublished",
    half_weights: Annotated[bool, typer.Option(help="Store weights as fp16 (half the size; arithmetic stays fp32).")] = True,
    calibration: Annotated[Path | None, typer.Option(help="What `uniultra calibrate` wrote, to put into the decoder's graph.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite existing files.")] = False,
) -> None:
    """Export a model to ONNX, and report how far it is from torch. Needs uniultra[train]."""
    from uniultra.cli.needs import need

    need("train", "torch", "transformers", "onnx", "onnxscript")
    from uniultra.export.folder import FILES, export_folder
    from uniultra.export.onnx import ModelFacts, QualityCalibration
    from uniultra.io.output import check_free

    check_free([out / file for file in FILES], force)
    quality = QualityCalibration.read(calibration) if calibration else QualityCalibration()
    report = export_folder(model, out, ModelFacts(name, version), quality, half_weights)
    for key, value in report.items():
        print(f"{key}: {value}")
