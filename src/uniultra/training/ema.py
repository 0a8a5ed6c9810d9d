"""The moving average of the weights: what a run keeps, and what survives in its checkpoints."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from transformers import TrainerCallback

from uniultra.errors import ModelError

EMA_FILE = "ema.safetensors"


class WeightAverage(TrainerCallback):
    """Averages a module's float tensors after every step; saved beside each checkpoint and read back on resume.

    The decay rises from 0 towards `decay` as (1 + step) / (10 + step), so that the first random weights are forgotten.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.model = model
        self.decay = decay
        self.average = {key: value.detach().clone() for key, value in model.state_dict().items()}

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        device = next(self.model.parameters()).device
        self.average = {key: value.to(device) for key, value in self.average.items()}
        if state.global_step:
            self.average = self._saved(Path(args.output_dir) / f"checkpoint-{state.global_step}" / EMA_FILE, device)

    def _saved(self, file: Path, device: torch.device) -> dict[str, Tensor]:
        if not file.is_file():
            raise ModelError(f"'{file}' is missing: the run was stopped in saving it; remove that checkpoint to go on from the last one")
        return load_file(str(file), device=str(device))

    @torch.no_grad()
    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        decay = min(self.decay, (1 + state.global_step) / (10 + state.global_step))
        for key, value in self.model.state_dict().items():
            self.average[key].lerp_(value.to(self.average[key]), 1.0 - decay)

    def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if not state.is_world_process_zero:
            return
        file = Path(args.output_dir) / f"checkpoint-{state.global_step}" / EMA_FILE
        save_file(self.average, str(file.with_suffix(".part")))
        file.with_suffix(".part").replace(file)

    def swapped(self) -> _Swapped:
        """`with average.swapped():` runs with the averaged weights in the model's place."""
        return _Swapped(self.model, self.average)


class _Swapped:
    def __init__(self, model: nn.Module, average: dict[str, Tensor]) -> None:
        self.model = model
        self.average = average

    def __enter__(self) -> None:
        self.own = {key: value.detach().clone() for key, value in self.model.state_dict().items()}
        self.model.load_state_dict(self.average)

    def __exit__(self, *exception: object) -> None:
        self.model.load_state_dict(self.own)
