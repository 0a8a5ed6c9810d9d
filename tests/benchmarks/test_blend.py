"""The blend as a command: a model folder that opens, or one line."""

from __future__ import annotations

import subprocess
from pathlib import Path

import torch

from commands import script
from uniultra.models.adapted import open_model

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "blend.py"


def _run(out: Path, share: str) -> subprocess.CompletedProcess[str]:
    names = ("--before", "uniultra-mini", "--after", "uniultra-mini-permissive")
    return script(SCRIPT, *names, "--share", share, "--out", out)


def test_a_blend_is_a_model_folder(tmp_path: Path) -> None:
    done = _run(tmp_path / "blend", "0.25")
    assert done.returncode == 0, done.stderr
    models = (
        open_model(name, 256)
        for name in ("uniultra-mini", "uniultra-mini-permissive", str(tmp_path / "blend"))
    )
    before, after, found = (dict(model.named_parameters()) for model in models)
    for name, value in found.items():
        torch.testing.assert_close(value, 0.75 * before[name] + 0.25 * after[name])
    again = _run(tmp_path / "blend", "0.5")
    assert (again.returncode, again.stdout) == (2, "")
    assert again.stderr == f"blend: {tmp_path / 'blend'} exists; give the name of a new folder\n"


def test_a_share_out_of_range_is_told_in_a_line(tmp_path: Path) -> None:
    done = _run(tmp_path / "blend", "1.5")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "blend: share is 1.5; give 0 (the model before) to 1 (the model after)\n"
    assert not (tmp_path / "blend").exists()
