"""Export to ONNX: two graphs that CALL the model's own `encode` and `decode`, with names, sizes and versions
inside.
"""

from __future__ import annotations

import logging
import re
import warnings
from dataclasses import dataclass
from pathlib import Path

import onnx
import torch
from onnx import helper
from onnxscript.optimizer import fold_constants
from torch import Tensor, nn

from uniultra.backends.onnx import DECODER, ENCODER, FORMAT, OFFSET, SLOPE
from uniultra.errors import ModelError
from uniultra.export.fuse import fuse
from uniultra.export.weight_precision import store
from uniultra.io.texts import read_json
from uniultra.model_facts import UNKNOWN_LICENCE, legal_licence
from uniultra.models.promptable import PromptableModel
from uniultra.named import FIRST_LABEL, NAME_POINTS, name_labels
from uniultra.quality import EDGE
from uniultra.text import misfit

OPSET = 18
LARGEST_FOLDED = 2**26
"""Bytes of what depends on weights alone and is worked out in the export: positions at a side of 2048 are 16
MiB.
"""
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,63}")
"""What names and versions are: hosts take them into addresses and names of files."""
NAMES_HELP = "{first} to {last} the points, {each} a name and at 0,0, that tell a structure (model.json), "
FITS_HELP = "4 and 5 those of a box that is tight, 6 and 7 of one that is loose, "
Graphs = dict[str, onnx.ModelProto]
"""By the names of their files."""


@dataclass(frozen=True)
class ModelFacts:
    """What the files say about themselves. Raises ModelError for a name, a version or a licence that isn't
    plain.

    Attributes:
        licence: of the weights, such as an SPDX identifier; None keeps what the model.json of the source
            says, if it says one.
    """

    name: str
    version: str
    licence: str | None = None
    precision: str = "fp32"

    def __post_init__(self) -> None:
        for what, given in (("name", self.name), ("version", self.version)):
            if not _PLAIN.fullmatch(given):
                raise ModelError(
                    f"--{what} {given[:80]!a} is not plain: give 1 to 64 letters, digits, dots, hyphens, "
                    "plus signs and underscores, the first a letter or a digit, such as kidney-1"
                )
        if self.licence is not None and not legal_licence(self.licence):
            raise ModelError(
                f"--licence {self.licence[:80]!a} is not plain: give 1 to 64 letters, digits, spaces, dots, "
                "hyphens, plus signs, slashes and parentheses, the first a letter or a digit, such as "
                "CC-BY-NC-4.0"
            )


@dataclass(frozen=True)
class QualityCalibration:
    """quality = sigmoid(slope * logit(raw) + offset): fitted on val, applied inside the decoder's graph."""

    slope: float = 1.0
    offset: float = 0.0

    @classmethod
    def read(cls, path: Path) -> QualityCalibration:
        """What `uniultra calibrate` wrote; raises ModelError where it isn't that."""
        try:
            content = read_json(path)
            return cls(float(content["slope"]), float(content["offset"]))
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            raise ModelError(
                f"'{path}' is not a calibration that `uniultra calibrate` wrote: {misfit(error)}"
            ) from error

    @classmethod
    def of_graph(cls, path: Path) -> QualityCalibration | None:
        """What is in an exported decoder already; None where there is no such file, or it doesn't say."""
        if not path.is_file():
            return None
        try:
            facts = {item.key: item.value for item in onnx.load(str(path)).metadata_props}
            return cls(float(facts[SLOPE]), float(facts[OFFSET]))
        except Exception:  # protobuf's own errors among them: a broken file tells us nothing
            return None


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
        self,
        embed: Tensor,
        fine: Tensor,
        middle: Tensor,
        points: Tensor,
        labels: Tensor,
        masks: Tensor,
        has_mask: Tensor,
    ) -> tuple[Tensor, Tensor]:
        logits, quality, _ = self.model.decode((embed, fine, middle), points, labels, masks, has_mask)
        raw = torch.logit(quality.clamp(EDGE, 1 - EDGE))
        return logits, torch.sigmoid(self.calibration.slope * raw + self.calibration.offset)


def trace_graphs(
    model: PromptableModel, calibration: QualityCalibration | None = None, fused: bool = True
) -> Graphs:
    """Both graphs in fp32, with the exporter's own metadata still on their nodes.

    `fused` traces the same network in fewer and larger steps (`export.fuse`); without, layers are as they
    were trained, for the quantiser.
    """
    model = model.eval()
    side, grid = model.input_size, model.input_size // 4
    images = torch.zeros(2, side, side, dtype=torch.uint8)
    prompts, points = torch.export.Dim("prompts", min=1, max=4096), torch.export.Dim("points", min=1, max=256)
    with torch.no_grad():
        features = tuple(maps[:1].contiguous() for maps in model.encode(images))
    inputs = (
        *features,
        torch.zeros(2, 3, 2),
        torch.full((2, 3), -1),
        torch.zeros(2, 1, grid, grid),
        torch.zeros(2),
    )
    model = fuse(model) if fused else model
    encoder = _trace(
        EncoderGraph(model),
        (images,),
        ("images",),
        ("image_embed", "high_res_feats_0", "high_res_feats_1"),
        {"images": {0: torch.export.Dim("batch", min=1, max=1024)}},
    )
    # Two sums of weights become one each. The decoder's positions are worked out from few numbers: they are
    # left to the loader.
    fold_constants(encoder.model, input_size_limit=LARGEST_FOLDED, output_size_limit=LARGEST_FOLDED)
    decoder = _trace(
        DecoderGraph(model, calibration or QualityCalibration()),
        inputs,
        (
            "image_embed",
            "high_res_feats_0",
            "high_res_feats_1",
            "point_coords",
            "point_labels",
            "mask_input",
            "has_mask_input",
        ),
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
    return {ENCODER: encoder.model_proto, DECODER: decoder.model_proto}


def write_graphs(
    graphs: Graphs,
    folder: Path,
    facts: ModelFacts,
    model: PromptableModel,
    calibration: QualityCalibration | None = None,
) -> None:
    """Stores the weights, describes and checks the graphs, in place, and writes them to a folder, made if
    absent.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for file, graph in graphs.items():
        store(graph, facts.precision)
        _describe(graph, facts, model, calibration or QualityCalibration())
        onnx.checker.check_model(graph)
        onnx.save(graph, str(folder / file))


def _trace(
    module: nn.Module,
    inputs: tuple[Tensor, ...],
    input_names: tuple[str, ...],
    output_names: tuple[str, ...],
    dynamic: dict[str, object],
) -> torch.onnx.ONNXProgram:
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
    return program


def _describe(
    graph: onnx.ModelProto, facts: ModelFacts, model: PromptableModel, calibration: QualityCalibration
) -> None:
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
            "uniultra.licence": facts.licence or UNKNOWN_LICENCE,
            "uniultra.precision": facts.precision,
            "uniultra.input_size": str(model.input_size),
            "uniultra.focus_stretch": f"{model.focus_stretch:g}",
            SLOPE: repr(calibration.slope),
            OFFSET: repr(calibration.offset),
            "uniultra.images": "uint8 (batch, S, S), grey, the region stretched to the square",
            "uniultra.point_coords": "float32 (prompts, points, 2), x y in input pixels, 0 at the centre of "
            "the first",
            "uniultra.point_labels": "int64 (prompts, points): 1 inside, 0 outside, 2 and 3 box corners, "
            f"{FITS_HELP if model.box_fits else ''}{_names_help(model)}-1 padding, "
            "which changes the answer a little: batch prompts with equally many points",
            "uniultra.mask_input": "float32 (prompts, 1, S/4, S/4) logits of a previous mask; counts where "
            "has_mask_input is 1",
            "uniultra.low_res_masks": "float32 (prompts, S/4, S/4) logits; inside is > 0",
            "uniultra.iou_predictions": "float32 (prompts,), predicted IoU, 0 to 1",
        },
    )


def _names_help(model: PromptableModel) -> str:
    """What a reader must know of the labels that tell a structure's name; "" where there are none."""
    count = len(model.structures)
    if not count:
        return ""
    return NAMES_HELP.format(first=FIRST_LABEL, last=name_labels(count - 1)[-1], each=NAME_POINTS)
