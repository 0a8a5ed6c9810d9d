"""How far the exported files are from the model in torch: on the same inputs, through the same decoder
contract.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from uniultra.backends.onnx import OnnxBackend
from uniultra.backends.torch import TorchBackend
from uniultra.box_fit import CORNER_LABELS
from uniultra.evaluation.metrics import dice
from uniultra.evaluation.quality import calibrate
from uniultra.export.onnx import QualityCalibration
from uniultra.models.promptable import PromptableModel
from uniultra.named import NAME_POINTS, name_labels
from uniultra.types import Features


def check_parity(
    model: PromptableModel, folder: Path, calibration: QualityCalibration, cases: int = 16, seed: int = 0
) -> dict[str, Any]:
    """Differences of logits, masks and quality over random speckle images and prompts of every kind.

    Args:
        model: the model in torch.
        folder: its exported files.
        calibration: what the export applied to the quality.
        cases: images; each gets four prompts (box, click, box and clicks, previous mask).
        seed: of images and prompts.

    Returns:
        cases; max_logit_difference, and p999_: what 99.9 % of the logits stay within; max_quality_difference;
        pixel_agreement: the share of pixels on the same side of 0; dice_agreement: mean Dice of the masks.
    """
    torch_engine, onnx_engine = TorchBackend(model, "torch"), OnnxBackend.open(folder)
    rng = np.random.default_rng(seed)
    logit_gaps, quality_gaps, agreements, dices = [], [], [], []
    for _ in range(cases):
        image = speckle_image(model.input_size, rng)
        prompts = random_prompts(model.input_size, rng, model.box_fits, len(model.structures))
        ours, theirs = (
            (*engine.decode(_one(engine.encode(image)), *prompts),) for engine in (torch_engine, onnx_engine)
        )
        logit_gaps.append(np.abs(ours[0] - theirs[0]).ravel())
        quality_gaps.append(np.abs(calibrate(ours[1], calibration.slope, calibration.offset) - theirs[1]))
        agreements.append(np.mean((ours[0] > 0) == (theirs[0] > 0)))
        dices += [dice(one > 0, other > 0) for one, other in zip(ours[0], theirs[0], strict=True)]
    gaps = np.concatenate(logit_gaps)
    return {
        "cases": cases * 4,
        "max_logit_difference": float(gaps.max()),
        "p999_logit_difference": float(np.quantile(gaps, 0.999)),
        "max_quality_difference": float(np.concatenate(quality_gaps).max()),
        "pixel_agreement": float(np.mean(agreements)),
        "dice_agreement": float(np.mean(dices)),
    }


def graph_facts(path: Path) -> dict[str, Any]:
    """Size in bytes, number of nodes, and how many of each operator, the most frequent first."""
    counts = Counter(node.op_type for node in onnx.load(str(path)).graph.node)
    return {"bytes": path.stat().st_size, "nodes": counts.total(), "operators": dict(counts.most_common())}


def speckle_image(size: int, rng: np.random.Generator) -> np.ndarray:
    """One batch (1, size, size) uint8: Rayleigh speckle with a dark ellipse in it."""
    y, x = np.mgrid[:size, :size] / size
    centre, half = rng.uniform(0.3, 0.7, 2), rng.uniform(0.1, 0.3, 2)
    inside = ((x - centre[0]) / half[0]) ** 2 + ((y - centre[1]) / half[1]) ** 2 < 1
    values = rng.rayleigh(1.0, (size, size)) * np.where(inside, 20.0, 70.0)
    return np.clip(values, 0, 255).astype(np.uint8)[None]


def random_prompts(
    size: int, rng: np.random.Generator, box_fits: bool = False, structures: int = 0
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Four prompts: a box, a click, a box with two clicks, a previous mask with a click; as `Backend.decode`
    takes them. With `box_fits` the first box is tight, and the other one loose; with the names of
    `structures` the second half tells the first and the last of them.
    """
    low = rng.uniform(0.1, 0.4, (4, 2)) * size
    high = low + rng.uniform(0.2, 0.5, (4, 2)) * size
    clicks = rng.uniform(0.2, 0.8, (4, 2, 2)) * size
    points = np.concatenate([low[:, None], high[:, None], clicks], axis=1).astype(np.float32)
    first, second = (CORNER_LABELS[fit if box_fits else ""] for fit in ("tight", "loose"))
    labels = np.array([[*first, -1, -1], [-1, -1, 1, -1], [*second, 1, 0], [-1, -1, 1, 0]], np.int64)
    if structures:
        named = [[-1] * NAME_POINTS] * 2 + [list(name_labels(place)) for place in (0, structures - 1)]
        points = np.concatenate([points, np.zeros((4, NAME_POINTS, 2), np.float32)], axis=1)
        labels = np.concatenate([labels, np.array(named, np.int64)], axis=1)
    grid = size // 4
    masks = rng.normal(0.0, 4.0, (4, 1, grid, grid)).astype(np.float32)
    return points, labels, masks, np.array([0, 0, 0, 1], np.float32)


def _one(features: Features) -> Features:
    return Features(features.image_embed[:1], features.high_res_feats_0[:1], features.high_res_feats_1[:1])
