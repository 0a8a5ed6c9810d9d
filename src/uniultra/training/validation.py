"""A quick look at the val split while training: fixed prompts, one focused view an object, Dice in the model's own pixels.

It chooses nothing finer than a run's course; the numbers that are published come from `uniultra evaluate`.
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import torch
import torch.nn.functional as F

from uniultra.data.manifest import Row, objects_in
from uniultra.data.prompts import centre_click, exact_box, jitter_box
from uniultra.data.reading import read_row
from uniultra.data.splits import SelectionSplit
from uniultra.geometry import ModelMap, square_around, whole
from uniultra.models.promptable import PromptableModel
from uniultra.training.losses import dice_loss


def quick_dice(model: PromptableModel, split: SelectionSplit, stride: int = 1, batch: int = 32) -> dict[str, float]:
    """Mean Dice by organ for "box" (jittered by 10 %, focused) and "click" (one click, whole frame): {"box/breast": ...}.

    Args:
        model: used in eval mode, without gradient.
        split: val.
        stride: look at every stride-th image only.
        batch: views at once.
    """
    cases = [case for index, row in enumerate(split.rows[::stride]) for case in _cases(row, index, model.input_size)]
    found: dict[str, list[float]] = defaultdict(list)
    was_training = model.training
    model.eval()
    with torch.no_grad():
        for start in range(0, len(cases), batch):
            part = cases[start : start + batch]
            for (name, *_), dice in zip(part, _dice(model, part), strict=True):
                found[name].append(dice)
    model.train(was_training)
    return {name: float(np.mean(values)) for name, values in sorted(found.items())}


_Case = tuple[str, np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def _cases(row: Row, seed: int, size: int) -> list[_Case]:
    image, ids = read_row(row)
    pixels = image.pixels_hw
    rng = np.random.default_rng(seed)
    cases: list[_Case] = []
    for true in objects_in(ids, row.dataset):
        box = jitter_box(exact_box(true), 0.1, rng)
        target = true.astype(np.float32)
        focus = ModelMap(square_around(box, 1.6), size)
        corners = focus.to_model(np.array(box).reshape(2, 2))
        cases.append((f"box/{row.organ}", focus.sample(pixels), focus.sample(target), corners, np.array([2, 3])))
        frame = ModelMap(whole(true.shape), size)
        click = frame.to_model(np.array([centre_click(true), (0.0, 0.0)]))
        cases.append((f"click/{row.organ}", frame.sample(pixels), frame.sample(target), click, np.array([1, -1])))
    return cases


def _dice(model: PromptableModel, cases: list[_Case]) -> list[float]:
    images, targets, points, labels = (
        torch.from_numpy(np.stack([case[part] for case in cases])).to(model.device) for part in range(1, 5)
    )
    grid = model.input_size // 4
    no_masks, none = torch.zeros(len(cases), 1, grid, grid, device=model.device), torch.zeros(len(cases), device=model.device)
    logits, _, _ = model.decode(model.encode(images), points.float(), labels, no_masks, none)
    fine = F.interpolate(logits.unsqueeze(1), size=targets.shape[1:], mode="bilinear", align_corners=False).squeeze(1)
    hard = torch.where(fine > 0, 30.0, -30.0)
    return [float(v) for v in 1.0 - dice_loss(hard, (targets > 0.5).float())]
