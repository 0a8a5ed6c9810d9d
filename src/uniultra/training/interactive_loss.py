"""One training example as a person would use the model: prompt, inspect, correct, inspect.

The image is encoded once; each round decodes, is scored, and hands its answer and a click on its largest
error to the next. Targets may be soft (0 to 1): the part of a pixel that is covered.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from uniultra.data.dataset import POINTS
from uniultra.data.prompt_simulation import correction_click
from uniultra.models.promptable import Features, PromptableModel
from uniultra.named import NAME_POINTS
from uniultra.prompt_arrays import MASK_LOGIT
from uniultra.training.config import LossSettings


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


def clicked_bce(logits: Tensor, targets: Tensor, clicked: Tensor) -> Tensor:
    """Cross-entropy of each mask over the error that was clicked, every pixel alike; 0 where none was.

    logits and targets (B, H, W), clicked bool (B, h, w) on a coarser grid; to (B,).
    """
    region = F.interpolate(
        clicked.to(logits.dtype).unsqueeze(1), size=logits.shape[1:], mode="nearest"
    ).squeeze(1)
    loss = F.binary_cross_entropy_with_logits(logits, targets, reduction="none")
    return (region * loss).flatten(1).sum(1) / region.flatten(1).sum(1).clamp(min=1.0)


def error_under(click_xy: tuple[float, float], predicted_hw: np.ndarray, true_hw: np.ndarray) -> np.ndarray:
    """The connected part of what is missed, or of what is false, that holds a click; bool (H, W)."""
    x, y = int(click_xy[0]), int(click_xy[1])
    alike = (predicted_hw != true_hw) & (true_hw == true_hw[y, x])
    _, numbers = cv2.connectedComponents(alike.astype(np.uint8), connectivity=4)
    return np.asarray((numbers == numbers[y, x]) & alike)


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


def says_name(labels: Tensor) -> Tensor | None:
    """Which of the first prompts (B, N) of a `PromptDataset` say a structure's name, bool (B,); None where
    none of the set can.
    """
    return (labels[:, POINTS:] >= 0).any(dim=1) if labels.shape[1] == POINTS + NAME_POINTS else None


def decoded(
    model: PromptableModel, features: Features, *prompt: Tensor, by_name: Tensor | None
) -> tuple[Tensor, Tensor]:
    """Logits (B, S/4, S/4) and quality (B,) of prompts as `PromptableModel.decode` takes them: those that say
    a name apart from those that don't, which are then without the points that would. A model sees padding in
    their place, and where it is used there is none.
    """
    if by_name is None or bool(by_name.all()):
        return model.decode(features, *prompt)[:2]
    parts = []
    embed, fine, middle = features
    for rows in (by_name, ~by_name):
        points, labels, *masks = (value[rows] for value in prompt)
        if rows is not by_name:
            points, labels = (
                torch.cat([value[:, :POINTS], value[:, POINTS + NAME_POINTS :]], 1)
                for value in (points, labels)
            )
        if len(labels):
            own = embed[rows], fine[rows], middle[rows]
            parts.append(model.decode(own, points, labels, *masks)[:2])
    order = torch.cat([by_name.nonzero(), (~by_name).nonzero()]).flatten().argsort()
    logits, quality = (torch.cat(values)[order] for values in zip(*parts, strict=True))
    return logits, quality


@dataclass(frozen=True)
class Round:
    """One answer and what it was an answer to: `prompt` (points, labels, mask, has_mask) and `by_name` as
    `decoded` takes them, logits (B, S/4, S/4), quality (B,).
    """

    prompt: tuple[Tensor, Tensor, Tensor, Tensor]
    by_name: Tensor | None
    logits: Tensor
    quality: Tensor


@dataclass(frozen=True)
class Corrected:
    """A prompt and its corrections: the mean loss and the mean Dice of the first and the last answer, each
    (); the answers in turn.
    """

    loss: Tensor
    dice_first: Tensor
    dice_last: Tensor
    rounds: tuple[Round, ...]


class InteractiveTrainer(nn.Module):
    """The model and its loss; the forward pass takes a batch of `PromptDataset` and returns {"loss": ()}."""

    def __init__(self, model: PromptableModel, settings: LossSettings) -> None:
        super().__init__()
        self.model = model
        self.settings = settings

    def forward(
        self, image: Tensor, target: Tensor, points: Tensor, labels: Tensor, mask: Tensor, has_mask: Tensor
    ) -> dict[str, Tensor]:
        """image (B, S, S) uint8, target (B, S, S) 0..1, points (B, N, 2), labels (B, N), mask (B, 1, S/4,
        S/4), has_mask (B,).
        """
        return {"loss": self.rounds(self.model.encode(image), target, points, labels, mask, has_mask).loss}

    def rounds(
        self,
        features: Features,
        target: Tensor,
        points: Tensor,
        labels: Tensor,
        mask: Tensor,
        has_mask: Tensor,
        known: Tensor | None = None,
    ) -> Corrected:
        """Prompting and correcting on an encoded batch. Targets with `known` (B,) 0 are prompted and
        corrected for as the others, but enter neither loss nor Dice.
        """
        halved = F.avg_pool2d(target.unsqueeze(1), 2).squeeze(
            1
        )  # logits have a quarter of the side: half is fine enough
        losses, dices, answers = [], [], list[Round]()
        counted = torch.ones(len(target), device=target.device) if known is None else known
        rounds = int(torch.randint(1, self.settings.rounds + 1, ()))
        by_name, clicked = says_name(labels), None
        for more in reversed(range(rounds)):
            logits, quality = decoded(self.model, features, points, labels, mask, has_mask, by_name=by_name)
            loss, dice = self._score(logits, quality, halved, counted, clicked)
            losses.append(loss)
            dices.append(dice)
            answers.append(Round((points, labels, mask, has_mask), by_name, logits, quality))
            if more:
                mask, has_mask = self._handed_on(logits.detach()).unsqueeze(1), torch.ones_like(has_mask)
                points, labels, clicked = self._correct(logits, target, points, labels)
        return Corrected(torch.stack(losses).mean(), dices[0], dices[-1], tuple(answers))

    def _handed_on(self, logits: Tensor) -> Tensor:
        """The previous mask of the next round, (B, S/4, S/4): logits, or for some cut at 0."""
        if not self.settings.cut_share:
            return logits
        cut = torch.rand(len(logits), 1, 1, device=logits.device) < self.settings.cut_share
        return torch.where(cut, MASK_LOGIT * (2.0 * (logits > 0).to(logits.dtype) - 1.0), logits)

    def _score(
        self,
        logits: Tensor,
        quality: Tensor,
        target: Tensor,
        counted: Tensor,
        clicked: Tensor | None,
    ) -> tuple[Tensor, Tensor]:
        weights = self.settings
        fine = F.interpolate(
            logits.float().unsqueeze(1), size=target.shape[1:], mode="bilinear", align_corners=False
        ).squeeze(1)
        dice = dice_loss(fine, target)
        mask_loss = weights.dice * dice + weights.bce * boundary_bce(fine, target, weights.boundary_weight)
        if clicked is not None and weights.click:
            mask_loss = mask_loss + weights.click * clicked_bce(fine, target, clicked)
        quality_loss = (quality.float() - hard_iou(fine, target)).square()
        losses = torch.stack([mask_loss + weights.quality * quality_loss, dice.detach()])
        loss, dice = (losses * counted).sum(dim=1) / counted.sum().clamp(min=1.0)
        return loss, 1.0 - dice

    def _correct(
        self, logits: Tensor, target: Tensor, points: Tensor, labels: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """The prompts with one more point each: the correction click, or padding where nothing is wrong; and
        the errors that were clicked, bool (B, S/4, S/4).
        """
        grid = logits.shape[-1]
        step = target.shape[-1] / grid
        true = (
            F.interpolate(target.unsqueeze(1), size=(grid, grid), mode="area").squeeze(1).numpy(force=True)
            > 0.5
        )
        predicted = (logits > 0).numpy(force=True)
        clicks = np.zeros((len(true), 1, 2), np.float32)
        kinds = np.full((len(true), 1), -1, np.int64)
        clicked = np.zeros(true.shape, bool)
        for index in range(len(true)):
            click = correction_click(predicted[index], true[index])
            if click is not None:
                clicks[index, 0] = (np.array(click[0]) + 0.5) * step - 0.5
                kinds[index, 0] = click[1]
                clicked[index] = error_under(click[0], predicted[index], true[index])
        more_points = torch.from_numpy(clicks).to(points.device)
        more_labels = torch.from_numpy(kinds).to(labels.device)
        return (
            torch.cat([points, more_points], dim=1),
            torch.cat([labels, more_labels], dim=1),
            torch.from_numpy(clicked).to(logits.device),
        )
