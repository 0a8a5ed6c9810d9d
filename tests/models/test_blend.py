"""Between two models: the ends are the models, the middle is the mean, and what doesn't fit is refused."""

from __future__ import annotations

import pytest
import torch

from uniultra.errors import ModelError
from uniultra.models.blend import blend
from uniultra.models.build import build
from uniultra.models.promptable import PromptableModel


def _model(seed: int, size: str = "tiny") -> PromptableModel:
    torch.manual_seed(seed)
    return build(size, None, 64, True)


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_every_parameter_lies_between(share: float) -> None:
    before, after = _model(1), _model(2)
    blended = dict(blend(before, _model(2), share).named_parameters())
    ends = dict(before.named_parameters()), dict(after.named_parameters())
    for name, value in blended.items():
        torch.testing.assert_close(value, (1 - share) * ends[0][name] + share * ends[1][name])
    assert any(not torch.equal(ends[0][name], ends[1][name]) for name in blended)


def test_the_model_before_stays_as_it_was() -> None:
    before = _model(1)
    blend(before, _model(2), 0.5)
    for name, value in _model(1).named_parameters():
        torch.testing.assert_close(dict(before.named_parameters())[name], value)


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ModelError, match=r"share is 1\.5; give 0 \(the model before\) to 1"):
        blend(_model(1), _model(2), 1.5)
    with pytest.raises(
        ModelError, match=r"the models differ in '.*'; blend a model with the one that it was trained from"
    ):
        blend(_model(1), _model(2, "mini"), 0.5)
