"""A model's files for another program: its two graphs as that one feeds them, and what tells it of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import onnx

from uniultra.atomic import staged
from uniultra.backends.onnx import DECODER, ENCODER, OnnxBackend
from uniultra.errors import ModelError
from uniultra.export.decoder_hints import Hints, hints_for
from uniultra.export.graph_builder import Pair, check_pair
from uniultra.export.host_sam1 import CANVAS, ohif
from uniultra.export.host_sam2 import x_anylabeling
from uniultra.export.hub_folder import write_hub_folder
from uniultra.hashes import file_sha256
from uniultra.model_facts import ModelFacts
from uniultra.registry import HOST_FILES

HOSTS: Mapping[str, Callable[[Pair, ModelFacts, Hints], Pair]] = {
    "x-anylabeling": x_anylabeling,
    "ohif": ohif,
}
HUB = "huggingface"


def write_host(
    host: str, folder: Path, out: Path, force: bool = False, name: str = "", box_fit: str = ""
) -> dict[str, str]:
    """Writes a model folder's graphs as a program feeds them, and the program's own file; all, or none.

    Args:
        host: a key of HOSTS.
        folder: has encoder.onnx, decoder.onnx and model.json.
        out: the new folder.
        force: whether existing files are replaced.
        name: of the structure that every prompt means; "" for any.
        box_fit: of every box: "tight", "loose" or "".

    Returns:
        the SHA-256 of each file.

    Raises:
        ModelError: an unknown program, or a model that can't be read, has a side that doesn't fit, or doesn't
            know what holds of prompts.
        OutputError: files are there.
    """
    if host == HUB:
        if name or box_fit:
            raise ModelError(
                f"--for {HUB} takes no --label and no --box-fit: there a prompt says them; leave them out"
            )
        return write_hub_folder(folder, out, force)
    if host not in HOSTS:
        raise ModelError(f"--for '{host}' is unknown; use one of {', '.join(HOSTS)}, {HUB}")
    facts = OnnxBackend.open(folder, 1).facts
    if host == "ohif" and CANVAS % facts.input_size:
        raise ModelError(
            f"--for ohif: a side of {facts.input_size} px doesn't divide {CANVAS}; use --size 256"
        )
    hints = hints_for(facts, name, box_fit)
    files = (ENCODER, DECODER, HOST_FILES[host])
    pair = HOSTS[host]({file: onnx.load(str(folder / file)) for file in (ENCODER, DECODER)}, facts, hints)
    with staged({file: out / file for file in files}, force) as parts:
        check_pair(pair, facts)
        for file, model in pair.items():
            onnx.save(model, str(parts[file]))
        sizes = {file: parts[file].stat().st_size for file in pair}
        parts[HOST_FILES[host]].write_text(_config(host, facts, hints, sizes), encoding="utf-8")
    return {file: file_sha256(out / file) for file in files}


def _config(host: str, facts: ModelFacts, hints: Hints, sizes: Mapping[str, int]) -> str:
    """What tells the program of the graphs, which lie beside it."""
    if host == "ohif":
        whole = f"{facts.name}{hints.suffix}"
        models = [
            {
                "name": f"{whole}-{key}",
                "key": key,
                "url": f"/{whole}/{file}",
                "size": round(sizes[file] / 1e6, 2),
            }
            for key, file in (("encoder", ENCODER), ("decoder", DECODER))
        ]
        return json.dumps({whole: models}, indent=2) + "\n"
    about = ", ".join(filter(None, (f"{facts.name} {facts.version}", hints.text)))
    values = {
        "type": "segment_anything_2",
        "name": f"{facts.name}-{facts.version}{hints.suffix}",
        "provider": "UniUltra",
        "display_name": f"UniUltra ultrasound ({about})",
        "encoder_model_path": ENCODER,
        "decoder_model_path": DECODER,
        "padding_ratio": round((facts.passes.crop_scale - 1) / 2, 3),
        "amg_pred_iou_thresh": 0.5,  # of a calibrated quality; SAM's own, of 0.8, is over-confident
        "amg_stability_score_thresh": 0.8,
    }
    return "".join(f"{key}: {json.dumps(value)}\n" for key, value in values.items())
