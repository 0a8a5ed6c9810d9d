"""Weights between two models: what a model learned, mixed with what it came from, keeps what the one before
did better.

Models of one shape of which one went on from the other lie in one valley of the loss: between them both are
nearly as good as each is (Wortsman et al. 2022, "Robust fine-tuning of zero-shot models").
"""

from __future__ import annotations

import torch

from uniultra.errors import ModelError
from uniultra.models.promptable import PromptableModel


@torch.no_grad()
def blend(before: PromptableModel, after: PromptableModel, share: float) -> PromptableModel:
    """`after`, changed in place: every parameter is `share` of its own and the rest of `before`'s.

    Raises:
        ModelError: a share outside of 0 to 1, or models of different shapes.
    """
    if not 0.0 <= share <= 1.0:
        raise ModelError(f"share is {share:g}; give 0 (the model before) to 1 (the model after)")
    old, new = dict(before.named_parameters()), dict(after.named_parameters())
    odd = [name for name in sorted(old.keys() | new.keys()) if name not in old or name not in new]
    odd = odd or [name for name in old if old[name].shape != new[name].shape]
    if odd:
        raise ModelError(
            f"the models differ in '{odd[0]}'; blend a model with the one that it was trained from"
        )
    for name, parameter in new.items():
        parameter.copy_(torch.lerp(old[name], parameter, share))
    return after
