"""What a run reports while it goes: log.jsonl, a picture of val, the best weights so far, and a bar with the
time left.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from accelerate.utils import broadcast_object_list
from transformers import TrainerCallback

from uniultra.io.output import write_png, write_text
from uniultra.models.promptable import PromptableModel
from uniultra.models.stored import write_tensors
from uniultra.training.ema import WeightAverage
from uniultra.training.validation import Validation, View, validate

LOG_FILE = "log.jsonl"
BEST_FILE = "best.safetensors"
PICTURES = "val"


class Journal(TrainerCallback):
    """Losses and validations, one JSON line each; keeps the weights of the best validation; stops the run
    when they no longer get better.

    What it knows about the past it reads from the file: lines later than the checkpoint that a run goes on
    from are dropped. `minutes` count all calls, each from its start to its last line that is kept.
    """

    def __init__(
        self,
        out: Path,
        model: PromptableModel,
        average: WeightAverage,
        views: Sequence[View],
        patience: int,
        named: bool = False,
    ) -> None:
        """`named`: val's prompts say what the objects are called."""
        self.named = named
        self.out = out
        self.model = model
        self.average = average
        self.views = views
        self.patience = patience
        self.began = time.monotonic()
        self.minutes_before = 0.0
        self.lines: list[dict[str, Any]] = []

    @property
    def skills(self) -> list[tuple[int, float]]:
        """(step, skill on val) of each validation after the start."""
        return [(line["step"], line["skill"]) for line in self.lines if "skill" in line and line["step"] > 0]

    @property
    def best(self) -> tuple[int, float] | None:
        """(step, skill) of the best validation after the start; the earliest among equals."""
        return max(self.skills, key=lambda pair: pair[1], default=None)

    def ended(self, step: int, steps: int) -> bool:
        """Whether a run whose last checkpoint is of `step` has nothing left to do."""
        self._read(step)
        return step >= steps or self._patience_is_over()

    def _patience_is_over(self) -> bool:
        best = self.best
        return bool(
            self.patience and best and sum(step > best[0] for step, _ in self.skills) >= self.patience
        )

    def _read(self, until: int) -> None:
        file = self.out / LOG_FILE
        text = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
        self.lines = [line for line in map(_parsed, text) if line is not None and line["step"] <= until]

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self._read(state.global_step if state.global_step else -1)
        known = [line.get("minutes") for line in self.lines]
        self.minutes_before = max((one for one in known if isinstance(one, int | float)), default=0.0)
        if state.is_world_process_zero:
            kept = "".join(json.dumps(line) + "\n" for line in self.lines)
            write_text(self.out / LOG_FILE, kept, force=True)
            if self.views and not state.global_step:
                self._report(0, self._validate(0))

    def on_log(
        self, args: Any, state: Any, control: Any, logs: dict[str, Any] | None = None, **kwargs: Any
    ) -> None:
        if state.is_world_process_zero:
            self._write(
                state.global_step, {key: round(float(value), 6) for key, value in (logs or {}).items()}
            )

    def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if not self.views:
            return
        if state.is_world_process_zero:
            before = self.best
            with self.average.swapped():
                seen = self._validate(state.global_step)
            self._report(state.global_step, seen)
            if before is None or self.skills[-1][1] > before[1]:
                write_tensors(self.out / BEST_FILE, self.average.average)
        if broadcast_object_list([self._patience_is_over()])[0]:  # the first process decides for all
            control.should_training_stop = True

    def _validate(self, step: int) -> Validation:
        seen = validate(self.model, self.views, named=self.named)
        (self.out / PICTURES).mkdir(exist_ok=True)
        write_png(self.out / PICTURES / f"step-{step:06d}.png", seen.picture, force=True)
        return seen

    def _report(self, step: int, seen: Validation) -> None:
        self._write(
            step,
            {
                "val": {name: round(value, 4) for name, value in seen.dice.items()},
                "skill": round(seen.skill, 5),
            },
        )

    def _write(self, step: int, values: dict[str, Any]) -> None:
        minutes = self.minutes_before + (time.monotonic() - self.began) / 60
        line = {"step": step, "minutes": round(minutes, 2)} | values
        self.lines.append(line)
        with (self.out / LOG_FILE).open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


class ProgressBar(TrainerCallback):
    """Steps, loss and time left on stderr: a bar on a terminal, a line at each log elsewhere."""

    def __init__(self, steps: int) -> None:
        self.steps = steps
        self.bar: Any = None
        self.first_step = 0

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if not state.is_world_process_zero:
            return
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeElapsedColumn,
            TimeRemainingColumn,
        )

        self.began, self.first_step = time.monotonic(), state.global_step
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
        )
        console = Console(stderr=True)
        self.bar = Progress(*columns, console=console, disable=not console.is_terminal)
        self.bar.start()
        if self.first_step:
            self.bar.console.print(f"resuming after step {self.first_step} of {self.steps}")
        self.task = self.bar.add_task("training", total=self.steps, completed=state.global_step)

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if self.bar:
            self.bar.update(self.task, completed=state.global_step)

    def on_log(
        self, args: Any, state: Any, control: Any, logs: dict[str, Any] | None = None, **kwargs: Any
    ) -> None:
        if not self.bar or not logs or "loss" not in logs:
            return
        self.bar.update(self.task, description=f"training, loss {float(logs['loss']):.3f}")
        if not self.bar.console.is_terminal:
            a_step = (time.monotonic() - self.began) / max(1, state.global_step - self.first_step)
            left = (self.steps - state.global_step) * a_step / 60
            self.bar.console.print(
                f"step {state.global_step} of {self.steps}, loss {float(logs['loss']):.3f}, {left:.1f} min "
                "left"
            )

    def __enter__(self) -> None:
        """Nothing is shown before the first step."""

    def __exit__(self, *exception: object) -> None:
        if self.bar:
            self.bar.stop()


def _parsed(text: str) -> dict[str, Any] | None:
    """A line of the log; None for one that a kill truncated."""
    try:
        line = json.loads(text)
    except ValueError:
        return None
    return line if isinstance(line, dict) and isinstance(line.get("step"), int) else None
