from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from uniultra.prompt_arrays import MASK_LOGIT
from uniultra.training.config import LossSettings
from uniultra.training.interactive_loss import (
    InteractiveTrainer,
    boundary_bce,
    clicked_bce,
    dice_loss,
    error_under,
    hard_iou,
)


def square(side: int, low: int, high: int) -> torch.Tensor:
    mask = torch.zeros(1, side, side)
    mask[:, low:high, low:high] = 1.0
    return mask


def test_dice_loss_of_known_overlaps() -> None:
    target = square(32, 8, 24)
    assert dice_loss(40.0 * (2 * target - 1), target).item() == pytest.approx(0.0, abs=1e-4)
    assert dice_loss(40.0 * (1 - 2 * target), target).item() == pytest.approx(1.0, abs=2e-3)
    half = square(32, 8, 24)
    half[:, :, 16:] = 0
    assert dice_loss(40.0 * (2 * half - 1), target).item() == pytest.approx(1 - 2 / 3, abs=2e-3)


def test_an_empty_target_is_finite() -> None:
    logits = torch.full((1, 16, 16), -3.0, requires_grad=True)
    (
        dice_loss(logits, torch.zeros(1, 16, 16)) + boundary_bce(logits, torch.zeros(1, 16, 16))
    ).sum().backward()
    assert logits.grad is not None
    assert torch.isfinite(logits.grad).all()


def test_errors_at_the_boundary_cost_more() -> None:
    target = square(32, 8, 24)
    right = 6.0 * (2 * target - 1)
    at_rim, deep = right.clone(), right.clone()
    at_rim[:, 8, 8:24] *= -1
    deep[:, 0, 0:16] *= -1
    assert boundary_bce(at_rim, target) > 1.5 * boundary_bce(deep, target)
    assert boundary_bce(at_rim, target, boundary_weight=0.0) == pytest.approx(
        boundary_bce(deep, target, boundary_weight=0.0), rel=1e-4
    )


def test_hard_iou() -> None:
    target = square(32, 8, 24)
    assert hard_iou(2 * target - 1, target).item() == 1.0
    assert hard_iou(1 - 2 * target, target).item() == 0.0
    assert hard_iou(torch.full((1, 4, 4), -1.0), torch.zeros(1, 4, 4)).item() == 1.0


def test_the_error_under_a_click_is_its_own_part_alone() -> None:
    true, predicted = np.zeros((20, 20), bool), np.zeros((20, 20), bool)
    true[2:12, 2:12] = True
    predicted[2:12, 2:6] = True  # misses columns 6 to 11
    predicted[14:18, 2:18] = True  # false
    predicted[0, 19] = True  # false, elsewhere
    missed, false = error_under((8.0, 5.0), predicted, true), error_under((9.0, 16.0), predicted, true)
    assert missed.sum() == 60
    assert missed[2:12, 6:12].all()
    assert false.sum() == 64
    assert not (missed & false).any()
    assert error_under((3.0, 3.0), predicted, true).sum() == 0  # nothing is wrong there


def test_what_was_clicked_counts_by_itself() -> None:
    target = square(32, 8, 24)
    clicked = torch.zeros(1, 8, 8, dtype=torch.bool)
    clicked[:, 2:4, 2:4] = True  # pixels 8 to 15
    repaired, copied = 8.0 * (2 * target - 1), 8.0 * (2 * target - 1)
    copied[:, 8:16, 8:16] *= -1
    assert clicked_bce(repaired, target, clicked).item() == pytest.approx(0.0, abs=1e-3)
    assert clicked_bce(copied, target, clicked).item() == pytest.approx(8.0, abs=1e-2)
    assert clicked_bce(copied, target, torch.zeros_like(clicked)).item() == 0.0


def test_previous_masks_are_handed_on_cut_as_often_as_asked() -> None:
    logits = torch.linspace(-2.0, 3.0, 64).reshape(1, 8, 8).repeat(400, 1, 1)
    torch.manual_seed(0)
    for share in (0.0, 0.5, 1.0):
        trainer = InteractiveTrainer(nn.Identity(), LossSettings(cut_share=share))  # type: ignore[arg-type]
        handed = trainer._handed_on(logits)
        cut = (handed.abs() == MASK_LOGIT).flatten(1).all(1)
        assert cut.float().mean().item() == pytest.approx(share, abs=0.08)
        assert torch.equal(handed > 0, logits > 0)
        assert torch.equal(handed[~cut], logits[~cut])


class Copier(nn.Module):
    """Answers with the previous mask, whatever is clicked; without one, with half of the target."""

    def __init__(self, first: torch.Tensor) -> None:
        super().__init__()
        self.first = first

    def decode(self, features, points, labels, mask, has_mask):  # type: ignore[no-untyped-def]
        logits = torch.where(has_mask[:, None, None] > 0, mask.squeeze(1), self.first)
        return logits, torch.zeros(len(logits)), None


def test_handing_back_the_mask_costs_more_where_clicks_count() -> None:
    target = square(64, 16, 48)
    first = 4.0 * (2 * square(16, 4, 12) - 1)
    first[:, :, 10:] = -4.0
    prompt = (torch.zeros(1, 1, 2), torch.full((1, 1), -1), torch.zeros(1, 1, 16, 16), torch.zeros(1))
    losses = {}
    for click in (0.0, 1.0):
        torch.manual_seed(3)
        trainer = InteractiveTrainer(Copier(first), LossSettings(rounds=10, click=click))  # type: ignore[arg-type]
        answer = trainer.rounds((), target, *prompt)  # type: ignore[arg-type]
        assert len(answer.rounds) > 1
        losses[click] = answer.loss.item()
    assert losses[1.0] > losses[0.0] + 1.0
