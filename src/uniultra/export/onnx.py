"""Export to ONNX: two graphs that CALL the model's own `encode` and `decode`, with names, sizes and versions inside."""

from __future__ import annotations

import json
import logging
import warnings
from dataclasses import dataclass
from pathlib import Path

import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from uniultra.backends.onnx import DECODER, ENCODER, FORMAT
from uniultra.errors import ModelError
from uniultra.evaluation.calibration import EDGE
from uniultra.export.fuse import fuse
from uniultra.models.promptable import PromptableModel

OPSET = 18
SMALLEST_HALVED = 256
"""Weights with fewer elements stay fp32: halving them saves nothing."""


@dataclass(frozen=True)
class ModelFacts:
    """What the files say about themselves."""

    name: str
    version: str
    licence: str = "Apache-2.0"


@dataclass(frozen=True)
class QualityCalibration:
    """quality = sigmoid(slope * logit(raw) + offset): fitted on val, applied inside the decoder's graph."""

    slope: float = 1.0
    offset: float = 0.0

    @classmethod
    def read(cls, path: Path) -> QualityCalibration:
        """What `uniultra calibrate` wrote; raises ModelError where it isn't that."""
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            return cls(float(content["slope"]), float(content["offset"]))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ModelError(f"'{path}' is not a calibration that `uniultra calibrate` wrote: {error}") from error


class EncoderGraph(nn.Module):
    """images (B, S, S) uint8 to the three feature maps."""

    def __init__(self, model: PromptableModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        return self.model.encode(images)


class DecoderGraph(nn.Module):
    """Features of batch 1 and P prompts to low-res logits and calibrated quality."""

    def __init__(self, model: PromptableModel, calibration: QualityCalibration) -> None:
        super().__init__()
        self.model = model
        self.calibration = calibration

    def forward(
        self, embed: Tensor, fine: Tensor, middle: Tensor, points: Tensor, labels: Tensor, masks: Tensor, has_mask: Tensor
    ) -> tuple[Tensor, Tensor]:
        logits, quality, _ = self.model.decode((embed, fine, middle), points, labels, masks, has_mask)
        raw = torch.logit(quality.clamp(EDGE, 1 - EDGE))
        return logits, torch.sigmoid(self.calibration.slope * raw + self.calibration.offset)


def export_onnx(
    model: PromptableModel,
    folder: Path,
    facts: ModelFacts,
    calibration: QualityCalibration | None = None,
    half_weights: bool = False,
) -> None:
    """Writes encoder.onnx and decoder.onnx.

    Args:
        model: in any mode; it is put into eval mode.
        folder: made if absent.
        facts: name, version and licence for the metadata.
        calibration: of the quality; None leaves it as the model gives it.
        half_weights: store large weights as fp16 and widen them on loading: half the size, fp32 arithmetic.
    """
    folder.mkdir(parents=True, exist_ok=True)
    model = model.eval()
    side, grid = model.input_size, model.input_size // 4
    images = torch.zeros(2, side, side, dtype=torch.uint8)
    prompts, points = torch.export.Dim("prompts", min=1, max=4096), torch.export.Dim("points", min=1, max=256)
    with torch.no_grad():
        features = tuple(maps[:1].contiguous() for maps in model.encode(images))
    inputs = (*features, torch.zeros(2, 3, 2), torch.full((2, 3), -1), torch.zeros(2, 1, grid, grid), torch.zeros(2))
    model = fuse(model)
    encoder = _trace(
        EncoderGraph(model),
        (images,),
        ("images",),
        ("image_embed", "high_res_feats_0", "high_res_feats_1"),
        {"images": {0: torch.export.Dim("batch", min=1, max=1024)}},
    )
    decoder = _trace(
        DecoderGraph(model, calibration or QualityCalibration()),
        inputs,
        ("image_embed", "high_res_feats_0", "high_res_feats_1", "point_coords", "point_labels", "mask_input", "has_mask_input"),
        ("low_res_masks", "iou_predictions"),
        {
            "embed": None,
            "fine": None,
            "middle": None,
            "points": {0: prompts, 1: points},
            "labels": {0: prompts, 1: points},
            "masks": {0: prompts},
            "has_mask": {0: prompts},
        },
    )
    for graph, file in ((encoder, ENCODER), (decoder, DECODER)):
        if half_weights:
            halve_weights(graph)
        _describe(graph, facts, model)
        onnx.checker.check_model(graph)
        onnx.save(graph, str(folder / file))


def _trace(
    module: nn.Module, inputs: tuple[Tensor, ...], input_names: tuple[str, ...], output_names: tuple[str, ...], dynamic: dict[str, object]
) -> onnx.ModelProto:
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            module.eval(),
            inputs,
            dynamo=True,
            opset_version=OPSET,
            input_names=list(input_names),
            output_names=list(output_names),
            dynamic_shapes=dynamic,
            verbose=False,
        )
    assert program is not None
    program.optimize()
    return program.model_proto


def halve_weights(graph: onnx.ModelProto) -> None:
    """Stores every large fp32 weight as fp16 with a Cast behind it, in place; onnxruntime folds the casts when it loads."""
    casts = []
    for tensor in list(graph.graph.initializer):
        values = numpy_helper.to_array(tensor)
        if tensor.data_type != TensorProto.FLOAT or values.size < SMALLEST_HALVED:
            continue
        name = tensor.name
        tensor.CopyFrom(numpy_helper.from_array(values.astype("float16"), name + ".fp16"))
        casts.append(helper.make_node("Cast", [name + ".fp16"], [name], to=TensorProto.FLOAT, name=name + ".widen"))
    nodes = [*casts, *graph.graph.node]
    del graph.graph.node[:]
    graph.graph.node.extend(nodes)


def _describe(graph: onnx.ModelProto, facts: ModelFacts, model: PromptableModel) -> None:
    """Metadata that readers rely on; and no trace of the machine or the Python stack in it."""
    graph.producer_name, graph.producer_version, graph.doc_string = "uniultra", facts.version, ""
    graph.graph.name = facts.name
    for node in graph.graph.node:
        del node.metadata_props[:]
        node.doc_string = ""
    for value in (*graph.graph.value_info, *graph.graph.input, *graph.graph.output, *graph.graph.initializer):
        del value.metadata_props[:]
    del graph.metadata_props[:]
    helper.set_model_props(
        graph,
        {
            "uniultra.format": FORMAT,
            "uniultra.name": facts.name,
            "uniultra.version": facts.version,
            "uniultra.licence": facts.licence,
            "uniultra.input_size": str(model.input_size),
            "uniultra.focus_stretch": f"{model.focus_stretch:g}",
            "uniultra.images": "uint8 (batch, S, S), grey, the region stretched to the square",
            "uniultra.point_coords": "float32 (prompts, points, 2), x y in input pixels, 0 at the centre of the first",
            "uniultra.point_labels": "int64 (prompts, points): 1 inside, 0 outside, 2 and 3 box corners, -1 padding",
            "uniultra.mask_input": "float32 (prompts, 1, S/4, S/4) logits of a previous mask; counts where has_mask_input is 1",
            "uniultra.low_res_masks": "float32 (prompts, S/4, S/4) logits; inside is > 0",
            "uniultra.iou_predictions": "float32 (prompts,), predicted IoU, 0 to 1",
        },
    )
