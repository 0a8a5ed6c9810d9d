"""What a run's log says, and what it takes over of an earlier call."""

from __future__ import annotations

import json
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from uniultra.training.callbacks import LOG_FILE, Journal


def journal(out: Path, monkeypatch: pytest.MonkeyPatch, step: int) -> list[dict[str, Any]]:
    """The lines after a call that goes on from `step` and logs half a minute later."""
    unused: Any = None
    begun = Journal(out, unused, unused, [], 0)
    state = SimpleNamespace(global_step=step, is_world_process_zero=True)
    begun.on_train_begin(None, state, None)
    monkeypatch.setattr(time, "monotonic", lambda: begun.began + 30.0)
    state.global_step += 10
    begun.on_log(None, state, None, {"loss": 0.5})
    return [json.loads(line) for line in (out / LOG_FILE).read_text(encoding="utf-8").splitlines()]


def test_minutes_count_on_after_a_resume(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Twice; what lay after the checkpoint is dropped, its minutes too."""
    lines = [{"step": step, "minutes": step / 10, "loss": 1.0} for step in (10, 20, 30)]
    (tmp_path / LOG_FILE).write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    found = journal(tmp_path, monkeypatch, 20)
    assert [(line["step"], line["minutes"]) for line in found] == [(10, 1.0), (20, 2.0), (30, 2.5)]
    found = journal(tmp_path, monkeypatch, 30)
    assert [line["minutes"] for line in found] == [1.0, 2.0, 2.5, 3.0]


def test_a_run_that_begins_counts_from_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / LOG_FILE).write_text('{"step": 10, "minutes": 9.0}\n', encoding="utf-8")
    assert [line["minutes"] for line in journal(tmp_path, monkeypatch, 0)] == [0.5]
