"""A whole model folder: ONNX to run, safetensors to train on, a parity report, and the hash of each file."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from pathlib import Path
from typing import Any

from uniultra.errors import ModelError, OutputError
from uniultra.export.onnx import ModelFacts, QualityCalibration, export_onnx
from uniultra.export.parity import check_parity
from uniultra.io.output import write_json
from uniultra.models.adapted import open_model
from uniultra.models.build import load

WEIGHTS = ("config.json", "model.safetensors")
GRAPHS = ("encoder.onnx", "decoder.onnx")
LEAST_AGREEMENT = 0.999
"""Share of pixels on which the graphs must give torch's mask, or nothing is exported."""
FILES = (*GRAPHS, *WEIGHTS, "parity.json")


def export_folder(source: Path, out: Path, facts: ModelFacts, calibration: QualityCalibration, half_weights: bool = True) -> dict[str, Any]:
    """Exports a model folder; all files appear together, or none.

    The graphs are made from the weights as they are stored, so halving rounds both alike.

    Args:
        source: config.json and model.safetensors.
        out: the new folder.
        facts: what the files say about themselves.
        calibration: of the quality.
        half_weights: fp16 in all files.

    Raises:
        ModelError: the source is no model, or the graphs don't answer as torch does.
        OutputError: the folder can't be written.

    Returns:
        The parity report, and the SHA-256 of each file.
    """
    model = open_model(source)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}-") as name:
            scratch = Path(name)
            (model.half() if half_weights else model).save_pretrained(scratch)
            stored = load(scratch)
            export_onnx(stored, scratch, facts, calibration, half_weights)
            report = check_parity(stored, scratch, calibration)
            if not report["pixel_agreement"] > LEAST_AGREEMENT:
                share = report["pixel_agreement"]
                raise ModelError(f"the graphs agree with torch on {share:.4%} of pixels; it must be over {LEAST_AGREEMENT:.1%}")
            write_json(scratch / "parity.json", report)
            out.mkdir(exist_ok=True)
            for file in FILES:
                shutil.move(scratch / file, out / file)
    except OSError as error:
        raise OutputError(f"'{out}' can't be written: {error}; give a folder with room that you may write to") from error
    return report | {f"sha256 {file}": hashlib.sha256((out / file).read_bytes()).hexdigest() for file in FILES}
