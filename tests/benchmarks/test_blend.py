"""Between two models: the ends are the models, the middle is the mean, what doesn't fit is refused; and as a
command a model folder that opens, or one line.
"""

from __future__ import annotations

import runpy
import subprocess
from pathlib import Path

import pytest
import torch

from commands import script
from uniultra.errors import ModelError
from uniultra.models.adapted import open_model
from uniultra.models.build import build
from uniultra.models.promptable import PromptableModel
from uniultra.models.stored import save_folder

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "blend.py"
blend = runpy.run_path(str(SCRIPT))["blend"]


@pytest.fixture(scope="module")
def after(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The mini with other weights."""
    model = open_model("uniultra-mini", 256)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(1.5)
    folder = tmp_path_factory.mktemp("blend") / "after"
    save_folder(model, folder)
    return folder


def _run(after: Path, out: Path, share: str) -> subprocess.CompletedProcess[str]:
    names = ("--before", "uniultra-mini", "--after", after)
    return script(SCRIPT, *names, "--share", share, "--out", out)


def test_a_blend_is_a_model_folder(after: Path, tmp_path: Path) -> None:
    done = _run(after, tmp_path / "blend", "0.25")
    assert done.returncode == 0, done.stderr
    models = (open_model(name, 256) for name in ("uniultra-mini", str(after), str(tmp_path / "blend")))
    before, moved, found = (dict(model.named_parameters()) for model in models)
    for name, value in found.items():
        torch.testing.assert_close(value, 0.75 * before[name] + 0.25 * moved[name])
    again = _run(after, tmp_path / "blend", "0.5")
    assert (again.returncode, again.stdout) == (2, "")
    assert again.stderr == f"blend: {tmp_path / 'blend'} exists; give the name of a new folder\n"


def test_a_share_out_of_range_is_told_in_a_line(after: Path, tmp_path: Path) -> None:
    done = _run(after, tmp_path / "blend", "1.5")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "blend: share is 1.5; give 0 (the model before) to 1 (the model after)\n"
    assert not (tmp_path / "blend").exists()


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
