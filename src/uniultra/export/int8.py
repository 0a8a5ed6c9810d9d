"""The two graphs in int8, the encoder first and then the decoder behind it, held against the model in fp32 on
real frames.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime

from uniultra.backends.onnx import DECODER, ENCODER
from uniultra.backends.protocol import Backend
from uniultra.evaluation.metrics import dice
from uniultra.export.calibration_views import View, draw_views
from uniultra.export.onnx import Graphs
from uniultra.export.quantise import Damage, Progress, Quantised, quantise
from uniultra.types import Features

FEATURES = ["image_embed", "high_res_feats_0", "high_res_feats_1"]


@dataclass(frozen=True)
class Int8Settings:
    """What int8 takes.

    Attributes:
        data: a manifest; frames of its train split calibrate, and others of the same split choose.
        min_dice: mean Dice with fp32's answers, on the frames that choose, that must be met.
        seed: of frames, views and prompts.
    """

    data: Path
    min_dice: float = 0.995
    seed: int = 0


def frames_for(settings: Int8Settings, fp32: Backend) -> tuple[list[View], list[View]]:
    """Views to calibrate on and views to choose on. Raises DataError: no such manifest, or too few frames of
    its train split.
    """
    return draw_views(settings.data, fp32.facts.input_size, fp32.facts.focus_stretch, settings.seed)


def quantise_pair(
    graphs: Graphs, fp32: Backend, views: tuple[list[View], list[View]], min_dice: float, progress: Progress
) -> tuple[Graphs, dict[str, Any]]:
    """Both graphs quantised, and a report: what stayed in float, and how well the pair agrees with fp32.

    The encoder may use half of what `min_dice` leaves, the decoder (judged behind the quantised encoder)
    the rest.

    Args:
        graphs: fp32, as `trace_graphs` gives them.
        fp32: the model itself.
        views: what `frames_for` drew.
        min_dice: see `Int8Settings`.
        progress: over both graphs.
    """
    calibrating, held = views
    truth = [_answer(fp32, view) for view in held]
    encoder, decoder = (_Graph(graphs[file]) for file in (ENCODER, DECODER))

    def judge_encoder(candidate: onnx.ModelProto) -> Damage:
        tried = _Graph(candidate)
        return damage([decoder.decode(tried.encode(view), view) for view in held], truth)

    images = [{"images": view.image} for view in calibrating]
    first = quantise(
        graphs[ENCODER], images, judge_encoder, (1.0 + min_dice) / 2, _named(progress, "encoder")
    )
    behind = _Graph(first.graph)
    features = [behind.encode(view) for view in held]

    def judge_decoder(candidate: onnx.ModelProto) -> Damage:
        tried = _Graph(candidate)
        return damage([tried.decode(maps, view) for maps, view in zip(features, held, strict=True)], truth)

    inputs = [view.decoder_inputs(encoder.encode(view)) for view in calibrating]
    second = quantise(graphs[DECODER], inputs, judge_decoder, min_dice, _named(progress, "decoder"))
    report = {
        "split": "train",
        "calibrated_on": len(calibrating),
        "chosen_on": len(held),
        "min_dice": min_dice,
    }
    return {ENCODER: first.graph, DECODER: second.graph}, report | _outcome(first, second)


def damage(logits: Sequence[np.ndarray], truth: Sequence[np.ndarray]) -> Damage:
    """Of answers, each logits of one prompt, beside those of fp32."""
    pairs = list(zip(logits, truth, strict=True))
    moved = [np.abs(_probability(ours) - _probability(theirs)).mean() for ours, theirs in pairs]
    return Damage(
        float(np.mean(moved)), float(np.mean([dice(ours > 0, theirs > 0) for ours, theirs in pairs]))
    )


class _Graph:
    """One graph in memory, ready to run."""

    def __init__(self, graph: onnx.ModelProto) -> None:
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        self.session = onnxruntime.InferenceSession(
            graph.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )

    def encode(self, view: View) -> Features:
        return Features(*self.session.run(FEATURES, {"images": view.image}))

    def decode(self, features: Features, view: View) -> np.ndarray:
        return np.asarray(self.session.run(["low_res_masks"], view.decoder_inputs(features))[0])


def _answer(engine: Backend, view: View) -> np.ndarray:
    return engine.decode(engine.encode(view.image), view.points, view.labels, view.mask, view.has_mask)[0]


def _probability(logits: np.ndarray) -> np.ndarray:
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * logits)))


def _named(progress: Progress, name: str) -> Progress:
    return lambda done, total, what: progress(done, total, f"{name}: {what}")


def _outcome(first: Quantised, second: Quantised) -> dict[str, Any]:
    """`dice` is the pair's; what stayed in float comes the worst first."""
    return {
        "dice": second.dice,
        "encoder_dice": first.dice,
        "kept_in_float": {"encoder": list(first.kept), "decoder": list(second.kept)},
        "groups": {"encoder": first.groups, "decoder": second.groups},
    }
