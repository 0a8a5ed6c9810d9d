"""Losses on mask logits and on the predicted quality. Targets may be soft (0 to 1): the part of a pixel that
is covered.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def dice_loss(logits: Tensor, targets: Tensor, smooth: float = 1.0) -> Tensor:
    """1 - soft Dice of each mask; (B, H, W) and (B, H, W) to (B,). `smooth` is in pixels and keeps empty
    targets finite.
    """
    probabilities = logits.sigmoid().flatten(1)
    targets = targets.flatten(1)
    overlap = (probabilities * targets).sum(1)
    return 1.0 - (2.0 * overlap + smooth) / (probabilities.sum(1) + targets.sum(1) + smooth)


def boundary_bce(logits: Tensor, targets: Tensor, boundary_weight: float = 4.0, width: int = 7) -> Tensor:
    """Cross-entropy of each mask, pixels near the true boundary counting 1 + boundary_weight times; (B, H, W)
    to (B,).

    Near means: within `width` // 2 pixels, where a box average of the target is neither 0 nor 1.
    """
    mean = F.avg_pool2d(
        targets.unsqueeze(1), width, stride=1, padding=width // 2, count_include_pad=False
    ).squeeze(1)
    weight = 1.0 + boundary_weight * 4.0 * mean * (1.0 - mean)
    loss = F.binary_cross_entropy_with_logits(logits, targets, reduction="none")
    return (weight * loss).flatten(1).sum(1) / weight.flatten(1).sum(1)


@torch.no_grad()
def hard_iou(logits: Tensor, targets: Tensor) -> Tensor:
    """IoU of the masks as a user sees them, logits > 0 against targets > 0.5; (B,). Two empty masks
    agree: 1.
    """
    predicted, true = (logits > 0).flatten(1), (targets > 0.5).flatten(1)
    union = (predicted | true).sum(1)
    return torch.where(
        union > 0, (predicted & true).sum(1) / union.clamp(min=1), torch.ones_like(union, dtype=torch.float32)
    )
