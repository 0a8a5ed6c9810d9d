"""The two graphs in int8, the encoder first and then the decoder behind it, held against the model in fp32 on
real frames.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime

from uniultra.backends.onnx import DECODER, ENCODER, OnnxBackend, decoder_inputs, session
from uniultra.backends.protocol import Backend
from uniultra.data.dataset import PromptDataset
from uniultra.data.draw_sampler import DrawSampler
from uniultra.data.draws import SampleSpec
from uniultra.data.manifest import read_manifest
from uniultra.data.splits import TrainSplit, few_shot, train_split
from uniultra.errors import DataError
from uniultra.evaluation.metrics import dice
from uniultra.export.onnx import Graphs
from uniultra.export.quantise import Damage, Progress, quantise

IMAGES_AN_ORGAN = 8
"""Half of them to calibrate on, half held back to choose on."""
CALIBRATION_VIEWS, HELD_VIEWS = 64, 48


@dataclass(frozen=True)
class View:
    """One augmented view with its prompt, as the graphs take them: image (1, S, S) uint8; points (1, N, 2),
    labels (1, N), mask (1, 1, S/4, S/4), has_mask (1,).
    """

    image: np.ndarray
    points: np.ndarray
    labels: np.ndarray
    mask: np.ndarray
    has_mask: np.ndarray

    @property
    def prompt(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """As `Backend.decode` takes it."""
        return self.points, self.labels, self.mask, self.has_mask


def draw_views(
    manifest: Path, image_size: int, focus_stretch: float, seed: int = 0
) -> tuple[list[View], list[View]]:
    """Views to calibrate on, and views of other images to choose on; a seed gives the same ones anywhere.

    Raises:
        DataError: no such manifest, or fewer than two images to train on with an object on them.
    """
    rows = few_shot(train_split(read_manifest(manifest)), IMAGES_AN_ORGAN, seed).rows
    if len(rows) < 2:
        raise DataError(
            f"manifest '{manifest}' has 1 image of split 'train'; int8 takes 2 or more: to calibrate on, "
            "and to choose on"
        )
    spec = SampleSpec(image_size=image_size, focus_stretch=focus_stretch)
    halves = ((rows[0::2], CALIBRATION_VIEWS), (rows[1::2], HELD_VIEWS))
    calibrating, held = (_views(TrainSplit("train", part), spec, count, seed) for part, count in halves)
    return calibrating, held


def _views(split: TrainSplit, spec: SampleSpec, count: int, seed: int) -> list[View]:
    examples = PromptDataset(split, spec, seed)
    keys = iter(DrawSampler(examples.weights(), seed, least=count))
    names = [item.name for item in fields(View)]
    drawn = [examples[next(keys)] for _ in range(count)]
    return [View(*(example[name].numpy()[None] for name in names)) for example in drawn]


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


def quantise_pair(
    graphs: Graphs, fp32: Backend, views: tuple[list[View], list[View]], min_dice: float, progress: Progress
) -> tuple[Graphs, dict[str, Any]]:
    """Both graphs quantised, and a report: what stayed in float, and how well the pair agrees with fp32.

    The encoder may use half of what `min_dice` leaves, the decoder (judged behind the quantised encoder)
    the rest.

    Args:
        graphs: fp32, as `trace_graphs` gives them.
        fp32: the model itself.
        views: what `draw_views` drew.
        min_dice: see `Int8Settings`.
        progress: over both graphs.
    """
    calibrating, held = views
    truth = [_answer(fp32, view) for view in held]
    encoder, decoder = (_opened(graphs[file]) for file in (ENCODER, DECODER))
    plain = OnnxBackend(encoder, decoder, fp32.facts)

    def judge_encoder(candidate: onnx.ModelProto) -> Damage:
        tried = replace(plain, encoder=_opened(candidate))
        return damage([_answer(tried, view) for view in held], truth)

    images = [{"images": view.image} for view in calibrating]
    first = quantise(
        graphs[ENCODER], images, judge_encoder, (1.0 + min_dice) / 2, _named(progress, "encoder")
    )
    behind = replace(plain, encoder=_opened(first.graph))
    features = [behind.encode(view.image) for view in held]

    def judge_decoder(candidate: onnx.ModelProto) -> Damage:
        tried, pairs = replace(plain, decoder=_opened(candidate)), zip(features, held, strict=True)
        return damage([tried.decode(maps, *view.prompt)[0] for maps, view in pairs], truth)

    inputs = [decoder_inputs(plain.encode(view.image), *view.prompt) for view in calibrating]
    second = quantise(graphs[DECODER], inputs, judge_decoder, min_dice, _named(progress, "decoder"))
    report = {
        "split": "train",
        "calibrated_on": len(calibrating),
        "chosen_on": len(held),
        "min_dice": min_dice,
        "dice": second.dice,  # the pair's; what stayed in float comes the worst first
        "encoder_dice": first.dice,
        "kept_in_float": {"encoder": list(first.kept), "decoder": list(second.kept)},
        "groups": {"encoder": first.groups, "decoder": second.groups},
    }
    return {ENCODER: first.graph, DECODER: second.graph}, report


def damage(logits: Sequence[np.ndarray], truth: Sequence[np.ndarray]) -> Damage:
    """Of answers, each logits of one prompt, beside those of fp32."""
    pairs = list(zip(logits, truth, strict=True))
    moved = [np.abs(_probability(ours) - _probability(theirs)).mean() for ours, theirs in pairs]
    return Damage(
        float(np.mean(moved)), float(np.mean([dice(ours > 0, theirs > 0) for ours, theirs in pairs]))
    )


def _opened(graph: onnx.ModelProto) -> onnxruntime.InferenceSession:
    return session(graph.SerializeToString())


def _answer(engine: Backend, view: View) -> np.ndarray:
    return engine.decode(engine.encode(view.image), *view.prompt)[0]


def _probability(logits: np.ndarray) -> np.ndarray:
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * logits)))


def _named(progress: Progress, name: str) -> Progress:
    return lambda done, total, what: progress(done, total, f"{name}: {what}")
